"""What 10,000 alerts cost the fleet: CPU time beside `json.loads` of the same bytes.

Run: `python tests/bench/bench_fleet.py [alerts]`
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from console.fleet.fleet import Fleet
from console.model.alert import (
    Alert,
    AlertState,
    ClusterStatus,
    RuleAlert,
    Silence,
    SilenceState,
    Target,
    TargetHealth,
)
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.reading import AlertmanagerReading, ProbeReading, PrometheusReading
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.snapshot import SourceKind, Watched
from console.safety.clock import Instant
from console.safety.text import Raw

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=15)
RUNS = 7


def wire(count: int) -> bytes:
    """An Alertmanager's list of `count` alerts, as it comes over the wire."""
    alerts = [
        {
            "labels": {
                "alertname": f"Alert{number % 40}",
                "instance": f"host-{number % 2000}:9100",
                "job": "node",
                "severity": ("critical", "warning", "info")[number % 3],
                "rack": f"r{number % 12}",
                "device": f"dev-{number}",
                "service": f"svc-{number % 62}" if number % 2 else f"other-{number % 62}",
            },
            "annotations": {
                "summary": f"Something is wrong with number {number}",
                "runbook_url": "http://wiki/rb",
            },
            "startsAt": "2026-11-22T02:59:00.000Z",
            "updatedAt": "2026-11-22T03:00:00.000Z",
            "endsAt": "2026-11-22T03:04:00.000Z",
            "generatorURL": "http://prom:9090/graph?g0.expr=up&g0.tab=1",
            "fingerprint": f"{number:016x}",
            "receivers": [{"name": "ops"}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
        }
        for number in range(count)
    ]
    return json.dumps(alerts).encode()


def decode(content: bytes) -> tuple[Alert, ...]:
    """New objects at every poll, as a client makes them."""
    at = START - timedelta(seconds=60)
    return tuple(
        Alert(
            one["fingerprint"], Labels(one["labels"]), Labels(one["annotations"]), at,
            AlertState.ACTIVE, "am", START, START + timedelta(minutes=4),
            Raw(one["generatorURL"]), (Raw("ops"),),
        )
        for one in json.loads(content)
    )  # fmt: skip


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def at(seconds: float) -> Instant:
    return Instant(START + timedelta(seconds=seconds), 1000.0 + seconds)


def a_fleet(services: int, members: tuple[str, ...], *proms: Watched) -> Fleet:
    registry = Registry(
        tuple(Host(f"host-{one}") for one in range(5)),
        tuple(
            Service(f"svc-{one}", ServiceType.HTTP, f"host-{one % 5}", host=f"host-{one % 5}",
                    port=8000 + one, health="/health")
            for one in range(services)
        ),
    )  # fmt: skip
    am = Watched("am", SourceKind.ALERTMANAGER, INTERVAL, members)
    health = Watched("health", SourceKind.HEALTH, timedelta(seconds=30))
    return Fleet(registry, (am, health, *proms), Policy(), "bench")


def told(seconds: float, alerts: tuple[Alert, ...], member: str = "a") -> AlertmanagerReading:
    status = ClusterStatus("ready", (), Raw("0.27"), START - timedelta(days=1), Raw(""))
    took = timedelta(milliseconds=200)
    return AlertmanagerReading("am", member, at(seconds), took, alerts, (), status)


def prometheus(seconds: float, alerts: tuple[Alert, ...], targets: int) -> PrometheusReading:
    series = tuple(
        RuleAlert(Labels(dict(one.labels.exact_items())), one.annotations, AlertState.ACTIVE,
                  one.starts_at, Raw("1"))
        for one in alerts
    )  # fmt: skip
    scraped = tuple(
        Target(Labels({"job": "node", "instance": f"host-{one}:9100"}), Raw("http://x"),
               Raw("node"), TargetHealth.UP, Raw(""), START, timedelta())
        for one in range(targets)
    )  # fmt: skip
    return PrometheusReading("prom", at(seconds), timedelta(), series, (), scraped)


def show(name: str, took_ms: list[float], json_ms: float) -> None:
    best, typical = min(took_ms), sorted(took_ms)[len(took_ms) // 2]
    sys.stdout.write(
        f"{name:<52}{best:8.1f}{typical:9.1f}{max(took_ms):9.1f}{typical / json_ms:8.2f}x\n"
    )


def poll_costs(
    count: int, content: bytes, json_ms: float, members: tuple[str, ...], with_prom: bool
) -> None:
    prom = Watched("prom", SourceKind.PROMETHEUS, INTERVAL, url="http://prom:9090")
    world = a_fleet(62, members, *([prom] if with_prom else []))
    first: list[float] = []
    again: list[float] = []
    idle: list[float] = []
    for run in range(RUNS):
        seconds = 15.0 * run
        readings = [told(seconds, decode(content), member) for member in members]
        of_prom = prometheus(seconds, decode(content), 500) if with_prom else None

        def poll(
            readings: list[AlertmanagerReading] = readings,
            of_prom: PrometheusReading | None = of_prom,
            seconds: float = seconds,
        ) -> None:
            for reading in readings:
                world.take(reading)
            if of_prom is not None:
                world.take(of_prom)
            world.snapshot(at(seconds))

        (again if run else first).append(cpu_ms(poll))
        probe = Probe("svc-1", ProbeKind.HTTP, "u", timedelta(seconds=30), timedelta(seconds=5))
        world.take(ProbeReading("health", at(seconds), ProbeResult(probe, Verdict.HEALTHY, "200")))
        idle.append(cpu_ms(lambda seconds=seconds: world.snapshot(at(seconds))))  # type: ignore[misc]
    assert len(world.snapshot(at(15.0 * RUNS)).alerts) == count
    what = f"{len(members)} member(s)" + (", Prometheus tells the same" if with_prom else "")
    show(f"first poll, {what}", first, json_ms)
    show(f"next polls, {what}", again, json_ms)
    show(f"snapshot after one probe, {what}", idle, json_ms)


def vanishing_costs(content: bytes, json_ms: float) -> None:
    world = a_fleet(62, ("a",))
    alerts = decode(content)
    took = []
    for run in range(RUNS):
        world.take(told(30.0 * run, alerts))
        world.snapshot(at(30.0 * run))
        seconds = 30.0 * run + 15
        world.take(told(seconds, ()))
        took.append(cpu_ms(lambda seconds=seconds: world.snapshot(at(seconds))))  # type: ignore[misc]
    show("snapshot when all vanish at once", took, json_ms)


def dead_costs(content: bytes, json_ms: float) -> None:
    """Alertmanager died and 2,000 silences are known: each alert is held against them."""
    world = a_fleet(62, ("a",))
    silences = tuple(
        Silence(
            f"s{one}",
            "am",
            SilenceState.ACTIVE,
            (Matcher("device", Raw(f"dev-{one * 3}")), Matcher("job", Raw("no.*"), is_regex=True)),
            START,
            START + timedelta(hours=1),
            Raw("mei"),
            Raw("ACK! mine"),
        )
        for one in range(2000)
    )
    world.take(msgspec.structs.replace(told(0, decode(content)), silences=silences))
    world.snapshot(at(0))
    took = []
    for run in range(1, RUNS):
        seconds = 15.0 * run
        refused = Failure(
            "am", "alerts", FailureKind.REFUSED, "refused", "a list", "start it", START
        )
        world.take(msgspec.structs.replace(told(seconds, ()), alerts=refused))
        took.append(cpu_ms(lambda seconds=seconds: world.snapshot(at(seconds))))  # type: ignore[misc]
    show("snapshot when Alertmanager died, 2,000 silences", took, json_ms)


def saving_costs(content: bytes, json_ms: float) -> None:
    world = a_fleet(62, ("a",))
    world.take(told(0, decode(content)))
    world.snapshot(at(0))
    show("saved()", [cpu_ms(world.saved) for _ in range(3)], json_ms)
    saved = world.saved()
    fresh = [a_fleet(62, ("a",)) for _ in range(3)]
    show("restore()", [cpu_ms(lambda one=one: one.restore(saved)) for one in fresh], json_ms)  # type: ignore[misc]


def cell_costs(json_ms: float) -> None:
    world = a_fleet(20_000, ("a",))
    world.take(told(0, ()))
    show("20,000 cells, first snapshot", [cpu_ms(lambda: world.snapshot(at(0)))], json_ms)
    took = []
    for run in range(RUNS):
        probe = Probe(f"svc-{run}", ProbeKind.HTTP, "u", INTERVAL, INTERVAL)
        world.take(ProbeReading("health", at(run), ProbeResult(probe, Verdict.HEALTHY, "200")))
        took.append(cpu_ms(lambda run=run: world.snapshot(at(run))))  # type: ignore[misc]
    show("20,000 cells, snapshot after one probe", took, json_ms)


def main() -> None:
    gc.disable()  # as in the console, which collects when it is idle
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    content = wire(count)
    json_ms = min(cpu_ms(lambda: json.loads(content)) for _ in range(5))
    sys.stdout.write(
        f"{count:,} alerts, {len(content):,} bytes, json.loads {json_ms:.1f} ms CPU\n"
        f"{'CPU ms':<52}{'best':>8}{'median':>9}{'worst':>9}{'/ json':>9}\n"
    )
    poll_costs(count, content, json_ms, ("a",), with_prom=False)
    poll_costs(count, content, json_ms, ("a", "b"), with_prom=False)
    poll_costs(count, content, json_ms, ("a",), with_prom=True)
    vanishing_costs(content, json_ms)
    dead_costs(content, json_ms)
    saving_costs(content, json_ms)
    cell_costs(json_ms)


if __name__ == "__main__":
    main()
