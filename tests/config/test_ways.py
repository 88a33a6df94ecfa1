"""`via`, `jump` and `proxy`: a way that cannot be gone is a fault of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.folder import faults, loaded

HOSTS = """
hosts:
  - {name: bastion, address: 10.0.0.1}
  - {name: here, address: local}
  - {name: known, labels: {rack: a}}
  - {name: shut, address: 10.0.0.2, transport: none}
"""


def source(rest: str) -> str:
    return f"sources: {{prometheus: [{{name: p, url: 'http://p:9090', {rest}}}]}}\n"


def test_a_source_may_go_through_a_host_with_ssh(tmp_path: Path) -> None:
    settings = loaded(tmp_path, source("via: bastion"), HOSTS).settings
    assert settings.sources.prometheus[0].via == "bastion"


@pytest.mark.parametrize(
    ("via", "said"),
    [
        ("bastoin", 'expected a host of services.yaml, got "bastoin"'),
        ("here", "is this machine"),
        ("known", "has no `address`"),
        ("shut", "has no `address` or no `transport`"),
    ],
)
def test_a_way_that_leads_nowhere_is_a_fault(tmp_path: Path, via: str, said: str) -> None:
    (found,) = faults(tmp_path, source(f"via: {via}"), HOSTS)
    assert "sources.prometheus[0].via" in found
    assert said in found
    if via == "here":
        return  # of services: straight
    service = f"services: [{{name: s, type: external, via: {via}}}]\n"
    (found,) = faults(tmp_path, "", HOSTS + service)
    assert "services[0].via" in found
    assert said in found
    (found,) = faults(tmp_path, "", f"{HOSTS}  - {{name: db, via: {via}}}\n")
    assert "hosts[4].via" in found
    assert said in found


def test_without_a_registry_no_source_can_go_through_a_host(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, source("via: bastion"))
    assert "expected a host of services.yaml" in found


def test_a_host_with_a_fault_of_its_own_is_told_once(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, source("via: a"), "hosts: [{name: a, address: x, port: y}]\n")
    assert "hosts[0].port" in found


def test_what_lives_on_a_host_may_go_through_that_host(tmp_path: Path) -> None:
    hosts = "hosts: [{name: a, address: 10.0.0.1, via: a}]\n"
    assert faults(tmp_path, "", hosts) == []


def test_a_proxy_and_a_host_are_two_ways_and_only_one_can_be_gone(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, source("via: bastion, proxy: 'http://proxy:3128'"), HOSTS)
    assert "expected `proxy` or `via`, got both" in found


def cluster(rest: str) -> str:
    return f"sources: {{kubernetes: [{{{rest}}}]}}\n"


@pytest.mark.parametrize("on", ["local", "here", "bastion"])
def test_kubectl_runs_here_or_where_a_way_leads(tmp_path: Path, on: str) -> None:
    settings = loaded(tmp_path, cluster(f"on: {on}"), HOSTS).settings
    assert settings.sources.kubernetes[0].on == on


@pytest.mark.parametrize("on", ["bastoin", "known", "shut"])
def test_kubectl_where_no_way_leads_is_a_fault(tmp_path: Path, on: str) -> None:
    (found,) = faults(tmp_path, cluster(f"on: {on}"), HOSTS)
    assert "sources.kubernetes[0].on" in found


def test_a_second_cluster_needs_a_name(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, "sources: {kubernetes: [{on: local}, {on: here}]}\n", HOSTS)
    assert "expected a `name`" in found
