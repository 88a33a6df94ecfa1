"""What incidents and changes ask for stands in the worklist, counts down, and is no alert."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.model.change import Change, ChangeKind, ChangeState, Plan, Review
from console.model.incident import ActionItem, Incident, IncidentState
from console.model.nag import NagKind
from console.model.nags import nags
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Snapshot
from console.model.state import Priority, State
from console.model.worklist import Lane, Row, RowKind, Step
from console.triage.filter import parse
from console.triage.triage import Triage
from tests.build import T0, ack, ago, alert, known, snapshot

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW = Incident("INC-20261122-7f3", "redis down", ago(60), services=("redis", "worker"))
OVER = Incident(
    "INC-20261121-2ac",
    "checkout slow",
    ago(100_000),
    state=IncidentState.RESOLVED,
    severity=Priority.P0,
    lead="kai",
    resolved=T0 - HOUR,
)
EMERGENCY = Change(
    "CHG-20261122-9b1",
    "restart redis",
    "kai",
    ago(7200),
    state=ChangeState.ACCEPTED,
    plan=Plan(kind=ChangeKind.EMERGENCY, executor="kai"),
    ended=T0 - HOUR,
)


def world(
    *alerts: KnownAlert,
    incidents: tuple[Incident, ...] = (),
    changes: tuple[Change, ...] = (),
) -> Snapshot:
    owed = nags(incidents, changes=changes)
    return msgspec.structs.replace(snapshot(*alerts), nags=owed)


def rows_of(of: Snapshot, policy: Policy | None = None) -> tuple[Row, ...]:
    return Triage(policy or Policy()).worklist(of).rows


def fired(name: str, severity: str, taken: bool = False) -> KnownAlert:
    labels = {"severity": severity, "instance": name}
    acked = ack("mei") if taken else None
    return known(alert(name, starts_at=ago(120), labels=labels), acked=acked)


def with_action(due: timedelta, number: int = 1) -> Incident:
    day = (T0 + due).date()
    items = (ActionItem("Add an alert", owner="mei", due=day),) * number
    return msgspec.structs.replace(OVER, state=IncidentState.CLOSED, actions=items)


def test_an_incident_is_one_row_about_what_is_due_first_and_counts_the_rest() -> None:
    (row,) = rows_of(world(incidents=(NEW,)))

    assert (row.kind, row.step, row.document) == (RowKind.OWED, Step.DUE, NEW.id)
    assert (row.title.exact, row.where.exact) == ("redis down", "redis, worker")
    assert row.summary.exact == "nobody leads it; and 1 more"
    assert row.clocks is not None and row.clocks.due == NEW.opened + timedelta(minutes=2)
    assert not row.clocks.breached(T0) and row.clocks.breached(T0 + HOUR)
    assert (row.since, row.acked_by) == (NEW.opened, None)
    assert row.state is not State.OK
    assert [nag.kind for nag in row.owed] == [NagKind.LEAD, NagKind.SEVERITY]


def test_it_has_the_severity_of_its_incident_and_p1_where_there_is_none_and_an_owner() -> None:
    rows = {row.document: row for row in rows_of(world(incidents=(NEW, OVER)))}

    assert rows[NEW.id].priority is Priority.P1
    assert rows[OVER.id].priority is Priority.P0
    owner = rows[OVER.id].acked_by
    assert owner is not None and owner.exact == "kai"
    assert rows[OVER.id].summary.exact.startswith("hold the post-mortem meeting")


@pytest.mark.parametrize(
    ("due", "shown"),
    [(-2 * DAY, True), (timedelta(), True), (DAY, True), (5 * DAY, False), (30 * DAY, False)],
)
def test_an_action_item_comes_into_sight_some_days_before_it_is_due(
    due: timedelta, shown: bool
) -> None:
    found = rows_of(world(incidents=(with_action(due),)))
    assert bool(found) is shown


def test_how_long_before_is_the_teams_own() -> None:
    far = world(incidents=(with_action(5 * DAY),))
    assert rows_of(far, Policy(remind_before=10 * DAY))
    near = world(incidents=(with_action(timedelta()),))
    assert not rows_of(near, Policy(remind_before=timedelta(minutes=1)))


def test_an_emergency_change_asks_for_its_review_until_somebody_else_gave_it() -> None:
    (row,) = rows_of(world(changes=(EMERGENCY,)))
    assert (row.document, row.title.exact) == (EMERGENCY.id, "restart redis")
    assert row.clocks is not None and row.clocks.due == T0 - HOUR + 2 * DAY

    own = msgspec.structs.replace(EMERGENCY, review=Review("kai", T0, "fine"))
    assert "somebody else reviews it" in rows_of(world(changes=(own,)))[0].summary.exact
    done = msgspec.structs.replace(EMERGENCY, review=Review("mei", T0, "fine"))
    going = msgspec.structs.replace(EMERGENCY, state=ChangeState.IN_PROGRESS)
    normal = msgspec.structs.replace(EMERGENCY, plan=Plan())
    assert rows_of(world(changes=(done, going, normal))) == ()


def test_what_is_owed_waits_behind_what_nobody_has_taken_and_papers_behind_every_p1() -> None:
    alerts = (
        fired("Worst", "critical"),
        fired("Bad", "high"),
        fired("Odd", "warning"),
        fired("Held", "high", taken=True),
    )
    leaderless = msgspec.structs.replace(NEW, severity=Priority.P0)
    rows = rows_of(world(*alerts, incidents=(leaderless, OVER)))
    names = [row.title.exact for row in rows]
    assert names[:3] == ["Worst", "redis down", "Bad"]
    assert set(names[3:5]) == {"Held", "checkout slow"}
    assert names[5] == "Odd"


def test_it_counts_as_no_alert() -> None:
    worklist = Triage(Policy()).worklist(world(fired("Bad", "high"), incidents=(NEW, OVER)))
    assert len(worklist.rows) == 3
    assert worklist.counts == Triage(Policy()).worklist(world(fired("Bad", "high"))).counts
    assert sum(row.count for row in worklist.rows) == 1


@pytest.mark.parametrize("by", [("alertname", "@cell"), ("@alert",), ("rack",), ()])
def test_it_stays_a_row_of_its_own_however_alerts_are_grouped(by: tuple[str, ...]) -> None:
    found = rows_of(world(fired("Bad", "high"), incidents=(NEW, OVER)), Policy(group_by=by))
    assert [row.document for row in found if row.kind is RowKind.OWED] == [NEW.id, OVER.id]


@pytest.mark.parametrize(
    ("typed", "matches"),
    [
        ('@step="due"', True),
        ('@kind="owed"', True),
        ("redis", True),
        ("inc-20261122", True),
        ("leads", True),
        ("severity", True),
        ("worker", True),
        ('@state="owed"', True),
        ('@state="FIRING"', False),
        ("firing", False),
        ('@priority="P1"', True),
        # What calls somebody by default: an incident without a lead is no alert to ack.
        ('@priority="P1" @step="ack"', False),
        ('@priority="P0" @step="ack"', False),
        ('severity="critical"', False),
    ],
)
def test_a_filter_finds_it_by_what_it_says(typed: str, matches: bool) -> None:
    (row,) = rows_of(world(incidents=(NEW,)))
    assert parse(typed).matches_row(row) is matches


def test_in_a_storm_what_the_incident_needs_now_stands_beside_it_and_papers_behind() -> None:
    many = [
        known(alert("Down", starts_at=ago(5), labels={"rack": "r12", "instance": f"h{number}"}))
        for number in range(30)
    ]
    worklist = Triage(Policy()).worklist(world(*many, incidents=(NEW, OVER)))
    assert worklist.storm is not None and worklist.storm.alerts == 30
    lanes = {row.document: row.lane for row in worklist.rows if row.document}
    assert lanes == {NEW.id: Lane.APART, OVER.id: Lane.MAIN}
    assert worklist.rows[0].document == NEW.id and worklist.rows[-1].document == OVER.id


def test_hostile_titles_are_rows_like_any_other_and_far_years_break_nothing() -> None:
    odd = msgspec.structs.replace(
        OVER, title="\x1b[31m[b]x", resolved=T0.replace(year=9999, month=12, day=31)
    )
    (row,) = rows_of(world(incidents=(odd,)))
    assert "\x1b" not in row.title.exact
    assert row.clocks is not None and row.clocks.due.year == 9999
