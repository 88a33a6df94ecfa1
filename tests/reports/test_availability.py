"""Availability equals what is counted second by second, on days of any length."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.changes import ChangePeriod
from config.history import Maintenance
from console.model.change import Change
from console.model.history import Observed, Sight, Stretch, together
from console.model.saying import verbatim
from console.model.summary import Availability, Exclusion, Outage, Slot, Week, summed
from console.model.time_interval import Interval
from console.model.unix import milliseconds
from console.reports.availability import Slots, disjoint, reckoned
from console.reports.days import hour_edges, moments, window_of
from console.reports.exclusions import exclusions_of
from console.reports.seen import slots_of
from console.reports.week import week_of
from tests.reports.material import change, material, service, utc
from tests.soak import trials

DAYS: Final = (
    ("Asia/Taipei", date(2026, 11, 22)),
    ("Europe/Berlin", date(2026, 3, 29)),  # of 23 hours
    ("Europe/Berlin", date(2026, 10, 25)),  # of 25 hours
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # of 23.5 hours
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # of 24.5 hours
    ("Asia/Beirut", date(2026, 3, 29)),  # without a midnight
    ("America/Havana", date(2026, 11, 1)),  # midnight comes twice
)
GRAIN_S: Final = 97
"""Histories are made of pieces of so many seconds: no border of an hour is one of theirs."""
HOURS: Final = 60
IS_DOWN: Final = bytes(byte == Sight.DOWN for byte in range(256))

_pieces = st.tuples(st.integers(0, HOURS * 37), st.integers(1, 400), st.sampled_from(Sight))
_minutes = st.tuples(st.integers(0, 22), st.integers(1, 3)).map(
    lambda one: (one[0] * 60 + 17, min(24 * 60, (one[0] + one[1]) * 60))
)


class World(NamedTuple):
    """A service, how it was seen, and what is excluded for it."""

    zone: str
    day: date
    recordings: list[list[tuple[int, int, Sight]]]
    minutes: list[tuple[int, int]]
    maintenance_zone: str
    change: tuple[int, int, int, int] | None
    """Of its window the beginning and the length, of its work the beginning and the length."""
    cut: int | None
    """How many pieces after the window's beginning the present is."""


worlds = st.builds(
    lambda zone, *rest: World(*zone, *rest),
    st.sampled_from(DAYS),
    st.lists(st.lists(_pieces, max_size=12), min_size=1, max_size=3),
    st.lists(_minutes, max_size=2),
    st.sampled_from(["UTC", "Australia/Lord_Howe", "America/Havana"]),
    st.none() | st.tuples(*[st.integers(0, 1_500), st.integers(1, 200)] * 2),
    st.none() | st.integers(1, HOURS * 37),
)


