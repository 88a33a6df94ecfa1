"""The runs of runbooks that belong to an incident or a change: what is shown, the way there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.evidence_runs import progress_words
from console.engine.handover_runs import result_of
from console.model.run import PastRun, Run, Runs, StepState
from console.model.words import age_text
from console.safety.text import visible
from widgets.chooser import MOST, Chooser, Offer
from widgets.detail import Field
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

SHOWN: Final = 10
NO_RUN: Final = "no runbook was run for it: r opens one"
_INKS: Final = {
    "passed": Ink.OK,
    "failed": Ink.FIRING,
    "unknown": Ink.UNKNOWN,
    "open": Ink.WARNING,
    "ended": Ink.MUTED,
}


class PaperRuns(msgspec.Struct, frozen=True):
    """The runs of one document, each part with the newest in front."""

    open: tuple[Run, ...] = ()
    past: tuple[PastRun, ...] = ()
    listed: tuple[str, ...] = ()
    """Ids that the document lists, and of which nothing else is known here."""

    @property
    def ids(self) -> tuple[str, ...]:
        """All that can be gone to, in the order in which they are shown."""
        return (*(run.id for run in self.open), *(run.id for run in self.past))


NO_RUNS: Final = PaperRuns()


def runs_of(
    document_id: str, runs: Runs, past: Sequence[PastRun], listed: Sequence[str] = ()
) -> PaperRuns:
    """Those that belong to the document of that id.

    Args:
        runs: the ones that are open here.
        past: all that the journal has transcripts of.
        listed: the ids that stand in the document itself.
    """
    going = tuple(run for run in runs.open if document_id in (run.incident, run.change))
    mine = {run.id for run in going}
    over = tuple(
        run
        for run in past
        if run.id not in mine and (document_id in (run.incident, run.change) or run.id in listed)
    )
    known = {*mine, *(run.id for run in over)}
    return PaperRuns(going, over, tuple(one for one in listed if one not in known))


def run_fields(found: PaperRuns, now: datetime) -> Iterator[Field]:
    """A line for each: how far it is, or how it came out."""
    for run in found.open[:SHOWN]:
        lost = any(one.state is StepState.UNKNOWN for one in run.steps)
        ink = Ink.UNKNOWN if lost else Ink.WARNING
        note = f"{visible(run.who, cells=30)}, {_ago(run.began, now)}"
        yield Field(
            "open", f"{_called(run.id, run.runbook.name)}: {progress_words(run)}", ink, note
        )
    room = max(0, SHOWN - len(found.open))
    for past in found.past[:room]:
        counts = ", ".join(f"{count} {visible(state, cells=20)}" for state, count in past.counts)
        result = result_of(past)
        note = f"{visible(past.who, cells=30)}, {_ago(past.began, now)}"
        told = f"{_called(past.id, past.runbook)}{': ' if counts else ''}{counts}"
        yield Field(result, told, _INKS[result], note)
    if len(found.ids) > SHOWN:
        yield Field("", f"and {len(found.ids) - SHOWN} more", Ink.MUTED)
    for one in found.listed:
        yield Field("", f"{visible(one, cells=40)}: its transcript has not been read", Ink.MUTED)


def choose_run(app: OncallApp, found: PaperRuns, title: str) -> None:
    """Go to the only one, or to the one that is chosen: the open run, else its transcript."""
    from screens.book_text import open_transcript  # late: few look at runs

    ids = found.ids
    if not ids:
        app.say(NO_RUN, warning=True)
        return
    if len(ids) == 1:
        open_transcript(app, ids[0])
        return
    offers = [
        Offer(run.id, f"{_short(run.runbook.name)}, open: {progress_words(run)}")
        for run in found.open
    ]
    offers += [
        Offer(run.id, f"{_short(run.runbook)}, {result_of(run)}, {visible(run.who, cells=30)}")
        for run in found.past
    ]
    left = len(offers) - MOST
    note = f"and {left} older ones: 3, then tab" if left > 0 else ""

    def chosen(at: int | None) -> None:
        if at is not None:
            open_transcript(app, ids[at])

    app.push_screen(Chooser(f"runs of {title}", offers[:MOST], note=note), chosen)


def _called(run_id: str, book: str) -> str:
    return f"{visible(run_id, cells=40)} {_short(book)}"


def _short(book: str) -> str:
    return visible(book, cells=40)


def _ago(at: datetime, now: datetime) -> str:
    return f"{age_text(now - at, coarse=True)} ago"
