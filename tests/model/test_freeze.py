"""When changes may be made: to the minute, over midnight and when the clocks are changed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.fault import Fault
from config.time_intervals import checked_interval
from config.yaml_nodes import Mapping, read
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope, Window
from console.model.time_interval import Interval, edges_after

TAIPEI = ZoneInfo("Asia/Taipei")
NEW_YORK = ZoneInfo("America/New_York")
BEIRUT = ZoneInfo("Asia/Beirut")
"""There the clocks are changed at midnight."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def written(text: str) -> Interval | tuple[Fault, ...]:
    root = read(text.encode(), "oncall.yaml")
    assert isinstance(root, Mapping)
    return checked_interval(root, "oncall.yaml", "freezes[0]")


def interval(text: str) -> Interval:
    found = written(text)
    assert isinstance(found, Interval), found
    return found


NIGHTS = """
times: [{start_time: "22:00", end_time: "24:00"}, {start_time: "00:00", end_time: "06:00"}]
location: Asia/Taipei
"""


def test_a_window_over_midnight_is_open_all_night_of_its_own_zone() -> None:
    window = Schedule((interval(NIGHTS),))

    for at, is_open in (
        ("2026-11-22T13:59", False),
        ("2026-11-22T14:00", True),
        ("2026-11-22T15:59", True),
        ("2026-11-22T16:00", True),
        ("2026-11-22T21:59", True),
        ("2026-11-22T22:00", False),
    ):
        assert window.holds(utc(at)) is is_open
    assert window.until(utc("2026-11-22T14:30")) == utc("2026-11-22T22:00")
    assert window.until(utc("2026-11-22T22:00")) == utc("2026-11-23T14:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('times: [{start_time: "22:00", end_time: "06:00"}]', "past midnight, write two"),
        ('times: [{start_time: "25:00", end_time: "26:00"}]', "25:00 is no time of day"),
        ("times: [22:00]", "not written as keys"),
        ("times: 22:00", "expected a list"),
        ("times: []", "expected a list"),
        ("weekdays: [friday:monday]", "expected weekdays"),
        ("weekdays: [someday]", "expected a name such as sunday, or a number, got someday"),
        ("days_of_month: ['0']", "expected days 1 to 31"),
        ("days_of_month: ['5:-5']", "expected days 1 to 31"),
        ("months: [december:january]", "expected months"),
        ("years: ['2027:2026']", "expected years"),
        ("location: Mars/Olympus", "time zone Mars/Olympus is not known"),
        ("weekday: [monday]", 'unknown key "weekday"'),
        ("{}", "expected keys with values"),
    ],
)
def test_an_interval_that_would_never_hold_is_a_fault_with_its_place(
    text: str, expected: str
) -> None:
    found = written(text)

    assert isinstance(found, tuple)
    assert expected in found[0].message
    assert found[0].line == 1
    assert found[0].path.startswith("freezes[0]")


def test_a_freeze_beats_a_window_and_opens_when_it_is_over() -> None:
    calendar = Calendar(
        windows=(Window("nights", Schedule((interval(NIGHTS),))),),
        freezes=(
            Freeze(
                "observation",
                Level.HARD,
                Schedule(periods=(Period(utc("2026-11-20"), utc("2026-11-27")),)),
            ),
        ),
    )

    assert not calendar.is_open(utc("2026-11-22T15:00"))
    assert calendar.is_open(utc("2026-11-22T15:00"), passing=frozenset({"observation"}))
    assert calendar.next_opening(utc("2026-11-22T15:00")) == utc("2026-11-27T14:00")
    assert calendar.next_opening(utc("2026-11-27T15:00")) == utc("2026-11-27T15:00")
    inside = frozenset({"observation"})
    assert calendar.next_opening(utc("2026-11-22T09:00"), passing=inside) == utc("2026-11-22T14:00")


def test_what_is_frozen_for_ever_has_no_opening() -> None:
    always = Schedule((Interval(years=((2000, 2100),)),))
    calendar = Calendar(freezes=(Freeze("moratorium", Level.HARD, always),))

    assert calendar.next_opening(utc("2026-11-22")) is None
    assert Calendar().next_opening(utc("2026-11-22")) == utc("2026-11-22")


def test_a_freeze_is_about_the_services_and_environments_that_it_names() -> None:
    always = Schedule(periods=(Period(utc("2026-01-01"), utc("2027-01-01")),))
    at = utc("2026-11-22")
    soft = Freeze("soft", Level.SOFT, always, Scope(services=("pay",)))
    hard = Freeze(
        "hard", Level.HARD, always, Scope(services=("pay", "shop"), environments=("prod",))
    )
    calendar = Calendar(freezes=(soft, hard))

    assert calendar.in_force(at, ("pay",), "prod") == (hard, soft)
    assert calendar.in_force(at, ("shop", "mail"), "prod") == (hard,)
    assert calendar.in_force(at, ("shop",), "staging") == ()
    assert calendar.in_force(at, ("mail",), "prod") == ()
    # Where no service is said it may be any.
    assert calendar.in_force(at, (), "prod") == (hard, soft)


