"""A storm fits one screen, hides no P0, and holds still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.model.alert import TargetHealth
from console.model.policy import Policy
from console.model.snapshot import Cell, KnownAlert, Standing
from console.model.state import Priority, State
from console.model.worklist import Lane, Row, RowKind, Worklist
from console.triage.triage import Triage
from tests.build import ack, alert, at, cell, known, probed, service, snapshot, target

SEVERITIES = ("critical", "high", "warning")


def one(n: int, seconds: float, name: str = "InstanceDown", **labels: str) -> KnownAlert:
    """An alert that begins `seconds` after the start."""
    whole = {"instance": f"h{n}:9100", "severity": "high", **labels}
    return known(alert(name, starts_at=at(seconds).wall, labels=whole), as_of=at(seconds))


def rack(count: int, start_s: float = 0, every_s: float = 0.01) -> list[KnownAlert]:
    """What follows when the switch of rack r12 dies."""
    names = ("InstanceDown", "PodNotReady", "EndpointDown")
    switch = one(0, start_s, "SwitchUnreachable", rack="r12", zone="b", severity="critical")
    return [switch] + [
        one(n, start_s + n * every_s, names[n % 3], rack="r12", zone="b", env="prod",
            severity=SEVERITIES[n % 3], job=("node", "pods", "tenant")[n % 3])
        for n in range(1, count)
    ]  # fmt: skip


HEALTHY: list[Cell] = [
    cell(
        service(f"node-{n}", f"n{n}"),
        targets=[
            target(TargetHealth.UP, instance=f"n{n}:9100", job="node", rack=f"r1{n % 2}",
                   zone="ab"[n % 2]),
        ],
    )
    for n in range(20)
]  # fmt: skip


def watching(policy: Policy | None = None) -> Triage:
    """A console that has been open for a while, over a quiet fleet."""
    triage = Triage(policy or Policy())
    triage.worklist(snapshot(cells=HEALTHY, now=at(-60)))
    return triage


def look(triage: Triage, alerts: list[KnownAlert], seconds: float) -> Worklist:
    return triage.worklist(snapshot(*alerts, cells=HEALTHY, now=at(seconds)))


def lanes(worklist: Worklist) -> dict[str, Lane]:
    return {row.title.exact: row.lane for row in worklist.rows}


def test_ten_new_alerts_in_a_minute_are_no_storm_and_eleven_are() -> None:
    assert look(watching(), rack(10), 5).storm is None
    assert look(watching(), rack(11), 5).storm is not None


def test_eleven_alerts_over_two_minutes_are_no_storm() -> None:
    triage = watching()
    alerts = rack(11, every_s=12)
    for seconds in range(0, 150, 15):
        seen = [each for each in alerts if each.as_of.mono <= at(seconds).mono]
        assert look(triage, seen, seconds).storm is None


def test_old_alerts_that_a_starting_console_finds_are_no_storm() -> None:
    alerts = [one(n, -600 - n) for n in range(50)]
    worklist = look(Triage(Policy()), alerts, 0)
    assert worklist.storm is None
    assert {row.lane for row in worklist.rows} == {Lane.MAIN}


def test_old_alerts_that_a_source_tells_after_an_outage_are_no_storm() -> None:
    assert look(watching(), [one(n, -3600) for n in range(50)], 0).storm is None


def test_a_console_that_is_opened_in_the_midst_of_a_storm_sees_all_of_it() -> None:
    alerts = [*rack(200, start_s=-180, every_s=0.9), one(900, -400, "Before")]
    storm = look(Triage(Policy()), alerts, 0).storm
    assert storm is not None
    assert storm.alerts == 200
    assert -181 <= (storm.since - at(0).wall).total_seconds() <= -179


def test_a_console_that_is_opened_minutes_after_the_burst_sees_the_storm() -> None:
    worklist = look(Triage(Policy()), [*rack(2000, start_s=-150), one(900, -400, "Before")], 0)
    storm = worklist.storm
    assert storm is not None
    assert (storm.alerts, storm.rows, storm.new_per_minute, storm.falling) == (2000, 1, 0, True)
    assert lanes(worklist) == {'rack="r12"': Lane.STORM, "Before": Lane.APART}


def test_such_a_storm_ends_when_it_would_have_for_a_console_that_was_open() -> None:
    alerts = rack(200, start_s=-150, every_s=0)
    late, open_all_along = Triage(Policy()), watching()
    for seconds in range(-150, 0):
        look(open_all_along, alerts, seconds)
    on = [
        (look(late, alerts, seconds).storm, look(open_all_along, alerts, seconds).storm)
        for seconds in range(200)
    ]
    assert {(one is None, other is None) for one, other in on} == {(True, True), (False, False)}


def test_a_console_that_is_opened_long_after_a_storm_shows_what_fires_of_it_together() -> None:
    worklist = look(Triage(Policy()), [*rack(2000, start_s=-1800), one(900, -400, "After")], 0)
    assert worklist.storm is None
    assert lanes(worklist) == {'rack="r12"': Lane.MAIN, "After": Lane.MAIN}
    assert worklist.rows[0].count + worklist.rows[1].count == 2001


def test_a_source_that_is_heard_late_is_no_reason_to_miss_the_storm() -> None:
    triage = Triage(Policy())
    triage.worklist(snapshot(cells=HEALTHY, now=at(0), complete=False))
    assert look(triage, rack(200, start_s=-150), 2).storm is not None


def test_silenced_alerts_make_no_storm() -> None:
    quiet = [
        known(each.alert, standing=Standing.SILENCED, as_of=each.as_of) for each in rack(200)
    ]  # fmt: skip
    assert look(watching(), quiet, 10).storm is None


def test_two_thousand_alerts_of_one_rack_are_one_row_that_counts_its_p0s() -> None:
    worklist = look(watching(), rack(2000), 25)
    (row,) = worklist.rows
    assert row.title.exact == 'rack="r12"'
    assert (row.lane, row.count, row.priority) == (Lane.STORM, 2000, Priority.P0)
    assert row.by_priority == (667, 667, 666, 0)
    assert row.by_priority[0] == worklist.counts.by_priority[0].total
    assert row.shared[0][0] == "rack"
    assert row.shared[0][2] == 2000
    storm = worklist.storm
    assert storm is not None
    assert (storm.alerts, storm.rows, storm.new_per_minute) == (2000, 1, 2000)
    best = storm.suspects[0]
    assert (best.name, best.value.exact) == ("rack", "r12")
    assert (best.inside, best.storm_total, best.outside) == (2000, 2000, 0)


def test_the_first_alert_of_the_storm_is_named_first() -> None:
    alerts = rack(100)
    storm = look(watching(), list(reversed(alerts)), 25).storm
    assert storm is not None
    assert storm.first[0] == alerts[0].key
    assert storm.first[1] == alerts[1].key


def test_what_is_not_part_of_the_storm_stands_before_it() -> None:
    before = one(9000, -50, "PaymentErrors", severity="critical", namespace="pay")
    during = one(9001, 8, "CertExpired", severity="warning", namespace="tls")
    triage = watching()
    look(triage, [before], -45)
    worklist = look(triage, [*rack(300), before, during], 20)
    assert [row.title.exact for row in worklist.rows] == [
        "PaymentErrors", "CertExpired", 'rack="r12"',
    ]  # fmt: skip
    assert [row.lane for row in worklist.rows] == [Lane.APART, Lane.APART, Lane.STORM]
    storm = worklist.storm
    assert storm is not None
    assert (storm.alerts, storm.rows) == (300, 1)


def test_bursts_that_the_suspects_do_not_explain_are_rows_of_the_storm_by_name() -> None:
    lag = [
        one(n, 5, "PartitionLag", topic="events", partition=str(n), instance="")
        for n in range(5000, 5020)
    ]  # fmt: skip
    worklist = look(watching(), [*rack(400), *lag], 20)
    assert lanes(worklist) == {'rack="r12"': Lane.STORM, "PartitionLag": Lane.STORM}
    assert {row.count for row in worklist.rows} == {400, 20}


def test_a_label_that_everything_carries_explains_nothing() -> None:
    cells = [
        cell(service(f"s{n}"), targets=[target(TargetHealth.UP, env="prod", rack=f"r{n}")])
        for n in range(10)
    ]
    alerts = [one(n, 1, env="prod", rack="r99") for n in range(40)]
    triage = Triage(Policy())
    triage.worklist(snapshot(cells=cells, now=at(-60)))
    worklist = triage.worklist(snapshot(*alerts, cells=cells, now=at(5)))
    assert [row.title.exact for row in worklist.rows] == ['rack="r99"']
    assert worklist.storm is not None
    assert "env" not in [suspect.name for suspect in worklist.storm.suspects]


def test_a_label_that_every_alert_gets_on_its_way_is_not_blamed() -> None:
    """External labels stand on alerts and not on targets, so that nothing else refutes them."""
    alerts = [
        known(alert("Down", starts_at=at(1).wall, cluster_id="eu-1", zone="z9", n=str(n)))
        for n in range(40)
    ]
    worklist = look(watching(), alerts, 5)
    assert [row.title.exact for row in worklist.rows] == ['zone="z9"']


def test_a_label_that_most_healthy_hosts_carry_too_explains_nothing() -> None:
    cells = [
        cell(service(f"s{n}"), targets=[target(instance=f"n{n}:1", zone="b" if n else "a")])
        for n in range(8)
    ]
    triage = Triage(Policy())
    triage.worklist(snapshot(cells=cells, now=at(-60)))
    alerts = [one(n, 1, f"Alert{n}", zone="b") for n in range(30)]
    worklist = triage.worklist(snapshot(*alerts, cells=cells, now=at(5)))
    assert len(worklist.rows) == 30


def test_a_storm_with_two_causes_has_a_row_for_each() -> None:
    half = [one(n, 1, rack="r12", job="node") for n in range(60)]
    rest = [one(n + 100, 1, "QueueFull", cluster_name="kafka-7", job="kafka") for n in range(40)]
    worklist = look(watching(), [*half, *rest], 5)
    assert {row.count for row in worklist.rows} == {60, 40}
    assert 'rack="r12"' in lanes(worklist)


def test_alerts_that_share_nothing_stay_rows_of_their_own() -> None:
    worklist = look(watching(), [one(n, 1, f"Alert{n}", severity="high") for n in range(30)], 5)
    assert worklist.storm is not None
    assert (worklist.storm.alerts, worklist.storm.rows) == (30, 30)
    assert len(worklist.rows) == 30
    assert {row.lane for row in worklist.rows} == {Lane.STORM}


def test_pending_and_silenced_alerts_of_the_same_rack_are_a_row_each_at_the_end() -> None:
    pending = [
        known(alert("InstanceDown", rack="r12", instance=f"p{n}"), standing=Standing.PENDING)
        for n in range(50)
    ]
    quiet = [
        known(alert("InstanceDown", rack="r12", instance=f"q{n}"), standing=Standing.SILENCED)
        for n in range(30)
    ]
    worklist = look(watching(), [*pending, *quiet, *rack(300)], 20)
    assert [(row.standing, row.count) for row in worklist.rows] == [
        (Standing.FIRING, 300), (Standing.PENDING, 50), (Standing.SILENCED, 30),
    ]  # fmt: skip
    assert worklist.counts.pending == 50


def test_failing_checks_are_one_row_in_a_storm() -> None:
    cells = [
        cell(service(f"s{n}", f"h{n}"), State.FIRING, "refused", probes=[probed(f"s{n}")])
        for n in range(12)
    ]
    triage = watching()
    worklist = triage.worklist(snapshot(*rack(50), cells=cells, now=at(5)))
    (row,) = [row for row in worklist.rows if row.kind is RowKind.PROBE]
    assert (row.lane, row.where.exact) == (Lane.APART, "12 places")


def test_failing_checks_of_the_same_rack_stand_with_the_storm() -> None:
    def dark(n: int, where: str) -> Cell:
        scraped = target(TargetHealth.DOWN, instance=f"x{n}:9100", rack=where)
        return cell(service(f"s{n}", f"x{n}"), State.FIRING, "scrape failed", targets=[scraped])

    cells = [*(dark(n, "r12") for n in range(30)), dark(99, "r77")]
    worklist = watching().worklist(snapshot(*rack(50), cells=cells, now=at(5)))
    probes = [row for row in worklist.rows if row.kind is RowKind.PROBE]
    assert [(row.lane, row.where.exact) for row in probes] == [
        (Lane.APART, "s99@x99"), (Lane.STORM, "30 places"),
    ]  # fmt: skip


def test_a_rack_is_blamed_while_most_of_its_thousand_targets_still_answer() -> None:
    """Alerts lag behind scrapes and scrapes behind the fault: hosts are counted, not targets."""
    dying = [
        cell(
            service(f"t{n}", f"h{n % 40}"),
            targets=[
                target(
                    TargetHealth.DOWN if n < 40 else TargetHealth.UP,
                    host=f"h{n % 40}", instance=f"h{n % 40}:{n}", rack="r12", job="tenant",
                )
            ],
        )
        for n in range(1000)
    ]  # fmt: skip
    triage = watching()
    alerts = [one(n, 1, rack="r12", job="tenant") for n in range(40)]
    worklist = triage.worklist(snapshot(*alerts, cells=[*HEALTHY, *dying], now=at(5)))
    assert lanes(worklist) == {'rack="r12"': Lane.STORM}


def test_an_acked_storm_row_stays_acked_while_all_of_it_is() -> None:
    taken = ack("kai", since=at(10).wall)
    acked = [known(each.alert, acked=taken, as_of=at(20)) for each in rack(200)]
    triage = watching()
    look(triage, rack(200), 5)
    row = look(triage, acked, 20).rows[0]
    assert row.acked_by is not None
    assert row.acked_count == 200


def ticking(triage: Triage, alerts: list[KnownAlert], until_s: int) -> Iterator[Worklist]:
    for seconds in range(30, until_s, 15):
        yield look(triage, alerts, seconds)


def test_a_storm_ends_after_three_calm_minutes_and_not_before() -> None:
    triage = watching()
    alerts = rack(100)
    look(triage, alerts, 5)
    lasted = [each.storm is not None for each in ticking(triage, alerts, 400)]
    ends = 30 + 15 * lasted.index(False)
    assert 60 + 180 <= ends <= 60 + 180 + 30
    assert not any(lasted[lasted.index(False) :])


def test_a_trickle_between_the_two_limits_keeps_a_storm_and_begins_none() -> None:
    """Eight new ones a minute: too many to call it over, too few to call it a storm."""
    alerts = rack(100)
    trickle = [one(7000 + n, 30 + n * 7.5, "Late", rack="r12") for n in range(60)]
    stormy, quiet = watching(), watching()
    look(stormy, alerts, 5)
    for seconds in range(30, 450, 15):
        late = [each for each in trickle if each.as_of.mono <= at(seconds).mono]
        assert look(stormy, [*alerts, *late], seconds).storm is not None
        assert look(quiet, late, seconds).storm is None


def test_a_storm_that_slows_down_is_falling() -> None:
    triage = watching()
    alerts = rack(100)
    first = look(triage, alerts, 5).storm
    later = look(triage, [*alerts, *[one(8000 + n, 70, "Late") for n in range(9)]], 75).storm
    assert first is not None
    assert not first.falling
    assert later is not None
    assert later.falling
    assert later.new_per_minute == 9


def test_the_order_is_held_in_a_storm_until_it_is_asked_for() -> None:
    triage = watching()
    alerts = rack(100)
    first = [row.key for row in look(triage, [*alerts, one(1, 1, "Low", severity="info")], 5).rows]
    urgent = one(2, 14, "Urgent", severity="critical")
    low = one(1, 1, "Low", severity="info")
    held = look(triage, [*alerts, low, urgent], 15)
    assert [row.title.exact for row in held.rows] == ["Low", "Urgent", 'rack="r12"']
    assert not held.reordered
    assert [row.key for row in held.rows if row.title.exact != "Urgent"] == first
    triage.resort()
    asked = look(triage, [*alerts, low, urgent], 20)
    assert [row.title.exact for row in asked.rows] == ["Urgent", "Low", 'rack="r12"']
    assert asked.reordered


def test_no_order_is_held_before_all_sources_have_been_heard() -> None:
    triage = Triage(Policy())
    low, urgent = one(1, -50, "Low", severity="info"), one(2, -50, "Urgent", severity="critical")
    first = [*rack(100), low]
    triage.worklist(snapshot(*first, cells=HEALTHY, now=at(5), complete=False))
    whole = look(triage, [*first, urgent], 6)
    assert [row.title.exact for row in whole.rows] == ["Urgent", "Low", 'rack="r12"']


def test_rows_are_put_in_order_when_a_storm_begins_and_when_its_rows_become_others() -> None:
    triage = watching()
    low, urgent = one(1, -50, "Low", severity="info"), one(2, 4, "Urgent", severity="critical")
    look(triage, [low], -45)
    by_job = [one(n, 1, job="batch", severity="info") for n in range(40, 60)]
    lag = [one(n, 2, "Lag", severity="info", instance="", part=str(n)) for n in range(70, 76)]
    first = look(triage, [low, *by_job, *lag, urgent], 5)
    assert [row.title.exact for row in first.rows] == ["Urgent", "Low", 'job="batch"', "Lag"]
    second = look(triage, [low, *by_job, *lag, urgent, *rack(400, start_s=6)], 15)
    assert [row.title.exact for row in second.rows] == [
        "Urgent", "Low", 'rack="r12"', "InstanceDown", "Lag",
    ]  # fmt: skip
    assert second.reordered


def test_the_rows_of_a_storm_keep_their_keys_while_it_grows() -> None:
    triage = watching()
    alerts = rack(1000, every_s=0.05)
    keys: set[str] = set()
    for seconds in range(5, 60, 5):
        seen = [each for each in alerts if each.as_of.mono <= at(seconds).mono]
        keys |= {row.key for row in look(triage, seen, seconds).rows}
    assert len(keys) == 1


def test_the_chosen_rows_are_held_while_they_serve() -> None:
    """A slightly better explanation does not move rows under the cursor; `O` takes it."""
    cells = [
        cell(service(f"s{n}"), targets=[target(instance=f"n{n}:1", rack=f"r{n}", switch=f"w{n}")])
        for n in range(9)
    ]
    triage = Triage(Policy())
    triage.worklist(snapshot(cells=cells, now=at(-60)))

    def titles(alerts: list[KnownAlert], seconds: float) -> set[str]:
        worklist = triage.worklist(snapshot(*alerts, cells=cells, now=at(seconds)))
        return {row.title.exact for row in worklist.rows if row.lane is Lane.STORM}

    begun = [one(n, 1, rack="r12", switch="w12") for n in range(95)]
    more = [*begun, *[one(n, 6, rack=f"q{n}", switch="w12") for n in range(200, 205)]]
    assert titles(begun, 5) == {'rack="r12"'}
    assert 'rack="r12"' in titles(more, 10)
    triage.resort()
    assert titles(more, 15) == {'switch="w12"'}


def test_when_the_storm_is_over_what_still_fires_stays_together() -> None:
    triage = watching()
    alerts = rack(500)
    look(triage, alerts, 5)
    after = list(ticking(triage, alerts, 500))[-1]
    assert after.storm is None
    assert [(row.lane, row.count) for row in after.rows] == [(Lane.MAIN, 500)]


def test_when_little_of_a_past_storm_still_fires_it_is_rows_as_on_any_day() -> None:
    triage = watching()
    alerts = rack(500)
    look(triage, alerts, 5)
    list(ticking(triage, alerts, 500))
    after = look(triage, alerts[:4], 510)
    assert {row.kind for row in after.rows} == {RowKind.ALERT}
    assert len(after.rows) == 4


def test_a_clock_that_is_set_makes_no_storm_and_ends_none() -> None:
    triage = watching()
    alerts = rack(100)
    look(triage, alerts, 5)
    back = at(20, wall_jump=-7200)
    assert triage.worklist(snapshot(*alerts, now=back)).storm is not None
    forward = at(35, wall_jump=7200)
    assert triage.worklist(snapshot(*alerts, now=forward)).storm is not None


@pytest.mark.parametrize("count", [100, 1000])
def test_every_p0_is_counted_in_a_row(count: int) -> None:
    apart = [one(9000 + n, 2, f"Other{n}", severity="critical") for n in range(3)]
    worklist = look(watching(), [*rack(count), *apart], 25)
    shown = sum(row.by_priority[0] for row in worklist.rows)
    assert shown == worklist.counts.by_priority[0].total
    p0_rows: list[Row] = [row for row in worklist.rows if row.lane is Lane.APART]
    assert [row.priority for row in p0_rows] == [Priority.P0] * 3
