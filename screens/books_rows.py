"""How the library, the runs that are open and those of the past are drawn, and what is said of
the line under the cursor."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from console.model.run import PastRun, Run, Runs, Shelved, StepState
from console.model.words import age_text, clock_time, count_text, many
from console.runbook.health_words import minutes_text, whole_text
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from widgets.columns import Column
from widgets.detail import Paragraph, Part, Title
from widgets.paint import Spans
from widgets.theme import Ink

NAMED: Final = 6
"""Alerts and services that are named one by one."""
_NONE: Final[Spans] = (("-", Ink.MUTED),)
_ORDER: Final = (
    *(StepState.RUNNING, StepState.UNKNOWN, StepState.FAILED, StepState.PASSED),
    *(StepState.MANUAL, StepState.SKIPPED, StepState.PENDING),
)
"""In which order the states of steps are counted: what somebody has to look at first."""
_WORDS: Final = {StepState.MANUAL: "by hand", StepState.PENDING: "left"}
STATE_INKS: Final = {
    StepState.RUNNING: Ink.STRONG,
    StepState.UNKNOWN: Ink.UNKNOWN,
    StepState.FAILED: Ink.FIRING,
    StepState.PASSED: Ink.OK,
    StepState.MANUAL: Ink.PLAIN,
    StepState.SKIPPED: Ink.MUTED,
    StepState.PENDING: Ink.MUTED,
}


class Shown(enum.StrEnum):
    """What of it is shown."""

    LIBRARY = "library"
    OPEN = "open runs"
    PAST = "past runs"

    @property
    def following(self) -> Shown:
        """The next one, from the first again after the last."""
        order = list(Shown)
        return order[(order.index(self) + 1) % len(order)]


_EMPTY: Final = {
    Shown.LIBRARY: ("there is no runbook, not even one that ships: the package is not whole",),
    Shown.OPEN: (
        "no runbook is open",
        "enter on one of the library opens it; r on an alert opens the alert's own",
    ),
    Shown.PAST: (
        "no run of a runbook is in the journal yet",
        "one is kept there as soon as it is finished",
    ),
}


# The library


def book_columns() -> tuple[Column[Shelved], ...]:
    """The columns of the library; those that change with time alone stand leftmost."""
    return (
        Column("RUN", _last, width=5, priority=85, volatile=True, align="right"),
        Column("PASSED", _passed, width=6, priority=90, volatile=True, align="right"),
        Column("NAME", _name, width=20, flex=2, most=36, priority=99),
        Column("STEPS", _steps, width=5, priority=88, align="right"),
        Column("MIN", _minutes, width=3, priority=70, align="right"),
        Column("STALE", _stale, width=5, priority=87),
        Column("LINT", _lint, width=4, priority=86, align="right"),
        Column("SOURCE", _source, width=9, flex=1, most=20, priority=60),
        Column("TITLE", _title, width=22, flex=4, most=70, priority=80),
    )


def _since(at: datetime | None, now: Instant, ink: Ink) -> Spans:
    return _NONE if at is None else ((age_text(now.wall - at, coarse=True), ink),)


def _last(book: Shelved, now: Instant) -> Spans:
    return _since(book.health.last, now, Ink.MUTED)


def _passed(book: Shelved, now: Instant) -> Spans:
    if book.health.last_passed is None and book.health.runs:
        return (("never", Ink.WARNING),)
    return _since(book.health.last_passed, now, Ink.PLAIN)


def _name(book: Shelved, _: Instant) -> Spans:
    return ((book.name, Ink.STRONG),)


def _title(book: Shelved, _: Instant) -> Spans:
    return ((book.title, Ink.PLAIN),)


def _steps(book: Shelved, _: Instant) -> Spans:
    return ((f"{book.runnable}/{book.steps}", Ink.PLAIN if book.runnable else Ink.MUTED),)


def _minutes(book: Shelved, _: Instant) -> Spans:
    median = book.health.median_minutes
    return _NONE if median is None else ((minutes_text(median), Ink.PLAIN),)


def _stale(book: Shelved, _: Instant) -> Spans:
    if book.is_stale is None:
        return (("?", Ink.UNKNOWN),)
    return (("stale", Ink.WARNING),) if book.is_stale else _NONE


def _lint(book: Shelved, _: Instant) -> Spans:
    return ((count_text(book.findings), Ink.WARNING),) if book.findings else _NONE


def _source(book: Shelved, _: Instant) -> Spans:
    return ((book.folder, Ink.MUTED),)


def about_book(book: Shelved, now: datetime) -> tuple[Part, ...]:
    """The line of the library under the cursor in full."""
    manual = book.steps - book.runnable
    steps = many(book.steps, "step")
    if manual:
        steps += f", {count_text(manual)} of them by hand" if book.runnable else ", all by hand"
    return (
        Title(((book.name, Ink.HEADING), ("  ", Ink.PLAIN), (book.source, Ink.MUTED))),
        Paragraph(book.title, Ink.STRONG),
        Paragraph(f"{steps}; {whole_text(book.health, now)}"),
        Paragraph(
            f"{_for(book)}; {_review(book)}", Ink.WARNING if _is_doubtful(book) else Ink.MUTED
        ),
    )


def _is_doubtful(book: Shelved) -> bool:
    return bool(book.is_stale or book.findings)


def _for(book: Shelved) -> str:
    """`for ServiceDown; for the services redis and cache`."""
    said = []
    if book.alerts:
        said.append(f"for {_named(book.alerts)}")
    if book.services:
        what = "service" if len(book.services) == 1 else "services"
        said.append(f"for the {what} {_named(book.services)}")
    return "; ".join(said) or "for no alert by name"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(visible(one, cells=40) for one in names[:NAMED])
    more = len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _review(book: Shelved) -> str:
    stale = {
        True: "reviewed too long ago",
        False: "its review is not due",
        None: "it names no day of review",
    }
    said = stale[book.is_stale]
    return f"{said}; lint has {many(book.findings, 'finding')}: l" if book.findings else said


# Runs that are open


def run_columns() -> tuple[Column[Run], ...]:
    """The columns of the runs that are open."""
    return (
        Column("OPEN", _open_for, width=5, priority=85, volatile=True, align="right"),
        Column(
            "RUNBOOK",
            lambda run, _: ((Raw(run.runbook.name), Ink.STRONG),),
            width=16,
            flex=2,
            most=32,
            priority=99,
        ),
        Column("STEPS", lambda run, _: states_spans(run), width=24, flex=3, most=60, priority=95),
        Column("ABOUT", lambda run, _: _or_dash(run.subject), width=14, flex=3, priority=90),
        Column("WHO", lambda run, _: _or_dash(run.who), width=6, flex=1, most=12, priority=60),
        Column("ID", lambda run, _: ((run.id, Ink.MUTED),), width=16, priority=50),
    )


def _open_for(run: Run, now: Instant) -> Spans:
    return ((age_text(now.wall - run.began, coarse=True), Ink.MUTED),)


def _or_dash(text: Raw | str) -> Spans:
    return ((text, Ink.PLAIN),) if text else _NONE


def counts_of(run: Run) -> Mapping[StepState, int]:
    """How many of its steps stand how, what has to be looked at first."""
    states = [step.state for step in run.steps]
    return {state: states.count(state) for state in _ORDER if state in states}


def states_spans(run: Run) -> Spans:
    """`1 running  1 unknown  3 passed  5 left`."""
    spans: list[tuple[str, Ink]] = []
    for state, count in counts_of(run).items():
        if spans:
            spans.append(("  ", Ink.PLAIN))
        spans.append((f"{count_text(count)} {_WORDS.get(state, state.value)}", STATE_INKS[state]))
    return tuple(spans) or (("no step", Ink.MUTED),)


def states_text(run: Run) -> str:
    """The same as plain text."""
    return "".join(str(text) for text, _ in states_spans(run))


def about_run(run: Run, now: datetime) -> tuple[Part, ...]:
    """The run under the cursor in full."""
    linked = ", ".join(filter(None, (run.incident, run.change)))
    began = f"begun {clock_time(run.began, now)} by {visible(run.who, cells=40)}"
    notes = [Paragraph(note, Ink.WARNING) for note in run.notes[:1]]
    return (
        Title(((run.id, Ink.HEADING), ("  ", Ink.PLAIN), (Raw(run.runbook.name), Ink.MUTED))),
        Paragraph(run.subject or run.runbook.title, Ink.STRONG),
        Paragraph(f"{began}; {states_text(run)}{f'; {linked}' if linked else ''}"),
        *notes,
    )


# Runs of the past


def past_columns() -> tuple[Column[PastRun], ...]:
    """The columns of the runs that the journal has transcripts of."""
    return (
        Column("WHEN", _when, width=6, priority=97, volatile=True, align="right"),
        Column("ENDED", _ended, width=7, priority=96),
        Column(
            "RUNBOOK",
            lambda run, _: ((Raw(run.runbook), Ink.STRONG),),
            width=16,
            flex=2,
            most=32,
            priority=99,
        ),
        Column(
            "OK", lambda run, _: _count(run, StepState.PASSED), width=3, priority=93, align="right"
        ),
        Column(
            "BAD", lambda run, _: _count(run, StepState.FAILED), width=3, priority=94, align="right"
        ),
        Column("ABOUT", lambda run, _: _or_dash(run.subject), width=14, flex=3, priority=90),
        Column("WHO", lambda run, _: _or_dash(run.who), width=6, flex=1, most=12, priority=92),
        Column("INCIDENT", lambda run, _: _or_dash(Raw(run.incident)), width=16, priority=50),
    )


def _when(run: PastRun, now: Instant) -> Spans:
    return ((age_text(now.wall - (run.ended or run.began), coarse=True), Ink.MUTED),)


def _ended(run: PastRun, _: Instant) -> Spans:
    word, ink = ended_word(run)
    return ((word, ink),)


def ended_word(run: PastRun) -> tuple[str, Ink]:
    """How it came out, in one word."""
    counts = dict(run.counts)
    if run.passed:
        return "passed", Ink.OK
    if counts.get(StepState.FAILED):
        return "failed", Ink.FIRING
    if counts.get(StepState.UNKNOWN):
        return "unknown", Ink.UNKNOWN
    return ("open", Ink.WARNING) if run.ended is None else ("-", Ink.MUTED)


def _count(run: PastRun, state: StepState) -> Spans:
    count = dict(run.counts).get(state, 0)
    return ((count_text(count), STATE_INKS[state] if count else Ink.MUTED),)


def about_past(run: PastRun, now: datetime) -> tuple[Part, ...]:
    """The past run under the cursor in full."""
    counts = dict(run.counts)
    steps = ", ".join(
        f"{count_text(counts[state])} {_WORDS.get(state, state.value)}"
        for state in _ORDER
        if counts.get(state)
    )
    took = "" if run.ended is None else f", in {age_text(run.ended - run.began, coarse=True)}"
    skipped = f"; skipped: {_named(run.skipped)}" if run.skipped else ""
    said = f"{clock_time(run.began, now)}{took}: {steps or 'nothing was done in it'}{skipped}"
    return (
        Title(((Raw(run.id), Ink.HEADING), ("  ", Ink.PLAIN), (Raw(run.path), Ink.MUTED))),
        Paragraph(run.subject or run.title, Ink.STRONG),
        Paragraph(said),
    )


# Where there is nothing


def nothing_there(shown: Shown, hidden: int, *, is_read: bool) -> list[Spans]:
    """What stands in an empty list.

    Args:
        hidden: how many the filter hides.
        is_read: whether anybody has answered yet.
    """
    if hidden:
        return [(("  nothing matches the filter; esc clears it", Ink.MUTED),)]
    if not is_read and shown is not Shown.OPEN:
        what = "runbooks" if shown is Shown.LIBRARY else "past runs"
        return [((f"  {what} are being read", Ink.MUTED),)]
    return [((f"  {line}", Ink.MUTED),) for line in _EMPTY[shown]]


def tab_line(shown: Shown, runs: Runs) -> Spans:
    """`library   open runs 2   past runs`, the one that is shown standing out."""
    spans: list[tuple[str, Ink]] = []
    for one in Shown:
        count = f" {count_text(len(runs.open))}" if one is Shown.OPEN and runs.open else ""
        ink = Ink.STRONG if one is shown else Ink.MUTED
        mark = ">" if one is shown else " "
        spans += [(f"{mark}{one}{count}", ink), ("  ", Ink.PLAIN)]
    return (*spans, ("tab", Ink.KEY))
