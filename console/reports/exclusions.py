"""What does not count against a service: maintenance, and the windows of approved changes.

A freeze excludes nothing. Of a change it is the time from when it was started until it was ended,
as far as that lies within the window that was agreed to:

- One that is being carried out excludes its window from its start on.
- One that was never begun excludes nothing, however approved: nobody did anything in its window,
  so that what was down in it was not down because of it.
- One whose start or end nobody wrote down, or that has no window, as an emergency may, excludes
  nothing: what nobody agreed to counts.
- One that is about no service excludes nothing, rather than everything. Of one that names hosts
  these themselves are excluded, and not what runs on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

import msgspec

from config.history import Maintenance
from console.model.change import (
    OVER,
    UNDERWAY,
    Change,
    ChangeKind,
    ChangeState,
    approvers_of,
    is_self_approved,
)
from console.model.names import folded
from console.model.registry import host_cell
from console.model.saying import saying, verbatim
from console.model.summary import Exclusion
from console.model.time_interval import Interval
from console.reports.days import Span, start_of
from console.safety.text import visible

T = TypeVar("T", int, datetime)
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_NOT_BEGUN: Final = frozenset(
    {ChangeState.DRAFT, ChangeState.SUBMITTED, ChangeState.APPROVED, ChangeState.SCHEDULED}
)


def exclusions_of(
    maintenance: Iterable[Maintenance],
    changes: Iterable[Change],
    environment: str,
    start: datetime,
    end: datetime,
) -> tuple[Exclusion, ...]:
    """All that is excluded from `start` on and before `end`, cut there, by start.

    Those of one maintenance do not overlap, and there are at most 720 of them a day. A change of
    another environment is left out.
    """
    found = [*_of_maintenance(maintenance, start, end)]
    for change in changes:
        span = _carried_out(change, environment, end)
        services = _touched(change)
        if span is not None and services and span[0] < end and span[1] > start:
            found.append(
                Exclusion(
                    verbatim(visible(change.id)),
                    max(start, span[0]),
                    min(end, span[1]),
                    services,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.start, one.name)))


def is_for(environment: str, of: str) -> bool:
    """Whether a document of the environment `of` is about `environment`; where it names none,
    it may be about any."""
    return not of.strip() or not environment or folded(of) == folded(environment)


def _of_maintenance(
    maintenance: Iterable[Maintenance], start: datetime, end: datetime
) -> Iterator[Exclusion]:
    for one in maintenance:
        spans = [(each.start, each.end) for each in one.periods]
        for interval in one.times:
            spans.extend(spans_of(interval, start, end))
        by = saying("maintenance {name}", name=visible(one.name))
        for first, last in _within(spans, start, end):
            yield Exclusion(by, first, last, one.services)


def spans_of(interval: Interval, start: datetime, end: datetime) -> list[Span]:
    """When `interval` holds between `start` and `end`, and somewhat around: `Interval.holds`
    without asking it for every minute."""
    zone = interval.zone
    # Ranges that touch are one: at most every second minute of a day begins another.
    minutes = _joined(interval.minutes) or [(0, 24 * 60)]
    of_days = msgspec.structs.replace(interval, minutes=())
    found: list[Span] = []
    day, last = (start - _DAY).astimezone(zone).date(), (end + _DAY).astimezone(zone).date()
    while day <= last:
        begins, ends = start_of(day, zone), start_of(day + _DAY, zone)
        offset = begins.astimezone(zone).utcoffset()
        if offset is None or offset != ends.astimezone(zone).utcoffset():
            found.extend(_by_the_minute(interval, begins, ends))
        elif of_days.holds(begins):
            midnight = _midnight(day) - offset
            for low, high in minutes:
                span = max(begins, midnight + low * _MINUTE), min(ends, midnight + high * _MINUTE)
                if span[0] < span[1]:
                    found.append(span)
        day += _DAY
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _by_the_minute(interval: Interval, begins: datetime, ends: datetime) -> Iterator[Span]:
    """On the days on which the clocks are changed."""
    at = begins
    while at < ends:
        after = min(ends, at + _MINUTE)
        if interval.holds(at):
            yield at, after
        at = after


def _within(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """What they come to within `start` and `end`, without overlap."""
    return _joined((max(start, low), min(end, high)) for low, high in spans)


def _joined(ranges: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """In order; what overlaps or touches is one, what is empty none."""
    found: list[tuple[T, T]] = []
    for low, high in sorted(ranges):
        if low >= high:
            continue
        if found and low <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], high)
        else:
            found.append((low, high))
    return found


def _carried_out(change: Change, environment: str, end: datetime) -> Span | None:
    """When it was, as far as it was agreed to; `None`: never."""
    window = change.plan.window
    if (
        window is None
        or change.started is None
        or change.state in _NOT_BEGUN
        or change.state in OVER - {ChangeState.CLOSED}
        or not is_for(environment, change.plan.environment)
        or not is_agreed(change)
    ):
        return None
    ended = change.ended
    if ended is None:
        if change.state not in UNDERWAY:
            return None
        ended = end
    span = max(change.started, window.start), min(ended, window.end)
    return span if span[0] < span[1] else None


def is_agreed(change: Change) -> bool:
    """Whether the plan as it stands was approved by who may. Of a standard change that was asked
    when it was started: its template was."""
    if change.plan.kind is ChangeKind.STANDARD:
        return bool(change.plan.template.strip())
    return bool(approvers_of(change)) or is_self_approved(change)


def _touched(change: Change) -> tuple[str, ...]:
    hosts = (host_cell(one) for one in change.plan.hosts)
    return tuple(dict.fromkeys((*change.plan.services, *hosts)))
