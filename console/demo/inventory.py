"""The demo's fleet as its team would describe it: five hosts and what runs on them."""

from __future__ import annotations

import hashlib

import msgspec

USER = "kai"
"""Who the demo's user is, to the console and on every host."""

USER_NAME = "Kai 黃凱"
"""As the console signs what its user does."""

DAY_S = 86400.0


class HostSpec(msgspec.Struct, frozen=True):
    """One machine of the demo."""

    name: str
    rack: str
    zone: str
    roles: tuple[str, ...]
    cpus: int = 8
    memory_gib: int = 16


class ServiceSpec(msgspec.Struct, frozen=True):
    """One service of the demo. `port` is the customary one; the world listens elsewhere."""

    name: str
    type: str
    """`k8s-deployment`, `docker`, `systemd`, `http`, `tcp` or `external`."""
    place: str
    """A host, a Kubernetes namespace, or `external`."""
    owner: str
    port: int
    health: str | None = "/health"
    """HTTP path; `None` for a service that only accepts TCP connections."""
    ready: str | None = None
    depends_on: tuple[str, ...] = ()
    critical: bool = False
    version: str = "1.0.0"
    expect: tuple[int, ...] = (200,)
    unit: str | None = None
    replicas: int | None = None
    flags: tuple[str, ...] = ("prometheus",)
    fields: tuple[tuple[str, str], ...] = ()
    """What `/ready` tells: the name of the field and the service behind it."""

    @property
    def host(self) -> str | None:
        """The machine it runs on; `None` outside the fleet."""
        if self.place == "external":
            return None
        return K8S_HOST if self.type == "k8s-deployment" else self.place

    @property
    def namespace(self) -> str | None:
        """The Kubernetes namespace, for a deployment."""
        return self.place if self.type == "k8s-deployment" else None


class PageSpec(msgspec.Struct, frozen=True):
    """One page or API endpoint, and the service that answers it."""

    name: str
    path: str
    service: str
    method: str = "GET"
    critical: bool = False
    slo_latency_ms: int = 2000
    slo_availability: float = 99.9


DISKS_GIB = {"/": 80, "/var/lib": 400}
"""The file systems of every machine."""

K8S_HOST = "k8s-1"

TLS_SERVICES = ("vault", "registry")
"""Those that are asked by https."""

HOSTS = (
    HostSpec("web-1", "r10", "a", ("edge",)),
    HostSpec("web-2", "r12", "b", ("edge",)),
    HostSpec("k8s-1", "r11", "a", ("k8s",), 32, 128),
    HostSpec("data-1", "r10", "a", ("database", "docker"), 16, 64),
    HostSpec("ops-1", "r11", "b", ("monitoring", "backup", "runner")),
)


def _edge(number: int) -> tuple[ServiceSpec, ...]:
    host = f"web-{number}"
    return (
        ServiceSpec(
            f"nginx-{number}", "systemd", host, "platform", 80, "/healthz",
            critical=True, version="1.27.4", expect=(200, 302), unit="nginx.service",
        ),
        ServiceSpec(
            f"haproxy-{number}", "systemd", host, "platform", 8404, None,
            critical=True, version="3.0.8", unit="haproxy.service",
        ),
        ServiceSpec(
            f"varnish-{number}", "systemd", host, "platform", 6081, "/healthz",
            version="7.6.1", unit="varnish.service",
        ),
        ServiceSpec(f"waf-{number}", "docker", host, "security", 8081, version="4.3.0"),
        ServiceSpec(
            f"node-exporter-{number}", "systemd", host, "platform", 9100, "/",
            version="1.8.2", unit="node_exporter.service",
        ),
    )  # fmt: skip


def _app(
    name: str, namespace: str, owner: str, version: str, *deps: str, critical: bool = False,
    replicas: int = 2, health: str = "/health", expect: tuple[int, ...] = (200,),
) -> ServiceSpec:  # fmt: skip
    shown = {"postgres": "db", "postgres-replica": "db_replica"}
    flags = ("prometheus", "sentry", "otel") + (("langfuse",) if namespace == "ai" else ())
    return ServiceSpec(
        name, "k8s-deployment", namespace, owner, 8080, health, "/ready", deps, critical,
        version, expect, None, replicas, flags,
        tuple((shown.get(dep, dep.replace("-", "_")), dep) for dep in deps),
    )  # fmt: skip


