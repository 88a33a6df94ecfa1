"""The demo's storm, from its servers' answers to rows: 2,014 alerts on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from console.demo.metrics import CORE, EDGE
from console.fleet.fleet import Fleet
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.reading import AlertmanagerReading, PrometheusReading
from console.model.registry import Registry
from console.model.snapshot import SourceKind, Watched
from console.model.worklist import Lane, Worklist
from console.safety.text import Raw
from console.sources.alertmanager import decode as alertmanager
from console.sources.prometheus import decode as prometheus
from console.triage.triage import Triage
from tests.demo.demo_world import Demo

EVERY = timedelta(seconds=10)
WATCHDOG = (Matcher("alertname", Raw("Watchdog")),)


def looks(scenario: str, until_s: int) -> Iterator[Worklist]:
    """What a console shows that looks every ten seconds from the start on."""
    demo, policy = Demo(scenario), Policy(watchdogs=((CORE, WATCHDOG), (EDGE, WATCHDOG)))
    watched = (
        Watched("am", SourceKind.ALERTMANAGER, EVERY, members=("a",)),
        *(Watched(server, SourceKind.PROMETHEUS, EVERY) for server in (CORE, EDGE)),
    )
    fleet = Fleet(Registry(), watched, policy, "demo")
    triage = Triage(policy)
    for second in range(0, until_s + 1, 10):
        now = demo.at(second).clock.now()
        fleet.take(
            AlertmanagerReading(
                "am", "a", now, timedelta(0),
                alertmanager.alerts_in(demo.alertmanager("/alerts").body, "am", "a"),
                alertmanager.silences_in(demo.alertmanager("/silences").body, "am"),
                alertmanager.status_in(demo.alertmanager("/status").body),
            )
        )  # fmt: skip
        for server in (CORE, EDGE):

            def part(path: str, server: str = server) -> bytes:
                return prometheus.answered(demo.prometheus(server, path).body).content

            fleet.take(
                PrometheusReading(
                    server, now, timedelta(0),
                    prometheus.alerts_in(part("/alerts")),
                    prometheus.rules_in(part("/rules")),
                    prometheus.targets_in(part("/targets")),
                )
            )  # fmt: skip
        yield triage.worklist(fleet.snapshot(now))


@pytest.fixture(scope="module")
def storm() -> list[Worklist]:
    return list(looks("alert-storm", 130))


def firing(worklist: Worklist) -> int:
    return sum(each.total for each in worklist.counts.by_priority)


def test_the_storm_fits_one_screen_from_its_first_second_on(storm: list[Worklist]) -> None:
    assert max(len(worklist.rows) for worklist in storm) <= 12


def test_two_thousand_alerts_are_six_rows_and_three_of_them_are_apart(
    storm: list[Worklist],
) -> None:
    last = storm[-1]
    assert firing(last) == 2014
    titles = [(row.lane, row.title.exact, row.count) for row in last.rows if row.count]
    assert titles == [
        (Lane.APART, "PaymentErrors", 1),
        (Lane.APART, "SSLCertExpiringSoon", 1),
        (Lane.APART, "PaymentCallbackDelayed", 1),
        (Lane.STORM, 'rack="r12"', 1903),
        (Lane.STORM, "IngestPartitionLag", 96),
        (Lane.STORM, "ReplicaLagging", 12),
    ]
    assert last.storm is not None
    assert (last.storm.alerts, last.storm.falling) == (2011, True)
    by_key = {each.key: each for row in last.rows for each in row.alerts}
    assert by_key[last.storm.first[0]].alert.name.exact == "SwitchUnreachable"


def test_the_rack_is_the_suspect_as_soon_as_there_is_a_storm(storm: list[Worklist]) -> None:
    blamed = [worklist.storm.suspects[0] for worklist in storm if worklist.storm is not None]
    assert blamed
    assert {(suspect.name, suspect.value.exact) for suspect in blamed} == {("rack", "r12")}


def test_no_p0_is_lost_from_the_rows_at_any_moment(storm: list[Worklist]) -> None:
    for worklist in storm:
        shown = sum(row.by_priority[0] for row in worklist.rows if row.clocks is not None)
        assert shown == worklist.counts.by_priority[0].total
