"""What lies inside one row: the alerts of a group, or the rows that are folded as old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
from textual.widget import Widget

from console.model.action import Action
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.model.update import Update
from console.model.words import age_text, state_shape
from console.model.worklist import Row, RowKind, Worklist
from console.safety.clock import Instant
from console.safety.text import Raw
from screens.detail import DetailScreen
from screens.here import Subject, subject_of_row
from screens.marking import Marking
from screens.rows import SENDING, Drawing, columns, is_dimmed, owner_spans
from widgets.columns import Column
from widgets.live_list import LiveList
from widgets.paint import STATE_INKS, Spans
from widgets.theme import Ink


class InnerList(Marking):
    """What both have in common: one list, whose rows open."""

    word: ClassVar[str] = "group"
    list: LiveList[Any]

    def on_mount(self) -> None:
        self.list.focus()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def do_row_open(self) -> None:
        """Open what is under the cursor."""
        self.do_row_detail()

    def do_row_detail(self, at: str = "") -> None:
        """Show all that is known of what is under the cursor, beginning at `at`."""
        raise NotImplementedError

    def do_row_trend(self) -> None:
        self.do_row_detail("trend")

    def do_row_links(self) -> None:
        self.do_row_detail("links")


class GroupScreen(InnerList):
    """The alerts of one group, one line each."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self._row = row

    def body(self) -> Iterable[Widget]:
        app = self.console_app
        self.list = LiveList[KnownAlert](
            alert_columns(self.drawing),
            key=lambda known: known.key,
            clock=app.clock,
            dimmed=_is_dimmed_alert,
        )
        yield self.list

    @property
    def wanted_row(self) -> Row | None:
        known = self.list.cursor_row
        return None if known is None else self.row_of(known)

    def row_of(self, shown: KnownAlert) -> Row:
        return narrowed(self._row, shown)

    @property
    def subject(self) -> Subject | None:
        known, update = self.list.cursor_row, self.console_app.fresh
        if known is None or update is None:
            return None
        return subject_of_row(narrowed(self._row, known), update.snapshot)

    def show_body(self, update: Update) -> None:
        found = row_of(self._row.key, update.worklist)
        if found is None:
            gone = "  this row is not in the worklist any more; esc goes back to it"
            self.list.set_empty((((gone, Ink.WARNING),),))
        self._row = found or msgspec.structs.replace(self._row, alerts=())
        alerts = tuple(known for known in self._row.alerts if self.filter.matches_alert(known))
        if self._row.alerts and not alerts:
            self.list.set_empty(((("  no alert matches the filter; esc clears it", Ink.MUTED),),))
        self.list.set_rows(alerts)
        self.drop_marks_of_gone(known.key for known in self._row.alerts)
        self.show_filter(len(alerts), len(self._row.alerts))

    def why_not(self, action: Action) -> str:
        return "there is no alert" if action.group == "row" and not self.list.rows else ""

    def do_row_detail(self, at: str = "") -> None:
        known = self.list.cursor_row
        if known is not None:
            self.app.push_screen(DetailScreen(narrowed(self._row, known), at=at))

    def do_row_copy(self) -> None:
        known = self.list.cursor_row
        if known is not None:
            self.copy_text(known.alert.labels.written, "labels")


class OldScreen(InnerList):
    """The rows that have been firing for longer than the fold."""

    def body(self) -> Iterable[Widget]:
        app = self.console_app
        self.list = LiveList[Row](
            columns(self.drawing),
            key=lambda row: row.key,
            clock=app.clock,
            dimmed=is_dimmed,
            empty=((("  nothing has been firing for that long", Ink.MUTED),),),
        )
        yield self.list

    @property
    def wanted_row(self) -> Row | None:
        return self.list.cursor_row

    @property
    def subject(self) -> Subject | None:
        row, update = self.list.cursor_row, self.console_app.fresh
        return None if row is None or update is None else subject_of_row(row, update.snapshot)

    def show_body(self, update: Update) -> None:
        rows = tuple(row for row in update.worklist.old if self.filter.matches_row(row))
        self.list.set_rows(rows)
        self.drop_marks_of_gone(row.key for row in update.worklist.old)
        self.show_filter(len(rows), len(update.worklist.old))

    def why_not(self, action: Action) -> str:
        return "there is no row" if action.group == "row" and not self.list.rows else ""

    def do_row_open(self) -> None:
        row = self.list.cursor_row
        if row is not None and row.count > 1:
            self.app.push_screen(GroupScreen(row))
        elif row is not None:
            self.app.push_screen(DetailScreen(row))

    def do_row_detail(self, at: str = "") -> None:
        row = self.list.cursor_row
        if row is not None:
            self.app.push_screen(DetailScreen(row, at=at))

    def do_row_copy(self) -> None:
        row = self.list.cursor_row
        if row is not None:
            self.copy_text(row.title, "alert name")


