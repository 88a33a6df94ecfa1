"""Which service an alert or a scrape target is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from console.fleet.discover import (
    HOST_LABELS,
    Spot,
    discovered,
    host_of,
    hosts_of,
    spot_of,
)
from console.model.alert import Target
from console.model.labels import Labels
from console.model.registry import Registry, Service, host_cell

NAME_LABELS = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "job",
    "deployment",
    "statefulset",
    "daemonset",
    "container",
    "name",
)
"""Labels that may name a registered service, the one that decides first."""

WORKLOAD_LABELS = (
    *("deployment", "statefulset", "daemonset", "cronjob", "job_name", "workload"),
    *("container", "app"),
)
UNIT_LABELS = ("name", "unit", "container", "container_name", "deployment")

_NODE_JOB = re.compile(r"(.*[-_/])?node([-_]?exporter)?", re.IGNORECASE)
_RUN = re.compile(r"^(.+)-\d{8,10}$")
"""A job that a cron job made: behind its name stands the minute for which it was due."""
_POD = re.compile(r"^(.+?)(?:-[a-f0-9]{6,10})?-(?:[a-z0-9]{5}|\d+)$")


class Index:
    """Finds services by labels: the registered ones, and those that are only scraped.

    The order is that of the design: a label that names a registered service; an alert that is
    listed by a service on the same host; `instance`; namespace and workload; then scraped
    spots; then an alert that exactly one service lists; then the host that it names.
    """

    def __init__(
        self,
        registry: Registry | None = None,
        targets: Iterable[Target] = (),
        name_labels: tuple[str, ...] = NAME_LABELS,
        hosts: Iterable[str] = (),
    ) -> None:
        """
        Args:
            hosts: names of those that have a cell of their own.
        """
        registry = registry or Registry()
        self._name_labels = name_labels
        self._services = {service.name: service for service in registry.services}
        self._aliases = {host.name: host.name for host in registry.hosts}
        self._aliases |= {host.address: host.name for host in registry.hosts if host.address}
        self._instances: dict[str, str] = {}
        self._units: dict[tuple[str, str], str] = {}
        self._workloads: dict[tuple[str, str], str] = {}
        self._listed: dict[str, list[Service]] = {}
        for service in registry.services:
            self._register(service)
        self._spots: dict[Spot, str] = {}
        self._spot_instances: dict[str, str | None] = {}
        self.dynamic: tuple[Service, ...] = ()
        """Services that are known only because they are scraped."""
        self._hosts = frozenset(hosts)
        self._discover(registry, targets)

    @property
    def services(self) -> Mapping[str, Service]:
        """The registered ones by name."""
        return MappingProxyType(self._services)

    def cell_of(self, labels: Labels) -> str | None:
        """The service that an alert with `labels` is about; `None` where none is found."""
        registered = self._registered(labels)
        if registered is not None:
            return registered
        spot = spot_of(labels)
        if spot.instance or spot.namespace:
            found = self._spots.get(spot) or self._spot_instances.get(spot.instance)
            if found is not None:
                return found
        listed = self._listed.get(labels.exact("alertname"), [])
        if len(listed) == 1:
            return listed[0].name
        host = self._host_of(labels)
        return host_cell(host) if host in self._hosts else None

    def cell_of_target(self, target: Target) -> str | None:
        """The service that a scrape target belongs to."""
        return self._registered(target.labels) or self._spots.get(spot_of(target.labels))

    def _register(self, service: Service) -> None:
        for instance in service.instances:
            self._instances.setdefault(instance, service.name)
        for url in _urls(service):
            self._instances.setdefault(url, service.name)
        own_name = service.service_name or service.name
        if service.host is not None:
            if service.port is not None:
                self._instances.setdefault(f"{service.host}:{service.port}", service.name)
                for address, name in self._aliases.items():
                    if name == service.host:
                        self._instances.setdefault(f"{address}:{service.port}", service.name)
            host = self._aliases.get(service.host, service.host)
            for unit in (own_name, f"{own_name}.service"):
                self._units.setdefault((host, unit), service.name)
        if service.namespace is not None:
            for workload in (own_name, service.name):
                self._workloads.setdefault((service.namespace, workload), service.name)
        for alertname in service.alerts:
            self._listed.setdefault(alertname, []).append(service)

    def _discover(self, registry: Registry, targets: Iterable[Target]) -> None:
        unclaimed = {
            spot_of(target.labels): target
            for target in targets
            if self._registered(target.labels) is None
        }
        for spot, host in hosts_of(unclaimed.values(), registry).items():
            if host in self._hosts and _is_of_host(spot):
                # What node_exporter tells is about the host that has a cell of its own.
                del unclaimed[spot]
                self._spots[spot] = host_cell(host)
                self._spot_instances[spot.instance] = host_cell(host)
        found = discovered(unclaimed.values(), registry)
        self.dynamic = tuple(found.values())
        for spot, service in found.items():
            self._spots[spot] = service.name
            if spot.instance:
                shared = spot.instance in self._spot_instances
                self._spot_instances[spot.instance] = None if shared else service.name

    def _registered(self, labels: Labels) -> str | None:
        value_of = labels.exact
        namespace = value_of("namespace")
        for label in self._name_labels:
            value = value_of(label)
            if value:
                service = self._services.get(value)
                if service is not None and not (
                    namespace and service.namespace and namespace != service.namespace
                ):
                    return value
        instance = value_of("instance")
        host = self._host_of(labels)
        if host:
            for service in self._listed.get(value_of("alertname"), ()):
                if service.host == host:
                    return service.name
            for label in UNIT_LABELS if self._units else ():
                found = self._units.get((host, value_of(label)))
                if found is not None:
                    return found
        if instance:
            found = self._instances.get(instance) or self._instances.get(instance.rstrip("/"))
            if found is not None:
                return found
        return self._workload(labels, namespace) if namespace and self._workloads else None

    def _host_of(self, labels: Labels) -> str:
        value_of = labels.exact
        named = next((value for label in HOST_LABELS if (value := value_of(label))), "")
        host = host_of(named or value_of("instance"))
        return self._aliases.get(host, host)

    def _workload(self, labels: Labels, namespace: str) -> str | None:
        for label in WORKLOAD_LABELS:
            found = self._workloads.get((namespace, labels.exact(label)))
            if found is not None:
                return found
        run = _RUN.match(labels.exact("job_name"))
        if run is not None and (namespace, run.group(1)) in self._workloads:
            return self._workloads[namespace, run.group(1)]
        pod = _POD.match(labels.exact("pod"))
        return None if pod is None else self._workloads.get((namespace, pod.group(1)))


def _is_of_host(spot: Spot) -> bool:
    """Whether it is the exporter of the machine itself and not of something on it."""
    return spot.instance.endswith(":9100") or _NODE_JOB.fullmatch(spot.job) is not None


def _urls(service: Service) -> list[str]:
    health = service.health or ""
    if health.startswith(("http://", "https://")):
        return [health.rstrip("/")]
    if service.base_url is not None and health.startswith("/"):
        return [(service.base_url.rstrip("/") + health).rstrip("/")]
    return []
