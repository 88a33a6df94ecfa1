"""By what alerts become one row, and that nothing but the rows changes with it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.policy import Policy
from console.model.registry import Service, ServiceType
from console.model.snapshot import KnownAlert, Snapshot
from console.model.worklist import Worklist
from console.triage.grouping import ALERT, CELL, HOST, OWNER, grouping_text, ways_to_group
from console.triage.triage import Triage
from tests.build import ago, alert, at, cell, known, service, snapshot
from tests.triage.test_promises import worlds


def owned(name: str, place: str, owner: str) -> Service:
    return msgspec.structs.replace(service(name, place), owner=owner)


SERVICES = (
    owned("redis", "data-1", "data"),
    owned("kafka", "data-1", "data"),
    owned("nginx", "web-1", "web"),
    service("api", "shop", type=ServiceType.K8S_DEPLOYMENT),
)
CELLS = [cell(one) for one in SERVICES]
BY_NAME: Mapping[str, Service] = {one.name: one for one in SERVICES}


def world(*alerts: KnownAlert, seconds: float = 0.0) -> Snapshot:
    return snapshot(*alerts, cells=CELLS, now=at(seconds))


def grouped(worklist: Worklist) -> dict[str, int]:
    return {row.title.exact: row.count for row in worklist.rows}


ALERTS = (
    known(alert("RedisDown", severity="critical"), cell="redis"),
    known(alert("KafkaLag", severity="warning"), cell="kafka"),
    known(alert("NginxSlow", severity="warning"), cell="nginx"),
    known(alert("DiskFull", instance="data-1:9100", severity="warning")),
    known(alert("PodDown", namespace="shop", pod="api-1", team="shop"), cell="api"),
)


def test_a_host_gathers_its_services_and_what_names_it_by_instance() -> None:
    worklist = Triage(Policy(group_by=(HOST,))).worklist(world(*ALERTS))
    assert grouped(worklist) == {'host="data-1"': 3, "NginxSlow": 1, "PodDown": 1}
    assert worklist.group_by == (HOST,)


def test_an_owner_gathers_what_belongs_to_the_team_by_service_or_by_label() -> None:
    worklist = Triage(Policy(group_by=(OWNER,))).worklist(world(*ALERTS))
    by_team = {frozenset(k.alert.name.exact for k in row.alerts) for row in worklist.rows}
    assert by_team == {
        frozenset({"RedisDown", "KafkaLag"}),
        frozenset({"NginxSlow"}),
        frozenset({"PodDown"}),
        frozenset({"DiskFull"}),
    }


def test_without_grouping_every_alert_is_a_row() -> None:
    many = [known(alert("Down", instance=f"h{n}:1", n=str(n)), cell="redis") for n in range(7)]
    worklist = Triage(Policy(group_by=(ALERT,))).worklist(world(*many))
    assert [row.count for row in worklist.rows] == [1] * 7


def test_a_service_that_moves_takes_its_alerts_to_the_row_of_its_new_host() -> None:
    triage = Triage(Policy(group_by=(HOST,)))
    triage.worklist(world(*ALERTS))
    moved = [cell(owned("redis", "web-1", "data")), *CELLS[1:]]
    worklist = triage.worklist(snapshot(*ALERTS, cells=moved, now=at(15)))
    assert grouped(worklist) == {'host="data-1"': 2, 'host="web-1"': 2, "PodDown": 1}


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from([(HOST,), (OWNER,), (ALERT,), (CELL,), ("rack",), ("nothing",)]))
def test_regrouping_re_arms_no_clock_and_loses_no_alert(
    alerts: list[KnownAlert], group_by: tuple[str, ...]
) -> None:
    triage, beside = Triage(Policy()), Triage(Policy())
    first = snapshot(*alerts, cells=CELLS)
    triage.worklist(first)
    beside.worklist(first)
    triage.regroup(group_by)
    later = snapshot(*alerts, cells=CELLS, now=at(15))
    regrouped, usual = triage.worklist(later), beside.worklist(later)
    assert regrouped.episodes == usual.episodes
    assert regrouped.counts == usual.counts
    shown = sorted(one.key for row in regrouped.rows for one in row.alerts)
    assert shown == sorted(one.key for one in alerts)
    triage.regroup(Policy().group_by)
    assert triage.worklist(later).rows == usual.rows


def test_a_row_that_is_grouped_otherwise_keeps_its_earliest_start() -> None:
    old = known(alert("KafkaLag", starts_at=ago(3000), severity="warning"), cell="kafka")
    triage = Triage(Policy())
    triage.worklist(world(ALERTS[0], old))
    triage.regroup((HOST,))
    (row,) = triage.worklist(world(ALERTS[0], old, seconds=15)).rows
    assert row.since == ago(3000)


def test_the_ways_begin_with_the_settings_and_offer_what_divides_the_alerts() -> None:
    alerts = [
        known(alert("Down", instance=f"h{n}:1", rack=f"r{n % 2}", dc="east"), cell=None)
        for n in range(8)
    ]
    ways = ways_to_group(alerts, BY_NAME, Policy())
    assert ways == (("alertname", CELL), (CELL,), (HOST,), ("rack",))


def test_owners_are_offered_where_there_are_some() -> None:
    assert (OWNER,) in ways_to_group(ALERTS, BY_NAME, Policy())
    assert (OWNER,) not in ways_to_group((known(alert("X")),), {}, Policy())


@pytest.mark.parametrize(
    ("group_by", "text"),
    [((ALERT,), "none"), ((), "all"), (("alertname", CELL), "alertname, @cell")],
)
def test_a_grouping_is_said_in_words(group_by: tuple[str, ...], text: str) -> None:
    assert grouping_text(group_by) == text
