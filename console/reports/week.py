"""The summary of some days, out of everything that is known of them."""

from __future__ import annotations

from collections.abc import Sequence

from config.history import ObjectiveEntry
from console.model.summary import (
    MOST_OUTAGES,
    ChangeLine,
    Figure,
    Outage,
    ServiceWeek,
    Week,
)
from console.reports.days import Span, all_days, before, day_edges, moments
from console.reports.figures import Figures
from console.reports.lines import (
    change_line,
    changes_planned,
    changes_within,
    incident_line,
    incidents_within,
)
from console.reports.material import Material
from console.reports.noise import noise_of
from console.reports.objectives import budget_of, verdict_of
from console.reports.responses import responses_of
from console.reports.seen import Seen, Sights, look
from console.safety.text import visible


def week_of(material: Material) -> Week:
    """The summary of `material.window`, up to the present where that is not over."""
    window, now = material.window, material.now
    start, end = moments(window, now)
    days = all_days(window)
    sights = look(material, day_edges(window, now))
    figures = Figures(material, sights)
    objectives = figures.of(entries_of_fleet(material))
    earlier = moments(before(window), now)
    incidents = incidents_within(material.incidents, material.environment, start, end)
    by_service: dict[str, list[Figure]] = {}
    for one in objectives:
        by_service.setdefault(one.service, []).append(one)
    names = {one.name for one in sights.seen}
    return Week(
        environment=material.environment,
        zone=window.zone_name,
        first=window.first,
        last=window.last,
        start=start,
        end=end,
        made_at=now,
        services=tuple(
            _service(one, material, sights, by_service.get(one.name, ())) for one in sights.seen
        ),
        total=sights.total,
        before=sights.total_before,
        least_coverage=material.least_coverage,
        responses=responses_of(figures.bouts, start, end, now),
        responses_before=(
            ()
            if figures.bouts_before is None
            else responses_of(figures.bouts_before, *earlier, now)
        ),
        noise=noise_of(
            figures.bouts,
            figures.bouts_before,
            material.incidents,
            days,
            end,
            earlier[0],
        ),
        incidents=tuple(incident_line(one, end, now) for one in incidents),
        changes=_changes(material, (start, end), (start, days[-1])),
        exclusions=tuple(one for one in material.exclusions if one.start < end and one.end > start),
        objectives=tuple(one for one in objectives if one.service not in names),
        gaps=material.gaps,
        observation=material.observation,
        made_from=material.sources,
        to_know=(*material.notices, *sights.notices),
    )


def entries_of_fleet(material: Material) -> tuple[ObjectiveEntry, ...]:
    """The objectives, with the availability of all services together before them where there is
    one and nobody wrote another of that name."""
    own = material.objectives
    if material.target is None or any(one.name.casefold() == "availability" for one in own):
        return own
    above = round(material.target * 100, 9)
    return (ObjectiveEntry(name="availability", figure="availability", above=above), *own)


def target_of(seen: Seen, material: Material) -> float | None:
    """The availability that a service ought to have, 0 to 1; `None`: nobody set one."""
    own = seen.service.slo_availability if seen.service is not None else None
    return material.target if own is None else own / 100


def _service(seen: Seen, material: Material, sights: Sights, own: Sequence[Figure]) -> ServiceWeek:
    service, total = seen.service, seen.total
    target = target_of(seen, material)
    earlier = sights.earlier.get(seen.name)
    verdict, _ = verdict_of(total, target, material.least_coverage)
    return ServiceWeek(
        service=seen.name,
        place=visible(service.place) if service is not None else "",
        owner=visible(service.owner or "") if service is not None else "",
        critical=service is not None and service.critical,
        total=total,
        days=seen.slots,
        outages=_longest(seen.outages),
        outage_count=len(seen.outages),
        latencies=seen.latencies,
        p50_ms=seen.latencies.percentile_ms(50),
        p95_ms=seen.latencies.percentile_ms(95),
        p99_ms=seen.latencies.percentile_ms(99),
        target=target,
        budget=budget_of(total, target),
        verdict=verdict,
        before=earlier.total if earlier is not None else None,
        before_p95_ms=earlier.latencies.percentile_ms(95) if earlier is not None else None,
        figures=tuple(own),
        samples=seen.samples,
        source=seen.source,
        query=seen.query,
        known_by=seen.known_by,
    )


def _longest(outages: tuple[Outage, ...]) -> tuple[Outage, ...]:
    if len(outages) <= MOST_OUTAGES:
        return outages
    longest = sorted(outages, key=lambda one: one.start - one.end)[:MOST_OUTAGES]
    return tuple(sorted(longest, key=lambda one: one.start))


def _changes(material: Material, span: Span, planned: Span) -> tuple[ChangeLine, ...]:
    """Those that were carried out, then those that have not begun and have their window there."""
    args = material.changes, material.environment
    done = changes_within(*args, *span, material.now)
    ahead = changes_planned(*args, *planned, span[1])
    return tuple(change_line(one, span[1]) for one in (*done, *ahead))
