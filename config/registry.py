"""`services.yaml` as the model's registry, and the health checks that follow from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from config.endpoints import endpoint_kind
from config.schema import HealthSource
from config.services import ApiEntry, HostEntry, PageEntry, ServiceEntry, ServicesFile
from config.services import ThresholdsEntry as Entry
from console.model.probe import Probe, ProbeKind
from console.model.registry import (
    API,
    EXTERNAL,
    PAGES,
    Host,
    Monitoring,
    Registry,
    Release,
    Service,
    ServiceType,
    Thresholds,
    Unasked,
)
from console.safety.text import visible

TLS_INTERVAL: Final = timedelta(minutes=5)
"""How often a certificate's days are counted; it never changes by itself within a minute."""


def registry_of(file: ServicesFile) -> Registry:
    """All of `file`, which has no faults: hosts first as written, then those only named.

    Pages and API endpoints are services of types `page` and `api`.
    """
    fleet = _thresholds(file.thresholds, Thresholds())
    hosts = {entry.name: _host(entry, fleet) for entry in file.hosts}
    for service in file.services:
        if service.host is not None and service.host not in hosts:
            hosts[service.host] = Host(service.host, thresholds=fleet)
    services = [_service(entry, hosts, fleet) for entry in file.services]
    services += [_page(entry, file, fleet) for entry in file.pages]
    services += [_api(entry, file, fleet) for entry in file.api_endpoints]
    return Registry(tuple(hosts.values()), tuple(services))


def probes_of(registry: Registry, health: HealthSource) -> tuple[Probe, ...]:
    """Every health check: HTTP, READY, TCP, TLS for https, and COMMAND and FILE on hosts that
    the console reaches.

    One TLS check for each `host:port`, on the first service behind it. Methods other than GET
    and HEAD are never asked. What Kubernetes runs is asked about no command and no file: the
    kubelet asks these itself, and says so in the replicas that are ready.
    """
    hosts = {host.name: host for host in registry.hosts}
    probes: list[Probe] = []
    certificates: set[tuple[str, str]] = set()
    for service in registry.services:
        via = _via(service, hosts)
        for kind, target in _targets(service, hosts):
            probe = _probe(service, kind, target, health)
            if kind in (ProbeKind.COMMAND, ProbeKind.FILE):
                inside = service.unit if service.type is ServiceType.DOCKER else ""
                probe = replace(probe, host=service.host or "", container=inside)
            else:
                probe = replace(probe, via=via)
            probes.append(probe)
            secure = _tls_address(target)
            if secure is not None and (secure, via) not in certificates:
                certificates.add((secure, via))
                tls = _probe(service, ProbeKind.TLS, secure, health)
                probes.append(replace(tls, via=via))
    return tuple(probes)


def unasked(
    registry: Registry, *, looks_at_hosts: bool, looks_at_clusters: bool
) -> tuple[Unasked, ...]:
    """The services of which nothing that the console asks can know, although they live
    somewhere.

    Args:
        looks_at_hosts: hosts that are reached are asked for their containers and units.
        looks_at_clusters: some `kubectl` is asked for its workloads.
    """
    hosts = {host.name: host for host in registry.hosts}
    asked = {ServiceType.K8S_DEPLOYMENT: looks_at_clusters}
    found = []
    for service in registry.services:
        host = hosts.get(service.host or "")
        on_host = looks_at_hosts and host is not None and host.is_reached
        by_runner = asked | {ServiceType.DOCKER: on_host, ServiceType.SYSTEMD: on_host}
        needs = None if by_runner.get(service.type, False) else _needs(service, hosts)
        if needs is not None:
            found.append(Unasked(service.name, needs))
    return tuple(found)