class Painted:
    """The same second by second: a byte for each, the later paint over the earlier."""

    EXCLUDED = 8

    def __init__(self, world: World) -> None:
        self.world = world
        zone = ZoneInfo(world.zone)
        window = window_of(world.day - timedelta(days=1), world.day + timedelta(days=1), world.zone)
        self.now = utc("2027-01-01")
        self.start, self.end = moments(window, self.now)
        if world.cut is not None:
            self.now = self.start + timedelta(seconds=world.cut * GRAIN_S)
            self.end = min(self.end, self.now)
        self.seconds = int((self.end - self.start).total_seconds())
        self.sights = self._paint_sights()
        self.excluded = self._paint_excluded()
        whole = int.from_bytes(self.sights) | int.from_bytes(self.excluded)
        self.both = whole.to_bytes(self.seconds)
        # Which day a second is of: clocks are changed at full half hours.
        self.days: dict[date, list[range]] = {}
        for low in range(0, self.seconds, 1800):
            local = (self.start + timedelta(seconds=low)).astimezone(zone).date()
            self.days.setdefault(local, []).append(range(low, min(low + 1800, self.seconds)))

    def _paint_sights(self) -> bytearray:
        paper = bytearray([Sight.UNKNOWN]) * self.seconds
        for sight in (Sight.UP, Sight.SLOW, Sight.DOWN):
            for recording in self.world.recordings:
                for start, length, own in recording:
                    if own is sight:
                        _paint(paper, start * GRAIN_S, (start + length) * GRAIN_S, sight)
        return paper

    def _paint_excluded(self) -> bytearray:
        paper = bytearray(self.seconds)
        if self.world.minutes:
            for low in range(0, self.seconds, 60):
                if self.interval.holds(self.start + timedelta(seconds=low)):
                    _paint(paper, low, low + 60, self.EXCLUDED)
        if self.world.change is not None:
            window, lasts, began, took = self.world.change
            low, high = max(window, began), min(window + lasts, began + took)
            _paint(paper, low * GRAIN_S, high * GRAIN_S, self.EXCLUDED)
        return paper

    @property
    def interval(self) -> Interval:
        return Interval(
            minutes=tuple(self.world.minutes), zone=ZoneInfo(self.world.maintenance_zone)
        )

    def count(self, spans: list[range]) -> Availability:
        """Second by second."""
        counts = [sum(self.both[one.start : one.stop].count(byte) for one in spans)
                  for byte in range(16)]  # fmt: skip
        excluded = [counts[sight + self.EXCLUDED] for sight in Sight]
        return Availability(
            whole_s=sum(counts),
            excluded_s=sum(excluded),
            known_s=sum(counts[sight] for sight in (Sight.UP, Sight.SLOW, Sight.DOWN)),
            down_s=counts[Sight.DOWN],
            slow_s=counts[Sight.SLOW],
            raw_known_s=sum(counts[sight] + excluded[sight] for sight in list(Sight)[:3]),
            raw_down_s=counts[Sight.DOWN] + excluded[Sight.DOWN],
        )

    # What the console is given of it.

    @property
    def observed(self) -> Observed:
        start_ms = milliseconds(self.start)
        return Observed(
            "shop",
            together(
                [
                    [
                        Stretch(
                            start_ms + start * GRAIN_S * 1000,
                            start_ms + (start + length) * GRAIN_S * 1000,
                            sight,
                        )
                        for start, length, sight in one
                    ]
                    for one in self.world.recordings
                ]
            ),
        )

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        maintenance = Maintenance(name="nightly", times=(self.interval,))
        return exclusions_of(
            (maintenance,) if self.world.minutes else (),
            tuple(self._changes()),
            "prod",
            self.start - timedelta(days=3),
            self.end,
        )

    def _changes(self) -> Iterator[Change]:
        if self.world.change is None:
            return
        window, lasts, began, took = (timedelta(seconds=one * GRAIN_S) for one in self.world.change)
        yield change(
            window=(str(self.start + window)[:19], str(self.start + window + lasts)[:19]),
            started=str(self.start + began)[:19],
            ended=str(self.start + began + took)[:19],
        )

    @property
    def week(self) -> Week:
        return week_of(
            material(
                self.observed,
                services=[service()],
                first=self.world.day - timedelta(days=1),
                last=self.world.day + timedelta(days=1),
                zone=self.world.zone,
                now=self.now,
                exclusions=self.exclusions,
            )
        )


def _paint(paper: bytearray, low: int, high: int, what: int) -> None:
    low, high = max(0, low), min(len(paper), high)
    if low < high:
        paper[low:high] = bytes([what]) * (high - low)


@given(worlds)
@settings(max_examples=trials(usual=50, soak=3_000), deadline=None)
def test_availability_is_what_is_counted_second_by_second(world: World) -> None:
    painted = Painted(world)

    (found,) = painted.week.services

    assert found.total == painted.count([range(painted.seconds)])
    assert [one.availability for one in found.days] == [
        painted.count(spans) for _, spans in sorted(painted.days.items())
    ]


