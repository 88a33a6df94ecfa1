"""Who wants a change through without anybody's consent is refused in words, whatever the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console.cli.gate import change_verdict
from console.model.acting import Ended
from console.model.change import (
    Approval,
    ChangeKind,
    ChangeState,
    FreezeException,
    Plan,
    plan_hash,
)
from console.model.change_rules import Surroundings, start_verdict
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope
from console.model.incident import IncidentState
from console.model.paper_wish import (
    ApproveChange,
    ExceptFreeze,
    MoveChange,
    MoveIncident,
    RewritePaper,
    WriteChange,
)
from console.model.papers import ChangePaper
from console.safety.clock import ManualClock
from tests.actions.paper_desk import NIGHT, WINDOW, PaperDesk, approved, desks, plan
from tests.journal.folder import git, is_sound

pytestmark = pytest.mark.real("git")

STARTED = ChangeState.IN_PROGRESS
Told = Callable[[PaperDesk, PaperDesk, ManualClock], Awaitable[None]]
SPELLINGS = (
    "Kai",
    " kai ",
    "ｋａｉ",
    "kai (unverified)",
    "ｋａｉ（unverified）",
    "KAI (unverified: several share this login)",
    "k\u200bai",
    "kai\u00ad",
    "\u2066kai\u2069",
    "kai\ufe0f",
    "ka\u034fi",
    "kai\u3164",
    "kai\U000e0041",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


def two(folder: Path, told: Told) -> None:
    """Kai, who cheats, and Mei, who does not, on the same journal."""

    async def run() -> None:
        clock = ManualClock(NIGHT)
        kai, mei = await desks(folder, "kai", "mei", clock=clock)
        await told(kai, mei, clock)
        assert is_sound(folder)

    asyncio.run(run())


async def submitted(kai: PaperDesk, of: Plan) -> ChangePaper:
    return await kai.moved(await kai.planned(of), ChangeState.SUBMITTED)


async def by_hand(desk: PaperDesk, paper: ChangePaper, *pairs: tuple[str, str]) -> ChangePaper:
    """The file with `pairs` of text replaced, written and committed with git alone."""
    path = desk.bench.journal.folder / paper.path
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)
    git(desk.bench.journal.folder, "commit", "-qam", "by hand")
    return await desk.change(paper.change.id)


async def edited(desk: PaperDesk, paper: ChangePaper, *pairs: tuple[str, str]) -> tuple[Ended, str]:
    """What comes of replacing them in the editor."""
    sheet = await desk.sheet(paper.path)
    text = sheet.content.decode()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    outcome = await desk.told(RewritePaper(sheet, text.encode(), paper.change.id))
    return outcome.ended, "\n".join((outcome.text, *outcome.details))


def approval(by: str, paper: ChangePaper, at: str = "2026-11-22T03:14:00Z") -> tuple[str, str]:
    """As an entry of the front matter that somebody writes by hand."""
    entry = f'approvals:\n  - by: "{by}"\n    at: {at}\n    plan: {plan_hash(paper.change.plan)}'
    return "approvals: []", entry


async def assert_not_startable(desk: PaperDesk, paper: ChangePaper, said: str) -> None:
    """By the wish that keys and commands send, and by the gate."""
    assert said in await desk.refused(MoveChange(paper, STARTED))
    around = Surroundings(desk.calendar)
    verdict = change_verdict(paper, around, desk.clock.now().wall)
    assert not verdict.may_start
    assert (await desk.change(paper.change.id)).change.state is not STARTED


def test_the_author_under_another_spelling_approves_nothing(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await submitted(kai, plan(services=("a",)))
        for name in SPELLINGS:
            kai.who = name
            said = await kai.refused(ApproveChange(paper))
            assert "kai is its author; somebody else approves it" in said, ascii(name)
            said = await kai.refused(ExceptFreeze(paper, "peak", "x"))
            assert "kai is its author; somebody else allows it" in said, ascii(name)
        digest = plan_hash(paper.change.plan)
        own = tuple(Approval(name, NIGHT, digest) for name in SPELLINGS)
        forged = msgspec.structs.replace(paper.change, state=ChangeState.APPROVED, approvals=own)
        verdict = start_verdict(forged, NIGHT, Surroundings())
        assert verdict.reasons and "approved" in verdict.reasons[0]

    two(folder, told)


def test_one_person_in_several_spellings_is_no_second_approver(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        period = Period(NIGHT - timedelta(days=1), NIGHT + timedelta(days=1))
        soft = Freeze("soft", Level.SOFT, Schedule(periods=(period,)))
        kai.calendar = mei.calendar = Calendar(freezes=(soft,))
        paper = await approved(kai, mei, plan(services=("b",)))
        for name in ("MEI", "ｍｅｉ", "mei (unverified)", "m\u200bei"):
            mei.who = name
            await mei.did(ApproveChange(paper))
            paper = await mei.change(paper.change.id)
            assert len(paper.change.approvals) == 1
        await assert_not_startable(kai, paper, "a second approval lets it through (1 so far)")

    two(folder, told)


def test_an_approval_by_hand_in_the_authors_name_counts_for_nothing(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        for name in ("kai", "ＫＡＩ", "k\\u200bai", "kai (unverified)"):
            paper = await submitted(kai, plan(services=("c",)))
            paper = await by_hand(
                kai, paper, approval(name, paper), ("state: submitted", "state: approved")
            )
            assert paper.faults == ()
            assert len(paper.change.approvals) == 1
            said = "nobody but its author has approved it; somebody else has to"
            await assert_not_startable(kai, paper, said)

    two(folder, told)


def test_a_plan_edited_after_its_approval_is_carried_out_by_no_way_around(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("d",)))
        worse = ('steps: "docker restart redis"', "steps: rm -rf /srv")
        ended, said = await edited(kai, paper, worse)
        assert ended is Ended.DONE
        assert "its plan is another one: it has to be approved again" in said
        paper = await kai.change(paper.change.id)
        assert paper.change.plan.steps == "rm -rf /srv"
        assert paper.change.state is ChangeState.SUBMITTED
        await assert_not_startable(kai, paper, "has to be approved again")
        paper = await approved(kai, mei, plan(services=("d",)))
        paper = await by_hand(kai, paper, worse)
        await assert_not_startable(kai, paper, "has to be approved again")
        # Back to what was agreed to, it is what was agreed to.
        paper = await by_hand(kai, paper, worse[::-1])
        await kai.did(MoveChange(paper, STARTED))

    two(folder, told)


def test_no_editor_makes_somebody_else_the_author(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await submitted(kai, plan(services=("e",)))
        ended, said = await edited(kai, paper, ("author: kai", "author: mei"))
        assert ended is Ended.DENIED
        assert "its author is kai" in said

    two(folder, told)


@pytest.mark.parametrize("fault", [("kind: normal", "kind: odd"), ("plan:", "plan: [")], ids=str)
def test_no_approval_gets_in_by_way_of_a_broken_file(folder: Path, fault: tuple[str, str]) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await submitted(kai, plan(services=("f",)))
        ended, _said = await edited(kai, paper, fault)
        assert ended in (Ended.DONE, Ended.PARTLY)
        forged = (fault[::-1], approval("mei", paper), ("state: submitted", "state: approved"))
        ended, said = await edited(kai, paper, *forged)
        assert ended is Ended.DENIED, said
        assert "are given by a, x and v" in said
        assert "under its rules" in said
        ended, said = await edited(kai, paper, fault[::-1])
        assert ended is Ended.DONE, said
        # What was agreed to before it was broken counts again once it is mended.
        await mei.did(ApproveChange(await mei.change(paper.change.id)))
        await edited(kai, paper, fault)
        ended, said = await edited(kai, paper, fault[::-1])
        assert ended is Ended.DONE, said
        await kai.did(MoveChange(await kai.change(paper.change.id), STARTED))

    two(folder, told)


def test_in_a_file_with_faults_nothing_counts_as_approved(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("g",)))
        paper = await by_hand(kai, paper, ("likelihood: low", "likelihood: odd"))
        assert paper.faults
        assert paper.change.approvals == ()
        await assert_not_startable(kai, paper, "before its file is mended")
        assert "before its file is mended" in await mei.refused(ApproveChange(paper))

    two(folder, told)


def test_a_window_holds_from_its_first_second_to_before_its_end(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, clock: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("h",)))
        second = timedelta(seconds=1)
        edges = {
            WINDOW.start - second: False,
            WINDOW.start: True,
            WINDOW.end - second: True,
            WINDOW.end: False,
        }
        for at, may in edges.items():
            assert start_verdict(paper.change, at, Surroundings()).may_start == may, at
        clock.advance((WINDOW.end - NIGHT).total_seconds())
        await assert_not_startable(kai, paper, "its window is over")

    two(folder, told)


def frozen(**scope: tuple[str, ...]) -> Calendar:
    period = Period(NIGHT - timedelta(days=1), NIGHT + timedelta(days=1))
    return Calendar(
        freezes=(Freeze("peak", Level.HARD, Schedule(periods=(period,)), Scope(**scope)),)
    )


def test_an_exception_for_another_plan_or_freeze_lets_nothing_through(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        kai.calendar = mei.calendar = frozen()
        paper = await approved(kai, mei, plan(services=("i",)))
        await mei.did(ExceptFreeze(paper, "peak", "the disk fills up"))
        paper = await kai.change(paper.change.id)
        steps = msgspec.structs.replace(paper.change.plan, steps="rm -rf /srv")
        opened = await kai.sheet(paper.path)
        other = msgspec.structs.replace(paper.change, plan=steps)
        await kai.did(WriteChange(other, opened, paper.change))
        await mei.did(ApproveChange(await mei.change(paper.change.id)))
        paper = await kai.change(paper.change.id)
        await assert_not_startable(kai, paper, "the hard freeze peak is in force")
        digest = plan_hash(steps)
        for given in (
            FreezeException("peak", "ＫＡＩ", NIGHT, digest),
            FreezeException("other", "mei", NIGHT, digest),
            FreezeException("peak", "mei", NIGHT, plan_hash(plan())),
        ):
            forged = msgspec.structs.replace(paper.change, exceptions=(given,))
            assert not start_verdict(forged, NIGHT, Surroundings(kai.calendar)).may_start

    two(folder, told)


def test_no_freeze_is_evaded_by_spelling_what_is_frozen_otherwise(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("Redis",)))
        for name in ("Redis", "ＲＥＤＩＳ", "redis ", "r\u200bedis"):
            for of in (plan(services=(name,)), plan(services=("j",), environment=name)):
                scope = "environments" if of.environment else "services"
                agreed = Approval("mei", NIGHT, plan_hash(of))
                change = msgspec.structs.replace(paper.change, plan=of, approvals=(agreed,))
                verdict = start_verdict(change, NIGHT, Surroundings(frozen(**{scope: ("redis",)})))
                assert "the hard freeze peak is in force" in verdict.reasons[0], ascii(name)
        kai.calendar = frozen(services=("redis",))
        await assert_not_startable(kai, paper, "the hard freeze peak is in force")

    two(folder, told)


def test_the_emergency_path_is_for_incidents_that_are_open(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        kai.calendar = mei.calendar = frozen()
        incident = await kai.opened()
        ids = ((), ("INC-20261122-zzz",), (incident.incident.id,))
        papers = []
        for linked in ids:
            paper = await kai.planned(plan(kind=ChangeKind.EMERGENCY, services=("k",), window=None))
            opened = await kai.sheet(paper.path)
            edit = msgspec.structs.replace(paper.change, incidents=linked)
            await kai.did(WriteChange(edit, opened, paper.change))
            await kai.did(ApproveChange(paper))
            papers.append(await kai.change(paper.change.id))
        await kai.did(MoveIncident(incident, IncidentState.RESOLVED))
        for paper in papers:
            await assert_not_startable(kai, paper, "the hard freeze peak is in force")

    two(folder, told)


def test_of_two_consoles_that_start_it_at_once_one_does(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("l",)))
        outcomes = await asyncio.gather(
            *(each.told(MoveChange(paper, STARTED)) for each in (kai, mei))
        )
        assert sorted(one.ended for one in outcomes) == [Ended.DENIED, Ended.DONE]
        (refused,) = (one for one in outcomes if one.ended is Ended.DENIED)
        assert "it is in progress" in refused.text
        log = git(folder, "log", "--format=%s", "--", paper.path).splitlines()
        assert sum(f"{paper.change.id} in progress" in one for one in log) == 1

    two(folder, told)
