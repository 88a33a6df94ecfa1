"""What one shift leaves of runbooks to the next: what is open, and how the others came out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.evidence_runs import progress_words
from console.engine.handover_lines import Line, Section, ShiftClock, Words, counted, left_out
from console.model.run import PastRun, Run, StepState
from console.model.words import age_text
from console.safety.text import Raw, visible

if TYPE_CHECKING:
    from console.engine.engine import Engine

_HEADS: Final = {StepState.FAILED: "failed", StepState.UNKNOWN: "unknown"}


class ToldRuns(msgspec.Struct, frozen=True):
    """What was asked for of runs at one moment."""

    standing: tuple[Run, ...] = ()
    """Every open run of this person on this machine."""
    past: tuple[PastRun, ...] = ()
    """All that the journal has transcripts of."""


NO_RUNS: Final = ToldRuns()


class HandedRuns(msgspec.Struct, frozen=True):
    """The runs of runbooks that somebody has to know of, each once."""

    open: tuple[Run, ...] = ()
    """Those that are open on this machine, the newest first."""
    past: tuple[PastRun, ...] = ()
    """Those of the shift by their transcripts, the newest first; a colleague may have one of
    them open still."""


async def told_runs(engine: Engine) -> ToldRuns:
    """Ask for all of it."""
    return ToldRuns(await engine.runs.standing(), await engine.runs.past())


def handed_runs(told: ToldRuns, here: Sequence[Run], since: datetime) -> HandedRuns:
    """What there is to hand over.

    Args:
        here: the runs that are open in this console, as they stand now.
        since: when the shift began; what ended before is no news.
    """
    fresh = {run.id: run for run in here}
    others = (run for run in told.standing if run.id not in fresh)
    going = sorted((*here, *others), key=lambda run: run.began, reverse=True)
    ids = {run.id for run in going}
    past = (run for run in told.past if run.id not in ids and (run.ended or run.began) >= since)
    return HandedRuns(tuple(going), tuple(past))


def result_of(run: PastRun) -> str:
    """`passed`, `failed`, `unknown`, `open`, or `ended` where nothing shows that it was well."""
    counts = dict(run.counts)
    if run.passed:
        return "passed"
    bad = next((head for state, head in _HEADS.items() if counts.get(state)), "")
    return bad or ("open" if run.ended is None else "ended")


def unknown_in(run: Run) -> tuple[str, ...]:
    """The steps of which nobody knows what became."""
    return tuple(one.name for one in run.steps if one.state is StepState.UNKNOWN)


def run_sections(runs: HandedRuns, clock: ShiftClock, most: int | None) -> Iterator[Section]:
    """One section, or none where there was no run.

    Args:
        most: as for all sections.
    """
    lines = (*(_open(run, clock) for run in runs.open), *(_past(run, clock) for run in runs.past))
    if lines:
        title = counted("runs of runbooks", len(lines))
        yield Section(title, lines[:most], more=left_out(len(lines), most))


def _open(run: Run, clock: ShiftClock) -> Line:
    words: Words = (
        *_called(run.id, run.runbook.name, run.subject, (run.incident, run.change)),
        ", by ",
        Raw(run.who),
        f", for {clock.ago(run.began)}: {progress_words(run)}",
    )
    under: list[Words] = [("in a console on ", Raw(run.console))]
    under += [_unknown(run, name) for name in unknown_in(run)]
    return Line("open", words, tuple(under), len(under) > 1)


def _unknown(run: Run, name: str) -> Words:
    step = run.step(name)
    last = None if step is None else step.last
    on: Words = (" on ", Raw(last.host)) if last is not None and last.host else ()
    return ("not known: what became of ", Raw(name), *on)


def _past(run: PastRun, clock: ShiftClock) -> Line:
    result = result_of(run)
    took = "" if run.ended is None else f", in {age_text(run.ended - run.began, coarse=True)}"
    counts = ", ".join(f"{count} {visible(state, cells=20)}" for state, count in run.counts)
    words: Words = (
        *_called(run.id, run.runbook, run.subject.exact, (run.incident, run.change)),
        ", by ",
        run.who,
        f", {clock.ago(run.began)} ago{took}{': ' if counts else ''}{counts}",
    )
    return Line(result, words, (), result in ("unknown", "open"))


def _called(run_id: str, book: str, subject: str, documents: Iterable[str]) -> Words:
    about: Words = (", ", Raw(subject)) if subject else ()
    linked = ", ".join(one for one in documents if one)
    belongs: Words = (" (", Raw(linked), ")") if linked else ()
    return (f"{visible(run_id, cells=40)} ", Raw(book), *about, *belongs)
