"""What a run came to is written down: in one commit, with its incident, over nobody's words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from console.journal.past_runs import past_runs
from console.model.acting import Ended
from console.model.change import ChangeState
from console.model.paper_wish import KeepRun
from console.model.run import Run, StepState
from console.runbook.telling import step_event, transcript_path
from console.safety.clock import ManualClock
from console.safety.secret import Secret
from tests.actions.paper_desk import PaperDesk, desks, plan
from tests.journal.folder import git, is_sound
from tests.runbook.runs import NIGHT, attempt, fresh_run, minute, with_step, worked

Told = Callable[[PaperDesk, PaperDesk], Awaitable[None]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journal for all; each test has runs of its own."""
    return tmp_path_factory.mktemp("kept") / "journal"


def two(folder: Path, told: Told) -> None:
    """Kai and Mei, each at a console, on the same journal."""

    async def run() -> None:
        kai, mei = await desks(folder, "kai", "mei", clock=ManualClock(minute(6)))
        await told(kai, mei)

    asyncio.run(run())


def _commits(folder: Path, run: Run) -> list[str]:
    return git(folder, "log", "--format=%an %s", "--", transcript_path(run)).splitlines()


def test_a_run_is_one_commit_of_its_person_with_its_id(folder: Path) -> None:
    run = worked("RUN-20261123-001")

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        outcome = await kai.told(KeepRun(run))
        assert outcome.ended is Ended.DONE
        assert outcome.text == "RUN-20261123-001 is in the journal: 2 passed, 1 failed, 1 skipped"
        subject = "kai RUN-20261123-001 cache-down: 2 passed, 1 failed, 1 skipped"
        assert _commits(folder, run) == [subject]
        message = git(folder, "log", "-1", "--format=%B", "--", transcript_path(run))
        assert f"Audit: {'ab' * 32}" in message and "Intent: 7f3a2c00" in message
        (mine,) = [one for one in await past_runs(mei.bench) if one.id == run.id]
        assert mine.path == "runs/2026/RUN-20261123-001-cache-down.md"

    two(folder, told)


def test_a_run_that_goes_on_rewrites_its_own_file(folder: Path) -> None:
    early = with_step(
        fresh_run("RUN-20261123-002"), "ping", StepState.PASSED, attempt(StepState.PASSED)
    )

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(KeepRun(early))
        await kai.did(KeepRun(worked("RUN-20261123-002")))
        assert [line.partition(": ")[2] for line in _commits(folder, early)] == [
            "2 passed, 1 failed, 1 skipped",
            "1 passed",
        ]
        sheet = await kai.sheet(transcript_path(early))
        assert b"1 failed" in sheet.content
        assert is_sound(folder)

    two(folder, told)


def test_nothing_is_written_of_a_run_in_which_nothing_was_done(folder: Path) -> None:
    run = fresh_run("RUN-20261123-003")

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        outcome = await kai.told(KeepRun(run))
        assert outcome.ended is Ended.DONE
        assert "nothing was done in it, so that nothing is written" in outcome.text
        assert not (folder / transcript_path(run)).exists()

    two(folder, told)


def test_what_somebody_wrote_below_stays_and_what_they_changed_above_is_never_lost(
    folder: Path,
) -> None:
    run = worked("RUN-20261123-004")

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(KeepRun(run))
        place = folder / transcript_path(run)
        place.write_bytes(place.read_bytes() + b"It was the backup. -- mei\n")
        await kai.did(KeepRun(msgspec.structs.replace(run, ended=minute(9))))
        assert place.read_bytes().endswith(b"-->\nIt was the backup. -- mei\n")
        assert b"(9m)" in place.read_bytes()
        theirs = place.read_bytes().replace(b"the dashboard is down", b"nobody looked")
        place.write_bytes(theirs)
        outcome = await kai.told(KeepRun(msgspec.structs.replace(run, ended=minute(12))))
        assert outcome.ended is Ended.FAILED
        assert outcome.clash is not None and outcome.clash.theirs.content == theirs
        assert b"(12m)" in outcome.clash.mine.content
        assert "somebody else changed it" in outcome.text
        assert place.read_bytes() == theirs

    two(folder, told)


