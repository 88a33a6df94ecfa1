"""What the shipped runbooks need, for the demo's alerts: filled in from the registry, by itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import pytest

from config.load import Loaded, load
from console.demo.inventory import HOSTS
from console.demo.metrics import CORE, EDGE
from console.demo.scenarios import scenario_names
from console.demo.settings import write_settings
from console.demo.world import World
from console.fleet.assign import Index
from console.fleet.hosts import HostMemory
from console.model.alert import Alert, AlertState
from console.model.labels import Labels
from console.model.registry import Service, ServiceType, host_cell
from console.model.run import Filled
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.runbook.filling import Subject, filled
from console.runbook.library import open_book, shipped
from console.runbook.matching import candidates
from console.runbook.parse import Read
from console.safety.clock import ManualClock
from tests.demo.demo_world import START, Demo
from tests.demo.test_settings_folder import ENDPOINTS

MOMENTS_S: Final = (30, 330)


class Case(msgspec.Struct, frozen=True):
    """One alert of a scenario, and its runbook filled in."""

    scenario: str
    alert: str
    book: str
    params: tuple[Filled, ...]


def cases() -> Iterator[Case]:
    raise NotImplementedError


@cache
def opened(name: str) -> Read:
    return open_book(next(book for book in shipped() if book.name.exact == name))


def settings_in(folder: Path) -> Loaded:
    ssh = tuple((host.name, 30000 + number) for number, host in enumerate(HOSTS))
    endpoints = msgspec.structs.replace(ENDPOINTS, ssh=ssh, ca=folder / "ca.pem")
    world = World("calm", ManualClock(START))
    write_settings(folder, world, endpoints)
    return load(folder)


def known_alerts(scenario: str, index: Index) -> Iterator[KnownAlert]:
    demo = Demo(scenario)
    seen = set()
    for at_s in MOMENTS_S:
        demo.at(at_s)
        for server in (CORE, EDGE):
            for one in demo.facts(server, "/alerts")["alerts"]:
                labels = one["labels"]
                cell = index.cell_of(Labels(labels))
                key = (labels["alertname"], cell)
                if one["state"] != "firing" or key in seen:
                    continue
                seen.add(key)
                alert = Alert("0" * 16, Labels(labels), Labels(one["annotations"]), START,
                              AlertState.ACTIVE, "am")  # fmt: skip
                yield KnownAlert(alert, State.FIRING, Standing.FIRING, demo.clock.now(), cell)


def test_print(tmp_path: Path) -> None:
    loaded = settings_in(tmp_path)
    registry = loaded.registry
    index = Index(registry, (), hosts=[host.name for host in registry.hosts])
    services = {one.name: one for one in registry.services}
    services |= {c.name: c for c in (HostMemory(h).service for h in registry.hosts)}
    done = set()
    for scenario, _ in scenario_names():
        for known in known_alerts(scenario, index):
            service = services.get(known.cell or "")
            found = candidates(known, known.cell, shipped())
            first = found[0]
            if not first.on_shelf:
                print(scenario, known.alert.name.exact, known.cell, "NOT ON SHELF", first.name.exact)
                continue
            params = filled(opened(first.name.exact).runbook, Subject(known, service), registry, {}, frozenset())
            bad = [(p.name, p.fault) for p in params if p.fault or p.value is None]
            key = (known.alert.name.exact, tuple(bad)) if bad else None
            if bad and (known.alert.name.exact, str(bad)) not in done:
                done.add((known.alert.name.exact, str(bad)))
                print(scenario, known.alert.name.exact, known.cell, first.name.exact, [c.name.exact for c in found], bad)
