"""The console's own sources look at a demo: every answer can be used, every query is known."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from config.load import Loaded, load
from config.registry import probes_of
from console.demo.fleet import DemoFleet
from console.demo.scenarios import scenario_names
from console.model.failure import Failure
from console.model.probe import ProbeResult, Verdict
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.ssh.client import SshClient
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.open import Opened, open_sources
from console.sources.probes.poll import Prober
from console.sources.prometheus.poll import Prometheus
from console.sources.prometheus.promql import comparison_of
from console.sources.reach import Reach, ssh_options
from tests.soak import trials


@contextlib.asynccontextmanager
async def watched(scenario: str) -> AsyncIterator[tuple[Loaded, Opened, HttpClient]]:
    clock = SystemClock()
    fleet = DemoFleet(scenario, clock=clock)
    await fleet.start()
    http = HttpClient(clock)
    try:
        loaded = load(fleet.settings_dir)
        yield loaded, await open_sources(loaded.settings, http, clock), http
    finally:
        await http.aclose()
        await fleet.stop()


EVERY = [name for name, _ in scenario_names()]
MOST_BROKEN = ["redis-down", "alert-storm", "source-lost", "rack-down"]
"""That no part is missing for a whole console is seen in every one of them, see
`test_what_is_not_ok.py`."""


@pytest.mark.parametrize("scenario", EVERY if trials(usual=0, soak=1) else MOST_BROKEN)
async def test_every_part_of_every_reading_can_be_used(scenario: str) -> None:
    async with watched(scenario) as (_, opened, _http):
        assert (len(opened.prometheuses), len(opened.alertmanagers)) == (2, 2)
        sources: list[Prometheus | AlertmanagerMember] = [
            *opened.prometheuses,
            *opened.alertmanagers,
        ]
        for source in sources:
            reading = await source.poll(0)
            for part in reading.__struct_fields__:
                assert not isinstance(getattr(reading, part), Failure), getattr(reading, part)
            assert reading.skew is None or abs(reading.skew) < timedelta(seconds=3)
            assert reading.alerts


async def test_every_rule_and_what_is_compared_in_it_has_a_graph() -> None:
    async with watched("redis-down") as (_, opened, _http):
        now = SystemClock().now().wall
        drawn = 0
        for source in opened.prometheuses:
            reading = await source.poll(0)
            assert not isinstance(reading.rules, Failure)
            for rule in reading.rules:
                compared = comparison_of(rule.query.exact)
                assert compared is not None or rule.name.exact == "Watchdog"
                queries = [rule.query.exact, *([compared.left] if compared else [])]
                for query in queries:
                    instant = await source.instant(query)
                    assert not isinstance(instant, Failure), instant
                    hour = timedelta(hours=1)
                    graph = await source.range(query, now - hour, now, timedelta(seconds=60))
                    assert not isinstance(graph, Failure), graph
                    drawn += 1
        assert drawn > 50


async def results_of(scenario: str) -> dict[str, list[ProbeResult]]:
    async with watched(scenario) as (loaded, _, http):
        settings = loaded.settings.sources.health
        ssh = SshClient(SystemClock(), ssh_options(loaded.settings.ssh))
        prober = Prober(http, SystemClock(), settings, Reach(loaded.registry, ssh))
        probes = probes_of(loaded.registry, settings)
        try:
            readings = await asyncio.gather(*(prober.ask(probe) for probe in probes))
        finally:
            await ssh.aclose()
        found: dict[str, list[ProbeResult]] = {}
        for reading in readings:
            found.setdefault(reading.result.probe.service, []).append(reading.result)
        return found


async def test_everything_is_healthy_on_a_calm_day() -> None:
    results = [one for found in (await results_of("calm")).values() for one in found]
    assert len(results) >= 62
    assert [one.said for one in results if one.verdict is not Verdict.HEALTHY] == []


async def test_what_hangs_on_redis_is_unhealthy_and_all_else_is_not() -> None:
    found = await results_of("redis-down")
    verdicts = Counter(one.verdict for results in found.values() for one in results)
    assert verdicts[Verdict.NO_ANSWER] == 0
    sick = {name for name, results in found.items() if any(
        one.verdict is not Verdict.HEALTHY for one in results)}  # fmt: skip
    assert sick >= {"redis", "api", "worker", "session", "cart"}
    assert sick <= {
        "redis", "api", "worker", "session", "cart", "checkout", "storefront", "websocket",
        "checkout-page", "me",
    }  # fmt: skip
