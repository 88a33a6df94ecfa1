"""What somebody has to be asked about a row, one function a topic; each answers in lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from console.engine.evidence_changes import ReleaseAsker
from console.engine.evidence_noise import noise_line
from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic, failed, plain
from console.engine.questions import (
    Firing,
    PastFirings,
    RuleOf,
    RuleValue,
    rule_of,
)
from console.model.event import Event, EventKind
from console.model.labels import Labels
from console.model.run import Shelved
from console.model.snapshot import KnownAlert, Snapshot
from console.model.words import age_text, clock_time
from console.model.worklist import Row
from console.runbook.health_words import short_text
from console.runbook.matching import Candidate
from console.safety.clock import Instant
from console.safety.text import Raw, visible

SHOWN_LINES: Final = 5
WEEK: Final = timedelta(days=7)


class Asker(ReleaseAsker, Protocol):
    """Asks the Prometheus servers for all of it; `console.engine.inquiry` does."""

    async def rule_value(self, rule: RuleOf, labels: Labels) -> RuleValue: ...

    async def past_firings(self, source: str, labels: Labels, before: datetime) -> PastFirings: ...


# now


async def value_now(row: Row, snapshot: Snapshot, asker: Asker) -> tuple[EvidenceLine, ...]:
    """The rule's expression at this moment: `redis_up 0 (rule: == 0 for 1m)`."""
    first = row.alerts[0]
    rule = rule_of(first, snapshot)
    if rule is None:
        return ()
    told = await asker.rule_value(rule, first.alert.labels)
    condition = _condition(told)
    pieces: list[Piece] = []
    if told.value is not None:
        value = Piece(number_text(told.value), Tone.BAD if told.holds else Tone.STRONG)
        left = Raw(told.left)
        if len(told.left) <= _SHORT_LEFT:
            pieces += [Piece(left), Piece(" "), value, Piece(f" ({condition})", Tone.MUTED)]
        else:
            pieces += [value, Piece(f" ({condition}) of ", Tone.MUTED), Piece(left)]
    if told.failure is not None:
        pieces.append(Piece(f"  not known: {told.failure.cause}", Tone.UNKNOWN))
    elif told.holds is None:
        pieces.append(Piece("  the answer is partial, so it proves nothing", Tone.UNKNOWN))
    elif not told.holds:
        said = "not true at this moment" if pieces else f"not true at this moment ({condition})"
        pieces.append(Piece(f"  {said}", Tone.WARNING))
    elif told.partial:
        pieces.append(Piece("  partial", Tone.WARNING))
    return (EvidenceLine(Topic.NOW, tuple(pieces)),)


def _condition(told: RuleValue) -> str:
    lasting = f" for {_promql_duration(told.duration)}" if told.duration else ""
    return f"rule: {told.condition}{lasting}" if told.condition else f"rule:{lasting or ' at once'}"


def _promql_duration(duration: timedelta) -> str:
    """As rules are written: `1m`, `1h30m`."""
    left = round(duration.total_seconds())
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        whole, left = divmod(left, size)
        if whole:
            parts.append(f"{whole}{unit}")
    return "".join(parts) or "0s"


def number_text(value: float) -> str:
    """A measured value: four digits where it is small, whole where it is not."""
    if abs(value) >= 1000 and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


_SHORT_LEFT: Final = 28


# before


async def fired_before(
    row: Row, snapshot: Snapshot, asker: Asker, events: Sequence[Event]
) -> tuple[EvidenceLine, ...]:
    """The last time, how it ended, and how often in seven days."""
    if not row.alerts:
        return _cell_before(row, snapshot, events)
    first = row.alerts[0]
    rule = rule_of(first, snapshot)
    source = rule.source if rule is not None else first.owner
    now = snapshot.at.wall
    seen = _resolved_before(first, row, events)
    if source is None:
        if seen is not None:
            return (_last_line((seen,), now, first, events, ""),)
        said = "not known: no Prometheus among the sources evaluates it"
        return (plain(Topic.BEFORE, said, Tone.UNKNOWN),)
    told = await asker.past_firings(source, first.alert.labels, row.since)
    often = noise_line(first, told, snapshot, events)
    firings = told.firings
    if seen is not None and not any(_same(seen, one) for one in firings):
        firings = tuple(sorted((seen, *firings), key=lambda one: one.end, reverse=True))
    lines: list[EvidenceLine] = []
    if firings:
        partial = ", partial answer" if told.partial else ""
        lines.append(_last_line(firings, now, first, events, partial))
    elif told.failure is None and often is None:
        days = told.window.days
        kept = f"none in what {visible(told.source, cells=20)} keeps of {days} d"
        if told.partial:
            kept += ", of which the answer lacks a part"
        lines.append(plain(Topic.BEFORE, kept, Tone.UNKNOWN if told.partial else Tone.PLAIN))
    if told.failure is not None:
        lines.append(failed(Topic.BEFORE, told.failure))
    if often is not None:
        lines = [often, *(msgspec.structs.replace(line, rank=line.rank + 1) for line in lines)]
    return tuple(lines)


