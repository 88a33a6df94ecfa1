"""What a person says of a step, and of the whole run: left out, done by hand, finished."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from console.engine.runs.open_runs import NOT_OPEN, OpenRuns
from console.engine.runs.record import Record
from console.engine.runs.unbroken import to_its_end
from console.engine.runs.underway import Underway
from console.engine.runs.work import IS_ENDING, Work
from console.engine.runs.world import World
from console.model.acting import Ended, Outcome
from console.model.action import Effect
from console.model.paper_wish import KeepRun
from console.model.run import Run, StepState
from console.runbook.progress import reopened, skipped, ticked
from console.safety.clock import Clock
from console.safety.text import visible


class Settler:
    """Settles steps and runs. One loop uses it."""

    def __init__(
        self, world: World, clock: Clock, open_runs: OpenRuns, underway: Underway, record: Record
    ) -> None:
        self._world = world
        self._clock = clock
        self._open = open_runs
        self._underway = underway
        self._record = record

    async def skip(self, run_id: str, step: str, reason: str) -> str:
        """Leave a step out."""
        found = self._open.find(run_id, step)
        if isinstance(found, str):
            return found
        if not reason.strip():
            return "say why: it stands in the transcript"
        return await self._settle(found[0], step, skipped, reason)

    async def tick(self, run_id: str, step: str, note: str) -> str:
        """A person did it by hand; once more takes that back."""
        found = self._open.find(run_id, step)
        if isinstance(found, str):
            return found
        work, _ = found
        one = work.run.step(step)
        if (
            one is not None
            and one.state in (StepState.MANUAL, StepState.SKIPPED)
            and not work.is_ending
        ):
            work.run = reopened(work.run, step)
            await self._open.save(work)
            return ""
        return await self._settle(work, step, ticked, note)

    async def _settle(self, work: Work, step: str, change: Callable[..., Run], words: str) -> str:
        if work.is_ending:
            return IS_ENDING
        one = work.run.step(step)
        if one is not None and one.state is StepState.UNKNOWN:
            await self._underway.leave_off(work)
            one = work.run.step(step)
            if one is not None and one.state is not StepState.UNKNOWN:
                return f"it has just been learnt: {step} {one.state}"
        if one is not None and one.state is StepState.RUNNING:
            return f"{step} runs: stop it first"
        if not self._world.acting.acts:
            return "read-only: nothing is changed from here"
        said, who = visible(words.strip(), cells=400), self._world.acting.who
        work.run = change(work.run, step, said, who, self._clock.now().wall)
        await self._open.save(work)
        self._record.tell(work, step)
        return ""

    async def keep(self, run_id: str) -> Outcome:
        """Keep its transcript as it stands, and leave it open."""
        work = self._open.work(run_id)
        if work is None:
            return Outcome(Ended.DENIED, NOT_OPEN)
        return await self._world.acting.submit(KeepRun(work.run))

    async def finish(self, run_id: str, *, keeps: bool) -> Outcome:
        """Close the run and keep its transcript; of what only read, if it `keeps`."""
        work = self._open.work(run_id)
        if work is None:
            return Outcome(Ended.DENIED, NOT_OPEN)
        for one in work.run.steps:
            if one.state is StepState.RUNNING:
                return Outcome(Ended.DENIED, f"{one.name} runs: wait for it, or stop it")
            if one.state is StepState.UNKNOWN:
                said = f"what became of {one.name} is not known yet: it is asked for, or skip it"
                return Outcome(Ended.DENIED, said)
        if await self._underway.is_taken(work):
            return Outcome(Ended.DENIED, work.why_busy)
        work.claimed = work.is_ending = True
        try:
            return await self._finish(work, keeps)
        finally:
            work.claimed = work.is_ending = False

    async def _finish(self, work: Work, keeps: bool) -> Outcome:
        run = msgspec.structs.replace(work.run, ended=self._clock.now().wall)
        outcome = Outcome(Ended.DONE, "nothing was done in it, so that nothing is kept")
        if not keeps and run.is_touched and not _has_acted(run):
            outcome = Outcome(Ended.DONE, "no transcript is kept")
        elif run.is_touched:
            outcome = await self._world.acting.submit(KeepRun(run))
        if outcome.ended not in (Ended.DONE, Ended.KEPT) and self._world.acting.acts:
            return outcome
        await to_its_end(self._open.drop(run.id))
        return outcome


def _has_acted(run: Run) -> bool:
    """Whether more was done in it than to look."""
    reads = {step.name for step in run.runbook.steps if step.effect is Effect.READ}
    settled = (StepState.MANUAL, StepState.SKIPPED)
    return any(
        one.state in settled or (one.attempts and one.name not in reads) for one in run.steps
    )
