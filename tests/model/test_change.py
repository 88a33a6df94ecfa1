"""A change request: whom and what an approval binds, and when it may start."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from console.model.change import (
    DONE,
    MOVES,
    OVER,
    Acceptance,
    Approval,
    Change,
    ChangeKind,
    ChangeState,
    FreezeException,
    Likelihood,
    Plan,
    Review,
    Risk,
    Rollback,
    approvers_of,
    conflicts,
    is_same_person,
    plan_hash,
)
from console.model.change_rules import (
    Surroundings,
    approval_refusals,
    edited,
    exception_refusals,
    lacking,
    moved,
    refusals,
    start_verdict,
)
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope, Window

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Period(NOW - HOUR, NOW + HOUR)
FREEZE = Schedule(periods=(Period(NOW - HOUR, NOW + timedelta(minutes=30)),))

PLAN = Plan(
    services=("shop",),
    environment="prod",
    steps="kubectl set image deploy/shop shop=shop:2.15.0",
    risk=Risk(Likelihood.LOW, Likelihood.HIGH),
    window=WINDOW,
    timezone="Asia/Taipei",
    rollback=Rollback("kubectl rollout undo deploy/shop", timedelta(minutes=5), "5xx above 1 %"),
    verification=("[STATUS] == 200", "[BODY].version == 2.15.0"),
    acceptance=Acceptance("lin", timedelta(days=7)),
    executor="kai",
    reviewer="mei",
)


def approval(by: str, plan: Plan = PLAN) -> Approval:
    return Approval(by, NOW - HOUR, plan_hash(plan))


READY = Change(
    id="CHG-20261122-9b1",
    title="Release shop 2.15.0",
    author="kai",
    created=NOW - 2 * HOUR,
    state=ChangeState.SCHEDULED,
    plan=PLAN,
    approvals=(approval("mei"),),
)


def with_(change: Change = READY, **fields: object) -> Change:
    return msgspec.structs.replace(change, **fields)


def frozen(level: Level, **fields: object) -> Surroundings:
    freeze = Freeze("observation", level, FREEZE, owner="lin", reason="7 days of watching")
    freeze = msgspec.structs.replace(freeze, **fields)
    return Surroundings(Calendar(freezes=(freeze,)))


def test_editing_any_field_of_the_plan_asks_for_a_new_approval_and_prose_does_not() -> None:
    other = {
        "kind": ChangeKind.EMERGENCY,
        "services": ("shop", "pay"),
        "risk": Risk(Likelihood.LOW, Likelihood.LOW),
        "rollback": Rollback("other"),
        "acceptance": Acceptance("lin"),
        "window": Period(NOW, NOW + HOUR),
        "traffic_percent": 10.0,
        "verification": ("[STATUS] == 200",),
    }
    seen = {plan_hash(PLAN)}
    for field in Plan.__struct_fields__:
        old = getattr(PLAN, field)
        value = other.get(field)
        if value is None:
            value = ("x",) if isinstance(old, tuple) else "x" if old in ("", *STRINGS) else 2 * HOUR
        edit = msgspec.structs.replace(PLAN, **{field: value})
        assert edit != PLAN, field
        seen.add(plan_hash(edit))
        change = with_(plan=edit)
        assert approvers_of(change) == (), field
        assert edited(READY, edit, "kai").state is ChangeState.SUBMITTED
        assert not start_verdict(change, NOW, Surroundings()).may_start
    assert len(seen) == len(Plan.__struct_fields__) + 1
    assert approvers_of(with_(title="another title")) == ("mei",)
    assert edited(READY, PLAN, "kai").state is ChangeState.SCHEDULED


def test_who_edited_the_plan_does_not_approve_it_either() -> None:
    edit = msgspec.structs.replace(PLAN, steps="rm -rf /srv/cache")
    change = edited(READY, edit, "Mei")
    assert change.planners == ("Mei",)
    assert approval_refusals(change, "ＭＥＩ") == (
        "ＭＥＩ edited its plan; somebody else approves it",
    )
    approval = Approval("mei", NOW, plan_hash(edit))
    assert approvers_of(msgspec.structs.replace(change, approvals=(approval,))) == ()
    other = msgspec.structs.replace(approval, by="lin")
    assert approvers_of(msgspec.structs.replace(change, approvals=(approval, other))) == ("lin",)
    assert edited(READY, edit, READY.author).planners == ()


STRINGS = tuple(
    value for value in (getattr(PLAN, f) for f in Plan.__struct_fields__) if isinstance(value, str)
)


def test_equal_plans_have_one_hash_whatever_objects_they_are_made_of() -> None:
    again = msgspec.convert(msgspec.to_builtins(PLAN), Plan)

    assert again == PLAN
    assert plan_hash(again) == plan_hash(PLAN)
    assert plan_hash(Plan(risk=Risk(), traffic_percent=50)) == plan_hash(
        Plan(risk=Risk(reason="".join([])), traffic_percent=50.0)
    )
    assert plan_hash(Plan(expected_downtime=timedelta(0))) != plan_hash(Plan())


def test_the_author_cannot_approve_whatever_way_the_name_is_written() -> None:
    submitted = with_(state=ChangeState.SUBMITTED, approvals=())
    for name in ("kai", "KAI", " kai ", "ｋａｉ"):
        assert "is its author" in approval_refusals(submitted, name)[0]
        own = with_(submitted, approvals=(approval(name),))
        assert approvers_of(own) == ()
        assert refusals(own, ChangeState.APPROVED, "mei", NOW, Surroundings())
    assert approval_refusals(submitted, "mei") == ()
    assert approval_refusals(submitted, "  ")
    assert approvers_of(with_(approvals=(approval(""),))) == ()
    assert not is_same_person("kai", "kaia")


def test_one_person_approving_twice_is_one_approval() -> None:
    assert approvers_of(with_(approvals=(approval("mei"), approval("Mei")))) == ("mei",)


def test_only_what_was_submitted_is_approved() -> None:
    for state in ChangeState:
        allowed = state in (ChangeState.SUBMITTED, ChangeState.APPROVED, ChangeState.SCHEDULED)
        assert (not approval_refusals(with_(state=state), "mei")) is allowed


def test_a_change_goes_only_where_its_state_allows() -> None:
    for state, to in itertools.product(ChangeState, ChangeState):
        reasons = refusals(with_(state=state), to, "mei", NOW, Surroundings())
        if to not in MOVES[state]:
            asks = "an approved or" if to is ChangeState.IN_PROGRESS else "from there"
            assert f"it is {state}; {asks}" in reasons[0]
    for state in ChangeState:
        assert bool(MOVES[state]) or state in OVER


def test_a_draft_is_submitted_only_when_its_plan_is_whole() -> None:
    assert lacking(PLAN) == ()
    assert len(lacking(Plan())) >= 10
    for field, said in (
        ({"services": ()}, "services or the hosts"),
        ({"steps": " "}, "write the commands"),
        ({"risk": Risk(Likelihood.LOW)}, "say the risk"),
        ({"risk": Risk(override=Likelihood.LOW)}, "why the risk is overridden"),
        ({"window": None}, "give the window"),
        ({"window": Period(NOW, NOW)}, "ends before it begins"),
        ({"rollback": Rollback()}, "rolled back"),
        ({"verification": ()}, "how it is verified"),
        ({"verification": ("[STATU] == 200",)}, "condition 1, column 1: expected one of [STATUS]"),
        ({"verification": ("[RESPONSE_TIME] < 1s",)}, "expected [STATUS] or [EXIT]"),
        ({"acceptance": Acceptance()}, "who accepts"),
        ({"executor": ""}, "who carries it out"),
        ({"reviewer": "Kai"}, "somebody else"),
        ({"kind": ChangeKind.STANDARD}, "approved template"),
    ):
        plan = msgspec.structs.replace(PLAN, **field)
        assert any(said in reason for reason in lacking(plan)), said
        draft = with_(plan=plan, state=ChangeState.DRAFT)
        assert refusals(draft, ChangeState.SUBMITTED, "kai", NOW, Surroundings())


def test_the_risk_is_likelihood_times_impact() -> None:
    low, medium, high = Likelihood
    levels = [Risk(one, other).level for one in Likelihood for other in Likelihood]

    assert levels == [low, low, medium, low, medium, high, medium, high, high]
    assert Risk(high, high, override=low, reason="tried twice").level is low
    assert Risk(high).level is None


def test_a_change_starts_inside_its_window_and_says_when_that_is() -> None:
    assert start_verdict(READY, NOW, Surroundings()).may_start
    early = start_verdict(READY, NOW - 2 * HOUR, Surroundings())
    late = start_verdict(READY, NOW + HOUR, Surroundings())

    assert early.reasons == ("its window has not begun: 2026-11-22 02:00 to 2026-11-22 04:00 UTC",)
    assert early.opens == WINDOW.start
    assert "its window is over" in late.reasons[0]
    assert late.opens is None


def test_a_freeze_beats_the_window_and_says_until_when_and_whom_to_ask() -> None:
    verdict = start_verdict(READY, NOW, frozen(Level.HARD))

    assert verdict.reasons == (
        "the hard freeze observation is in force until 2026-11-22 03:30 UTC: 7 days of watching;"
        " ask lin; an exception by somebody else lets it through",
    )
    assert verdict.opens == NOW + timedelta(minutes=30)
    elsewhere = frozen(Level.HARD, scope=Scope(services=("mail",)))
    assert start_verdict(READY, NOW, elsewhere).may_start


def test_a_soft_freeze_lets_through_what_two_people_approved() -> None:
    soft = frozen(Level.SOFT)
    two = with_(approvals=(approval("mei"), approval("lin")))

    assert (
        "a second approval lets it through (1 so far)" in start_verdict(READY, NOW, soft).reasons[0]
    )
    assert start_verdict(two, NOW, soft).may_start
    assert not start_verdict(two, NOW, frozen(Level.HARD)).may_start


def test_an_exception_is_bound_to_the_plan_and_not_given_by_the_author() -> None:
    def excepted(by: str, plan: Plan = PLAN, freeze: str = "observation") -> Change:
        exception = FreezeException(freeze, by, NOW - HOUR, plan_hash(plan), "cannot wait")
        return with_(exceptions=(exception,))

    hard = frozen(Level.HARD)
    assert start_verdict(excepted("lin"), NOW, hard).may_start
    assert not start_verdict(excepted("kai"), NOW, hard).may_start
    assert not start_verdict(excepted("lin", Plan()), NOW, hard).may_start
    assert not start_verdict(excepted("lin", freeze="other"), NOW, hard).may_start
    assert exception_refusals(READY, "kai", "observation")
    assert exception_refusals(READY, "lin", "observation") == ()


def test_a_freeze_never_holds_up_what_mends_an_open_incident() -> None:
    plan = msgspec.structs.replace(PLAN, kind=ChangeKind.EMERGENCY, window=None)
    urgent = with_(
        plan=plan,
        state=ChangeState.APPROVED,
        approvals=(approval("kai", plan),),
        incidents=("INC-20261122-7f3",),
    )
    hard = frozen(Level.HARD)
    mending = msgspec.structs.replace(hard, open_incidents=frozenset({"INC-20261122-7f3"}))

    assert start_verdict(urgent, NOW, mending).may_start
    assert start_verdict(urgent, NOW, mending).needs_review
    assert not start_verdict(urgent, NOW, hard).may_start
    assert start_verdict(urgent, NOW, Surroundings()).may_start
    # An ordinary change does not get past by naming one.
    ordinary = with_(incidents=("INC-20261122-7f3",))
    assert not start_verdict(ordinary, NOW, mending).may_start


def test_an_emergency_is_not_closed_before_somebody_else_looked_at_it() -> None:
    plan = msgspec.structs.replace(PLAN, kind=ChangeKind.EMERGENCY)
    done = with_(plan=plan, state=ChangeState.ACCEPTED)

    for review in (None, Review("KAI", NOW), Review("", NOW)):
        assert refusals(with_(done, review=review), ChangeState.CLOSED, "kai", NOW, Surroundings())
    looked = with_(done, review=Review("mei", NOW))
    assert refusals(looked, ChangeState.CLOSED, "kai", NOW, Surroundings()) == ()


def test_a_standard_change_needs_its_template_and_nobodys_approval() -> None:
    plan = msgspec.structs.replace(PLAN, kind=ChangeKind.STANDARD, template="release")
    draft = with_(plan=plan, state=ChangeState.DRAFT, approvals=())
    known = Surroundings(templates=frozenset({"release"}))

    assert refusals(draft, ChangeState.SCHEDULED, "kai", NOW, known) == ()
    assert refusals(draft, ChangeState.SCHEDULED, "kai", NOW, Surroundings())
    scheduled = moved(draft, ChangeState.SCHEDULED, "kai", NOW, known)
    assert start_verdict(scheduled, NOW, known).may_start
    assert not start_verdict(scheduled, NOW, Surroundings()).may_start
    frozen_known = msgspec.structs.replace(frozen(Level.HARD), templates=known.templates)
    assert not start_verdict(scheduled, NOW, frozen_known).may_start
    letting = msgspec.structs.replace(
        frozen(Level.HARD, allows=("release",)), templates=known.templates
    )
    assert start_verdict(scheduled, NOW, letting).may_start


def test_a_normal_draft_skips_neither_submission_nor_approval() -> None:
    draft = with_(state=ChangeState.DRAFT)
    assert refusals(draft, ChangeState.APPROVED, "mei", NOW, Surroundings())
    assert refusals(draft, ChangeState.SCHEDULED, "mei", NOW, Surroundings())
    assert not start_verdict(draft, NOW, Surroundings()).may_start


def test_a_change_waits_for_the_teams_window_too() -> None:
    later = Schedule(periods=(Period(NOW + timedelta(minutes=20), NOW + 3 * HOUR),))
    around = Surroundings(Calendar(windows=(Window("nights", later),)))
    verdict = start_verdict(READY, NOW, around)

    assert verdict.reasons == ("no window of the team is open for what it touches",)
    assert verdict.opens == NOW + timedelta(minutes=20)


def test_it_is_accepted_by_the_named_person_after_having_been_watched() -> None:
    verifying = with_(state=ChangeState.VERIFYING, started=NOW, ended=NOW)
    week = NOW + timedelta(days=7)

    early = refusals(verifying, ChangeState.ACCEPTED, "lin", week - HOUR, Surroundings())
    other = refusals(verifying, ChangeState.ACCEPTED, "kai", week, Surroundings())
    assert early == ("it is watched until 2026-11-29 03:00 UTC",)
    assert other == ("lin accepts it",)
    accepted = moved(verifying, ChangeState.ACCEPTED, "lin", week, Surroundings())
    assert (accepted.accepted, accepted.accepted_by) == (week, "lin")


def test_the_whole_way_writes_down_its_times() -> None:
    change = with_(state=ChangeState.DRAFT, approvals=())
    change = moved(change, ChangeState.SUBMITTED, "kai", NOW, Surroundings())
    change = with_(change, approvals=(approval("mei"),))
    change = moved(change, ChangeState.APPROVED, "mei", NOW, Surroundings())
    change = moved(change, ChangeState.SCHEDULED, "mei", NOW, Surroundings())
    change = moved(change, ChangeState.IN_PROGRESS, "kai", NOW, Surroundings())
    change = moved(change, ChangeState.VERIFYING, "kai", NOW + HOUR, Surroundings())
    change = moved(change, ChangeState.ACCEPTED, "lin", NOW + 200 * HOUR, Surroundings())
    change = moved(change, ChangeState.CLOSED, "kai", NOW + 201 * HOUR, Surroundings())

    assert (change.started, change.ended) == (NOW, NOW + HOUR)
    assert change.closed == NOW + 201 * HOUR
    with pytest.raises(ValueError, match="nowhere"):
        moved(change, ChangeState.DRAFT, "kai", NOW, Surroundings())
    with pytest.raises(ValueError, match="stays as it was"):
        edited(change, Plan(), "kai")


def test_changes_of_one_service_at_one_time_are_named() -> None:
    def other(**fields: object) -> Change:
        plan = msgspec.structs.replace(PLAN, **fields)
        return with_(id="CHG-20261122-zzz", plan=plan)

    assert conflicts(READY, [other()])
    assert conflicts(READY, [other(window=None)])
    assert not conflicts(READY, [other(window=Period(NOW + HOUR, NOW + 2 * HOUR))])
    assert not conflicts(READY, [other(services=("mail",))])
    assert not conflicts(READY, [other(environment="staging")])
    assert not conflicts(READY, [READY])
    for state in ChangeState:
        said = bool(conflicts(READY, [with_(other(), state=state)]))
        assert said is (state not in {*OVER, *DONE, ChangeState.DRAFT})
