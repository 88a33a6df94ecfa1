"""Readings as sources would give them, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from console.fleet.fleet import Fleet
from console.model.alert import (
    Alert,
    AlertState,
    ClusterStatus,
    Rule,
    RuleAlert,
    RuleHealth,
    Silence,
    SilenceState,
    Target,
    TargetHealth,
)
from console.model.failure import Failure, FailureKind
from console.model.host import Container, HostFacts, Means, Mount, Unit
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.probe import HealthFacts, Probe, ProbeKind, ProbeResult, Verdict
from console.model.reading import (
    AlertmanagerReading,
    HostReading,
    KubernetesReading,
    ProbeReading,
    PrometheusReading,
)
from console.model.registry import Registry
from console.model.snapshot import Cell, KnownAlert, Snapshot, SourceKind, Watched
from console.model.workload import Workload, WorkloadKind
from console.safety.clock import Instant
from console.safety.text import Raw
from tests.build import fingerprint_of

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=15)
AM = Watched("am", SourceKind.ALERTMANAGER, INTERVAL, ("a",))
PAIR = Watched("am", SourceKind.ALERTMANAGER, INTERVAL, ("a", "b"))
PROM = Watched("prom", SourceKind.PROMETHEUS, INTERVAL, url="http://prom:9090")
HEALTH = Watched("health", SourceKind.HEALTH, timedelta(seconds=30))


HOSTS = Watched("hosts", SourceKind.HOSTS, timedelta(seconds=60), ("data-1",))
K8S = Watched("k8s", SourceKind.KUBERNETES, timedelta(seconds=30))


def at(seconds: float) -> Instant:
    """The moment `seconds` after the start of the test's world."""
    return Instant(START + timedelta(seconds=seconds), 1000.0 + seconds)


def alert(
    name: str = "HighLoad",
    *,
    fingerprint: str | None = None,
    starts_s: float = -60.0,
    updated_s: float | None = None,
    ends_s: float | None = 240.0,
    state: AlertState = AlertState.ACTIVE,
    silenced_by: tuple[str, ...] = (),
    inhibited_by: tuple[str, ...] = (),
    generator: str = "http://prom:9090/graph?g0.expr=up",
    cluster: str = "am",
    **labels: str,
) -> Alert:
    """An alert as Alertmanager tells it; its fingerprint follows from its labels."""
    values = {"alertname": name, **labels}
    return Alert(
        fingerprint=fingerprint or fingerprint_of(values),
        labels=Labels(values),
        annotations=Labels({}),
        starts_at=START + timedelta(seconds=starts_s),
        state=state,
        cluster=cluster,
        updated_at=None if updated_s is None else START + timedelta(seconds=updated_s),
        ends_at=None if ends_s is None else START + timedelta(seconds=ends_s),
        generator_url=Raw(generator),
        silenced_by=silenced_by,
        inhibited_by=inhibited_by,
    )


def failure(source: str, part: str, seconds: float) -> Failure:
    """A refused connection."""
    return Failure(
        source,
        part,
        FailureKind.REFUSED,
        "refused the connection",
        "an answer",
        "start it",
        START + timedelta(seconds=seconds),
    )


def silence(
    sid: str, comment: str, *matchers: tuple[str, str], ends_s: float = 900.0, by: str = "mei"
) -> Silence:
    """An active silence of plain matchers."""
    return Silence(
        sid,
        "am",
        SilenceState.ACTIVE,
        tuple(Matcher(name, Raw(value)) for name, value in matchers),
        START,
        START + timedelta(seconds=ends_s),
        Raw(by),
        Raw(comment),
    )


def am_reading(
    seconds: float,
    *alerts: Alert,
    member: str = "a",
    up_since_s: float = -86400.0,
    gossip: str = "ready",
    silences: tuple[Silence, ...] = (),
    skew: timedelta | None = None,
    source: str = "am",
) -> AlertmanagerReading:
    """An Alertmanager that answers everything."""
    status = ClusterStatus(
        gossip, (), Raw("0.25.0"), START + timedelta(seconds=up_since_s), Raw("")
    )
    return AlertmanagerReading(
        source, member, at(seconds), timedelta(milliseconds=20), alerts, silences, status, skew=skew
    )


def am_down(seconds: float, member: str = "a", source: str = "am") -> AlertmanagerReading:
    """An Alertmanager that answers nothing."""
    return AlertmanagerReading(
        source,
        member,
        at(seconds),
        timedelta(milliseconds=20),
        failure(source, "alerts", seconds),
        failure(source, "silences", seconds),
        failure(source, "status", seconds),
    )


def rule(
    name: str,
    *,
    evaluated_s: float | None,
    health: RuleHealth = RuleHealth.OK,
    held_s: float = 60.0,
) -> Rule:
    """A rule of a group that is evaluated every 15 s."""
    return Rule(
        Raw(name),
        Raw("group"),
        Raw("up == 0"),
        timedelta(seconds=held_s),
        Labels({}),
        Labels({}),
        health,
        Raw(""),
        None if evaluated_s is None else START + timedelta(seconds=evaluated_s),
        INTERVAL,
    )


def series(
    name: str = "HighLoad",
    *,
    state: AlertState = AlertState.ACTIVE,
    active_s: float = -120.0,
    **labels: str,
) -> RuleAlert:
    """One active series of a rule."""
    return RuleAlert(
        Labels({"alertname": name, **labels}),
        Labels({}),
        state,
        START + timedelta(seconds=active_s),
        Raw("1"),
    )


