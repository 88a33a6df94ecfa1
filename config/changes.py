"""When changes may be made, as `oncall.yaml` says it: windows, freezes, approved templates."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from config.kinds import Interval as Duration
from config.kinds import Name, Zone
from config.time_intervals import checked_interval
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope, Window
from console.model.time_interval import Interval

if TYPE_CHECKING:
    from config.schema import Settings

OBSERVATION: Final = "observation"
"""The name of the freeze that `observation` is."""

DayCount = Annotated[int, Meta(title="a number of days", ge=1, le=366)]
_Minute = Annotated[
    str, Meta(title="a time of day from 00:00 to 24:00", pattern=r"^[0-9]{1,2}:[0-9]{2}$")
]


class TimeRange(msgspec.Struct, frozen=True):
    """Some hours of a day. What goes past midnight is written as two."""

    start_time: _Minute
    """From, such as `22:00`."""
    end_time: _Minute
    """Until, such as `24:00`."""


class WrittenInterval(msgspec.Struct, frozen=True):
    """As in Alertmanager's `time_intervals`: all that is written has to hold."""

    times: tuple[TimeRange, ...] = ()
    """Hours of the day; unset: all day."""
    weekdays: tuple[str, ...] = ()
    """Such as `saturday` or `monday:friday`."""
    days_of_month: tuple[str, ...] = ()
    """Such as `1:5`, or `-3:-1` for the last three."""
    months: tuple[str, ...] = ()
    """Such as `december` or `1:3`."""
    years: tuple[str, ...] = ()
    """Such as `2026:2027`."""
    location: Zone = "UTC"
    """The time zone of all of it."""


Recurring = Annotated[
    Interval, Meta(extra={"read": checked_interval, "written_as": WrittenInterval})
]
"""An interval that comes again; read by the same grammar as Alertmanager's own."""


class ChangePeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Once, from one moment to another."""

    start: datetime
    """From, with a zone: `2026-12-24T18:00:00+08:00`."""
    end: datetime
    """Until, with a zone."""


class _Scheduled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Name
    """Unique; by which it is spoken of."""
    times: tuple[Recurring, ...] = ()
    """When, again and again: any of these."""
    periods: tuple[ChangePeriod, ...] = ()
    """When, once: any of these."""
    services: tuple[Name, ...] = ()
    """For which services; empty: for all."""
    environments: tuple[str, ...] = ()
    """For which environments; empty: for all."""


class ChangeWindow(_Scheduled, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When changes are made. Where there is none for a service, its changes are made at any
    time; a freeze is stronger."""


class ChangeFreeze(_Scheduled, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When changes wait. It never holds up what mends an open incident."""

    level: Literal["hard", "soft"] = "hard"
    """`hard`: only an emergency for an open incident, or an exception approved beforehand. `soft`:
    one more approver."""
    owner: str = ""
    """Whom to ask for an exception."""
    reason: str = ""
    """Why."""
    allows: tuple[str, ...] = ()
    """Names in `standards`: what it lets through."""


class Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some days of watching after a launch, in which nothing is changed: a hard freeze."""

    since: date = msgspec.field(name="from")
    """Its first day; from midnight in the zone of `rota`."""
    days: DayCount = 7
    """How many days."""
    owner: str = ""
    """Whom to ask for an exception."""
    reason: str = ""
    """Why."""


class StandardChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A template that was approved once and for all. The rest fills in a new change."""

    name: Name
    """By which a change names it."""
    summary: str = ""
    """What it is for."""
    services: tuple[Name, ...] = ()
    """What it touches."""
    steps: str = ""
    """The exact commands."""
    rollback: str = ""
    """How it is undone."""


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When changes may be made."""

    windows: tuple[ChangeWindow, ...] = ()
    """When changes are made."""
    freezes: tuple[ChangeFreeze, ...] = ()
    """When they wait."""
    observation: date | Observation | None = None
    """The day of a launch, `2026-11-22`: a hard freeze of seven days from that midnight on, in
    the zone of `rota`. Or keys with values, for another number of days."""
    review: Duration = timedelta(hours=48)
    """From the end of an emergency change until somebody else has reviewed it."""
    standards: tuple[StandardChange, ...] = ()
    """Approved templates of standard changes."""


def calendar_of(settings: Settings) -> Calendar:
    """The windows and freezes of `settings`, the observation last."""
    changes = settings.changes
    windows = tuple(Window(one.name, _schedule(one), _scope(one)) for one in changes.windows)
    freezes = [
        Freeze(
            name=one.name,
            level=Level(one.level),
            schedule=_schedule(one),
            scope=_scope(one),
            owner=one.owner,
            reason=one.reason,
            allows=one.allows,
        )
        for one in changes.freezes
    ]
    if changes.observation is not None:
        freezes.append(_observed(changes.observation, settings.rota.zone))
    return Calendar(windows, tuple(freezes))


def standards_of(settings: Settings) -> frozenset[str]:
    """Names of the approved templates for standard changes."""
    return frozenset(one.name for one in settings.changes.standards)


def _schedule(one: ChangeWindow | ChangeFreeze) -> Schedule:
    return Schedule(one.times, tuple(Period(each.start, each.end) for each in one.periods))


def _scope(one: ChangeWindow | ChangeFreeze) -> Scope:
    return Scope(one.services, one.environments)


def _observed(written: date | Observation, zone_name: str) -> Freeze:
    from config.rota import moment_of, zone_of  # late: the first frame needs no calendar

    one = Observation(since=written) if isinstance(written, date) else written
    zone = zone_of(zone_name)
    # By local days: with the clocks changed in between, the seven are an hour longer or shorter.
    start = moment_of(one.since, time(), zone)
    end = moment_of(one.since + timedelta(days=one.days), time(), zone)
    return Freeze(
        name=OBSERVATION,
        level=Level.HARD,
        schedule=Schedule(periods=(Period(start, end),)),
        owner=one.owner,
        reason=one.reason or f"{one.days} days of observation from {one.since}",
    )
