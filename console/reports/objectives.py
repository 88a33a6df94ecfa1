"""What was to be reached, and whether it was: of one service, and of a figure of any kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from config.history import ObjectiveEntry
from console.model.names import folded
from console.model.saying import Saying, saying
from console.model.summary import Availability, Budget, Figure, Means, Unit, Verdict
from console.reports.material import Measured

_NOISE_S: Final = 1e-6
"""What floating point makes of whole milliseconds is less."""
EXCLUDED: Final = saying("all of the time is excluded")
UNWATCHED: Final = saying("nobody was watching")


def budget_of(availability: Availability, target: float | None) -> Budget | None:
    """The error budget over what was observed; `None`: no target, or nothing was observed."""
    if target is None or availability.known_s <= 0:
        return None
    # Without what floating point adds: of a budget that is just spent nothing is left.
    return Budget(round((1 - target) * availability.known_s, 6), availability.down_s)


def verdict_of(
    availability: Availability, target: float | None, least_coverage: float
) -> tuple[Verdict, Saying | None]:
    """Whether `target` was reached, and in words what is lacking where that cannot be said.

    Where too little was observed there are not enough data, but for one case: more downtime was
    seen than the target allows in the whole of the time that counts. It is missed then, since it
    would be with every second up that nobody saw.
    """
    if target is None:
        return Verdict.NOT_MEASURED, saying("nobody has set an objective")
    if availability.wanted_s <= 0:
        return Verdict.NOT_ENOUGH_DATA, EXCLUDED
    if availability.down_s > (1 - target) * availability.wanted_s + _NOISE_S:
        return Verdict.MISSED, None
    lacking = lacks(availability, least_coverage)
    if lacking is not None:
        return Verdict.NOT_ENOUGH_DATA, lacking
    is_met = availability.down_s <= (1 - target) * availability.known_s + _NOISE_S
    return (Verdict.MET if is_met else Verdict.MISSED), None


def lacks(availability: Availability, least_coverage: float) -> Saying | None:
    """What is lacking where less was observed than `least_coverage`; `None`: nothing is."""
    coverage = availability.coverage
    if coverage is None:
        return EXCLUDED
    if availability.known_s > 0 and coverage >= least_coverage:
        return None
    if availability.raw_known_s <= 0:
        return UNWATCHED
    # Down, so that it never reads as the share that would do.
    seen = math.floor(coverage * 1_000) / 10
    return saying(
        "{seen} % of the time was observed, {least} % is needed",
        seen=seen,
        least=least_coverage * 100,
    )


class Reading(msgspec.Struct, frozen=True):
    """What a figure of ours came to."""

    value: float | None = None
    before: float | None = None
    why_not: Saying | None = None
    """Where there is no value."""
    lacking: Saying | None = None
    """Why its data are not enough to be judged; `None`: they are."""
    judged: Verdict | None = None
    """The verdict, where it follows from more than the value and the bounds."""
    grows: bool = False
    """What has not been seen can only add to it."""
    coverage: float | None = None
    """Of the time, 0 to 1; `None`: it has none."""


def judged(value: float, above: float | None, below: float | None) -> Verdict:
    """Under `above` it is missed, and from `below` on; with neither it is only told."""
    if above is None and below is None:
        return Verdict.NOT_MEASURED
    missed = (above is not None and value < above) or (below is not None and value >= below)
    return Verdict.MISSED if missed else Verdict.MET


def figure_of(
    entry: ObjectiveEntry, reading: Reading, unit: Unit, source: Saying | None, service: str = ""
) -> Figure:
    """An objective that is a figure of ours, in the unit that is this figure's own."""
    value, why = finite(reading.value, reading.why_not)
    if value is None:
        verdict = Verdict.NOT_MEASURED if reading.lacking is None else Verdict.NOT_ENOUGH_DATA
    elif reading.judged is not None:
        verdict = reading.judged
    else:
        verdict = judged(value, entry.above, entry.below)
        is_certain = reading.grows and verdict is Verdict.MISSED and entry.below is not None
        if reading.lacking is not None and not is_certain:
            verdict = Verdict.NOT_ENOUGH_DATA
    if verdict is Verdict.NOT_ENOUGH_DATA:
        why = reading.lacking
    return Figure(
        name=entry.name,
        unit=unit,
        value=value,
        before=finite(reading.before)[0],
        above=entry.above,
        below=entry.below,
        verdict=verdict,
        means=Means.FIGURE if value is not None else Means.NONE,
        told_by=source if value is not None else None,
        service=service,
        lack=why,
        coverage=reading.coverage,
    )


