"""What each scenario breaks at its start, and that it breaks nothing else.

Everything is asked once, as `oncall fleet` does; the world stands still meanwhile, so that a
slow machine sees the same second of the script.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from config.load import Loaded, load
from console.demo.inventory import SERVICES
from console.demo.scenarios import scenario_names
from console.demo.serve import DemoHandle, start_demo
from console.engine.engine import Engine
from console.model.snapshot import Snapshot
from console.model.state import State
from console.safety.clock import Instant, SystemClock

DEADLINE_S = 60.0
LEAST_SLOW = timedelta(seconds=1)
"""What a scenario slows down takes longer than this."""
BUSY = timedelta(seconds=20)
"""Nothing else is slow below this: it may be the machine that is busy."""

OLD = {"media", "loki"}
FOLDED = OLD | {"pricing", "invoice", "minio"}

ON_WEB_1 = {"nginx-1", "haproxy-1", "varnish-1", "waf-1", "node-exporter-1", "host:web-1"}
ON_WEB_2 = {"nginx-2", "haproxy-2", "varnish-2", "waf-2", "node-exporter-2", "host:web-2"}
ON_DATA_1 = {spec.name for spec in SERVICES if spec.place == "data-1"} | {"host:data-1"}
NEED_DATA_1 = {
    "storefront", "api", "checkout", "cart", "catalog", "search-api", "pricing", "inventory",
    "accounts", "auth", "session", "websocket", "worker", "scheduler", "report-builder",
    "notify", "media", "pay", "ledger", "fraud-check", "invoice", "embedder",
}  # fmt: skip

FIRING = {
    "calm": OLD,
    "redis-down": FOLDED
    | {"redis", "api", "cart", "session", "websocket", "worker", "checkout-page", "me"}
    | {"nginx-1", "ledger", "opensearch", "sms-gateway", "backup-agent", "host:ops-1"},
    "bad-deploy": FOLDED | {"api"},
    "alert-storm": ON_WEB_2 | {"nginx-1", "pay", "ledger"},
    "source-lost": FOLDED - {"loki"}
    | {"nginx-1", "postgres-replica", "opensearch", "sms-gateway", "basket", "account"},
    "disk-filling": OLD | {"pricing", "host:data-1"},
    "flapping": OLD | {"pricing", "search-api"},
    "cert-expiring": OLD | {"pricing", "vault", "registry"},
    "host-dark": OLD | ON_WEB_2,
    "rack-down": OLD
    | ON_WEB_1
    | ON_DATA_1
    | NEED_DATA_1
    | {"product", "basket", "checkout-page", "account", "list-products", "search", "me"},
    "small-hours": OLD | {"worker", "ci-runner", "backup-agent", "clickhouse", "host:data-1"},
    "slow-database": OLD | {"accounts", "pgbouncer", "postgres-replica"},
    "edge-rule": OLD | {"basket", "checkout-page"},
}
"""By scenario the registered cells that fire at its start; all others are OK."""

DARK = {
    "alert-storm": {"hosts/web-2"},
    "host-dark": {"hosts/web-2"},
    "rack-down": {"hosts/web-1", "hosts/data-1"},
}
"""Sources that cannot answer, by scenario."""

WEAKENED = {
    "alert-storm": {"hosts"},
    "host-dark": {"hosts"},
    # Redis and postgres are asked by a command on their host.
    "rack-down": {"hosts", "health"},
}
"""Sources that answer but for a part, by scenario."""


class StillClock:
    """The time at which it was made; who sleeps does so for real."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._now = self._real.now()

    def now(self) -> Instant:
        return self._now

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds)


def settings_of(demo: DemoHandle, slow: set[str]) -> Loaded:
    """Those of the demo, with less patience for hosts that are dark.

    Nor is an answer slow that only a busy machine kept back, but of those that may be `slow`.
    """
    loaded = load(demo.settings_dir)
    replace = msgspec.structs.replace
    quick = replace(loaded.settings.ssh, connect_timeout=loaded.settings.ssh.connect_timeout / 4)
    services = tuple(
        replace(
            service,
            slo_latency=max(service.slo_latency, LEAST_SLOW if service.name in slow else BUSY),
        )
        if service.slo_latency is not None
        else service
        for service in loaded.registry.services
    )
    return replace(
        loaded,
        settings=replace(loaded.settings, ssh=quick),
        registry=replace(loaded.registry, services=services),
    )


def looked_at(scenario: str) -> Snapshot:
    """The scenario's first second, after everything has been asked once."""
    demo = start_demo(scenario, clock=StillClock())
    try:
        engine = Engine(
            settings_of(demo, FIRING[scenario]),
            clock=SystemClock(),
            publish=lambda update: None,
            state=None,
        )
        return asyncio.run(engine.look_once(DEADLINE_S)).snapshot
    finally:
        demo.stop()


@pytest.mark.parametrize("scenario", [name for name, _ in scenario_names()])
def test_only_what_the_scenario_breaks_is_not_ok(scenario: str) -> None:
    snapshot = looked_at(scenario)
    # The nodes of the storm's rack are scraped, and the registry does not name them.
    cells = [cell for cell in snapshot.cells if not cell.service.name.startswith("node@n12-")]
    found: dict[State, set[str]] = {}
    for cell in cells:
        found.setdefault(cell.state, set()).add(cell.service.name)
    well = found.pop(State.OK)
    assert found == {State.FIRING: FIRING[scenario]}
    assert len(well) >= 79 - len(FIRING[scenario])
    sick = {one.name for one in snapshot.sources if one.state is not State.OK}
    assert sick == DARK.get(scenario, set())
    weakened = {one.name for one in snapshot.sources if one.degraded}
    assert weakened == WEAKENED.get(scenario, set())
