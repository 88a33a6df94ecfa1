"""When an alert's group is told of, estimated from its route's timers.

What an Alertmanager has sent is nowhere to be read. Source of the rules: dispatch/dispatch.go
and notify/notify.go of Alertmanager; measured with 0.25.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from console.engine.routing import Route
from console.model.alert import Alert, AlertState
from console.model.snapshot import KnownAlert, Snapshot
from console.model.words import clock_time


class Times(msgspec.Struct, frozen=True):
    """When a group is told of, as its route's timers have it. Estimates."""

    first: datetime
    """The first notification that has the alert in it."""
    last: datetime | None
    """The newest one until now; `None`: there was none yet."""
    following: datetime
    latest: datetime
    """A turn after `following` where the repeat interval is whole turns: which of the two it
    is, is decided by milliseconds (measured with 0.25)."""


class Members(msgspec.Struct, frozen=True):
    """The aggregation group of an alert, as far as its alerts are known here."""

    count: int
    starts: tuple[datetime, ...]
    """When each of them began, whatever keeps it quiet."""
    told: tuple[datetime, ...]
    """The same of those that nothing keeps quiet."""


def members_of(known: KnownAlert, route: Route, snapshot: Snapshot) -> Members | None:
    """The group in which `route` puts the alert; `None`: its server lists none such."""
    labels = route.group_labels(known.alert.labels)
    held = next((one for one in snapshot.groups if one.cluster == known.alert.cluster), None)
    group = next(
        (
            one
            for one in (held.groups if held is not None else ())
            if one.receiver == route.receiver
            and one.labels == labels
            and known.key in one.fingerprints
        ),
        None,
    )
    if group is None:
        return None
    wanted = frozenset(group.fingerprints)
    alerts = [
        one.alert for one in snapshot.alerts if wanted.intersection((one.key, *one.duplicates))
    ]
    return Members(
        len(group.fingerprints),
        tuple(one.starts_at for one in alerts),
        tuple(one.starts_at for one in alerts if one.state is AlertState.ACTIVE),
    )


def times_of(
    alert: Alert,
    route: Route,
    members: Members | None,
    now: datetime,
    started_at: datetime | None,
) -> Times:
    """When the group of `alert` is notified of, by the timers of `route`.

    A group is told of `group_wait` after its first alert came; from then on it is looked at
    every `group_interval`. What changed is told then, and what did not once `repeat_interval`
    has passed. A restarted Alertmanager begins to count anew, and remembers what it has told.
    """
    starts = members.starts if members is not None and members.starts else (alert.starts_at,)
    told = members.told if members is not None and members.told else (alert.starts_at,)
    turn = max(route.interval.value, timedelta(seconds=1))
    begun = _plus(min(starts), route.wait.value)
    first = _turn_from(begun, turn, alert.starts_at)
    changed = _turn_from(begun, turn, min(max(told), now))
    repeat = max(1, -(-route.repeat.value // turn)) * turn
    if now < first:
        return Times(first, None, first, first)
    rounds = max(0, (now - changed) // repeat) if changed <= now else 0
    last = changed + rounds * repeat if changed <= now else first
    following = changed if changed > now else _plus(last, repeat)
    if started_at is not None and begun < started_at < now and following > now:
        following = _turn_from(started_at, turn, following)
    either = changed <= now and repeat == route.repeat.value
    return Times(first, last, following, _plus(following, turn) if either else following)


def _turn_from(begun: datetime, turn: timedelta, at: datetime) -> datetime:
    """The first of the turns `begun`, `begun + turn`, … that is not before `at`."""
    if at <= begun:
        return begun
    return _plus(begun, -(-(at - begun) // turn) * turn)


def _plus(at: datetime, duration: timedelta) -> datetime:
    try:
        return at + duration
    except OverflowError:
        return at.max.replace(tzinfo=at.tzinfo)


def times_text(times: Times, now: datetime) -> str:
    """`by its timers: first about 03:14:30, again about 07:14:30, sooner when …`."""
    said = f"by its timers: first about {clock_time(times.first, now)}"
    if times.last is None:
        return said
    if times.last > times.first:
        said += f", last about {clock_time(times.last, now)}"
    said += f", again about {clock_time(times.following, now)}"
    if times.latest > times.following:
        said += f" or {clock_time(times.latest, now)}"
    return f"{said}, sooner when another alert joins the group"
