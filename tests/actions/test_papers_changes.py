"""Changes go from state to state by their rules, and each refusal says why in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console.model.acting import Ended
from console.model.change import Change, ChangeKind, ChangeState, Plan
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule
from console.model.paper_wish import (
    ApproveChange,
    ExceptFreeze,
    MoveChange,
    Note,
    PaperWish,
    RestorePaper,
    ReviewChange,
    RewritePaper,
    WriteChange,
)
from console.model.papers import ChangePaper
from console.safety.clock import ManualClock
from tests.actions.paper_desk import NIGHT, PaperDesk, approved, desks, plan
from tests.journal.folder import git, in_head, is_sound

STARTED = ChangeState.IN_PROGRESS
Told = Callable[[PaperDesk, PaperDesk, ManualClock], Awaitable[None]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


def two(folder: Path, told: Told) -> None:
    """Kai, who writes changes, and Mei, who approves them, on the same journal."""

    async def run() -> None:
        clock = ManualClock(NIGHT)
        kai, mei = await desks(folder, "kai", "mei", clock=clock)
        await told(kai, mei, clock)

    asyncio.run(run())


async def edit(
    desk: PaperDesk, paper: ChangePaper, plan_now: Plan, **fields: object
) -> WriteChange:
    """The wish to save another plan, in a form that is opened now."""
    opened = await desk.sheet(paper.path)
    change = msgspec.structs.replace(paper.change, plan=plan_now, **fields)
    return WriteChange(change, opened, paper.change)


def freeze(level: Level = Level.HARD) -> Calendar:
    period = Period(NIGHT - timedelta(days=1), NIGHT + timedelta(days=6))
    schedule = Schedule(periods=(period,))
    return Calendar(freezes=(Freeze("observation", level, schedule, owner="mei", reason="v2"),))


def test_from_a_draft_to_the_end_every_step_is_a_commit(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("a",)))
        assert paper.change.state is ChangeState.APPROVED
        assert [one.by for one in paper.change.approvals] == ["mei"]
        for to in (ChangeState.SCHEDULED, STARTED, ChangeState.VERIFYING):
            paper = await kai.moved(paper, to)
        assert "mei accepts it" in await kai.refused(MoveChange(paper, ChangeState.ACCEPTED))
        paper = await mei.moved(paper, ChangeState.ACCEPTED)
        paper = await kai.moved(paper, ChangeState.CLOSED)
        subjects = git(folder, "log", "--reverse", "--format=%an: %s", "--", paper.path)
        which = f"{paper.change.id} {{}}: redis 7.4".format
        assert subjects.split("\n") == [
            f"kai: {which('draft')}",
            f"kai: {which('submitted')}",
            f"mei: {which('approved by mei')}",
            f"kai: {which('scheduled')}",
            f"kai: {which('in progress')}",
            f"kai: {which('verifying')}",
            f"mei: {which('accepted')}",
            f"kai: {which('closed')}",
        ]
        assert "in progress, was scheduled (kai)" in in_head(folder, paper.path).decode()

    two(folder, told)


def test_a_new_change_is_a_draft_of_whoever_wrote_it(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk, _clock: ManualClock) -> None:
        forged = Change(
            "CHG-1", "redis 7.4", "mei", NIGHT, ChangeState.APPROVED, plan(), silence_id="x"
        )
        done = await kai.did(WriteChange(forged))
        change = (await kai.change(done.outcome.document)).change
        assert (change.author, change.state, change.silence_id) == ("kai", ChangeState.DRAFT, "")
        assert change.plan.environment == "prod"
        nameless = msgspec.structs.replace(forged, title=" ")
        assert "needs a title" in await kai.refused(WriteChange(nameless))
        lacking = await kai.planned(Plan(), "half")
        said = await kai.refused(MoveChange(lacking, ChangeState.SUBMITTED))
        assert "stays draft: name the services" in said
        assert "say how it is rolled back" in said

    two(folder, told)


def test_an_approval_by_the_author_is_refused(folder: Path) -> None:
    async def told(kai: PaperDesk, _mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await kai.moved(await kai.planned(plan(services=("b",))), ChangeState.SUBMITTED)
        for name in ("kai", " KAI "):
            kai.who = name
            said = await kai.refused(ApproveChange(paper))
            assert "kai is its author; somebody else approves it" in said
        assert (await kai.change(paper.change.id)).change.approvals == ()
        assert "nobody but its author has approved" in await kai.refused(
            MoveChange(paper, ChangeState.APPROVED)
        )

    two(folder, told)


def test_a_plan_that_was_edited_is_approved_again(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("c",)))
        steps = plan(services=("c",), environment="prod", steps="docker rm -f redis")
        outcome = (await kai.did(await edit(kai, paper, steps))).outcome
        assert "has to be approved again" in outcome.details[0]
        now = await kai.change(paper.change.id)
        assert now.change.state is ChangeState.SUBMITTED
        # Mei still has the old plan on her screen.
        assert "its plan was edited since you looked" in await mei.refused(ApproveChange(paper))
        assert "has to be approved again" in await kai.refused(MoveChange(now, STARTED))
        await mei.did(ApproveChange(now))
        assert (await kai.change(paper.change.id)).change.state is ChangeState.APPROVED

    two(folder, told)


def test_prose_alone_asks_for_no_new_approval(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("d",)))
        prose = msgspec.structs.replace(paper.change.prose, reason="maxmemory")
        forged = await edit(
            kai, paper, paper.change.plan, prose=prose, state=ChangeState.CLOSED, approvals=()
        )
        await kai.did(forged)
        paper = await kai.change(paper.change.id)
        assert paper.change.state is ChangeState.APPROVED
        assert len(paper.change.approvals) == 1
        paper = await kai.moved(paper, STARTED)
        steps = msgspec.structs.replace(paper.change.plan, steps="other")
        said = await kai.refused(await edit(kai, paper, steps))
        assert "its plan stays as it was carried out" in said

    two(folder, told)


def test_a_plan_changed_on_disk_is_not_carried_out_by_who_saw_another(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("e",)))
        path = folder / paper.path
        path.write_bytes(path.read_bytes().replace(b"docker restart redis", b"docker rm redis"))
        said = await kai.refused(MoveChange(paper, STARTED))
        assert "its plan was edited since you looked" in said
        assert "edited after the approval" in said

    two(folder, told)


@pytest.mark.parametrize(("minutes", "said"), [(-1, "has not begun"), (120, "is over")])
def test_a_start_outside_the_window_is_refused(folder: Path, minutes: int, said: str) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, clock: ManualClock) -> None:
        paper = await approved(kai, mei, plan(services=("f",)))
        clock.advance(minutes * 60)
        refused = await kai.refused(MoveChange(paper, STARTED))
        assert f"stays approved: its window {said}" in refused
        assert ("it may start at 2026-11-22 03:14 UTC" in refused) == (minutes < 0)
        assert (await kai.change(paper.change.id)).change.started is None

    two(folder, told)


def test_a_start_in_a_freeze_takes_an_exception_by_somebody_else(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        kai.calendar = mei.calendar = freeze()
        paper = await approved(kai, mei, plan(services=("g",)))
        said = await kai.refused(MoveChange(paper, STARTED))
        assert "the hard freeze observation is in force until" in said
        wish = ExceptFreeze(paper, "observation", "disk fills up")
        assert "kai is its author" in await kai.refused(wish)
        nameless = msgspec.structs.replace(wish, freeze="x")
        assert "there is: observation" in await mei.refused(nameless)
        assert "say why" in await mei.refused(msgspec.structs.replace(wish, why=" "))
        await mei.did(wish)
        await kai.did(MoveChange(await kai.change(paper.change.id), STARTED))

    two(folder, told)


def test_an_emergency_starts_in_spite_of_it_all_for_an_open_incident(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        kai.calendar = mei.calendar = freeze()
        incident = await kai.opened()
        now = plan(kind=ChangeKind.EMERGENCY, services=("h",), window=None)
        paper = await kai.planned(now)
        linked = await edit(kai, paper, paper.change.plan, incidents=(incident.incident.id,))
        await kai.did(linked)
        paper = await kai.change(paper.change.id)
        outcome = (await kai.did(ApproveChange(paper))).outcome
        assert "somebody else has to review it afterwards" in outcome.details[0]
        outcome = (await kai.did(MoveChange(paper, STARTED))).outcome
        assert "somebody else has to review it afterwards" in outcome.details[0]
        paper = await kai.moved(paper, ChangeState.VERIFYING)
        paper = await mei.moved(paper, ChangeState.ACCEPTED)
        assert "is reviewed by somebody else" in await kai.refused(
            MoveChange(paper, ChangeState.CLOSED)
        )
        assert "kai made it" in await kai.refused(ReviewChange(paper, "went well"))
        assert "say what it was like" in await mei.refused(ReviewChange(paper, " "))
        await mei.did(ReviewChange(paper, "went well"))
        await kai.did(MoveChange(paper, ChangeState.CLOSED))

    two(folder, told)


def test_on_a_login_of_several_an_approval_says_that_it_is_unverified(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        mei.verified = False
        paper = await approved(kai, mei, plan(services=("i",)))
        assert not paper.change.approvals[0].is_verified
        assert "approved by mei (unverified" in git(folder, "log", "-1", "--format=%s")

    two(folder, told)


def test_what_else_is_done_on_the_service_at_that_time_is_said(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        other = await approved(mei, kai, plan(services=("j", "k"), executor="mei"))
        paper = await approved(kai, mei, plan(services=("j",)))
        outcome = (await kai.did(MoveChange(paper, STARTED))).outcome
        assert outcome.details == (f"{other.change.id} redis 7.4 (approved, mei) touches j too",)

    two(folder, told)


def test_why_it_was_rejected_is_kept(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await kai.moved(await kai.planned(plan(services=("l",))), ChangeState.SUBMITTED)
        rejected = MoveChange(paper, ChangeState.REJECTED, "no rollback was tried")
        assert "somebody else rejects it" in await kai.refused(rejected)
        await mei.did(rejected)
        change = (await kai.change(paper.change.id)).change
        assert (change.refused_by, change.refused_because) == ("mei", "no rollback was tried")
        assert "no rollback was tried" in in_head(folder, paper.path).decode()

    two(folder, told)


def test_an_editor_gives_no_approval_and_changes_no_state(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        paper = await kai.moved(await kai.planned(plan(services=("m",))), ChangeState.SUBMITTED)
        unsigned = await kai.sheet(paper.path)
        await mei.did(ApproveChange(paper))
        signed = await mei.sheet(paper.path)
        await mei.did(RestorePaper(unsigned, signed.blob, paper.change.id))
        opened = await kai.sheet(paper.path)
        said = await kai.refused(RewritePaper(opened, signed.content, paper.change.id))
        assert "under its rules" in said
        assert "are given by a, x and v" in said
        assert (await kai.change(paper.change.id)).change.approvals == ()

    two(folder, told)


def test_whatever_the_wish_what_somebody_else_wrote_in_between_stays(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk, _clock: ManualClock) -> None:
        kai.calendar = mei.calendar = freeze(Level.SOFT)
        paper = await approved(mei, kai, plan(services=("n",), executor="mei"))
        sheet = await kai.sheet(paper.path)
        prose = msgspec.structs.replace(paper.change.prose, notes="kai's notes")
        stale: list[PaperWish] = [
            await edit(kai, paper, paper.change.plan, prose=prose),
            await edit(kai, paper, plan(services=("n", "o"))),
            ApproveChange(paper),
            ExceptFreeze(paper, "observation", "because"),
            MoveChange(paper, ChangeState.SCHEDULED),
            MoveChange(paper, STARTED),
            MoveChange(paper, ChangeState.CANCELLED),
            ReviewChange(paper, "good"),
            Note("x", change=paper.change.id),
            RewritePaper(sheet, sheet.content + b"typed", paper.change.id),
            RestorePaper(sheet, sheet.blob, paper.change.id),
        ]
        theirs = msgspec.structs.replace(paper.change.prose, reason="what mei wrote in between")
        await mei.did(await edit(mei, paper, paper.change.plan, prose=theirs))
        before = len((await kai.change(paper.change.id)).change.approvals)
        for wish in stale:
            outcome = await kai.told(wish)
            assert outcome.ended is not Ended.UNKNOWN, outcome
            change = (await kai.change(paper.change.id)).change
            assert change.prose.reason == "what mei wrote in between", wish
            assert len(change.approvals) >= before, wish
        assert is_sound(folder)

    two(folder, told)
