"""Time intervals in Alertmanager's grammar: whether one is in force, and until when.

Source: timeinterval/timeinterval.go of Alertmanager.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

import msgspec

from console.safety.text import Raw

LOOK_AHEAD: Final = timedelta(days=370)
"""An interval that does not begin or end within it is said to have no end in sight."""
MINUTES_A_DAY: Final = 24 * 60

Range = tuple[int, int]
"""The first and the last that belong to it."""


class Interval(msgspec.Struct, frozen=True):
    """All of its parts have to hold; an empty part always holds."""

    minutes: tuple[Range, ...] = ()
    """Of the day: from the first on, and before the last."""
    weekdays: tuple[Range, ...] = ()
    """0 is Sunday."""
    days: tuple[Range, ...] = ()
    """Of the month: 1 to 31, or -1 for the last."""
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    zone: tzinfo = UTC

    def holds(self, at: datetime) -> bool:
        """Whether the moment `at` lies in it."""
        try:
            local = at.astimezone(self.zone)
        except OverflowError:  # the last hours of the year 9999
            local = at
        minute = local.hour * 60 + local.minute
        return (
            not self.minutes or any(low <= minute < high for low, high in self.minutes)
        ) and self._is_on(local)

    @property
    def is_always(self) -> bool:
        """Whether it neither begins nor ends."""
        return not (self.minutes or self.weekdays or self.days or self.months or self.years)

    def _is_on(self, day: date) -> bool:
        """Whether it holds at some time of a local day."""
        return (
            _among(day.isoweekday() % 7, self.weekdays)
            and self._is_day(day)
            and _among(day.month, self.months)
            and _among(day.year, self.years)
        )

    def _is_day(self, local: date) -> bool:
        if not self.days:
            return True
        length = calendar.monthrange(local.year, local.month)[1]
        for first, last in self.days:
            low = length + first + 1 if first < 0 else first
            high = length + last + 1 if last < 0 else last
            if low <= local.day <= high:
                return True
        return False

    def edges(self, day: date) -> Iterator[datetime]:
        """The moments of a local day at which it may begin or end."""
        # Most days begin and end nothing, and to tell that is far cheaper than their moments.
        # Its neighbours count too: where clocks are changed at midnight a day is left twice.
        near = {self._is_on(one) for one in _with_neighbours(day)}
        if near == {False} or (near == {True} and not self.minutes):
            return
        for minute in {0, *(edge for one in self.minutes for edge in one)}:
            if minute < MINUTES_A_DAY:
                local = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
                yield local.astimezone(UTC)
                if self.zone is not UTC:
                    yield local.replace(fold=1).astimezone(UTC)  # an hour that comes twice
        if self.zone is not UTC:
            yield from self._clock_change(day)

    def _clock_change(self, day: date) -> Iterator[datetime]:
        """When the clocks are changed on `day`, if they are: what is skipped begins nowhere."""
        low = datetime.combine(day, time(), self.zone).astimezone(UTC)
        high = low + timedelta(days=1)
        before = low.astimezone(self.zone).utcoffset()
        if high.astimezone(self.zone).utcoffset() == before:
            return
        while high - low > timedelta(minutes=1):
            middle = low + (high - low) // timedelta(minutes=2) * timedelta(minutes=1)
            if middle.astimezone(self.zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        yield high


class Named(msgspec.Struct, frozen=True):
    """Intervals under one name: it holds while any of them does."""

    name: Raw
    intervals: tuple[Interval, ...]
    unread: str = ""
    """Why it cannot be judged; safe to show."""

    def holds(self, at: datetime) -> bool | None:
        """Whether it is in force at `at`; `None`: that cannot be judged."""
        if self.unread:
            return None
        return any(one.holds(at) for one in self.intervals)


def changes_at(
    named: Iterable[Named], holds: Callable[[datetime], bool | None], now: datetime
) -> datetime | None:
    """When `holds`, which follows from the intervals of `named`, is no longer what it is now.

    `None`: not within `LOOK_AHEAD`.
    """
    before = holds(now)
    intervals = [one for each in named for one in each.intervals]
    return next((edge for edge in edges_after(intervals, now) if holds(edge) != before), None)


def edges_after(intervals: Iterable[Interval], now: datetime) -> Iterator[datetime]:
    """When any of `intervals` may begin or end after `now`, in order, within `LOOK_AHEAD`."""
    intervals = tuple(one for one in intervals if not one.is_always)
    if not intervals:
        return
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    pending: set[datetime] = set()
    # A local day begins up to 14 hours before, and ends up to 12 hours after, the one of UTC.
    for number in range(-2, LOOK_AHEAD.days):
        try:
            day = (today + timedelta(days=number + 1)).date()
            pending.update(edge for one in intervals for edge in one.edges(day))
            end = today + timedelta(days=number)
        except OverflowError:
            return
        ready = sorted(edge for edge in pending if edge < end)
        pending.difference_update(ready)
        yield from (edge for edge in ready if edge > now)
    yield from sorted(edge for edge in pending if edge > now)


def _with_neighbours(day: date) -> Iterator[date]:
    yield day
    if day > date.min:
        yield day - timedelta(days=1)
    if day < date.max:
        yield day + timedelta(days=1)


def _among(value: int, ranges: tuple[Range, ...]) -> bool:
    return not ranges or any(low <= value <= high for low, high in ranges)
