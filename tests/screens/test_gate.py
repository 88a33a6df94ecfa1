"""Read-only shuts everything that is not only looked at: whatever the registry declares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from textual.app import App
from textual.pilot import Pilot

from config.people import Person
from config.schema import Settings, Silences, SilenceTemplate
from console.actions.declared.where import VIEWS
from console.actions.registry import ACTIONS, actions_on
from console.model.acting import Acting, Undoable
from console.model.action import Action, Effect
from console.model.alert import Silence, SilenceState
from console.model.labels import Matcher
from console.model.run import Runs
from console.model.snapshot import Snapshot
from console.safety.text import Raw
from console.triage.silence_use import silence_uses
from screens.calendar import CalendarScreen
from screens.cell import CellScreen
from screens.change import ChangeScreen
from screens.detail import DetailScreen
from screens.episodes import EpisodesScreen
from screens.frame import Frame
from screens.group import GroupScreen
from screens.here import Subject
from screens.host import HostScreen
from screens.incident import IncidentScreen
from screens.logs import LogsScreen
from screens.run import RunScreen
from screens.service_week import ServiceWeekScreen
from screens.silence import SilenceScreen
from screens.source import SourceScreen
from screens.step import StepScreen
from screens.summary import SummaryScreen
from screens.why import WhyScreen
from tests.build import MONO0, T0, ack, ago, alert, cell, known, service, snapshot, source
from tests.screens.books_world import ScriptedRuns
from tests.screens.console import Console, console_on, typed, until, update_of
from tests.screens.incident_world import Desk, papers_of, redis
from tests.screens.journal_world import change
from tests.screens.run_world import run_of
from tests.screens.week_world import ScriptedWeeks
from tests.soak import trials
from widgets.footer import Footer

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk
    from console.engine.runs.desk import RunsDesk

BACKUP = SilenceTemplate(name="backup", matchers=('job="backup"',), comment="backup runs")
SETTINGS = Settings(
    environment="test",
    people={"kai": Person(name="kai"), "mei": Person(name="mei")},
    silences=Silences(templates=(BACKUP,)),
)
ACTING = tuple(action for action in ACTIONS if action.effect is not Effect.READ)
ARGUMENTS = {
    "row.ack": "on it",
    "row.hand-over": "kai",
    "row.silence": "backup",
    "silences.extend": "2h",
    "row.shell": "data-1",
    "app.note-line": "restarted it",
    "row.incident": "INC-20261122-001",
    "row.change": "CHG-20261122-001",
    "change.approve": "agreed",
    "change.except": "observation",
    "change.review": "as planned",
    "paper.move": "resolved",
    "paper.attach": "shot.png",
    "summary.keep": "week",
    "summary.send": "week",
}
"""What stands behind the word after `:`."""
RUN = run_of()
PAPERS = papers_of(redis(), changes=(change(),))


def world() -> Snapshot:
    """A row that is mei's in part, a silence, a host, a source."""
    free = alert("QueueBacklog", starts_at=ago(900), severity="warning", instance="one")
    taken = alert("QueueBacklog", starts_at=ago(600), severity="warning", instance="two")
    shown = snapshot(
        known(free, cell="redis"),
        known(taken, cell="redis", acked=ack("mei")),
        cells=[cell(service("redis"))],
        sources=[source("am")],
    )
    held = Silence(
        "5f1d",
        "am",
        SilenceState.ACTIVE,
        (Matcher("job", Raw("api")),),
        ago(60),
        T0 + timedelta(hours=2),
        Raw("mei"),
        Raw("patching"),
    )
    return msgspec.structs.replace(shown, silences=(held,))


async def go(console: Console, pilot: Pilot[int], word: str) -> Frame:
    """The screen of that word, with something under the cursor."""
    app, update = console.app, console.app.fresh
    assert update is not None
    row = update.worklist.rows[0]
    use = silence_uses(update.snapshot, ("ACK!",))[0][0]
    made: dict[str, Callable[[], Frame]] = {
        "group": lambda: GroupScreen(row),
        "detail": lambda: DetailScreen(row),
        "why": lambda: WhyScreen(row),
        "service": lambda: CellScreen("redis"),
        "host": lambda: HostScreen("data-1"),
        "source": lambda: SourceScreen("am"),
        "logs": lambda: LogsScreen(Subject("redis")),
        "silence": lambda: SilenceScreen(use),
        "incident": lambda: IncidentScreen(PAPERS.incidents[0].incident.id),
        "change": lambda: ChangeScreen(PAPERS.changes[0].change.id),
        "calendar": CalendarScreen,
        "run": lambda: RunScreen(RUN.id),
        "step": lambda: StepScreen(RUN.id, "start-redis"),
    }
    if word in made:
        app.push_screen(made[word]())
    elif word != "triage":
        keys = {"fleet": "2", "journal": "4", "handover": "6", "sources": "7", "silences": "S"}
        keys |= {"runbooks": "3", "summary": "5", "inspection": "I"}
        keys |= {"service-week": "5", "episodes": "5"}
        await pilot.press(keys[word])
        if word in ("service-week", "episodes"):
            await go_down(app, pilot, word)
    await until(pilot, lambda: isinstance(app.screen, Frame) and app.screen.word == word)
    frame = cast("Frame", app.screen)
    await until(pilot, lambda: frame.command_line is not None)
    if word in ("group", "triage"):
        await pilot.press("asterisk")
    if isinstance(frame, RunScreen):
        await until(pilot, lambda: frame.go_to_step("restart-redis"))
    return frame


