"""What triage costs at 10,000 alerts, beside `json.loads` of the same alerts as bytes.

Run: `python -m tests.bench.bench_triage`. CPU time of the best of several runs, in ms.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec

from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Snapshot
from console.triage.triage import Triage
from tests.build import ago, alert, at, cell, known, service, snapshot

ALERTS = 10_000
ROUNDS = 5


def scattered(count: int = ALERTS) -> Iterator[KnownAlert]:
    """Alerts of all severities over hours, two or three a service: thousands of rows."""
    severities = ("critical", "high", "warning", "info")
    for number in range(count):
        yield known(
            alert(
                f"Alert{number % 40}",
                starts_at=ago(120 + number * 1.7),
                summary=f"something is wrong with service {number // 3}",
                severity=severities[number % 4],
                instance=f"host-{number // 8}:9100",
                job="node",
                rack=f"r{number // 400}",
                zone="ab"[number % 2],
                team=f"team-{number % 9}",
                env="prod",
            ),
            cell=f"svc-{number // 3}" if number % 2 else None,
        )


def stormy(count: int = ALERTS) -> Iterator[KnownAlert]:
    """Alerts of one dead rack, all within a minute."""
    for number in range(count):
        yield known(
            alert(
                ("InstanceDown", "PodNotReady", "EndpointDown")[number % 3],
                starts_at=ago(number % 50),
                summary=f"endpoint {number} does not answer",
                severity=("critical", "high", "warning")[number % 3],
                instance=f"n12-{number % 39}:{20000 + number}",
                job=("node", "pods", "tenant")[number % 3],
                rack="r12",
                zone="b",
                team=f"team-{number % 9}",
                env="prod",
            )
        )


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def answered_again(of: Snapshot, seconds: float) -> Snapshot:
    """The same alerts from the next poll: every one of them a new object."""
    later = at(seconds)
    return msgspec.structs.replace(
        of,
        at=later,
        alerts=tuple(msgspec.structs.replace(each, as_of=later) for each in of.alerts),
    )


def report(name: str, alerts: tuple[KnownAlert, ...], loads_ms: float) -> None:
    """One line of figures for one world."""
    cells = [cell(service(f"svc-{number}", f"h{number // 20}")) for number in range(62)]
    world = snapshot(*alerts, cells=cells)
    cold, polled, same = [], [], []
    rows = 0
    for _ in range(ROUNDS):
        triage = Triage(Policy())
        cold.append(cpu_ms(lambda: triage.worklist(world)))  # noqa: B023
        again = answered_again(world, 15)
        polled.append(cpu_ms(lambda: triage.worklist(again)))  # noqa: B023
        third = msgspec.structs.replace(again, at=at(20))
        start = time.process_time()
        rows = len(triage.worklist(third).rows)
        same.append((time.process_time() - start) * 1000)
    sys.stdout.write(
        f"{name:<10} {len(alerts):>6,} alerts {rows:>6,} rows   cold {min(cold):6.1f}   "
        f"next poll {min(polled):6.1f}   nothing new {min(same):6.1f}   "
        f"cold / json.loads {min(cold) / loads_ms:4.1f}x\n"
    )


def as_json(alerts: tuple[KnownAlert, ...]) -> bytes:
    """The alerts as an Alertmanager would send them."""
    return json.dumps(
        [
            {
                "labels": dict(each.alert.labels.exact_items()),
                "annotations": dict(each.alert.annotations.exact_items()),
                "startsAt": each.alert.starts_at.isoformat(),
                "updatedAt": each.alert.starts_at.isoformat(),
                "endsAt": (each.alert.starts_at + timedelta(minutes=4)).isoformat(),
                "generatorURL": "http://prom:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
                "fingerprint": each.alert.fingerprint,
                "receivers": [{"name": "team"}],
                "status": {
                    "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [],
                },
            }
            for each in alerts
        ]
    ).encode()  # fmt: skip


def main() -> None:
    """Print the figures."""
    spread, storm = tuple(scattered()), tuple(stormy())
    content = as_json(spread)
    gc.collect()
    gc.freeze()
    gc.disable()
    loads_ms = min(cpu_ms(lambda: json.loads(content)) for _ in range(ROUNDS))
    sys.stdout.write(f"json.loads of the same {len(content):,} bytes: {loads_ms:.1f} ms\n")
    report("scattered", spread, loads_ms)
    report("storm", storm, loads_ms)


if __name__ == "__main__":
    main()