_SHOP = (
    _app("storefront", "shop", "web", "5.8.1", "api", critical=True, replicas=3,
         expect=(200, 302)),
    _app("api", "shop", "api", "2.14.0", "postgres", "redis", "rabbitmq", critical=True,
         replicas=4, health="/api/v1/health"),
    _app("checkout", "shop", "payments", "3.2.2", "api", "pay", critical=True),
    _app("cart", "shop", "api", "1.19.0", "redis"),
    _app("catalog", "shop", "search", "4.0.7", "postgres-replica", "memcached"),
    _app("search-api", "shop", "search", "2.6.3", "opensearch"),
    _app("pricing", "shop", "api", "1.7.5", "postgres"),
    _app("inventory", "shop", "api", "1.12.4", "postgres", "kafka"),
    _app("accounts", "shop", "identity", "2.3.0", "postgres", critical=True),
    _app("auth", "shop", "identity", "3.9.1", "postgres", "vault", critical=True),
    _app("session", "shop", "identity", "1.4.2", "redis", critical=True),
    _app("websocket", "shop", "web", "0.22.0", "session"),
    _app("worker", "shop", "api", "2.14.0", "redis", "rabbitmq", "postgres", replicas=3),
    _app("scheduler", "shop", "api", "2.14.0", "postgres", replicas=1),
    _app("report-builder", "shop", "api", "0.9.7", "postgres-replica", "minio", replicas=1),
    _app("notify", "shop", "messaging", "1.9.0", "rabbitmq", "sms-gateway"),
    _app("media", "shop", "web", "0.15.3", "minio"),
)  # fmt: skip

_PAY_AND_AI = (
    _app("pay", "pay", "payments", "6.1.0", "postgres", "fraud-check", critical=True, replicas=3),
    _app("ledger", "pay", "payments", "4.4.0", "postgres", critical=True),
    _app("fraud-check", "pay", "payments", "2.0.9", "clickhouse"),
    _app("invoice", "pay", "payments", "1.3.6", "postgres", "minio", replicas=1),
    _app("assistant", "ai", "ai", "0.31.0", "ai-service", "rag-api"),
    _app("rag-api", "ai", "ai", "0.14.2", "vector-store"),
    _app("embedder", "ai", "ai", "0.8.4", "kafka", "ai-service"),
    _app("moderation", "ai", "ai", "1.1.0", "ai-service"),
)

_DATA = (
    ServiceSpec("postgres", "docker", "data-1", "data", 5432, None, critical=True,
                version="16.6"),
    ServiceSpec("postgres-replica", "docker", "data-1", "data", 5433, None, version="16.6",
                depends_on=("postgres",)),
    ServiceSpec("pgbouncer", "systemd", "data-1", "data", 6432, None, critical=True,
                version="1.23.1", unit="pgbouncer.service", depends_on=("postgres",)),
    ServiceSpec("redis", "docker", "data-1", "data", 6379, None, critical=True,
                version="7.2.5"),
    ServiceSpec("memcached", "systemd", "data-1", "data", 11211, None, version="1.6.32",
                unit="memcached.service"),
    ServiceSpec("rabbitmq", "docker", "data-1", "data", 5672, None, critical=True,
                version="4.0.5"),
    ServiceSpec("kafka", "docker", "data-1", "data", 9092, None, version="3.9.0"),
    ServiceSpec("opensearch", "docker", "data-1", "search", 9200, "/_cluster/health",
                version="2.18.0"),
    ServiceSpec("clickhouse", "docker", "data-1", "data", 8123, "/ping", version="24.11.1"),
    ServiceSpec("minio", "docker", "data-1", "data", 9000, "/minio/health/live",
                version="2026.10.2"),
    ServiceSpec("redis-exporter", "http", "data-1", "data", 9121, "/health", version="1.66.0",
                depends_on=("redis",), unit="redis_exporter.service"),
)  # fmt: skip

