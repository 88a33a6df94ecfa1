"""Every source with its age and its error; the event log; what was resolved in the last hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar

from textual import events
from textual.containers import Vertical
from textual.widget import Widget

from console.model.action import Action
from console.model.event import Event, EventKind
from console.model.run import StepState
from console.model.snapshot import ResolvedAlert, SourceHealth
from console.model.state import State
from console.model.update import Update
from console.model.words import age_text, clock_time, state_shape
from console.safety.clock import Instant
from screens.frame import Frame
from screens.source import SourceScreen
from widgets.columns import Column
from widgets.live_list import LiveList
from widgets.paint import STATE_INKS, Spans
from widgets.theme import Ink

EVENT_INKS = {
    EventKind.FIRED: Ink.FIRING,
    EventKind.RESOLVED: Ink.OK,
    EventKind.LOST: Ink.LOST,
    EventKind.STORM: Ink.WARNING,
    EventKind.SOURCE: Ink.UNKNOWN,
}
STEP_INKS = {
    StepState.PASSED: Ink.OK,
    StepState.FAILED: Ink.FIRING,
    StepState.UNKNOWN: Ink.UNKNOWN,
}

MIN_LINES = 2
"""Of a list: its title, and what it says where it is empty."""


class SourcesScreen(Frame):
    """Three lists; tab goes from one to the next."""

    word: ClassVar[str] = "sources"

    def __init__(self) -> None:
        super().__init__()
        self._failing = False
        self._somebody = False

    def body(self) -> Iterable[Widget]:
        app = self.console_app
        self.sources = LiveList[SourceHealth](
            source_columns(ascii_only=app.ascii_only),
            key=lambda source: source.name,
            clock=app.clock,
            empty=((("  there is no source yet", Ink.UNKNOWN),),),
            id="sources",
        )
        self.events = LiveList[Event](
            EVENT_COLUMNS,
            key=_event_key,
            clock=app.clock,
            empty=((("  nothing has happened since the console was opened", Ink.MUTED),),),
            id="log",
        )
        self.resolved = LiveList[ResolvedAlert](
            RESOLVED_COLUMNS,
            key=lambda item: f"{item.alert.fingerprint} {item.at.timestamp()}",
            clock=app.clock,
            empty=((("  nothing was resolved in the last hour", Ink.MUTED),),),
            id="resolved",
        )
        with Vertical():
            yield self.sources
            yield self.events
            yield self.resolved

    def on_mount(self) -> None:
        self._take_cursor(self.sources)
        self.sources.focus()

    @property
    def wanted_source(self) -> SourceHealth | None:
        return self.sources.cursor_row if self.focused is self.sources else None

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        super().on_descendant_focus(event)
        self._take_cursor(event.widget)
        self.show_hints()

    def _take_cursor(self, focused: Widget) -> None:
        """One cursor on the screen: in the list that has the keys."""
        if focused in self.lists:
            for view in self.lists:
                view.show_cursor(view is focused)

    @property
    def lists(self) -> tuple[LiveList[SourceHealth], LiveList[Event], LiveList[ResolvedAlert]]:
        """The three, from top to bottom."""
        return self.sources, self.events, self.resolved

    def show_body(self, update: Update) -> None:
        snapshot = update.snapshot
        sources = tuple(s for s in snapshot.sources if self.filter.matches_source(s))
        self._take_columns(any(source.failing_since is not None for source in sources))
        self.sources.set_rows(sources)
        if any(event.who for event in update.events) and not self._somebody:
            self._somebody = True
            self.events.set_columns((*EVENT_COLUMNS, WHO))
        self._show_log(tuple(e for e in update.events if self.filter.matches_event(e)))
        newest = sorted(snapshot.resolved, key=lambda item: item.at, reverse=True)
        self.resolved.set_rows(tuple(newest))
        self._share_lines(len(sources), len(newest))
        self.show_filter(len(sources), len(snapshot.sources))

    def _show_log(self, happened: tuple[Event, ...]) -> None:
        """The newest is in view unless somebody has gone down to read older ones."""
        log = self.events
        newest = not log.rows or log.cursor_key == _event_key(log.rows[0])
        log.set_rows(happened)
        if newest or self.focused is not log:
            log.action_first()

    def _take_columns(self, failing: bool) -> None:
        if failing is not self._failing:
            self._failing = failing
            ascii_only = self.console_app.ascii_only
            self.sources.set_columns(source_columns(ascii_only=ascii_only, failing=failing))

    def _share_lines(self, sources: int, resolved: int) -> None:
        """Sources and what was resolved take what they need, the log has the rest."""
        third = max(MIN_LINES, self.size.height // 3)
        self.sources.styles.height = max(MIN_LINES, min(sources + 1, third))
        self.resolved.styles.height = max(MIN_LINES, min(resolved + 1, third))

    def tick(self, now: Instant) -> None:
        super().tick(now)
        for view in self.lists:
            view.tick(now)

    def key_pressed(self) -> None:
        for view in self.lists:
            view.hold()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def why_not(self, action: Action) -> str:
        if action.id in ("row.open", "row.detail") and self.focused is not self.sources:
            return "only sources can be opened; tab goes to them"
        return ""

    def do_row_open(self) -> None:
        source = self.sources.cursor_row
        if source is not None:
            self.app.push_screen(SourceScreen(source.name))

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        source, event = self.sources.cursor_row, self.events.cursor_row
        if self.focused is self.events and event is not None:
            self.copy_text(f"{event.at.isoformat()} {event.subject}: {event.text}", "event")
        elif source is not None and source.failures and source.failures[0].curl:
            self.copy_text(source.failures[0].curl, "curl command")
        elif source is not None:
            self.copy_text(source.url or source.name, "address")


def event_ink(event: Event) -> Ink:
    """By its kind; of a step of a runbook by how it came out."""
    if event.carried is not None:
        return STEP_INKS.get(event.carried.state, Ink.PLAIN)
    return EVENT_INKS.get(event.kind, Ink.PLAIN)


def _event_key(event: Event) -> str:
    return f"{event.at.timestamp()} {event.kind} {event.key} {event.subject} {event.text}"


def source_columns(*, ascii_only: bool, failing: bool = False) -> tuple[Column[SourceHealth], ...]:
    """The columns of the list of sources.

    Args:
        failing: whether some source fails, so that it has to be told since when.
    """

    def state(source: SourceHealth, _: Instant) -> Spans:
        shape = state_shape(source.state, ascii_only)
        return ((f"{shape} {source.state.value}", STATE_INKS[source.state]),)

    since = (Column("SINCE", _since, width=8, priority=70),) if failing else ()
    return (
        Column("STATE", state, width=9, priority=100),
        Column("AGE", _age, width=6, priority=95, volatile=True, align="right"),
        Column("NEXT", _next, width=5, priority=60, volatile=True, align="right"),
        Column("SOURCE", _source, width=16, flex=1, most=36, priority=99),
        Column("KIND", lambda s, _: ((s.kind.value, Ink.MUTED),), width=12, priority=55),
        *since,
        Column("SAYS", _says, width=20, flex=6, priority=90),
    )


def _age(source: SourceHealth, now: Instant) -> Spans:
    if source.last_ok is None:
        return (("never", Ink.MUTED),)
    age = timedelta(seconds=now.mono - source.last_ok.mono)
    return ((age_text(age, coarse=True), Ink.PLAIN),)


def _next(source: SourceHealth, now: Instant) -> Spans:
    if source.next_try is None:
        return ()
    left_s = source.next_try.mono - now.mono
    if left_s <= 0:
        return (("now", Ink.MUTED),)
    return ((age_text(timedelta(seconds=left_s), coarse=True), Ink.MUTED),)


def _source(source: SourceHealth, _: Instant) -> Spans:
    name, slash, member = source.name.partition("/")
    return ((f"  {member}" if slash else name, Ink.MUTED if slash else Ink.STRONG),)


def _since(source: SourceHealth, now: Instant) -> Spans:
    if source.failing_since is None:
        return ()
    return ((clock_time(source.failing_since, now.wall), Ink.UNKNOWN),)


def _says(source: SourceHealth, _: Instant) -> Spans:
    if source.failures:
        more = len(source.failures) - 1
        tail = f" (+{more} more)" if more else ""
        return ((source.failures[0].cause + tail, Ink.UNKNOWN),)
    if source.degraded:
        return ((source.degraded, Ink.WARNING),)
    if source.warnings:
        return (("partial: ", Ink.WARNING), (source.warnings[0], Ink.WARNING))
    if source.state is not State.OK:
        return (("no answer yet", Ink.MUTED),)
    if source.version is not None:
        return (("version ", Ink.MUTED), (source.version, Ink.PLAIN))
    return ((source.url, Ink.MUTED),)


WHO: Column[Event] = Column(
    "WHO", lambda e, _: ((e.who, Ink.PLAIN),), width=6, flex=1, most=12, priority=40
)
"""Stands behind the others once somebody has done something."""
EVENT_COLUMNS: tuple[Column[Event], ...] = (
    Column("WHEN", lambda e, now: ((clock_time(e.at, now.wall), Ink.MUTED),), width=8, priority=99),
    Column(
        "EVENT",
        lambda e, _: ((e.kind.value, event_ink(e)),),
        width=8,
        priority=80,
    ),
    Column("WHAT", lambda e, _: ((e.subject, Ink.STRONG),), width=20, flex=2, most=44, priority=98),
    Column("SAYS", lambda e, _: ((e.text, Ink.PLAIN),), width=20, flex=5, priority=90),
)

RESOLVED_COLUMNS: tuple[Column[ResolvedAlert], ...] = (
    Column("WHEN", lambda r, n: ((clock_time(r.at, n.wall), Ink.MUTED),), width=8, priority=99),
    Column(
        "RESOLVED", lambda r, _: ((r.alert.name, Ink.OK),), width=16, flex=2, most=40, priority=98
    ),
    Column(
        "ON", lambda r, _: ((r.cell or "-", Ink.PLAIN),), width=10, flex=1, most=24, priority=80
    ),
    Column("PROOF", lambda r, _: ((r.proof, Ink.MUTED),), width=20, flex=5, priority=90),
)
