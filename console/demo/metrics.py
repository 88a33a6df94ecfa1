"""Every series that the demo's two Prometheus servers hold, at rest.

A family whose name starts with `=` stands for a longer expression (a rate, a quantile, a
difference): it can be asked for only by the text of the rule that uses it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator

import msgspec

from console.demo.inventory import (
    API_ENDPOINTS,
    DAY_S,
    HOSTS,
    PAGES,
    SERVICES,
    SITE,
    HostSpec,
    PageSpec,
    ServiceSpec,
    git_sha_of,
)
from console.demo.shape import Shape, flat, ramp

HAVE_EXPORTERS = frozenset({"redis", "postgres", "rabbitmq"})
"""Services that are not scraped themselves; their exporter says whether they answer."""

NODE_EXPORTERS = frozenset({"node-exporter-1", "node-exporter-2"})
"""Scraped as what they tell of, their machine; of themselves they have no other target."""

OWN_BUILD_INFO = {
    "prometheus-core": "prometheus", "prometheus-edge": "prometheus",
    "alertmanager-a": "alertmanager", "alertmanager-b": "alertmanager",
    "postgres-replica": "postgres", "node-exporter-1": "node_exporter",
    "node-exporter-2": "node_exporter", "ci-runner": "gitlab_runner",
    "nginx-1": "nginx", "nginx-2": "nginx", "haproxy-1": "haproxy", "haproxy-2": "haproxy",
    "varnish-1": "varnish", "varnish-2": "varnish", "waf-1": "waf", "waf-2": "waf",
}  # fmt: skip
"""Whose `*_build_info` is not called as the service is."""

CORE = "core"
EDGE = "edge"

LabelPairs = tuple[tuple[str, str], ...]

_MACHINES = {host.name: host for host in HOSTS}


class Series(msgspec.Struct, frozen=True):
    """One series of one server. Its `labels` are sorted and leave `__name__` out."""

    server: str
    """`core` or `edge`."""
    family: str
    labels: LabelPairs
    shape: Shape
    wobble: float = 0.0
    """How far the served value strays around the shape, as a share of it."""
    whole: bool = False
    """The value is a count, so that it is served without a fraction."""
    absent_at_zero: bool = False
    """Where the value is 0 there is no series at all."""
    since_s: float = -math.inf
    """From which script second on it is scraped."""

    def has(self, wanted: LabelPairs) -> bool:
        """Whether every wanted pair is among the labels."""
        return set(wanted) <= set(self.labels)


def pairs(**labels: str | None) -> LabelPairs:
    """Sorted label pairs; those without a value are left out."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def base_series(seed: int) -> list[Series]:
    """All series of a day on which nothing is wrong."""
    found: list[Series] = []
    for host in HOSTS:
        found.extend(_host_series(host, seed))
    for service in SERVICES:
        found.extend(_service_series(service, seed))
    found.extend(_singles())
    found.extend(_posted(seed))
    found.extend(_blackbox(seed))
    return found


def host_labels(host: HostSpec, **more: str) -> LabelPairs:
    """The labels by which Prometheus knows a machine."""
    return pairs(
        host=host.name, instance=f"{host.name}:9100", rack=host.rack, zone=host.zone, **more
    )


def service_labels(service: ServiceSpec, **more: str | None) -> LabelPairs:
    """The labels by which Prometheus knows a service."""
    machine = None if service.namespace else _MACHINES.get(service.place)
    return pairs(
        service=service.name,
        namespace=service.namespace,
        host=machine.name if machine else None,
        rack=machine.rack if machine else None,
        zone=machine.zone if machine else None,
        team=service.owner,
        **more,
    )


def instance_of(service: ServiceSpec) -> str:
    """`host:port` of the service's scrape target."""
    if service.namespace:
        return f"{service.name}.{service.namespace}:{service.port}"
    return f"{service.place}:{service.port}"


def build_labels(service: ServiceSpec, version: str) -> LabelPairs:
    """The labels of `app_build_info`."""
    return service_labels(service, version=version, git_sha=git_sha_of(service.name, version))


