"""What the history file and Prometheus tell of some time, service by service, as one.

In a thread: it reads a file. Nothing in it waits for the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.week.filling import filled, holes_of
from console.history.fault import HistoryError, HistoryFault
from console.model.history import (
    Bout,
    Observed,
    Origin,
    Recording,
    Stretch,
    ending_of,
    together,
)
from console.model.saying import Saying, listed, saying
from console.model.summary import Gap
from console.model.unix import milliseconds, moment

if TYPE_CHECKING:
    from console.history.reader import Reader


class Span(msgspec.Struct, frozen=True):
    """From one moment on and before another, both aware UTC."""

    start: datetime
    end: datetime

    @property
    def start_ms(self) -> int:
        return milliseconds(self.start)

    @property
    def end_ms(self) -> int:
        return milliseconds(self.end)


class FromPrometheus(msgspec.Struct, frozen=True):
    """What Prometheus told of one span."""

    observed: Mapping[str, Observed]
    """By service."""
    bouts: tuple[Bout, ...] = ()
    is_silent: bool = False
    """No server gave an answer: it need not be asked about another time as well."""
    is_whole: bool = True
    """It was asked to the end: nothing is missing for want of time."""


NOTHING: Final = FromPrometheus({})
SILENCE: Final = FromPrometheus({}, is_silent=True)
LEAST_GAP: Final = timedelta(minutes=1)
SMALL_MS: Final = 300_000
SMALL_SHARE: Final = 0.001
"""What history lacks of a service is not worth asking for below both: a restart of whoever
records, and of a week the ten minutes that 99.9 % leave."""


@contextmanager
def reading(folder: Path | None) -> Iterator[Reader | None]:
    """The history file of `folder`, open; `None`: there is none.

    Raises:
        HistoryError: it cannot be read.
    """
    from console.history.reader import open_reader

    found = None if folder is None else open_reader(folder)
    if isinstance(found, HistoryFault):
        raise HistoryError(
            found.problem, expected=found.expected, remedy=found.remedy, is_held=found.is_held
        )
    try:
        yield found
    finally:
        if found is not None:
            found.close()


def covered(reader: Reader | None, span: Span, wanted: frozenset[str]) -> frozenset[str] | None:
    """The services of which history has all of `span` but what is not worth asking for.

    `None`: all of `wanted` are among them, or where nothing is wanted all that history has.
    """
    if reader is None:
        return frozenset()
    length_ms = span.end_ms - span.start_ms
    enough_ms = length_ms - max(SMALL_MS, length_ms * SMALL_SHARE)
    told = {
        one.service: one.known_ms >= enough_ms
        for one in reader.observed(span.start_ms, span.end_ms, latencies=False)
    }
    needed = wanted or told.keys()
    if needed and all(told.get(name, False) for name in needed):
        return None
    return frozenset(name for name, is_covered in told.items() if is_covered)


def look_at(
    reader: Reader | None, told: FromPrometheus, span: Span
) -> Callable[[], Iterator[Observed]]:
    """Every service once: as history has it, and from Prometheus when history did not see it."""

    def look() -> Iterator[Observed]:
        left = dict(told.observed)
        if reader is not None:
            for one in reader.observed(span.start_ms, span.end_ms):
                other = left.pop(one.service, None)
                yield one if other is None else filled(one, other, span.start_ms, span.end_ms)
        yield from left.values()

    return look


def bouts_of(reader: Reader | None, told: FromPrometheus, span: Span) -> tuple[Bout, ...]:
    """Every episode that either tells of, by start; what both tell of stands there twice."""
    own = () if reader is None else reader.bouts(span.start, span.end)
    return tuple(sorted((*own, *told.bouts), key=lambda bout: bout.start))


def gaps_of(reader: Reader | None, told: FromPrometheus, span: Span) -> tuple[Gap, ...]:
    """When nobody recorded, but for when Prometheus did, where it tells of all services that
    history tells of; what is shorter than `LEAST_GAP` counts, and is not worth a line."""
    if reader is None:
        return ()
    gaps = reader.gaps(span.start_ms, span.end_ms)
    if gaps and told.observed:
        own = reader.observed(span.start_ms, span.end_ms, latencies=False)
        if all(one.service in told.observed for one in own):
            seen = together([list(one.stretches) for one in told.observed.values()])
            gaps = tuple(_unseen(gaps, seen))
    return tuple(one for one in gaps if one.end - one.start >= LEAST_GAP)


def _unseen(gaps: Iterable[Gap], seen: tuple[Stretch, ...]) -> Iterator[Gap]:
    for gap in gaps:
        for start_ms, end_ms in holes_of(seen, milliseconds(gap.start), milliseconds(gap.end)):
            yield Gap(moment(start_ms), moment(end_ms), gap.cause)


_BY: Final = {
    Origin.CONSOLE: saying("console"),
    Origin.RECORDER: saying("recorder"),
    Origin.PROMETHEUS: saying("prometheus"),
    Origin.IMPORTED: saying("imported"),
}


def recorders_of(recordings: Iterable[Recording]) -> Saying | None:
    """Who recorded; `None`: nobody."""
    found = sorted({(one.by, one.origin) for one in recordings})
    who = listed(saying("{by} ({how})", by=by, how=_BY[origin]) for by, origin in found)
    return None if who is None else saying("history: {who}", who=who)


def endings_of(recordings: Iterable[Recording], span: Span) -> tuple[Saying, ...]:
    """How recordings ended within `span` that did not end well."""
    return tuple(
        saying("{by}: {why}", by=one.by, why=ending_of(one.why_ended))
        for one in recordings
        if one.why_ended
        and one.ended_ms is not None
        and span.start_ms <= one.ended_ms + one.every_ms < span.end_ms
    )
