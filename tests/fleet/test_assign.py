"""Which cell an alert is about; and a useful matrix from a plain Prometheus."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.fleet.assign import Index
from console.fleet.discover import propose
from console.model.labels import Labels
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.state import State
from tests.fleet.world import (
    AM,
    PROM,
    alert,
    am_reading,
    at,
    fleet,
    prom_down,
    prom_reading,
    target,
    the_cell,
)

HTTP = ServiceType.HTTP
REGISTRY = Registry(
    (Host("web-1", address="10.0.0.1"), Host("web-2"), Host("data-1")),
    (
        Service("nginx-1", ServiceType.SYSTEMD, "web-1", host="web-1", port=80,
                service_name="nginx", alerts=("NginxDown",)),
        Service("nginx-2", ServiceType.SYSTEMD, "web-2", host="web-2", port=80,
                service_name="nginx", alerts=("NginxDown",)),
        Service("redis", ServiceType.DOCKER, "data-1", host="data-1", port=6379,
                alerts=("RedisDown",), instances=("data-1:9121",)),
        Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop"),
        Service("login", ServiceType.PAGE, "pages", health="https://shop.example/login"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "cell"),
    [
        ({"service": "redis", "instance": "web-1:80"}, "redis"),
        ({"app": "redis"}, "redis"),
        ({"job": "redis"}, "redis"),
        ({"service": "api", "namespace": "shop"}, "api"),
        ({"service": "api", "namespace": "staging"}, None),
        ({"alertname": "NginxDown", "instance": "web-2:9100"}, "nginx-2"),
        ({"alertname": "NginxDown", "instance": "10.0.0.1:9100"}, "nginx-1"),
        ({"alertname": "UnitFailed", "instance": "web-1:9100", "name": "nginx.service"}, "nginx-1"),
        ({"instance": "data-1:9121"}, "redis"),
        ({"instance": "data-1:6379"}, "redis"),
        ({"instance": "web-1:80"}, "nginx-1"),
        ({"instance": "10.0.0.1:80"}, "nginx-1"),
        ({"instance": "https://shop.example/login"}, "login"),
        ({"namespace": "shop", "deployment": "api"}, "api"),
        ({"namespace": "shop", "pod": "api-6d4cf56db6-x7k2p"}, "api"),
        ({"namespace": "shop", "pod": "api-0"}, "api"),
        ({"namespace": "other", "deployment": "api"}, None),
        ({"alertname": "RedisDown"}, "redis"),
        ({"alertname": "NginxDown"}, None),
        ({"instance": "web-1:9999"}, None),
        ({}, None),
    ],
)
def test_an_alert_finds_its_service(labels: dict[str, str], cell: str | None) -> None:
    assert Index(REGISTRY).cell_of(Labels(labels)) == cell


def test_the_order_of_naming_labels_can_be_chosen() -> None:
    labels = Labels({"service": "redis", "team_service": "api"})
    assert Index(REGISTRY, name_labels=("team_service", "service")).cell_of(labels) == "api"


def test_exporters_of_one_host_are_one_place() -> None:
    targets = [
        target("web-1:9100", "node"),
        target("web-1:8080", "cadvisor"),
        target("web-2:9100", "node"),
        target("localhost:9090", "prometheus"),
    ]
    proposed = propose(targets)
    assert [host.name for host in proposed.hosts] == ["localhost", "web-1", "web-2"]
    places = {service.name: service.place for service in proposed.services}
    assert places == {
        "prometheus": "localhost",
        "cadvisor": "web-1",
        "node@web-1": "web-1",
        "node@web-2": "web-2",
    }
    assert all(service.type is ServiceType.TARGET for service in proposed.services)


def test_names_stay_apart_on_one_host_and_from_registered_ones() -> None:
    targets = [target("web-1:1", "app"), target("web-1:2", "app"), target("x:1", "redis")]
    proposed = propose(targets, REGISTRY)
    assert [service.name for service in proposed.services] == [
        "app@web-1:1",
        "app@web-1:2",
        "redis@x",
    ]


def test_pages_behind_a_blackbox_exporter_are_named_by_their_address() -> None:
    (page,) = propose([target("https://shop.example/cart/", "blackbox")]).services
    assert (page.name, page.place) == ("shop.example/cart", "pages")


def test_the_pods_of_one_job_are_one_service_of_their_namespace() -> None:
    pods = [
        target(f"10.1.0.{one}:80", "api", namespace="shop", pod=f"api-{one}") for one in range(3)
    ]
    (service,) = propose(pods).services
    assert (service.name, service.place, service.namespace) == ("api", "shop", "shop")


def test_an_address_gets_the_name_of_its_registered_host() -> None:
    (service,) = propose([target("10.0.0.1:9100", "node")], REGISTRY).services
    assert (service.place, service.host) == ("web-1", "web-1")


@pytest.mark.parametrize("label", ["host", "hostname", "node", "nodename"])
def test_a_target_whose_label_names_a_registered_host_is_on_it(label: str) -> None:
    more = {label: "web-2"}
    other = {label: "nobody-wrote-it-down"}
    plain = (
        (target("10.9.9.9:9100", "node"), more),
        (target("10.9.9.9:9187", "postgres"), other),
        (target("https://shop.example/", "blackbox"), more),
    )
    targets = [
        replace(one, labels=Labels({**dict(one.labels.exact_items()), **labels}))
        for one, labels in plain
    ]
    proposed = propose(targets, REGISTRY)
    places = {service.name: service.place for service in proposed.services}
    assert places == {"node": "web-2", "postgres": "10.9.9.9", "shop.example": "pages"}
    assert [host.name for host in proposed.hosts] == ["10.9.9.9"]


def test_hostile_labels_become_names_that_can_be_shown() -> None:
    (service,) = propose([target("web\x1b]0;x\x07:9100", "no\u202ede")]).services
    assert service.name == "no<U+202E>de"
    assert service.place == "web^[]0;x^G"


def test_no_settings_at_all_give_a_matrix_with_the_alerts_on_it() -> None:
    world = fleet()
    targets = (
        target("web-1:9100", "node"),
        target("web-2:9100", "node"),
        target("p:9090", "prometheus"),
    )
    world.take(prom_reading(0, targets=targets))
    about = alert(instance="web-1:9100", job="node")
    by_instance = alert("Other", instance="web-2:9100")
    world.take(am_reading(0, about, by_instance))
    snapshot = world.snapshot(at(0))
    assert [cell.service.name for cell in snapshot.cells] == [
        "prometheus",
        "node@web-1",
        "node@web-2",
    ]
    assert the_cell(snapshot, "node@web-1").alerts == (about.fingerprint,)
    assert the_cell(snapshot, "node@web-2").alerts == (by_instance.fingerprint,)
    assert the_cell(snapshot, "prometheus").because == "scrape works"
    assert [host.name for host in snapshot.hosts] == ["p", "web-1", "web-2"]


def test_registered_services_claim_their_targets_and_the_rest_becomes_dynamic() -> None:
    world = fleet(PROM, AM, registry=REGISTRY)
    targets = (target("data-1:9121", "redis_exporter"), target("web-1:9100", "node"))
    world.take(prom_reading(0, targets=targets))
    snapshot = world.snapshot(at(0))
    assert [cell.service.name for cell in snapshot.cells][-1] == "node"
    assert the_cell(snapshot, "redis").targets == targets[:1]
    assert the_cell(snapshot, "node").service.place == "web-1"


def test_a_prometheus_that_fails_keeps_its_cells_in_the_matrix() -> None:
    world = fleet()
    world.take(prom_reading(0, targets=(target("web-1:9100"),)))
    world.take(prom_down(15))
    assert [cell.service.name for cell in world.snapshot(at(15)).cells] == ["node"]


def test_a_restarted_prometheus_that_has_no_targets_yet_takes_no_cell_away() -> None:
    world = fleet()
    world.take(prom_reading(0, targets=(target("web-1:9100"), target("web-2:9100"))))
    world.take(am_reading(0))
    for seconds in range(15, 301, 15):
        world.take(prom_reading(seconds))
        world.take(am_reading(seconds))
        cells = world.snapshot(at(seconds)).cells
        assert [cell.state for cell in cells] == [State.UNKNOWN, State.UNKNOWN]
    assert cells[0].because == "web-1:9100 has not been scraped yet"
    for seconds in (315, 330):
        world.take(prom_reading(seconds))
    assert world.snapshot(at(330)).cells == ()


def test_a_target_that_is_gone_from_a_list_with_others_leaves_the_matrix() -> None:
    world = fleet()
    world.take(prom_reading(0, targets=(target("web-1:9100"), target("web-2:9100"))))
    world.take(prom_reading(15, targets=(target("web-2:9100"),)))
    (cell,) = world.snapshot(at(15)).cells
    assert cell.service.instances == ("web-2:9100",)