def build_family(service: ServiceSpec) -> str:
    """The metric that tells which version of a service runs."""
    if service.namespace:
        return "app_build_info"
    return f"{OWN_BUILD_INFO.get(service.name, service.name.replace('-', '_'))}_build_info"


def _host_series(host: HostSpec, seed: int) -> Iterator[Series]:
    rest = _rest(seed, host.name)
    yield Series(CORE, "up", host_labels(host, job="node"), flat(1), whole=True)
    labels = host_labels(host)
    yield Series(CORE, "=cpu", labels, flat(18 + 30 * rest), 0.25)
    yield Series(CORE, "=memory", labels, flat(38 + 30 * rest), 0.02)
    yield Series(CORE, "node_load1", labels, flat(0.8 + 3 * rest), 0.3)
    for mountpoint, used in (("/", 35 + 20 * rest), ("/var/lib", 48 + 22 * rest)):
        growing = ramp((-7 * DAY_S, used - 3), (7 * DAY_S, used + 3))
        disk = host_labels(host, mountpoint=mountpoint)
        yield Series(CORE, "=disk", disk, growing, 0.002)
        size_gb = 80 if mountpoint == "/" else 400
        left = flat(size_gb * (1 - used / 100))
        yield Series(CORE, "=disk_left", disk, left, 0.002)


def _service_series(service: ServiceSpec, seed: int) -> Iterator[Series]:
    if service.place == "external":
        return
    rest = _rest(seed, service.name)
    instance = instance_of(service)
    where = service_labels(service, instance=instance, job="services")
    if service.name not in HAVE_EXPORTERS | NODE_EXPORTERS:
        yield Series(CORE, "up", where, flat(1), whole=True)
    labels = service_labels(service)
    age = 20 + 50 * rest
    aging = ramp((-40 * DAY_S, age - 40), (40 * DAY_S, age + 40))
    yield Series(CORE, "image_age_days", labels, aging)
    build = build_labels(service, service.version)
    told = build_family(service)
    yield Series(CORE, told, build, flat(1), whole=True, absent_at_zero=True)
    if service.namespace is None:
        return
    yield Series(CORE, "=p95", labels, flat(0.08 + 0.4 * rest), 0.2)
    yield Series(CORE, "=error_ratio", labels, flat(0.001 + 0.003 * rest), 0.5)
    yield Series(CORE, "=replicas_missing", labels, flat(0), whole=True)
    yield Series(CORE, "=restarts", labels, flat(0), whole=True)
    yield Series(CORE, "=versions", labels, flat(1), whole=True)
    replicas = float(service.replicas or 1)
    deployment = pairs(
        deployment=service.name, namespace=service.namespace, job="kube-state-metrics"
    )
    yield Series(CORE, "kube_deployment_spec_replicas", deployment, flat(replicas), whole=True)
    available = "kube_deployment_status_replicas_available"
    yield Series(CORE, available, deployment, flat(replicas), whole=True)


