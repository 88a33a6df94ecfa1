"""Two versions are drift only where they are certainly not the same."""

from __future__ import annotations

import pytest

from console.fleet.versions import containers_of, is_other, shown_tag, siblings_of
from console.model.host import Container, HostFacts, Means
from console.model.registry import Host, ServiceType
from console.model.snapshot import HostState
from console.safety.text import Raw
from tests.build import cell, service
from tests.screens.hosted_world import web


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("2.1.0", "2.1.0", False),
        ("v2.1.0", "2.1.0", False),
        ("7.2.5-alpine", "7.2.5", False),
        ("7.2.5-bookworm", "7.2.5-alpine", False),
        ("2.1.0-rc1", "2.1.0", True),
        ("2.1.0", "2.1.1", True),
        ("latest", "2.1.0", False),
        ("", "2.1.0", False),
        ("victor", "ictor", True),
    ],
)
def test_drift_is_claimed_only_where_it_is_certain(one: str, other: str, differ: bool) -> None:
    assert is_other(Raw(one), other) is differ
    assert is_other(Raw(other), Raw(one)) is differ


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("redis:7.2.5", "7.2.5"),
        ("registry.test:5000/team/redis:7.2.5@sha256:00ff", "7.2.5"),
        ("registry.test:5000/redis", "latest"),
        ("redis", "latest"),
    ],
)
def test_the_tag_of_an_image_is_not_its_registrys_port(image: str, tag: str) -> None:
    assert shown_tag(Raw(image)) == tag


def test_siblings_run_as_the_same_or_have_one_name_before_the_at_sign() -> None:
    cells = (
        web("nginx-1", "web-1", "1"),
        web("nginx-2", "web-2", "1"),
        cell(service("node@web-1", "web-1")),
        cell(service("node@web-2", "web-2")),
        cell(service("node@web-3", "web-3", type=ServiceType.SYSTEMD)),
    )
    names = {
        one.service.name: [other.service.name for other in siblings_of(one.service, cells)]
        for one in cells
    }
    assert names["nginx-1"] == ["nginx-2"]
    assert names["node@web-1"] == ["node@web-2"]
    assert names["node@web-3"] == []


def test_what_runs_a_service_are_its_container_or_its_replicas() -> None:
    redis = service("redis", "data-1", type=ServiceType.DOCKER)
    told = [_container(name) for name in ("shop-redis-1", "shop-redis-2", "redis-exporter-1")]
    alone = [*told, _container("redis")]
    assert _names(containers_of(redis, _host(told))) == ["shop-redis-1", "shop-redis-2"]
    assert _names(containers_of(redis, _host(alone))) == ["redis"]
    assert containers_of(redis, None) == []


def test_the_replicas_of_another_service_are_not_taken_for_its_own() -> None:
    api = service("api", "data-1", type=ServiceType.DOCKER)
    told = [_container("shop-api-1"), _container("shop-web-api-1")]
    cells = (cell(api), cell(service("web-api", "data-1", type=ServiceType.DOCKER)))
    assert _names(containers_of(api, _host(told), cells)) == ["shop-api-1"]


def _container(name: str) -> Container:
    return Container(Raw(name), Raw("0"), Raw("redis:7"), Raw("running"))


def _host(told: list[Container]) -> HostState:
    return HostState(Host("data-1"), HostFacts(Means.SSH, containers=tuple(told)))


def _names(found: list[Container]) -> list[str]:
    return [one.name.exact for one in found]
