from __future__ import annotations

from pathlib import Path

import pytest

from config.load import Loaded, load
from console.demo.inventory import API_ENDPOINTS, PAGES, SERVICES
from console.demo.metrics import CORE, EDGE
from console.demo.scenarios import scenario_names
from console.demo.settings import Endpoints, write_settings
from console.demo.world import World
from console.safety.clock import ManualClock

from .demo_world import START, Demo

PORTS = tuple((service.name, 20000 + number) for number, service in enumerate(SERVICES))
ENDPOINTS = Endpoints(
    (("prom-core", "http://127.0.0.1:9090"), ("prom-edge", "http://127.0.0.1:9091")),
    ("http://127.0.0.1:9093", "http://127.0.0.1:9094"),
    PORTS,
)


def settings_of(scenario: str, folder: Path) -> Loaded:
    write_settings(folder, World(scenario, ManualClock(START)), ENDPOINTS)
    return load(folder)


@pytest.mark.parametrize("scenario", [name for name, _ in scenario_names()])
def test_the_console_takes_the_folder_without_a_fault(scenario: str, tmp_path: Path) -> None:
    found = settings_of(scenario, tmp_path / "settings")
    assert len(found.registry.hosts) == 5
    assert len(found.registry.services) == len(SERVICES) + len(PAGES) + len(API_ENDPOINTS)
    assert len(SERVICES) >= 60
    assert [one.name for one in found.settings.sources.prometheus] == ["prom-core", "prom-edge"]


@pytest.mark.parametrize("scenario", [name for name, _ in scenario_names()])
def test_every_alert_about_a_service_is_listed_with_it(scenario: str, tmp_path: Path) -> None:
    listed = {
        s.name: set(s.alerts) for s in settings_of(scenario, tmp_path / "s").registry.services
    }
    demo = Demo(scenario).at(200)
    about = 0
    for server in (CORE, EDGE):
        for one in demo.facts(server, "/alerts")["alerts"]:
            labels = one["labels"]
            cell = labels.get("service") or labels.get("page") or labels.get("endpoint")
            if cell is not None:
                about += 1
                assert labels["alertname"] in listed[cell]
    assert about


def test_most_services_have_alerts_and_an_owner(tmp_path: Path) -> None:
    services = settings_of("calm", tmp_path / "s").registry.services
    assert all(service.owner for service in services)
    assert sum(bool(service.alerts) for service in services) >= 60
