"""Small builders of alerts, services, sources and snapshots, for tests of the pure rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from console.model.alert import Ack, Alert, AlertState, Target, TargetHealth
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.registry import Service, ServiceType, host_cell
from console.model.report import Report, Runner
from console.model.snapshot import (
    Badge,
    Cell,
    KnownAlert,
    ResolvedAlert,
    Snapshot,
    SourceHealth,
    SourceKind,
    Standing,
)
from console.model.state import State
from console.safety.clock import Instant
from console.safety.text import Raw

T0: Final = datetime(2026, 11, 22, 3, 16, 42, tzinfo=UTC)
MONO0: Final = 1000.0


def at(seconds: float = 0.0, *, wall_jump: float = 0.0) -> Instant:
    """`seconds` after `T0` on both clocks, with the wall clock set ahead by `wall_jump` s."""
    return Instant(T0 + timedelta(seconds=seconds + wall_jump), MONO0 + seconds)


def ago(seconds: float) -> datetime:
    """Wall clock, `seconds` before `T0`."""
    return T0 - timedelta(seconds=seconds)


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """16 hex digits over all labels: FNV-1a as Prometheus' `Labels.Fingerprint` has it."""
    value = 0xCBF29CE484222325
    for name in sorted(labels):
        for text in (name, labels[name]):
            for byte in (*text.encode("utf-8", "surrogatepass"), 0xFF):
                value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def alert(
    name: str = "ServiceDown",
    *,
    starts_at: datetime = T0,
    summary: str = "",
    state: AlertState = AlertState.ACTIVE,
    cluster: str = "am",
    fingerprint: str | None = None,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    **more_labels: str,
) -> Alert:
    """An alert; every other keyword is a label too."""
    whole = {"alertname": name, **(labels or {}), **more_labels}
    said = dict(annotations or {})
    if summary:
        said["summary"] = summary
    return Alert(
        fingerprint=fingerprint or fingerprint_of(whole),
        labels=Labels(whole),
        annotations=Labels(said),
        starts_at=starts_at,
        state=state,
        cluster=cluster,
    )


def ack(owner: str = "mei", *, since: datetime = T0, minutes: float = 15, note: str = "") -> Ack:
    """What an `ACK!` silence says."""
    until = since + timedelta(minutes=minutes)
    return Ack(Raw(owner), since, until, Raw(note), "a-silence", "am")


def known(
    of: Alert | None = None,
    *,
    state: State = State.FIRING,
    standing: Standing = Standing.FIRING,
    cell: str | None = None,
    acked: Ack | None = None,
    as_of: Instant | None = None,
    why: str = "",
) -> KnownAlert:
    """An alert as the fleet knows it."""
    return KnownAlert(
        of if of is not None else alert(),
        state,
        standing,
        as_of or at(),
        cell=cell,
        ack=acked,
        silences=(acked.silence_id,) if acked is not None else (),
        why=why,
    )


def resolved(of: Alert, when: datetime, cell: str | None = None) -> ResolvedAlert:
    """An alert whose resolution was proven at `when`."""
    return ResolvedAlert(of, when, cell, "am healthy, prom evaluates it and it is not firing")


def service(
    name: str = "redis",
    place: str = "data-1",
    *,
    type: ServiceType = ServiceType.DOCKER,  # noqa: A002
    critical: bool = False,
) -> Service:
    """A registered service; a deployment lives in a namespace, everything else on a host."""
    in_cluster = type is ServiceType.K8S_DEPLOYMENT
    return Service(
        name,
        type,
        place,
        namespace=place if in_cluster else None,
        host=None if in_cluster else place,
        critical=critical,
    )


def probed(
    name: str = "redis",
    verdict: Verdict = Verdict.UNHEALTHY,
    said: str = "refused the connection",
    kind: ProbeKind = ProbeKind.HTTP,
) -> ProbeResult:
    """What one health check of the service `name` learned."""
    interval, timeout = timedelta(seconds=30), timedelta(seconds=5)
    return ProbeResult(Probe(name, kind, "http://127.0.0.1/", interval, timeout), verdict, said)


