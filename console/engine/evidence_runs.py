"""Who works through a runbook for a row: the runs that are open here, and what colleagues ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic
from console.model.action import Effect
from console.model.event import Carried, Event
from console.model.run import Run, Runs, StepRun, StepState
from console.model.worklist import Row
from console.safety.text import visible

LABEL: Final = "run"
"""In front of a line: `acked` is what the other lines of this topic tell of."""
NOTHING_RUNS: Final = Runs()
OPEN_SHOWN: Final = 3
PAST_SHOWN: Final = 2
STEP_TONES: Final = {
    StepState.PASSED: Tone.OK,
    StepState.FAILED: Tone.BAD,
    StepState.UNKNOWN: Tone.UNKNOWN,
}
_NAME_CELLS: Final = 40


def keys_of(row: Row) -> frozenset[str]:
    """Fingerprints of all its alerts, those that were folded into others too."""
    return frozenset(key for known in row.alerts for key in (known.key, *known.duplicates))


def carried_words(told: Carried) -> str:
    """`start-redis on data-1`, safe to show."""
    name = visible(told.step, cells=_NAME_CELLS)
    return f"{name} on {visible(told.host, cells=_NAME_CELLS)}" if told.host else name


def progress_words(run: Run) -> str:
    """How far it is: `start-redis passed, verify-memory next`; safe to show."""
    latest = _latest(run)
    going = run.running
    unknown = [one.name for one in run.steps if one.state is StepState.UNKNOWN]
    if going:
        said = f"{_names(one.name for one in going)} runs"
    elif unknown:
        said = f"what became of {_names(unknown)} is not known"
    elif latest is None:
        said = "nothing done yet"
    else:
        said = f"{_names([latest.name])} {_state(latest.state)}"
    following = _next(run, latest)
    return f"{said}, {_names([following])} next" if following else said


def _latest(run: Run) -> StepRun | None:
    """The step about which something was last done; for one that verified it, the step itself."""
    moved = [one for one in run.steps if _moved(one) is not None]
    latest = max(moved, key=lambda one: _moved(one) or run.began, default=None)
    if latest is None:
        return None
    name = latest.name
    acted = (one for one in moved if one.last is not None and name in one.last.by)
    return next(acted, latest)


def _state(state: StepState) -> str:
    return "done by hand" if state is StepState.MANUAL else str(state)


def _names(names: Iterable[str]) -> str:
    return ", ".join(visible(name, cells=_NAME_CELLS) for name in names)


def _moved(step: StepRun) -> datetime | None:
    """When something was last done about it; `None`: nothing was."""
    if step.at is not None:
        return step.at
    last = step.last
    return None if last is None else last.ended or last.began


def _next(run: Run, latest: StepRun | None) -> str:
    """The first step behind that one of which nothing was done; empty: there is none.

    Behind a change that was shown to work no other change is named: it would be read as advice.
    """
    acts = {one.name for one in run.runbook.steps if one.effect is not Effect.READ}
    mended = latest is not None and latest.state is StepState.PASSED and latest.name in acts
    behind = latest is None
    for one in run.steps:
        if behind and one.state is StepState.PENDING and not (mended and one.name in acts):
            return one.name
        behind = behind or one is latest
    return ""


def is_about(run: Run, row: Row) -> bool:
    """Whether `run` was opened for the alerts of `row`, or for its service and no alert."""
    if run.alert:
        return run.alert in keys_of(row)
    return bool(run.service) and run.service == row.cell


def open_lines(row: Row, runs: Runs) -> Iterator[EvidenceLine]:
    """The runs that are open here for `row`, the newest first."""
    mine = [run for run in runs.open if is_about(run, row)]
    for number, run in enumerate(mine[:OPEN_SHOWN]):
        is_lost = any(one.state is StepState.UNKNOWN for one in run.steps)
        pieces = (
            Piece(f"{visible(run.id, cells=_NAME_CELLS)} "),
            Piece(f"{visible(run.runbook.name, cells=_NAME_CELLS)}: ", Tone.STRONG),
            Piece(progress_words(run), Tone.WARNING if is_lost else Tone.PLAIN),
            Piece(f" ({visible(run.who, cells=30)})", Tone.MUTED),
        )
        moved = max(filter(None, map(_moved, run.steps)), default=run.began)
        yield EvidenceLine(Topic.WORK, pieces, since=moved, rank=number, label=LABEL)


def ran_lines(row: Row, events: Sequence[Event], runs: Runs) -> Iterator[EvidenceLine]:
    """What was run for `row` since it began, by whomever, and is not open here: the latest step
    of each run, the latest run first."""
    keys = keys_of(row)
    is_open = {run.id for run in runs.open}
    latest: dict[str, tuple[Event, Carried]] = {}
    for event in sorted(events, key=lambda one: one.at, reverse=True):
        told = event.carried
        if told is None or not told.run or told.run in is_open or event.at < row.since:
            continue
        is_mine = event.key in keys if event.key else told.service == row.cell
        if is_mine and (told.service or event.key):
            latest.setdefault(told.run, (event, told))
    for number, (event, told) in enumerate(list(latest.values())[:PAST_SHOWN]):
        book = event.subject.removeprefix("runbook ")
        pieces = (
            Piece(f"{told.run} "),
            Piece(f"{visible(book, cells=_NAME_CELLS)}: ", Tone.STRONG),
            Piece(carried_words(told)),
            Piece(
                f" {_state(told.state)}",
                STEP_TONES.get(told.state, Tone.PLAIN),
            ),
            Piece(f" ({visible(event.who, cells=30)})" if event.who else "", Tone.MUTED),
        )
        yield EvidenceLine(Topic.WORK, pieces, since=event.at, rank=1 + number, label=LABEL)
