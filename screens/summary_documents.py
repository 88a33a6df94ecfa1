"""The incidents and changes of the seven days as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from console.model.incident import IncidentState
from console.model.state import Priority
from console.model.summary import ChangeLine, IncidentLine, Week
from console.safety.clock import Instant
from console.safety.text import visible
from screens.summary_words import (
    NONE,
    local_text,
    local_zone,
    plain,
    seconds_cell,
)
from widgets.columns import Column
from widgets.paint import PRIORITY_INKS, Spans
from widgets.theme import Ink

_NOTHING: Final[Spans] = ((NONE, Ink.MUTED),)


@dataclass(frozen=True, eq=False)
class DocumentRow:
    """An incident or a change."""

    line: IncidentLine | ChangeLine
    zone: tzinfo

    @property
    def key(self) -> str:
        """Its id."""
        return self.line.id

    @property
    def severity(self) -> Priority | None:
        """Of an incident."""
        return self.line.severity if isinstance(self.line, IncidentLine) else None


def document_rows(week: Week) -> tuple[DocumentRow, ...]:
    """All of them, the latest first."""
    zone = local_zone(week.zone)
    lines: list[IncidentLine | ChangeLine] = [*week.incidents, *week.changes]

    def begun(line: IncidentLine | ChangeLine) -> datetime:
        return line.start or week.start

    return tuple(DocumentRow(one, zone) for one in sorted(lines, key=begun, reverse=True))


def document_columns() -> tuple[Column[DocumentRow], ...]:
    """The columns of incidents and changes."""
    return (
        Column("WHEN", _document_when, width=12, priority=97, align="right"),
        Column("FOR", _document_for, width=6, priority=80, align="right"),
        Column("P", _document_severity, width=2, priority=90),
        Column("STATE", _document_state, width=11, priority=92),
        Column("ID", lambda row, _: ((row.line.id, Ink.MUTED),), width=16, priority=88),
        Column("TITLE", lambda row, _: ((row.line.title, Ink.STRONG),), width=18, flex=3,
               priority=99),
        Column("SERVICES", _document_services, width=12, flex=2, most=48, priority=60),
    )  # fmt: skip


def _document_when(row: DocumentRow, _: Instant) -> Spans:
    start = row.line.start
    return _NOTHING if start is None else ((local_text(start, row.zone), Ink.PLAIN),)


def _document_for(row: DocumentRow, now: Instant) -> Spans:
    line = row.line
    if line.start is None or (isinstance(line, ChangeLine) and line.is_planned):
        return _NOTHING
    end = line.end or now.wall
    ink = Ink.PLAIN if line.end is not None else Ink.WARNING
    return ((seconds_cell(max(0.0, (end - line.start).total_seconds())), ink),)


def _document_severity(row: DocumentRow, _: Instant) -> Spans:
    if isinstance(row.line, ChangeLine):
        return _NOTHING
    severity = row.severity
    if severity is None:
        return (("?", Ink.UNKNOWN),)
    return ((str(severity), PRIORITY_INKS[severity]),)


def _document_state(row: DocumentRow, _: Instant) -> Spans:
    state = row.line.state
    if isinstance(row.line, ChangeLine) and row.line.is_planned:
        return (("planned", Ink.MUTED),)
    word = "post-mortem" if state is IncidentState.POST_MORTEM_DUE else state.value
    return ((word, Ink.FIRING if state is IncidentState.OPEN else Ink.PLAIN),)


def _document_services(row: DocumentRow, _: Instant) -> Spans:
    return plain(visible(", ".join(row.line.services), cells=200), Ink.MUTED)
