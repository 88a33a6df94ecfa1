"""Runs of runbooks where one looks for them: in incidents, changes, the event log, the handover."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import msgspec
from textual.pilot import Pilot

from console.engine.notice import Newcomers
from console.model.action import Effect
from console.model.event import Carried, Event, EventKind
from console.model.papers import Papers
from console.model.policy import Policy
from console.model.run import PastRun, Run, Runs, StepState
from console.model.update import Update
from console.safety.text import Raw
from console.triage.filter import parse
from console.triage.triage import Triage
from screens.change import open_change
from screens.incident import open_incident
from screens.paper_runs import NO_RUN, PaperRuns, run_fields, runs_of
from screens.run import RunScreen
from screens.sources import event_ink
from tests.build import T0, snapshot, source
from tests.hostile import ATTACKS
from tests.screens.books_world import (
    ScriptedPapers,
    ScriptedRuns,
    books_world,
    past,
    run,
)
from tests.screens.console import Console, console_on, until, update_of
from tests.screens.journal_world import approved, incident
from tests.screens.journal_world import world_on as journal_on
from tests.screens.worlds import usual
from widgets.chooser import Chooser
from widgets.dialog import Overlay
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk
    from console.engine.runs.desk import RunsDesk

ID = "INC-20261122-001"
CHANGE = "CHG-20261122-001"


class Desk(ScriptedRuns):
    """The runs that a test says, open here and of the past."""

    def __init__(self, *over: PastRun, standing: tuple[Run, ...] = ()) -> None:
        super().__init__()
        self.transcripts, self.still = over, standing
        self.for_documents: list[tuple[str, str]] = []

    async def standing(self) -> tuple[Run, ...]:
        return self.still

    async def begin(self, *given: object, **more: object) -> Run | str:
        self.for_documents.append((str(given[0]), f"{more['change']}{more['incident']}"))
        return run(9, str(given[0]))


@asynccontextmanager
async def papers_on(
    desk: Desk, *runs: Run, size: tuple[int, int] = (100, 60)
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """A console with an incident and a change, and these runs open."""
    planned = approved(1)
    plan = msgspec.structs.replace(planned.change.plan, runbook="Disk full")
    planned = msgspec.structs.replace(
        planned, change=msgspec.structs.replace(planned.change, plan=plan)
    )
    papers = Papers(incidents=(incident(1, runs=("RUN-20261122-0aa",)),), changes=(planned,))
    async with journal_on(papers, size=size) as (console, pilot, _):
        assert console.engine is not None and console.engine.first is not None
        console.engine.runs = cast("RunsDesk", desk)
        console.engine.papers = cast("PapersDesk", ScriptedPapers())  # type: ignore[attr-defined]
        update = update_of(console.engine.first.snapshot, number=50)
        update = msgspec.structs.replace(update, papers=papers, runs=Runs(runs))
        console.engine.publish(update)
        await until(pilot, lambda: console.app.fresh is update)
        yield console, pilot


async def test_an_incident_lists_its_runs_and_one_key_reads_the_transcript() -> None:
    async with papers_on(Desk(past(incident=ID), past(2, incident="INC-20261122-999"))) as (
        console,
        pilot,
    ):
        open_incident(console.app, ID)
        await until(pilot, lambda: "RUN-20261120-001 cache-down: 7 passed" in console.text)
        assert "RUN-20261120-002" not in console.text
        assert "RUN-20261122-0aa: its transcript has not been read" in console.text
        await pilot.press("o")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "start-redis passed" in console.text


async def test_the_run_that_is_open_comes_first_and_is_gone_to_as_it_is() -> None:
    going = run(1, "cache-down", StepState.PASSED, StepState.PENDING, incident=ID)
    async with papers_on(Desk(past(incident=ID)), going) as (console, pilot):
        open_incident(console.app, ID)
        await until(pilot, lambda: "RUN-20261120-001" in console.text)
        assert "RUN-20261122-001 cache-down: step-1 passed, step-2 next" in console.text
        await pilot.press("o")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, RunScreen))


async def test_without_a_run_the_key_says_how_to_open_one() -> None:
    async with papers_on(Desk()) as (console, pilot):
        open_incident(console.app, ID)
        await until(pilot, lambda: ID in console.text)
        await pilot.press("o")
        await until(pilot, lambda: NO_RUN in console.text)


async def test_r_on_a_change_opens_the_runbook_of_its_plan_as_a_run_of_the_change() -> None:
    # Others would help redis too: the plan is what was agreed to.
    desk = Desk()
    async with papers_on(desk) as (console, pilot):
        open_change(console.app, CHANGE)
        await until(pilot, lambda: "upgrade redis" in console.text)
        await pilot.press("r")
        await until(pilot, lambda: bool(desk.for_documents))
        assert desk.for_documents == [("disk-full", CHANGE)]


async def test_a_run_begun_on_an_incident_belongs_to_it() -> None:
    desk = Desk()
    async with papers_on(desk) as (console, pilot):
        open_incident(console.app, ID)
        await until(pilot, lambda: ID in console.text)
        await pilot.press("r")
        await until(pilot, lambda: bool(desk.for_documents) or bool(desk.begun))
        assert desk.for_documents == [("cache-down", ID)]


async def test_6_names_the_runs_that_are_open_and_those_of_the_shift() -> None:
    began = T0 - timedelta(hours=1)
    over = past(began=began, ended=began + timedelta(minutes=9))
    desk = Desk(over, standing=(run(2, "disk-full"),))
    async with papers_on(desk, run(1)) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "runs of runbooks: 3" in console.text)
        assert "RUN-20261122-001 cache-down" in console.text
        assert "RUN-20261122-002 disk-full" in console.text
        assert "RUN-20261120-001 cache-down, ServiceDown redis@data-1, by mei" in console.text


def test_texts_of_a_transcript_are_safe_and_a_long_list_says_so() -> None:
    for hostile in ATTACKS:
        evil = past(runbook=hostile, who=Raw(hostile), incident=ID)
        (field,) = run_fields(runs_of(ID, Runs(), [evil]), T0)
        assert "\x1b" not in f"{field.value}{field.note}"
    many = tuple(past(number, change=ID) for number in range(12))
    fields = list(run_fields(PaperRuns(past=many), T0))
    assert (len(fields), fields[-1].value) == (11, "and 2 more")


# The worklist


async def test_the_row_says_who_is_at_its_runbook_and_follows_it() -> None:
    world = usual()
    row = Triage(Policy()).worklist(world).rows[0]
    going = run(1, "cache-down", StepState.RUNNING, StepState.PENDING, alert=row.alerts[0].key)
    async with books_world(going, world=world) as (console, pilot, _):
        line = "run     RUN-20261122-001 cache-down: step-1 runs, step-2 next (kai)"
        await until(pilot, lambda: line in console.text)
        states = (StepState.PASSED, StepState.PENDING)
        done = run(1, "cache-down", *states, alert=row.alerts[0].key)
        # Of the world nothing else has changed: the very same rows are shown.
        assert console.engine is not None and console.app.fresh is not None
        same = msgspec.structs.replace(console.app.fresh, number=900, runs=Runs((done,)))
        console.engine.publish(same)
        await until(pilot, lambda: "step-1 passed, step-2 next" in console.text)


# The event log


def step(state: StepState, minutes: float = 0) -> Event:
    carried = Carried("RUN-20261122-001", "start-redis", state, Effect.DISRUPTIVE, "redis")
    at = T0 + timedelta(minutes=minutes)
    return Event(at, EventKind.STEP, "runbook cache-down", f"start: {state}", carried=carried)


def test_a_step_in_the_log_has_the_ink_of_how_it_ended() -> None:
    inks = [event_ink(step(state)) for state in (StepState.PASSED, StepState.FAILED)]
    assert inks == [Ink.OK, Ink.FIRING]
    assert event_ink(step(StepState.UNKNOWN)) is Ink.UNKNOWN
    assert event_ink(step(StepState.SKIPPED)) is Ink.PLAIN
    assert event_ink(Event(T0, EventKind.STEP, "runbook x", "of an older console")) is Ink.PLAIN


async def test_steps_stand_in_the_event_log_and_a_filter_finds_them() -> None:
    fired = Event(T0, EventKind.FIRED, "DiskFull db", "began to fire", key="f")
    async with console_on(usual(), events=(step(StepState.FAILED), fired), size=(100, 30)) as (
        console,
        pilot,
    ):
        await pilot.press("7")
        await until(pilot, lambda: "runbook cache-down" in console.text)
        await pilot.press("slash", *'@kind="step"', "enter")
        await until(pilot, lambda: "DiskFull db" not in console.text)
        assert "start: failed" in console.text


def test_a_step_that_ended_rings_for_nobody() -> None:
    newcomers, triage, world = (
        Newcomers(parse("step")),
        Triage(Policy()),
        snapshot(sources=[source("am")], complete=True),
    )
    for number, events in enumerate(((), (step(StepState.FAILED), step(StepState.UNKNOWN, 1)))):
        news = newcomers.look(Update(number, world, triage.worklist(world), events))
        assert (news.rows, news.reminders) == ((), ())
