"""The shape of reports in JSON: what `docs/reports.md` tells of.

Keys stand in the order of the fields. Times are UTC, days are local days of `zone`, durations
are seconds (`…_s`), shares are 0 to 1, and `null` is "not known". A key that is added does not
raise `SCHEMA_VERSION`; one that is taken away or means something else does.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

import msgspec

SCHEMA_VERSION: Final = 1


class GeneratorShape(msgspec.Struct, frozen=True):
    """What wrote it."""

    name: str
    version: str


class AvailabilityShape(msgspec.Struct, frozen=True):
    """`console.model.summary.Availability`, with what follows from it."""

    ratio: float | None
    raw_ratio: float | None
    coverage: float | None
    whole_s: float
    excluded_s: float
    known_s: float
    down_s: float
    slow_s: float
    raw_known_s: float
    raw_down_s: float


class ObservationShape(msgspec.Struct, frozen=True):
    """Which day of the observation window the report is of."""

    first: date
    days: int
    day: int | None


class HeadShape(msgspec.Struct, frozen=True):
    """What every report begins with."""

    schema_version: int
    kind: Literal["week", "daily", "kpi"]
    generator: GeneratorShape
    title: str
    environment: str
    zone: str
    first: date
    last: date
    start: datetime
    end: datetime
    made_at: datetime
    sources: tuple[str, ...]
    notices: tuple[str, ...]


class SlotShape(msgspec.Struct, frozen=True):
    """A service on a day."""

    start: datetime
    end: datetime
    availability: AvailabilityShape
    p95_s: float | None
    incidents: tuple[str, ...]
    changes: tuple[str, ...]


class OutageShape(msgspec.Struct, frozen=True):
    """Down without a break."""

    start: datetime
    end: datetime
    duration_s: float
    excluded_by: str


class BudgetShape(msgspec.Struct, frozen=True):
    """An error budget."""

    allowed_s: float
    spent_s: float
    left_s: float
    burn: float | None


class FigureShape(msgspec.Struct, frozen=True):
    """An objective or a key figure."""

    name: str
    service: str
    unit: Literal["ratio", "seconds", "count", "per second"]
    value: float | None
    before: float | None
    above: float | None
    below: float | None
    verdict: str
    means: str
    source: str
    query: str
    why_not: str
    coverage: float | None


class KnownByShape(msgspec.Struct, frozen=True):
    """How much of a service one source observed."""

    source: str
    known_s: float


class ServiceWeekShape(msgspec.Struct, frozen=True):
    """A service over the whole time."""

    service: str
    place: str
    owner: str
    critical: bool
    verdict: str
    target: float | None
    total: AvailabilityShape
    before: AvailabilityShape | None
    budget: BudgetShape | None
    answers: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    before_p95_s: float | None
    days: tuple[SlotShape, ...]
    outage_count: int
    outages: tuple[OutageShape, ...]
    figures: tuple[FigureShape, ...]
    samples: int
    source: str
    query: str
    known_by: tuple[KnownByShape, ...] = ()


class ResponseShape(msgspec.Struct, frozen=True):
    """How the alerts of one priority were answered; `null`: of all together."""

    priority: str | None
    count: int
    acked: int
    resolved: int
    mtta_s: float | None
    mttr_s: float | None
    longest_s: float | None
    late_acks: int
    late_ends: int
    silenced: int
    mtta_of: int
    mttr_of: int
    untold: int


class NoiseShape(msgspec.Struct, frozen=True):
    """One alert of one service. Its names are exact, as they came."""

    alert: str
    where: str
    service: str
    count: int
    by_day: tuple[int, ...]
    total_s: float
    median_s: float | None
    longest_s: float | None
    acked: int
    untouched: int
    incidents: tuple[str, ...]
    before: int | None
    untold: int


class IncidentShape(msgspec.Struct, frozen=True):
    """An incident."""

    id: str
    title: str
    state: str
    severity: str | None
    services: tuple[str, ...]
    start: datetime
    end: datetime | None


class ChangeShape(msgspec.Struct, frozen=True):
    """A change."""

    id: str
    title: str
    state: str
    services: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    author: str
    is_planned: bool


class ExclusionShape(msgspec.Struct, frozen=True):
    """What does not count against some services; none named: against all."""

    name: str
    start: datetime
    end: datetime
    services: tuple[str, ...]


class GapShape(msgspec.Struct, frozen=True):
    """When nobody recorded anything."""

    start: datetime
    end: datetime
    why: str


class WeekShape(HeadShape, frozen=True):
    """A summary of some days."""

    verdict: str
    least_coverage: float
    observation: ObservationShape | None
    total: AvailabilityShape
    before: AvailabilityShape | None
    services: tuple[ServiceWeekShape, ...]
    objectives: tuple[FigureShape, ...]
    responses: tuple[ResponseShape, ...]
    responses_before: tuple[ResponseShape, ...]
    noise: tuple[NoiseShape, ...]
    incidents: tuple[IncidentShape, ...]
    changes: tuple[ChangeShape, ...]
    exclusions: tuple[ExclusionShape, ...]
    gaps: tuple[GapShape, ...]


class ServiceDayShape(msgspec.Struct, frozen=True):
    """A service on the day."""

    service: str
    place: str
    owner: str
    critical: bool
    availability: AvailabilityShape
    last: Literal["up", "slow", "down", "unknown"] | None
    p95_s: float | None
    outages: int
    source: str
    known_by: tuple[KnownByShape, ...] = ()


class EpisodeShape(msgspec.Struct, frozen=True):
    """One firing of one alert. Its names are exact, as they came."""

    alert: str
    where: str
    service: str
    priority: str
    start: datetime
    acked_at: datetime | None
    acked_by: str
    silenced_at: datetime | None
    resolved_at: datetime | None
    respond_by: datetime | None
    resolve_by: datetime | None
    source: str


class StepShape(msgspec.Struct, frozen=True):
    """A step of a runbook that was carried out."""

    at: datetime
    who: str
    run: str
    step: str
    host: str
    state: str


class TickShape(msgspec.Struct, frozen=True):
    """Somebody looked."""

    at: datetime
    by: str
    ok: bool
    value: float | None
    note: str


class ItemShape(msgspec.Struct, frozen=True):
    """One thing that is looked at every day. The value of a tick is in the item's own unit."""

    name: str
    text: str
    objective: str
    tick: TickShape | None
    measured: FigureShape | None


