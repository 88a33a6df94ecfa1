"""How `services.yaml` becomes services, and which of their health checks are asked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.registry import probes_of, unasked
from config.schema import HealthSource
from console.model.probe import Probe, ProbeKind
from console.model.registry import Service, ServiceType
from tests.config.folder import loaded

HOSTS = (
    "hosts:\n"
    "  - {name: a, address: 10.0.0.1}\n"
    "  - {name: me, address: local}\n"
    "  - {name: v6, address: fd00::1}\n"
    "  - {name: off, address: 10.0.0.9, transport: none}\n"
    "  - {name: far, address: 10.9.0.1, via: a}\n"
)


def probes(folder: Path, services: str) -> list[Probe]:
    return list(probes_of(loaded(folder, "", HOSTS + services).registry, HealthSource()))


def asked(folder: Path, services: str) -> list[tuple[str, str]]:
    return [(str(each.kind), each.target) for each in probes(folder, services)]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("type: http, host: a, port: 80, health_endpoint: /h", [("http", "http://10.0.0.1:80/h")]),
        ("type: http, host: b, port: 80", [("http", "http://b:80/")]),
        ("type: docker, host: me, port: 80, health_endpoint: /h", [("http", "http://127.0.0.1:80/h")]),
        ("type: http, host: v6, port: 80", [("http", "http://[fd00::1]:80/")]),
        ("type: http, base_url: http://x/p/, health_endpoint: /h", [("http", "http://x/p/h")]),
        ("type: external, health_endpoint: 'http://x/h?a=b'", [("http", "http://x/h?a=b")]),
        ("type: external, base_url: http://x", [("http", "http://x/")]),
        ("type: external", []),
        ("type: tcp, host: a, port: 6379", [("tcp", "10.0.0.1:6379")]),
        ("type: docker, host: a, port: 6379, probe: tcp", [("tcp", "10.0.0.1:6379")]),
        ("type: docker, host: a, health_endpoint: redis-cli ping", [("command", "redis-cli ping")]),
        ("type: docker, host: a, health_endpoint: /tmp/healthy", [("file", "/tmp/healthy")]),
        ("type: docker, host: b, health_endpoint: redis-cli ping", []),
        ("type: docker, host: off, health_endpoint: /tmp/healthy", []),
        ("type: k8s-deployment, namespace: n, host: a, health_endpoint: /tmp/healthy", []),
        (
            "type: docker, host: a, port: 80, health_endpoint: /tmp/x, probe: file",
            [("file", "/tmp/x")],
        ),
        ("type: http, host: a, port: 80, health_endpoint: /h, probe: none", []),
        ("type: k8s-deployment, namespace: n, port: 80, health_endpoint: /h", []),
        (
            "type: k8s-deployment, namespace: n, base_url: http://in, health_endpoint: /h",
            [("http", "http://in/h")],
        ),
        (
            "type: http, host: a, port: 80, health_endpoint: /h, ready_endpoint: /r",
            [("http", "http://10.0.0.1:80/h"), ("ready", "http://10.0.0.1:80/r")],
        ),
        (
            "type: external, base_url: https://x",
            [("http", "https://x/"), ("tls", "x:443")],
        ),
    ],
)  # fmt: skip
def test_the_health_endpoint_is_asked_as_it_is_meant(
    tmp_path: Path, entry: str, expected: list[tuple[str, str]]
) -> None:
    assert asked(tmp_path, f"services:\n  - {{name: s, {entry}}}\n") == expected


def test_a_command_runs_in_the_container_of_what_docker_runs(tmp_path: Path) -> None:
    inside, outside = probes(
        tmp_path,
        "services:\n"
        "  - {name: r, type: docker, host: a, service_name: redis,\n"
        "     health_endpoint: redis-cli ping}\n"
        "  - {name: c, type: systemd, host: a, health_endpoint: /run/cron.pid}\n",
    )
    assert (inside.host, inside.container) == ("a", "redis")
    assert (outside.host, outside.container) == ("a", "")


def test_endpoints_go_through_the_tunnel_of_the_service_or_of_its_host(tmp_path: Path) -> None:
    found = probes(
        tmp_path,
        "services:\n"
        "  - {name: s, type: tcp, host: far, port: 1}\n"
        "  - {name: t, type: tcp, host: far, port: 1, via: me}\n"
        "  - {name: u, type: external, base_url: 'https://x', via: a}\n"
        "  - {name: v, type: external, base_url: 'https://x'}\n",
    )
    assert [(each.key, each.via) for each in found] == [
        ("s/tcp", "a"),
        ("t/tcp", ""),
        ("u/http", "a"),
        ("u/tls", "a"),
        ("v/http", ""),
        ("v/tls", ""),
    ]


def test_one_certificate_is_looked_at_once_however_many_pages_it_serves(tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        "base_url: https://shop.example\n"
        "pages: [{name: home, path: /}, {name: cart, path: /cart}]\n"
        "api_endpoints: [{path: /v1, base_url: 'https://shop.example:8443'}]\n",
    )
    assert [target for kind, target in found if kind == "tls"] == [
        "shop.example:443",
        "shop.example:8443",
    ]


def test_a_probe_carries_what_the_team_expects(tmp_path: Path) -> None:
    page, tls, api = probes(
        tmp_path,
        "thresholds: {response_time: 3s}\n"
        "pages: [{name: home, path: /, base_url: https://x, slo_latency_ms: 800}]\n"
        "api_endpoints: [{path: /v1, method: HEAD, base_url: http://x, expect: [204]}]\n",
    )
    assert (page.expect_status, page.slow) == ((200, 302), timedelta(milliseconds=800))
    assert (api.method, api.expect_status, api.slow) == ("HEAD", (204,), timedelta(seconds=3))
    assert (tls.kind, tls.slow, tls.tls_warn_days) == (ProbeKind.TLS, None, 14)
    assert page.key == "home/http"
    assert api.key == "HEAD /v1/http"


def test_an_endpoint_that_changes_something_is_never_asked(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "",
        "base_url: http://x\napi_endpoints:\n"
        + "".join(f"  - {{path: /v1, method: {each}}}\n" for each in ("POST", "PUT", "DELETE")),
    )
    assert probes_of(found.registry, HealthSource()) == ()
    assert [each.name for each in found.registry.services] == ["POST /v1", "PUT /v1", "DELETE /v1"]


def test_what_cannot_be_asked_over_the_network_says_what_it_needs(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "",
        "services:\n"
        "  - {name: redis, type: docker, host: data-1, health_endpoint: redis-cli ping}\n"
        "  - {name: worker, type: docker, host: data-1, health_endpoint: /tmp/healthy}\n"
        "  - {name: cron, type: systemd, host: ops-1, service_name: cron.service}\n"
        "  - {name: api, type: k8s-deployment, namespace: shop}\n"
        "  - {name: web, type: http, host: web-1, port: 80}\n"
        "  - {name: sms, type: external}\n",
    )
    lacking = unasked(found.registry, looks_at_hosts=True, looks_at_clusters=False)
    assert [(each.service, each.needs) for each in lacking] == [
        ("redis", "SSH to data-1 for `redis-cli ping`"),
        ("worker", "SSH to data-1 for the file /tmp/healthy"),
        ("cron", "SSH to ops-1 for the unit cron.service"),
        ("api", "kube-state-metrics, or kubectl on a host with role k8s, for api"),
    ]


def test_what_the_console_reaches_needs_nothing(tmp_path: Path) -> None:
    text = (
        "services:\n"
        "  - {name: redis, type: docker, host: a}\n"
        "  - {name: cron, type: systemd, host: me}\n"
        "  - {name: off, type: systemd, host: off}\n"
        "  - {name: api, type: k8s-deployment, namespace: shop, health_endpoint: /tmp/healthy}\n"
    )
    registry = loaded(tmp_path, "", HOSTS + text).registry

    def lacking(hosts: bool, clusters: bool) -> list[str]:
        found = unasked(registry, looks_at_hosts=hosts, looks_at_clusters=clusters)
        return [each.service for each in found]

    assert lacking(hosts=True, clusters=True) == ["off"]
    assert lacking(hosts=False, clusters=True) == ["redis", "cron", "off"]
    assert lacking(hosts=True, clusters=False) == ["off", "api"]


def service(folder: Path, text: str) -> Service:
    return loaded(folder, "", text).registry.services[0]


def test_a_host_that_only_a_service_names_is_one_without_ssh(tmp_path: Path) -> None:
    found = loaded(
        tmp_path, "", "hosts: [{name: a}]\nservices: [{name: s, type: tcp, host: b, port: 1}]\n"
    )
    assert [(host.name, host.address) for host in found.registry.hosts] == [
        ("a", None),
        ("b", None),
    ]


def test_a_service_lives_in_its_namespace_on_its_host_or_outside(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "",
        "base_url: http://x\n"
        "services:\n"
        "  - {name: a, type: k8s-deployment, namespace: shop, host: k8s-1}\n"
        "  - {name: b, type: docker, host: web-1, namespace: shop}\n"
        "  - {name: c, type: external}\n"
        "pages: [{name: d, path: /}]\n"
        "api_endpoints: [{path: /v1}]\n",
    )
    assert [(each.name, each.place, each.type) for each in found.registry.services] == [
        ("a", "shop", ServiceType.K8S_DEPLOYMENT),
        ("b", "web-1", ServiceType.DOCKER),
        ("c", "external", ServiceType.EXTERNAL),
        ("d", "pages", ServiceType.PAGE),
        ("GET /v1", "api", ServiceType.API),
    ]


def test_an_alert_finds_a_service_by_name_and_by_address_of_its_host(tmp_path: Path) -> None:
    entry = "services: [{name: s, type: tcp, host: a, port: 6379}]\n"
    assert service(tmp_path, HOSTS + entry).instances == ("a:6379", "10.0.0.1:6379")
    entry = "services: [{name: s, type: tcp, host: a, port: 6379, instances: ['r:9121']}]\n"
    assert service(tmp_path, HOSTS + entry).instances == ("r:9121",)


def test_thresholds_of_a_service_go_over_those_of_the_fleet(tmp_path: Path) -> None:
    found = service(
        tmp_path,
        "thresholds: {cpu: 70, response_time: 9s}\n"
        "services: [{name: s, type: external, thresholds: {response_time: 2s}}]\n",
    ).thresholds
    assert (found.cpu_percent, found.response_time) == (70.0, timedelta(seconds=2))


@pytest.mark.parametrize("kind", ["docker", "systemd"])
def test_what_a_service_takes_is_judged_by_its_own_thresholds_alone(
    tmp_path: Path, kind: str
) -> None:
    entry = "{name: %s, type: %s, host: h, thresholds: {%s}}"
    settings = "thresholds: {cpu: 70, memory: 60}\nservices: [%s]\n"
    own = service(tmp_path, settings % (entry % ("s", kind, "cpu: 50")))
    assert (own.max_cpu_percent, own.max_memory_percent) == (50.0, None)
    none = service(tmp_path, settings % (entry % ("s", kind, "response_time: 2s")))
    assert (none.max_cpu_percent, none.max_memory_percent) == (None, None)