def target(health: TargetHealth = TargetHealth.UP, **labels: str) -> Target:
    """A scrape target; every other keyword is a label."""
    url = Raw(f"http://{labels.get('instance', '127.0.0.1:9100')}/metrics")
    return Target(Labels(labels), url, Raw("pool"), health, Raw(""), T0, timedelta(seconds=0.01))


def report(
    runner: Runner = Runner.CONTAINER,
    verdict: Verdict = Verdict.UNHEALTHY,
    said: str = "redis:7.2.5 Exited(137)",
    *,
    place: str = "data-1",
    failed: Failure | None = None,
) -> Report:
    """What runs a service says of it."""
    return Report(runner, verdict, said, at(), timedelta(seconds=60), place, failure=failed)


def host_cell_of(
    name: str = "data-1",
    state: State = State.OK,
    *,
    dark: bool = False,
    **labels: str,
) -> Cell:
    """The cell of a host itself; a dark one does not answer."""
    of = Service(host_cell(name), ServiceType.HOST, name, host=name, labels=tuple(labels.items()))
    if dark:
        told = report(
            Runner.HOST, Verdict.NO_ANSWER, "no answer on SSH", place=name,
            failed=failure(f"hosts/{name}", "no answer on SSH"),
        )  # fmt: skip
        return cell(of, State.UNKNOWN, "no answer on SSH", reports=[told])
    verdict = Verdict.HEALTHY if state is State.OK else Verdict.UNHEALTHY
    told = report(Runner.HOST, verdict, "disk / 94 %, over 90 %", place=name)
    return cell(of, state, told.said, reports=[told])


def cell(
    of: Service | None = None,
    state: State = State.OK,
    because: str = "",
    *,
    since: datetime | None = None,
    probes: Iterable[ProbeResult] = (),
    targets: Iterable[Target] = (),
    reports: Iterable[Report] = (),
) -> Cell:
    """A service and what is known of it."""
    return Cell(
        of if of is not None else service(),
        state,
        because,
        as_of=at(),
        since=since,
        probes=tuple(probes),
        targets=tuple(targets),
        reports=tuple(reports),
    )


def failure(source: str = "am", cause: str = "refused the connection at 127.0.0.1:9093") -> Failure:
    """A source gave no usable answer."""
    return Failure(
        source=source,
        part="alerts",
        kind=FailureKind.REFUSED,
        cause=cause,
        expected="a JSON list of alerts",
        remedy="see whether it runs",
        at=T0,
    )


def source(
    name: str = "am",
    kind: SourceKind = SourceKind.ALERTMANAGER,
    state: State = State.OK,
    *,
    failing_since: datetime | None = None,
    failures: Iterable[Failure] = (),
    healthy_since: Instant | None = None,
    last_ok: Instant | None = None,
    degraded: str = "",
    member_of: str = "",
) -> SourceHealth:
    """How one source is doing."""
    return SourceHealth(
        name,
        kind,
        state,
        timedelta(seconds=15),
        last_ok=last_ok,
        failing_since=failing_since,
        healthy_since=healthy_since,
        failures=tuple(failures),
        degraded=degraded,
        member_of=member_of,
    )


def snapshot(
    *alerts: KnownAlert,
    now: Instant | None = None,
    resolved: Iterable[ResolvedAlert] = (),
    cells: Iterable[Cell] = (),
    sources: Iterable[SourceHealth] = (),
    badges: Iterable[Badge] = (),
    complete: bool = True,
    restored: bool = False,
) -> Snapshot:
    """The world as last known; everything has been asked unless said otherwise."""
    return Snapshot(
        at=now or at(),
        environment="test",
        sources=tuple(sources),
        alerts=alerts,
        resolved=tuple(resolved),
        cells=tuple(cells),
        badges=tuple(badges),
        complete=complete,
        restored=restored,
    )
