"""The runs that are open here: found by their id, kept on disk as they stand, and closed."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from console.engine.runs.unbroken import to_its_end
from console.engine.runs.work import Work
from console.engine.runs.world import World
from console.model.run import Run, Runs
from console.model.runbook import Step
from console.runbook.kept import KeptRuns
from console.safety.clock import Clock
from console.safety.files import FileError
from console.safety.text import visible
from console.safety.whereabouts import whereabouts

NOT_OPEN: Final = "that run is not open here"
NOT_KEPT: Final = "this run is kept in this console alone"


class OpenRuns:
    """Those of one console. One loop uses it; the disk is used in threads."""

    def __init__(self, world: World, clock: Clock, kept: KeptRuns) -> None:
        self._world = world
        self._clock = clock
        self._kept = kept
        self._works: dict[str, Work] = {}
        self._found: set[str] = set()

    @property
    def runs(self) -> Runs:
        """As they are shown, the newest first."""
        works = sorted(self._works.values(), key=lambda one: one.run.began, reverse=True)
        return Runs(tuple(one.run for one in works), tuple(sorted(self._found)))

    @property
    def works(self) -> tuple[Work, ...]:
        """In the order in which they were opened."""
        return tuple(self._works.values())

    async def standing(self) -> tuple[Run, ...]:
        """Those of other consoles of this person on this machine too, the newest first."""
        others = await asyncio.to_thread(self._kept.standing)
        mine = self.runs
        every = [*mine.open, *(one for one in others if mine.run(one.id) is None)]
        return tuple(sorted(every, key=lambda one: one.began, reverse=True))

    def work(self, run_id: str) -> Work | None:
        """The open run of that id."""
        return self._works.get(run_id)

    def find(self, run_id: str, step: str) -> tuple[Work, Step] | str:
        """A run and a step of it, for somebody who wants something of it; a text says why not."""
        work = self._works.get(run_id)
        if work is None:
            return NOT_OPEN
        declared = work.run.runbook.step(step)
        if declared is None:
            return f"it has no step called {visible(step, cells=80)}"
        work.looked_at = self._clock.now().wall
        return work, declared

    def add(self, work: Work, *, is_found: bool = False) -> None:
        """It is open from now on.

        Args:
            is_found: an earlier console had left it behind.
        """
        self._works[work.run.id] = work
        if is_found:
            self._found.add(work.run.id)

    async def save(self, work: Work) -> None:
        """Keep a run as it is, and show it; the incident that it belongs to may be new."""
        if not work.run.incident and work.run.alert:
            about = self._world.papers.papers.about((work.run.alert,))
            if about is not None:
                work.run = msgspec.structs.replace(work.run, incident=about.incident.id)
        await to_its_end(self._keep(work))
        self._world.runs_changed()

    async def _keep(self, work: Work) -> None:
        async with work.saving:
            run = work.run
            if work.is_over:
                return
            work.is_saved = False
            try:
                await asyncio.to_thread(self._kept.save, run, work.content)
                work.is_saved = run is work.run
                return
            except FileError as error:
                why = visible(str(error), cells=200)
            except Exception as error:
                why = whereabouts(error)
        # It goes on: only a console that comes after this one will not know of it.
        others = [one for one in work.run.notes if not one.startswith(NOT_KEPT)]
        notes = (*others, f"{NOT_KEPT}: {why}")
        work.run = msgspec.structs.replace(work.run, notes=notes)

    async def drop(self, run_id: str) -> None:
        """It is open no more."""
        work = self._works.pop(run_id)
        work.is_over = True
        self._found.discard(run_id)
        async with work.saving:
            await asyncio.to_thread(self._kept.drop, run_id)
        self._world.runs_changed()

    async def close(self) -> None:
        """Keep all of them for the console that comes next."""
        for work in self.works:
            if not work.is_saved:
                await self.save(work)
        await asyncio.to_thread(self._kept.leave_all)