def _last_line(
    firings: Sequence[Firing],
    now: datetime,
    known: KnownAlert,
    events: Sequence[Event],
    partial: str,
) -> EvidenceLine:
    last = firings[0]
    local = last.start.astimezone()
    when = f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%d %b %H:%M}"
    week = sum(1 for one in firings if one.start >= now - WEEK)
    pieces = [Piece(when), Piece(f", {age_text(last.end - last.start, coarse=True)}")]
    who = _acked_by(known, last, events)
    if who:
        pieces.append(Piece(f", acked by {who}"))
    times = {0: "not once", 1: "once"}.get(week, f"{week} times")
    pieces.append(Piece(f"; {times} in 7 d{partial}", Tone.MUTED))
    return EvidenceLine(Topic.BEFORE, tuple(pieces))


def _acked_by(known: KnownAlert, last: Firing, events: Sequence[Event]) -> str:
    return next(
        (
            visible(event.who, cells=30)
            for event in events
            if event.kind is EventKind.ACKED
            and event.key == known.key
            and event.who
            and last.start <= event.at <= last.end + timedelta(minutes=5)
        ),
        "",
    )


def _resolved_before(known: KnownAlert, row: Row, events: Sequence[Event]) -> Firing | None:
    """The newest resolution of the same alert that this console saw proven."""
    mine = [event for event in events if event.key == known.key and event.at < row.since]
    ended = next((event for event in mine if event.kind is EventKind.RESOLVED), None)
    if ended is None:
        return None
    begun = next(
        (event.at for event in mine if event.kind is EventKind.FIRED and event.at <= ended.at), None
    )
    return Firing(begun or ended.at, ended.at)


def _same(one: Firing, other: Firing) -> bool:
    slack = timedelta(minutes=10)
    return one.start <= other.end + slack and other.start <= one.end + slack


def _cell_before(row: Row, snapshot: Snapshot, events: Sequence[Event]) -> tuple[EvidenceLine, ...]:
    """For a service of which only its own checks tell: when this console last saw it turn."""
    turned = [
        event
        for event in events
        if event.kind is EventKind.CELL and event.key == row.cell and event.at < row.since
    ]
    if not turned:
        said = "nothing in the event log; checks keep no history"
        return (plain(Topic.BEFORE, said, Tone.MUTED),)
    when = clock_time(turned[0].at, snapshot.at.wall)
    return (plain(Topic.BEFORE, f"{when} {turned[0].text}"),)


# book


def book_lines(
    found: Sequence[Candidate], shelf: Sequence[Shelved] = (), now: datetime | None = None
) -> tuple[EvidenceLine, ...]:
    """Candidate runbooks, the likeliest first: how that one has done, why the others are there.

    Args:
        shelf: what is known of runbooks; one that is not among them stands there with its reason.
    """
    if not found:
        return (plain(Topic.BOOK, "no runbook", Tone.MUTED),)
    known = {book.name.exact: book for book in shelf} if now is not None else {}
    pieces: list[Piece] = []
    for number, one in enumerate(found[:SHOWN_LINES], 1):
        many = f"{number} " if len(found) > 1 else ""
        where = "" if one.on_shelf else ", not here"
        book = known.get(one.name.exact) if number == 1 else None
        told = [f"({one.why}{where})"]
        if book is not None and now is not None:
            # The reason of the first of several is told by its place.
            told = [short_text(book, now), *(told if len(found) == 1 else ())]
        stale = ", stale" if book is not None and book.is_stale else ""
        pieces += [
            Piece(many, Tone.MUTED),
            Piece(one.name, Tone.STRONG),
            Piece(f" {' '.join(told)}", Tone.MUTED),
            Piece(stale, Tone.WARNING),
            Piece("   "),
        ]
    return (EvidenceLine(Topic.BOOK, tuple(pieces)),)


def at(lines: Iterable[EvidenceLine], when: Instant) -> tuple[EvidenceLine, ...]:
    """`lines` as learned at `when`, those that have no age of their own."""
    return tuple(
        line if line.at is not None else msgspec.structs.replace(line, at=when) for line in lines
    )