def test_its_incident_lists_it_and_tells_its_steps(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened()
        run = worked("RUN-20261123-005", incident=paper.incident.id, alert="other")
        events = tuple(step_event(run, one, minute(2)) for one in run.steps)
        kai.bench.recorder.add(events[:2])
        await kai.did(KeepRun(run, events))
        await kai.did(KeepRun(run, events))
        now = await mei.incident(paper.incident.id)
        assert now.incident.runs == ("RUN-20261123-005",)
        assert not now.faults
        text = (folder / now.path).read_text()
        line = (
            "**runbook step** `runbook cache-down` start-redis on data-1: passed "
            "(verify-ping: \\[STDOUT\\] (PONG) == PONG) (kai) "
            "[evidence](../../runs/2026/RUN-20261123-005-cache-down.md)"
        )
        how, timeline = text.split("oncall:timeline")
        assert how.count(line) == 1
        assert line.replace("runbook step", "step", 1) in timeline
        assert "- **Runbook runs**: `RUN-20261123-005`" in text
        subject = git(folder, "log", "-1", "--format=%s", "--", now.path)
        assert subject == (
            f"RUN-20261123-005 cache-down: 2 passed, 1 failed, 1 skipped ({paper.incident.id})"
        )
        files = git(folder, "show", "--format=", "--name-only", "HEAD").splitlines()
        assert {one.partition("/")[0] for one in files} == {"incidents", "runs", "events"}

    two(folder, told)


def test_its_change_tells_its_steps_and_stays_as_approved(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.moved(await kai.planned(plan()), ChangeState.SUBMITTED)
        run = worked("RUN-20261123-006", change=paper.change.id)
        kai.bench.recorder.add([step_event(run, run.steps[2], minute(2))])
        await kai.did(KeepRun(run))
        now = await mei.change(paper.change.id)
        assert now.change == paper.change
        assert "start-redis on data-1: passed" in (folder / now.path).read_text()

    two(folder, told)


def test_an_incident_that_cannot_be_written_keeps_no_transcript_out(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        lost = worked("RUN-20261123-007", incident="INC-20261123-zzz")
        outcome = await kai.told(KeepRun(lost))
        assert outcome.ended is Ended.DONE
        assert "INC-20261123-zzz does not list it: there is no such" in outcome.details[-1]
        paper = await kai.opened("disk full")
        place = folder / paper.path
        place.write_text(place.read_text().replace("state: open", "state: perhaps"))
        broken = worked("RUN-20261123-008", incident=paper.incident.id)
        outcome = await kai.told(KeepRun(broken))
        assert outcome.ended is Ended.DONE
        assert "does not list it" in outcome.details[-1]
        assert (folder / transcript_path(broken)).exists()
        assert "state: perhaps" in place.read_text()

    two(folder, told)


def test_two_consoles_on_one_incident_lose_no_run(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        paper = await kai.opened("both at once")
        ids = [f"RUN-20261123-1{number:02}" for number in range(4)]
        wishes = [KeepRun(worked(one, incident=paper.incident.id)) for one in ids]
        outcomes = await asyncio.gather(
            *((kai if number % 2 else mei).told(one) for number, one in enumerate(wishes))
        )
        assert {one.ended for one in outcomes} == {Ended.DONE}
        now = await kai.incident(paper.incident.id)
        told_apart = [one for each in outcomes for one in each.details if "not list" in one]
        assert len(now.incident.runs) + len(told_apart) == len(ids)
        assert {one.id for one in await past_runs(kai.bench)} >= set(ids)

    two(folder, told)


def test_no_secret_of_this_console_gets_into_git(folder: Path) -> None:
    secret = Secret("correct-horse-battery")
    leak = attempt(StepState.FAILED, excerpt="AUTH correct-horse-battery")
    run = with_step(fresh_run("RUN-20261123-009"), "ping", StepState.FAILED, leak)

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(KeepRun(run))
        assert "AUTH ***" in git(folder, "show", f"HEAD:{transcript_path(run)}")
        assert git(folder, "log", "--all", "-S", "correct-horse", "--format=%h") == ""

    two(folder, told)
    assert str(secret) == "***"


@pytest.mark.parametrize("run_id", ["", "../../x", "RUN-2026-1", "INC-20261123-7f3"])
def test_a_run_without_an_id_is_written_nowhere(folder: Path, run_id: str) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        said = await kai.refused(KeepRun(worked(run_id)))
        assert "no run is called" in said

    two(folder, told)


def test_a_hostile_name_of_a_runbook_stays_inside_the_journal(folder: Path) -> None:
    run = worked("RUN-20261123-00a")
    book = msgspec.structs.replace(run.runbook, name="../../../etc/\x1b]0;x\x07/--help")
    run = msgspec.structs.replace(run, runbook=book, began=NIGHT)

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(KeepRun(run))
        assert (folder / "runs/2026/RUN-20261123-00a-etc-0-x-help.md").is_file()
        assert "\x1b" not in _commits(folder, run)[0]

    two(folder, told)
