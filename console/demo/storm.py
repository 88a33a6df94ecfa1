"""The scenario `alert-storm`: the switch of one rack dies, and 1,903 alerts follow.

Only `web-2` of the registered hosts stands in that rack; the others are compute nodes that
the registry does not name, as in a data centre where alerts know more than the team wrote
down.
"""

from __future__ import annotations

import random

from console.demo.inventory import SERVICES
from console.demo.metrics import CORE, Series, pairs
from console.demo.script import Bend, Scenario, Trouble, bend, gone, up_again
from console.demo.shape import flat, ramp

CAUSE = "sw-r12-a"
BACK_S = 600.0
"""When the spare switch takes over."""

STORM_SUMMARY = "the switch of rack r12 dies: about 2,000 alerts, and three that it did not cause"

NODES = 39
TENANT_ENDPOINTS = 739
PODS = 901
PROBES = 222
"""With one switch and `web-2` they make the 1,903 alerts of the rack."""

PARTITIONS = 96
REPLICAS = 12


def alert_storm() -> Scenario:
    """About 2,000 alerts within 40 s of each other, and three that have nothing to do with it."""
    draw = random.Random(12)
    bends: list[Bend] = [
        bend(CAUSE, "up", up_again(-48, BACK_S), 0, host="web-2", job="node"),
        bend("pay", "=payment_failures", ramp((-160, 0.004), (-139, 0.1), (60, 0.34)), 30),
        bend("tls", "=cert_days", ramp((-20 * 86400, 32.0), (12 * 86400, 0)),
             instance="shop.example.org:443"),
        bend("ledger", "=callback_delay", ramp((-300, 2), (-200, 64), (300, 120))),
    ]  # fmt: skip
    troubles: list[Trouble] = [
        Trouble("pay", "pay", -140, ready_status=503, fields=(("card_processor", "time-out"),))
    ]
    troubles.append(Trouble(CAUSE, "web-2", -48, BACK_S, refuse=True))
    for service in SERVICES:
        if service.place == "web-2":
            # Their scrapes fail with the host's: one InstanceDown speaks for all of them.
            troubles.append(gone(CAUSE, service.name, -48, BACK_S)[1])
    return Scenario(
        "alert-storm",
        STORM_SUMMARY,
        bends=tuple(bends),
        troubles=tuple(troubles),
        more_cause=CAUSE,
        remedies=(("pay PAYMENT_ROUTE=second", "pay"),),
        more_series=(*_rack(draw), *_ingest(draw), *_quiet_racks()),
    )


def _rack(draw: random.Random) -> list[Series]:
    rack = {"rack": "r12", "zone": "b"}
    switch = pairs(host=CAUSE, instance=f"{CAUSE}:161", job="switches", team="network", **rack)
    found = [Series(CORE, "snmp_up", switch, up_again(5, BACK_S), whole=True)]
    for number in range(1, NODES + 1):
        host = f"n12-{number:02}"
        # `for: 1m`, so that they fire 10 to 22 s after the start.
        labels = pairs(host=host, instance=f"{host}:9100", job="node", team="platform", **rack)
        found.append(_falls(draw, "up", labels, -50, -38))
    for number in range(TENANT_ENDPOINTS):
        host = f"n12-{number % NODES + 1:02}"
        labels = pairs(
            host=host, instance=f"{host}:{20000 + number}", job="tenant",
            tenant=f"t{number:04}", team=f"team-{number % 9}", **rack,
        )  # fmt: skip
        found.append(_falls(draw, "up", labels, 0, 35))
    for number in range(PODS):
        host = f"n12-{number % NODES + 1:02}"
        labels = pairs(
            host=host, pod=f"render-{number // NODES}-{number:05x}", condition="true",
            namespace=f"batch-{number % 7}", team=f"team-{number % 9}", **rack,
        )  # fmt: skip
        found.append(_falls(draw, "kube_pod_status_ready", labels, 2, 35))
    for number in range(PROBES):
        labels = pairs(
            instance=f"10.12.{number // 64}.{number % 64 + 10}", job="icmp", team="network",
            **rack,
        )  # fmt: skip
        found.append(_falls(draw, "probe_success", labels, 0, 34))
    return found


def _falls(
    draw: random.Random, family: str, labels: tuple[tuple[str, str], ...], first_s: float,
    last_s: float,
) -> Series:  # fmt: skip
    at_s = round(draw.uniform(first_s, last_s), 3)
    back_s = round(BACK_S + draw.uniform(5, 60), 3)
    return Series(CORE, family, labels, up_again(at_s, back_s), whole=True)


def _ingest(draw: random.Random) -> list[Series]:
    """What starves because the rack is gone, but stands elsewhere."""
    found = []
    for number in range(PARTITIONS):
        late_s = 20 + draw.uniform(0, 80)
        labels = pairs(
            namespace="ingest", partition=str(number), topic="events", team="data",
            consumergroup="enrich",
        )  # fmt: skip
        lag = ramp((late_s - 30, 120), (late_s, 10000), (BACK_S, 90000), (BACK_S + 120, 200))
        found.append(Series(CORE, "kafka_consumergroup_lag", labels, lag, whole=True))
    for number in range(REPLICAS):
        late_s = 25 + draw.uniform(0, 40)
        labels = pairs(tenant=f"t{number:04}", team="data", role="replica")
        lag = ramp((late_s - 20, 1), (late_s, 120), (BACK_S, 700), (BACK_S + 60, 1))
        found.append(Series(CORE, "tenant_replica_lag_seconds", labels, lag))
    return found


def _quiet_racks() -> list[Series]:
    """The nodes of the racks beside it, all well: what the storm is compared with."""
    found = []
    for rack, count in (("r10", 36), ("r11", 39)):
        for number in range(1, count + 1):
            host = f"n{rack[1:]}-{number:02}"
            labels = pairs(
                host=host, instance=f"{host}:9100", job="node", rack=rack, zone="a",
                team="platform",
            )  # fmt: skip
            found.append(Series(CORE, "up", labels, flat(1), whole=True))
    return found
