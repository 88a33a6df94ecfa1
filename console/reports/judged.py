"""What a whole week comes to, and which of its services a person ought to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from console.model.daily import Daily, ServiceDay
from console.model.summary import Availability, Figure, ServiceWeek, Verdict, Week

_WORST_FIRST = (Verdict.MISSED, Verdict.NOT_ENOUGH_DATA, Verdict.MET)


def overall(week: Week) -> Verdict:
    """Missed where any objective was; else "not enough data" where it lacks for any, else met.
    "Not measured" where nothing has an objective."""
    found = {one.verdict for one in week.services}
    found |= {one.verdict for one in measured(all_figures(week))}
    return next((one for one in _WORST_FIRST if one in found), Verdict.NOT_MEASURED)


def all_figures(week: Week) -> Iterator[Figure]:
    """Those of the whole, then those of each service."""
    yield from week.objectives
    for one in week.services:
        yield from one.figures


def measured(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Those that anything measures."""
    return tuple(one for one in figures if one.verdict is not Verdict.NOT_MEASURED or has(one))


def has(figure: Figure) -> bool:
    """Whether it came to anything."""
    return figure.value is not None


def verdicts(of: Iterable[ServiceWeek | Figure]) -> Counter[Verdict]:
    """How many there are of each."""
    return Counter(one.verdict for one in of)


def to_look_at(week: Week) -> tuple[ServiceWeek, ...]:
    """The services that missed their objective, the worst first, then those that lack data."""
    missed = [one for one in week.services if one.verdict is Verdict.MISSED]
    lacking = [one for one in week.services if one.verdict is Verdict.NOT_ENOUGH_DATA]
    missed.sort(key=lambda one: -one.total.down_s)
    lacking.sort(key=lambda one: one.total.coverage or 0.0)
    return (*missed, *lacking)


def is_lacking(of: Availability, least_coverage: float) -> bool:
    """Whether too little was observed to say anything. All excluded: it is not."""
    return of.coverage is not None and of.coverage < least_coverage


def had_downtime(daily: Daily) -> tuple[ServiceDay, ...]:
    """The services of a day that were down in it, the longest first."""
    found = [one for one in daily.services if one.availability.down_s > 0]
    return tuple(sorted(found, key=lambda one: -one.availability.down_s))
