"""How a run goes on: every change of it is another run. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from console.model.run import Attempt, Run, StepRun, StepState
from console.model.runbook import Runbook


def fresh(runbook: Runbook) -> tuple[StepRun, ...]:
    """The steps of a runbook of which nothing was done yet."""
    return tuple(StepRun(step.name) for step in runbook.steps)


def attempted(run: Run, step: str, attempt: Attempt) -> Run:
    """`run` with `attempt` as the latest of `step`: a new one, or the one of that number as it
    stands now. The step's state is that of its latest attempt."""

    def changed(one: StepRun) -> StepRun:
        before = tuple(each for each in one.attempts if each.number != attempt.number)
        return msgspec.structs.replace(
            one, state=attempt.state, attempts=(*before, attempt), reason="", at=None, who=""
        )

    return _with(run, step, changed)


def skipped(run: Run, step: str, reason: str, who: str, at: datetime) -> Run:
    """`run` with `step` left out."""
    return _settled(run, step, StepState.SKIPPED, reason, who, at)


def ticked(run: Run, step: str, note: str, who: str, at: datetime) -> Run:
    """`run` with `step` done by a person."""
    return _settled(run, step, StepState.MANUAL, note, who, at)


def reopened(run: Run, step: str) -> Run:
    """`run` with `step` neither left out nor ticked off: as its latest attempt left it."""

    def changed(one: StepRun) -> StepRun:
        state = StepState.PENDING if one.last is None else one.last.state
        return msgspec.structs.replace(one, state=state, reason="", at=None, who="")

    return _with(run, step, changed)


def _settled(run: Run, step: str, state: StepState, why: str, who: str, at: datetime) -> Run:
    return _with(
        run,
        step,
        lambda one: msgspec.structs.replace(one, state=state, reason=why, at=at, who=who),
    )


def _with(run: Run, step: str, change: Callable[[StepRun], StepRun]) -> Run:
    steps = tuple(change(one) if one.name == step else one for one in run.steps)
    return msgspec.structs.replace(run, steps=steps)
