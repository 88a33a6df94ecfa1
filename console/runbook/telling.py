"""What happened in a run, in the words of the event log. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from console.journal.places import document_path
from console.model.event import Carried, Event, EventKind
from console.model.run import Attempt, Run, StepRun, StepState
from console.safety.text import visible

_NAME_CELLS: Final = 64
_CHECK_CELLS: Final = 160
_SAID_CELLS: Final = 400
_MOST_CHECKS: Final = 3


def transcript_path(run: Run) -> str:
    """`runs/2026/RUN-20261123-7f3-cache-down.md`, in the journal.

    Raises:
        ValueError: the run's id is none.
    """
    return document_path(run.id, run.runbook.name)


def step_event(run: Run, step: StepRun, at: datetime) -> Event:
    """That `step` of `run` stands now as it does: a line of the incident's timeline.

    `start-redis on data-1: passed (verify-ping: [STDOUT] (PONG) == PONG)`
    """
    last = step.last
    who = step.who or (last.who if last is not None else "") or run.who
    return Event(
        at=at,
        kind=EventKind.STEP,
        subject=f"runbook {visible(run.runbook.name, cells=_NAME_CELLS)}",
        text=step_text(run, step),
        who=visible(who),
        key=run.alert,
        link=transcript_path(run),
        documents=tuple(one for one in (run.incident, run.change) if one),
        carried=_carried(run, step),
    )


def _carried(run: Run, step: StepRun) -> Carried:
    declared, last = run.runbook.step(step.name), step.last
    return Carried(
        run.id,
        visible(step.name, cells=_NAME_CELLS),
        step.state,
        None if declared is None else declared.effect,
        visible(run.service, cells=_NAME_CELLS),
        "" if last is None else _place(last),
    )


def step_text(run: Run, step: StepRun) -> str:
    """What became of `step`, in one line, safe to show."""
    name = visible(step.name, cells=_NAME_CELLS)
    last = step.last
    if step.state is StepState.SKIPPED:
        return _with(f"{name}: skipped", step.reason)
    if step.state is StepState.MANUAL:
        return _with(f"{name}: done by hand", step.reason)
    if last is None:
        return f"{name}: open again"
    where = f"{name} on {_place(last)}" if last.host else name
    if step.state is StepState.PENDING:
        # A colleague was at it there, so that the last attempt began nothing.
        return _with(f"{where}: open again", last.said if last.state is StepState.PENDING else "")
    again = f", attempt {last.number}" if last.number > 1 else ""
    if step.state is StepState.RUNNING:
        return f"{where}: began{again}"
    shown = f"{where}: {step.state}{again}"
    if step.state is StepState.PASSED:
        proofs = list(_proofs(run, last))
        return f"{shown} ({'; '.join(proofs)})" if proofs else shown
    return _with(shown, last.said or "; ".join(_failed(run, last)))


def _place(attempt: Attempt) -> str:
    return visible(attempt.host, cells=_NAME_CELLS)


def _with(text: str, why: str) -> str:
    why = visible(why.strip(), cells=_SAID_CELLS)
    return f"{text}: {why}" if why else text


def _proofs(run: Run, attempt: Attempt) -> Iterator[str]:
    """What showed that it went well: its own conditions, else those of the steps that verified
    it, with their names."""
    found = [visible(one.shown, cells=_CHECK_CELLS) for one in attempt.checks]
    for name in attempt.by:
        verified = run.step(name)
        last = verified.last if verified is not None else None
        if last is not None:
            shown = visible(name, cells=_NAME_CELLS)
            checks = [visible(one.shown, cells=_CHECK_CELLS) for one in last.checks]
            found += [f"{shown}: {one}" for one in checks] or [f"{shown}: {last.state}"]
    yield from found[:_MOST_CHECKS]
    if len(found) > _MOST_CHECKS:
        yield f"{len(found) - _MOST_CHECKS} more"


def _failed(run: Run, attempt: Attempt) -> Iterator[str]:
    """What did not hold."""
    steps = (run.step(name) for name in attempt.by)
    lasts = (attempt, *(one.last for one in steps if one is not None))
    checks = (check for each in lasts if each is not None for check in each.checks)
    found = [visible(one.shown, cells=_CHECK_CELLS) for one in checks if not one.passed]
    yield from found[:_MOST_CHECKS]