class InspectionShape(msgspec.Struct, frozen=True):
    """The checklist of the day."""

    day: date
    due: datetime
    done_at: datetime | None
    left: int
    items: tuple[ItemShape, ...]


class NowShape(msgspec.Struct, frozen=True):
    """What was known of the present alone when the report was made."""

    key: str
    lines: tuple[str, ...]
    more: int


class OwedShape(msgspec.Struct, frozen=True):
    """Something that is overdue."""

    document: str
    kind: str
    text: str
    owner: str
    due: datetime


class FreezeShape(msgspec.Struct, frozen=True):
    """A freeze that was in force on the day."""

    name: str
    until: datetime | None


class DailyShape(HeadShape, frozen=True):
    """A report of one day: `first` and `last` are the same."""

    least_coverage: float
    observation: ObservationShape | None
    total: AvailabilityShape
    services: tuple[ServiceDayShape, ...]
    responses: tuple[ResponseShape, ...]
    noise: tuple[NoiseShape, ...]
    longest: tuple[EpisodeShape, ...]
    incidents_active: tuple[IncidentShape, ...]
    incidents_settled: tuple[IncidentShape, ...]
    incidents_closed: tuple[IncidentShape, ...]
    overdue: tuple[OwedShape, ...]
    changes: tuple[ChangeShape, ...]
    changes_upcoming: tuple[ChangeShape, ...]
    freezes: tuple[FreezeShape, ...]
    exclusions: tuple[ExclusionShape, ...]
    steps: tuple[StepShape, ...]
    figures: tuple[FigureShape, ...]
    gaps: tuple[GapShape, ...]
    now: tuple[NowShape, ...]
    inspection: InspectionShape | None


class KpiShape(HeadShape, frozen=True):
    """The key figures of some days."""

    figures: tuple[FigureShape, ...]
