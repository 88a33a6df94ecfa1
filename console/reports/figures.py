"""The figures that the console reckons itself, for all services together or for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Final

from config.history import FigureName, ObjectiveEntry
from console.model.history import AND, Bout
from console.model.latency import added
from console.model.names import folded
from console.model.registry import ServiceType
from console.model.run import StepState
from console.model.saying import Saying, listed, saying
from console.model.summary import Availability, Figure, Response, Unit, summed
from console.reports.bouts import is_known_to_history, merged, sources_of
from console.reports.days import before, moments
from console.reports.exclusions import is_for
from console.reports.lines import carried_out, started_at
from console.reports.material import Material
from console.reports.objectives import (
    EXCLUDED,
    UNWATCHED,
    Answers,
    Reading,
    asked_figures,
    figure_of,
    lacks,
    verdict_of,
)
from console.reports.responses import response_of
from console.reports.seen import Earlier, Seen, Sights, source_of

PAGE_LOAD: Final = "page load"
"""The objective that is about all pages, where it names no services."""
UNITS: Final[dict[FigureName, Unit]] = {
    "availability": Unit.PERCENT,
    "coverage": Unit.PERCENT,
    "p50": Unit.SECONDS,
    "p95": Unit.SECONDS,
    "p99": Unit.SECONDS,
    "mtta": Unit.SECONDS,
    "mttr": Unit.SECONDS,
    "late acks": Unit.COUNT,
    "late ends": Unit.COUNT,
    "alerts": Unit.COUNT,
    "incidents": Unit.COUNT,
    "changes": Unit.COUNT,
    "automated": Unit.PERCENT,
}
"""A figure's unit is its own, whatever the settings say of it."""
_PERCENT: Final[dict[FigureName, float]] = {"p50": 50, "p95": 95, "p99": 99}
_OF_ALERTS: Final[dict[FigureName, tuple[str, Saying | None, bool]]] = {
    "mtta": ("mtta_s", saying("no alert was taken"), False),
    "mttr": ("mttr_s", saying("no alert ended"), False),
    "late acks": ("late_acks", None, True),
    "late ends": ("late_ends", None, True),
    "alerts": ("count", None, True),
}
"""By figure: where a `Response` has it, why it may have none, and whether more only adds to it."""
_JOURNAL: Final = saying("journal")
_MOST_SOURCES: Final = 3


