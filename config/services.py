"""The shape of `services.yaml`: the registry of hosts, services, pages and API endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from config.kinds import (
    Count,
    CountOrNone,
    Duration,
    Endpoint,
    Instance,
    Name,
    Percent,
    Port,
    Statuses,
    Url,
    UrlPath,
    WebEndpoint,
)


class ThresholdsEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a fact counts as wrong. Unset ones are the fleet's."""

    cpu: Percent | None = None
    """Percent of all processors; the fleet's default is 80."""
    memory: Percent | None = None
    """Percent; the fleet's default is 85."""
    disk: Percent | None = None
    """Percent of any mount; the fleet's default is 90."""
    response_time: Duration | None = None
    """Of a health endpoint; the fleet's default is 5 s."""


class MonitoringEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which monitoring the service has."""

    prometheus: bool = False
    """It is scraped."""
    sentry: bool = False
    """It reports errors to Sentry."""
    otel: bool = False
    """It sends traces by OpenTelemetry."""
    langfuse: bool = False
    """Its model calls are traced by Langfuse."""


class HostEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A machine."""

    name: Name
    """Unique among hosts."""
    address: Name | None = None
    """Where SSH reaches it, or `local` for this machine; unset: no SSH."""
    user: str | None = None
    """SSH user."""
    port: Port | None = None
    """SSH port; unset: as the SSH client configuration says, else 22."""
    jump: Name | None = None
    """The host through which it is reached."""
    transport: Literal["asyncssh", "openssh", "none"] = "asyncssh"
    """`openssh` drives the system's `ssh`, for bastions that ask for a second factor; `none`:
    the address is known and there is no SSH to it."""
    sudo: bool = False
    """Whether facts, containers and logs are read with `sudo -n`. `kubectl` is not, except as
    its source's `command:` says, and neither are commands of yours outside of containers."""
    roles: tuple[str, ...] = ()
    """For instance `k8s`: `kubectl` works there."""
    labels: dict[str, str] = {}
    """For instance `rack`, `zone`, `owner`."""
    via: Name | None = None
    """The endpoints of what lives there are asked through an SSH tunnel to this host."""
    thresholds: ThresholdsEntry = ThresholdsEntry()
    """Where they differ from the fleet's."""


class ReleaseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A version that was brought out, where no journal tells of it."""

    version: Name
    """What was brought out."""
    at: datetime | None = None
    """When, with a zone: `2026-11-22T02:51:00+08:00`."""
    traffic: Percent | None = None
    """The share of the traffic that it got, in percent."""
    rolled_back: bool = False
    """It was taken back."""
    by: str = ""
    """Who brought it out."""


class ServiceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A service."""

    name: Name
    """Unique among services, pages and API endpoints."""
    type: Literal["k8s-deployment", "docker", "systemd", "http", "tcp", "external"]
    """What runs it, and so how its state is learned."""
    host: Name | None = None
    """Where it lives; unknown hosts become hosts without SSH."""
    namespace: Name | None = None
    """Kubernetes namespace where it lives."""
    port: Port | None = None
    """Its port; `tcp` services are probed by connecting to it."""
    base_url: Url | None = None
    """What stands before a `health_endpoint` that is a path; unset: `http://HOST:PORT`."""
    health_endpoint: Endpoint | None = None
    """Liveness. A URL, or with `port` or `base_url` a path: asked by HTTP. Without either an
    absolute path is a file, anything else a command."""
    ready_endpoint: WebEndpoint | None = None
    """Readiness: a URL or a path, asked by HTTP."""
    probe: Literal["http", "tcp", "command", "file", "none"] | None = None
    """How `health_endpoint` is meant where the rule above guesses wrong."""
    expect: Statuses = (200,)
    """Statuses that are healthy, for instance `[200, 302]` for a front end."""
    service_name: str | None = None
    """The systemd unit, container or deployment where it is not called like the service."""
    version: str | None = None
    """The version that should run; another one is drift."""
    releases: tuple[ReleaseEntry, ...] = ()
    """Its latest releases, for what changed before an alert. Changes in the journal and the
    `version` of its health endpoint add to them."""
    monitoring: MonitoringEntry = MonitoringEntry()
    """Which monitoring it has."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts that are about it."""
    owner: str | None = None
    """The team."""
    depends_on: tuple[str, ...] = ()
    """Services that it cannot work without."""
    critical: bool = False
    """Counts three times in the health score."""
    replicas: CountOrNone | None = None
    """How many there should be."""
    thresholds: ThresholdsEntry = ThresholdsEntry()
    """Its own. `response_time`, where it differs from the fleet's. `cpu` and `memory` of `docker`
    and `systemd`: what its container or unit takes, of its quota and its limit, else of its host;
    unset ones are shown and not judged. A disk is its host's: set `disk` there."""
    labels: dict[str, str] = {}
    """Free labels to group and filter by."""
    instances: tuple[Instance, ...] = ()
    """`host:port` of its scrape targets, by which an alert's `instance` finds it."""
    via: Name | None = None
    """Its endpoints are asked through an SSH tunnel to this host; unset: as its host says."""
    slo_availability: Percent | None = None
    """The availability that it ought to have in percent; unset: `summary.availability`."""


class PageEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page that users open."""

    path: UrlPath
    """Its path."""
    name: Name
    """Unique among services, pages and API endpoints."""
    base_url: Url | None = None
    """What stands before `path`; unset: the file's `base_url`."""
    expect: Statuses = (200, 302)
    """Statuses that are healthy."""
    sentry_session: bool = False
    """Sessions are recorded."""
    web_vitals: bool = False
    """Web vitals are measured."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts that are about it."""
    owner: str | None = None
    """The team."""
    critical: bool = False
    """Counts three times in the health score."""
    slo_latency_ms: Count | None = None
    """An answer that is slower is not healthy."""
    slo_availability: Percent | None = None
    """The availability that it ought to have in percent; unset: `summary.availability`."""


class ApiEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An endpoint of the API."""

    path: UrlPath
    """Its path."""
    name: Name | None = None
    """Unique; unset: method and path."""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """Only GET and HEAD are ever asked; others are judged from Prometheus."""
    base_url: Url | None = None
    """What stands before `path`; unset: the file's `base_url`."""
    expect: Statuses = (200,)
    """Statuses that are healthy."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts that are about it."""
    owner: str | None = None
    """The team."""
    critical: bool = False
    """Counts three times in the health score."""
    slo_latency_ms: Count | None = None
    """An answer that is slower is not healthy."""
    slo_availability: Percent | None = None
    """The availability that it ought to have in percent; unset: `summary.availability`."""


class ServicesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `services.yaml`."""

    base_url: Url | None = None
    """What stands before the paths of `pages` and `api_endpoints`."""
    thresholds: ThresholdsEntry = ThresholdsEntry()
    """The fleet's thresholds."""
    hosts: tuple[HostEntry, ...] = ()
    """Machines."""
    services: tuple[ServiceEntry, ...] = ()
    """Services."""
    pages: tuple[PageEntry, ...] = ()
    """Pages."""
    api_endpoints: tuple[ApiEntry, ...] = ()
    """Endpoints of the API."""