async def go_down(app: App[int], pilot: Pilot[int], word: str) -> None:
    """From the summary to one service, or to the episodes of one alert."""

    def is_shown() -> bool:
        return isinstance(app.screen, SummaryScreen) and app.screen.weeks.week is not None

    await until(pilot, is_shown)
    weeks = cast("SummaryScreen", app.screen).weeks
    week = weeks.week
    assert week is not None
    if word == "service-week":
        app.push_screen(ServiceWeekScreen(week.services[0].service, weeks))
    else:
        app.push_screen(EpisodesScreen(week.noise[0], weeks))


def changed(console: Console, frame: Frame, screens: int) -> bool:
    """Whether anything was wished for, or anything opened that wishes."""
    assert console.engine is not None and frame.command_line is not None
    desk = console.engine.acting
    opened = len(console.app.screen_stack) != screens or console.app.screen is not frame
    return bool(desk.wishes or desk.undone) or opened or frame.command_line.is_open


async def opened(console: Console, pilot: Pilot[int], word: str) -> Frame:
    """The screen of that word, while there is something to be taken back."""
    assert console.engine is not None
    update = update_of(world(), number=50)
    undo = Undoable("ack of QueueBacklog", MONO0 + 30)
    console.engine.papers = cast("PapersDesk", Desk(PAPERS))  # type: ignore[attr-defined]
    console.engine.runs = cast("RunsDesk", ScriptedRuns())
    console.engine.week = ScriptedWeeks()
    acting = Acting(undo=undo)
    update = msgspec.structs.replace(update, acting=acting, papers=PAPERS, runs=Runs((RUN,)))
    console.engine.publish(update)
    await until(pilot, lambda: console.app.fresh is not None and console.app.fresh.number == 50)
    return await go(console, pilot, word)


def acting_on(word: str) -> list[Action]:
    """What changes something, of all that is there on that screen."""
    return [one for one in actions_on(word) if one.effect is not Effect.READ]


def typed_on(word: str) -> list[Action]:
    """What has a command, each on two of its screens, in a soak on all that it is there on."""
    most = trials(usual=2, soak=len(VIEWS))
    return [one for one in acting_on(word) if one.command and word in places_of(one)[:most]]


def places_of(action: Action) -> list[str]:
    """The screens that it is there on, beginning at another one for each action."""
    there = [word for word in VIEWS if action in acting_on(word)]
    first = ACTING.index(action) % len(there)
    return there[first:] + there[:first]


@pytest.mark.parametrize("word", VIEWS)
async def test_read_only_opens_and_sends_nothing_and_says_so(word: str) -> None:
    async with console_on(world(), settings=SETTINGS, read_only=True) as (console, pilot):
        frame = await opened(console, pilot, word)
        screens = len(console.app.screen_stack)
        for action in acting_on(word):
            frame.query_one(Footer).say("", console.clock.now())
            frame.act(action.id)
            await pilot.pause()
            assert not changed(console, frame, screens), action.id
            assert "read-only" in console.lines[-1], action.id
        # What is typed behind the command opens no other door.
        for action in typed_on(word):
            frame.query_one(Footer).say("", console.clock.now())
            console.clock.advance(5)  # what follows a refused key at once is typed blindly
            await typed(pilot, "colon", f"{action.command} {ARGUMENTS.get(action.id, '')}".strip())
            await pilot.pause()
            assert not changed(console, frame, screens), action.id
            assert "read-only" in console.lines[-1], action.id


@pytest.mark.parametrize(
    ("action", "word"),
    [(one, word) for one in ACTING if one.group == "effects" for word in one.where],
    ids=lambda one: getattr(one, "id", one),
)
async def test_the_same_keys_act_where_it_is_not_read_only(action: Action, word: str) -> None:
    async with console_on(world(), settings=SETTINGS) as (console, pilot):
        frame = await opened(console, pilot, word)
        screens = len(console.app.screen_stack)
        frame.act(action.id)
        await until(pilot, lambda: changed(console, frame, screens))


def test_every_screen_that_an_action_is_for_is_one_that_was_tried() -> None:
    assert {word for action in ACTING for word in action.where} <= set(VIEWS)


def test_every_command_is_typed_somewhere() -> None:
    tried = {action.id for word in VIEWS for action in typed_on(word)}
    assert tried == {action.id for action in ACTING if action.command}


def test_every_command_with_an_argument_is_tried_with_one() -> None:
    assert {action.id for action in ACTING if action.command and action.argument} == set(ARGUMENTS)
