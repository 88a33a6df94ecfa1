"""What the history file and Prometheus tell of some time, service by service, the better of both.

In a thread: it reads a file. Nothing in it waits for the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from console.history.fault import HistoryError, HistoryFault
from console.model.history import Bout, Observed, Origin, Recording, Sight, ending_of
from console.model.saying import Saying, listed, saying
from console.model.summary import Gap
from console.model.unix import milliseconds

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


NOTHING: Final = FromPrometheus({})
SILENCE: Final = FromPrometheus({}, is_silent=True)
LEAST_GAP: Final = timedelta(minutes=1)


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


def known_ms(observed: Observed) -> int:
    """How long it was observed, in milliseconds."""
    return sum(
        one.end_ms - one.start_ms for one in observed.stretches if one.sight is not Sight.UNKNOWN
    )


def share_known(reader: Reader | None, span: Span, services: Iterable[str]) -> float:
    """Which share of `span`, over all of `services`, history has observed; 0 where it has none.

    Where no service is registered it is of all that history has.
    """
    wanted = frozenset(services)
    if reader is None or span.end_ms <= span.start_ms:
        return 0.0
    found = {
        one.service: known_ms(one)
        for one in reader.observed(span.start_ms, span.end_ms, latencies=False)
    }
    counted = wanted or frozenset(found)
    if not counted:
        return 0.0
    whole = len(counted) * (span.end_ms - span.start_ms)
    return sum(found.get(name, 0) for name in counted) / whole


def look_at(
    reader: Reader | None, told: FromPrometheus, span: Span
) -> Callable[[], Iterator[Observed]]:
    """Every service once: as history has it, or Prometheus where that observed more of it."""

    def look() -> Iterator[Observed]:
        left = dict(told.observed)
        if reader is not None:
            for one in reader.observed(span.start_ms, span.end_ms):
                other = left.pop(one.service, None)
                yield one if other is None or known_ms(one) >= known_ms(other) else other
        yield from left.values()

    return look


def bouts_of(reader: Reader | None, told: FromPrometheus, span: Span) -> tuple[Bout, ...]:
    """Every episode that either tells of, by start; what both tell of stands there twice."""
    own = () if reader is None else reader.bouts(span.start, span.end)
    return tuple(sorted((*own, *told.bouts), key=lambda bout: bout.start))


def gaps_of(reader: Reader | None, told: FromPrometheus, span: Span) -> tuple[Gap, ...]:
    """When nobody recorded, unless Prometheus told better of every service; what is shorter than
    `LEAST_GAP` counts, and is not worth a line."""
    if reader is None or not _tells(reader, told, span):
        return ()
    gaps = reader.gaps(span.start_ms, span.end_ms)
    return tuple(one for one in gaps if one.end - one.start >= LEAST_GAP)


def _tells(reader: Reader, told: FromPrometheus, span: Span) -> bool:
    """Whether the history is what tells of a service."""
    return not told.observed or any(
        (other := told.observed.get(one.service)) is None or known_ms(one) >= known_ms(other)
        for one in reader.observed(span.start_ms, span.end_ms, latencies=False)
    )


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
