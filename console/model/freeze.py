"""When changes may be made: windows that open for them, and freezes that are stronger."""

from __future__ import annotations

import enum
import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile

import msgspec

from console.model.names import folded
from console.model.time_interval import Interval, edges_after


class Period(msgspec.Struct, frozen=True):
    """Once, from one moment to another, both aware UTC; over at its end."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether `at` lies in it."""
        return self.start <= at < self.end

    def overlaps(self, other: Period) -> bool:
        """Whether some moment lies in both."""
        return self.start < other.end and other.start < self.end


class Schedule(msgspec.Struct, frozen=True):
    """Holds while any of its intervals or periods does. One without either never holds."""

    intervals: tuple[Interval, ...] = ()
    """That come again: Alertmanager's `time_intervals`."""
    periods: tuple[Period, ...] = ()

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at `at`."""
        parts: Iterable[Interval | Period] = (*self.periods, *self.intervals)
        return any(one.holds(at) for one in parts)

    def edges(self, now: datetime) -> Iterator[datetime]:
        """When it may begin or end after `now`, in order; some may stand there twice."""
        once = sorted(edge for one in self.periods for edge in (one.start, one.end) if edge > now)
        return heapq.merge(once, edges_after(self.intervals, now))

    def until(self, now: datetime) -> datetime | None:
        """When it is no longer as it is at `now`; `None`: not within sight."""
        before = self.holds(now)
        return next((edge for edge in self.edges(now) if self.holds(edge) != before), None)


class Scope(msgspec.Struct, frozen=True):
    """What something is for. An empty part means all.

    Names that look the same are the same: nothing is out of a freeze by its capitals.
    """

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def covers(self, services: Sequence[str], environment: str) -> bool:
        """Whether it is about any of `services`, in `environment`.

        Where no service is named it may be any of them, so that every scope is about it.
        """
        return self._in(environment) and (
            not self.services
            or not services
            or not set(map(folded, services)).isdisjoint(map(folded, self.services))
        )

    def _in(self, environment: str) -> bool:
        return not self.environments or folded(environment) in map(folded, self.environments)


class Level(enum.StrEnum):
    """How much a freeze forbids."""

    HARD = "hard"
    """Only an emergency that mends an open incident, or an exception approved beforehand."""
    SOFT = "soft"
    """One more approver than usual."""


class Freeze(msgspec.Struct, frozen=True):
    """While it is in force, changes wait."""

    name: str
    level: Level
    schedule: Schedule
    scope: Scope = Scope()
    owner: str = ""
    """Whom to ask."""
    reason: str = ""
    allows: tuple[str, ...] = ()
    """Templates of standard changes that it lets through."""


class Window(msgspec.Struct, frozen=True):
    """Changes of its scope are made while it is open."""

    name: str
    schedule: Schedule
    scope: Scope = Scope()


class Calendar(msgspec.Struct, frozen=True):
    """All windows and freezes that the team wrote down."""

    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    def in_force(
        self, at: datetime, services: Sequence[str] = (), environment: str = ""
    ) -> tuple[Freeze, ...]:
        """The freezes that are about any of `services` at `at`, the hard ones first."""
        found = (
            one
            for one in self.freezes
            if one.scope.covers(services, environment) and one.schedule.holds(at)
        )
        return tuple(sorted(found, key=lambda one: one.level is not Level.HARD))

    def is_open(
        self,
        at: datetime,
        services: Sequence[str] = (),
        environment: str = "",
        passing: frozenset[str] = frozenset(),
    ) -> bool:
        """Whether changes may be made: a window is open, or none is written down, and no freeze
        is in force but those whose names are in `passing`. A freeze beats a window."""
        if any(one.name not in passing for one in self.in_force(at, services, environment)):
            return False
        return all(self._in_window(at, one, environment) for one in services or ("",))

    def _in_window(self, at: datetime, service: str, environment: str) -> bool:
        windows = self.windows_for((service,) if service else (), environment)
        return not windows or any(one.schedule.holds(at) for one in windows)

    def windows_for(self, services: Sequence[str], environment: str) -> tuple[Window, ...]:
        """The windows that are about any of `services`."""
        return tuple(one for one in self.windows if one.scope.covers(services, environment))

    def next_opening(
        self,
        at: datetime,
        services: Sequence[str] = (),
        environment: str = "",
        passing: frozenset[str] = frozenset(),
        before: datetime | None = None,
    ) -> datetime | None:
        """The first moment from `at` on at which `is_open`; `None`: none is in sight.

        Args:
            before: it is looked for no further than that; a year where it is not given.
        """
        if self.is_open(at, services, environment, passing):
            return at
        freezes = (one for one in self.freezes if one.scope.covers(services, environment))
        schedules = [one.schedule for one in self.windows_for(services, environment)]
        schedules += [one.schedule for one in freezes]
        edges: Iterable[datetime] = heapq.merge(*(one.edges(at) for one in schedules))
        if before is not None:
            edges = takewhile(lambda edge: edge < before, edges)
        return next(
            (edge for edge in edges if self.is_open(edge, services, environment, passing)), None
        )
