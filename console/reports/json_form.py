"""Reports as JSON: everything that is known, exact, for programs and for whoever reckons again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeVar

import msgspec

from console import __version__
from console.journal.language import Language
from console.model.daily import AnyReport, Daily, Inspection, InspectionItem, ServiceDay
from console.model.history import Bout, KnownBy
from console.model.saying import texts_of
from console.model.state import Priority
from console.model.summary import (
    Availability,
    Budget,
    Figure,
    Noise,
    Observation,
    Outage,
    Response,
    ServiceWeek,
    Slot,
    Unit,
    Week,
)
from console.reports import json_shape as shape
from console.reports.judged import overall
from console.reports.titles import title_of
from console.safety.jsontext import json_text

S = TypeVar("S", bound=msgspec.Struct)


def json_of(report: AnyReport) -> bytes:
    """`report` in the shape of `json_shape`, in printable ASCII, a line break at its end."""
    if isinstance(report, Week):
        made: msgspec.Struct = _week(report)
    elif isinstance(report, Daily):
        made = _daily(report)
    else:
        figures = tuple(map(_figure, report.figures))
        made = shape.KpiShape(**_head(report, "kpi", report.first, report.last), figures=figures)
    return f"{json_text(made)}\n".encode("ascii")


def _head(
    report: AnyReport, kind: Literal["week", "daily", "kpi"], first: date, last: date
) -> dict[str, Any]:
    head = shape.HeadShape(
        schema_version=shape.SCHEMA_VERSION,
        kind=kind,
        generator=shape.GeneratorShape("oncall", __version__),
        title=title_of(report, Language.ENGLISH),
        environment=report.environment,
        zone=report.zone,
        first=first,
        last=last,
        start=_utc(report.start),
        end=_utc(report.end),
        made_at=_utc(report.made_at),
        sources=report.sources,
        notices=report.notices,
    )
    return msgspec.structs.asdict(head)


def _week(week: Week) -> shape.WeekShape:
    return shape.WeekShape(
        **_head(week, "week", week.first, week.last),
        verdict=overall(week),
        least_coverage=week.least_coverage,
        observation=_observation(week.observation, week.last),
        total=_availability(week.total),
        before=None if week.before is None else _availability(week.before),
        services=tuple(map(_service, week.services)),
        objectives=tuple(map(_figure, week.objectives)),
        responses=tuple(map(_response, week.responses)),
        responses_before=tuple(map(_response, week.responses_before)),
        noise=tuple(map(_noise, week.noise)),
        incidents=_copies(shape.IncidentShape, week.incidents),
        changes=_copies(shape.ChangeShape, week.changes),
        exclusions=_copies(shape.ExclusionShape, week.exclusions),
        gaps=_copies(shape.GapShape, week.gaps),
    )


def _daily(daily: Daily) -> shape.DailyShape:
    inspection = daily.inspection
    return shape.DailyShape(
        **_head(daily, "daily", daily.day, daily.day),
        least_coverage=daily.least_coverage,
        observation=_observation(daily.observation, daily.day),
        total=_availability(daily.total),
        services=tuple(map(_service_day, daily.services)),
        responses=tuple(map(_response, daily.responses)),
        noise=tuple(map(_noise, daily.noise)),
        longest=tuple(map(_episode, daily.longest)),
        incidents_active=_copies(shape.IncidentShape, daily.active),
        incidents_settled=_copies(shape.IncidentShape, daily.settled),
        incidents_closed=_copies(shape.IncidentShape, daily.closed),
        overdue=tuple(
            shape.OwedShape(one.document, one.kind, one.what.text, one.owner, _utc(one.due))
            for one in daily.overdue
        ),
        changes=_copies(shape.ChangeShape, daily.changes),
        changes_upcoming=_copies(shape.ChangeShape, daily.upcoming),
        freezes=_copies(shape.FreezeShape, daily.freezes),
        exclusions=_copies(shape.ExclusionShape, daily.exclusions),
        steps=_copies(shape.StepShape, daily.steps),
        figures=tuple(map(_figure, daily.figures)),
        gaps=_copies(shape.GapShape, daily.gaps),
        now=tuple(shape.NowShape(one.key, texts_of(one.lines), one.more) for one in daily.now),
        inspection=None if inspection is None else _inspection(inspection),
    )


def _service(one: ServiceWeek) -> shape.ServiceWeekShape:
    return shape.ServiceWeekShape(
        service=one.service,
        place=one.place,
        owner=one.owner,
        critical=one.critical,
        verdict=one.verdict,
        target=one.target,
        total=_availability(one.total),
        before=None if one.before is None else _availability(one.before),
        budget=None if one.budget is None else _budget(one.budget),
        answers=one.latencies.total,
        p50_s=_seconds(one.p50_ms),
        p95_s=_seconds(one.p95_ms),
        p99_s=_seconds(one.p99_ms),
        before_p95_s=_seconds(one.before_p95_ms),
        days=tuple(map(_slot, one.days)),
        outage_count=one.outage_count,
        outages=tuple(map(_outage, one.outages)),
        figures=tuple(map(_figure, one.figures)),
        samples=one.samples,
        source=one.source,
        query=one.query,
        known_by=_known_by(one.source, one.known_by, one.total),
    )


def _known_by(
    source: str, several: tuple[KnownBy, ...], total: Availability
) -> tuple[shape.KnownByShape, ...]:
    if several:
        return tuple(shape.KnownByShape(one.source, one.known_ms / 1000) for one in several)
    return (shape.KnownByShape(source, total.raw_known_s),) if source else ()


def _service_day(one: ServiceDay) -> shape.ServiceDayShape:
    last = None if one.last is None else one.last.name.lower()
    return shape.ServiceDayShape(
        service=one.service,
        place=one.place,
        owner=one.owner,
        critical=one.critical,
        availability=_availability(one.availability),
        last=msgspec.convert(last, Literal["up", "slow", "down", "unknown"] | None),
        p95_s=_seconds(one.p95_ms),
        outages=one.outages,
        source=one.source,
        known_by=_known_by(one.source, one.known_by, one.availability),
    )


def _availability(of: Availability) -> shape.AvailabilityShape:
    return shape.AvailabilityShape(
        of.ratio, of.raw_ratio, of.coverage, *msgspec.structs.astuple(of)
    )


def _slot(one: Slot) -> shape.SlotShape:
    return shape.SlotShape(
        start=_utc(one.start),
        end=_utc(one.end),
        availability=_availability(one.availability),
        p95_s=_seconds(one.p95_ms),
        incidents=one.incidents,
        changes=one.changes,
    )


def _outage(one: Outage) -> shape.OutageShape:
    lasted = (one.end - one.start).total_seconds()
    return shape.OutageShape(_utc(one.start), _utc(one.end), lasted, one.excluded_by)


def _budget(one: Budget) -> shape.BudgetShape:
    return shape.BudgetShape(one.allowed_s, one.spent_s, one.left_s, one.burn)


def _figure(one: Figure) -> shape.FigureShape:
    is_share = one.unit is Unit.PERCENT
    values = (one.value, one.before, one.above, one.below)
    value, before, above, below = (_share(each) if is_share else each for each in values)
    unit = "ratio" if is_share else str(one.unit)
    return shape.FigureShape(
        name=one.name,
        service=one.service,
        unit=msgspec.convert(unit, Literal["ratio", "seconds", "count", "per second"]),
        value=value,
        before=before,
        above=above,
        below=below,
        verdict=one.verdict,
        means=one.means,
        source=one.source,
        query=one.query,
        why_not=one.why_not,
        coverage=one.coverage,
    )


def _response(one: Response) -> shape.ResponseShape:
    values = msgspec.structs.asdict(one)
    values["priority"] = None if one.priority is None else str(one.priority)
    return shape.ResponseShape(**values)


def _noise(one: Noise) -> shape.NoiseShape:
    values = msgspec.structs.asdict(one) | {"alert": one.alert.exact, "where": one.where.exact}
    return shape.NoiseShape(**values)


def _episode(one: Bout) -> shape.EpisodeShape:
    wanted = shape.EpisodeShape.__struct_fields__
    values = {name: _plain(getattr(one, name)) for name in wanted}
    values |= {"alert": one.alert.exact, "where": one.where.exact, "priority": str(one.priority)}
    return shape.EpisodeShape(**values)


def _inspection(one: Inspection) -> shape.InspectionShape:
    done = one.done_at
    return shape.InspectionShape(
        day=one.day,
        due=_utc(one.due),
        done_at=None if done is None else _utc(done),
        left=one.left,
        items=tuple(map(_item, one.items)),
    )


def _item(one: InspectionItem) -> shape.ItemShape:
    tick = one.tick
    return shape.ItemShape(
        name=one.name,
        text=one.text,
        objective=one.objective,
        tick=None if tick is None else _copies(shape.TickShape, [tick])[0],
        measured=None if one.measured is None else _figure(one.measured),
    )


def _observation(one: Observation | None, of: date) -> shape.ObservationShape | None:
    return None if one is None else shape.ObservationShape(one.first, one.days, one.day(of))


def _copies(of: type[S], values: Iterable[msgspec.Struct]) -> tuple[S, ...]:
    """`values` in a shape that has some of their fields, as they are called there."""
    names = of.__struct_fields__
    return tuple(of(**{name: _plain(getattr(one, name)) for name in names}) for one in values)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return _utc(value)
    # As a number nobody would know what it means.
    return str(value) if isinstance(value, Priority) else value


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1_000


def _share(percentage: float | None) -> float | None:
    # 99.9 / 100 is 0.9990000000000001.
    return None if percentage is None else float(f"{percentage / 100:.15g}")
