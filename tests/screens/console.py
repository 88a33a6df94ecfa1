"""A console on pictures of the world that a test makes up, without any server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from textual.pilot import Pilot

from config.identity import Identity
from config.load import Loaded
from config.schema import Settings
from console.engine.acting import Matched
from console.engine.blast import PastWeek
from console.engine.evidence import EvidenceDesk
from console.engine.evidence_log import LogReader
from console.engine.questions import (
    PastFirings,
    Releases,
    RuleOf,
    RuleValue,
    Trend,
    ValueNow,
)
from console.engine.views import ViewShelf
from console.engine.why import Cluster, WhyDesk
from console.model.acting import Ended, Outcome, Plan
from console.model.event import Event
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.query import InstantAnswer, RangeAnswer, Sample, Series
from console.model.registry import Registry
from console.model.remembering import Remembering
from console.model.run import PastRun, Run
from console.model.snapshot import Snapshot
from console.model.summary import Week
from console.model.update import Update
from console.model.wish import AckWish, Wish
from console.runbook.library import Book
from console.safety.clock import ManualClock, SystemClock
from console.triage.triage import Triage
from screens.app import OncallApp, OpenWith
from tests.build import MONO0, T0
from tests.frames import frame_of
from widgets.command_line import LineInput

if TYPE_CHECKING:
    from console.engine.engine import Engine


class ScriptedEngine:
    """Publishes what a test gives it; knows the answers to every question already."""

    def __init__(self, publish: Callable[[Update], None], first: Update | None) -> None:
        self.publish = publish
        self.first = first
        self.wishes: list[str] = []
        self.views = ViewShelf(None)
        self.group_by: tuple[str, ...] | None = None
        self.inquirer = ScriptedInquiry()
        self.logs: LogReader | None = None
        self.acting = ScriptedDesk()
        self.runs: object = NoRuns()
        self.week: object = NoWeek()
        self.desk = EvidenceDesk(
            SystemClock(),
            asker=lambda: self.inquirer,
            logs=lambda: self.logs,
            events=lambda: self.first.events if self.first is not None else (),
        )
        self.alertmanagers: dict[str, Cluster] = {}
        self.why = WhyDesk(
            SystemClock(), asker=lambda: self.inquirer, clusters=lambda: self.alertmanagers
        )
        self.reloaded: Loaded | tuple[str, ...] = ("services.yaml:4:9: expected a port",)

    async def run(self) -> None:
        if self.first is not None:
            self.publish(self.first)
        await asyncio.Event().wait()

    def refresh(self) -> None:
        self.wishes.append("refresh")

    def resort(self) -> None:
        self.wishes.append("resort")

    def regroup(self, group_by: tuple[str, ...] | None) -> None:
        self.wishes.append(f"regroup {group_by}")
        self.group_by = group_by
        if self.first is not None:
            self.publish(update_of(self.first.snapshot, number=99, group_by=group_by))

    async def reload_settings(self) -> Loaded | tuple[str, ...]:
        return self.reloaded

    def inquiry(self) -> ScriptedInquiry:
        return self.inquirer


async def no_books() -> tuple[Book, ...]:
    """An empty shelf."""
    return ()


class NoWeek:
    """Nothing was ever remembered."""

    standing = Remembering()

    async def week(self, end: date | None = None) -> Week | str:
        return "nothing is remembered"


class NoRuns:
    """No runbook was ever opened."""

    async def standing(self) -> tuple[Run, ...]:
        return ()

    async def past(self) -> tuple[PastRun, ...]:
        return ()


class ScriptedDesk:
    """Does nothing, remembers what it was asked for, and answers what a test says."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.undone = 0
        """How often the latest was taken back."""
        self.asked: list[tuple[Matcher, ...]] = []
        self.outcome = Outcome(Ended.DONE, "done")
        self.matched = Matched(())
        self.gate: asyncio.Event | None = None
        """What a wish waits for before it ends."""
        self.gates: list[threading.Event] = []
        """Of a question, what it waits for before it is answered."""

    async def submit(self, wish: Wish) -> Outcome:
        self.wishes.append(wish)
        if self.gate is not None:
            await self.gate.wait()
        return self.outcome

    async def plan(self, wish: AckWish) -> Plan:
        return Plan()

    async def matching(self, matchers: Sequence[Matcher], clusters: Sequence[str] = ()) -> Matched:
        self.asked.append(tuple(matchers))
        if self.gates:
            await asyncio.to_thread(self.gates.pop(0).wait)
        return self.matched

    async def undo(self) -> Outcome:
        self.undone += 1
        return Outcome(Ended.DONE, "taken back")


