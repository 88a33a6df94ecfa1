"""Hosts, services, pages and API endpoints as the team wrote them down."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.probe import ProbeKind

PAGES: Final = "pages"
API: Final = "api"
EXTERNAL: Final = "external"
"""The places of what lives on no host and in no namespace."""
LOCAL: Final = "local"
"""The address of the machine on which the console runs."""
KUBECTL_ROLE: Final = "k8s"
"""The role of a host on which `kubectl` is set up."""


class ServiceType(enum.StrEnum):
    K8S_DEPLOYMENT = "k8s-deployment"
    DOCKER = "docker"
    SYSTEMD = "systemd"
    HTTP = "http"
    TCP = "tcp"
    PAGE = "page"
    API = "api"
    EXTERNAL = "external"
    HOST = "host"
    """A machine itself: load, memory and disks. Its name is `host_cell(NAME)`."""
    TARGET = "target"
    """Not registered: known only because a Prometheus scrapes it."""


class Thresholds(msgspec.Struct, frozen=True):
    """When a host fact or an answer counts as wrong."""

    cpu_percent: float = 80.0
    memory_percent: float = 85.0
    disk_percent: float = 90.0
    response_time: timedelta = timedelta(seconds=5)


class Host(msgspec.Struct, frozen=True):
    """A machine. `address` is `None` for one that was only named by a service."""

    name: str
    address: str | None = None
    """Where SSH reaches it, or `local`."""
    user: str | None = None
    port: int | None = None
    """`None`: as the SSH client configuration says, else 22."""
    jump: str | None = None
    transport: str = "asyncssh"
    sudo: bool = False
    roles: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    via: str | None = None
    """The host through whose SSH tunnel its services' endpoints are asked."""
    thresholds: Thresholds = Thresholds()

    @property
    def is_local(self) -> bool:
        """Whether it is the machine on which the console runs."""
        return self.address == LOCAL

    @property
    def is_reached(self) -> bool:
        """Whether the console can run commands on it: by SSH, or because it is this machine."""
        return self.address is not None and self.transport != "none"


class Monitoring(msgspec.Struct, frozen=True):
    """Which monitoring a service has, as the registry claims."""

    prometheus: bool = False
    sentry: bool = False
    otel: bool = False
    langfuse: bool = False


class Release(msgspec.Struct, frozen=True):
    """A version that was brought out."""

    version: str
    """Raw."""
    at: datetime | None
    """`None`: nobody wrote down when."""
    traffic_percent: float | None = None
    """The share of the traffic that it got; `None`: not known."""
    rolled_back: bool = False
    by: str = ""
    """Raw; who brought it out, or by what it was told."""


class Service(msgspec.Struct, frozen=True):
    """Anything that has a state of its own: a row's cell in the matrix.

    Pages and API endpoints are services too, of types `page` and `api`.
    """

    name: str
    """Unique; the key by which alerts and probes find it."""
    type: ServiceType
    place: str
    """The host or the namespace where it lives; else `PAGES`, `API` or `EXTERNAL`."""
    namespace: str | None = None
    host: str | None = None
    port: int | None = None
    health: str | None = None
    """As written: a path, a URL, a command or a file."""
    health_kind: ProbeKind | None = None
    """How liveness is asked; `None`: it is not. COMMAND and FILE need SSH to `host`."""
    ready: str | None = None
    base_url: str | None = None
    expect_status: tuple[int, ...] = (200,)
    service_name: str | None = None
    """The systemd unit, the container or the deployment, where it differs from `name`."""
    expected_version: str | None = None
    releases: tuple[Release, ...] = ()
    """That the settings name."""
    monitoring: Monitoring = Monitoring()
    alerts: tuple[str, ...] = ()
    owner: str | None = None
    depends_on: tuple[str, ...] = ()
    critical: bool = False
    replicas: int | None = None
    thresholds: Thresholds = Thresholds()
    max_cpu_percent: float | None = None
    """Of its quota, else of its host's processors; `None`: its own are not judged."""
    max_memory_percent: float | None = None
    """Of its limit, else of its host's memory; `None`: its own is not judged."""
    labels: tuple[tuple[str, str], ...] = ()
    instances: tuple[str, ...] = ()
    """`host:port` of its scrape targets, by which an alert's `instance` finds it."""
    method: str = "GET"
    slo_latency: timedelta | None = None
    slo_availability: float | None = None
    via: str | None = None
    """The host through whose SSH tunnel its endpoints are asked."""

    @property
    def unit(self) -> str:
        """What runs it is called: the container, the systemd unit, the deployment."""
        return self.service_name or self.name


def host_cell(host: str) -> str:
    """The name of the cell that carries the state of a host."""
    return f"host:{host}"


class Unasked(msgspec.Struct, frozen=True):
    """A service about which no check over the network can know, and what would be needed."""

    service: str
    """Its key in the registry."""
    needs: str
    """Safe to show: ``SSH to data-1 for `redis-cli ping` ``."""


class Registry(msgspec.Struct, frozen=True):
    """All that the team wrote down of its fleet, in the order in which it stands there."""

    hosts: tuple[Host, ...] = ()
    services: tuple[Service, ...] = ()

    @property
    def kubectl_host(self) -> Host | None:
        """Where `kubectl` is run when no cluster is written down: the first of that role."""
        return next(
            (one for one in self.hosts if KUBECTL_ROLE in one.roles and one.is_reached), None
        )