def test_a_change_of_two_services_needs_the_windows_of_both() -> None:
    def window(name: str, service: str, first: str, last: str) -> Window:
        return Window(name, Schedule(periods=(Period(utc(first), utc(last)),)), Scope((service,)))

    calendar = Calendar(
        windows=(
            window("a", "pay", "2026-11-22T01:00", "2026-11-22T03:00"),
            window("b", "shop", "2026-11-22T02:00", "2026-11-22T04:00"),
        )
    )

    assert calendar.next_opening(utc("2026-11-22"), ("pay",)) == utc("2026-11-22T01:00")
    assert calendar.next_opening(utc("2026-11-22"), ("pay", "shop")) == utc("2026-11-22T02:00")
    assert calendar.next_opening(utc("2026-11-22T03:00"), ("pay", "shop")) is None
    assert calendar.is_open(utc("2026-11-22"), ("mail",))


ZONES = (
    UTC,
    TAIPEI,
    NEW_YORK,
    BEIRUT,
    ZoneInfo("Pacific/Kiritimati"),
    ZoneInfo("Pacific/Pago_Pago"),
)
CHANGES = ("2026-03-07T12:00", "2026-03-28T12:00", "2026-10-24T12:00", "2026-10-31T12:00")
"""Days on which clocks are changed in New York or Beirut follow."""


@settings(deadline=None, max_examples=60)
@given(
    zone=st.sampled_from(ZONES),
    start=st.integers(0, 1439),
    length=st.integers(1, 200),
    begin=st.sampled_from(CHANGES),
)
def test_no_minute_of_a_day_on_which_the_clocks_are_changed_is_missed(
    zone: ZoneInfo, start: int, length: int, begin: str
) -> None:
    schedule = Schedule((Interval(minutes=((start, min(start + length, 1440)),), zone=zone),))
    at = utc(begin)
    end = at + timedelta(hours=36)
    changes = []
    holds = schedule.holds(at)
    while (at := at + timedelta(minutes=1)) < end:
        if schedule.holds(at) != holds:
            holds = not holds
            changes.append(at)

    now, found = utc(begin), []
    while (edge := schedule.until(now)) is not None and edge < end:
        found.append(edge)
        now = edge
    assert found == changes


def test_edges_of_far_apart_zones_come_in_their_order() -> None:
    east = Interval(minutes=((60, 61),), zone=ZoneInfo("Pacific/Kiritimati"))
    west = Interval(minutes=((1380, 1381),), zone=ZoneInfo("Pacific/Pago_Pago"))
    found = []
    for edge in edges_after((east, west), utc("2026-11-22")):
        found.append(edge)
        if len(found) > 200:
            break

    assert found == sorted(set(found))
    assert all(one > utc("2026-11-22") for one in found)


def test_the_last_moments_that_a_calendar_knows_are_no_error() -> None:
    always = Schedule((Interval(minutes=((60, 120),), zone=TAIPEI),))

    assert always.until(datetime(9999, 12, 31, 23, 30, tzinfo=UTC)) is None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("begin", CHANGES)
def test_whole_days_begin_and_end_when_their_zone_says_so(zone: ZoneInfo, begin: str) -> None:
    start = utc(begin)
    for written in (
        Interval(weekdays=((6, 6), (0, 0)), zone=zone),
        Interval(days=((28, 31),), zone=zone),
        Interval(months=((3, 3), (11, 11)), zone=zone),
        Interval(weekdays=((0, 0),), minutes=((0, 120),), zone=zone),
    ):
        schedule = Schedule((written,))
        moments = [start + number * timedelta(minutes=15) for number in range(8 * 96)]
        turns = [
            after
            for before, after in itertools.pairwise(moments)
            if schedule.holds(before) != schedule.holds(after)
        ]
        now, found = start, []
        while (edge := schedule.until(now)) is not None and edge <= moments[-1]:
            found.append(edge)
            now = edge
        assert found == turns


def test_an_opening_is_looked_for_no_further_than_asked() -> None:
    window = Schedule(periods=(Period(utc("2026-11-25"), utc("2026-11-26")),))
    calendar = Calendar(windows=(Window("one", window),))
    at = utc("2026-11-22")
    assert calendar.next_opening(at, before=utc("2026-11-25")) is None
    assert calendar.next_opening(at, before=utc("2026-11-25T00:01")) == utc("2026-11-25")
