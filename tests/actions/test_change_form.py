"""What is typed into the form of a change is read exactly, or refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.changes import StandardChange
from console.actions.papers.change_form import FIELDS, begun, judged, remarks_on, typed_of
from console.actions.papers.window import WindowFault, window_of, window_text
from console.model.change import (
    Approval,
    Change,
    ChangeKind,
    ChangeState,
    Likelihood,
    Plan,
    Rollback,
    plan_hash,
)
from console.model.change_rules import lacking
from console.model.freeze import Period
from tests.build import T0
from tests.journal.made import changes
from tests.soak import trials

BLANK = begun("kai", T0, zone="UTC", environment="prod")
FULL = {
    "title": "More memory for redis",
    "kind": "Normal",
    "services": "redis\nshop api\n",
    "hosts": "data-1",
    "reason": "It is full.\n\nThe shop loses carts.",
    "what": "maxmemory 2gb",
    "steps": "redis-cli config set maxmemory 2gb\n",
    "runbook": "cache-full",
    "version": "redis 7.4",
    "traffic_percent": "12.5 %",
    "risk_likelihood": "low",
    "risk_impact": "high",
    "impact": "nobody notices",
    "expected_alerts": "RedisMemoryHigh\nCartSlow",
    "expected_downtime": "0s",
    "expected_degraded": "1h 30m",
    "silence": 'service="redis"\nalertname=~"Redis.*"',
    "start": "2026-11-23 02:00",
    "end": "04:00",
    "timezone": "Asia/Taipei",
    "rollback": "redis-cli config set maxmemory 1gb",
    "rollback_takes": "5m",
    "rollback_trigger": "p95 of shop above 2 s for 5 min",
    "verification": "[STATUS] == 200\n[BODY].queue < 10",
    "accepts": "mei",
    "observed": "7d",
    "executor": "kai",
    "reviewer": "mei",
    "evidence": "on staging",
    "incidents": "INC-20261122-7f3, INC-20261122-7f4",
    "related": "CHG-20261101-aaa",
    "notes": "-",
}


def faults_of(change: Change = BLANK, **typed: str) -> list[tuple[str, int, str]]:
    """What is wrong with what is typed, the title aside."""
    found = judged({"title": "x", **typed}, change)
    return [(one.field, one.line, one.text) for one in found.faults]


def test_every_field_is_read_into_its_place() -> None:
    found = judged(FULL, BLANK)
    assert found.faults == ()
    plan, prose = found.change.plan, found.change.prose
    assert found.change.title == "More memory for redis"
    assert (plan.kind, plan.services, plan.hosts) == (
        ChangeKind.NORMAL,
        ("redis", "shop api"),
        ("data-1",),
    )
    assert plan.steps == "redis-cli config set maxmemory 2gb"
    assert (plan.runbook, plan.version, plan.traffic_percent) == ("cache-full", "redis 7.4", 12.5)
    assert plan.risk.level is Likelihood.MEDIUM
    assert plan.expected_alerts == ("RedisMemoryHigh", "CartSlow")
    assert plan.expected_downtime == timedelta(0)
    assert plan.expected_degraded == timedelta(minutes=90)
    assert plan.silence == ('service="redis"', 'alertname=~"Redis.*"')
    assert plan.window == Period(
        datetime(2026, 11, 22, 18, tzinfo=UTC), datetime(2026, 11, 22, 20, tzinfo=UTC)
    )
    assert plan.rollback == Rollback(
        "redis-cli config set maxmemory 1gb",
        timedelta(minutes=5),
        "p95 of shop above 2 s for 5 min",
    )
    assert plan.verification == ("[STATUS] == 200", "[BODY].queue < 10")
    assert (plan.acceptance.by, plan.acceptance.after) == ("mei", timedelta(days=7))
    assert (plan.executor, plan.reviewer, plan.environment) == ("kai", "mei", "prod")
    assert prose.reason == "It is full.\n\nThe shop loses carts."
    assert (prose.what, prose.impact, prose.evidence) == (
        "maxmemory 2gb",
        "nobody notices",
        "on staging",
    )
    assert found.change.incidents == ("INC-20261122-7f3", "INC-20261122-7f4")
    assert found.change.related == ("CHG-20261101-aaa",)
    assert lacking(plan) == ()


def test_what_was_read_stands_in_the_form_and_is_read_again() -> None:
    once = judged(FULL, BLANK).change
    again = judged(typed_of(once), BLANK)
    assert again.faults == () and again.change == once


def test_the_form_has_every_field_once() -> None:
    assert [one.name for one in FIELDS] == list(typed_of(BLANK))
    assert all(len(one.caption) <= 9 for one in FIELDS)


def test_a_change_may_be_kept_half_done() -> None:
    found = judged({"title": "later"}, BLANK)
    assert found.faults == ()
    assert lacking(found.change.plan), "what it lacks is said, and does not hold it up"


@settings(max_examples=trials(usual=60, soak=5_000), deadline=None)
@given(change=changes)
def test_what_nobody_touched_stays_to_the_last_character(change: Change) -> None:
    found = judged(typed_of(change), change)
    assert found.faults == () and found.change == change


@settings(max_examples=trials(usual=60, soak=5_000), deadline=None)
@given(change=changes, steps=st.text(max_size=30).filter(lambda text: text.strip()))
def test_one_touched_field_changes_that_field_alone(change: Change, steps: str) -> None:
    change = msgspec.structs.replace(change, state=ChangeState.DRAFT)
    typed = {**typed_of(change), "steps": steps}
    found = judged(typed, change).change
    plan = msgspec.structs.replace(found.plan, steps=change.plan.steps)
    assert msgspec.structs.replace(found, plan=plan) == change


# Faults


@pytest.mark.parametrize(
    ("field", "text", "line", "said"),
    [
        ("kind", "urgent", 0, "standard, normal, emergency"),
        ("risk_impact", "huge", 0, "low, medium, high"),
        ("traffic_percent", "101", 0, "0 to 100"),
        ("traffic_percent", "nan", 0, "0 to 100"),
        ("traffic_percent", "1_0", 0, "0 to 100"),
        ("rollback_takes", "10", 0, "a duration such as"),
        ("observed", "-7d", 0, "a duration such as"),
        ("start", "tomorrow", 0, "2026-11-23 02:00"),
        ("timezone", "Asia/Nowhere", 0, "IANA time zone"),
        ("silence", 'a="b"\n\nservice', 2, "column 8"),
        ("silence", 'a=~".*"', 0, ""),
        ("verification", "[STATUS] == 200\n\n  [STATUS] = 200", 2, "column 12"),
        ("verification", "[RESPONSE_TIME] < 300", 0, "[STATUS] or [EXIT]"),
        ("colour", "red", 0, "no field is called colour"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    field: str, text: str, line: int, said: str
) -> None:
    (found,) = faults_of(BLANK, **{field: text})
    assert found[:2] == (field, line) and said in found[2]


def test_a_new_change_has_a_title() -> None:
    assert [one.field for one in judged({}, BLANK).faults] == ["title"]


def test_faults_stand_in_the_order_of_the_form() -> None:
    fields = [one[0] for one in faults_of(observed="x", kind="x", expected_downtime="x")]
    assert fields == ["kind", "expected_downtime", "observed"]


def test_hostile_text_in_a_fault_is_made_safe() -> None:
    for _, _, text in faults_of(timezone="\x1b[2J\u202e", verification="\x1b] == 1"):
        assert "\x1b" not in text and "\u202e" not in text


# An approval, and what was carried out


def approved(state: ChangeState) -> Change:
    """A change that mei approved, in some state."""
    change = msgspec.structs.replace(judged(FULL, BLANK).change, state=state)
    agreed = Approval("mei", T0, plan_hash(change.plan))
    return msgspec.structs.replace(change, approvals=(agreed,))


def test_editing_an_approved_plan_has_it_submitted_again() -> None:
    change = approved(ChangeState.SCHEDULED)
    found = judged({"steps": "rm -rf /"}, change)
    assert found.faults == () and found.change.state is ChangeState.SUBMITTED


def test_editing_its_prose_leaves_it_approved() -> None:
    change = approved(ChangeState.APPROVED)
    found = judged({"notes": "bring coffee", "title": "other"}, change)
    assert found.change.state is ChangeState.APPROVED
    assert found.change.prose.notes == "bring coffee"


def test_the_plan_of_what_is_carried_out_stays_and_its_result_can_be_written() -> None:
    change = approved(ChangeState.IN_PROGRESS)
    found = judged({"steps": "other", "result": "well"}, change)
    assert [(one.field, one.text) for one in found.faults] == [
        ("steps", "it is in progress; its plan stays as it was carried out")
    ]
    kept = judged({"result": "well"}, change)
    assert kept.faults == () and kept.change.plan == change.plan
    assert kept.change.prose.result == "well"


def test_a_standard_fills_in_what_it_has() -> None:
    standard = StandardChange(
        name="restart", summary="Restart a cache", services=("redis",), steps="a", rollback="b"
    )
    change = begun("kai", T0, services=("shop",), standard=standard)
    assert change.title == "Restart a cache" and change.plan.kind is ChangeKind.STANDARD
    assert change.plan == Plan(
        kind=ChangeKind.STANDARD,
        template="restart",
        services=("redis",),
        steps="a",
        rollback=Rollback("b"),
        executor="kai",
    )


# Windows


def at(hour: int, minute: int = 0, *, day: int, month: int = 11) -> datetime:
    """A moment of 2026 in UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "zone", "begins", "ends"),
    [
        ("2026-11-23 02:00", "04:00", "", at(2, day=23), at(4, day=23)),
        ("2026-11-23 23:00", "02:00", "UTC", at(23, day=23), at(2, day=24)),
        ("2026-11-23 2:00", "+2h", "Asia/Taipei", at(18, day=22), at(20, day=22)),
        ("2026-11-23T02:00Z", "2026-11-24 02:00", "Asia/Taipei", at(2, day=23), at(18, day=23)),
        # The night on which clocks in Berlin go back: two hours pass, and they show one.
        (
            "2026-10-25 01:30",
            "+2h",
            "Europe/Berlin",
            at(23, 30, day=24, month=10),
            at(1, 30, day=25, month=10),
        ),
        (
            "2026-10-25 02:30+0100",
            "03:30",
            "Europe/Berlin",
            at(1, 30, day=25, month=10),
            at(2, 30, day=25, month=10),
        ),
        # They go forward: from 01:30 to 03:30 is one hour.
        (
            "2026-03-29 01:30",
            "03:30",
            "Europe/Berlin",
            at(0, 30, day=29, month=3),
            at(1, 30, day=29, month=3),
        ),
    ],
)
def test_a_window_is_read_in_its_zone_and_written_so_that_it_is_read_again(
    start: str, end: str, zone: str, begins: datetime, ends: datetime
) -> None:
    found = window_of(start, end, zone)
    assert found == Period(begins, ends)
    assert window_of(*window_text(found, zone), zone) == found


