"""Worlds that the screens are shown, made up and always the same."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.model.alert import Rule, RuleHealth
from console.model.event import Event, EventKind
from console.model.labels import Labels
from console.model.registry import ServiceType
from console.model.snapshot import (
    Cell,
    KnownAlert,
    Snapshot,
    SourceKind,
    SourceRules,
    Standing,
)
from console.model.state import State
from console.safety.text import Raw
from tests.build import (
    ack,
    ago,
    alert,
    at,
    cell,
    failure,
    known,
    probed,
    resolved,
    service,
    snapshot,
    source,
)

DAY_S = 86_400
PLACES = {
    "data-1": ("redis", "postgres", "kafka", "minio"),
    "web-1": ("nginx-1", "haproxy-1", "varnish-1"),
    "web-2": ("nginx-2", "haproxy-2", "varnish-2"),
    "shop": ("api", "cart", "checkout", "支付网关", "worker"),
    "pages": ("home", "basket"),
}
STATES = {
    "redis": State.FIRING,
    "api": State.FIRING,
    "worker": State.STALE,
    "varnish-2": State.UNKNOWN,
    "minio": State.LOST,
}
BECAUSE = {
    State.OK: "http 200 in 4 ms",
    State.FIRING: "ServiceDown fires",
    State.UNKNOWN: "its health has not been asked yet",
    State.STALE: "the last answer is 4m old",
    State.LOST: "prom-edge is gone, and with it the alert",
}
WELL = (
    source("prom-core", SourceKind.PROMETHEUS, last_ok=at(-3)),
    source("prom-edge", SourceKind.PROMETHEUS, last_ok=at(-4)),
    source("am", last_ok=at(-6)),
    source("am/am-1:9093", last_ok=at(-6), member_of="am"),
    source("am/am-2:9093", last_ok=at(-7), member_of="am"),
    source("health", SourceKind.HEALTH, last_ok=at(-8)),
)
SICK = (
    WELL[0],
    source(
        "prom-edge",
        SourceKind.PROMETHEUS,
        State.UNKNOWN,
        failing_since=ago(130),
        failures=(
            msgspec.structs.replace(
                failure("prom-edge", "refused the connection at 10.0.0.7:9090"),
                curl="curl -q -sS http://10.0.0.7:9090/api/v1/rules",
            ),
        ),
        last_ok=at(-140),
    ),
    *WELL[2:],
)
RULE = Rule(
    name=Raw("ServiceDown"),
    group=Raw("redis"),
    query=Raw("redis_up == 0"),
    duration=timedelta(minutes=1),
    labels=Labels({}),
    annotations=Labels({}),
    health=RuleHealth.OK,
    last_error=Raw(""),
    last_evaluation=ago(3),
    interval=timedelta(seconds=15),
)
EVENTS = (
    Event(ago(4), EventKind.SOURCE, "prom-edge", "UNKNOWN: refused the connection"),
    Event(ago(160), EventKind.FIRED, "ServiceDown redis", "began to fire"),
    Event(ago(600), EventKind.ACKED, "SlowResponse api", "acked until 03:30 UTC", "mei"),
    Event(ago(1800), EventKind.RESOLVED, "磁盘将满 data-1", "resolved: am healthy"),
)


def cells() -> tuple[Cell, ...]:
    """Seventeen services in five places, five of them not well."""
    found = []
    for place, names in PLACES.items():
        kind = ServiceType.K8S_DEPLOYMENT if place == "shop" else ServiceType.DOCKER
        for name in names:
            of = service(name, place, type=kind, critical=name in ("redis", "api"))
            if name == "api":
                of = msgspec.structs.replace(of, depends_on=("redis", "postgres"))
            state = STATES.get(name, State.OK)
            probes = [probed(name, said="tcp refused")] if name == "redis" else []
            made = cell(of, state, BECAUSE[state], since=ago(160), probes=probes)
            found.append(msgspec.structs.replace(made, probe_ages=tuple(at(-5) for _ in probes)))
    return tuple(found)


def group() -> tuple[KnownAlert, ...]:
    """Five alerts that are one row: one name on one service, with different instances."""
    return tuple(
        known(
            alert(
                "QueueBacklog",
                starts_at=ago(900 + 10 * n),
                summary=f"{4_000 + n} jobs wait",
                severity="warning",
                instance=f"worker-{n}",
                queue=f"queue-{n}",
            ),
            cell="worker",
        )
        for n in range(5)
    )


def usual(*, sick: bool = False) -> Snapshot:
    """What a shift looks like: something new, something acked, something old."""
    down = alert(
        "ServiceDown",
        starts_at=ago(162),
        summary="no PING reply, 1 of 1",
        severity="critical",
        instance="data-1:6379",
        annotations={"runbook_url": "https://books.test/cache-down", "dashboard": "https://d.test"},
    )
    slow = alert("SlowResponse", starts_at=ago(2880), summary="p95 2.9 s > 2 s", severity="error")
    late = alert("支付回调延迟", starts_at=ago(1200), summary="延迟 93 秒", severity="error")
    full = alert("DiskFull", starts_at=ago(600), severity="warning", instance="ops-1")
    old = [
        known(
            alert(
                f"ImageTooOld{n}",
                starts_at=ago((8 + n) * DAY_S),
                summary="built long ago",
                severity="info",
                instance=f"old-{n}",
            )
        )
        for n in range(3)
    ]
    shown = snapshot(
        known(down, cell="redis"),
        known(slow, cell="api", acked=ack("mei")),
        known(late, cell="支付网关"),
        *group(),
        known(full, standing=Standing.SILENCED),
        *old,
        cells=cells(),
        sources=SICK if sick else WELL,
        resolved=(
            resolved(alert("磁盘将满", instance="data-1"), ago(1800), "postgres"),
            resolved(alert("CpuHigh", instance="web-1"), ago(300), "nginx-1"),
        ),
    )
    return msgspec.structs.replace(shown, rules=(SourceRules("prom-core", (RULE,), at()),))


def storm() -> Snapshot:
    """A rack goes dark, and one payment error that has nothing to do with it."""
    severities = ("critical", "error", "warning")
    names = ("InstanceDown", "PodNotReady", "EndpointDown")
    rack = [
        known(
            alert(
                names[n % 3],
                starts_at=ago(50 - n / 10),
                severity=severities[n % 3],
                instance=f"r12-{n}:9100",
                rack="r12",
            )
        )
        for n in range(300)
    ]
    pay = alert("PaymentErrors", starts_at=ago(79), severity="critical", service="pay")
    return snapshot(known(pay, cell="checkout"), *rack, cells=cells(), sources=WELL)
