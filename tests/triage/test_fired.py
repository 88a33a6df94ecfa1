"""How often an alert came: joined to it by its labels, and shown on its row."""

from __future__ import annotations

import msgspec
import pytest

from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import FiredCount, KnownAlert, Snapshot
from console.triage.fired import FiredIndex
from console.triage.triage import Triage
from tests.build import alert, at, known, snapshot


def counted(count: int, source: str = "prom", **labels: str) -> FiredCount:
    return FiredCount(Labels(labels), count, source)


def owned(of: KnownAlert, owner: str | None) -> KnownAlert:
    return msgspec.structs.replace(of, owner=owner)


DOWN = known(alert("Down", instance="a:1", cluster_="x", environment="prod"))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"alertname": "Down", "instance": "a:1"}, 5),
        ({"alertname": "Down", "instance": "a:1", "alertstate": "firing", "__name__": "A"}, 5),
        ({"alertname": "Down"}, 5),
        ({"alertname": "Down", "instance": "b:1"}, 0),
        ({"alertname": "Up", "instance": "a:1"}, 0),
        ({"alertname": "Down", "instance": "a:1", "pod": "x"}, 0),
    ],
)
def test_a_series_is_found_though_it_lacks_the_external_labels(
    labels: dict[str, str], expected: int
) -> None:
    assert FiredIndex([FiredCount(Labels(labels), 5, "prom")]).of(DOWN) == expected


def test_what_another_prometheus_counts_is_not_told_of_an_alert_that_has_an_owner() -> None:
    same = {"alertname": "Down", "instance": "a:1"}
    index = FiredIndex([counted(5, "core", **same), counted(9, "edge", **same)])
    assert index.of(owned(DOWN, "core")) == 5
    assert index.of(owned(DOWN, "edge")) == 9
    assert index.of(owned(DOWN, None)) == 9
    assert index.of(owned(DOWN, "third")) == 0


def test_what_this_console_saw_counts_where_no_prometheus_tells() -> None:
    index = FiredIndex((), [(DOWN.key, 3)])
    assert index.of(DOWN) == 3
    assert index.of(known(alert("Other"))) == 0


def test_nobody_counted_is_no_index_at_all() -> None:
    assert not FiredIndex()


def with_counts(shown: Snapshot, *counts: FiredCount) -> Snapshot:
    return msgspec.structs.replace(shown, fired=counts)


def test_a_row_has_the_count_of_its_most_restless_alert_and_flaps_from_four_on() -> None:
    alerts = [known(alert("Down", instance=f"{n}:1"), cell="redis") for n in range(3)]
    counts = (
        counted(3, alertname="Down", instance="0:1"),
        counted(4, alertname="Down", instance="1:1"),
    )
    (row,) = Triage(Policy()).worklist(with_counts(snapshot(*alerts), *counts)).rows
    assert (row.count, row.fired, row.flaps) == (3, 4, True)
    (row,) = Triage(Policy()).worklist(with_counts(snapshot(*alerts), counts[0])).rows
    assert (row.fired, row.flaps) == (3, False)


def test_where_flapping_begins_is_the_teams_to_say() -> None:
    counts = counted(4, alertname="Down")
    (row,) = Triage(Policy(flaps_from=5)).worklist(with_counts(snapshot(DOWN), counts)).rows
    assert not row.flaps


def test_a_new_count_makes_the_rows_anew_that_it_is_about_and_no_other() -> None:
    other = known(alert("Other", instance="b:1"))
    triage = Triage(Policy())
    before = {row.title.exact: row for row in triage.worklist(snapshot(DOWN, other)).rows}
    shown = with_counts(snapshot(DOWN, other, now=at(15)), counted(7, alertname="Down"))
    after = {row.title.exact: row for row in triage.worklist(shown).rows}
    assert after["Down"].fired == 7
    assert after["Other"] is before["Other"]


def test_a_count_that_is_no_longer_told_is_no_longer_shown() -> None:
    triage = Triage(Policy())
    triage.worklist(with_counts(snapshot(DOWN), counted(7, alertname="Down")))
    (row,) = triage.worklist(snapshot(DOWN, now=at(15))).rows
    assert (row.fired, row.flaps) == (0, False)
