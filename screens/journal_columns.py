"""How the journal's list draws its rows."""

from __future__ import annotations

from datetime import timedelta

from console.model.words import age_text, countdown_text
from console.safety.clock import Instant
from console.safety.text import Raw
from screens.journal_rows import PaperRow
from widgets.columns import Column
from widgets.detail import Paragraph, Part, Title
from widgets.paint import PRIORITY_INKS, Spans
from widgets.theme import Ink


def is_over(row: PaperRow) -> bool:
    """Whether nobody has to do anything about it."""
    return row.over


def journal_columns() -> tuple[Column[PaperRow], ...]:
    """The columns; those that change with time alone stand leftmost."""
    return (
        Column("NEXT", _next, width=7, priority=95, volatile=True, align="right"),
        Column("AGE", _age, width=6, priority=85, volatile=True, align="right"),
        Column("P", _severity, width=2, priority=90),
        Column("STATE", lambda row, _: ((row.word, row.ink),), width=11, priority=96),
        Column("ID", _id, width=16, priority=94),
        Column("TITLE", _title, width=22, flex=4, priority=99),
        Column("WHO", _who, width=6, flex=1, most=12, priority=80),
        Column("NOTE", _note, width=24, flex=4, priority=60),
    )


def _next(row: PaperRow, now: Instant) -> Spans:
    if row.may_start:
        return (("now", Ink.OK),)
    if row.due is not None:
        left = row.due - now.wall
        ink = Ink.WARNING if row.due <= now.wall else Ink.PLAIN
        return ((countdown_text(left), ink),)
    if row.opens is not None:
        return ((countdown_text(max(row.opens - now.wall, timedelta(0))), Ink.MUTED),)
    return (("-", Ink.MUTED),)


def _age(row: PaperRow, now: Instant) -> Spans:
    if row.since is None:
        return (("-", Ink.MUTED),)
    return ((age_text(now.wall - row.since, coarse=True), Ink.MUTED),)


def _severity(row: PaperRow, _: Instant) -> Spans:
    if row.severity is not None:
        return ((str(row.severity), PRIORITY_INKS[row.severity]),)
    if row.is_incident and not row.over:
        return (("?", Ink.UNKNOWN),)
    return (("-", Ink.MUTED),)


def _id(row: PaperRow, _: Instant) -> Spans:
    return ((row.document_id or "-", Ink.MUTED),)


def _title(row: PaperRow, _: Instant) -> Spans:
    return ((row.title, Ink.STRONG),)


def _who(row: PaperRow, _: Instant) -> Spans:
    return ((row.who, Ink.PLAIN),) if row.who else (("-", Ink.MUTED),)


def _note(row: PaperRow, _: Instant) -> Spans:
    return ((row.note, row.note_ink),)


def about(row: PaperRow) -> tuple[Part, ...]:
    """The row under the cursor in full: what a narrow list cuts or leaves out."""
    named = ((row.document_id, Ink.HEADING), ("  ", Ink.PLAIN)) if row.document_id else ()
    return (
        Title((*named, (Raw(row.path) if row.path else "no file yet", Ink.MUTED))),
        Paragraph(row.title, Ink.STRONG),
        Paragraph(row.note, row.note_ink),
    )
