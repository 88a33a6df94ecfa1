"""The one place that asks the time.

Everything else is handed a `Clock`, so that a test decides what time it is. Deadlines are
wall-clock, since people agree on those; ages are monotonic, since a clock that is set back
must not make old data look new.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec


class Instant(msgspec.Struct, frozen=True):
    """One moment on both clocks."""

    wall: datetime
    """Aware UTC. For deadlines, and for what a person reads."""
    mono: float
    """Monotonic seconds; comparable within one process only. For ages."""

    def plus(self, seconds: float) -> Instant:
        """The moment `seconds` later, on both clocks."""
        return Instant(self.wall + timedelta(seconds=seconds), self.mono + seconds)

    def since(self, earlier: Instant) -> timedelta:
        """How long ago `earlier` was, by the monotonic clock: an age."""
        return timedelta(seconds=self.mono - earlier.mono)


class Clock(Protocol):
    """What time it is, and waiting for a later one."""

    def now(self) -> Instant:
        """The present moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on the monotonic clock."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Instant:
        return Instant(datetime.now(UTC), time.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is told to move; for tests and for replays."""

    def __init__(self, wall: datetime, mono: float = 1000.0) -> None:
        self._now = Instant(wall, mono)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> Instant:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now.mono + seconds, done))
        await done

    def advance(self, seconds: float, *, wall_jump: float = 0.0) -> None:
        """Move both clocks by `seconds`, the wall clock by `wall_jump` seconds more.

        Sleepers whose time has come are woken; the caller lets the loop run them.
        """
        moved = self._now.plus(seconds)
        self._now = Instant(moved.wall + timedelta(seconds=wall_jump), moved.mono)
        waiting = []
        for due, done in self._sleepers:
            if due > self._now.mono:
                waiting.append((due, done))
            elif not done.done():
                done.set_result(None)
        self._sleepers = waiting
