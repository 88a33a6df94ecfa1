"""One attempt at a step: its command run or asked for, its output masked as it comes, judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.runs.output import Capture
from console.engine.runs.record import Record
from console.engine.runs.work import STOPPED, Work
from console.engine.runs.world import World
from console.model.action import Effect
from console.model.run import Attempt, StepPlan, StepState
from console.model.runbook import ParamType, Step
from console.runbook.jobs import job_of
from console.runbook.plan import shows_colleague
from console.runbook.running.job import HERE, Finished, Job, OnOutput
from console.runbook.running.mask import Masker
from console.runbook.running.trial import Trial, concluded, tried
from console.runbook.shell import used
from console.safety.clock import Clock
from console.safety.whereabouts import whereabouts

if TYPE_CHECKING:
    from console.runbook.running.runner import Runner

NOT_SHOWN: Final = "its output is left out: it was given a secret that this console does not have"


class Attempts:
    """Makes attempts. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        runner: Runner,
        record: Record,
        authority: Callable[[], str | None],
    ) -> None:
        """
        Args:
            authority: the file of certificates by which health endpoints are trusted from here.
        """
        self._world = world
        self._clock = clock
        self._runner = runner
        self._record = record
        self._authority = authority

    async def make(
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
        await self._record.put(work, step, attempt)
        if isinstance(job, str):
            return attempt, Trial(StepState.FAILED, job)
        ca = self._authority()
        if job.host == HERE and ca is not None:
            # A step that asks an endpoint sees of it what the console's own probe sees.
            job = msgspec.structs.replace(job, values=(*job.values, ("CURL_CA_BUNDLE", ca)))
        if shows_colleague(plan):
            # A person has read the name and said yes all the same. Anybody on a host can hold a
            # lock there for ever: it is advice, and it was heard.
            job = msgspec.structs.replace(job, lock="")
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

    async def rejoin(self, work: Work, step: Step, attempt: Attempt) -> Trial | None:
        """What became of an attempt that was sent and never heard of again, as its host tells it;
        `None`: it cannot be asked now."""
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
            return None
        if not is_open:
            finished = msgspec.structs.replace(finished, stdout=b"", stderr=b"")
        secrets = tuple(work.secrets.values())
        trial = concluded(step, finished, self._clock.now().wall, secrets)
        if not is_open:
            trial = msgspec.structs.replace(trial, said=f"{trial.said}; {NOT_SHOWN}")
        if trial.state is StepState.UNKNOWN:
            # The host was asked, and has no more to tell.
            trial = msgspec.structs.replace(trial, state=StepState.FAILED)
        return trial


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


def _unmaskable(work: Work, step: Step) -> bool:
    """Whether it may print a secret that an earlier console was given, and this one was not."""
    params = (work.run.runbook.param(name) for name in used(step.script.exact))
    return any(
        one is not None and one.type is ParamType.SECRET and one.name not in work.secrets
        for one in params
    )


def _masked(masker: Masker, capture: Capture) -> OnOutput:
    return lambda stream, data: capture.take(stream, masker.feed(stream, data))


def _let_go(masker: Masker, capture: Capture) -> None:
    """Nothing more comes: what might have become a secret is none."""
    for stream in (1, 2):
        if rest := masker.finish(stream):
            capture.take(stream, rest)
