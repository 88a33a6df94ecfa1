"""The schedule of a cron job: how long it may be from one run to the next.

Source: `robfig/cron` v3, `ParseStandard`, which Kubernetes reads schedules with. In which zone
a schedule stands is known only where `timeZone:` says so, else it is the controller's own; how
far apart two runs may be is the same in all of them, so that only that is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

LEAST_GRACE: Final = timedelta(minutes=5)
"""What is due every minute is not called missed while the controller is on its way, or while
its clock and ours differ a little."""
YEARS: Final = 8
"""Days of so many years are looked at: 29 February may be that far away."""
_FIRST_DAY: Final = date(2000, 3, 1)

_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMED: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ZONE: Final = re.compile(r"\A(?:cron_)?tz=\S+\s+")
_EVERY: Final = re.compile(r"\A@every\s+((?:[0-9]{1,6}[hms])+)\Z")
_PART: Final = re.compile(r"\A(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]{1,4}))?\Z")


class _Field(NamedTuple):
    first: int
    last: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, ("", *_MONTHS)),
    _Field(0, 6, _DAYS),
)


def missed_after(
    schedule: str, since: datetime | None, next_at: datetime | None = None
) -> datetime | None:
    """From when on a run that has not begun was missed; `None`: that cannot be told.

    A run that is due is given as long again as two runs may be apart.

    Args:
        since: the last run that was begun, else when the cron job was made.
        next_at: when the next one is due, where somebody has reckoned that.
    """
    apart = longest_gap(schedule)
    if apart is None and since is not None and next_at is not None:
        # Whoever reckoned the next one could read the schedule.
        apart = next_at - since
    if apart is None or (since is None and next_at is None):
        return None
    try:
        due = next_at if next_at is not None else since and since + apart
        return due and due + max(apart, LEAST_GRACE)
    except OverflowError:
        return None


@lru_cache(maxsize=1024)
def longest_gap(schedule: str) -> timedelta | None:
    """The longest time between two runs; `None` for a schedule that cannot be read."""
    text = _ZONE.sub("", schedule.strip().lower())
    every = _EVERY.match(text)
    if every is not None:
        return _duration(every.group(1))
    fields = _NAMED.get(text, text).split()
    if len(fields) != len(_FIELDS):
        return None
    allowed = [_values(text, field) for text, field in zip(fields, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = allowed
    if not (minutes and hours and days and months and weekdays):
        return None
    # A day has to fit both, except where both are narrowed: then one of them is enough.
    either = not any(text.startswith(("*", "?")) for text in (fields[2], fields[4]))
    times = [hour * 60 + minute for hour in sorted(hours) for minute in sorted(minutes)]
    within = max((later - one for one, later in pairwise(times)), default=0)
    fitting = list(_fitting(days, months, weekdays, either=either))
    if len(fitting) < 2:
        return None
    over_night = max(later - one for one, later in pairwise(fitting))
    return timedelta(minutes=max(within, over_night * 24 * 60 - times[-1] + times[0]))


def _fitting(
    days: frozenset[int], months: frozenset[int], weekdays: frozenset[int], *, either: bool
) -> Iterator[int]:
    for number in range(YEARS * 366):
        day = _FIRST_DAY + timedelta(days=number)
        if day.month not in months:
            continue
        by = (day.day in days, day.isoweekday() % 7 in weekdays)
        if any(by) if either else all(by):
            yield number


def _values(text: str, field: _Field) -> frozenset[int]:
    """The values that one field allows; empty for one that cannot be read."""
    found: set[int] = set()
    for part in text.split(","):
        told = _PART.match(part)
        if told is None:
            return frozenset()
        one, last, step = told.groups()
        if one in ("*", "?"):
            first, end = field.first, field.last
        else:
            first = _number(one, field)
            # `5/15` goes on to the end of the field.
            end = _number(last, field) if last is not None else field.last if step else first
        if not field.first <= first <= end <= field.last or (step is not None and int(step) < 1):
            return frozenset()
        found.update(range(first, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, field: _Field) -> int:
    """The value that is written as a number or as a name; -1 where it is neither."""
    if text.isdecimal():
        return int(text[:4])
    return field.names.index(text) if text in field.names else -1


def _duration(text: str) -> timedelta | None:
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"([0-9]+)([hms])", text)
    found = timedelta(seconds=sum(int(number) * units[unit] for number, unit in parts))
    return found or None
