"""The engine: asks every source, keeps the world as last known, and publishes updates.

Everything in it runs on one event loop. What goes out is immutable, so that screens on
another thread can keep it; what comes in are wishes, called on this loop.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from config.fault import SettingsFaults
from config.load import Loaded, load
from console.actions.keys import key_faults
from console.engine.events import EventLog, events_between
from console.engine.inquiry import Inquiry
from console.engine.pause import Pause
from console.engine.saved import Saved, StateFolder
from console.engine.watch import Watch
from console.fleet.fleet import Fleet
from console.model.event import Event, EventKind
from console.model.snapshot import Snapshot, SourceHealth
from console.model.update import Update
from console.safety.clock import Clock, Instant
from console.safety.files import FileError
from console.triage.triage import Triage

Publish = Callable[[Update], None]

SETTLE_S = 0.15
"""After a reading, how long the engine waits for more before it rebuilds."""
REST_FACTOR = 8.0
"""A build that took t is followed by no other for 8 t: at most an eighth of a core."""
AT_LEAST_EVERY_S = 5.0
"""Without any reading: deadlines pass and answers grow old all the same."""
SAVE_EVERY_S = 30.0


class Engine:
    """One environment, watched. `run()` is its whole life."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        clock: Clock,
        publish: Publish,
        state: StateFolder | None,
        jitter: random.Random | None = None,
    ) -> None:
        """
        Args:
            publish: receives every update, on this loop; it must not wait.
            state: where clocks and the last known state are kept; `None` keeps nothing.
        """
        self._loaded = loaded
        self._clock = clock
        self._publish = publish
        self._state = state
        self._jitter = jitter or random.Random()
        self._pause = Pause(clock)
        self._dirty = asyncio.Event()
        self._restart = asyncio.Event()
        self._number = 0
        self._last: Update | None = None
        self._saved_at = clock.now().mono
        self._saved_well = True
        saved = state.load() if state is not None else Saved()
        self.notices: list[str] = list(saved.notices)
        """What a person has to be told once, newest last."""
        self._log = EventLog(reversed(saved.events))
        self._triage = Triage(loaded.policy, saved.episodes)
        self._fleet = Fleet(loaded.registry, (), loaded.policy, loaded.settings.environment)
        if state is not None and saved.snapshot is not None:
            fault = self._fleet.restore(saved.snapshot)
            if fault is not None:
                self.notices.append(state.set_snapshot_aside(fault))
        self._watch = self._new_watch()

    def _new_watch(self) -> Watch:
        return Watch(
            self._loaded,
            self._fleet,
            clock=self._clock,
            pause=self._pause,
            jitter=self._jitter,
            news=self._dirty.set,
        )

    # What a person may wish for. Each is called on the engine's loop.

    def refresh(self) -> None:
        """Ask every source now."""
        self._pause.wake()

    def resort(self) -> None:
        """In a storm, give up the held order once."""
        self._triage.resort()
        self._dirty.set()

    def reload(self, loaded: Loaded) -> None:
        """Swap in settings that have been validated already; what is known is kept."""
        self._loaded = loaded
        self._triage.reload(loaded.policy)
        self._log.add([Event(self._wall, EventKind.SETTINGS, "settings", "reloaded")])
        self._restart.set()

    async def reload_settings(self) -> Loaded | tuple[str, ...]:
        """Read the settings folder again; faults, one a line, leave everything as it was."""
        folder = self._loaded.folder
        if folder is None:
            return ("there is no settings folder: the console was opened on a URL",)
        try:
            loaded = await asyncio.to_thread(load, folder, _key_faults)
        except SettingsFaults as faults:
            return tuple(str(fault) for fault in faults.faults)
        self.reload(loaded)
        return loaded

    def inquiry(self) -> Inquiry:
        """What can be asked of the Prometheus servers about one row."""
        return Inquiry(self._watch.prometheuses, self._clock)

    # Its life.

    async def run(self) -> None:
        """Watch until cancelled; the state is saved on the way out."""
        for notice in self.notices:
            self._log.add([Event(self._wall, EventKind.CONSOLE, "console", notice)])
        self._build_and_publish()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish_forever(), name="publish")
                group.create_task(self._watch_forever(), name="watch")
        finally:
            self._save()

    async def look_once(self, deadline_s: float) -> Update:
        """Ask every source once and return what came, for commands that end.

        What has not answered within `deadline_s` seconds is a failure like any other.
        """
        # Nobody waits at a screen meanwhile, so that health checks need not be spread out.
        watching = asyncio.create_task(self._watch.run(first_round=timedelta(0)), name="watch")
        give_up = asyncio.create_task(self._clock.sleep(deadline_s), name="deadline")
        try:
            while not (give_up.done() or watching.done() or self._watch.has_asked_everything):
                news = asyncio.create_task(self._dirty.wait())
                await asyncio.wait((watching, give_up, news), return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                self._dirty.clear()
            if watching.done():
                watching.result()
        finally:
            watching.cancel()
            give_up.cancel()
            await asyncio.gather(watching, give_up, return_exceptions=True)
        update = self._build()
        self._save()
        return update

    async def _watch_forever(self) -> None:
        while True:
            self._restart.clear()
            watching = asyncio.create_task(self._watch.run(), name="sources")
            restart = asyncio.create_task(self._restart.wait(), name="restart")
            try:
                await asyncio.wait((watching, restart), return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    watching.result()
            finally:
                watching.cancel()
                restart.cancel()
                await asyncio.gather(watching, restart, return_exceptions=True)
            self._watch = self._new_watch()

    # Publishing.

    async def _publish_forever(self) -> None:
        while True:
            await self._wait_for_news()
            update = self._build_and_publish()
            if self._clock.now().mono - self._saved_at >= SAVE_EVERY_S:
                self._save()
            await self._clock.sleep(update.build_s * REST_FACTOR)

    async def _wait_for_news(self) -> None:
        news = asyncio.create_task(self._dirty.wait())
        tick = asyncio.create_task(self._clock.sleep(AT_LEAST_EVERY_S))
        try:
            await asyncio.wait((news, tick), return_when=asyncio.FIRST_COMPLETED)
            if news.done():
                await self._clock.sleep(SETTLE_S)
        finally:
            news.cancel()
            tick.cancel()
            await asyncio.gather(news, tick, return_exceptions=True)

    def _build_and_publish(self) -> Update:
        update = self._build()
        self._publish(update)
        return update

    def _build(self) -> Update:
        self._dirty.clear()
        begun = self._clock.now()
        snapshot = self._with_next_tries(self._fleet.snapshot(begun))
        worklist = self._triage.worklist(snapshot)
        before = self._last
        self._log.add(
            events_between(
                before.snapshot if before else None,
                snapshot,
                before.worklist if before else None,
                worklist,
            )
        )
        took_s = self._clock.now().mono - begun.mono
        update = Update(self._number, snapshot, worklist, self._log.latest, took_s)
        self._number += 1
        self._last = update
        return update

    def _with_next_tries(self, snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(
            snapshot,
            sources=tuple(
                msgspec.structs.replace(source, next_try=self._next_try_of(source))
                for source in snapshot.sources
            ),
        )

    def _next_try_of(self, source: SourceHealth) -> Instant | None:
        """Its own, or for a cluster that of the member that is asked next."""
        tries = self._watch.next_try
        if source.name in tries:
            return tries[source.name]
        members = [at for name, at in tries.items() if name.startswith(f"{source.name}/")]
        return min(members, key=lambda at: at.mono, default=None)

    # Saving.

    def _save(self) -> None:
        self._saved_at = self._clock.now().mono
        if self._state is None or self._last is None or self._last.snapshot.restored:
            return
        try:
            self._state.save(self._last.worklist.episodes, self._fleet.saved(), self._log.latest)
        except FileError as fault:
            if self._saved_well:
                notice = f"state not saved: {fault}"
                self.notices.append(notice)
                self._log.add([Event(self._wall, EventKind.CONSOLE, "console", notice)])
            self._saved_well = False
        else:
            self._saved_well = True

    @property
    def _wall(self) -> datetime:
        return self._clock.now().wall


def _key_faults(keys: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    return ((fault.action, fault.message) for fault in key_faults(keys))