def _needs(service: Service, hosts: dict[str, Host]) -> str | None:
    kinds = {kind for kind, _ in _targets(service, hosts)}
    if kinds & {ProbeKind.HTTP, ProbeKind.TCP, ProbeKind.COMMAND, ProbeKind.FILE}:
        return None
    on = f"SSH to {visible(service.host)}" if service.host else "SSH"
    unit = visible(service.unit)
    health = visible(service.health or "", cells=60)
    in_cluster = service.type is ServiceType.K8S_DEPLOYMENT
    if service.health_kind is ProbeKind.COMMAND and not in_cluster:
        return f"{on} for `{health}`"
    if service.health_kind is ProbeKind.FILE and not in_cluster:
        return f"{on} for the file {health}"
    if service.type is ServiceType.SYSTEMD:
        return f"{on} for the unit {unit}"
    if service.type is ServiceType.DOCKER:
        return f"{on} for the container {unit}"
    if service.type is ServiceType.K8S_DEPLOYMENT:
        return f"kube-state-metrics, or kubectl on a host with role k8s, for {unit}"
    return None


def _targets(service: Service, hosts: dict[str, Host]) -> list[tuple[ProbeKind, str]]:
    if service.method not in ("GET", "HEAD"):
        return []
    base = _base(service, hosts)
    targets = []
    url = _health_url(service, hosts)
    if url is not None:
        targets.append((ProbeKind.HTTP, url))
    elif service.health_kind is ProbeKind.TCP and service.host is not None:
        targets.append((ProbeKind.TCP, f"{_address(service.host, hosts)}:{service.port}"))
    elif service.health_kind in (ProbeKind.COMMAND, ProbeKind.FILE):
        host = hosts.get(service.host or "")
        in_cluster = service.type is ServiceType.K8S_DEPLOYMENT
        if host is not None and host.is_reached and not in_cluster and service.health:
            targets.append((service.health_kind, service.health))
    if service.ready is not None:
        url = _url(base, service.ready)
        if url is not None:
            targets.append((ProbeKind.READY, url))
    return targets


def _via(service: Service, hosts: dict[str, Host]) -> str:
    """The host through whose tunnel its endpoints are asked; empty for none."""
    host = hosts.get(service.host or "")
    via = service.via or (host.via if host is not None else None) or ""
    return "" if via in hosts and hosts[via].is_local else via


def base_url_of(service: Service, registry: Registry) -> str | None:
    """What its endpoints begin with, as they are asked; `None` where it has no address."""
    return _base(service, {host.name: host for host in registry.hosts})


def health_url_of(service: Service, registry: Registry) -> str | None:
    """The whole URL by which its liveness is asked; `None` where HTTP does not ask it."""
    return _health_url(service, {host.name: host for host in registry.hosts})


def _health_url(service: Service, hosts: dict[str, Host]) -> str | None:
    if service.health_kind is not ProbeKind.HTTP:
        return None
    return _url(_base(service, hosts), service.health or "")


def _base(service: Service, hosts: dict[str, Host]) -> str | None:
    if service.base_url is not None:
        return service.base_url
    if service.host is None or service.port is None:
        return None
    return f"http://{_address(service.host, hosts)}:{service.port}"


def _url(base: str | None, endpoint: str) -> str | None:
    if "://" in endpoint:
        return endpoint
    return None if base is None else base.rstrip("/") + (endpoint or "/")


