"""The rows of a runbook that is worked through: its steps under their headings, and its prose."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.model.run import Run, StepRun, StepState
from console.model.runbook import Prose, Section, Step
from console.safety.clock import Instant
from console.safety.text import Raw
from screens.run_text import first_words
from screens.run_words import STATE_INKS, effect_mark, shape_of, time_of
from widgets.columns import Column
from widgets.ordered_rows import Heading
from widgets.paint import Spans
from widgets.theme import Ink

STEP: str = "step:"
"""Before a step's name, its row's key; a section of prose has its number."""


class RunRow(msgspec.Struct, frozen=True):
    """One line of the list: a step, or a section that is only read."""

    key: str
    section: Section
    step: Step | None = None
    """`None`: there is only prose."""
    done: StepRun | None = None
    ascii_only: bool = False

    @property
    def state(self) -> StepState | None:
        """`None`: it is read, not done."""
        return None if self.done is None else self.done.state


def rows_of(run: Run, *, ascii_only: bool = False) -> tuple[tuple[RunRow, ...], list[Heading]]:
    """Every step in the runbook's order; a section without any is one row, to be read."""
    rows: list[RunRow] = []
    headings: list[Heading] = []
    for number, section in enumerate(run.runbook.sections):
        steps = [part for part in section.parts if isinstance(part, Step)]
        if not steps:
            if any(isinstance(part, Prose) and part.text for part in section.parts):
                rows.append(RunRow(f"text:{number}", section))
            continue
        if section.title:
            headings.append(Heading(len(rows), ((section.title, Ink.HEADING),)))
        rows += [
            RunRow(
                f"{STEP}{one.name}", section, one, run.step(one.name) or StepRun(one.name),
                ascii_only,
            )
            for one in steps
        ]  # fmt: skip
    return tuple(rows), headings


def run_columns() -> tuple[Column[RunRow], ...]:
    """The time stands leftmost, since it changes by itself."""
    return (
        Column("FOR", _time, 5, align="right", volatile=True, priority=40),
        Column("#", _number, 3, align="right", priority=60),
        Column("STATE", _state, 9, priority=90),
        Column("STEP", _words, 12, flex=1, priority=100),
        Column("DOES", _mark, 10, priority=80),
    )


def _time(row: RunRow, now: Instant) -> Spans:
    return () if row.done is None else ((time_of(row.done, now.wall), Ink.MUTED),)


def _number(row: RunRow, now: Instant) -> Spans:
    return () if row.step is None else ((str(row.step.number), Ink.MUTED),)


def _state(row: RunRow, now: Instant) -> Spans:
    state = row.state
    if state is None:
        return (("  text", Ink.MUTED),)
    ink = STATE_INKS[state]
    return ((f"{shape_of(state, ascii_only=row.ascii_only)} {state}", ink),)


def _words(row: RunRow, now: Instant) -> Spans:
    step, done = row.step, row.done
    if step is None or done is None:
        return ((row.section.title or Raw("About"), Ink.HEADING), ("  ", Ink.PLAIN), _prose(row))
    spans = [_named(step)]
    tried = tries_text(step, done)
    if tried:
        spans.append((f"  {tried}", Ink.WARNING))
    more = first_words(step.text) or first_words(step.command)
    if spans[0][0] != more:
        spans += [("  ", Ink.PLAIN), (more, Ink.MUTED)]
    return spans


def _named(step: Step) -> tuple[Raw | str, Ink]:
    """Its name; where nobody gave it one, the first words of its text."""
    if step.name == f"step-{step.number}":
        return first_words(step.text) or first_words(step.command) or step.name, Ink.PLAIN
    return step.name, Ink.STRONG


def title_of(step: Step) -> Raw | str:
    """What a step is called on screen."""
    return _named(step)[0]


def tries_text(step: Step, done: StepRun) -> str:
    """`try 3 of 10`, `2nd time`; empty where it was asked for once."""
    last = done.last
    said = []
    if last is not None and step.retry is not None and last.tries > 1:
        said.append(f"try {last.tries} of {step.retry.times}")
    if len(done.attempts) > 1:
        said.append(f"{ordinal(len(done.attempts))} time")
    return ", ".join(said)


def ordinal(number: int) -> str:
    """`2nd`, `11th`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else ending}"


def _prose(row: RunRow) -> tuple[Raw, Ink]:
    texts = (part.text for part in row.section.parts if isinstance(part, Prose))
    return next((first_words(text) for text in texts if text), Raw("")), Ink.MUTED


def _mark(row: RunRow, now: Instant) -> Spans:
    return () if row.step is None else (effect_mark(row.step),)


def prose_around(section: Section, step: Step | None) -> tuple[Sequence[Raw], Sequence[Raw]]:
    """What the section says before a step, since the one before, and behind it, up to the next.

    Without a step all of it stands before.
    """
    before: list[Raw] = []
    after: list[Raw] = []
    met = False
    for part in section.parts:
        if isinstance(part, Prose):
            (after if met else before).append(part.text)
        elif step is not None and part.name == step.name:
            met = True
        elif met:
            break
        else:
            before.clear()
    return before, after
