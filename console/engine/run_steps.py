"""Carrying out a step: its command, then what shows that it worked, then the record of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from console.actions.audit.audit import Intent
from console.actions.decide import Decision
from console.actions.registry import action_by_id
from console.engine.run_left import to_its_end
from console.engine.run_output import Capture, OutputShelf
from console.engine.run_work import Work
from console.model.acting import Ended
from console.model.action import Effect
from console.model.condition_check import Checked
from console.model.event import Event
from console.model.paper_wish import KeepRun
from console.model.run import Attempt, StepPlan, StepState
from console.model.runbook import ParamType, Step
from console.runbook.plan import job_of, verifiers_of
from console.runbook.progress import attempted
from console.runbook.running.job import HERE, Finished, Job, OnOutput
from console.runbook.running.mask import Masker, excerpt_of, masked
from console.runbook.running.trial import Trial, concluded, tried
from console.runbook.shell import used
from console.runbook.telling import step_event
from console.safety.clock import Clock
from console.safety.secret import Secret
from console.safety.whereabouts import whereabouts

if TYPE_CHECKING:
    from console.engine.acting import ActingDesk
    from console.runbook.running.runner import Runner

ACTION: Final = "run.step"
ENDED: Final = {
    StepState.PASSED: Ended.DONE,
    StepState.FAILED: Ended.FAILED,
    StepState.UNKNOWN: Ended.UNKNOWN,
    StepState.PENDING: Ended.DENIED,
}
"""What stands in the audit. An end that is not known may be followed by one more, the end that
was learnt; no other is followed by any."""
STOPPED: Final = "it was stopped before it began"
CLOSED: Final = "the console was closed while it ran"
NOT_SHOWN: Final = "its output is left out: it was given a secret that this console does not have"


class World(Protocol):
    """What carrying out needs of the engine around it."""

    @property
    def acting(self) -> ActingDesk:
        """Decides, and keeps the record."""

    def note(self, event: Event) -> None:
        """Put something into the event log."""


class Carrier:
    """Carries steps out, one at a time of each run. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        runner: Runner,
        outputs: OutputShelf,
        save: Callable[[Work], Awaitable[None]],
        plan: Callable[[Work, Step], Awaitable[StepPlan]],
        authority: Callable[[], str | None] = lambda: None,
    ) -> None:
        """
        Args:
            save: keeps a run as it is now, before anything depends on it, and shows it.
            plan: what a step would do now.
            authority: the file of certificates by which health endpoints are trusted from here.
        """
        self._world = world
        self._clock = clock
        self._runner = runner
        self._outputs = outputs
        self._save = save
        self._plan = plan
        self._authority = authority

    async def carry(self, work: Work, step: Step, plan: StepPlan, intent: Intent) -> None:
        """Carry out one step to its end, whatever that is."""
        try:
            attempt, trial = await self._attempt(work, step, plan, intent.id)
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

    async def _intended(self, work: Work, step: Step, plan: StepPlan) -> Intent | Decision:
        """The intent of a step that only reads; one that is cut short here has its end."""
        acting = self._world.acting
        asking = asyncio.ensure_future(
            acting.intend(
                ACTION, plan.typed, _subjects(work, plan), _why(work, step), effect=Effect.READ
            )
        )
        try:
            return await to_its_end(asking)
        except asyncio.CancelledError:
            if not asking.cancelled() and isinstance(told := asking.result(), Intent):
                await to_its_end(acting.ended(told, Ended.DENIED, STOPPED))
            raise

    async def learn(self, work: Work, step: Step) -> None:
        """Ask the host what became of a step that was sent and never heard of again."""
        one = work.run.step(step.name)
        attempt = None if one is None else one.last
        if attempt is None or attempt.state is not StepState.UNKNOWN or not attempt.job:
            return
        capture = Capture(attempt.number)
        masker = Masker(tuple(work.secrets.values()))
        is_open = not _unmaskable(work, step)

        def heard(stream: int, data: bytes) -> None:
            if is_open:
                work.live[step.name] = capture
                capture.take(stream, masker.feed(stream, data))

        work.jobs[step.name] = attempt.job, attempt.host
        try:
            finished = await self._runner.rejoin(attempt.job, attempt.host, heard)
        finally:
            work.jobs.pop(step.name, None)
            _let_go(masker, capture)
        if finished is None:
            why = "there is no trace of it on its host: it never began, or its trace was removed"
            finished = Finished(None, fault=why)
        if finished.is_unknown:
            return
        if not is_open:
            finished = msgspec.structs.replace(finished, stdout=b"", stderr=b"")
        secrets = tuple(work.secrets.values())
        trial = concluded(step, finished, self._clock.now().wall, secrets)
        if not is_open:
            trial = msgspec.structs.replace(trial, said=f"{trial.said}; {NOT_SHOWN}")
        if trial.state is StepState.UNKNOWN:
            # The host was asked, and has no more to tell.
            trial = msgspec.structs.replace(trial, state=StepState.FAILED)
        await self._conclude(work, step, attempt, trial)

    async def _attempt(
        self, work: Work, step: Step, plan: StepPlan, intent: str
    ) -> tuple[Attempt, Trial]:
        """Run the command of a step, and judge what came."""
        before = work.run.step(step.name)
        last = None if before is None else before.last
        number = 1 if last is None else last.number + 1
        who = self._world.acting.who
        job = job_of(work.run, step, number, work.secrets, who)
        attempt = Attempt(
            number,
            StepState.RUNNING,
            self._clock.now().wall,
            who,
            plan.where,
            plan.typed,
            values=plan.values,
            job=job.id if isinstance(job, Job) and job.keeps_marker else "",
            host=plan.host,
            intent=intent,
        )
        capture = work.live[step.name] = Capture(number)
        await self._put(work, step, attempt)
        if isinstance(job, str):
            return attempt, Trial(StepState.FAILED, job)
        ca = self._authority()
        if job.host == HERE and ca is not None:
            # A step that asks an endpoint sees of it what the console's own probe sees.
            job = msgspec.structs.replace(job, values=(*job.values, ("CURL_CA_BUNDLE", ca)))
        watched = _Watched(self._runner, work, step.name)
        masker = Masker(tuple(work.secrets.values()))
        try:
            secrets = tuple(work.secrets.values())
            shown = _masked(masker, capture)
            trial = await tried(step, job, watched, self._clock, shown, secrets=secrets)
        except Exception as error:
            state = StepState.FAILED if step.effect is Effect.READ else StepState.UNKNOWN
            trial = Trial(state, f"the console failed over it: {whereabouts(error)}")
        finally:
            _let_go(masker, capture)
        return attempt, trial

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
        # Whoever stops it now comes too late: what it has come to is written down whole.
        await to_its_end(self._write_down(work, step, ended))
        if ended.job and ended.state is not StepState.UNKNOWN and work.is_saved:
            await self._runner.forget(ended.job, ended.host)

    async def _write_down(self, work: Work, step: Step, ended: Attempt) -> None:
        """How an attempt ended: in the run, in the audit, for the timeline, as a transcript."""
        capture = work.live.get(step.name)
        if capture is not None:
            output = capture.output
            await asyncio.to_thread(self._outputs.keep, work.run.id, step.name, output)
        await self._put(work, step, ended)
        acting = self._world.acting
        await acting.ended(_intent(ended, step.effect), ENDED[ended.state], ended.said)
        told = self.tell(work, step.name)
        if step.effect is not Effect.READ and ended.state is not StepState.PENDING:
            await acting.submit(KeepRun(work.run, told))

    async def _verified(self, work: Work, step: Step, ended: Attempt) -> Attempt:
        """What a step that acted came to by those that show whether it worked."""
        verifiers = verifiers_of(work.run.runbook, step)
        if not verifiers:
            said = f"{ended.said}; no step shows whether it worked"
            return msgspec.structs.replace(ended, said=said)
        names = ", ".join(one.name for one in verifiers)
        waiting = f"{ended.said}; {names} looks whether it worked"
        await self._put(
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
        attempt, trial = await self._attempt(work, step, plan, told.id)
        await self._conclude(work, step, attempt, trial)
        said = masked(trial.said, tuple(work.secrets.values()))
        return "" if trial.state is StepState.PASSED else said

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
        await self._save(work)
        for name, ended in cut:
            step = work.run.runbook.step(name)
            effect = None if step is None else step.effect
            await self._world.acting.ended(_intent(ended, effect), ENDED[ended.state], said)

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
            await to_its_end(self._write_down(work, step, ended))
            if ended.job and is_over and work.is_saved:
                await self._runner.forget(ended.job, ended.host)

    async def end_cut_off(self, work: Work, step: str, attempt: Attempt) -> None:
        """Record that a step that only read has ended with the console that carried it out."""
        await self._world.acting.ended(
            _intent(attempt, Effect.READ), ENDED[attempt.state], attempt.said
        )
        self.tell(work, step)

    async def _put(self, work: Work, step: Step, attempt: Attempt) -> None:
        work.run = attempted(work.run, step.name, attempt)
        await self._save(work)

    def tell(self, work: Work, step: str) -> tuple[Event, ...]:
        """Put what a step has come to into the event log."""
        one = work.run.step(step)
        if one is None:
            return ()
        event = step_event(work.run, one, self._clock.now().wall)
        self._world.note(event)
        return (event,)


class _Watched:
    """A runner that remembers what it runs, so that it can be stopped."""

    def __init__(self, runner: Runner, work: Work, step: str) -> None:
        self._runner = runner
        self._work = work
        self._step = step

    async def run(self, job: Job, on_output: OnOutput) -> Finished:
        """See `Runner.run`."""
        if self._work.stopping:
            return Finished(None, stopped=True, fault=STOPPED)
        self._work.jobs[self._step] = job.id, job.host
        try:
            finished = await self._runner.run(job, on_output)
        finally:
            self._work.jobs.pop(self._step, None)
        return _as_stopped(finished) if _is_stopping(self._work) else finished


def _is_stopping(work: Work) -> bool:
    """Asked anew: a person may have wished for it meanwhile."""
    return work.stopping


def _as_stopped(finished: Finished) -> Finished:
    """Stopped on its way, it finds its place taken there: then it is not tried once more."""
    is_told = finished.exit_status is not None or finished.is_unknown or bool(finished.busy)
    return finished if is_told else msgspec.structs.replace(finished, stopped=True)


def _intent(attempt: Attempt, effect: Effect | None = None) -> Intent:
    """What was recorded before it began, perhaps by an earlier console."""
    effect = effect or (Effect.DESTRUCTIVE if attempt.job else Effect.READ)
    action = msgspec.structs.replace(action_by_id(ACTION), effect=effect)
    return Intent(attempt.intent, action, recorded=True)


def _state(attempt: Attempt, trial: Trial) -> StepState:
    """What an attempt has come to."""
    if trial.finished.busy:
        return StepState.PENDING  # a colleague is at it: nothing was started
    if trial.state is StepState.UNKNOWN and not attempt.job:
        return StepState.FAILED  # it left no marker, so that nobody will ever learn more
    return trial.state


def _unmaskable(work: Work, step: Step) -> bool:
    """Whether it may print a secret that an earlier console was given, and this one was not."""
    params = (work.run.runbook.param(name) for name in used(step.script.exact))
    return any(
        one is not None and one.type is ParamType.SECRET and one.name not in work.secrets
        for one in params
    )


def _stopped(attempt: Attempt) -> str:
    if not attempt.job:
        return "it was stopped"
    if attempt.exit_status is None:
        return "it was to be stopped, and what became of it is not known yet"
    return f"it ran ({attempt.said}), and was stopped before it was verified"


def _masked(masker: Masker, capture: Capture) -> OnOutput:
    return lambda stream, data: capture.take(stream, masker.feed(stream, data))


def _let_go(masker: Masker, capture: Capture) -> None:
    """Nothing more comes: what might have become a secret is none."""
    for stream in (1, 2):
        if rest := masker.finish(stream):
            capture.take(stream, rest)


def _check_masked(one: Checked, secrets: tuple[Secret, ...]) -> Checked:
    return msgspec.structs.replace(
        one,
        left=masked(one.left, secrets),
        actual=masked(one.actual, secrets),
        right=masked(one.right, secrets),
        shown=masked(one.shown, secrets),
    )


def _subjects(work: Work, plan: StepPlan) -> tuple[str, ...]:
    return tuple(one for one in (plan.where, work.run.subject) if one)


def _why(work: Work, step: Step) -> str:
    return f"{work.run.id} {work.run.runbook.title.exact[:80]}: {step.name}"