def _singles() -> Iterator[Series]:
    """Series of exporters of which there is one."""
    for family, name, port in (
        ("redis_up", "redis", 9121),
        ("pg_up", "postgres", 9187),
        ("rabbitmq_up", "rabbitmq", 9419),
    ):
        exporter = _labels_of(name, instance=f"data-1:{port}", job=f"{name}-exporter")
        yield Series(CORE, family, exporter, flat(1), whole=True)
    yield Series(CORE, "=redis_memory", _labels_of("redis"), flat(0.62), 0.02)
    yield Series(CORE, "=oom", _labels_of("redis", container="redis"), flat(0), whole=True)
    yield Series(
        CORE, "=oom", _labels_of("clickhouse", container="clickhouse"), flat(0), whole=True
    )
    queues = (("orders", "worker", 40), ("mail", "notify", 12), ("vectors", "embedder", 230))
    for queue, name, rest in queues:
        labels = _labels_of(name, queue=queue)
        yield Series(CORE, "rabbitmq_queue_messages_ready", labels, flat(rest), 0.3, True)
    yield Series(CORE, "=worker_idle", _labels_of("worker"), flat(2), 0.4)
    lag = _labels_of("postgres-replica")
    yield Series(CORE, "pg_replication_lag_seconds", lag, flat(0.4), 0.5)
    pool = _labels_of("pgbouncer", database="shop")
    yield Series(CORE, "pgbouncer_pool_used_ratio", pool, flat(0.41), 0.15)
    backup = _labels_of("backup-agent", target="postgres")
    yield Series(CORE, "=backup_age", backup, flat(9.5))
    yield Series(CORE, "ci_runner_online", _labels_of("ci-runner"), flat(1), whole=True)
    yield Series(CORE, "=log_bytes", _labels_of("loki"), flat(2.1), 0.2)
    yield Series(CORE, "=payment_failures", _labels_of("pay"), flat(0.004), 0.4)
    yield Series(CORE, "=search_p99", _labels_of("opensearch"), flat(0.35), 0.2)
    yield Series(CORE, "=callback_delay", _labels_of("ledger"), flat(1.8), 0.3)


def _blackbox(seed: int) -> Iterator[Series]:
    exporter = pairs(job="blackbox", instance="ops-1:9115")
    yield Series(EDGE, "up", exporter, flat(1), whole=True)
    yield from _probes("pages", PAGES, seed)
    yield from _probes("endpoints", API_ENDPOINTS, seed)
    for service in SERVICES:
        if service.place == "external":
            url = f"https://{service.name}.example.net/status"
            labels = pairs(job="external", instance=url, service=service.name, team=service.owner)
            yield Series(EDGE, "probe_success", labels, flat(1), whole=True)
    for address, name, days in (
        ("shop.example.org:443", "nginx-1", 61.0),
        ("admin.example.org:443", "nginx-1", 44.0),
        ("vault.example.org:8200", "vault", 61.0),
        ("registry.example.org:5000", "registry", 61.0),
    ):
        labels = pairs(job="tls", instance=address, service=name, team="platform")
        left = ramp((-days * DAY_S, days * 2), (days * DAY_S, 0))
        yield Series(EDGE, "=cert_days", labels, left)
    slow = pairs(service="sms-gateway", quantile="0.95", team="messaging", region="cn-east")
    yield Series(EDGE, "sms_delivery_seconds", slow, flat(9), 0.3)


def _probes(job: str, probed: Iterable[PageSpec], seed: int) -> Iterator[Series]:
    for page in probed:
        if page.method != "GET":
            continue
        kind = "page" if job == "pages" else "endpoint"
        team = "web" if job == "pages" else "api"
        # The instance is the public address; what the console probes is on loopback.
        labels = pairs(
            job=job, instance=SITE + page.path, team=team, service=page.name, **{kind: page.name}
        )
        yield Series(EDGE, "probe_success", labels, flat(1), whole=True)
        share = 0.3 if job == "pages" else 0.15
        took = page.slo_latency_ms / 1000 * share * (0.4 + _rest(seed, page.name))
        yield Series(EDGE, "probe_duration_seconds", labels, flat(took), 0.2)


def _posted(seed: int) -> Iterator[Series]:
    """What the callers of the endpoints get that nobody can probe."""
    for page in API_ENDPOINTS:
        if page.method != "GET":
            labels = pairs(endpoint=page.name, service=page.name, team="api")
            usual = flat(0.0005 + 0.001 * _rest(seed, page.name))
            yield Series(CORE, "=endpoint_errors", labels, usual, 0.4)


def _labels_of(name: str, **more: str) -> LabelPairs:
    service = next(service for service in SERVICES if service.name == name)
    return service_labels(service, **more)


def _rest(seed: int, key: str) -> float:
    """A number in [0, 1] that tells one thing's resting level from another's."""
    return zlib.crc32(f"{seed}/rest/{key}".encode()) / 0xFFFFFFFF
