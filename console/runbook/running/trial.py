"""Trying a step: its command is run, what came is judged, and the outcome said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from secrets import token_hex
from typing import Final, Protocol

import msgspec

from console.model.action import Effect
from console.model.condition import Condition, Placeholder
from console.model.condition_check import Checked, Result, evaluate_all
from console.model.run import StepState
from console.model.runbook import Step, StepKind
from console.runbook.running.curl import (
    MARK,
    Request,
    hidden_script,
    measured_script,
    names_variable,
    request_of,
    secret_fault,
)
from console.runbook.running.job import HERE, Finished, Job, OnOutput
from console.runbook.running.mask import without_secrets
from console.runbook.running.measure import WORDS, Shown, answer_of, plain_result
from console.safety.clock import Clock
from console.safety.secret import Secret
from console.safety.text import visible
from console.safety.whereabouts import whereabouts

SHOWN_CELLS: Final = 160
"""Of a line that a program printed, in what is said."""
NO_PROGRAM: Final = 127
OnTry = Callable[[int, Job], None]
"""Called before each try with its number, from 1, and what is run."""


class Runs(Protocol):
    """Runs a command to its end; `console.runbook.running.runner`."""

    async def run(self, job: Job, on_output: OnOutput) -> Finished:
        """Raises nothing but CancelledError."""
        ...


class Trial(msgspec.Struct, frozen=True):
    """What a step came to."""

    state: StepState
    """PASSED, FAILED or UNKNOWN."""
    said: str
    """What came and what was expected: one sentence, safe to show."""
    checks: tuple[Checked, ...] = ()
    tries: int = 1
    exit_status: int | None = None
    finished: Finished = Finished(None)
    """Of the last try; of a measured request without the measurements."""
    result: Result = Result()


async def tried(
    step: Step,
    job: Job,
    runner: Runs,
    clock: Clock,
    on_output: OnOutput,
    on_try: OnTry | None = None,
    secrets: Iterable[Secret] = (),
) -> Trial:
    """Run `job`, which is `step`, and judge what came.

    Args:
        secrets: what it may print beside its own: another step's, out of a file of settings.

    What only reads is tried as often as the step says, each further time as a job of its own
    (`….t2`); all else once. Raises nothing but CancelledError.
    """
    reads = step.effect is Effect.READ
    retry = step.retry if reads else None
    secrets = (*secrets, *(secret for _, secret in job.secrets))
    times = retry.times if retry is not None else 1
    wait_s = retry.wait.total_seconds() if retry is not None else 0.0
    for number in range(1, times + 1):
        this = job if number == 1 else msgspec.structs.replace(job, id=f"{job.id}.t{number}")
        if on_try is not None:
            on_try(number, this)
        trial = await _once(step, this, runner, clock, on_output, secrets)
        if trial.state is StepState.PASSED or trial.finished.stopped or number == times:
            break
        await clock.sleep(wait_s)
    if number == 1:
        return trial
    said = f"{trial.said}; at try {number} of {times}"
    return msgspec.structs.replace(trial, tries=number, said=said)


def concluded(
    step: Step,
    finished: Finished,
    now: datetime | None = None,
    secrets: Iterable[Secret] = (),
) -> Trial:
    """What a step came to whose end was learnt later, from the marker on its host.

    Args:
        now: for conditions on a certificate; without it they fail.
        secrets: what it was given, as far as this console knows.
    """
    finished = without_secrets(finished, secrets)
    request = request_of(step.script.exact)
    if request is None or not request.measurable or not step.expect:
        return _judged(_Came(step, finished, plain_result(finished)))
    answer = answer_of(
        finished,
        now,
        is_head=request.is_head,
        follows=request.follows,
        wants_certificate=_wants_certificate(step),
    )
    return _judged(_Came(step, answer.finished, answer.result, answer.fault, is_curl=True))


class _Came(msgspec.Struct, frozen=True):
    """What is judged."""

    step: Step
    finished: Finished
    result: Result
    fault: str = ""
    """What could not be measured."""
    is_curl: bool = False
    host: str = HERE
    timeout_s: float | None = None


async def _once(
    step: Step,
    job: Job,
    runner: Runs,
    clock: Clock,
    on_output: OnOutput,
    secrets: tuple[Secret, ...],
) -> Trial:
    finished = Finished(None)
    try:
        hidden = frozenset(name for name, _ in job.secrets)
        request = request_of(job.script)
        is_secret = names_variable(job.script, hidden)
        if request is not None and is_secret:
            fault = secret_fault(request, hidden)
            if fault:
                return Trial(StepState.FAILED, f"it was not started: {fault}")
        if request is not None and request.measurable and step.expect:
            return await _requested(step, job, request, runner, clock, on_output, secrets)
        if request is not None and is_secret:
            job = msgspec.structs.replace(job, script=hidden_script(request, hidden))
        finished = await runner.run(job, on_output)
        finished = without_secrets(finished, secrets)
        came = _Came(step, finished, plain_result(finished), host=job.host)
        return _judged(msgspec.structs.replace(came, timeout_s=job.timeout_s))
    except Exception as error:
        # Of ours: whatever it is, nothing is shown by it.
        state = StepState.FAILED if step.effect is Effect.READ else StepState.UNKNOWN
        said = f"the console failed over it: {whereabouts(error)}"
        return Trial(state, said, exit_status=finished.exit_status, finished=finished)


async def _requested(
    step: Step,
    job: Job,
    request: Request,
    runner: Runs,
    clock: Clock,
    on_output: OnOutput,
    secrets: tuple[Secret, ...],
) -> Trial:
    """Make a request, measured."""
    hidden = frozenset(name for name, _ in job.secrets)
    mark = MARK + token_hex(16)
    wants = _wants_certificate(step)
    script = measured_script(request, mark, job.timeout_s, hidden, wants_certificate=wants)
    shown = Shown(on_output, mark, is_head=request.is_head, follows=request.follows)
    finished = await runner.run(msgspec.structs.replace(job, script=script), shown.take)
    shown.finish()
    finished = without_secrets(finished, secrets, mark)
    answer = answer_of(
        finished,
        clock.now().wall,
        mark=mark,
        is_head=request.is_head,
        follows=request.follows,
        wants_certificate=wants,
    )
    return _judged(
        _Came(step, answer.finished, answer.result, answer.fault, True, job.host, job.timeout_s)
    )


def _wants_certificate(step: Step) -> bool:
    return any(one.placeholder is Placeholder.CERTIFICATE_EXPIRATION for one in step.expect)


def _judged(came: _Came) -> Trial:
    """What a command's end shows of its step."""
    step, finished, fault = came.step, came.finished, came.fault
    checks: tuple[Checked, ...] = ()
    ended = finished.exit_status

    def told(state: StepState, said: str) -> Trial:
        return Trial(state, said, checks, 1, ended, finished, came.result)

    reads = step.effect is Effect.READ
    if finished.is_unknown:
        why = finished.fault or "its host was not heard of again"
        return told(StepState.UNKNOWN, f"it was sent, and its outcome is not known: {why}")
    if finished.busy:
        return told(StepState.FAILED, f"it was not started: {finished.busy}")
    if finished.stopped:
        return told(StepState.FAILED, "stopped")
    if finished.timed_out:
        return told(StepState.FAILED, _too_late(came.timeout_s))
    if ended is None:
        if finished.fault:
            return told(StepState.FAILED, finished.fault)
        # Nothing says that it did not do what it was sent for.
        state = StepState.FAILED if reads else StepState.UNKNOWN
        return told(state, "it ended without a status: nobody knows what it came to")
    checks = evaluate_all(step.expect, came.result)
    failed = [one for one in checks if not one.passed]
    if ended != 0 and (failed or not _asks_for_the_end(step.expect, ended, came.is_curl)):
        return told(StepState.FAILED, _ended_badly(came, ended, failed))
    if failed:
        said = failed[0].shown + (f"; and {len(failed) - 1} more" if len(failed) > 1 else "")
        return told(StepState.FAILED, f"{said}; {fault}" if fault else said)
    if not checks and step.kind is StepKind.VERIFY:
        return told(StepState.FAILED, "it has no conditions, so that it shows nothing")
    return told(StepState.PASSED, _well(checks, ended))


