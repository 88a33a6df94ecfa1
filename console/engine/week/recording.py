"""The memory at work: what every look showed becomes samples, episodes and events in the file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from config.load import Loaded
from console.engine.events import EventLog
from console.engine.trouble import Trouble
from console.engine.week.handed import End, Entry, Handed, Plan, Standing
from console.engine.week.precedence import recorder_name
from console.engine.week.writing import WritingThread
from console.fleet.sight import Seen, sights_of
from console.fleet.ways import JUMP_S
from console.model.event import Event, EventKind
from console.model.history import Origin, Past, Sample, Sight, clock_jumped
from console.model.remembering import THIS_CONSOLE, Remembering
from console.model.snapshot import Snapshot
from console.model.unix import lasting_ms, milliseconds
from console.model.update import Update
from console.safety.clock import Clock, Instant

PLACE: Final = "history"
CLOSE_S: Final = 3.0
"""On the way out, for what is still to be written."""
DOUBTED: Final = timedelta(hours=1)
"""Between this clock and those of all servers. What is old is so by days."""


class Memory:
    """Remembers what one engine shows. All of it on the engine's loop; the file has a thread."""

    def __init__(
        self,
        *,
        clock: Clock,
        trouble: Trouble,
        log: EventLog,
        loaded: Callable[[], Loaded],
        state: Path | None,
        origin: Origin = Origin.CONSOLE,
        by: str = "",
    ) -> None:
        """
        Args:
            state: the folder of the state; `None` where nothing is kept.
            by: who records, safe to show; empty: the login and this machine's name.
        """
        self._clock = clock
        self._trouble = trouble
        self._log = log
        self._loaded = loaded
        self._state = state
        self._origin = origin
        self._by = by or recorder_name()
        self._thread: WritingThread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._standing = Standing()
        self._seen: dict[str, Sight] = {}
        self._counted: dict[str, float] = {}
        """Of each service the answer whose time stands in the file: monotonic seconds."""
        self._last: Instant | None = None
        self._due = float("-inf")
        self._newest: Event | None = None
        self._since = clock.now().wall
        self._is_closed = False

    @property
    def folder(self) -> Path | None:
        """Where the file is; `None`: nothing is kept."""
        own = self._loaded().settings.history.folder
        return self._state if own is None else Path(own)

    @property
    def standing(self) -> Remembering:
        """How the memory stands now."""
        now = self._standing
        writer = THIS_CONSOLE if now.writes else now.holder.by if now.holder else ""
        return Remembering(now.path, writer, now.fault, now.size_bytes, now.holder)

    def take(self, update: Update) -> None:
        """Remember what was shown; returns at once, whatever becomes of it.

        What an earlier console saved is nothing that was seen, nor is a first half.
        """
        snapshot = update.snapshot
        plan = self._plan()
        if plan is None or self._is_closed:
            return
        if snapshot.restored or not (snapshot.complete or self._seen):
            return
        if not plan.records:
            self._forget()
            self._hand(Handed(plan))
            return
        entries: list[Entry] = []
        jumped_s = _jump_s(self._last, snapshot.at)
        if jumped_s:
            entries.append(End(clock_jumped(jumped_s).text))
            self._forget()
        elif self._last is not None and milliseconds(snapshot.at.wall) <= milliseconds(
            self._last.wall
        ):
            return  # the clock was set back a little: samples stand in the order of time
        is_due = snapshot.at.mono >= self._due
        samples = self._samples(update, is_due=is_due)
        entries.extend(samples)
        if is_due:
            every_s = plan.every_ms / 1000
            behind = self._due + every_s <= snapshot.at.mono
            self._due = (snapshot.at.mono if behind else self._due) + every_s
        past = self._past(update.events)
        picture = (snapshot, update.worklist) if is_due or samples else None
        self._last = snapshot.at
        self._hand(Handed(plan, tuple(entries), past, picture, _is_doubted(snapshot)))

    async def settled(self) -> None:
        """Return once everything that was taken until now has been dealt with."""
        if self._thread is not None:
            await asyncio.wrap_future(self._thread.settled())

    async def close(self) -> None:
        """Write what is left and end the recording; waits for a moment and no longer."""
        self._is_closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await asyncio.wrap_future(thread.close())

    def _plan(self) -> Plan | None:
        folder = self.folder
        if folder is None:
            return None
        loaded = self._loaded()
        history = loaded.settings.history
        return Plan(
            folder,
            lasting_ms(history.every),
            lasting_ms(history.keep_samples),
            lasting_ms(history.keep),
            loaded.policy,
            history.record or self._origin is Origin.RECORDER,
        )

    def _forget(self) -> None:
        """What comes next is no continuation of what was."""
        self._seen, self._counted = {}, {}
        self._last = None
        self._due = float("-inf")

    def _samples(self, update: Update, *, is_due: bool) -> list[Sample]:
        snapshot, before, last = update.snapshot, self._seen, self._last
        found = sights_of(snapshot, before)
        now_ms = milliseconds(snapshot.at.wall)
        samples: list[Sample] = []
        for name, seen in found.items():
            if before.get(name) is not seen.sight and last is not None:
                at_ms = _moment_ms(seen, last, snapshot.at)
                samples.append(Sample(name, at_ms, seen.sight, self._took_ms(name, seen)))
        samples.sort(key=lambda one: one.at_ms)
        told = {one.service for one in samples if one.at_ms == now_ms}
        if is_due:
            samples += [
                Sample(name, now_ms, seen.sight, self._took_ms(name, seen))
                for name, seen in found.items()
                if name not in told
            ]
        self._seen = {name: seen.sight for name, seen in found.items()}
        return samples

    def _took_ms(self, name: str, seen: Seen) -> float | None:
        """How long the answer took, where that was not counted already."""
        if seen.took_ms is None or seen.at is None or self._counted.get(name) == seen.at.mono:
            return None
        self._counted[name] = seen.at.mono
        return seen.took_ms

    def _past(self, events: tuple[Event, ...]) -> tuple[Past, ...]:
        """Events that were not handed over yet, the oldest first; none of before the start."""
        new: list[Past] = []
        for event in events:
            if event is self._newest:
                break
            if event.at >= self._since:
                new.append(
                    Past(
                        event.at, event.kind.value, event.subject, event.text, event.who, event.key
                    )
                )
        self._newest = events[0] if events else None
        new.reverse()
        return tuple(new)

    def _hand(self, handed: Handed) -> None:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = WritingThread(self._clock, self._origin, self._by, self._told)
        self._thread.hand(handed)

    def _told(self, standing: Standing) -> None:
        """On the writing thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                loop.call_soon_threadsafe(self._stand, standing)

    def _stand(self, standing: Standing) -> None:
        self._standing = standing
        if standing.notice:
            at = self._clock.now().wall
            self._log.add([Event(at, EventKind.CONSOLE, "console", standing.notice, key=PLACE)])
        if standing.fault:
            self._trouble.begin(PLACE, f"history is not recorded: {standing.fault}", is_row=False)
        else:
            self._trouble.end(PLACE)


def _is_doubted(snapshot: Snapshot) -> bool:
    """Whether this machine's clock is alone with its time, so that nothing is dropped by it."""
    skews = [abs(one.skew) for one in snapshot.sources if one.skew is not None]
    return min(skews, default=timedelta(0)) > DOUBTED


def _jump_s(last: Instant | None, now: Instant) -> float:
    """By how much more the wall clock went on than the monotonic one; 0 where they agree."""
    if last is None:
        return 0.0
    jumped_s = (now.wall - last.wall).total_seconds() - (now.mono - last.mono)
    return jumped_s if abs(jumped_s) > JUMP_S else 0.0


def _moment_ms(seen: Seen, last: Instant, now: Instant) -> int:
    """When a service came to be as it is seen: when it said so, where that was since the last
    look; samples stand in the file in the order of time."""
    if seen.at is None or not last.mono < seen.at.mono <= now.mono:
        return milliseconds(now.wall)
    return min(max(milliseconds(seen.at.wall), milliseconds(last.wall) + 1), milliseconds(now.wall))
