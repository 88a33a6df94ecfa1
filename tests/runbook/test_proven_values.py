"""The demo's alerts open the right runbooks, and what those need is filled in by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from config.load import load
from config.runbooks import Runbooks
from console.demo.inventory import HOSTS
from console.demo.metrics import CORE, EDGE
from console.demo.scenarios import scenario_names
from console.demo.settings import write_settings
from console.demo.shelf import pages
from console.demo.world import World
from console.fleet.assign import Index
from console.fleet.hosts import HostMemory
from console.model.alert import Alert, AlertState
from console.model.labels import Labels
from console.model.run import Filled
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.runbook.filling import Subject, filled
from console.runbook.library import Book, library_of, open_book
from console.runbook.lint import lint
from console.runbook.matching import candidates
from console.safety.clock import ManualClock
from tests.demo.demo_world import START, Demo
from tests.demo.test_settings_folder import ENDPOINTS

MOMENTS_S: Final = (30, 330)

FOUND_ON_THE_WAY: Final = {
    ("disk-full", "CONTAINER"), ("disk-full", "LOG_FILE"), ("slow-query", "QUERY_PID"),
    ("payment-errors", "TICKET"),
}  # fmt: skip
"""What a step before shows, or nobody but a person has."""
OF_ANOTHER_PLACE: Final = {
    ("queue-backlog", "BROKER_HOST"), ("host-down", "BMC_HOST"), ("page-errors", "KUBE_HOST"),
    ("alert-storm", "CORE_HOST"), ("alert-storm", "ALERTMANAGER_URL"),
}  # fmt: skip
"""Not of what the alert is about, but of something beside it."""
NOT_THERE: Final = {
    "SearchSlow": {"NAMESPACE"},
    "SmsDeliverySlow": {"TARGET_HOST", "NAMESPACE", "DEPLOYMENT"},
    "HighCpuLoad": {"NAMESPACE", "DEPLOYMENT", "HEALTH_URL"},
    "HighMemoryUsage": {"CONTAINER"},
    "LogVolumeHigh": {"MOUNTPOINT"},
    # What accepts TCP connections only has no health to be asked for.
    "ServiceDown": {"HEALTH_URL"},
    # An endpoint that is posted to: the registry has its address, not who answers there.
    "EndpointErrors": {"KUBE_HOST", "NAMESPACE", "DEPLOYMENT", "HEALTH_URL"},
    "EndpointDown": {"KUBE_HOST", "NAMESPACE", "DEPLOYMENT"},
}
"""By alert: what it is about has no such thing."""


class Case(msgspec.Struct, frozen=True):
    """An alert of the demo, and the runbook that it opens, filled in."""

    alert: str
    cell: str | None
    book: str
    books: tuple[str, ...]
    """Every candidate, the likeliest first."""
    params: tuple[Filled, ...]

    @property
    def unfilled(self) -> set[str]:
        return {one.name for one in self.params if not one.is_ready}


def known_alerts(scenario: str, index: Index) -> Iterator[KnownAlert]:
    """Each alert that fires within some minutes, once for each thing that it is about."""
    demo, seen = Demo(scenario), set()
    for at_s in MOMENTS_S:
        demo.at(at_s)
        for server in (CORE, EDGE):
            for one in demo.facts(server, "/alerts")["alerts"]:
                labels = Labels(one["labels"])
                cell = index.cell_of(labels)
                key = (labels.exact("alertname"), cell)
                if one["state"] == "firing" and key not in seen:
                    seen.add(key)
                    notes = Labels(one["annotations"])
                    alert = Alert("0" * 16, labels, notes, START, AlertState.ACTIVE, "am")
                    now = demo.clock.now()
                    yield KnownAlert(alert, State.FIRING, Standing.FIRING, now, cell)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, ...]:
    folder = tmp_path_factory.mktemp("shelf")
    for name, content in pages(START).items():
        (folder / name).write_bytes(content)
    return library_of([folder]).books


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, books: tuple[Book, ...]) -> list[Case]:
    folder: Path = tmp_path_factory.mktemp("settings")
    ssh = tuple((host.name, 30000 + number) for number, host in enumerate(HOSTS))
    endpoints = msgspec.structs.replace(ENDPOINTS, ssh=ssh, ca=folder / "ca.pem")
    write_settings(folder, World("calm", ManualClock(START)), endpoints)
    registry = load(folder).registry
    index = Index(registry, hosts=[host.name for host in registry.hosts])
    of_hosts = (HostMemory(host).service for host in registry.hosts)
    services = {one.name: one for one in (*registry.services, *of_hosts)}
    read = {book.name.exact: open_book(book).runbook for book in books}
    found = []
    for scenario, _ in scenario_names():
        for known in known_alerts(scenario, index):
            offered = candidates(known, known.cell, books)
            name = offered[0].name.exact
            assert offered[0].on_shelf, known.alert.name
            subject = Subject(known, services.get(known.cell or ""))
            params = filled(read[name], subject, registry, {}, frozenset())
            names = tuple(one.name.exact for one in offered)
            found.append(Case(known.alert.name.exact, known.cell, name, names, params))
    return found


def test_every_alert_names_a_runbook_that_is_on_the_shelf(cases: list[Case]) -> None:
    opened = {(case.alert, case.cell): case.book for case in cases}
    assert len({case.alert for case in cases}) >= 30
    assert opened["ServiceDown", "redis"] == "cache-down"
    assert opened["ServiceDown", "postgres"] == "service-down"
    assert opened["VersionDrift", "api"] == "bad-deployment"
    assert opened["RunnerOffline", "ci-runner"] == "runner-offline"
    assert opened["PaymentErrors", "pay"] == "payment-errors"
    assert opened["ImageTooOld", "loki"] == "ImageTooOld"


def test_the_other_runbooks_that_may_help_stand_behind_it(cases: list[Case]) -> None:
    offered = {(case.alert, case.cell): case.books for case in cases}
    assert offered["PageDown", "checkout-page"] == ("page-errors", "edge-rule-rollback")
    assert offered["HighErrorRate", "api"][:2] == ("high-error-rate", "bad-deployment")
    assert offered["ServiceDown", "redis"][:2] == ("cache-down", "service-down")


def test_what_the_runbook_of_an_alert_needs_is_filled_in_from_the_registry(
    cases: list[Case],
) -> None:
    registered = [case for case in cases if case.cell is not None]
    assert len(registered) > 60
    for case in registered:
        by_hand = {name for book, name in FOUND_ON_THE_WAY | OF_ANOTHER_PLACE if book == case.book}
        missing = case.unfilled - by_hand
        assert missing <= NOT_THERE.get(case.alert, set()), (case.alert, case.cell)


def test_where_everything_is_registered_nothing_is_asked_for(cases: list[Case]) -> None:
    whole = {case.book for case in cases if case.params and not case.unfilled}
    assert whole >= {
        "cache-down", "service-down", "bad-deployment", "high-error-rate", "pod-crash-loop",
        "slow-response", "certificate-expiring", "worker-stuck", "runner-offline",
        "backup-failed", "memory-high", "database-connections",
    }  # fmt: skip
    redis = next(case for case in cases if (case.alert, case.cell) == ("ServiceDown", "redis"))
    values = {one.name: one.value.exact for one in redis.params if one.value is not None}
    assert values == {"TARGET_HOST": "data-1", "CONTAINER": "redis"}


def test_the_teams_own_pages_show_what_lint_is_for(books: tuple[Book, ...]) -> None:
    own = {book.name.exact: book for book in books if book.path is not None}
    assert set(own) == {"ImageTooOld", "payment-errors"}
    plain = open_book(own["ImageTooOld"])
    assert not plain.runbook.is_ours
    assert plain.faults == ()
    assert len(plain.runbook.steps) >= 4
    read = open_book(own["payment-errors"])
    rules = {
        one.rule for one in lint(read, "payment-errors.md", START.date(), Runbooks().stale_after)
    }
    assert rules == {"stale", "params", "headings"}
    assert all(not step.refusal for step in read.runbook.steps)