class ScriptedInquiry:
    """Every expression is 0 now, and was 1 for the first half of the last hour.

    Nothing has fired before, and no build info is known.
    """

    def __init__(self) -> None:
        self.week = PastWeek((1, 0, 2, 0))

    async def rule_value(self, rule: RuleOf, labels: Labels) -> RuleValue:
        left, _, threshold = rule.rule.query.exact.partition(" == ")
        condition = f"== {threshold}" if threshold else ""
        duration = rule.rule.duration
        return RuleValue(rule.source, left, condition, duration, value=0.0, holds=True)

    async def past_firings(self, source: str, labels: Labels, before: datetime) -> PastFirings:
        return PastFirings(source, timedelta(days=30))

    async def past_week(self, matchers: Sequence[Matcher], policy: Policy) -> PastWeek:
        return self.week

    async def releases(self, label: str, services: Sequence[str]) -> Releases:
        return Releases(timedelta(hours=6))

    async def value_now(self, rule: RuleOf) -> ValueNow:
        answer = InstantAnswer((Sample(Labels({}), T0, 0.0),), total=1)
        return ValueNow(rule.source, rule.rule.query.exact, answer)

    async def trend(self, rule: RuleOf, labels: Labels) -> Trend:
        start = T0 - timedelta(hours=1)
        points = tuple((start.timestamp() + 60 * n, 1.0 if n < 30 else 0.0) for n in range(60))
        answer = RangeAnswer((Series(Labels({}), points),), total=1)
        step = timedelta(minutes=1)
        return Trend(rule.source, "redis_up", start, T0, step, answer, 1, "==", 0.0)


class Console:
    """The app under test, its engine, and its clock."""

    def __init__(self, first: Update | None, settings: Settings, **opened: Any) -> None:
        self.clock = ManualClock(T0, MONO0)
        self.engine: ScriptedEngine | None = None
        self.number = 1

        self.may_start = threading.Event()
        """Until then the engine is not up."""
        self.may_start.set()

        def make(publish: Callable[[Update], None]) -> Engine:
            self.may_start.wait()
            self.engine = ScriptedEngine(publish, first)
            return cast("Engine", self.engine)

        loaded = Loaded(settings, Registry(), Policy(), None)
        who = opened.pop("who", Identity("kai", "L1"))
        opened.setdefault("ascii", False)
        opened.setdefault("theme", "dark")
        self.app = OncallApp(
            OpenWith(loaded=loaded, make_engine=make, who=who, **opened), clock=self.clock
        )

    @property
    def lines(self) -> list[str]:
        """What is on the screen, line by line."""
        return frame_of(self.app)

    @property
    def text(self) -> str:
        """What is on the screen, in one string."""
        return "\n".join(self.lines)

    def publish(self, snapshot: Snapshot, events: Iterable[Event] = ()) -> None:
        """Give the console another picture of the world."""
        assert self.engine is not None
        by = self.engine.group_by
        self.engine.publish(update_of(snapshot, events, number=self.number, group_by=by))
        self.number += 1


def update_of(
    snapshot: Snapshot,
    events: Iterable[Event] = (),
    *,
    number: int = 0,
    group_by: tuple[str, ...] | None = None,
) -> Update:
    """What the engine would make of a snapshot."""
    policy = Policy() if group_by is None else Policy(group_by=group_by)
    worklist = Triage(policy).worklist(snapshot)
    return Update(number, snapshot, worklist, tuple(events))


@asynccontextmanager
async def console_on(
    snapshot: Snapshot | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    settings: Settings | None = None,
    events: Iterable[Event] = (),
    **opened: Any,
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """A console that shows `snapshot`, and the hands on its keys."""
    first = update_of(snapshot, events) if snapshot is not None else None
    console = Console(first, settings or Settings(environment="test"), **opened)
    async with console.app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: console.engine is not None)
        if first is not None:
            await until(pilot, lambda: console.app.fresh is not None)
        await pilot.pause()
        yield console, pilot


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Let the console work until `holds`."""
    for _ in range(400):
        if holds():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("what was waited for did not come")


async def typed(pilot: Pilot[Any], opener: str, text: str) -> None:
    """Open a line by its key, have `text` in it, and send it; quicker than key by key."""
    await pilot.press(opener)
    pilot.app.screen.query_one(LineInput).value = text
    await pilot.press("enter")
