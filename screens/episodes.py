"""Every episode of an alert over the seven days."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from console.model.action import Action
from console.model.history import Bout
from console.model.summary import Noise
from console.model.update import Update
from console.model.words import many
from console.model.worklist import Row
from console.safety.clock import Instant
from console.safety.text import visible
from screens.acting import NOT_UP
from screens.summary_about import times
from screens.summary_asking import Weeks
from screens.summary_deeds import SummaryDeeds
from screens.summary_words import (
    NONE,
    days_text,
    local_text,
    local_zone,
    seconds_cell,
    touched_text,
)
from widgets.columns import Column
from widgets.detail import Detail, SpanLine
from widgets.live_list import LiveList
from widgets.paint import PRIORITY_INKS, Span, Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

_NOTHING: Spans = ((NONE, Ink.MUTED),)


@dataclass(frozen=True, eq=False)
class BoutRow:
    """One episode."""

    bout: Bout
    zone: tzinfo

    @property
    def key(self) -> str:
        """The episode's own."""
        return f"{self.bout.key} {self.bout.start.isoformat()}"


def bout_columns() -> tuple[Column[BoutRow], ...]:
    """The columns of episodes."""
    return (
        Column("BEGAN", _began, width=12, priority=99, align="right"),
        Column("FOR", _for, width=7, priority=97, align="right"),
        Column("P", lambda row, _: _priority(row), width=2, priority=90),
        Column("ACKED", _acked, width=18, flex=1, most=28, priority=92),
        Column("ENDED", _ended, width=12, priority=95),
        Column("LATE", _late, width=9, priority=93),
        Column("ON", lambda row, _: ((row.bout.where, Ink.PLAIN),), width=12, flex=2, most=40,
               priority=70),
        Column("SILENCED", _silenced, width=12, priority=50),
        Column("SOURCE", _source, width=8, flex=1, most=24, priority=40),
    )  # fmt: skip


def _began(row: BoutRow, _: Instant) -> Spans:
    return ((local_text(row.bout.start, row.zone), Ink.STRONG),)


def _end_of(bout: Bout, now: datetime) -> datetime:
    return bout.resolved_at or bout.seen_at or now


def _for(row: BoutRow, now: Instant) -> Spans:
    bout = row.bout
    lasted = max(0.0, (_end_of(bout, now.wall) - bout.start).total_seconds())
    least = "" if bout.resolved_at is not None else ">"
    return ((f"{least}{seconds_cell(lasted)}", Ink.PLAIN),)


def _priority(row: BoutRow) -> Spans:
    return ((str(row.bout.priority), PRIORITY_INKS[row.bout.priority]),)


def _acked(row: BoutRow, _: Instant) -> Spans:
    bout = row.bout
    if bout.acked_at is None:
        return (("nobody", Ink.MUTED),)
    after = seconds_cell(max(0.0, (bout.acked_at - bout.start).total_seconds()))
    who = visible(bout.acked_by, cells=16)
    return ((f"{after} {who}".strip(), Ink.PLAIN),)


def _ended(row: BoutRow, _: Instant) -> Spans:
    bout = row.bout
    if bout.resolved_at is not None:
        return ((local_text(bout.resolved_at, row.zone), Ink.PLAIN),)
    return (("no end seen", Ink.UNKNOWN),)


def _late(row: BoutRow, now: Instant) -> Spans:
    bout = row.bout
    if bout.silenced_at is not None and (
        bout.acked_at is None or bout.silenced_at <= bout.acked_at
    ):
        return _NOTHING  # no clock of its counts
    said = []
    answered = bout.acked_at or bout.resolved_at or now.wall
    if bout.respond_by is not None and answered > bout.respond_by:
        said.append("ack")
    if bout.resolve_by is not None and (bout.resolved_at or now.wall) > bout.resolve_by:
        said.append("end")
    return ((" ".join(said), Ink.WARNING),) if said else _NOTHING


def _silenced(row: BoutRow, _: Instant) -> Spans:
    at = row.bout.silenced_at
    return _NOTHING if at is None else ((local_text(at, row.zone), Ink.MUTED),)


def _source(row: BoutRow, _: Instant) -> Spans:
    return ((row.bout.source or NONE, Ink.MUTED),)


class EpisodesScreen(SummaryDeeds):
    """The episodes of one noisy alert, the latest first."""

    word: ClassVar[str] = "episodes"

    def __init__(self, noise: Noise, weeks: Weeks) -> None:
        super().__init__()
        self._noise = noise
        self._weeks = weeks
        self._bouts: tuple[Bout, ...] | str | None = None

    @property
    def weeks(self) -> Weeks:
        return self._weeks

    def body(self) -> Iterable[Widget]:
        self.head = Detail(id="head")
        self.head.can_focus = False
        self.list = LiveList[BoutRow](
            bout_columns(),
            key=lambda row: row.key,
            clock=self.console_app.clock,
            id="episodes",
        )
        yield self.head
        yield self.list

    def on_mount(self) -> None:
        self.list.focus()
        self._draw()
        self.run_worker(self._ask(), exit_on_error=False, group="bouts")

    async def _ask(self) -> None:
        week, noise = self._weeks.week, self._noise
        if week is None:
            return
        first, last = week.first, week.last

        async def asked(engine: Engine) -> tuple[Bout, ...] | str:
            return await engine.week.bouts(first, last, noise.service, noise.alert)

        future = self.console_app.engine.ask(asked)
        self._bouts = NOT_UP if future is None else await asyncio.wrap_future(future)
        self._draw()

    def _draw(self) -> None:
        week = self._weeks.week
        if week is None:
            return
        zone, bouts = local_zone(week.zone), self._bouts
        if bouts is None:
            self.list.set_empty([(("  the episodes are being looked for", Ink.MUTED),)])
        elif isinstance(bouts, str):
            self.list.set_empty([((f"  {bouts}", Ink.WARNING),)])
        else:
            noise = self._noise
            mine = [one for one in bouts if not noise.where or one.where == noise.where]
            rows = [BoutRow(one, zone) for one in mine or bouts]
            rows.sort(key=lambda row: row.bout.start, reverse=True)
            self.list.set_empty([(("  no episode is known any more", Ink.MUTED),)])
            self.list.set_rows(tuple(rows))
        self._show_head(days_text(week))
        self.show_hints()

    def _show_head(self, days: str) -> None:
        noise = self._noise
        title: list[Span] = [(noise.alert, Ink.HEADING), ("  ", Ink.PLAIN)]
        title += [(noise.where, Ink.STRONG), (f"  {days}", Ink.MUTED)]
        said = (
            f"fired {times(noise.count)}, {seconds_cell(noise.total_s)} in all; "
            f"{touched_text(noise)}; "
            f"{many(len(noise.incidents), 'incident')}"
        )
        self.head.show((SpanLine(tuple(title)), SpanLine(((said, Ink.PLAIN),))))

    def show_body(self, update: Update) -> None:
        self._draw()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)

    def key_pressed(self) -> None:
        self.list.hold()

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def why_not(self, action: Action) -> str:
        if action.id == "row.copy" and self.list.cursor_row is None:
            return "there is no episode"
        return super().why_not(action)

    def do_noise_action(self) -> None:
        """Have something done about this alert."""
        self.ask_item(self._noise)

    def do_row_copy(self) -> None:
        row = self.list.cursor_row
        if row is not None:
            began = row.bout.start.isoformat(timespec="seconds")
            self.copy_text(
                f"{visible(row.bout.alert)} {visible(row.bout.where)} {began}", "episode"
            )
