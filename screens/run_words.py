"""The words and signs for a step of a run: what became of it, and what it would touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from console.model.action import Effect
from console.model.run import Attempt, StepRun, StepState
from console.model.runbook import Step, StepKind
from console.model.words import age_text
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


def place_of(attempt: Attempt) -> str:
    """Where an attempt ran, in a sentence; safe to show."""
    return attempt.where if attempt.host else "this host"


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