@given(worlds)
@settings(max_examples=trials(usual=40, soak=2_000), deadline=None)
def test_days_and_hours_add_up_and_outages_are_the_seconds_that_were_down(world: World) -> None:
    painted = Painted(world)
    week = painted.week

    (found,) = week.services
    assert _near(summed(one.availability for one in found.days), found.total)
    assert week.total == found.total
    assert found.total.excluded_s + found.total.wanted_s == pytest.approx(found.total.whole_s)
    assert _whole_numbers(found.total)
    assert _near(_hours_together(painted), found.total)
    if found.outage_count == len(found.outages):
        down = bytearray(painted.seconds)
        for one in found.outages:
            low, high = (int((at - painted.start).total_seconds()) for at in (one.start, one.end))
            _paint(down, low, high, 1)
            assert set(painted.excluded[low:high]) == {painted.EXCLUDED if one.excluded_by else 0}
        assert down == painted.sights.translate(IS_DOWN)
        assert all(_are_two(*each) for each in itertools.pairwise(found.outages))


def _hours_together(painted: Painted) -> Availability:
    window = window_of(painted.world.day, painted.world.day, painted.world.zone)
    days = [painted.world.day + timedelta(days=n) for n in (-1, 0, 1)]
    whole = material(
        services=[service()],
        first=days[0],
        last=days[-1],
        zone=painted.world.zone,
        exclusions=painted.exclusions,
    )
    edges = [hour_edges(day, window.zone, painted.now) for day in days]
    hours: list[Slot] = [one for each in edges for one in slots_of(painted.observed, each, whole)]
    return summed(one.availability for one in hours)


def _are_two(one: Outage, following: Outage) -> bool:
    return one.end < following.start or (
        one.end == following.start and one.excluded_by != following.excluded_by
    )


def _near(one: Availability, other: Availability) -> bool:
    pairs = zip(_seconds(one), _seconds(other), strict=True)
    return all(mine == pytest.approx(theirs) for mine, theirs in pairs)


def _whole_numbers(one: Availability) -> bool:
    ratios = (one.ratio, one.raw_ratio, one.coverage)
    return all(0 <= each <= 1 for each in ratios if each is not None)


def _seconds(one: Availability) -> tuple[float, ...]:
    return (one.whole_s, one.excluded_s, one.known_s, one.down_s, one.slow_s,
            one.raw_known_s, one.raw_down_s)  # fmt: skip


def day(hour: float) -> datetime:
    return utc("2026-11-22") + timedelta(hours=hour)


def stretch(first: float, last: float, sight: Sight) -> Stretch:
    return Stretch(milliseconds(day(first)), milliseconds(day(last)), sight)


def test_percentages_of_services_and_of_days_are_never_averaged() -> None:
    """One hour of one day was watched and all of it was down; the rest of two days was up."""
    start = utc("2026-11-21")
    busy = Observed("busy", (Stretch(milliseconds(start), milliseconds(day(24)), Sight.UP),))
    rare = Observed("rare", (stretch(0, 1, Sight.DOWN),))

    week = week_of(material(busy, rare, first=date(2026, 11, 21)))

    mean_of_services = (1.0 + 0.0) / 2
    assert week.total.ratio == pytest.approx(1 - 1 / 49)
    assert week.total.ratio != pytest.approx(mean_of_services, abs=0.1)
    one = week_of(
        material(
            Observed("shop", (*busy.stretches[:0], stretch(-24, 0, Sight.UP), *rare.stretches)),
            first=date(2026, 11, 21),
        )
    )
    assert [each.availability.ratio for each in one.services[0].days] == [1.0, 0.0]
    assert one.total.ratio == pytest.approx(1 - 1 / 25)


