"""A run on paper: what a step would do, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.cli.table import Cell, Ink, Paper
from console.model.action import Effect
from console.model.run import Attempt, StepPlan, StepState, Tone
from console.runbook.plan import CHANGED
from console.safety.text import visible

YES: Final = "yes"
"""What has to be said to a step that changes something and asks for no word of its own."""
NOT_RUN: Final = "NOT RUN"
_INKS: Final[dict[StepState, Ink]] = {
    StepState.PASSED: "green",
    StepState.FAILED: "red",
    StepState.UNKNOWN: "magenta",
}
_TONES: Final[dict[Tone, Ink]] = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.WARNING: "yellow",
    Tone.BAD: "red",
}
_OPTIONS: Final = {
    "has not been given: p gives it": "has not been given: --secret gives it",
    "p gives it": "--param gives it",
    CHANGED: "the runbook changed since its last run here: --yes changed agrees to that",
}
_STATE_CELLS: Final = max(map(len, (NOT_RUN, *StepState)))


def word_of(plan: StepPlan) -> str:
    """What a person has to say before the step starts; empty: nothing."""
    return "" if plan.effect is Effect.READ else plan.word or YES


def plan_lines(plan: StepPlan, paper: Paper) -> Iterator[str]:
    """What the step would do, exactly. Commands and reasons are never cut."""
    yield paper.line(Cell(plan.step, "bold"), Cell(f"  [{plan.effect}]", "dim"))
    yield _topic("on", f"{plan.where}, {plan.timeout_s:g} s at most")
    yield from _block("runs", plan.script)
    if plan.typed and plan.typed != plan.script:
        yield from _block("sent as", plan.typed)
    for name, value in plan.values:
        yield _topic("with", f"{name}={value}")
    for one in plan.around:
        yield _uncut(paper).line(Cell(_topic(one.topic, one.text), _TONES[one.tone]))
    for condition in plan.expects:
        yield _topic("expects", condition)
    if plan.rollback:
        yield _topic("back by", plan.rollback)
    for text in plan.warnings:
        yield _topic("note", _without_keys(text))
    for text in plan.missing:
        yield _topic("unknown", text)
    for text in plan.refusals:
        yield _topic("refused", _without_keys(text))
    word = word_of(plan)
    if word and not plan.refusals:
        yield _topic("asks for", f"--yes {word}")


def attempt_lines(name: str, attempt: Attempt, paper: Paper, cells: int) -> Iterator[str]:
    """One line of what came, and below it the reasons where it did not pass.

    Args:
        cells: so wide is the column of the names.
    """
    took = ""
    if attempt.ended is not None:
        took = f"{(attempt.ended - attempt.began).total_seconds():.1f}s"
    shown = [check.shown for check in attempt.checks]
    passed = attempt.state is StepState.PASSED
    facts = [attempt.where, took]
    if passed:
        facts.append("; ".join(shown) or attempt.said)
    elif attempt.said:
        facts.append(attempt.said)
    head = "  ".join(fact for fact in facts if fact)
    yield _result(
        str(attempt.state).upper(), name, head, _INKS.get(attempt.state, ""), paper, cells
    )
    if not passed:
        yield from (f"  {check.shown}" for check in attempt.checks if not check.passed)


def not_run_line(name: str, reasons: tuple[str, ...], paper: Paper, cells: int) -> str:
    """A step that was asked for and not started."""
    told = "; ".join(map(_without_keys, reasons))
    return _result(NOT_RUN, name, told, "yellow", paper, cells)


def _result(word: str, name: str, rest: str, ink: Ink, paper: Paper, cells: int) -> str:
    padded = f"{word:<{_STATE_CELLS}}"
    return _uncut(paper).line(Cell(padded, ink), f"  {name:<{cells}}  {rest}".rstrip())


def _uncut(paper: Paper) -> Paper:
    """Without a right edge: what matters stands at the end of these lines."""
    return Paper(None, paper.lines, paper.colour, paper.ascii_only)


def _without_keys(text: str) -> str:
    """`text` with an option where it names a key of the screen."""
    for key, option in _OPTIONS.items():
        text = text.replace(key, option)
    return text


def _topic(name: str, text: str) -> str:
    return f"  {name:<10} {visible(text)}"


def _block(name: str, text: str) -> Iterator[str]:
    first, *rest = text.split("\n")
    yield _topic(name, first)
    yield from (_topic("", line) for line in rest)
