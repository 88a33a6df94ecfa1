"""The demo's journal: a real repository with a past, and a colleague who writes in it."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from config.changes import calendar_of, standards_of
from config.load import load
from console.demo.journal import MIND, ORIGIN, REMARK, Colleague, bench_of, history, make_journal
from console.demo.serve import start_demo
from console.demo.shelf import make_shelf, remember_last_run
from console.demo.team import MEI, YUN
from console.engine.releases import releases_of
from console.journal.bench import Bench
from console.journal.judge import Ground, ground_of
from console.journal.verify import verify
from console.journal.writing import Written, write_change, write_incident
from console.model.change import Change, ChangeState, approvers_of, conflicts
from console.model.change_rules import approval_refusals, lacking
from console.model.incident import Incident, IncidentProse, IncidentState
from console.model.nags import nags
from console.model.papers import ChangePaper, Papers
from console.runbook.health import health_of
from console.runbook.kept import KeptRuns
from console.runbook.library import library_of
from console.safety.clock import ManualClock

from .demo_world import START

KAI = "Kai 黃凱"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
async def ground(made: Path) -> Ground:
    """The journal of a demo that started at `START`; one for the module."""
    folder = made / "journal"
    is_made = folder.exists()
    found = await (ground_of(folder, os.environ) if is_made else make_journal(folder, START))
    assert isinstance(found, Ground)
    return found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def kai(ground: Ground, clock: ManualClock) -> Bench:
    return bench_of(ground, clock, KAI)


def git(folder: Path, *words: str) -> str:
    ended = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


async def test_every_document_of_the_past_is_whole_and_committed_when_it_was_written(
    ground: Ground, kai: Bench
) -> None:
    shelf = await kai.library.read()
    assert not shelf.broken
    assert not any(one.faults for one in shelf.incidents)
    assert not any(one.faults for one in shelf.changes)
    folder = kai.journal.folder
    assert git(folder, "status", "--porcelain") == ""
    times = [int(one) for one in git(folder, "log", "--format=%ct").split()]
    assert times == sorted(times, reverse=True)
    assert START.timestamp() - times[-1] > 20 * 86400
    assert times[0] <= START.timestamp()
    # Nobody has to push first.
    there = git(folder.parent / ORIGIN, "rev-parse", "main")
    assert git(folder, "rev-parse", "HEAD", "origin/main").split() == [there, there]


def test_the_past_is_the_same_in_every_run() -> None:
    assert history(START) == history(START)


async def test_there_is_something_of_each_kind_to_look_at(kai: Bench) -> None:
    shelf = await kai.library.read()
    states = {one.incident.state for one in shelf.incidents}
    assert states == {
        IncidentState.MITIGATED, IncidentState.POST_MORTEM_DUE, IncidentState.CLOSED,
    }  # fmt: skip
    by_state = {one.change.state for one in shelf.changes}
    assert {
        ChangeState.DRAFT, ChangeState.SUBMITTED, ChangeState.SCHEDULED, ChangeState.CLOSED,
        ChangeState.ROLLED_BACK, ChangeState.ACCEPTED,
    } == by_state  # fmt: skip
    owed = nags(
        [one.incident for one in shelf.incidents], changes=[o.change for o in shelf.changes]
    )
    first = owed[0]
    assert first.due - START == 20 * HOUR
    assert "post-mortem" in first.text
    assert any("emergency" in one.text for one in owed)
    assert any("搜尋" in one.incident.title for one in shelf.incidents)


async def test_the_users_approval_is_what_a_submitted_change_waits_for(kai: Bench) -> None:
    shelf = await kai.library.read()
    (waiting,) = [one.change for one in shelf.changes if one.change.state is ChangeState.SUBMITTED]
    assert approval_refusals(waiting, KAI) == ()
    assert approval_refusals(waiting, MEI) != ()


async def test_plans_can_be_submitted_and_those_that_were_approved_still_are(kai: Bench) -> None:
    for paper in (await kai.library.read()).changes:
        change = paper.change
        if change.state is not ChangeState.DRAFT:
            assert lacking(change.plan, frozenset({"kernel"})) == ()
            assert bool(change.approvals) is bool(approvers_of(change)) or change.author == YUN


def test_a_started_demo_names_its_journal_its_rules_and_releases(tmp_path: Path) -> None:
    demo = start_demo("calm", settings_dir=tmp_path / "settings")
    try:
        loaded = load(demo.settings_dir)
        folder = loaded.settings.journal.folder
        assert folder is not None
        assert git(Path(folder), "log", "--oneline").count("\n") >= 10
    finally:
        demo.stop()
    assert not Path(folder).exists()
    calendar = calendar_of(loaded.settings)
    assert {one.name for one in calendar.freezes} == {
        "quarter-end", "black-friday", "observation",
    }  # fmt: skip
    assert standards_of(loaded.settings) == {"restart-cache", "kernel"}
    (api,) = [one for one in loaded.registry.services if one.name == "api"]
    told = releases_of(api, Papers(), ())
    assert [(one.version, one.rolled_back) for one in told] == [
        ("v2.14.0", False), ("v2.15.0", True), ("v2.13.4", False),
    ]  # fmt: skip


async def test_mei_approves_what_the_user_submits_and_nothing_that_was_there(
    ground: Ground, kai: Bench, clock: ManualClock
) -> None:
    mei = Colleague(ground, clock, knows_redis=False)
    await mei.look()
    before = git(kai.journal.folder, "rev-parse", "HEAD")
    shelf = await kai.library.read()
    model = next(one.change for one in shelf.changes if one.change.state is ChangeState.SUBMITTED)
    mine = Change(
        "CHG-20261122-zzz", "a larger disk", KAI, START, ChangeState.SUBMITTED, model.plan
    )
    told = await write_change(kai, mine, (), opened=None, subject=f"{mine.id} submitted")
    assert isinstance(told, Written)
    await mei.look()
    assert (await _change(kai, mine.id)).change.state is ChangeState.SUBMITTED
    clock.advance(MIND.total_seconds())
    await mei.look()
    approved = (await _change(kai, mine.id)).change
    assert approved.state is ChangeState.APPROVED
    assert approvers_of(approved) == (MEI,)
    last = git(kai.journal.folder, "log", "--format=%an|%s", f"{before}..HEAD").splitlines()
    assert [line.partition("|")[0] for line in last] == [MEI, KAI]
    assert (await _change(kai, model.id)).change.state is ChangeState.SUBMITTED
    assert conflicts(approved, [model])


async def test_mei_says_once_what_she_knows_of_redis(
    ground: Ground, kai: Bench, clock: ManualClock
) -> None:
    mei = Colleague(ground, clock, knows_redis=True)
    await mei.look()
    incident = Incident(
        "INC-20261122-zzy", "redis is down", START, services=("redis",), started=START,
        prose=IncidentProse(what="redis is down", where="redis@data-1"),
    )  # fmt: skip
    told = await write_incident(kai, incident, (), opened=None, subject=f"{incident.id} opened")
    assert isinstance(told, Written)
    for _ in range(3):
        await mei.look()
        clock.advance(MIND.total_seconds())
    content = git(kai.journal.folder, "show", f"HEAD:{told.paper.path}")
    timeline = content.partition("<!-- oncall:timeline -->")[2]
    assert timeline.count(REMARK.partition(";")[0]) == 1


async def test_the_journal_of_the_demo_is_whole(kai: Bench) -> None:
    told = await verify(kai.journal, kai.library)
    assert (told.faults, told.uncommitted, told.repository) == ((), (), ())


async def _change(bench: Bench, document_id: str) -> ChangePaper:
    found = await bench.library.change(document_id)
    assert found is not None
    return found


async def test_runs_of_the_past_have_transcripts_that_tell_how_the_runbooks_did(
    kai: Bench,
) -> None:
    shelf = await kai.library.runs()
    assert shelf.broken == ()
    assert len(shelf.runs) == 7
    redis = health_of("cache-down", shelf.runs)
    assert redis.runs == 2
    assert redis.last_passed is not None
    assert timedelta(days=8) < START - redis.last_passed < timedelta(days=10)
    assert redis.median_minutes is not None
    assert health_of("service-down", shelf.runs).last_passed is None
    (incident,) = [
        one for one in (await kai.library.read()).incidents if one.incident.id.endswith("5r8")
    ]
    text = (kai.journal.folder / incident.path).read_text()
    assert "start-redis on data-1: passed" in text


async def test_the_teams_checkout_has_a_past_and_a_runbook_that_changed_since_its_last_run(
    tmp_path: Path,
) -> None:
    folder, state = tmp_path / "runbooks", tmp_path / "state"
    await make_shelf(folder, START)
    remember_last_run(state, START)
    assert git(folder, "status", "--porcelain") == ""
    assert len(git(folder, "log", "--format=%s").splitlines()) == 2
    (book,) = [one for one in library_of([folder]).books if one.name.exact == "payment-errors"]
    assert book.path is not None
    last = KeptRuns(state).last_text("payment-errors")
    assert last is not None
    assert last != book.path.read_bytes()
    assert last == git(folder, "show", "HEAD~1:payment-errors.md").encode() + b"\n"
