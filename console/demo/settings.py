"""The settings folder of a running demo: what a team would have written down of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from console.demo.inventory import (
    API_ENDPOINTS,
    HOSTS,
    PAGES,
    SERVICES,
    TLS_SERVICES,
    USER,
    PageSpec,
    ServiceSpec,
)
from console.demo.judged import BY_ALERT, summary_settings
from console.demo.metrics import CORE, EDGE, NODE_EXPORTERS, instance_of
from console.demo.rules import RULES
from console.demo.server import LOOPBACK
from console.demo.team import (
    PEOPLE,
    change_settings,
    journal_settings,
    release_settings,
    rota_settings,
)
from console.demo.world import COMPONENTS, EXTERNAL, World
from console.safety.files import private_dir, write_atomic

ASK_EVERY = "5s"
"""How often the console asks the demo's sources: it should look alive."""

TEMPLATES = [
    {
        "name": "backup host",
        "matchers": [
            'host="ops-1"', 'alertname=~"BackupTooOld|RunnerOffline|DiskFillingUp"',
        ],
        "lasts": "2h",
        "comment": "work on the backup host",
    },
    {
        "name": "rollout of api",
        "matchers": ['service="api"', 'severity!="critical"'],
        "lasts": "30m",
        "comment": "api is being rolled out",
    },
]  # fmt: skip
"""Silences that the team makes often."""

STATE = "state"
"""The folder inside the settings in which a console keeps the state of this demo alone."""

CHAT = "chat-webhook"
"""The file inside the settings with the address of the team's chat, which is a secret."""

SSH = "ssh"
"""The folder inside the settings with the keys of this demo."""

USUALLY_OVER = {"ops-1": {"disk": 95}}
"""Hosts for which the fleet's thresholds are too low: backups may fill their disk."""

FLAGS = ("prometheus", "sentry", "otel", "langfuse")


ON_HOST = {
    "redis": "redis-cli ping",
    "postgres": "pg_isready",
    "mail-worker": "/tmp/worker-healthy",
}
"""Services that are checked inside their container: by a command, or by a file."""


class Endpoints(msgspec.Struct, frozen=True):
    """Where a running demo answers."""

    prometheus: tuple[tuple[str, str], ...]
    """Name of each source and its base URL."""
    alertmanager: tuple[str, ...]
    """Base URL of each member of the one cluster."""
    ports: tuple[tuple[str, int], ...]
    """Every service and its port on loopback."""

    ssh: tuple[tuple[str, int], ...] = ()
    """Every host and its SSH port on loopback; empty for a demo without SSH."""
    ca: Path | None = None
    """The authority behind the TLS endpoints."""
    chat: str = ""
    """The webhook of the team's chat; empty for a demo without one."""

    def port_of(self, service: str) -> int:
        """The port of a service.

        Raises:
            KeyError: there is no such service.
        """
        return dict(self.ports)[service]

    def url_of(self, service: str) -> str:
        """The base URL of a service."""
        scheme = "https" if service in TLS_SERVICES and self.ca is not None else "http"
        return f"{scheme}://{LOOPBACK}:{self.port_of(service)}"


def write_settings(
    folder: Path,
    world: World,
    endpoints: Endpoints,
    journal: Path | None = None,
    runbooks: Path | None = None,
) -> None:
    """Write `oncall.yaml` and `services.yaml` for the world that answers at `endpoints`.

    Without the folder of a `journal` there is one in the state, and it is shared nowhere; without
    that of the team's `runbooks` there are those that ship. What
    SSH needs lies beside them, in `ssh/`, and is written by who makes the keys.

    Raises:
        FileError: the folder cannot be made or written.
    """
    private_dir(folder)
    private_dir(folder / STATE)
    if endpoints.chat:
        write_atomic(folder / CHAT, f"{endpoints.chat}\n".encode())
    intro = f"# The demo `{world.scenario.name}`: {world.scenario.summary}.\n"
    for name, content in (
        ("oncall.yaml", oncall_settings(folder, world, endpoints, journal, runbooks)),
        ("services.yaml", registry(world, endpoints)),
    ):
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=98)
        write_atomic(folder / name, (intro + text).encode())


def oncall_settings(
    folder: Path,
    world: World,
    endpoints: Endpoints,
    journal: Path | None = None,
    runbooks: Path | None = None,
) -> Mapping[str, object]:
    """The content of `oncall.yaml`."""
    health: dict[str, object] = {"interval": "10s", "ready_interval": "10s"}
    if endpoints.ca is not None:
        health["ca"] = str(endpoints.ca)
    servers = {source_name(server): server for server in (CORE, EDGE)}
    return {
        "environment": "demo",
        "me": USER,
        "sources": {
            "prometheus": [
                {
                    "name": name,
                    "url": url,
                    "interval": ASK_EVERY,
                    "external_labels": dict(EXTERNAL[servers[name]]),
                }
                for name, url in endpoints.prometheus
            ],
            "alertmanager": [
                {
                    "name": "alertmanager",
                    "members": list(endpoints.alertmanager),
                    "interval": ASK_EVERY,
                }
            ],
            "health": health,
            "hosts": {"interval": "20s", "enabled": bool(endpoints.ssh)},
        },
        **(_ssh(folder) if endpoints.ssh else {}),
        "priorities": {"by_alert": dict(BY_ALERT)},
        "silences": {"templates": TEMPLATES},
        "people": PEOPLE,
        "rota": rota_settings(world.start.wall),
        "journal": journal_settings(journal),
        **({} if runbooks is None else {"runbooks": {"folders": [str(runbooks)]}}),
        "incidents": {"lead": "2m", "severity": "5m", "post_mortem": "48h"},
        "changes": change_settings(world.start.wall),
        "summary": summary_settings(world.start.wall, folder / CHAT if endpoints.chat else None),
    }