class Figures:
    """Those of one report."""

    def __init__(self, material: Material, sights: Sights) -> None:
        self._material = material
        self._sights = sights
        self._by_name = {one.name: one for one in sights.seen}
        self._known = {folded(name): name for name in self._by_name}
        self._answers = Answers(material.measured)
        self._answers_before = Answers(material.measured_before)
        self._span = moments(material.window, material.now)
        self._span_before = moments(before(material.window), material.now)

    def of(self, entries: Iterable[ObjectiveEntry]) -> tuple[Figure, ...]:
        """Each entry, for all together or for each of its services, measured or not."""
        found: list[Figure] = []
        for entry in entries:
            if entry.figure is None:
                found.extend(asked_figures(entry, self._answers, self._answers_before, self._known))
                continue
            for service in entry.services or ("",):
                found.append(self._reckoned(entry, entry.figure, service))
        return tuple(found)

    @cached_property
    def bouts(self) -> tuple[Bout, ...]:
        """Each episode once."""
        return merged(self._material.bouts)

    @cached_property
    def bouts_before(self) -> tuple[Bout, ...] | None:
        """Those of the window before; `None`: not known."""
        known = self._material.bouts_before
        return None if known is None else merged(known)

    def _reckoned(self, entry: ObjectiveEntry, figure: FigureName, service: str) -> Figure:
        name = self._known.get(folded(service), service) if service else ""
        unit = UNITS[figure]
        if name and name not in self._by_name:
            reading = Reading(why_not=saying("there is no service of that name"))
            return figure_of(entry, reading, unit, None, name)
        scope = self._scope(entry, name)
        if not scope and figure in ("availability", "coverage", *_PERCENT):
            is_page = entry.name.casefold() == PAGE_LOAD
            none = saying("no page is registered" if is_page else "no service is registered")
            return figure_of(entry, Reading(why_not=none), unit, None, name)
        reading, source = self._reading(entry, figure, scope, name)
        return figure_of(entry, reading, unit, source, name)

    def _scope(self, entry: ObjectiveEntry, name: str) -> Sequence[Seen]:
        if name:
            return (self._by_name[name],)
        if entry.name.casefold() == PAGE_LOAD:
            return [
                one
                for one in self._sights.seen
                if one.service is not None and one.service.type is ServiceType.PAGE
            ]
        return self._sights.seen

    def _reading(
        self, entry: ObjectiveEntry, figure: FigureName, scope: Sequence[Seen], name: str
    ) -> tuple[Reading, Saying | None]:
        if figure == "availability":
            return self._availability(entry, scope), _sources(scope)
        if figure == "coverage":
            return self._coverage(scope), _sources(scope)
        if figure in _PERCENT:
            return self._percentile(_PERCENT[figure], scope), _sources(scope)
        if figure == "automated":
            return self._automated(name), _JOURNAL
        if figure == "incidents":
            return self._counted(self._incidents, name), _JOURNAL
        if figure == "changes":
            return self._counted(self._changes, name), _JOURNAL
        return self._of_alerts(figure, name), self._sources_of_bouts(name) or _sources(scope)

    # What was seen.

    def _before(self, scope: Iterable[Seen]) -> list[Earlier]:
        earlier = self._sights.earlier
        return [earlier[one.name] for one in scope if one.name in earlier]

    def _availability(self, entry: ObjectiveEntry, scope: Sequence[Seen]) -> Reading:
        total = summed(one.total for one in scope)
        lacking = lacks(total, self._material.least_coverage)
        verdict = None
        if entry.above is not None and total.ratio is not None:
            verdict, lacking = verdict_of(total, entry.above / 100, self._material.least_coverage)
        return Reading(
            _percent(total.ratio),
            _percent(summed(one.total for one in self._before(scope)).ratio),
            lacking,
            lacking,
            verdict,
            coverage=total.coverage,
        )

    def _coverage(self, scope: Sequence[Seen]) -> Reading:
        earlier = self._before(scope)
        return Reading(
            _percent(summed(one.total for one in scope).coverage),
            _percent(summed(one.total for one in earlier).coverage),
            EXCLUDED,
        )

    def _percentile(self, percent: float, scope: Sequence[Seen]) -> Reading:
        timed = [one for one in scope if one.latencies.counts]
        took_ms = added(one.latencies for one in timed).percentile_ms(percent)
        before_ms = added(one.latencies for one in self._before(scope)).percentile_ms(percent)
        total = summed(one.total for one in timed or scope)
        is_unseen = total.raw_known_s <= 0
        return Reading(
            None if took_ms is None else took_ms / 1000,
            None if before_ms is None else before_ms / 1000,
            UNWATCHED if is_unseen else saying("nothing tells how long answers take"),
            lacks(total, self._material.least_coverage) if timed or is_unseen else None,
            coverage=total.coverage if timed else None,
        )

    # What fired.

    @cached_property
    def watched(self) -> Availability:
        """For how much of the window somebody was there to see alerts: as long as the service
        that was observed the most, or as long as something was recorded."""
        start, end = self._span
        whole_s = (end - start).total_seconds()
        seen_s = max((one.total.raw_known_s for one in self._sights.seen), default=0.0)
        gaps = self._material.gaps
        if gaps or self._material.bouts:
            lost = sum((_overlap(one.start, one.end, *self._span) for one in gaps), timedelta())
            seen_s = max(seen_s, whole_s - lost.total_seconds())
        return Availability(whole_s, known_s=seen_s, raw_known_s=seen_s)

    def _of_alerts(self, figure: FigureName, name: str) -> Reading:
        field, why_not, grows = _OF_ALERTS[figure]
        lacking = lacks(self.watched, self._material.least_coverage)
        if self.watched.raw_known_s <= 0:
            return Reading(why_not=lacking, lacking=lacking)
        if figure in ("mtta", "late acks") and not self._is_known_who:
            return Reading(
                why_not=saying("only history knows who took an alert, and it has none of these")
            )
        earlier = None if self.bouts_before is None else self._told_before(name)
        value = getattr(self._told(name), field)
        return Reading(
            value,
            None if earlier is None else getattr(earlier, field),
            why_not,
            lacking if value is not None else None,
            grows=grows,
        )

    @cached_property
    def _is_known_who(self) -> bool:
        return not self.bouts or any(map(is_known_to_history, self.bouts))

    # One look at all episodes for every objective would be one for every service.

    @cached_property
    def _told(self) -> Callable[[str], Response]:
        own = _by_service(self.bouts)
        return cache(lambda name: response_of(own(name), *self._span, self._material.now))

    @cached_property
    def _told_before(self) -> Callable[[str], Response]:
        own = _by_service(self.bouts_before or ())
        return cache(lambda name: response_of(own(name), *self._span_before, self._material.now))

    @cached_property
    def _sources_of_bouts(self) -> Callable[[str], Saying | None]:
        own = _by_service(self.bouts)

        def sources(name: str) -> Saying | None:
            told = sorted({each for one in own(name) for each in sources_of(one)})
            return listed(map(source_of, told[:_MOST_SOURCES]))

        return cache(sources)

    # What the journal has.

    def _counted(
        self, count: Callable[[tuple[datetime, datetime], str], int], name: str
    ) -> Reading:
        return Reading(count(self._span, name), count(self._span_before, name))

    def _incidents(self, span: tuple[datetime, datetime], name: str) -> int:
        return sum(
            span[0] <= started_at(one) < span[1]
            and is_for(self._material.environment, one.environment)
            and _is_of(one.services, name)
            for one in self._material.incidents
        )

    def _changes(self, span: tuple[datetime, datetime], name: str) -> int:
        carried = (
            (carried_out(one, self._material.now), one.plan) for one in self._material.changes
        )
        return sum(
            when is not None
            and span[0] <= when[0] < span[1]
            and is_for(self._material.environment, plan.environment)
            and _is_of(plan.services, name)
            for when, plan in carried
        )

    def _automated(self, name: str) -> Reading:
        """Of the acting steps of runbooks that were carried out, the share that the console ran;
        the others a person did by hand and ticked off. What was done without a runbook nobody
        knows."""
        if name:
            return Reading(why_not=saying("it is not known of which service a step was"))
        start, end = self._span
        latest = {
            (one.run, one.step): one.state
            for one in sorted(self._material.steps, key=lambda one: one.at)
            if start <= one.at < end and one.state != StepState.SKIPPED
        }
        if not latest:
            return Reading(why_not=saying("no step of a runbook that acts was carried out"))
        by_hand = sum(state == StepState.MANUAL for state in latest.values())
        return Reading((len(latest) - by_hand) / len(latest) * 100)


def _by_service(bouts: Sequence[Bout]) -> Callable[[str], Sequence[Bout]]:
    """Those of a service; of all without a name."""
    found: dict[str, list[Bout]] = {}
    for one in bouts:
        found.setdefault(one.service, []).append(one)
    return lambda name: found.get(name, ()) if name else bouts


def _is_of(services: Iterable[str], name: str) -> bool:
    return not name or folded(name) in map(folded, services)


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * 100


def _sources(scope: Iterable[Seen]) -> Saying | None:
    several = (each for one in scope if one.source for each in one.source.split(AND))
    found = list(dict.fromkeys(several))
    shown = [source_of(one) for one in found[:_MOST_SOURCES]]
    if len(found) > len(shown):
        shown.append(saying("{n} more", n=len(found) - len(shown)))
    return listed(shown)


def _overlap(first: datetime, last: datetime, start: datetime, end: datetime) -> timedelta:
    return max(timedelta(), min(last, end) - max(first, start))
