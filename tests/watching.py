"""An engine at work, looked at through what it publishes, as a screen would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from config.load import Loaded, from_prometheus
from console.actions.audit.record import Actor
from console.engine.engine import Engine
from console.engine.hands import Hands
from console.engine.saved import StateFolder
from console.model.snapshot import BadgeKind, Cell, KnownAlert, SourceHealth
from console.model.state import State
from console.model.update import Update
from console.safety.clock import Clock, SystemClock

WAIT_S: Final = 30.0
"""Far longer than anything takes: its end means that the wait was in vain."""
QUICK: Final = timedelta(seconds=0.2)


class Seen:
    """Every update that an engine published."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self._came = asyncio.Event()

    def publish(self, update: Update) -> None:
        self.updates.append(update)
        self._came.set()

    @property
    def last(self) -> Update:
        return self.updates[-1]

    async def until(self, is_so: Callable[[Update], bool], wait_s: float = WAIT_S) -> Update:
        """The newest update, as soon as `is_so` of it.

        Raises:
            AssertionError: that did not come; tells how things stood instead.
        """
        try:
            async with asyncio.timeout(wait_s):
                while not (self.updates and is_so(self.last)):
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"waited {wait_s:g} s in vain; {said(self.updates)}") from None
        return self.last

    async def more(self, count: int) -> Update:
        """The newest update once `count` more have come."""
        wanted = len(self.updates) + count
        return await self.until(lambda _: len(self.updates) >= wanted)


@contextlib.asynccontextmanager
async def running(
    loaded: Loaded,
    *,
    state: StateFolder | None = None,
    clock: Clock | None = None,
    hands: Hands | None = None,
) -> AsyncIterator[tuple[Engine, Seen]]:
    """An engine that runs until the block ends."""
    seen = Seen()
    engine = Engine(
        loaded, clock=clock or SystemClock(), publish=seen.publish, state=state, hands=hands
    )
    life = asyncio.create_task(engine.run())
    try:
        yield engine, seen
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life


def hands_of(name: str, *, read_only: bool = False) -> Hands:
    """Somebody who acts."""
    return Hands(Actor(name, verified=True, login=name, uid=1000), read_only=read_only)


def quick(loaded: Loaded, interval: timedelta = QUICK) -> Loaded:
    """`loaded` with everything asked every `interval`."""
    sources = loaded.settings.sources
    sources = msgspec.structs.replace(
        sources,
        prometheus=tuple(
            msgspec.structs.replace(one, interval=interval) for one in sources.prometheus
        ),
        alertmanager=tuple(
            msgspec.structs.replace(one, interval=interval) for one in sources.alertmanager
        ),
        health=msgspec.structs.replace(sources.health, interval=interval, ready_interval=interval),
    )
    settings = msgspec.structs.replace(loaded.settings, sources=sources)
    return msgspec.structs.replace(loaded, settings=settings)


def on_urls(
    prometheus: Iterable[str] = (),
    alertmanagers: Iterable[str] = (),
    interval: timedelta = QUICK,
    folder: Path | None = None,
) -> Loaded:
    """What `oncall --prometheus … --alertmanager …` goes by, asked quickly."""
    loaded = from_prometheus(prometheus, alertmanagers)
    return msgspec.structs.replace(quick(loaded, interval), folder=folder)


def alert_called(update: Update, name: str) -> KnownAlert | None:
    """The first alert of that name."""
    return next((one for one in update.snapshot.alerts if one.alert.name.exact == name), None)


def names_in(update: Update) -> list[str]:
    """The alerts by name."""
    return sorted(one.alert.name.exact for one in update.snapshot.alerts)


def source_called(update: Update, name: str) -> SourceHealth | None:
    return next((one for one in update.snapshot.sources if one.name == name), None)


def state_of(update: Update, source: str) -> State | None:
    """How the source of that name is; `None` where there is none."""
    found = source_called(update, source)
    return None if found is None else found.state


def cell_called(update: Update, name: str) -> Cell | None:
    return next((one for one in update.snapshot.cells if one.service.name == name), None)


def badges_of(update: Update, kind: BadgeKind) -> list[str]:
    return [badge.text for badge in update.snapshot.badges if badge.kind is kind]


def said(updates: list[Update]) -> str:
    """The newest update in a few words, for a wait that was in vain."""
    if not updates:
        return "no update came"
    snapshot = updates[-1].snapshot
    sources = [f"{one.name} {one.state}" for one in snapshot.sources]
    alerts = [f"{one.alert.name.exact} {one.state} ({one.why})" for one in snapshot.alerts[:5]]
    cells = [f"{one.service.name} {one.state}" for one in snapshot.cells[:5]]
    badges = [badge.text for badge in snapshot.badges]
    return f"update {updates[-1].number}: {sources}, {alerts}, {cells}, {badges}"
