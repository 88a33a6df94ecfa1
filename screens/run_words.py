"""The words and signs for a step of a run: what became of it, and what it would touch."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from console.model.action import Effect
from console.model.run import Attempt, Run, StepRun, StepState
from console.model.runbook import Step, StepKind
from console.model.words import age_text, many
from console.safety.text import visible
from widgets.theme import Ink

# None of these has an ambiguous width (Unicode's East_Asian_Width is N or Na for each).
_SHAPES: Final = {
    StepState.PENDING: "-",
    StepState.RUNNING: "▸",
    StepState.PASSED: "✓",
    StepState.FAILED: "✖",
    StepState.SKIPPED: "⊘",
    StepState.MANUAL: "✓",
    StepState.UNKNOWN: "?",
}
_ASCII_SHAPES: Final = {
    StepState.PENDING: "-",
    StepState.RUNNING: "*",
    StepState.PASSED: "+",
    StepState.FAILED: "!",
    StepState.SKIPPED: "x",
    StepState.MANUAL: "+",
    StepState.UNKNOWN: "?",
}
_ENDED: Final = (StepState.PASSED, StepState.FAILED, StepState.UNKNOWN)
STATE_INKS: Final = {
    StepState.PENDING: Ink.MUTED,
    StepState.RUNNING: Ink.STRONG,
    StepState.PASSED: Ink.OK,
    StepState.FAILED: Ink.FIRING,
    StepState.SKIPPED: Ink.STALE,
    StepState.MANUAL: Ink.PLAIN,
    StepState.UNKNOWN: Ink.UNKNOWN,
}
_EFFECTS: Final = {
    Effect.READ: ("read", Ink.MUTED),
    Effect.REVERSIBLE: ("changes", Ink.WARNING),
    Effect.DISRUPTIVE: ("DISRUPTS", Ink.BREACHED),
    Effect.DESTRUCTIVE: ("DESTROYS", Ink.BREACHED),
}


ASKED_EVERY_S: Final = 15
"""Between two questions to a host about a step whose outcome is not known: the engine's."""


def shape_of(state: StepState, *, ascii_only: bool = False) -> str:
    """One character, one cell wide in every locale, by which a state is told without colour."""
    return (_ASCII_SHAPES if ascii_only else _SHAPES)[state]


def only_reads(step: Step) -> bool:
    """Whether it changes nothing, so that it is carried out without a question."""
    return step.is_runnable and step.effect is Effect.READ


def effect_mark(step: Step) -> tuple[str, Ink]:
    """`read`, `changes`, `DISRUPTS`; `by hand` and `copy only` for what is not run from here."""
    if step.is_runnable:
        if step.kind is StepKind.VERIFY:
            return "verify", Ink.MUTED
        return _EFFECTS[step.effect or Effect.DESTRUCTIVE]
    return ("copy only" if step.command else "by hand"), Ink.MUTED


def time_of(step: StepRun, now: datetime) -> str:
    """For how long it has been running, or how long the last attempt took; else empty."""
    last = step.last
    if last is None:
        return ""
    if step.state in (StepState.RUNNING, StepState.UNKNOWN) and last.ended is None:
        return age_text(now - last.began)
    return took(last)


def took(attempt: Attempt) -> str:
    """How long an attempt took; empty where nobody knows."""
    if attempt.ended is None:
        return ""
    span = attempt.ended - attempt.began
    return "<1s" if span < timedelta(seconds=1) else age_text(span)


def unknown_text(last: Attempt) -> str:
    """Why nobody knows how it ended, and what is being done about it, in one sentence."""
    sent = f"sent to {last.host or 'this host'}, no answer"
    if last.job:
        return f"{sent}: it is asked again every {ASKED_EVERY_S} s"
    return f"{sent}, and it left no marker there: look yourself"


def was_only_read(run: Run) -> bool:
    """Whether nobody did anything in it, or gave it a value."""
    from console.runbook.filling import TYPED  # late: most runs are worked through

    is_given = any(one.is_given or one.source == TYPED for one in run.params)
    return not (run.is_touched or run.running or run.change or is_given)


def has_mended(run: Run) -> bool:
    """Whether something was changed in it, and everything that counts passed."""
    acted = {one.name for one in run.runbook.steps if one.effect not in (None, Effect.READ)}
    return run.passed and any(
        one.name in acted and one.state is StepState.PASSED for one in run.steps
    )


def first_wanted(run: Run) -> str:
    """The step to begin at: what runs or is not known; else what was changed last, well or not,
    so that no second mitigation is offered after the first; else the first that is left."""
    going = next(
        (one.name for one in run.steps if one.state in (StepState.RUNNING, StepState.UNKNOWN)), ""
    )
    acted = {one.name for one in run.runbook.steps if one.effect not in (None, Effect.READ)}
    changed = [(one.last.began, one.name) for one in run.steps if one.last and one.name in acted]
    left = next((one.name for one in run.steps if not one.state.is_settled), "")
    return going or (max(changed)[1] if changed else left)


def reads_text(run: Run, names: Iterable[str]) -> str:
    """What reading steps came to that were run in turn, and which were left out, and why."""
    ended = [one for one in run.steps if one.name in set(names) and one.last is not None]
    passed = sum(one.state is StepState.PASSED for one in ended)
    others = [f"{one.name} {one.state}" for one in ended if one.state is not StepState.PASSED]
    return ", ".join([f"{passed:,} of {many(len(ended), 'reading step')} passed", *others])


def not_given(run: Run) -> dict[str, str]:
    """Reading steps that cannot be run yet, and the parameter without a value of each."""
    lacking = {one.name for one in run.params if not one.is_ready}
    return {
        step.name: name
        for step in run.runbook.steps
        if step.kind is StepKind.COMMAND and only_reads(step)
        for name in sorted(lacking)
        if name == step.on or re.search(rf"\${{?{re.escape(name)}\b", visible(step.command))
    }


def ended_texts(was: Run, now: Run, quiet: Container[str] = ()) -> Iterator[tuple[str, bool]]:
    """What the steps that have ended since came to, and whether that is well; of one that failed,
    in plain words, what takes it back. What was changed is said last, behind what verified it.

    Args:
        quiet: names of steps of which the end is told otherwise.
    """
    changed = {one.name for one in now.runbook.steps if one.effect not in (None, Effect.READ)}
    for one in sorted(now.steps, key=lambda step: step.name in changed):
        before, last = was.step(one.name), one.last
        if before is None or last is None or one.state not in _ENDED or one.name in quiet:
            continue
        if before.state == one.state and len(before.attempts) == len(one.attempts):
            continue
        step = now.runbook.step(one.name)
        said = f"{one.name} {one.state}: {last.said}" if last.said else f"{one.name} {one.state}"
        if one.state is StepState.UNKNOWN:
            said = f"{one.name} unknown: {unknown_text(last)}"
        elif one.state is StepState.FAILED and step is not None and step.rollback:
            said = f"{one.name} failed: b shows what takes it back, {step.rollback}; {last.said}"
        yield said, one.state is StepState.PASSED
