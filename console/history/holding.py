"""The rule by which samples become stretches, a sample at a time (`console.model.history`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from console.model.history import HOLD

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
MOST_AT_MS: Final = 221_845_392_000_000
"""The year 9000: what is reckoned from it, days later and in any zone, is still a date."""

Piece = tuple[int, int, int]
"""Start and end in milliseconds, and a sight's number."""


class Run(NamedTuple):
    """A stretch that still grows: seen one way from `start_ms` to `last_ms` at least."""

    start_ms: int
    last_ms: int
    sight: int


def begun(at_ms: int, sight: int) -> Run:
    """The run that a service's first sample begins."""
    return Run(at_ms, at_ms, sight)


def advanced(run: Run, at_ms: int, sight: int, every_ms: int) -> tuple[list[Piece], Run]:
    """What a sample at `at_ms`, later than the run's last, closes, and the run from then on.

    No piece reaches over a UTC midnight.
    """
    if at_ms - run.last_ms > HOLD * every_ms:
        return ended(run, every_ms), Run(at_ms, at_ms, sight)
    if sight != run.sight:
        return list(by_days(run.start_ms, at_ms, run.sight)), Run(at_ms, at_ms, sight)
    midnight = at_ms - at_ms % DAY_MS
    if midnight <= run.start_ms:
        return [], Run(run.start_ms, at_ms, sight)
    return list(by_days(run.start_ms, midnight, sight)), Run(midnight, at_ms, sight)


def ended(run: Run, every_ms: int) -> list[Piece]:
    """The pieces of a run after which no sample came in time."""
    return list(by_days(run.start_ms, run.last_ms + every_ms, run.sight))


def by_days(start_ms: int, end_ms: int, sight: int) -> Iterator[Piece]:
    """A stretch cut at every UTC midnight."""
    while start_ms < end_ms:
        midnight = start_ms - start_ms % DAY_MS + DAY_MS
        cut_ms = min(midnight, end_ms)
        yield start_ms, cut_ms, sight
        start_ms = cut_ms


def pieces_of(samples: Iterable[tuple[int, int]], every_ms: int) -> list[Piece]:
    """All pieces of one service in one recording, from `(at_ms, sight)` in order."""
    found: list[Piece] = []
    run: Run | None = None
    for at_ms, sight in samples:
        if run is None:
            run = begun(at_ms, sight)
        elif (
            sight == run.sight
            and at_ms - run.last_ms <= HOLD * every_ms
            and at_ms - at_ms % DAY_MS <= run.start_ms
        ):
            run = Run(run.start_ms, at_ms, sight)
        else:
            closed, run = advanced(run, at_ms, sight, every_ms)
            found += closed
    return found if run is None else found + ended(run, every_ms)
