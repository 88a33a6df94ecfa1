"""Ticks of the daily inspection, from any number of consoles at once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.outcomes import broken, clashed, denied, faulted
from console.actions.papers.recorded import Recorded
from console.journal.bench import Bench
from console.journal.change import Conflict, Write
from console.journal.document import DocumentFaults
from console.journal.errors import JournalFault
from console.journal.inspection import (
    LARGEST,
    MOST_TICKS,
    NAME_CELLS,
    NOTE_CELLS,
    AskedItem,
    inspection_path,
    read_inspection,
    settled,
    written_inspection,
)
from console.model.acting import Ended, Outcome
from console.model.daily import Tick
from console.model.event import Event, EventKind
from console.model.paper_wish import RestoreTick, TickInspection
from console.model.papers import BrokenPaper
from console.safety.text import visible

_TRIES: Final = 20
"""Other consoles tick the same day now and then, and not all the time."""
_MOST_CHARS: Final = 2_000
"""Of a note as it is typed; what is longer belongs into an incident."""

Ticks = tuple[Tick, ...]
Rule = Callable[[Ticks], tuple[Ticks, str, RestoreTick] | Effected]
"""The ticks as they shall be, what was done in words, and what takes it back."""


async def tick_inspection(wish: TickInspection, bench: Bench, doing: Doing) -> Effected:
    """Put a tick to an item of a day, or take the latest one back."""
    known = [one.name for one in doing.summary.inspection.items]
    item = visible(wish.item, cells=NAME_CELLS)
    if wish.item not in known:
        asked = visible(", ".join(known), cells=NOTE_CELLS) or "nothing"
        return denied("", f"the inspection has no item {item}", f"expected one of: {asked}")
    fault = _fault_of(wish)
    if fault:
        return denied("", f"{item} is not ticked: {fault}")
    fresh = settled(Tick(wish.item, doing.now, doing.who, bool(wish.ok), wish.value, wish.note))

    def rule(ticks: Ticks) -> tuple[Ticks, str, RestoreTick] | Effected:
        if wish.ok is None:
            latest = next((one for one in _newest_first(ticks) if one.item == item), None)
            if latest is None:
                return denied("", f"{item} of {wish.day.isoformat()} has no tick to take back")
            left = tuple(one for one in ticks if one is not latest)
            said = f"{item}: the tick of {latest.by or 'nobody'} is taken back"
            return left, said, RestoreTick(wish.day, back=latest)
        if len(ticks) >= MOST_TICKS:
            return denied("", f"{item} is not ticked: {MOST_TICKS} ticks are as many as a day has")
        return (*ticks, fresh), f"{item}: {_words(fresh)}", RestoreTick(wish.day, gone=fresh)

    return await _written(wish.day, rule, bench, doing)


async def restore_tick(wish: RestoreTick, bench: Bench, doing: Doing) -> Effected:
    """Have the ticks of a day again as they were before one was put, or taken back."""

    def rule(ticks: Ticks) -> tuple[Ticks, str, RestoreTick] | Effected:
        left = list(ticks)
        if wish.gone is not None:
            if wish.gone not in left:
                return denied("", "it is not taken back: that tick is not there any more")
            left.remove(wish.gone)
        if wish.back is not None and wish.back not in left:
            left.append(wish.back)
        one = wish.gone or wish.back
        item = one.item if one is not None else ""
        return tuple(sorted(left, key=_age)), f"{item}: taken back", RestoreTick(wish.day)

    effected = await _written(wish.day, rule, bench, doing, EventKind.UNDONE)
    return msgspec.structs.replace(effected, inverse=None)


async def _written(
    day: date,
    rule: Rule,
    bench: Bench,
    doing: Doing,
    kind: EventKind = EventKind.REPORT,
) -> Effected:
    """Read the day now, judge it by `rule`, write and commit it; again where somebody else was
    quicker."""
    path, title = inspection_path(day), f"inspection {day.isoformat()}"
    items = tuple(AskedItem(one.name, one.text) for one in doing.summary.inspection.items)
    record = Recorded(bench, doing)
    refused = clashed(title)
    for _ in range(_TRIES):
        sheet = await bench.library.sheet(path)
        if isinstance(sheet, JournalFault):
            refused = faulted(sheet)
            break
        read = read_inspection(sheet) if sheet.blob else None
        if isinstance(read, BrokenPaper):
            refused = broken(visible(path), read.faults)
            break
        ruled = rule(() if read is None else read.ticks)
        if isinstance(ruled, Effected):
            refused = ruled
            break
        ticks, said, inverse = ruled
        try:
            content = await asyncio.to_thread(
                written_inspection, sheet, day, ticks, items, bench.language
            )
        except DocumentFaults as error:
            refused = broken(visible(path), tuple(map(str, error.faults)))
            break
        # That another console ticks the same in the same second is two ticks of two people.
        write = Write(path, content, sheet.blob, alone=True)
        event = Event(doing.now, kind, title, said, visible(doing.who), link=path)
        told = await record.landed(event, f"{title} {said}", (write,))
        if isinstance(told, Conflict):
            continue
        if isinstance(told, JournalFault):
            refused = _uncommitted(path, said, told)
            break
        notices = (told.notice,) if told.notice else ()
        return Effected(Outcome(Ended.DONE, said, notices), inverse, event=event)
    await record.end(refused)
    return refused


def _fault_of(wish: TickInspection) -> str:
    if not 2000 <= wish.day.year < 3000:
        return f"there is no inspection of {wish.day.isoformat()}"
    if wish.value is not None and not (math.isfinite(wish.value) and abs(wish.value) <= LARGEST):
        return f"expected a figure up to {LARGEST:g}"
    if len(wish.note) > _MOST_CHARS:
        return f"expected a note of at most {_MOST_CHARS:,} characters, got {len(wish.note):,}"
    return ""


def _age(tick: Tick) -> datetime:
    return tick.at


def _newest_first(ticks: Ticks) -> list[Tick]:
    """Of one moment the one that was written down last in front."""
    return sorted(ticks, key=_age)[::-1]


def _words(tick: Tick) -> str:
    value = "" if tick.value is None else f", {tick.value:g}"
    note = f": {tick.note}" if tick.note else ""
    return f"{'ok' if tick.ok else 'not ok'}{value}{note}"


def _uncommitted(path: str, said: str, fault: JournalFault) -> Effected:
    if path not in fault.kept:
        return faulted(fault)
    text = f"{said}; it is on disk, in no commit yet: {fault.cause}"
    return Effected(Outcome(Ended.KEPT, text, (fault.remedy,)))