def target(
    instance: str,
    job: str = "node",
    *,
    health: TargetHealth = TargetHealth.UP,
    error: str = "",
    **labels: str,
) -> Target:
    """One scrape target."""
    return Target(
        Labels({"job": job, "instance": instance, **labels}),
        Raw(f"http://{instance}/metrics"),
        Raw(job),
        health,
        Raw(error),
        START,
        timedelta(milliseconds=5),
    )


def prom_reading(
    seconds: float,
    *told: RuleAlert,
    rules: tuple[Rule, ...] | None = None,
    targets: tuple[Target, ...] = (),
    warnings: tuple[Raw, ...] = (),
    external: tuple[tuple[str, str], ...] = (),
    alertmanagers: tuple[Raw, ...] | None = None,
    source: str = "prom",
    skew: timedelta | None = None,
) -> PrometheusReading:
    """A Prometheus that answers everything; its rules were evaluated just now."""
    if rules is None:
        rules = (rule("HighLoad", evaluated_s=seconds), rule("Other", evaluated_s=seconds))
    return PrometheusReading(
        source,
        at(seconds),
        timedelta(milliseconds=20),
        told,
        rules,
        targets,
        alertmanagers,
        external,
        warnings,
        skew,
    )


def prom_down(seconds: float, source: str = "prom") -> PrometheusReading:
    """A Prometheus that answers nothing."""
    return PrometheusReading(
        source,
        at(seconds),
        timedelta(milliseconds=20),
        failure(source, "alerts", seconds),
        failure(source, "rules", seconds),
        failure(source, "targets", seconds),
    )


def probe_reading(
    seconds: float,
    service: str,
    verdict: Verdict = Verdict.HEALTHY,
    *,
    kind: ProbeKind = ProbeKind.HTTP,
    said: str = "200 in 12 ms",
    version: str | None = None,
) -> ProbeReading:
    """The answer of one health check."""
    probe = Probe(service, kind, "http://x/health", timedelta(seconds=30), timedelta(seconds=5))
    facts = HealthFacts(version=None if version is None else Raw(version))
    return ProbeReading("health", at(seconds), ProbeResult(probe, verdict, said, facts=facts))


def facts(
    *,
    disk: float = 40.0,
    cpu: float | None = 10.0,
    memory: float | None = 50.0,
    containers: tuple[Container, ...] | Failure | None = None,
    units: tuple[Unit, ...] | Failure | None = None,
    missing: tuple[str, ...] = (),
    means: Means = Means.SSH,
) -> HostFacts:
    """What a host that is well says of itself, but for what the test gives; all in percent."""
    return HostFacts(
        means,
        uptime=timedelta(days=41),
        cpu_percent=cpu,
        load=(0.5, 0.4, 0.3),
        memory_total_bytes=None if memory is None else 10_000,
        memory_available_bytes=None if memory is None else int(10_000 * (1 - memory / 100)),
        mounts=(Mount(Raw("/"), 10_000, int(10_000 * (1 - disk / 100)), disk),),
        containers=containers,
        units=units,
        missing=missing,
    )


def host_reading(
    seconds: float, told: HostFacts | Failure, host: str = "data-1", source: str = "hosts"
) -> HostReading:
    """A look at a host."""
    return HostReading(source, host, at(seconds), timedelta(seconds=0.2), told)


def host_down(seconds: float, host: str = "data-1") -> HostReading:
    """A look at a host that gave nothing."""
    return host_reading(seconds, failure("hosts", host, seconds), host)


def container(name: str = "redis", state: str = "running", **more: Any) -> Container:
    """A docker container."""
    return Container(Raw(name), Raw("1f2e3d"), Raw("redis:7.2.5"), Raw(state), **more)


def unit(name: str = "nginx.service", active: str = "active", **more: Any) -> Unit:
    """A systemd unit."""
    sub = "running" if active == "active" else "failed"
    return Unit(Raw(name), Raw("loaded"), Raw(active), Raw(sub), **more)


def workload(
    name: str = "api", desired: int | None = 3, available: int | None = 3, **more: Any
) -> Workload:
    """A deployment of the namespace `shop`."""
    return Workload(
        Raw(name), Raw("shop"), WorkloadKind.DEPLOYMENT, desired=desired, available=available,
        **more,
    )  # fmt: skip


def k8s_reading(
    seconds: float, told: tuple[Workload, ...] | Failure, source: str = "k8s", **more: Any
) -> KubernetesReading:
    """A look at a cluster."""
    return KubernetesReading(source, at(seconds), timedelta(seconds=0.3), told, **more)


def fleet(
    *watched: Watched, registry: Registry | None = None, policy: Policy | None = None
) -> Fleet:
    """A fleet that watches one Alertmanager and one Prometheus where nothing else is said."""
    return Fleet(registry or Registry(), watched or (AM, PROM), policy or Policy(), "test")


def the_alert(snapshot: Snapshot, name: str = "HighLoad") -> KnownAlert:
    """The only alert of that name."""
    (found,) = [one for one in snapshot.alerts if one.alert.name.exact == name]
    return found


def the_cell(snapshot: Snapshot, name: str) -> Cell:
    """The cell of that service."""
    (found,) = [one for one in snapshot.cells if one.service.name == name]
    return found
