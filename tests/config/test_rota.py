"""Who is on call: every moment has one answer, on the days when the clocks change too."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.people import Day, Override, Person, Rota, Rotation
from config.rota import Shift, next_shift, on_call, shift_at, shifts_between

PEOPLE = {
    "kai": Person(name="Kai", phone="+886 2 1"),
    "mei": Person(name="Mei 林美", phone="+886 2 2"),
    "lin": Person(name="Lin"),
}
WORKDAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
MONDAY = date(2026, 11, 2)
TEAM = (
    Rotation(
        name="weekday",
        days=WORKDAYS,
        start="09:00",
        end="23:00",
        people=("kai", "mei"),
        first=MONDAY,
    ),
    Rotation(
        name="night", days=WORKDAYS, start="23:00", end="09:00", people=("mei", "lin"), first=MONDAY
    ),
    Rotation(
        name="weekend",
        days=("sat", "sun"),
        start="09:00",
        end="09:00",
        people=("lin", "kai"),
        first=MONDAY,
        backup_phone="+886 2 9",
    ),
)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Taipei")


def rota(*overrides: Override, zone: str = "Europe/Berlin") -> Rota:
    return Rota(zone, TEAM, overrides)


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def override(person: str, start: str, end: str, why: str = "") -> Override:
    return Override(person=person, start=local(start), end=local(end), why=why)


def covering(at: str, *overrides: Override) -> Shift:
    found = shift_at(rota(*overrides), PEOPLE, local(at))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("at", "rotation", "person"),
    [
        ("2026-11-02T09:00", "weekday", "kai"),
        ("2026-11-02T22:59", "weekday", "kai"),
        ("2026-11-02T23:00", "night", "mei"),
        ("2026-11-03T08:59", "night", "mei"),
        ("2026-11-07T09:00", "weekend", "lin"),
        ("2026-11-08T23:30", "weekend", "lin"),
        ("2026-11-09T08:59", "weekend", "lin"),
        ("2026-11-09T09:00", "weekday", "mei"),
        ("2026-11-09T23:00", "night", "lin"),
        ("2026-10-26T09:00", "weekday", "mei"),
        ("2026-10-25T12:00", "weekend", "lin"),
    ],
)
def test_turns_go_by_the_week_from_first_on_and_before_it(
    at: str, rotation: str, person: str
) -> None:
    shift = covering(at)
    assert (shift.rotation, shift.person) == (rotation, person)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = covering("2026-11-07T08:00")
    assert (friday_night.rotation, friday_night.person) == ("night", "mei")
    assert friday_night.start == local("2026-11-06T23:00")
    assert friday_night.end == local("2026-11-07T09:00")


def test_a_shift_tells_name_phone_and_whom_to_ring_else() -> None:
    weekend = covering("2026-11-14T12:00")
    assert (weekend.name, weekend.phone, weekend.backup_phone) == ("Kai", "+886 2 1", "+886 2 9")
    assert covering("2026-11-03T12:00").backup_phone == ""


def test_hours_that_end_when_they_begin_last_until_the_same_time_next_day() -> None:
    sunday = covering("2026-11-08T12:00")
    assert (sunday.start, sunday.end) == (local("2026-11-08T09:00"), local("2026-11-09T09:00"))


def test_by_the_day_only_days_with_a_shift_count() -> None:
    daily = Rotation(
        name="daily",
        days=WORKDAYS,
        start="00:00",
        end="00:00",
        people=("kai", "mei", "lin"),
        turn="day",
        first=date(2026, 11, 4),
    )
    days = [date(2026, 11, 4) + timedelta(days=n) for n in range(-9, 10)]
    seen = [
        shift.person
        for day in days
        if (shift := shift_at(Rota("UTC", (daily,)), PEOPLE, _noon(day))) is not None
    ]
    # From Monday 26 October to Friday 13 November, weekends left out; `first` is the eighth.
    assert seen[7] == "kai"
    in_turn = itertools.cycle(("kai", "mei", "lin"))
    expected = list(itertools.islice(in_turn, 2, 2 + len(seen)))
    assert seen == expected


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def test_the_first_rotation_that_covers_a_moment_decides() -> None:
    always = Rotation(
        name="always",
        days=(*WORKDAYS, "sat", "sun"),
        start="00:00",
        end="00:00",
        people=("lin",),
        first=MONDAY,
    )
    both = Rota("Europe/Berlin", (TEAM[0], always))
    monday = shifts_between(both, PEOPLE, local("2026-11-02T00:00"), local("2026-11-03T00:00"))
    assert [(each.rotation, each.person) for each in monday] == [
        ("always", "lin"),
        ("weekday", "kai"),
        ("always", "lin"),
    ]
    assert [each.start for each in monday[1:]] == [
        local("2026-11-02T09:00"),
        local("2026-11-02T23:00"),
    ]


def test_an_override_wins_and_cuts_a_shift_in_two() -> None:
    stand_in = override("lin", "2026-11-02T12:00", "2026-11-02T14:00", "dentist")
    day = shifts_between(
        rota(stand_in), PEOPLE, local("2026-11-02T09:00"), local("2026-11-02T23:00")
    )
    assert [(each.person, each.start, each.end) for each in day] == [
        ("kai", local("2026-11-02T09:00"), local("2026-11-02T12:00")),
        ("lin", local("2026-11-02T12:00"), local("2026-11-02T14:00")),
        ("kai", local("2026-11-02T14:00"), local("2026-11-02T23:00")),
    ]
    assert (day[1].is_override, day[1].why, day[1].instead_of) == (True, "dentist", "Kai")
    assert not day[0].is_override


def test_an_override_covers_what_no_rotation_does() -> None:
    only = Rota("UTC", (), (override("mei", "2026-11-02T12:00", "2027-02-02T12:00"),))
    shift = shift_at(only, PEOPLE, local("2026-12-24T12:00"))
    assert shift is not None
    assert (shift.start, shift.end) == (local("2026-11-02T12:00"), local("2027-02-02T12:00"))
    assert (shift.rotation, shift.instead_of) == ("", "")


def test_a_long_override_is_told_by_the_shifts_under_it_and_the_time_between_them() -> None:
    mondays = msgspec.structs.replace(TEAM[0], days=("mon",))
    stand_in = override("lin", "2026-11-02T00:00", "2026-11-23T00:00")
    thursday = shift_at(Rota("Europe/Berlin", (mondays,), (stand_in,)), PEOPLE, local("2026-11-05"))
    assert thursday is not None
    assert (thursday.rotation, thursday.instead_of) == ("", "")
    assert thursday.start == local("2026-11-02T23:00")
    assert thursday.end == local("2026-11-09T09:00")


def test_an_override_at_the_edge_of_the_calendar_breaks_nothing() -> None:
    east, west = datetime.fromisoformat, datetime.fromisoformat
    wide = Override(
        person="mei",
        start=east("0001-01-01T00:00:00+14:00"),
        end=west("9999-12-31T23:59:59-14:00"),
    )
    shift = shift_at(Rota("UTC", (), (wide,)), PEOPLE, local("2026-11-02T12:00"))
    assert shift is not None
    assert shift.person == "mei"


def test_who_is_next_is_another_person_and_not_the_same_ones_next_shift() -> None:
    # Lin has Saturday and Sunday; then it is Mei's week.
    at = local("2026-11-07T12:00")
    found = on_call(rota(), PEOPLE, at)
    assert found.now is not None
    assert found.now.person == "lin"
    assert found.until == local("2026-11-09T09:00")
    assert found.next is not None
    assert (found.next.person, found.next.start) == ("mei", local("2026-11-09T09:00"))
    assert next_shift(rota(), PEOPLE, at) == found.next
    assert not found.is_gap_next


def test_a_time_in_which_nobody_is_on_call_is_told_with_its_end() -> None:
    days = Rota("Europe/Berlin", TEAM[:1])
    night = on_call(days, PEOPLE, local("2026-11-04T02:00"))
    assert night.now is None
    assert night.until == local("2026-11-04T09:00")
    assert night.next is not None
    assert night.next.person == "kai"
    day = on_call(days, PEOPLE, local("2026-11-04T12:00"))
    assert day.is_gap_next
    assert (day.until, day.gap_until) == (local("2026-11-04T23:00"), local("2026-11-05T09:00"))
    assert day.next is not None
    assert (day.next.person, day.next.start) == ("mei", local("2026-11-09T09:00"))


def test_without_a_rota_nobody_is_on_call_and_nobody_will_be() -> None:
    found = on_call(Rota(), PEOPLE, local("2026-11-04T12:00"))
    assert (found.now, found.until, found.next) == (None, None, None)


def test_who_is_alone_is_on_call_without_end() -> None:
    alone = msgspec.structs.replace(
        TEAM[2], days=(*WORKDAYS, "sat", "sun"), people=("kai",), name="always"
    )
    found = on_call(Rota("UTC", (alone,)), PEOPLE, local("2026-11-04T12:00"))
    assert found.now is not None
    assert (found.now.person, found.until, found.next) == ("kai", None, None)
    assert not found.is_gap_next


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", "2026-03-28T23:00", 9),
        ("Europe/Berlin", "2026-10-24T23:00", 11),
        ("America/New_York", "2026-03-07T23:00", 9),
        ("America/New_York", "2026-10-31T23:00", 11),
        ("Asia/Taipei", "2026-03-28T23:00", 10),
    ],
)
def test_a_night_in_which_the_clocks_change_is_an_hour_longer_or_shorter(
    zone: str, night: str, hours: int
) -> None:
    nights = msgspec.structs.replace(TEAM[1], days=("sat",))
    shift = shift_at(Rota(zone, (nights,)), PEOPLE, local(night, zone))
    assert shift is not None
    assert shift.end - shift.start == timedelta(hours=hours)
    assert shift.start == local(night, zone)


def between(start: str, end: str) -> Rota:
    hours = msgspec.structs.replace(TEAM[1], days=("sun",), start=start, end=end, people=("mei",))
    return Rota("Europe/Berlin", (hours,))


def test_an_hour_that_is_left_out_begins_and_ends_when_the_clocks_go_forward() -> None:
    # On 29 March 2026 there is no time from 02:00 to 03:00 in Berlin.
    forward = datetime(2026, 3, 29, 1, tzinfo=UTC)
    day = (forward - timedelta(hours=3), forward + timedelta(hours=9))
    (late,) = shifts_between(between("02:30", "06:00"), PEOPLE, *day)
    assert late.start == forward
    (early,) = shifts_between(between("00:00", "02:30"), PEOPLE, *day)
    assert early.end == forward
    assert shifts_between(between("02:15", "02:45"), PEOPLE, *day) == ()


def test_an_hour_that_comes_twice_counts_from_its_first_time() -> None:
    # On 25 October 2026 the time from 02:00 to 03:00 comes twice in Berlin.
    back = datetime(2026, 10, 25, 1, tzinfo=UTC)
    day = (back - timedelta(hours=6), back + timedelta(hours=9))
    (shift,) = shifts_between(between("02:30", "03:00"), PEOPLE, *day)
    assert shift.start == back - timedelta(minutes=30)
    assert shift.end == back + timedelta(hours=1)


# Whatever the rota

TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from((0, 15, 30)))
DAYS: st.SearchStrategy[tuple[Day, ...]] = st.lists(
    st.sampled_from((*WORKDAYS, "sat", "sun")), min_size=1, max_size=7, unique=True
).map(tuple)
ROTATIONS = st.builds(
    Rotation,
    name=st.sampled_from(("a", "b")),
    days=DAYS,
    start=TIMES,
    end=TIMES,
    people=st.lists(st.sampled_from(tuple(PEOPLE)), min_size=1, max_size=3).map(tuple),
    turn=st.sampled_from(("day", "week")),
    first=st.dates(date(2026, 2, 1), date(2026, 12, 1)),
)
MOMENTS = st.one_of(
    # Around the changes of the clocks in Berlin and New York, and anywhere else.
    st.datetimes(datetime(2026, 3, 6), datetime(2026, 3, 10)),
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31)),
    st.datetimes(datetime(2026, 10, 23), datetime(2026, 11, 3)),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
).map(lambda naive: naive.replace(tzinfo=UTC))
OVERRIDES = st.builds(
    lambda person, start, hours: Override(
        person=person, start=start, end=start + timedelta(hours=hours)
    ),
    st.sampled_from(tuple(PEOPLE)),
    MOMENTS,
    st.integers(1, 24 * 20),
)
ROTAS = st.builds(
    Rota,
    zone=st.sampled_from(ZONES),
    rotations=st.lists(ROTATIONS, max_size=3).map(tuple),
    overrides=st.lists(OVERRIDES, max_size=2).map(tuple),
)


@settings(deadline=None)
@given(rota=ROTAS, at=MOMENTS, hours=st.integers(1, 24 * 12))
def test_shifts_never_overlap_and_agree_with_every_moment(
    rota: Rota, at: datetime, hours: int
) -> None:
    end = at + timedelta(hours=hours)
    shifts = shifts_between(rota, PEOPLE, at, end)
    assert all(each.start < each.end for each in shifts)
    assert all(one.end <= other.start for one, other in itertools.pairwise(shifts))
    moments = [at + timedelta(hours=hours) * n / 12 for n in range(12)]
    for each in shifts:
        moments += [each.start, each.end - timedelta(seconds=1), each.end]
    for moment in moments:
        if at <= moment < end:
            covering = [each for each in shifts if each.start <= moment < each.end]
            assert shift_at(rota, PEOPLE, moment) == (covering[0] if covering else None)


def _by_the_clock_on_the_wall(rota: Rota, at: datetime) -> str | None:
    """The rotation that decides, as a person reads the rota beside a clock."""
    wall = at.astimezone(ZoneInfo(rota.zone)).replace(tzinfo=None)
    for rotation in rota.rotations:
        begins, ends = time.fromisoformat(rotation.start), time.fromisoformat(rotation.end)
        for day in (wall.date(), wall.date() - timedelta(days=1)):
            last = day if ends > begins else day + timedelta(days=1)
            covers = datetime.combine(day, begins) <= wall < datetime.combine(last, ends)
            if covers and f"{day:%a}".lower() in rotation.days:
                return rotation.name
    return None


@settings(deadline=None)
@given(rota=ROTAS, at=MOMENTS)
def test_hours_are_those_of_the_clock_on_the_wall(rota: Rota, at: datetime) -> None:
    zone, three_hours = ZoneInfo(rota.zone), timedelta(hours=3)
    offsets = {(at + n * three_hours).astimezone(zone).utcoffset() for n in (-1, 0, 1)}
    shift = shift_at(msgspec.structs.replace(rota, overrides=()), PEOPLE, at)
    if len(offsets) == 1:  # else the wall has two times for one moment, or none
        found = shift.rotation if shift is not None else None
        assert found == _by_the_clock_on_the_wall(rota, at)
    standing = [each for each in rota.overrides if each.start <= at < each.end]
    told = shift_at(rota, PEOPLE, at)
    assert (told is not None and told.is_override) == bool(standing)
    assert not standing or (told is not None and told.person == standing[0].person)


@settings(deadline=None)
@given(rota=ROTAS, at=MOMENTS)
def test_what_is_said_of_the_next_shift_is_true(rota: Rota, at: datetime) -> None:
    found = on_call(rota, PEOPLE, at)
    assert found.now == shift_at(rota, PEOPLE, at)
    if found.until is not None:
        just_before = shift_at(rota, PEOPLE, found.until - timedelta(seconds=1))
        after = shift_at(rota, PEOPLE, found.until)
        now = found.now.person if found.now is not None else None
        assert (just_before.person if just_before is not None else None) == now
        assert (after.person if after is not None else None) != now
        assert found.is_gap_next == (found.now is not None and after is None)
    if found.next is not None:
        assert found.next == shift_at(rota, PEOPLE, found.next.start)
        assert found.next.start > at
