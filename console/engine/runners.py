"""What is asked of the hosts and clusters that run the services, from settings to pollers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import msgspec

from config.load import Loaded
from config.schema import KubernetesSource
from console.model.registry import Service
from console.model.snapshot import Watched
from console.safety.clock import Clock
from console.sources.hosts.poll import HostPoller
from console.sources.hosts.settings import watched_hosts
from console.sources.kubernetes.poll import KubectlPoller
from console.sources.kubernetes.settings import default_sources, watched_kubernetes
from console.sources.prometheus.kube import KubeMetrics
from console.sources.prometheus.nodes import NodeMetrics
from console.sources.prometheus.poll import Prometheus
from console.sources.reach import Reach

LEAST: Final = timedelta(seconds=30)
"""Between two looks at metrics of which a big cluster has tens of thousands."""


class Runners(msgspec.Struct, frozen=True):
    """Everything beside alerts and health checks that is asked."""

    pollers: tuple[HostPoller | KubectlPoller | KubeMetrics | NodeMetrics, ...] = ()
    watched: tuple[Watched, ...] = ()
    kubernetes: tuple[KubernetesSource, ...] = ()
    """Every cluster that is asked by `kubectl`."""


def open_runners(
    loaded: Loaded, prometheuses: Iterable[Prometheus], reach: Reach, clock: Clock
) -> Runners:
    """The looks at hosts and clusters that `loaded` asks for. Nobody is asked yet."""
    registry, sources = loaded.registry, loaded.settings.sources
    reached = [host for host in registry.hosts if host.is_reached and sources.hosts.enabled]
    here: dict[str, list[Service]] = {}
    for service in registry.services:
        here.setdefault(service.host or "", []).append(service)
    hosts = [
        HostPoller(host, tuple(here.get(host.name, ())), reach, sources.hosts, clock)
        for host in reached
    ]
    clusters = default_sources(registry, loaded.settings)
    servers = tuple(prometheuses)
    watched = [watched_kubernetes(source) for source in clusters]
    if hosts:
        watched.append(watched_hosts(sources.hosts, (host.name for host in reached)))
    interval = sources.hosts.interval
    exporters = servers if sources.hosts.node_exporter else ()
    return Runners(
        (
            *hosts,
            *(KubectlPoller(source, reach, clock) for source in clusters),
            *(KubeMetrics(server, clock, max(server.interval, LEAST)) for server in servers),
            *(
                NodeMetrics(server, registry.hosts, clock, interval, registry.services)
                for server in exporters
            ),
        ),
        tuple(watched),
        clusters,
    )