def row_of(key: str, worklist: Worklist) -> Row | None:
    """The row of that key, folded ones among them."""
    return next((row for row in (*worklist.rows, *worklist.old) if row.key == key), None)


def narrowed(row: Row, known: KnownAlert) -> Row:
    """`row` as if `known` were the only alert in it."""
    labels = known.alert.labels
    return msgspec.structs.replace(
        row,
        kind=RowKind.ALERT,
        alerts=(known,),
        state=known.state,
        standing=known.standing,
        title=known.alert.name,
        where=labels.value_of("instance") or row.where,
        since=known.alert.starts_at,
        cell=known.cell,
        shared=(),
        acked_by=known.ack.owner if known.ack else None,
        acked_at=known.ack.since if known.ack else None,
        acked_count=1 if known.ack else 0,
        acks=(known.ack,) if known.ack else (),
        parts=(),
    )


def _is_dimmed_alert(known: KnownAlert) -> bool:
    return known.standing is not Standing.FIRING or known.state in (State.STALE, State.LOST)


def alert_columns(drawing: Drawing) -> tuple[Column[KnownAlert], ...]:
    """The columns for single alerts."""

    def state(known: KnownAlert, _: Instant) -> Spans:
        return ((state_shape(known.state, drawing.ascii_only), STATE_INKS[known.state]),)

    def age(known: KnownAlert, now: Instant) -> Spans:
        since: timedelta = now.wall - known.alert.starts_at
        return ((age_text(since, coarse=True), Ink.PLAIN),)

    def standing(known: KnownAlert, _: Instant) -> Spans:
        ink = Ink.PLAIN if known.standing is Standing.FIRING else Ink.MUTED
        return ((known.standing.value, ink),)

    def owner(known: KnownAlert, now: Instant) -> Spans:
        if known.key in drawing.sending():
            return SENDING
        ack = known.ack
        return (
            (("-", Ink.MUTED),) if ack is None else owner_spans(ack.owner, ack.since, now, drawing)
        )

    return (
        Column("", state, width=1, priority=95),
        Column("FOR", age, width=6, priority=80, volatile=True, align="right"),
        Column("STANDING", standing, width=9, priority=60),
        Column("ALERT", lambda k, _: ((k.alert.name, Ink.STRONG),), width=14, flex=2, priority=99),
        Column("ON", lambda k, _: ((place_of(k), Ink.PLAIN),), width=16, flex=3, priority=98,
               keeps_port=True),
        Column("OWNER", owner, width=7, flex=1, most=16, priority=70, volatile=True),
        Column("SEVERITY", _severity, width=8, priority=40),
        Column("SUMMARY", _summary, width=14, flex=4, priority=50),
    )  # fmt: skip


def place_of(known: KnownAlert) -> Raw:
    """Where an alert is: its instance, else what else tells."""
    labels = known.alert.labels
    for name in ("instance", "host", "pod", "namespace", "job"):
        value = labels.value_of(name)
        if value:
            return value
    return Raw(known.cell or "-")


def _severity(known: KnownAlert, _: Instant) -> Spans:
    return ((known.alert.labels.value_of("severity"), Ink.PLAIN),)


def _summary(known: KnownAlert, _: Instant) -> Spans:
    annotations = known.alert.annotations
    for name in ("summary", "description", "message"):
        if annotations.value_of(name):
            return ((annotations.value_of(name), Ink.PLAIN),)
    return ()