def _ssh(folder: Path) -> Mapping[str, object]:
    """Only what the demo made: nobody's own keys, agent or known hosts."""
    own = folder / SSH
    return {
        "ssh": {
            "config": str(own / "config"),
            "known_hosts": [str(own / "known_hosts")],
            "identities": [str(own / "id_ed25519")],
            "agent": False,
        }
    }


def registry(world: World, endpoints: Endpoints) -> Mapping[str, object]:
    """The content of `services.yaml`."""
    alerts = alert_names(world)
    return {
        "base_url": endpoints.url_of("storefront"),
        "hosts": [
            {
                "name": host.name,
                "address": LOOPBACK,
                **_way_to(host.name, endpoints),
                "roles": list(host.roles),
                "labels": {"rack": host.rack, "zone": host.zone},
                **({"thresholds": USUALLY_OVER[host.name]} if host.name in USUALLY_OVER else {}),
            }
            for host in HOSTS
        ],
        "services": [
            {
                **_service(service, endpoints, alerts.get(service.name, ())),
                **release_settings(service.name, world.start.wall),
            }
            for service in SERVICES
        ],
        "pages": [
            {
                "name": page.name,
                "path": page.path,
                "sentry_session": True,
                "web_vitals": page.critical,
                "alerts": list(alerts.get(page.name, ())),
                "owner": "web",
                "critical": page.critical,
                "slo_latency_ms": page.slo_latency_ms,
            }
            for page in PAGES
        ],
        "api_endpoints": [
            _endpoint(page, endpoints, alerts.get(page.name, ())) for page in API_ENDPOINTS
        ],
    }


def alert_names(world: World) -> dict[str, tuple[str, ...]]:
    """The names of the alerts that can be raised about each service, page and endpoint."""
    found: dict[str, set[str]] = {}
    for series in world.series:
        about = dict(series.labels)
        cell = about.get("service") or about.get("page") or about.get("endpoint")
        if cell is None:
            continue
        found.setdefault(cell, set()).update(rule.alert for rule in RULES if rule.reads(series))
    return {cell: tuple(sorted(names)) for cell, names in found.items()}


def _way_to(host: str, endpoints: Endpoints) -> Mapping[str, object]:
    port = dict(endpoints.ssh).get(host)
    return {"transport": "none"} if port is None else {"port": port, "user": USER}


def source_name(server: str) -> str:
    """The name of a Prometheus as the console lists it."""
    return f"prom-{server}"


def _service(
    service: ServiceSpec, endpoints: Endpoints, alerts: tuple[str, ...]
) -> dict[str, object]:
    port = endpoints.port_of(service.name)
    entry: dict[str, object] = {"name": service.name, "type": service.type}
    if service.namespace:
        entry["namespace"] = service.namespace
    if service.host:
        entry["host"] = service.host
    if service.name in ON_HOST and endpoints.ssh:
        entry |= {"health_endpoint": ON_HOST[service.name]}
    elif service.health is None:
        entry |= {"port": port, "probe": "tcp"}
    else:
        entry |= {"base_url": endpoints.url_of(service.name), "health_endpoint": service.health}
    if service.ready:
        entry["ready_endpoint"] = service.ready
    if service.expect != (200,):
        entry["expect"] = list(service.expect)
    if service.unit:
        entry["service_name"] = service.unit
    if _tells_version(service):
        entry["version"] = service.version
    if service.flags:
        entry["monitoring"] = {flag: flag in service.flags for flag in FLAGS}
    entry |= {"alerts": list(alerts), "owner": service.owner}
    if service.depends_on:
        entry["depends_on"] = list(service.depends_on)
    if service.critical:
        entry["critical"] = True
    if service.replicas is not None:
        entry["replicas"] = service.replicas
    if service.place != "external" and service.name not in NODE_EXPORTERS:
        entry["instances"] = [instance_of(service)]
    return entry


def _tells_version(service: ServiceSpec) -> bool:
    """Whether its health body names a version: its own kind of server would not lie about it."""
    itself = service.name in (*COMPONENTS.values(), "alertmanager-a", "alertmanager-b")
    return service.health is not None and service.place != "external" and not itself


def _endpoint(page: PageSpec, endpoints: Endpoints, alerts: tuple[str, ...]) -> dict[str, object]:
    return {
        "name": page.name,
        "path": page.path,
        "method": page.method,
        "base_url": endpoints.url_of(page.service),
        "alerts": list(alerts),
        "owner": "api",
        "critical": page.critical,
        "slo_latency_ms": page.slo_latency_ms,
        "slo_availability": page.slo_availability,
    }
