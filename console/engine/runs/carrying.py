"""Carrying out a step: its command, then what shows that it worked, then the record of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from console.actions.audit.audit import Intent
from console.actions.decide import Decision
from console.engine.runs.attempts import Attempts
from console.engine.runs.record import Record
from console.engine.runs.unbroken import to_its_end
from console.engine.runs.work import STOPPED, Work
from console.engine.runs.world import World
from console.model.acting import Ended
from console.model.action import Effect
from console.model.condition_check import Checked
from console.model.run import Attempt, StepPlan, StepState
from console.model.runbook import Step
from console.runbook.plan import verifiers_of
from console.runbook.running.mask import excerpt_of, masked
from console.runbook.running.trial import Trial
from console.safety.clock import Clock
from console.safety.secret import Secret

if TYPE_CHECKING:
    from console.runbook.running.runner import Runner

CLOSED: Final = "the console was closed while it ran"


class Carrier:
    """Carries steps out, one at a time of each run. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        runner: Runner,
        attempts: Attempts,
        record: Record,
        plan: Callable[[Work, Step], Awaitable[StepPlan]],
    ) -> None:
        """
        Args:
            plan: what a step would do now.
        """
        self._world = world
        self._clock = clock
        self._runner = runner
        self._attempts = attempts
        self._record = record
        self._plan = plan

    async def carry(self, work: Work, step: Step, plan: StepPlan, intent: Intent) -> None:
        """Carry out one step to its end, whatever that is."""
        try:
            attempt, trial = await self._attempts.make(work, step, plan, intent.id)
            await self._conclude(work, step, attempt, trial)
        except asyncio.CancelledError:
            await self._cut_short(work)
            raise

    async def carry_reads(self, work: Work, steps: Sequence[Step]) -> None:
        """Carry out steps that only read, one after the other."""
        for step in steps:
            if work.stopping:
                return
            plan = await self._plan(work, step)
            if plan.refusals:
                continue
            told = await self._intended(work, step, plan)
            if isinstance(told, Intent):
                await self.carry(work, step, plan, told)

    async def learn(self, work: Work, step: Step) -> None:
        """Ask the host what became of a step that was sent and never heard of again."""
        one = work.run.step(step.name)
        attempt = None if one is None else one.last
        if attempt is None or attempt.state is not StepState.UNKNOWN or not attempt.job:
            return
        trial = await self._attempts.rejoin(work, step, attempt)
        if trial is not None:
            await self._conclude(work, step, attempt, trial)

    async def _intended(self, work: Work, step: Step, plan: StepPlan) -> Intent | Decision:
        """The intent of a step that only reads; one that is cut short here has its end."""
        asking = asyncio.ensure_future(self._record.intend(work, step, plan, Effect.READ))
        try:
            return await to_its_end(asking)
        except asyncio.CancelledError:
            if not asking.cancelled() and isinstance(told := asking.result(), Intent):
                await to_its_end(self._world.acting.ended(told, Ended.DENIED, STOPPED))
            raise

    async def _conclude(self, work: Work, step: Step, attempt: Attempt, trial: Trial) -> None:
        """Verify what acted, then write down how it ended, without the secrets in it."""
        secrets = tuple(work.secrets.values())
        finished, capture = trial.finished, work.live.get(step.name)
        if finished.is_cut and capture is not None:
            capture.left_out(finished.stdout_bytes, finished.stderr_bytes)
        ended = msgspec.structs.replace(
            attempt,
            state=_state(attempt, trial),
            ended=self._clock.now().wall,
            exit_status=trial.exit_status,
            said=masked(trial.said, secrets),
            checks=tuple(_check_masked(one, secrets) for one in trial.checks),
            tries=trial.tries,
            excerpt=excerpt_of(finished, secrets),
            output_bytes=finished.stdout_bytes + finished.stderr_bytes,
        )
        if trial.state is StepState.PASSED and step.effect is not Effect.READ:
            ended = await self._verified(work, step, ended)
        await self._end(work, step, ended)

    async def _end(self, work: Work, step: Step, ended: Attempt) -> None:
        """Write down how an attempt ended; what its host remembers of it is needed no more."""
        # Whoever stops it now comes too late: what it has come to is written down whole.
        await to_its_end(self._record.write_down(work, step, ended))
        if ended.job and ended.state is not StepState.UNKNOWN and work.is_saved:
            await self._runner.forget(ended.job, ended.host)

    async def _verified(self, work: Work, step: Step, ended: Attempt) -> Attempt:
        """What a step that acted came to by those that show whether it worked."""
        verifiers = verifiers_of(work.run.runbook, step)
        if not verifiers:
            said = f"{ended.said}; no step shows whether it worked"
            return msgspec.structs.replace(ended, said=said)
        names = ", ".join(one.name for one in verifiers)
        waiting = f"{ended.said}; {names} looks whether it worked"
        await self._record.put(
            work, step, msgspec.structs.replace(ended, state=StepState.RUNNING, said=waiting)
        )
        for one in verifiers:
            told = "it was stopped before" if work.stopping else await self._verify(work, one)
            if told:
                said = f"it ran ({ended.said}), and is not verified: {one.name}: {told}"
                return msgspec.structs.replace(
                    ended, state=StepState.FAILED, said=said, by=(one.name,)
                )
        said = f"{ended.said}; verified by {names}"
        by = tuple(one.name for one in verifiers)
        return msgspec.structs.replace(ended, said=said, by=by)

    async def _verify(self, work: Work, step: Step) -> str:
        """Run a step that verifies, as any other; why it does not show that all is well."""
        plan = await self._plan(work, step)
        if plan.refusals:
            return plan.refusals[0]
        told = await self._intended(work, step, plan)
        if not isinstance(told, Intent):
            return told.reasons[0]
        attempt, trial = await self._attempts.make(work, step, plan, told.id)
        await self._conclude(work, step, attempt, trial)
        said = masked(trial.said, tuple(work.secrets.values()))
        return "" if trial.state is StepState.PASSED else said

    async def _cut_short(self, work: Work) -> None:
        """It was stopped between two commands, or the console ends.

        Then what acts goes on at its host, and the next console asks for it.
        """
        for one in work.run.running:
            attempt, step = one.last, work.run.runbook.step(one.name)
            if attempt is None or step is None or (attempt.job and not work.stopping):
                continue
            is_over = attempt.exit_status is not None or not attempt.job
            ended = msgspec.structs.replace(
                attempt,
                state=StepState.FAILED if is_over else StepState.UNKNOWN,
                ended=self._clock.now().wall,
                said=_stopped(attempt) if work.stopping else CLOSED,
            )
            await self._end(work, step, ended)


def _state(attempt: Attempt, trial: Trial) -> StepState:
    """What an attempt has come to."""
    if trial.finished.busy:
        return StepState.PENDING  # a colleague is at it: nothing was started
    if trial.state is StepState.UNKNOWN and not attempt.job:
        return StepState.FAILED  # it left no marker, so that nobody will ever learn more
    return trial.state


def _stopped(attempt: Attempt) -> str:
    if not attempt.job:
        return "it was stopped"
    if attempt.exit_status is None:
        return "it was to be stopped, and what became of it is not known yet"
    return f"it ran ({attempt.said}), and was stopped before it was verified"


def _check_masked(one: Checked, secrets: tuple[Secret, ...]) -> Checked:
    return msgspec.structs.replace(
        one,
        left=masked(one.left, secrets),
        actual=masked(one.actual, secrets),
        right=masked(one.right, secrets),
        shown=masked(one.shown, secrets),
    )