def _address(host: str, hosts: dict[str, Host]) -> str:
    known = hosts.get(host)
    address = known.address if known is not None and known.address is not None else host
    if address == "local":
        return "127.0.0.1"
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _tls_address(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{parts.port or 443}"


def _probe(service: Service, kind: ProbeKind, target: str, health: HealthSource) -> Probe:
    intervals = {ProbeKind.READY: health.ready_interval, ProbeKind.TLS: TLS_INTERVAL}
    slow = service.slo_latency or service.thresholds.response_time
    return Probe(
        service=service.name,
        kind=kind,
        target=target,
        interval=intervals.get(kind, health.interval),
        timeout=health.timeout,
        expect_status=service.expect_status,
        slow=None if kind is ProbeKind.TLS else slow,
        method=service.method,
        tls_warn_days=health.tls_warn_days,
    )


def _host(entry: HostEntry, fleet: Thresholds) -> Host:
    return Host(
        name=entry.name,
        address=entry.address,
        user=entry.user,
        port=entry.port,
        jump=entry.jump,
        transport=entry.transport,
        sudo=entry.sudo,
        roles=entry.roles,
        labels=tuple(entry.labels.items()),
        via=entry.via,
        thresholds=_thresholds(entry.thresholds, fleet),
    )


def _service(entry: ServiceEntry, hosts: dict[str, Host], fleet: Thresholds) -> Service:
    monitoring = entry.monitoring
    in_cluster = entry.type == "k8s-deployment"
    place = entry.namespace if in_cluster or entry.host is None else entry.host
    return Service(
        name=entry.name,
        type=ServiceType(entry.type),
        place=place or EXTERNAL,
        namespace=entry.namespace,
        host=entry.host,
        port=entry.port,
        health=entry.health_endpoint,
        health_kind=endpoint_kind(entry),
        ready=entry.ready_endpoint,
        base_url=entry.base_url,
        expect_status=entry.expect,
        service_name=entry.service_name,
        expected_version=entry.version,
        releases=tuple(
            Release(one.version, one.at, one.traffic, one.rolled_back, one.by)
            for one in entry.releases
        ),
        monitoring=Monitoring(
            monitoring.prometheus, monitoring.sentry, monitoring.otel, monitoring.langfuse
        ),
        alerts=entry.alerts,
        owner=entry.owner,
        depends_on=entry.depends_on,
        critical=entry.critical,
        replicas=entry.replicas,
        thresholds=_thresholds(entry.thresholds, fleet),
        max_cpu_percent=entry.thresholds.cpu,
        max_memory_percent=entry.thresholds.memory,
        labels=tuple(entry.labels.items()),
        instances=entry.instances or _instances(entry, hosts),
        via=entry.via,
        slo_availability=entry.slo_availability,
    )


def _instances(entry: ServiceEntry, hosts: dict[str, Host]) -> tuple[str, ...]:
    if entry.host is None or entry.port is None:
        return ()
    names = [entry.host, _address(entry.host, hosts)]
    if hosts[entry.host].address == "local":
        names.append("localhost")
    return tuple(dict.fromkeys(f"{name}:{entry.port}" for name in names))


def _page(entry: PageEntry, file: ServicesFile, fleet: Thresholds) -> Service:
    labels = (("web_vitals", "true"),) if entry.web_vitals else ()
    return Service(
        name=entry.name,
        type=ServiceType.PAGE,
        place=PAGES,
        health=entry.path,
        health_kind=ProbeKind.HTTP,
        base_url=entry.base_url or file.base_url,
        expect_status=entry.expect,
        monitoring=Monitoring(sentry=entry.sentry_session),
        alerts=entry.alerts,
        owner=entry.owner,
        critical=entry.critical,
        thresholds=fleet,
        labels=labels,
        slo_latency=_milliseconds(entry.slo_latency_ms),
        slo_availability=entry.slo_availability,
    )


def _api(entry: ApiEntry, file: ServicesFile, fleet: Thresholds) -> Service:
    asked = entry.method in ("GET", "HEAD")
    return Service(
        name=entry.name or f"{entry.method} {entry.path}",
        type=ServiceType.API,
        place=API,
        health=entry.path,
        health_kind=ProbeKind.HTTP if asked else None,
        base_url=entry.base_url or file.base_url,
        expect_status=entry.expect,
        alerts=entry.alerts,
        owner=entry.owner,
        critical=entry.critical,
        thresholds=fleet,
        method=entry.method,
        slo_latency=_milliseconds(entry.slo_latency_ms),
        slo_availability=entry.slo_availability,
    )


def _milliseconds(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(milliseconds=count)


def _thresholds(own: Entry, fleet: Thresholds) -> Thresholds:
    return Thresholds(
        cpu_percent=fleet.cpu_percent if own.cpu is None else own.cpu,
        memory_percent=fleet.memory_percent if own.memory is None else own.memory,
        disk_percent=fleet.disk_percent if own.disk is None else own.disk,
        response_time=fleet.response_time if own.response_time is None else own.response_time,
    )
