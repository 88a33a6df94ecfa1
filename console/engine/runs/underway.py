"""What of the open runs is being carried out: in the background, one thing of each, to be stopped.

To ask a host what became of a step is one of these things. It gives way to whatever a person
wants, as long as it only asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from console.engine.runs.carrying import Carrier
from console.engine.runs.open_runs import NOT_OPEN, OpenRuns
from console.engine.runs.record import Record
from console.engine.runs.work import STOPPED, Work
from console.engine.runs.world import World
from console.model.run import Run, StepState
from console.model.runbook import Step
from console.runbook.running.runner import Runner
from console.safety.whereabouts import whereabouts

Carry = Callable[[], Awaitable[None]]

STOP_S: Final = 15.0
"""After its command has been stopped, until the step has to be over."""
CLOSE_S: Final = 2.0
"""For what only reads to be ended on its host; the engine waits little longer for all of it."""


class Underway:
    """The tasks of open runs. One loop uses it."""

    def __init__(
        self, world: World, runner: Runner, open_runs: OpenRuns, carrier: Carrier, record: Record
    ) -> None:
        self._world = world
        self._runner = runner
        self._open = open_runs
        self._carrier = carrier
        self._record = record

    def go(self, work: Work, carry: Carry) -> None:
        """Begin it, in the background."""
        work.stopping = False
        work.task = asyncio.create_task(self._guarded(work, carry), name=work.run.id)

    async def _guarded(self, work: Work, carry: Carry) -> None:
        try:
            await carry()
        except Exception as error:
            # A bug of ours: what it had started is asked for by its marker.
            await self._record.failed(work, whereabouts(error))
        finally:
            self._world.runs_changed()

    async def ended(self, run_id: str) -> Run | None:
        """Wait until nothing of the run is being carried out; the run then."""
        work = self._open.work(run_id)
        if work is None:
            return None
        if work.task is not None:
            await asyncio.wait((work.task,))
        return work.run

    # What became of a step.

    async def learn(self, work: Work) -> None:
        """Ask hosts, in the background, what became of the steps of which nobody knows."""
        if work.is_busy or work.claimed:
            return
        unknown = [one.name for one in work.run.steps if one.state is StepState.UNKNOWN]
        steps = [step for step in work.run.runbook.steps if step.name in unknown]
        if steps and self._world.reach is not None:
            self.go(work, lambda: self._learn_all(work, steps))

    async def _learn_all(self, work: Work, steps: Sequence[Step]) -> None:
        work.learning = True
        try:
            for step in steps:
                await self._carrier.learn(work, step)
        finally:
            work.learning = False

    async def is_taken(self, work: Work, step: str = "") -> bool:
        """Whether something of it is under way that nothing else, or not `step`, may begin in."""
        one = work.run.step(step)
        if (
            work.learning
            and not work.claimed
            and (one is None or one.state is not StepState.UNKNOWN)
        ):
            await self.leave_off(work)
        return work.is_busy or work.claimed

    async def leave_off(self, work: Work) -> None:
        """Ask no more, for now, what became of a step; what shows that it worked goes on."""
        task = work.task
        if work.learning and task is not None and not work.run.running:
            task.cancel()
            await asyncio.wait((task,))

    # The end of it.

    async def stop(self, run_id: str) -> str:
        """Stop what runs, on its host too, and look that it is gone; what came of it."""
        work = self._open.work(run_id)
        if work is None:
            return NOT_OPEN
        if not work.is_busy:
            return await self._stop_unwatched(work)
        work.stopping = True
        await asyncio.sleep(0)  # what was never begun could not tell that it was stopped
        said = []
        for step, (job, host) in list(work.jobs.items()):
            stopped = await self._runner.stop(job, host)
            said.append(f"{step}: {stopped.said}")
        task = work.task
        if task is not None and not task.done():
            if not said:
                # Between two tries, or before the first.
                task.cancel()
            await asyncio.wait((task,), timeout=STOP_S)
            task.cancel()
        await self.learn(work)
        return "; ".join(said) or "stopped, between two commands"

    async def _stop_unwatched(self, work: Work) -> str:
        """Stop what is about to begin, or runs on a host that was not heard of since."""
        if work.claimed:
            work.stopping = True
            return STOPPED
        said = []
        for one in work.run.steps:
            if one.state is StepState.UNKNOWN and one.last is not None and one.last.job:
                stopped = await self._runner.stop(one.last.job, one.last.host)
                said.append(f"{one.name}: {stopped.said}")
        if said:
            await self.learn(work)
        return "; ".join(said) or "nothing of it runs"

    async def close(self) -> None:
        """The console ends; what runs on hosts goes on there."""
        await asyncio.sleep(0)  # what was never begun could not tell that it was ended
        tasks = [one.task for one in self._open.works if one.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S)
