"""What becomes a row, what it is called, and where it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.model.policy import Policy
from console.model.registry import ServiceType
from console.model.snapshot import KnownAlert, Standing
from console.model.state import Priority, State
from console.model.worklist import Row, RowKind, Worklist
from console.triage.triage import Triage
from tests.build import ack, ago, alert, at, cell, known, service, snapshot

DATA = [
    cell(service("redis", "data-1")),
    cell(service("kafka", "data-1")),
    cell(service("api", "shop", type=ServiceType.K8S_DEPLOYMENT)),
    cell(service("nginx-1", "web-1")),
    cell(service("nginx-2", "web-2")),
]


def rows(*alerts: KnownAlert, policy: Policy | None = None) -> tuple[Row, ...]:
    return Triage(policy or Policy()).worklist(snapshot(*alerts, cells=DATA)).rows


def said(row: Row) -> tuple[str, str, str]:
    return row.title.exact, row.where.exact, row.summary.exact


def test_one_alert_is_a_row_with_its_name_its_service_and_its_summary() -> None:
    (row,) = rows(known(alert("ServiceDown", summary="no PING reply\nsee logs"), cell="redis"))
    assert row.kind is RowKind.ALERT
    assert said(row) == ("ServiceDown", "redis@data-1", "no PING reply")
    assert row.cell == "redis"


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"summary": "s", "description": "d", "message": "m"}, "s"),
        ({"summary": " \n", "description": "d", "message": "m"}, "d"),
        ({"message": "\n\nm  \nmore"}, "m"),
        ({"runbook_url": "http://x"}, ""),
    ],
)
def test_the_summary_is_the_first_line_that_says_something(
    annotations: dict[str, str], expected: str
) -> None:
    (row,) = rows(known(alert(annotations=annotations)))
    assert row.summary.exact == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"instance": "db-3:9100", "namespace": "x"}, "db-3:9100"),
        ({"namespace": "shop", "deployment": "api", "pod": "api-1"}, "shop/api"),
        ({"namespace": "shop", "pod": "api-1"}, "shop/api-1"),
        ({"namespace": "shop"}, "shop"),
        ({"host": "db-3"}, "db-3"),
        ({"team": "data"}, "unassigned"),
    ],
)
def test_an_alert_about_no_service_says_where_it_is(labels: dict[str, str], expected: str) -> None:
    (row,) = rows(known(alert(labels=labels)))
    assert row.where.exact == expected


def test_an_alert_about_a_service_that_left_the_registry_still_names_it() -> None:
    (row,) = rows(known(alert(), cell="gone"))
    assert row.where.exact == "gone"


def test_alerts_of_one_name_about_one_service_are_one_row_that_says_what_differs() -> None:
    (row,) = rows(
        *(known(alert("DiskFull", mountpoint=f"/{m}", host="data-1", severity="warning"),
                cell="redis")
          for m in "abcde")
    )  # fmt: skip
    assert row.kind is RowKind.GROUP
    assert said(row) == ("DiskFull", "redis@data-1", "mountpoint /a, /b, /c +2")
    assert row.count == 5
    assert ("host", 5) in [(name, count) for name, _, count in row.shared]


def test_without_a_service_alerts_group_by_instance() -> None:
    one, two = rows(
        known(alert("DiskFull", instance="a:9100", device="sda")),
        known(alert("DiskFull", instance="a:9100", device="sdb")),
        known(alert("DiskFull", instance="b:9100", device="sda")),
    )
    assert {(row.where.exact, row.count) for row in (one, two)} == {("a:9100", 2), ("b:9100", 1)}


def test_an_instance_that_is_named_like_a_service_is_not_that_service() -> None:
    assert len(rows(known(alert(x="1"), cell="redis"), known(alert(instance="redis")))) == 2


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("nginx-1", "nginx-2"), "2 hosts"),
        (("redis", "kafka"), "2 services@data-1"),
        (("redis", "api"), "2 places"),
        (("redis", "redis"), "redis@data-1"),
    ],
)
def test_a_group_over_several_places_counts_them(cells: tuple[str, ...], expected: str) -> None:
    (row,) = rows(
        *(known(alert("Slow", number=str(number)), cell=name) for number, name in enumerate(cells)),
        policy=Policy(group_by=("alertname",)),
    )
    assert row.where.exact == expected


def test_instances_of_several_hosts_are_counted_as_hosts() -> None:
    (row,) = rows(
        *(known(alert("Slow", instance=f"h{number // 2}:{number}")) for number in range(6)),
        policy=Policy(group_by=("alertname",)),
    )
    assert row.where.exact == "3 hosts"


def test_a_group_over_another_label_is_called_by_it_and_lists_its_alerts() -> None:
    (row,) = rows(
        known(alert("A", namespace="pay", x="1")),
        known(alert("A", namespace="pay", x="2")),
        known(alert("B", namespace="pay")),
        policy=Policy(group_by=("namespace",)),
    )
    assert row.title.exact == 'namespace="pay"'
    assert row.summary.exact == "2 A, 1 B"


def test_a_row_keeps_its_key_when_alerts_join_and_leave() -> None:
    triage = Triage(Policy())
    a, b = (known(alert("DiskFull", instance="a:1", device=d)) for d in ("sda", "sdb"))
    keys = [
        triage.worklist(snapshot(*alerts)).rows[0].key for alerts in ((a,), (a, b), (b,), (b, a))
    ]
    assert len(set(keys)) == 1
    assert Triage(Policy()).worklist(snapshot(b)).rows[0].key == keys[0]


def test_a_silenced_p0_does_not_lend_its_priority_to_what_fires_beside_it() -> None:
    (row,) = rows(
        known(alert("Slow", instance="a:1", q="1", severity="critical"),
              standing=Standing.SILENCED),
        known(alert("Slow", instance="a:1", q="2", severity="info")),
    )  # fmt: skip
    assert (row.priority, row.standing) == (Priority.P3, Standing.FIRING)
    assert row.by_priority == (0, 0, 0, 1)
    assert row.count == 2


def test_the_worst_state_in_a_group_is_the_rows() -> None:
    (row,) = rows(
        known(alert("Slow", instance="a:1", q="1"), state=State.STALE),
        known(alert("Slow", instance="a:1", q="2"), state=State.LOST),
    )
    assert row.state is State.LOST


def test_a_row_is_new_for_a_minute() -> None:
    triage = Triage(Policy())
    triage.worklist(snapshot())
    one = known(alert(starts_at=at(10).wall), as_of=at(10))
    assert triage.worklist(snapshot(one, now=at(10))).rows[0].is_new
    assert not triage.worklist(snapshot(one, now=at(75))).rows[0].is_new


def keys_in_order(*alerts: KnownAlert) -> list[str]:
    return [row.alerts[0].alert.labels.exact("n") for row in rows(*alerts)]


def item(n: str, severity: str = "warning", start_s: float = 60, **rest: object) -> KnownAlert:
    return known(alert("A", n=n, instance=n, severity=severity, starts_at=ago(start_s)), **rest)  # type: ignore[arg-type]


def test_rows_stand_in_the_order_of_work() -> None:
    taken = ack(since=ago(30))
    expected = [
        item("p0-breached", "critical", 900),
        item("p0", "critical", 60),
        item("p0-acked-due-first", "critical", 1700, acked=taken),
        item("p0-acked", "critical", 60, acked=taken),
        item("p1", "high", 60),
        item("p2-older", "warning", 600),
        item("p2", "warning", 60),
        item("p0-pending", "critical", 60, standing=Standing.PENDING),
        item("p0-silenced", "critical", 600, standing=Standing.SILENCED),
        item("p1-muted", "high", 60, standing=Standing.MUTED),
        item("p3-inhibited", "info", 60, standing=Standing.INHIBITED),
        item("p3-old", "info", 9 * 86400),
    ]
    wanted = [each.alert.labels.exact("n") for each in expected]
    assert keys_in_order(*reversed(expected)) == wanted
    assert keys_in_order(*expected) == wanted


def test_of_one_priority_the_next_deadline_comes_first_not_the_older_alert() -> None:
    triage = Triage(Policy())
    older, newer = item("older", "critical", 600), item("newer", "critical", 60)
    triage.worklist(snapshot(item("older", "critical", 600, acked=ack(since=ago(500))), newer))
    rows = triage.worklist(snapshot(older, newer, now=at(15))).rows
    assert [row.alerts[0].alert.labels.exact("n") for row in rows] == ["newer", "older"]


def worklist_of(*alerts: KnownAlert) -> Worklist:
    return Triage(Policy()).worklist(snapshot(*alerts))


def test_what_is_older_than_a_week_is_one_row_and_still_counted() -> None:
    old = [item(f"o{n}", "info", (8 + n) * 86400) for n in range(38)]
    worklist = worklist_of(*old, item("now", "info"))
    now, folded = worklist.rows
    assert now.alerts[0].alert.labels.exact("n") == "now"
    assert folded.kind is RowKind.OLD
    assert said(folded) == ("38 firing > 7 d", "", "folded, oldest 45 d")
    assert folded.clocks is None
    assert folded.by_priority == (0, 0, 0, 38)
    assert len(worklist.old) == 38
    p3 = worklist.counts.by_priority[3]
    assert (p3.total, p3.old) == (39, 38)


def test_a_p0_that_nobody_took_is_not_folded_however_old_it_is() -> None:
    worklist = worklist_of(
        item("untaken", "critical", 9 * 86400),
        item("taken", "critical", 9 * 86400, acked=ack(since=ago(60))),
    )
    assert [row.kind for row in worklist.rows] == [RowKind.ALERT, RowKind.OLD]
    assert worklist.rows[0].alerts[0].alert.labels.exact("n") == "untaken"
    assert worklist.counts.by_priority[0].total == 2


def test_a_new_alert_is_not_folded_with_the_old_ones_of_its_group() -> None:
    worklist = worklist_of(
        known(alert("DiskFull", instance="a:1", device="sda", starts_at=ago(9 * 86400))),
        known(alert("DiskFull", instance="a:1", device="sdb", starts_at=ago(60))),
    )
    new, folded = worklist.rows
    assert [each.alert.labels.exact("device") for each in new.alerts] == ["sdb"]
    assert [each.alert.labels.exact("device") for each in folded.alerts] == ["sda"]
    assert new.key not in {row.key for row in worklist.old}


def test_what_is_old_and_silenced_stands_with_the_silenced() -> None:
    worklist = worklist_of(item("x", "info", 9 * 86400, standing=Standing.SILENCED))
    assert worklist.old == ()
    assert worklist.counts.silenced == 1


def test_the_counts_say_how_many_alerts_there_are_of_each_kind() -> None:
    counts = worklist_of(
        item("a", "critical", 30),
        item("b", "critical", 300, acked=ack()),
        item("c", "high", 300, state=State.LOST),
        item("d", "high", 300, state=State.STALE),
        item("e", "critical", 300, standing=Standing.SILENCED),
        item("f", "critical", 300, standing=Standing.INHIBITED),
        item("g", "critical", 300, standing=Standing.MUTED),
        item("h", "critical", 300, standing=Standing.PENDING),
    ).counts
    p0, p1, p2, p3 = counts.by_priority
    assert (p0.total, p0.new, p0.acked) == (2, 1, 1)
    assert (p1.total, p2.total, p3.total) == (2, 0, 0)
    assert (counts.silenced, counts.inhibited, counts.muted, counts.pending) == (1, 1, 1, 1)
    assert (counts.lost, counts.stale, counts.total) == (1, 1, 8)


def test_another_policy_after_a_reload_judges_what_is_known_already() -> None:
    triage = Triage(Policy())
    one = known(alert("Slow", severity="warning", starts_at=ago(60)))
    assert triage.worklist(snapshot(one)).rows[0].priority is Priority.P2
    triage.reload(Policy(by_alert=(("Slow", Priority.P0),)))
    row = triage.worklist(snapshot(one, now=at(5))).rows[0]
    assert row.priority is Priority.P0
    assert row.clocks is not None
    assert row.clocks.due == ago(60) + timedelta(minutes=5)


def test_many_pending_alerts_of_one_name_are_one_row_of_warning() -> None:
    many = [item(f"m{n}", standing=Standing.PENDING) for n in range(5)]
    (row,) = rows(*many)
    assert (row.title.exact, row.count, row.standing) == ("A", 5, Standing.PENDING)
    assert len(rows(*many[:4])) == 4


def test_a_pending_alert_beside_a_firing_one_of_its_group_stays_there() -> None:
    many = [item(f"m{n}", standing=Standing.PENDING) for n in range(5)]
    fires = known(alert("A", instance="m0", n="x", severity="warning", starts_at=ago(60)))
    assert [(row.standing, row.count) for row in rows(*many, fires)] == [
        (Standing.FIRING, 2), *[(Standing.PENDING, 1)] * 4,
    ]  # fmt: skip
