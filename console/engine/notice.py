"""Which rows are news, and when somebody is called for them.

`Newcomers` compares what the filter matches now with what it matched before; `Turns` keeps
the calls apart. Both are pure: what time it is comes with what they are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.model.event import Event, EventKind
from console.model.state import Priority
from console.model.update import Update
from console.model.words import count_text
from console.model.worklist import Row, RowKind, Worklist
from console.safety.clock import Instant
from console.safety.text import visible
from console.triage.filter import Filter

AGAIN_S: Final = 300.0
"""What matched within this time is no news when it matches again: it flickers, or the person
has just put it back by `u`. An ack that lapses after an hour is."""
CALL_CELLS: Final = 120


class Item(msgspec.Struct, frozen=True):
    """One row that somebody is to be called for."""

    key: str
    """The row's."""
    priority: Priority
    text: str
    """Title and place, safe to show."""


class News(msgspec.Struct, frozen=True):
    """What one update has that the one before had not."""

    rows: tuple[Item, ...] = ()
    """In the worklist's order."""
    matching: frozenset[str] = frozenset()
    """Keys of all rows that match."""
    reminders: tuple[str, ...] = ()
    """Safe to show, the oldest first."""
    storm: datetime | None = None
    """Since when there is one."""
    storm_text: str = ""
    already: int | None = None
    """Said once, when every source has been heard: how many rows matched by then."""


class Newcomers:
    """Remembers what matched. What is there at the console's start is no news."""

    def __init__(self, wanted: Filter) -> None:
        """`wanted`: without any term, no row is news."""
        self._wanted = wanted
        self._matched: dict[str, float] = {}
        self._looked_mono = 0.0
        self._last = Worklist(Instant(datetime.min.replace(tzinfo=UTC), 0.0))
        self._reminded: frozenset[Event] = frozenset()
        self._started = False

    def look(self, update: Update) -> News:
        """Compare `update` with the one before."""
        at = update.worklist.at.mono
        reminders = frozenset(e for e in update.events if e.kind is EventKind.REMINDER)
        rows, matching = self._rows(update.worklist, at)
        new_reminders = sorted(reminders - self._reminded, key=lambda event: event.at)
        self._reminded = reminders
        storm = update.worklist.storm
        news = News(
            rows=tuple(rows),
            matching=matching,
            reminders=tuple(visible(f"{e.subject}: {e.text}") for e in new_reminders),
            storm=storm.since if storm is not None else None,
            storm_text=_storm_text(update.worklist),
        )
        if self._started:
            return news
        complete = update.snapshot.complete and not update.snapshot.restored
        self._started = complete
        already = len(matching) if complete else None
        return msgspec.structs.replace(news, rows=(), reminders=(), already=already)

    def _rows(self, worklist: Worklist, at: float) -> tuple[list[Item], frozenset[str]]:
        # What matched at the last look is held however long ago that was: the console may
        # have been stopped by ctrl+z.
        before = {
            key: mono
            for key, mono in self._matched.items()
            if mono == self._looked_mono or at - mono < AGAIN_S
        }
        last, self._last = self._last, worklist
        there: set[str] = set()
        if worklist.group_by != last.group_by:
            # Alerts stand in other rows now, and some match by those: none of them is new.
            there = {known.key for row in last.rows for known in row.alerts}
        fresh: list[Item] = []
        matching = set()
        self._matched, self._looked_mono = dict(before), at
        for row in worklist.rows:
            if not self._wanted or row.kind is RowKind.OLD:
                continue
            keys = self._matching_keys(row)
            if not keys:
                continue
            matching.add(row.key)
            if any(key not in before and key not in there for key in keys):
                fresh.append(Item(row.key, row.priority, _row_text(row)))
            self._matched.update(dict.fromkeys(keys, at))
        return fresh, frozenset(matching)

    def _matching_keys(self, row: Row) -> Sequence[str]:
        """Of a row that is no alert its own key, else those of its alerts that match."""
        if not row.alerts:
            return (row.key,) if self._wanted.matches_row(row) else ()
        return [known.key for known in self._wanted.alerts_of(row)]


class Call(msgspec.Struct, frozen=True):
    """Somebody is called now."""

    text: str
    """One line, safe to show, `CALL_CELLS` at most."""


class Turns:
    """Keeps calls apart: one in `every`, what came meanwhile summed up, one in a storm."""

    def __init__(self, every: timedelta) -> None:
        self._every_s = every.total_seconds()
        self._waiting: dict[str, Item] = {}
        self._reminders: list[str] = []
        self._storm_text = ""
        self._in_storm: datetime | None = None
        self._called_mono: float | None = None

    def take(self, news: News) -> None:
        """Note what is new, and drop what waited and does not match any more."""
        self._reminders += news.reminders
        if news.storm is None:
            self._in_storm = None
        elif news.already is not None:
            self._in_storm = news.storm
        elif self._in_storm is None and (news.rows or self._waiting):
            self._in_storm, self._storm_text = news.storm, news.storm_text
        if self._in_storm is not None:
            self._waiting.clear()
            return
        self._waiting = {
            key: item for key, item in self._waiting.items() if key in news.matching
        } | {item.key: item for item in news.rows}

    def due(self, now: Instant) -> Call | None:
        """The call to be made now, if any; it is then made."""
        called = self._called_mono
        if called is not None and now.mono - called < self._every_s:
            return None
        waited = called is not None and now.mono - called < 2 * self._every_s
        more = "more" if waited else "new"
        parts = [self._storm_text, _summed(list(self._waiting.values()), more)]
        if self._reminders:
            rest = len(self._reminders) - 1
            tail = f", and {rest} more" if rest else ""
            parts.append(f"{self._reminders[0]}{tail}")
        text = "; ".join(part for part in parts if part)
        if not text:
            return None
        self.forget()
        self._called_mono = now.mono
        return Call(visible(text, cells=CALL_CELLS))

    def forget(self) -> None:
        """Drop what waits: nobody is to be called for it."""
        self._waiting.clear()
        self._reminders.clear()
        self._storm_text = ""


def _summed(items: Sequence[Item], more: str) -> str:
    if not items:
        return ""
    if len(items) == 1:
        return f"{items[0].priority} {items[0].text}"
    counts = []
    for priority in Priority:
        count = sum(item.priority is priority for item in items)
        if count:
            counts.append(f"{count_text(count)} {more} {priority}")
    return f"{', '.join(counts)}: {', '.join(_texts(items))}"


def _texts(items: Iterable[Item]) -> list[str]:
    """The most urgent ones; more than these few do not fit."""
    urgent = sorted(items, key=lambda item: item.priority)
    return [item.text for item in urgent[:5]]


def _row_text(row: Row) -> str:
    place = f" {visible(row.where, cells=60)}" if row.where else ""
    return f"{visible(row.title, cells=60)}{place}"


def _storm_text(worklist: Worklist) -> str:
    if worklist.storm is None:
        return ""
    p0 = worklist.counts.by_priority[Priority.P0].total
    storm = worklist.storm
    alerts, rows = count_text(storm.alerts), count_text(storm.rows)
    return f"storm: {alerts} alerts in {rows} rows; {count_text(p0)} P0 in all"
