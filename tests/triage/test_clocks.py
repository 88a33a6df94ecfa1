"""The two clocks of a row: when they run, from when, and whose counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console.model.policy import Policy
from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.worklist import Row, Step
from console.triage.triage import Triage
from tests.build import T0, ack, ago, alert, at, known, snapshot


def the_row(triage: Triage, *alerts: object, **rest: object) -> Row:
    (row,) = triage.worklist(snapshot(*alerts, **rest)).rows  # type: ignore[arg-type]
    return row


@pytest.mark.parametrize(
    ("severity", "respond_min", "resolve_min"),
    [("critical", 5, 30), ("high", 15, 120), ("warning", 60, 480), ("info", 240, 1440)],
)
def test_both_deadlines_count_from_the_start_of_the_alert(
    severity: str, respond_min: int, resolve_min: int
) -> None:
    row = the_row(Triage(Policy()), known(alert(severity=severity, starts_at=ago(60))))
    assert row.clocks is not None
    assert row.clocks.respond_by == ago(60) + timedelta(minutes=respond_min)
    assert row.clocks.resolve_by == ago(60) + timedelta(minutes=resolve_min)
    assert row.step is Step.ACK


def test_an_ack_ends_the_respond_clock_and_starts_nothing_anew() -> None:
    taken = ack("mei", since=ago(30))
    row = the_row(
        Triage(Policy()), known(alert(severity="critical", starts_at=ago(60)), acked=taken)
    )
    assert row.step is Step.FIX
    assert row.clocks is not None
    assert row.clocks.responded_at == ago(30)
    assert row.clocks.due == ago(60) + timedelta(minutes=30)
    assert row.acked_by is not None
    assert row.acked_by.exact == "mei"
    assert row.acked_at == ago(30)


def test_an_ack_that_lapsed_leaves_the_row_responded_and_unacked() -> None:
    triage = Triage(Policy())
    one = alert(severity="critical", starts_at=ago(60))
    the_row(triage, known(one, acked=ack(since=ago(30))))
    row = the_row(triage, known(one), now=at(1800))
    assert row.acked_by is None
    assert row.step is Step.FIX
    assert row.clocks is not None
    assert row.clocks.responded_at == ago(30)


def test_an_ack_older_than_the_alert_answers_it_when_it_begins() -> None:
    row = the_row(Triage(Policy()), known(alert(starts_at=ago(60)), acked=ack(since=ago(600))))
    assert row.clocks is not None
    assert row.clocks.responded_at == ago(60)


@pytest.mark.parametrize(
    "standing",
    [Standing.PENDING, Standing.SILENCED, Standing.INHIBITED, Standing.MUTED],
)
def test_nothing_counts_down_on_what_nobody_has_to_work_on(standing: Standing) -> None:
    row = the_row(Triage(Policy()), known(alert(severity="critical"), standing=standing))
    assert row.clocks is None
    assert row.step is Step.NONE


def test_time_spent_silenced_counts() -> None:
    triage = Triage(Policy())
    one = alert(severity="critical", starts_at=ago(0))
    the_row(triage, known(one, standing=Standing.SILENCED))
    row = the_row(triage, known(one), now=at(3600))
    assert row.clocks is not None
    assert row.clocks.due == T0 + timedelta(minutes=5)
    assert row.clocks.breached(at(3600).wall)


@pytest.mark.parametrize("state", [State.STALE, State.LOST])
def test_a_clock_runs_on_while_nobody_can_see_the_alert(state: State) -> None:
    triage = Triage(Policy())
    one = alert(severity="critical", starts_at=ago(0))
    before = the_row(triage, known(one))
    after = the_row(triage, known(one, state=state), now=at(900))
    assert after.clocks == before.clocks
    assert after.state is state


def test_a_group_shows_the_earliest_deadline_that_nobody_has_taken() -> None:
    disk = [
        known(alert("DiskFull", severity="warning", instance="a:1", mountpoint="/a",
                    starts_at=ago(50))),
        known(alert("DiskFull", severity="high", instance="a:1", mountpoint="/b",
                    starts_at=ago(40))),
        known(alert("DiskFull", severity="critical", instance="a:1", mountpoint="/c",
                    starts_at=ago(1790)), acked=ack(since=ago(10))),
    ]  # fmt: skip
    row = the_row(Triage(Policy()), *disk)
    assert row.clocks is not None
    assert row.clocks.due == ago(40) + timedelta(minutes=15)
    assert row.priority is Priority.P0
    assert row.since == ago(1790)
    assert row.acked_by is None
    assert row.acked_count == 1
    assert row.by_priority == (1, 1, 1, 0)
    assert [each.alert.labels.exact("mountpoint") for each in row.alerts] == ["/c", "/b", "/a"]


def test_a_group_is_acked_once_all_of_it_is_and_by_the_newest_ack() -> None:
    row = the_row(
        Triage(Policy()),
        known(alert("DiskFull", instance="a:1", mountpoint="/a"), acked=ack("mei", since=ago(90))),
        known(alert("DiskFull", instance="a:1", mountpoint="/b"), acked=ack("kai", since=ago(30))),
    )
    assert row.acked_by is not None
    assert row.acked_by.exact == "kai"
    assert row.acked_count == 2
    assert row.step is Step.FIX


@pytest.mark.parametrize("starts_at", [datetime.max.replace(tzinfo=UTC), at(3600).wall])
def test_a_start_that_lies_ahead_puts_no_deadline_off(starts_at: datetime) -> None:
    triage = Triage(Policy())
    fires = known(alert(starts_at=starts_at, severity="critical"))
    row = the_row(triage, fires)
    assert row.clocks is not None
    assert row.clocks.due == at(0).wall + timedelta(minutes=5)
    later = the_row(triage, fires, now=at(30)).clocks
    assert later == row.clocks


def test_a_start_at_the_beginning_of_time_is_no_crash() -> None:
    worklist = Triage(Policy()).worklist(
        snapshot(known(alert(starts_at=datetime.min.replace(tzinfo=UTC))))
    )
    assert worklist.counts.total == 1