_OPS = (
    ServiceSpec("prometheus-core", "systemd", "ops-1", "platform", 9090, "/-/healthy",
                "/-/ready", version="2.42.0", unit="prometheus@core.service", critical=True),
    ServiceSpec("prometheus-edge", "systemd", "ops-1", "platform", 9091, "/-/healthy",
                "/-/ready", version="2.42.0", unit="prometheus@edge.service", critical=True),
    ServiceSpec("alertmanager-a", "systemd", "ops-1", "platform", 9093, "/-/healthy",
                "/-/ready", version="0.25.0", unit="alertmanager@a.service", critical=True),
    ServiceSpec("alertmanager-b", "systemd", "ops-1", "platform", 9094, "/-/healthy",
                "/-/ready", version="0.25.0", unit="alertmanager@b.service", critical=True),
    ServiceSpec("blackbox-exporter", "systemd", "ops-1", "platform", 9115, "/-/healthy",
                version="0.25.0", unit="blackbox.service"),
    ServiceSpec("grafana", "docker", "ops-1", "platform", 3000, "/api/health",
                version="11.3.1"),
    ServiceSpec("loki", "docker", "ops-1", "platform", 3100, "/ready", version="3.2.1"),
    ServiceSpec("otel-collector", "docker", "ops-1", "platform", 13133, "/",
                version="0.114.0"),
    ServiceSpec("langfuse", "docker", "ops-1", "ai", 3001, "/api/public/health",
                version="2.93.5"),
    ServiceSpec("vault", "systemd", "ops-1", "security", 8200, "/v1/sys/health", critical=True,
                version="1.18.2", unit="vault.service"),
    ServiceSpec("registry", "docker", "ops-1", "platform", 5000, "/v2/", version="2.8.3"),
    ServiceSpec("ci-runner", "systemd", "ops-1", "platform", 9252, "/metrics",
                version="17.6.0", unit="gitlab-runner.service"),
    ServiceSpec("mail-worker", "docker", "ops-1", "messaging", 9187, None,
                depends_on=("rabbitmq",), version="1.9.0"),
    ServiceSpec("backup-agent", "http", "ops-1", "data", 8901, "/health", version="0.17.3",
                unit="backup-agent.service"),
)  # fmt: skip

_EXTERNAL = (
    ServiceSpec("ai-service", "external", "external", "ai", 443, "/status", flags=()),
    ServiceSpec("vector-store", "external", "external", "ai", 443, "/status", flags=()),
    ServiceSpec("sms-gateway", "external", "external", "messaging", 443, "/status", flags=()),
)

SERVICES: tuple[ServiceSpec, ...] = (
    *_edge(1), *_edge(2), *_SHOP, *_PAY_AND_AI, *_DATA, *_OPS, *_EXTERNAL,
)  # fmt: skip

BY_NAME = {service.name: service for service in SERVICES}

PAGES = (
    PageSpec("home", "/", "storefront", critical=True),
    PageSpec("product", "/p/blue-kettle", "storefront"),
    PageSpec("basket", "/cart", "storefront"),
    PageSpec("checkout-page", "/checkout", "storefront", critical=True),
    PageSpec("account", "/account", "storefront"),
    PageSpec("help", "/help", "storefront"),
)

API_ENDPOINTS = (
    PageSpec("list-products", "/api/v1/products", "api", critical=True, slo_latency_ms=400),
    PageSpec("search", "/api/v1/search", "api", slo_latency_ms=600),
    PageSpec("me", "/api/v1/me", "api", slo_latency_ms=300),
    PageSpec("place-order", "/api/v1/orders", "api", "POST", True, 800, 99.95),
    PageSpec("pay-order", "/api/v1/pay", "api", "POST", True, 1200, 99.95),
)

SITE = "https://shop.example.org"
"""The public name under which the pages are scraped: the same in every run."""


def pod_name(service: str, version: str, number: int) -> str:
    """The name of one pod of a deployment: `api-7d9f84c6b5-x2k9p`."""
    of_set = hashlib.sha256(f"set {service} {version}".encode()).hexdigest()
    own = hashlib.sha256(f"pod {service} {version} {number}".encode()).hexdigest()
    return f"{service}-{of_set[:10]}-{own[:5]}"


def age_s(name: str) -> float:
    """How long before the world's start a thing was made or started."""
    digest = hashlib.sha256(f"age {name}".encode()).digest()
    return (1 + int.from_bytes(digest[:6], "big") % 4000 / 100) * DAY_S


def uptime_s(host: str) -> float:
    """How long before the world's start a machine was started."""
    return 3 * age_s(host)


def traffic_per_s(host: str) -> tuple[float, float]:
    """Bytes that a machine receives and sends in a second."""
    digest = hashlib.sha256(f"traffic {host}".encode()).digest()
    received = 200_000.0 + int.from_bytes(digest[:6], "big") % 3_000_000
    return received, received * 1.7


def git_sha_of(service: str, version: str) -> str:
    """The commit that a release was built from, as its health body tells it."""
    return hashlib.sha256(f"{service} {version}".encode()).hexdigest()[:12]


def build_age_s(service: str, version: str) -> float:
    """How long before the world's start a release was built."""
    digest = hashlib.sha256(f"built {service} {version}".encode()).digest()
    return 2 * DAY_S + int.from_bytes(digest[:2], "big") / 65535 * 50 * DAY_S
