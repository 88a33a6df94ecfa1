"""A step planned, shown, and started: what is started is what somebody was shown."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from console.actions.audit.audit import Intent
from console.engine.runs.carrying import Carrier
from console.engine.runs.open_runs import NOT_OPEN, OpenRuns
from console.engine.runs.plan import Planner
from console.engine.runs.record import Record
from console.engine.runs.underway import Underway
from console.engine.runs.work import STOPPED, Work
from console.engine.runs.world import World
from console.model.acting import Ended
from console.model.action import Effect
from console.model.run import Started, StepPlan
from console.model.runbook import Step, StepKind
from console.runbook.kept import KeptRuns
from console.safety.clock import Clock
from console.safety.files import FileError

OTHER_PLAN: Final = "what it would do is not what was shown any more: look at it again"


class Starter:
    """Starts steps. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        kept: KeptRuns,
        planner: Planner,
        open_runs: OpenRuns,
        underway: Underway,
        carrier: Carrier,
        record: Record,
    ) -> None:
        self._world = world
        self._clock = clock
        self._kept = kept
        self._planner = planner
        self._open = open_runs
        self._underway = underway
        self._carrier = carrier
        self._record = record

    async def prepare(self, run_id: str, step: str) -> StepPlan | str:
        """What the step would do now, to be shown."""
        found = self._open.find(run_id, step)
        if isinstance(found, str):
            return found
        work, declared = found
        plan = await self._planner.plan(work, declared)
        work.shown[step] = plan
        return plan

    async def start(self, run_id: str, step: str, digest: str, broke_glass: bool) -> Started:
        """Carry a step out, in the background, if its plan is still that of `digest`."""
        found = self._open.find(run_id, step)
        if isinstance(found, str):
            return Started(found)
        work, declared = found
        if await self._underway.is_taken(work, step):
            return Started(work.why_busy)
        work.claimed, work.stopping = True, False
        try:
            return await self._start(work, declared, digest, broke_glass)
        finally:
            work.claimed = False

    async def _start(self, work: Work, step: Step, digest: str, broke_glass: bool) -> Started:
        plan = await self._planner.plan(work, step)
        if plan.refusals:
            return Started(plan.refusals[0])
        reads = step.effect is Effect.READ
        if not reads and not self._is_shown(work, step, plan, digest):
            return Started(OTHER_PLAN, is_other=True)
        told = await self._record.intend(
            work, step, plan, step.effect, missing=plan.missing, broke_glass=broke_glass
        )
        if not isinstance(told, Intent):
            return Started("; ".join(told.reasons), needs_glass=told.break_glass)
        if not reads:
            await self._remember(work)
        if work.stopping:
            await self._world.acting.ended(told, Ended.DENIED, STOPPED)
            return Started(STOPPED)
        self._underway.go(work, lambda: self._carrier.carry(work, step, plan, told))
        return Started()

    def _is_shown(self, work: Work, step: Step, plan: StepPlan, digest: str) -> bool:
        """Whether `plan` is what a person said yes to, not long ago."""
        shown = work.shown.pop(step.name, None)
        return (
            shown is not None
            and digest == shown.digest == plan.digest
            and self._clock.now().mono <= shown.until_mono
        )

    async def _remember(self, work: Work) -> None:
        """This is how the runbook was when it was last run here."""
        with contextlib.suppress(FileError):  # then the next run asks once more
            await asyncio.to_thread(self._kept.remember, work.run.runbook.name, work.content)

    async def start_reads(self, run_id: str) -> str:
        """Carry out every step that only reads, one after the other."""
        work = self._open.work(run_id)
        if work is None:
            return NOT_OPEN
        if await self._underway.is_taken(work):
            return work.why_busy
        steps = [
            step
            for step in work.run.runbook.steps
            if step.effect is Effect.READ and step.kind is StepKind.COMMAND and step.is_runnable
        ]
        if not steps:
            return "it has no step that only reads"
        self._underway.go(work, lambda: self._carrier.carry_reads(work, steps))
        return ""
