"""Rows, alerts, services and sources as the JSON of `--json` has them.

Described in `docs/cli.md`; fields are only ever added within one `schema_version`. Times are
RFC 3339 in UTC, durations carry `_seconds` in their name, `null` means not known. Text from
outside stands as it came; `console.safety.jsontext` escapes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from console.model.alert import Ack
from console.model.failure import Failure
from console.model.probe import ProbeResult
from console.model.report import Report
from console.model.snapshot import Cell, KnownAlert, SourceHealth
from console.model.worklist import Row, Step
from console.safety.clock import Instant
from console.safety.text import Raw


class AckFacts(msgspec.Struct, frozen=True):
    owner: Raw
    since: datetime
    until: datetime
    note: Raw


class AlertFacts(msgspec.Struct, frozen=True):
    """One alert."""

    fingerprint: str
    name: Raw
    state: str
    standing: str
    service: str | None
    labels: Mapping[str, Raw]
    annotations: Mapping[str, Raw]
    starts_at: datetime
    ends_at: datetime | None
    generator_url: Raw
    cluster: str
    members: tuple[str, ...]
    said_by: str | None
    """The Prometheus that sent it, where that is one of the sources."""
    age_of_answer_seconds: float
    ack: AckFacts | None
    silences: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    duplicates: tuple[str, ...]
    why: str


class FailureFacts(msgspec.Struct, frozen=True):
    part: str
    kind: str
    cause: str
    expected: str
    remedy: str
    at: datetime
    curl: str


class OwedFacts(msgspec.Struct, frozen=True):
    """One thing that an incident or a change still asks for."""

    kind: str
    text: str
    due: datetime
    overdue: bool
    owner: str | None
    """`null`: nobody has it."""


class RowFacts(msgspec.Struct, frozen=True):
    """One row of the worklist, in the order in which to work on it."""

    key: str
    kind: str
    priority: str
    state: str
    standing: str
    title: Raw
    where: Raw
    summary: Raw
    service: str | None
    since: datetime
    firing_seconds: float
    next_step: str | None
    """`ack`, `fix`, `due` for what is owed, or null where no clock runs."""
    respond_by: datetime | None
    resolve_by: datetime | None
    due_in_seconds: float | None
    """To the deadline that counts now; negative once it has passed."""
    breached: bool | None
    acked_by: Raw | None
    acked_at: datetime | None
    acked_alerts: int
    alerts_total: int
    is_new: bool
    lane: str
    shared_labels: tuple[tuple[str, Raw, int], ...]
    failure: FailureFacts | None
    alerts: tuple[AlertFacts, ...]
    document: str | None
    """Id of the incident or change that asks for something."""
    owed: tuple[OwedFacts, ...]
    """What it asks for, the first due in front."""


class ProbeFacts(msgspec.Struct, frozen=True):
    kind: str
    target: str
    verdict: str
    said: str
    latency_seconds: float | None
    status: int | None
    version: Raw | None
    tls_expires: datetime | None


class ReportFacts(msgspec.Struct, frozen=True):
    """What runs a service says of it."""

    runner: str
    """`container`, `unit`, `workload` or `host`."""
    place: str
    verdict: str
    said: str
    age_of_answer_seconds: float
    version: Raw | None
    since: datetime | None


class ServiceFacts(msgspec.Struct, frozen=True):
    """One service and what is known of it."""

    name: str
    type: str
    place: str
    host: str | None
    namespace: str | None
    owner: str | None
    critical: bool
    state: str
    because: str
    since: datetime | None
    age_of_answer_seconds: float | None
    probes: tuple[ProbeFacts, ...]
    reports: tuple[ReportFacts, ...]
    targets_up: int
    targets_total: int
    alerts: tuple[str, ...]
    """Fingerprints."""


class SourceFacts(msgspec.Struct, frozen=True):
    """One source."""

    name: str
    kind: str
    member_of: str
    """The cluster that it is a member of; empty for a source as a whole."""
    state: str
    url: str
    version: Raw | None
    interval_seconds: float
    age_of_answer_seconds: float | None
    took_seconds: float | None
    skew_seconds: float | None
    failing_since: datetime | None
    degraded: str
    warnings: tuple[Raw, ...]
    failures: tuple[FailureFacts, ...]


def row_facts(row: Row, now: Instant) -> RowFacts:
    """A row as JSON has it."""
    clocks = row.clocks
    # What is owed is no alert: who counts what fires does not mean it.
    owed = row.kind.value if row.owed else ""
    return RowFacts(
        key=row.key,
        kind=row.kind.value,
        priority=str(row.priority),
        state=owed or row.state.value,
        standing=owed or row.standing.value,
        title=row.title,
        where=row.where,
        summary=row.summary,
        service=row.cell,
        since=row.since,
        firing_seconds=seconds_of(now.wall - row.since),
        next_step=None if row.step is Step.NONE else row.step.value,
        respond_by=clocks.respond_by if clocks and not row.owed else None,
        resolve_by=clocks.resolve_by if clocks and not row.owed else None,
        due_in_seconds=seconds_of(clocks.due - now.wall) if clocks else None,
        breached=clocks.breached(now.wall) if clocks else None,
        acked_by=row.acked_by,
        acked_at=row.acked_at,
        acked_alerts=row.acked_count,
        alerts_total=row.count,
        is_new=row.is_new,
        lane=row.lane.value,
        shared_labels=row.shared,
        failure=failure_facts(row.failure) if row.failure else None,
        alerts=tuple(alert_facts(known, now) for known in row.alerts),
        document=row.document or None,
        owed=tuple(
            OwedFacts(
                nag.kind.value, nag.text, nag.due, nag.is_overdue(now.wall), nag.owner or None
            )
            for nag in row.owed
        ),
    )


def alert_facts(known: KnownAlert, now: Instant) -> AlertFacts:
    """An alert as JSON has it."""
    alert = known.alert
    return AlertFacts(
        fingerprint=alert.fingerprint,
        name=alert.name,
        state=known.state.value,
        standing=known.standing.value,
        service=known.cell,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        generator_url=alert.generator_url,
        cluster=alert.cluster,
        members=alert.members,
        said_by=known.owner,
        age_of_answer_seconds=seconds_of(now.since(known.as_of)),
        ack=_ack(known.ack) if known.ack else None,
        silences=known.silences,
        inhibited_by=alert.inhibited_by,
        duplicates=known.duplicates,
        why=known.why,
    )


def service_facts(cell: Cell, now: Instant) -> ServiceFacts:
    """A service as JSON has it."""
    service = cell.service
    return ServiceFacts(
        name=service.name,
        type=service.type.value,
        place=service.place,
        host=service.host,
        namespace=service.namespace,
        owner=service.owner,
        critical=service.critical,
        state=cell.state.value,
        because=cell.because,
        since=cell.since,
        age_of_answer_seconds=seconds_of(now.since(cell.as_of)) if cell.as_of else None,
        probes=tuple(_probe(result) for result in cell.probes),
        reports=tuple(_report(report, now) for report in cell.reports),
        targets_up=sum(target.health.value == "up" for target in cell.targets),
        targets_total=len(cell.targets),
        alerts=cell.alerts,
    )


def source_facts(source: SourceHealth, now: Instant) -> SourceFacts:
    """A source as JSON has it."""
    return SourceFacts(
        name=source.name,
        kind=source.kind.value,
        member_of=source.member_of,
        state=source.state.value,
        url=source.url,
        version=source.version,
        interval_seconds=source.interval.total_seconds(),
        age_of_answer_seconds=seconds_of(now.since(source.last_ok)) if source.last_ok else None,
        took_seconds=_optional(source.took),
        skew_seconds=_optional(source.skew),
        failing_since=source.failing_since,
        degraded=source.degraded,
        warnings=source.warnings,
        failures=tuple(failure_facts(failure) for failure in source.failures),
    )


def failure_facts(failure: Failure) -> FailureFacts:
    """A failure as JSON has it."""
    return FailureFacts(
        failure.part,
        failure.kind.value,
        failure.cause,
        failure.expected,
        failure.remedy,
        failure.at,
        failure.curl,
    )


def seconds_of(duration: timedelta) -> float:
    """A duration as JSON has it: seconds to the millisecond."""
    return round(duration.total_seconds(), 3)


def _ack(ack: Ack) -> AckFacts:
    return AckFacts(ack.owner, ack.since, ack.until, ack.note)


def _probe(result: ProbeResult) -> ProbeFacts:
    return ProbeFacts(
        kind=result.probe.kind.value,
        target=result.probe.target,
        verdict=result.verdict.value,
        said=result.said,
        latency_seconds=_optional(result.latency),
        status=result.status,
        version=result.facts.version,
        tls_expires=result.tls_expires,
    )


def _report(report: Report, now: Instant) -> ReportFacts:
    return ReportFacts(
        runner=report.runner.value,
        place=report.place,
        verdict=report.verdict.value,
        said=report.said,
        age_of_answer_seconds=seconds_of(now.since(report.at)),
        version=report.version,
        since=report.since,
    )


def _optional(duration: timedelta | None) -> float | None:
    return None if duration is None else seconds_of(duration)
