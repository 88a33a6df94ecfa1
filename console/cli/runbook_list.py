"""What `oncall runbook list` prints: every runbook, how it stands, and how it has done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from console.cli.table import Cell, Column, Paper, put
from console.model.run import BookHealth, PastRun
from console.model.words import age_text
from console.runbook.health import health_of
from console.runbook.library import SHIPPED, Book
from console.runbook.lint import Finding, is_stale
from console.runbook.parse import Read
from console.safety.jsontext import json_text
from console.safety.text import Raw

_WIDE_CELLS: Final = 120
"""In less the columns of the past take the place of those that `show` and `--json` have."""
_COLUMNS: Final = {
    "name": Column("NAME", least=12),
    "steps": Column("STEPS", "right"),
    "runnable": Column("RUN", "right"),
    "reviewed": Column("REVIEWED", least=10),
    "faults": Column("FAULTS", "right"),
    "last": Column("LAST RUN", "right"),
    "passed": Column("LAST PASS", "right"),
    "median": Column("MEDIAN", "right"),
    "source": Column("FROM", least=8),
    "alerts": Column("ALERTS", least=10),
    "title": Column("TITLE", least=12),
}
_PAST: Final = ("last", "passed", "median")
_LEFT_OUT: Final = ("steps", "source", "alerts", "title")


class HealthFacts(msgspec.Struct, frozen=True):
    """How a runbook has done, by the transcripts in the journal."""

    runs: int
    last: datetime | None
    last_passed: datetime | None
    median_minutes: float | None
    """Of the runs that passed."""
    often_skipped: tuple[str, ...]


_NO_HEALTH: Final = HealthFacts(0, None, None, None, ())


class BookFacts(msgspec.Struct, frozen=True):
    """One runbook of `oncall runbook list --json`."""

    name: Raw
    title: Raw
    source: Raw
    """`shipped`, or the folder."""
    path: str | None
    """`null`: it ships."""
    alerts: tuple[str, ...]
    services: tuple[str, ...]
    steps: int
    runnable: int
    """Of the steps: those that can be run from here."""
    reviewed: date | None
    stale: bool | None
    """`null`: it does not say when it was reviewed."""
    findings: int
    health: HealthFacts | None
    """`null`: there is no journal, or it cannot be read."""


class ListDocument(msgspec.Struct, frozen=True):
    """What `oncall runbook list --json` prints."""

    runbooks: tuple[BookFacts, ...]
    unread: tuple[str, ...]
    """Files and folders that cannot be read, and why."""
    schema_version: int = 1


class Opened(msgspec.Struct, frozen=True):
    """A runbook, read and looked through."""

    book: Book
    read: Read
    findings: tuple[Finding, ...]


def put_books(
    opened: Sequence[Opened],
    unread: tuple[str, ...],
    past: tuple[PastRun, ...] | None,
    now: datetime,
    stale_after: timedelta,
    paper: Paper | None,
) -> None:
    """Print the runbooks; `paper=None` as JSON, `past=None` where nobody knows of any run."""
    facts = [_facts(one, past, now.date(), stale_after) for one in opened]
    if paper is None:
        put(json_text(ListDocument(tuple(facts), unread)))
        return
    left_out: tuple[str, ...] = () if past is not None else _PAST
    if past is not None and paper.cells is not None and paper.cells < _WIDE_CELLS:
        left_out = _LEFT_OUT
    names = [name for name in _COLUMNS if name not in left_out]
    cells = [_cells(one, now) for one in facts]
    rows = [[row[name] for name in names] for row in cells]
    put("\n".join(paper.table([_COLUMNS[name] for name in names], rows)))


def _facts(
    one: Opened, past: tuple[PastRun, ...] | None, today: date, stale_after: timedelta
) -> BookFacts:
    known = one.read.runbook
    steps = known.steps
    health = None if past is None else _health(health_of(known.name, past))
    return BookFacts(
        one.book.name,
        known.title,
        one.book.source,
        None if one.book.path is None else str(one.book.path),
        known.alerts,
        known.services,
        len(steps),
        sum(step.is_runnable for step in steps),
        known.reviewed,
        is_stale(known.reviewed, today, stale_after),
        len(one.findings),
        health,
    )


def _health(known: BookHealth) -> HealthFacts:
    return HealthFacts(
        known.runs, known.last, known.last_passed, known.median_minutes, known.often_skipped
    )


def _cells(facts: BookFacts, now: datetime) -> dict[str, Cell]:
    reviewed = "-" if facts.reviewed is None else facts.reviewed.isoformat()
    shipped = facts.path is None
    health = facts.health or _NO_HEALTH
    passed = health.last == health.last_passed
    return {
        "name": Cell(facts.name, "bold"),
        "steps": Cell(str(facts.steps)),
        "runnable": Cell(str(facts.runnable)),
        "reviewed": Cell(
            f"{reviewed} stale" if facts.stale else reviewed, "yellow" if facts.stale else ""
        ),
        "faults": Cell(str(facts.findings or "-"), "red" if facts.findings else ""),
        "last": Cell(_ago(health.last, now), "" if passed else "yellow"),
        "passed": Cell(_ago(health.last_passed, now)),
        "median": Cell(_minutes(health.median_minutes)),
        "source": Cell(SHIPPED, "dim") if shipped else Cell(facts.source),
        "alerts": Cell(Raw(", ".join(facts.alerts) or "-")),
        "title": Cell(facts.title),
    }


def _ago(at: datetime | None, now: datetime) -> str:
    return "-" if at is None else age_text(now - at, coarse=True)


def _minutes(minutes: float | None) -> str:
    return "-" if minutes is None else age_text(timedelta(minutes=minutes), coarse=True)
