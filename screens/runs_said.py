"""What is said of runs while something else is looked at: the badge, what ended, what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from console.model.run import Run, Runs, StepRun, StepState
from console.model.words import many
from console.safety.text import visible

_GOES_ON: Final = (StepState.RUNNING, StepState.UNKNOWN)
_CELLS: Final = 60


class Told(msgspec.Struct, frozen=True):
    """One line about one run."""

    run: str
    """Its id."""
    text: str
    """Safe to show."""
    is_warning: bool = False


def badge_of(runs: Runs) -> str:
    """`run 1`, `run 1 ?1`: steps that run, and those whose outcome is not known; empty: none."""
    running, unknown = runs.running, runs.unknown
    if not running and not unknown:
        return ""
    return " ".join(filter(None, ("run", str(running or ""), f"?{unknown}" if unknown else "")))


def ended_between(before: Runs, after: Runs) -> Iterator[Told]:
    """What became of steps that were running, or not known, in `before`."""
    for run in after.open:
        was = before.run(run.id)
        for step in run.steps if was is not None else ():
            state = None if was is None else _state_of(was, step.name)
            if state is None or state not in _GOES_ON or state is step.state:
                continue
            if step.state is StepState.RUNNING:
                continue
            yield _ended(run, step)


def _state_of(run: Run, step: str) -> StepState | None:
    found = run.step(step)
    return None if found is None else found.state


def _ended(run: Run, step: StepRun) -> Told:
    name = visible(run.runbook.name, cells=_CELLS)
    what = visible(step.name, cells=_CELLS)
    if step.state is StepState.UNKNOWN:
        said = f"{name}: what became of {what} is not known; it stands under open runs (3)"
        return Told(run.id, said, is_warning=True)
    if step.state is StepState.PENDING:
        return Told(run.id, f"{name}: {what} was not carried out", is_warning=True)
    attempt = step.last
    why = ""
    if step.state is StepState.FAILED and attempt is not None and attempt.said:
        why = f": {visible(attempt.said, cells=200)}"
    bad = step.state is StepState.FAILED
    return Told(run.id, f"{name}: {what} {step.state.value}{why}", is_warning=bad)


def left_behind(runs: Runs) -> str:
    """That an earlier console left something whose outcome is to be learnt; empty: nothing."""
    found = [run for run in runs.open if run.id in runs.found]
    if not found:
        return ""
    names = ", ".join(dict.fromkeys(visible(run.runbook.name, cells=_CELLS) for run in found))
    count = many(len(found), "run")
    return f"{count} of an earlier console: {names}; what became of it stands under open runs (3)"


def going_on(runs: Runs) -> tuple[str, ...]:
    """One sentence for each step that this console leaves behind when it is closed."""
    return tuple(
        _goes_on(run, step) for run in runs.open for step in run.steps if step.state in _GOES_ON
    )


def _goes_on(run: Run, step: StepRun) -> str:
    attempt = step.last
    host = "" if attempt is None else visible(attempt.host, cells=_CELLS)
    name = f"{visible(step.name, cells=_CELLS)} of {visible(run.runbook.name, cells=_CELLS)}"
    on = f" on {host}" if host else " here"
    if step.state is StepState.UNKNOWN:
        where = f" on {host}" if host else ""
        return f"what became of {name}{where} is not known: the next console reads how it ended"
    if attempt is not None and not attempt.job:
        return f"{name} runs{on}: it only reads, and ends with this console"
    there = " there" if host else ""
    return f"{name} runs{on}: it goes on{there}; the next console reads how it ended"