def _asks_for_the_end(conditions: tuple[Condition, ...], ended: int, is_curl: bool) -> bool:
    """Whether the conditions themselves say which end is good; else only 0 is."""
    asked = {one.placeholder for one in conditions}
    if Placeholder.EXIT in asked:
        return True
    if not is_curl:
        return False
    # `--fail` ends with 22 where an answer came that somebody may have expected.
    return Placeholder.CONNECTED in asked or (ended == 22 and Placeholder.STATUS in asked)


def _well(checks: tuple[Checked, ...], ended: int) -> str:
    if not checks:
        return f"exit {ended}"
    if len(checks) == 1:
        return checks[0].shown
    return f"all {len(checks)} conditions hold: {checks[0].shown}"


def _ended_badly(came: _Came, ended: int, failed: list[Checked]) -> str:
    finished = came.finished
    expected = failed[0].shown if failed else "exit 0"
    line = _last_line(finished.stderr) or _last_line(finished.stdout)
    if ended == NO_PROGRAM and came.is_curl:
        place = f"on {visible(came.host)}" if came.host != HERE else "here"
        return f"there is no curl {place} (exit 127); expected {expected}"
    if came.is_curl:
        why = WORDS.get(ended, "curl failed")
        detail = re.sub(r"^curl: \([0-9]+\) ", "", _last_line(finished.stderr))
        return f"curl: {why} (exit {ended}{', ' + detail if detail else ''}); expected {expected}"
    if failed and not failed[0].left.startswith("[EXIT]"):
        said = f"exit {ended}; expected {expected}"
    else:
        said = f"exit {ended}, expected {failed[0].right if failed else 0}"
    return f"{said}: {line}" if line else said


def _too_late(timeout_s: float | None) -> str:
    if timeout_s is None:
        return "no answer within its deadline"
    return f"no answer within {timeout_s:g} s"


def _last_line(content: bytes) -> str:
    lines = content[-4096:].decode("utf-8", "replace").strip().splitlines()
    return visible(lines[-1].strip(), cells=SHOWN_CELLS) if lines else ""
