"""An incident's states, its clocks, and what it asks of people."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from console.model.incident import (
    MOVES,
    ActionItem,
    Incident,
    IncidentProse,
    IncidentState,
    PostMortem,
    StatusUpdate,
    clocks_of,
    disorder,
    moved,
    refusals,
)
from console.model.nag import NagKind
from console.model.nags import nags, nags_of
from console.model.state import Priority

START = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

READY = Incident(
    id="INC-20261122-7f3",
    title="redis down",
    opened=START + MINUTE,
    severity=Priority.P1,
    lead="kai",
    started=START,
    detected=START + MINUTE,
    acknowledged=START + 3 * MINUTE,
    mitigated=START + 10 * MINUTE,
    resolved=START + 20 * MINUTE,
    post_mortem=PostMortem(held=START + timedelta(hours=30)),
    actions=(ActionItem("Add an alert on memory", owner="mei", due=date(2026, 12, 1)),),
    prose=IncidentProse(why="The memory limit was lower than the data."),
)


def in_state(state: IncidentState, incident: Incident = READY) -> Incident:
    return msgspec.structs.replace(incident, state=state)


def test_an_incident_goes_only_where_its_state_allows() -> None:
    for state, to in itertools.product(IncidentState, IncidentState):
        reasons = refusals(in_state(state), to)
        assert (not reasons) is (to in MOVES[state]), (state, to, reasons)
        if reasons:
            assert f"it is {state}" in reasons[0]
            with pytest.raises(ValueError, match=f"it is {state}"):
                moved(in_state(state), to, START)


def test_every_state_can_be_reached_and_left_but_for_the_last() -> None:
    reached = {IncidentState.OPEN}
    for _ in IncidentState:
        reached |= {to for state in reached for to in MOVES[state]}

    assert reached == set(IncidentState)
    assert [state for state in IncidentState if not MOVES[state]] == [IncidentState.CLOSED]


@pytest.mark.parametrize(
    ("lack", "said"),
    [
        ({"severity": None}, "no severity"),
        ({"lead": ""}, "name a lead"),
        ({"prose": IncidentProse(why=" \n")}, "why it happened is not filled in"),
        ({"post_mortem": PostMortem()}, "meeting was not held"),
        ({"actions": ()}, "no action items"),
        ({"actions": (ActionItem("Add an alert"),)}, "has no owner"),
        ({"resolved": START - MINUTE}, "resolved (2026-11-22 03:13:00 UTC) stands before started"),
    ],
)
def test_it_is_not_closed_before_its_report_is_whole(lack: dict[str, object], said: str) -> None:
    incident = in_state(IncidentState.RESOLVED, msgspec.structs.replace(READY, **lack))

    assert any(said in reason for reason in refusals(incident, IncidentState.CLOSED))


def test_a_p2_is_closed_without_a_meeting() -> None:
    incident = msgspec.structs.replace(
        READY, severity=Priority.P2, post_mortem=PostMortem(), actions=()
    )
    resolved = in_state(IncidentState.RESOLVED, incident)

    assert refusals(resolved, IncidentState.CLOSED) == ()
    assert "needs no post-mortem" in refusals(resolved, IncidentState.POST_MORTEM_DUE)[0]


def test_a_move_writes_its_time_once_and_going_back_takes_it_out() -> None:
    plain = Incident("INC-20261122-7f3", "redis down", START)
    mitigated = moved(plain, IncidentState.MITIGATED, START + 5 * MINUTE)
    resolved = moved(mitigated, IncidentState.RESOLVED, START + 9 * MINUTE)
    again = moved(resolved, IncidentState.OPEN, START + 12 * MINUTE)

    assert (mitigated.mitigated, resolved.resolved) == (START + 5 * MINUTE, START + 9 * MINUTE)
    assert resolved.mitigated == START + 5 * MINUTE
    assert (again.state, again.mitigated, again.resolved) == (IncidentState.OPEN, None, None)
    # What a person has written down is not overwritten.
    assert (
        moved(READY, IncidentState.RESOLVED, START + timedelta(days=1)).resolved == READY.resolved
    )


def test_the_four_clocks_count_between_the_times_that_are_known() -> None:
    clocks = clocks_of(READY)

    assert clocks.to_detect == MINUTE
    assert clocks.to_acknowledge == 2 * MINUTE
    assert clocks.to_mitigate == 10 * MINUTE
    assert clocks.to_resolve == 20 * MINUTE
    assert clocks_of(Incident("INC-1", "x", START)) == msgspec.structs.replace(
        clocks, to_detect=None, to_acknowledge=None, to_mitigate=None, to_resolve=None
    )


def test_a_clock_that_would_run_backwards_is_not_shown_and_the_times_are_named() -> None:
    wrong = msgspec.structs.replace(READY, started=START + timedelta(hours=1))

    assert clocks_of(wrong).to_resolve is None
    assert clocks_of(wrong).to_acknowledge == 2 * MINUTE
    assert any(line.startswith("resolved (") for line in disorder(wrong))
    assert disorder(READY) == ()


def test_what_nobody_leads_and_nobody_judged_is_asked_for_within_minutes() -> None:
    plain = Incident("INC-20261122-7f3", "redis down", START)
    found = nags_of(plain)

    assert [(nag.kind, nag.due) for nag in found] == [
        (NagKind.LEAD, START + 2 * MINUTE),
        (NagKind.SEVERITY, START + 5 * MINUTE),
    ]
    assert not found[0].is_overdue(START + MINUTE)
    assert found[0].left(START + MINUTE) == MINUTE
    assert found[0].is_overdue(START + 2 * MINUTE)
    assert nags_of(msgspec.structs.replace(plain, lead="kai", severity=Priority.P2)) == ()


def test_the_post_mortem_of_a_p0_or_p1_is_due_48_hours_after_it_was_over() -> None:
    assert READY.resolved is not None
    due = READY.resolved + timedelta(hours=48)
    for state in (IncidentState.RESOLVED, IncidentState.POST_MORTEM_DUE):
        owed = in_state(state, msgspec.structs.replace(READY, post_mortem=PostMortem(), actions=()))
        (nag,) = nags_of(owed)
        assert (nag.kind, nag.due, nag.owner) == (NagKind.POST_MORTEM, due, "kai")
        assert nag.text == "hold the post-mortem meeting and write its action items"
        held = in_state(state, msgspec.structs.replace(READY, actions=()))
        assert [nag.text for nag in nags_of(held)] == ["write its action items"]
        assert nags_of(msgspec.structs.replace(owed, severity=Priority.P2)) == ()


def test_an_action_item_is_asked_for_until_it_is_done_even_after_the_end() -> None:
    closed = in_state(IncidentState.CLOSED)
    (nag,) = nags_of(closed)
    assert READY.resolved is not None

    assert (nag.kind, nag.owner) == (NagKind.ACTION, "mei")
    # The day on which it is due is in time to its end.
    assert nag.due == datetime(2026, 12, 2, tzinfo=UTC)
    undated = msgspec.structs.replace(closed, actions=(ActionItem("Add", owner="mei"),))
    assert nags_of(undated)[0].due == READY.resolved + timedelta(days=30)
    done = msgspec.structs.replace(closed, actions=(ActionItem("Add", done=START),))
    assert nags_of(done) == ()
    late = msgspec.structs.replace(closed, actions=(ActionItem("Add", due=date.max),))
    assert nags_of(late)[0].due.year == 9999


def test_the_nags_of_many_incidents_come_in_the_order_in_which_they_are_due() -> None:
    many = (in_state(IncidentState.CLOSED), Incident("INC-2", "y", START))

    found = nags(many)
    assert [nag.due for nag in found] == sorted(nag.due for nag in found)
    assert {nag.incident for nag in found} == {"INC-20261122-7f3", "INC-2"}


def test_a_status_update_says_conditions_actions_and_needs() -> None:
    update = StatusUpdate("API answers 5xx.", "rolling back", "")

    assert update.text == "Conditions: API answers 5xx. Actions: rolling back. Needs: none."
