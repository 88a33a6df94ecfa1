"""How a runbook has done so far, by the transcripts in the journal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median
from typing import Final

from console.model.run import BookHealth, PastRun

ENOUGH: Final = 3
"""Runs before anything is said about what people use to leave out."""


def health_of(name: str, past: Iterable[PastRun]) -> BookHealth:
    """How the runbook of that name has done, by those of `past` that are of it."""
    mine = [one for one in past if one.runbook == name]
    passed = [one for one in mine if one.passed]
    return BookHealth(
        runs=len(mine),
        last=max((one.began for one in mine), default=None),
        last_passed=max((one.began for one in passed), default=None),
        median_minutes=_median_minutes(passed),
        often_skipped=_often_skipped(mine),
    )


def _median_minutes(runs: Sequence[PastRun]) -> float | None:
    """Of those that somebody ended, and not before they began."""
    taken = [one.ended - one.began for one in runs if one.ended is not None]
    minutes = [each / timedelta(minutes=1) for each in taken if each >= timedelta(0)]
    return median(minutes) if minutes else None


def _often_skipped(runs: Sequence[PastRun]) -> tuple[str, ...]:
    """The most skipped first."""
    if len(runs) < ENOUGH:
        return ()
    counts = Counter(name for one in runs for name in dict.fromkeys(one.skipped))
    often = [(-count, name) for name, count in counts.items() if 2 * count >= len(runs)]
    return tuple(name for _, name in sorted(often))
