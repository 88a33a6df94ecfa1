"""Runs that an earlier console left behind: taken up as they stood, or dropped unread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from config.load import Loaded
from console.engine.runs.open_runs import OpenRuns
from console.engine.runs.record import Record
from console.engine.runs.underway import Underway
from console.engine.runs.work import CHANGED, Work
from console.engine.runs.world import World
from console.model.event import Event, EventKind
from console.model.registry import Registry
from console.model.run import Attempt
from console.model.runbook import ParamType
from console.runbook.filling import Subject
from console.runbook.kept import KeptRun, KeptRuns
from console.safety.clock import Clock

LEARN_S: Final = 15.0
"""Between two questions to a host about a step whose outcome is not known."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
"""Of a run in which nothing was done, and that nobody has looked at since."""


class LeftRuns:
    """Looks after what would stay behind. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        loaded: Callable[[], Loaded],
        kept: KeptRuns,
        open_runs: OpenRuns,
        underway: Underway,
        record: Record,
    ) -> None:
        self._world = world
        self._clock = clock
        self._loaded = loaded
        self._kept = kept
        self._open = open_runs
        self._underway = underway
        self._record = record
        self._told = 0
        """Notices of the folder of open runs that stand in the event log."""

    async def watch(self, looked: Callable[[], None]) -> None:
        """Look after them until cancelled; `looked` is called after each look that went well."""
        while True:
            await self.take_up()
            for work in self._open.works:
                if is_forgotten(work, self._clock.now().wall):
                    await self._open.drop(work.run.id)
                else:
                    await self._underway.learn(work)
            looked()
            await self._clock.sleep(LEARN_S)

    async def take_up(self) -> None:
        """Open what no console has open any more."""
        now = self._clock.now().wall
        for kept in await asyncio.to_thread(self._kept.take_all, now):
            last = await asyncio.to_thread(self._kept.last_text, kept.run.runbook.name)
            work = work_of(kept, self._loaded().registry, last, now)
            self._open.add(work, is_found=True)
            self._world.runs_changed()
            if kept.was_running:
                await self._open.save(work)  # or the next console would end them once more
            for step, attempt in cut_off(kept):
                await self._record.end_cut_off(work, step, attempt)
        notices = self._kept.notices
        for notice in notices[self._told :]:
            self._world.note(Event(now, EventKind.CONSOLE, "open runs", notice))
        self._told = len(notices)


def work_of(kept: KeptRun, registry: Registry, last_text: bytes | None, now: datetime) -> Work:
    """A run that was left behind, as this console has it.

    Args:
        last_text: its runbook as it was run here the last time; `None`: it never was.
    """
    run = kept.run
    cell = next((one for one in registry.services if one.name == run.service), None)
    # What nobody had agreed to when it was left is still to be agreed to.
    is_other = CHANGED in run.notes and last_text != kept.content
    work = Work(run, kept.content, Subject(None, cell), last_text if is_other else None)
    # What labels gave is as good as typed, unless it was refused: the alert may be gone by now.
    work.given = {
        one.name: one.value.exact
        for one in run.params
        if one.value is not None and one.type is not ParamType.SECRET
        if one.is_given or not one.fault
    }
    work.looked_at = now if run.is_touched else run.began
    return work


def cut_off(kept: KeptRun) -> tuple[tuple[str, Attempt], ...]:
    """The attempts, by step, that ended with the console, so that nobody will ask for them."""
    steps = (kept.run.step(name) for name in kept.was_running)
    return tuple(
        (one.name, one.last)
        for one in steps
        if one is not None and one.last is not None and not one.last.job
    )


def is_forgotten(work: Work, now: datetime) -> bool:
    """Whether nothing was done in it, and nobody seems to want it any more."""
    idle = not (work.is_busy or work.claimed or work.run.is_touched)
    return idle and now - max(work.run.began, work.looked_at) > FORGOTTEN_AFTER
