"""Local days: of 23 and 25 hours, without a midnight, with two."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from console.model.unix import milliseconds, moment
from console.reports.days import (
    before,
    day_edges,
    hour_edges,
    moments,
    window_of,
)
from tests.reports.material import utc

LATER = utc("2027-01-01")


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", date(2026, 11, 22), "2026-11-22 00:00", 24),
        ("Asia/Taipei", date(2026, 11, 22), "2026-11-21 16:00", 24),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28 23:00", 23),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24 22:00", 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), "2026-10-03 13:30", 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04 13:00", 24.5),
        # Clocks go from 00:00 to 01:00: the day begins at one.
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28 22:00", 23),
        # Clocks go from 01:00 back to 00:00: the day begins the first time.
        ("America/Havana", date(2026, 11, 1), "2026-11-01 04:00", 25),
    ],
)
def test_a_day_begins_and_ends_with_the_clocks_of_its_zone(
    zone: str, day: date, start: str, hours: float
) -> None:
    window = window_of(day, day, zone)

    begins, ends = moments(window, LATER)

    assert begins == utc(start)
    assert ends - begins == timedelta(hours=hours)
    edges = hour_edges(day, window.zone, LATER)
    assert (edges[0], edges[-1]) == (begins, ends)
    assert all(
        timedelta(minutes=30) <= after - edge <= timedelta(hours=1)
        for edge, after in itertools.pairwise(edges)
    )
    assert all(edge.astimezone(window.zone).minute in (0, 30) for edge in edges)


def test_hours_begin_with_the_clocks_again_after_half_an_hour_was_put_in() -> None:
    window = window_of(date(2026, 4, 5), date(2026, 4, 5), "Australia/Lord_Howe")

    edges = hour_edges(window.first, window.zone, LATER)

    shown = [f"{edge.astimezone(window.zone):%H:%M}" for edge in edges[:5]]
    assert shown == ["00:00", "01:00", "01:30", "02:00", "03:00"]
    assert len(edges) == 26


def test_what_is_not_over_ends_now_and_what_has_not_begun_is_left_out() -> None:
    window = window_of(date(2026, 11, 21), date(2026, 11, 23), "UTC")
    now = utc("2026-11-22 10:20")

    assert moments(window, now) == (utc("2026-11-21"), now)
    assert day_edges(window, now) == (utc("2026-11-21"), utc("2026-11-22"), now)
    assert hour_edges(date(2026, 11, 22), window.zone, now)[-2:] == (utc("2026-11-22 10:00"), now)
    assert hour_edges(date(2026, 11, 23), window.zone, now) == (utc("2026-11-23"),)
    assert moments(window, utc("2026-11-01")) == (utc("2026-11-21"),) * 2
    assert day_edges(window, utc("2026-11-01")) == (utc("2026-11-21"),)


def test_a_day_that_ends_just_now_has_no_empty_one_after_it() -> None:
    window = window_of(date(2026, 11, 21), date(2026, 11, 22), "UTC")

    assert day_edges(window, utc("2026-11-22")) == (utc("2026-11-21"), utc("2026-11-22"))


def test_the_window_before_has_as_many_days_and_ends_where_it_begins() -> None:
    window = window_of(date(2026, 10, 22), date(2026, 10, 28), "Europe/Berlin")

    earlier = before(window)

    assert (earlier.first, earlier.last) == (date(2026, 10, 15), date(2026, 10, 21))
    assert moments(earlier, LATER)[1] == moments(window, LATER)[0]


def test_a_window_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="end before they begin"):
        window_of(date(2026, 11, 22), date(2026, 11, 21), "UTC")
    with pytest.raises(OverflowError):
        window_of(date(1, 1, 1), date(1, 1, 7), "Asia/Taipei")
    with pytest.raises(OverflowError):
        window_of(date.max, date.max, "America/Havana")
    with pytest.raises(LookupError):
        window_of(date(2026, 11, 22), date(2026, 11, 22), "Mars/Olympus")


def test_milliseconds_and_moments_are_each_others_inverse() -> None:
    for text in ("2026-11-22 03:16:42.123", "1969-12-31 23:59:59.999"):
        assert moment(milliseconds(utc(text))) == utc(text)