def test_borders_are_exact_to_the_millisecond() -> None:
    slots = Slots([day(0), day(12), day(24)], [Exclusion(verbatim("m"), day(11.5), day(12.5))])
    noon = milliseconds(day(12))

    found = reckoned([Stretch(noon - 1, noon + 1, Sight.DOWN)], slots)

    assert [one.raw_down_s for one in found.slots] == [0.001, 0.001]
    assert [one.down_s for one in found.slots] == [0, 0]
    assert [one.excluded_s for one in found.slots] == [1800, 1800]
    assert found.outages == (
        Outage(
            day(12) - timedelta(milliseconds=1), day(12) + timedelta(milliseconds=1), verbatim("m")
        ),
    )


def test_an_outage_over_the_edge_of_maintenance_is_two_and_over_midnight_one() -> None:
    slots = Slots(
        [day(0), day(24), day(48)], [Exclusion(verbatim("maintenance night"), day(22), day(23))]
    )

    found = reckoned([stretch(22.5, 26, Sight.DOWN)], slots)

    assert found.outages == (
        Outage(day(22.5), day(23), verbatim("maintenance night")),
        Outage(day(23), day(26)),
    )
    assert found.total.down_s == 3 * 3600
    assert found.total.raw_down_s == 3.5 * 3600


def test_an_outage_that_touches_maintenance_from_either_side_is_one_and_counts() -> None:
    slots = Slots(
        [day(0), day(24), day(48)], [Exclusion(verbatim("maintenance night"), day(22), day(23))]
    )

    found = reckoned([stretch(21, 22, Sight.DOWN), stretch(23, 24, Sight.DOWN)], slots)

    assert found.outages == (Outage(day(21), day(22)), Outage(day(23), day(24)))
    assert found.total.down_s == 2 * 3600


def test_what_is_not_observed_is_neither_up_nor_down() -> None:
    slots = Slots([day(0), day(24)])

    found = reckoned([stretch(0, 6, Sight.UP), stretch(6, 24, Sight.UNKNOWN)], slots).total

    assert found.ratio == 1
    assert found.coverage == 0.25


def test_of_nothing_observed_nothing_is_known() -> None:
    found = reckoned([], Slots([day(0), day(24)])).total

    assert (found.ratio, found.raw_ratio, found.coverage) == (None, None, 0)


def test_all_excluded_has_no_coverage_and_no_ratio() -> None:
    slots = Slots([day(0), day(24)], [Exclusion(verbatim("m"), day(-1), day(30))])

    found = reckoned([stretch(0, 24, Sight.DOWN)], slots).total

    assert (found.ratio, found.coverage, found.raw_ratio) == (None, None, 0)


def test_exclusions_that_overlap_count_once_and_the_first_has_the_name() -> None:
    spans = disjoint(
        [
            Exclusion(verbatim("b"), day(2), day(5)),
            Exclusion(verbatim("a"), day(1), day(3)),
            Exclusion(verbatim("c"), day(4), day(4.5)),
            Exclusion(verbatim("a"), day(0), day(1)),
        ]
    )

    assert [(one.start_ms, one.end_ms, one.by.text) for one in spans] == [
        (milliseconds(day(0)), milliseconds(day(3)), "a"),
        (milliseconds(day(3)), milliseconds(day(5)), "b"),
    ]


def test_a_hostile_schedule_of_every_other_minute_is_exact_and_bounded() -> None:
    minutes = tuple((minute, minute + 1) for minute in range(0, 1440, 2))
    many = tuple(Interval(minutes=minutes) for _ in range(5))
    maintenance = Maintenance(
        name="mad",
        times=many,
        periods=tuple(ChangePeriod(start=day(0), end=day(1)) for _ in range(50)),
    )

    found = exclusions_of([maintenance], (), "prod", day(0), day(24 * 14))

    assert len(found) <= 720 * 14
    total = reckoned([stretch(1, 2, Sight.DOWN)], Slots([day(0), day(24)], found)).total
    assert total.down_s == total.raw_down_s / 2
    assert total.excluded_s == 12 * 3600 + 1800
