"""The console's own looks at hosts and clusters, over SSH and by Prometheus, on the demo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import msgspec
import pytest

from config.load import Loaded, load
from console.demo.fleet import DemoFleet
from console.demo.inventory import SERVICES
from console.demo.scenarios import scenario_names
from console.fleet.batch import is_whole
from console.model.failure import Failure
from console.model.host import HostFacts
from console.model.reading import HostReading, KubernetesReading
from console.model.workload import WorkloadKind
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.ssh.client import SshClient
from console.sources.hosts.poll import HostPoller
from console.sources.kubernetes.poll import KubectlPoller
from console.sources.kubernetes.settings import default_sources
from console.sources.open import open_sources
from console.sources.prometheus.kube import KubeMetrics
from console.sources.prometheus.nodes import NodeMetrics
from console.sources.reach import Reach, ssh_options
from tests.soak import trials

INTERVAL = timedelta(seconds=15)


@contextlib.asynccontextmanager
async def looked_at(scenario: str) -> AsyncIterator[tuple[DemoFleet, Loaded, Reach]]:
    fleet = DemoFleet(scenario)
    await fleet.start()
    loaded = load(fleet.settings_dir)
    settings = loaded.settings.ssh
    quick = msgspec.structs.replace(settings, connect_timeout=timedelta(seconds=1))
    ssh = SshClient(SystemClock(), ssh_options(quick))
    try:
        yield fleet, loaded, Reach(loaded.registry, ssh)
    finally:
        await ssh.aclose()
        await fleet.stop()


async def facts_by_ssh(loaded: Loaded, reach: Reach) -> dict[str, HostFacts | Failure]:
    pollers = [
        HostPoller(host, loaded.registry.services, reach, loaded.settings.sources.hosts,
                   SystemClock())
        for host in loaded.registry.hosts
    ]  # fmt: skip
    readings = await asyncio.gather(*(poller.poll(0) for poller in pollers))
    return {reading.host: reading.facts for reading in readings}


async def cluster_by_ssh(loaded: Loaded, reach: Reach) -> KubernetesReading:
    (source,) = default_sources(loaded.registry, loaded.settings)
    return await KubectlPoller(source, reach, SystemClock()).poll(0)


async def by_prometheus(
    loaded: Loaded,
) -> tuple[dict[str, HostFacts | Failure], KubernetesReading]:
    clock = SystemClock()
    http = HttpClient(clock)
    try:
        opened = await open_sources(loaded.settings, http, clock)
        core = next(one for one in opened.prometheuses if one.name == "prom-core")
        hosts = loaded.registry.hosts
        nodes: Iterable[HostReading] = await NodeMetrics(core, hosts, clock, INTERVAL).poll(0)
        metrics = await KubeMetrics(core, clock, INTERVAL).poll(0)
        return {reading.host: reading.facts for reading in nodes}, metrics
    finally:
        await http.aclose()


def names_on(facts: HostFacts | Failure) -> set[str]:
    """The containers and units that a host told of."""
    found: set[str] = set()
    if isinstance(facts, HostFacts):
        for part in (facts.containers, facts.units):
            if isinstance(part, tuple):
                found |= {one.name.exact for one in part}
    return found


async def test_every_fact_of_every_host_is_there_and_well_on_a_calm_day() -> None:
    async with looked_at("calm") as (_, loaded, reach):
        facts = await facts_by_ssh(loaded, reach)
    assert len(facts) == 5
    for name, one in facts.items():
        assert isinstance(one, HostFacts), one
        assert one.missing == (), name
        assert not isinstance(one.containers, Failure)
        assert not isinstance(one.units, Failure)
        assert all(box.runs for box in one.containers or ())
        assert all(unit.active.exact == "active" for unit in one.units or ())
        assert one.memory_percent is not None
        assert one.memory_percent < 85
        assert one.cpu_percent is not None
        assert one.cpu_percent < 80
        assert one.fullest is not None
        assert one.fullest.used_percent < 90
    told = {name for one in facts.values() for name in names_on(one)}
    wanted = {spec.unit or spec.name for spec in SERVICES if spec.type in ("docker", "systemd")}
    assert wanted <= told


async def test_the_dead_redis_shows_how_it_ended() -> None:
    async with looked_at("redis-down") as (_, loaded, reach):
        facts = (await facts_by_ssh(loaded, reach))["data-1"]
        assert isinstance(facts, HostFacts)
        assert isinstance(facts.containers, tuple)
        (redis,) = (box for box in facts.containers if box.name.exact == "redis")
        assert (redis.state.exact, redis.exit_code, redis.oom_killed) == ("exited", 137, True)
        assert redis.restart_policy is not None
        assert redis.restart_policy.exact == "no"
        assert redis.finished_at is not None


@pytest.mark.parametrize("scenario", ["redis-down", "disk-filling", "flapping", "bad-deploy"])
async def test_ssh_and_prometheus_tell_the_same(scenario: str) -> None:
    async with looked_at(scenario) as (_, loaded, reach):
        near = await facts_by_ssh(loaded, reach)
        cluster = await cluster_by_ssh(loaded, reach)
        far, metrics = await by_prometheus(loaded)
    assert near.keys() == far.keys()
    for name, one in near.items():
        other = far[name]
        assert isinstance(one, HostFacts)
        assert isinstance(other, HostFacts)
        assert one.cpus == other.cpus
        assert one.memory_percent == pytest.approx(other.memory_percent, abs=4)
        assert one.fullest is not None
        assert other.fullest is not None
        assert one.fullest.path == other.fullest.path
        assert one.fullest.used_percent == pytest.approx(other.fullest.used_percent, abs=1.5)
    assert isinstance(cluster.workloads, tuple)
    assert isinstance(metrics.workloads, tuple)
    assert (metrics.failures, metrics.warnings) == ((), ())
    ready = {one.name.exact: one.ready for one in cluster.workloads if not one.kind.is_batch}
    assert len(ready) == 25
    assert ready == {one.name.exact: one.ready for one in metrics.workloads}


EVERY = [name for name, _ in scenario_names()]
MOST_BROKEN = ["alert-storm", "host-dark", "rack-down"]
"""That a whole console finds nothing missing on hosts and cluster is seen in every one of them,
see `test_what_is_not_ok.py`."""


@pytest.mark.parametrize("scenario", EVERY if trials(usual=0, soak=1) else MOST_BROKEN)
async def test_hosts_and_cluster_can_be_read_in_every_scenario(scenario: str) -> None:
    async with looked_at(scenario) as (fleet, loaded, reach):
        facts = await facts_by_ssh(loaded, reach)
        for name, one in facts.items():
            assert isinstance(one, HostFacts) == fleet.world.listens(name), one
            if isinstance(one, HostFacts):
                assert one.missing == ()
        cluster = await cluster_by_ssh(loaded, reach)
        assert isinstance(cluster.workloads, tuple)
        assert cluster.failures == ()
        pods = [pod for one in cluster.workloads for pod in one.pods or ()]
        assert len(pods) >= 50
        (nightly,) = (one for one in cluster.workloads if one.kind.is_batch)
        assert (nightly.kind, len(nightly.runs or ())) == (WorkloadKind.CRONJOB, 3)
        assert is_whole(nightly, cluster.at.wall)