@pytest.mark.parametrize(
    ("start", "end", "zone", "field", "said"),
    [
        ("2026-03-29 02:30", "+1h", "Europe/Berlin", "start", "the clocks skip 02:30"),
        ("2026-10-25 02:30", "+1h", "Europe/Berlin", "start", "02:30+0200 or 2026-10-25 02:30+01"),
        ("2026-10-25 01:00", "02:30", "Europe/Berlin", "end", "show it twice"),
        ("2026-11-31 02:00", "+1h", "", "start", "there is no such day"),
        ("2026-11-23 02:00", "", "", "end", "expected 04:00, +2h"),
        ("", "04:00", "", "start", "expected a day and a time"),
        ("2026-11-23 02:00", "2026-11-23 01:00", "", "end", "after the start"),
        ("2026-11-23 02:00", "+0s", "", "end", "after the start"),
        ("9999-12-31 23:00", "+9999999d", "", "end", "a calendar has"),
        ("9999-12-31 23:00", "01:00", "", "end", "a calendar has"),
        ("2026-11-23 02:00", "+2h", "Europe", "timezone", "IANA"),
    ],
)
def test_a_window_that_is_not_sure_is_not_guessed(
    start: str, end: str, zone: str, field: str, said: str
) -> None:
    with pytest.raises(WindowFault) as caught:
        window_of(start, end, zone)
    assert caught.value.field == field and said in str(caught.value)


@given(
    start=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    minutes=st.integers(1, 4000),
    zone=st.sampled_from(["", "Asia/Taipei", "Europe/Berlin", "Australia/Lord_Howe", "nowhere"]),
)
@settings(max_examples=trials(usual=100, soak=20_000), deadline=None)
def test_any_window_is_written_so_that_it_is_read_again(
    start: datetime, minutes: int, zone: str
) -> None:
    start = start.replace(microsecond=0)
    window = Period(start, start + timedelta(minutes=minutes))
    texts = window_text(window, zone)
    assert window_of(*texts, "" if zone == "nowhere" else zone) == window


def test_a_zone_that_is_changed_moves_the_window() -> None:
    change = judged(FULL, BLANK).change
    moved = judged({"timezone": "UTC"}, change).change
    assert moved.plan.window == Period(at(2, day=23), at(4, day=23))


def test_what_follows_from_the_fields_stands_beside_them() -> None:
    said = remarks_on(judged(FULL, BLANK).change)
    assert said == {"end": "2026-11-22 18:00 to 20:00 UTC, 2h", "risk_impact": "risk: medium"}
