"""Local days as moments: a day may have 23 or 25 hours, and begin at one o'clock.

A day begins when the clocks of its zone show midnight for the first time; where midnight is left
out, when the clocks go forward. It ends where the next one begins.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from config.rota import moment_of, zone_of
from console.reports.material import Window

Span = tuple[datetime, datetime]
"""From a moment on and before another, both aware UTC."""

_YEARS: Final = range(2, 9999)
"""In which every local time has a moment in UTC, and a window has one before it."""
_DAY: Final = timedelta(days=1)


def window_of(first: date, last: date, zone_name: str) -> Window:
    """The local days from `first` up to and with `last`.

    Raises:
        ValueError: it ends before it begins.
        OverflowError: the calendar ends there.
        LookupError: there is no zone of that name.
    """
    if last < first:
        raise ValueError(f"the days {first} to {last} end before they begin")
    if first.year not in _YEARS or last.year not in _YEARS:
        raise OverflowError(f"the calendar has no room around {first} to {last}")
    return Window(first, last, zone_of(zone_name), zone_name)


def before(window: Window) -> Window:
    """As many days, up to the day before it."""
    days = (window.last - window.first).days + 1
    return Window(
        window.first - timedelta(days=days), window.first - _DAY, window.zone, window.zone_name
    )


def start_of(day: date, zone: tzinfo) -> datetime:
    """When a local day begins."""
    return moment_of(day, time(), zone)


def moments(window: Window, now: datetime) -> Span:
    """When it begins and ends; where it is not over yet, it ends at `now`."""
    start, end = start_of(window.first, window.zone), start_of(window.last + _DAY, window.zone)
    return start, max(start, min(end, now.astimezone(UTC)))


def all_days(window: Window) -> tuple[datetime, ...]:
    """When each of its days begins, and when the last one ends, be that to come."""
    count = (window.last - window.first).days + 2
    return tuple(start_of(window.first + timedelta(days=n), window.zone) for n in range(count))


def day_edges(window: Window, now: datetime) -> tuple[datetime, ...]:
    """When each of its days begins, and when the last one ends, or `now`.

    Days that have not begun are left out: where none has, there is one moment alone.
    """
    return _cut(all_days(window), now)


def hour_edges(day: date, zone: tzinfo, now: datetime) -> tuple[datetime, ...]:
    """When each full hour of the clocks begins on a local day, and when the day ends, or `now`.

    An hour that comes twice is two; where clocks are changed by half an hour, one of them is
    shorter.
    """
    found = [start_of(day, zone)]
    end = start_of(day + _DAY, zone)
    while found[-1] < end:
        local = found[-1].astimezone(zone)
        into = timedelta(minutes=local.minute, seconds=local.second)
        found.append(min(end, found[-1] + timedelta(hours=1) - into))
    return _cut(tuple(found), now)


def _cut(edges: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    begun = tuple(edge for edge in edges if edge < now)
    if len(begun) == len(edges):
        return edges
    return (*begun, now.astimezone(UTC)) if begun else edges[:1]