def finite(
    value: float | None, why_not: Saying | None = None
) -> tuple[float | None, Saying | None]:
    """A number that can be told, or `None` and why there is none."""
    if value is None:
        return None, why_not or saying("there is no answer")
    if not math.isfinite(value):
        return None, saying("the answer was {value}; a number was expected", value=value)
    return value, None


class Answers:
    """What queries and people said of objectives, by objective and service."""

    def __init__(self, measured: Iterable[Measured]) -> None:
        self._found: dict[tuple[str, str], list[Measured]] = {}
        for one in measured:
            key = one.objective.casefold(), folded(one.service)
            self._found.setdefault(key, []).append(one)

    def of(self, entry: ObjectiveEntry, service: str) -> Measured | None:
        """The one that counts: what a query answered, else the worst that people wrote down of
        its days, else what they wrote down for good; else a query's failure, where one was
        asked."""
        several = self._found.get((entry.name.casefold(), folded(service)), ())
        usable = [one for one in several if finite(one.value)[0] is not None]
        asked = [one for one in usable if not one.by_hand]
        of_days = [one for one in usable if one.by_hand and one.day is not None]
        if asked:
            return asked[0]
        if of_days:
            return _worst(of_days, entry)
        return next(iter(usable), next(iter(several), None))


def _worst(several: Sequence[Measured], entry: ObjectiveEntry) -> Measured:
    """The furthest on the wrong side; of an objective without bounds the latest."""
    if entry.above is None and entry.below is None:
        return max(several, key=lambda one: str(one.day))
    sign = 1 if entry.below is not None else -1
    return max(several, key=lambda one: sign * (one.value or 0.0))


def asked_figures(
    entry: ObjectiveEntry, answers: Answers, before: Answers, known: Mapping[str, str]
) -> Iterator[Figure]:
    """An objective that a query or a person measures: one figure, or one of each service.

    Args:
        known: names of the services that there are, by what they fold to.
    """
    overall = answers.of(entry, "")
    for service in entry.services or ("",):
        found = answers.of(entry, service)
        if service and found is None and overall is not None:
            break
        earlier = before.of(entry, service)
        yield _asked(entry, found, earlier, known.get(folded(service), service) if service else "")
    else:
        return
    # Somebody wrote down one value for all of its services.
    yield _asked(entry, overall, before.of(entry, ""), "")


def _asked(
    entry: ObjectiveEntry, found: Measured | None, before: Measured | None, service: str
) -> Figure:
    if found is not None:
        why_not = found.why_not
    elif entry.query is not None:
        why_not = saying("it was not asked")
    else:
        why_not = saying("nothing measures it: name a query, or write its value down")
    value, why = finite(found.value if found is not None else None, why_not)
    means = Means.NONE
    if found is not None:
        means = Means.HAND if found.by_hand else Means.QUERY
    return Figure(
        name=entry.name,
        unit=Unit(entry.unit),
        value=value,
        before=finite(before.value)[0] if before is not None else None,
        above=entry.above,
        below=entry.below,
        verdict=Verdict.NOT_MEASURED if value is None else judged(value, entry.above, entry.below),
        means=means,
        told_by=found.source if found is not None else None,
        query=found.query if found is not None else entry.query or "",
        service=service,
        lack=why,
    )
