"""The report of one day, out of everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from console.model.daily import Daily, FreezeLine, Owed, ServiceDay
from console.model.freeze import Freeze
from console.model.history import Bout
from console.model.incident import ONGOING, IncidentState
from console.model.nag import Nag
from console.model.summary import IncidentLine
from console.reports.bouts import lasted_s
from console.reports.days import all_days, before, moments
from console.reports.exclusions import is_for
from console.reports.figures import Figures
from console.reports.lines import (
    AHEAD,
    change_line,
    changes_planned,
    changes_within,
    incident_line,
    is_by,
    started_at,
)
from console.reports.material import Material
from console.reports.noise import noise_of
from console.reports.responses import responses_of
from console.reports.seen import Seen, look
from console.reports.week import entries_of_fleet
from console.safety.text import visible

MOST_LONGEST: Final = 5
_INSTANT: Final = timedelta(microseconds=1)


def daily_of(material: Material) -> Daily:
    """The report of `material.window`, which is one day, up to the present where it is not over."""
    window, now = material.window, material.now
    start, end = moments(window, now)
    sights = look(material, (start, end) if start < end else (start,))
    figures = Figures(material, sights)
    bouts = figures.bouts
    active, settled, closed = _incidents(material, start, end)
    args = material.changes, material.environment
    return Daily(
        environment=material.environment,
        zone=window.zone_name,
        day=window.last,
        start=start,
        end=end,
        made_at=now,
        services=tuple(_service(one) for one in sights.seen),
        total=sights.total,
        least_coverage=material.least_coverage,
        responses=responses_of(bouts, start, end, now),
        noise=noise_of(
            bouts,
            figures.bouts_before,
            material.incidents,
            all_days(window),
            end,
            moments(before(window), now)[0],
        ),
        longest=longest_of(bouts, start, end),
        active=active,
        settled=settled,
        closed=closed,
        overdue=tuple(_overdue(material.nags, end)),
        changes=tuple(change_line(one, end) for one in changes_within(*args, start, end, now)),
        upcoming=tuple(
            change_line(one, end) for one in changes_planned(*args, end, end + AHEAD, end)
        ),
        freezes=tuple(_freezes(material, start, end)),
        exclusions=tuple(one for one in material.exclusions if one.start < end and one.end > start),
        steps=tuple(one for one in material.steps if start <= one.at < end),
        figures=figures.of(entries_of_fleet(material)),
        gaps=material.gaps,
        now=material.present,
        inspection=material.inspection,
        observation=material.observation,
        made_from=material.sources,
        to_know=(*material.notices, *sights.notices),
    )


def longest_of(bouts: Iterable[Bout], start: datetime, end: datetime) -> tuple[Bout, ...]:
    """Those that fired for the longest between `start` and `end`, the longest first."""
    lasted = [(lasted_s(one, start, end), one) for one in bouts]
    found = sorted(
        ((seconds, one) for seconds, one in lasted if seconds > 0),
        key=lambda each: (-each[0], each[1].start, each[1].key),
    )
    return tuple(one for _, one in found[:MOST_LONGEST])


def _service(seen: Seen) -> ServiceDay:
    service = seen.service
    return ServiceDay(
        service=seen.name,
        place=visible(service.place) if service is not None else "",
        owner=visible(service.owner or "") if service is not None else "",
        critical=service is not None and service.critical,
        availability=seen.total,
        last=seen.last,
        p95_ms=seen.latencies.percentile_ms(95),
        outages=sum(not one.excluded_by for one in seen.outages),
        source=seen.source,
        known_by=seen.known_by,
    )


def _incidents(
    material: Material, start: datetime, end: datetime
) -> tuple[tuple[IncidentLine, ...], tuple[IncidentLine, ...], tuple[IncidentLine, ...]]:
    """Those that were active at the end of the day, that were settled on it, and closed on it.

    None stands in two of them: what was mitigated on the day is settled, and where it still goes
    on it is active on the next one.
    """
    active: list[IncidentLine] = []
    settled: list[IncidentLine] = []
    closed: list[IncidentLine] = []
    ordered = sorted(material.incidents, key=lambda one: (started_at(one), one.id))
    for one in ordered:
        if started_at(one) >= end or not is_for(material.environment, one.environment):
            continue
        line = incident_line(one, end, material.now)
        if line.state is IncidentState.CLOSED and _is_on(one.closed, start, end):
            closed.append(line)
        elif any(_is_on(at, start, end) for at in (one.mitigated, one.resolved)):
            settled.append(line)
        elif line.state in ONGOING:
            active.append(line)
    return tuple(active), tuple(settled), tuple(closed)


def _is_on(at: datetime | None, start: datetime, end: datetime) -> bool:
    return at is not None and start <= at < end


def _overdue(nags: Iterable[Nag], end: datetime) -> Iterator[Owed]:
    """What is owed still, and was overdue at `end`, the longest overdue first."""
    for one in sorted(nags, key=lambda nag: (nag.due, nag.incident, nag.text)):
        if is_by(one.due, end):
            yield Owed(visible(one.incident), one.kind, one.what, one.due, one.owner)


def _freezes(material: Material, start: datetime, end: datetime) -> Iterator[FreezeLine]:
    for one in material.calendar.freezes:
        if start < end and one.scope.covers((), material.environment):
            at = _in_force(one, start, end)
            if at is not None:
                yield FreezeLine(visible(one.name), one.schedule.until(at))


def _in_force(freeze: Freeze, start: datetime, end: datetime) -> datetime | None:
    """A moment between the two at which it is in force: the last one, where it is so at the
    end; `None`: it never is."""
    for at in (end - _INSTANT, start):
        if freeze.schedule.holds(at):
            return at
    for edge in freeze.schedule.edges(start):
        if edge >= end:
            return None
        if freeze.schedule.holds(edge):
            return edge
    return None
