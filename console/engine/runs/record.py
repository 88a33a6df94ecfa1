"""What a step has come to, written down: in the run, in the audit, for the timeline, as a
transcript."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from console.actions.audit.audit import Intent
from console.actions.decide import Decision
from console.actions.registry import action_by_id
from console.engine.runs.open_runs import OpenRuns
from console.engine.runs.output import OutputShelf
from console.engine.runs.work import Work
from console.engine.runs.world import World
from console.model.acting import Ended
from console.model.action import Effect
from console.model.event import Event
from console.model.paper_wish import KeepRun
from console.model.run import Attempt, StepPlan, StepState
from console.model.runbook import Step
from console.runbook.progress import attempted
from console.runbook.telling import step_event
from console.safety.clock import Clock
from console.safety.text import visible

ACTION: Final = "run.step"
ENDED: Final = {
    StepState.PASSED: Ended.DONE,
    StepState.FAILED: Ended.FAILED,
    StepState.UNKNOWN: Ended.UNKNOWN,
    StepState.PENDING: Ended.DENIED,
}
"""What stands in the audit. An end that is not known may be followed by one more, the end that
was learnt; no other is followed by any."""


class Record:
    """Writes down what steps come to. One loop uses it."""

    def __init__(
        self, world: World, clock: Clock, open_runs: OpenRuns, outputs: OutputShelf
    ) -> None:
        self._world = world
        self._clock = clock
        self._open = open_runs
        self._outputs = outputs

    async def intend(
        self,
        work: Work,
        step: Step,
        plan: StepPlan,
        effect: Effect | None,
        *,
        missing: Sequence[str] = (),
        broke_glass: bool = False,
    ) -> Intent | Decision:
        """Record that a step is about to be carried out; a `Decision` says why it must not."""
        return await self._world.acting.intend(
            ACTION,
            plan.typed,
            [one for one in (plan.where, work.run.subject) if one],
            f"{work.run.id} {visible(work.run.runbook.title, cells=80)}: {step.name}",
            effect=effect,
            missing=missing,
            broke_glass=broke_glass,
        )

    async def put(self, work: Work, step: Step, attempt: Attempt) -> None:
        """The attempt as it is now: on disk before anything depends on it, and shown."""
        work.run = attempted(work.run, step.name, attempt)
        await self._open.save(work)

    async def write_down(self, work: Work, step: Step, ended: Attempt) -> None:
        """How an attempt ended."""
        capture = work.live.get(step.name)
        if capture is not None:
            output = capture.output
            await asyncio.to_thread(self._outputs.keep, work.run.id, step.name, output)
        await self.put(work, step, ended)
        acting = self._world.acting
        await acting.ended(_intent(ended, step.effect), ENDED[ended.state], ended.said)
        told = self.tell(work, step.name)
        if step.effect is not Effect.READ and ended.state is not StepState.PENDING:
            await acting.submit(KeepRun(work.run, told))

    async def failed(self, work: Work, where: str) -> None:
        """The console failed over it: what acts is asked for by its marker, nothing has passed."""
        said = f"the console failed over it: {where}"
        cut: list[tuple[str, Attempt]] = []
        for one in work.run.steps:
            attempt = one.last
            if attempt is None or one.state not in (StepState.RUNNING, StepState.UNKNOWN):
                continue
            state = StepState.UNKNOWN if attempt.job else StepState.FAILED
            ended = msgspec.structs.replace(
                attempt, state=state, ended=self._clock.now().wall, said=said
            )
            work.run = attempted(work.run, one.name, ended)
            if one.state is StepState.RUNNING:
                cut.append((one.name, ended))
        await self._open.save(work)
        for name, ended in cut:
            step = work.run.runbook.step(name)
            effect = None if step is None else step.effect
            await self._world.acting.ended(_intent(ended, effect), ENDED[ended.state], said)

    async def end_cut_off(self, work: Work, step: str, attempt: Attempt) -> None:
        """Record that a step that only read has ended with the console that carried it out."""
        await self._world.acting.ended(
            _intent(attempt, Effect.READ), ENDED[attempt.state], attempt.said
        )
        self.tell(work, step)

    def tell(self, work: Work, step: str) -> tuple[Event, ...]:
        """Put what a step has come to into the event log."""
        one = work.run.step(step)
        if one is None:
            return ()
        event = step_event(work.run, one, self._clock.now().wall)
        self._world.note(event)
        return (event,)


def _intent(attempt: Attempt, effect: Effect | None = None) -> Intent:
    """What was recorded before it began, perhaps by an earlier console."""
    effect = effect or (Effect.DESTRUCTIVE if attempt.job else Effect.READ)
    action = msgspec.structs.replace(action_by_id(ACTION), effect=effect)
    return Intent(attempt.intent, action, recorded=True)
