"""What a search of the journal found: one line of a document each, and the way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from textual.widget import Widget

from console.model.action import Action
from console.model.papers import Found, Sheet
from console.model.update import Update
from console.model.words import count_text
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.acting import NOT_UP
from screens.filter_line import FilterLine
from screens.journal import JournalFrame
from screens.papering import open_document
from widgets.columns import Column
from widgets.detail import Paragraph, Part
from widgets.dialog import Overlay
from widgets.live_list import LiveList
from widgets.paint import Spans
from widgets.theme import Ink

LEAD: Final = 12
"""Characters of a line before what was found in it, so that it stands in sight."""
LINES: Final = 5_000
"""Of a file, so many are shown."""
FULL: Final = 200
"""As many as a search hands over; with so many there may be more."""


@dataclass(frozen=True)
class FoundRow:
    """One line that was found."""

    key: str
    found: Found
    lead: Raw
    hit: Raw
    rest: Raw


class FoundScreen(JournalFrame):
    """It stays as it was found; `/` searches anew."""

    def __init__(self, text: str, found: Sequence[Found]) -> None:
        super().__init__()
        self._text = text
        self._rows = tuple(_rows(found, text))

    def body(self) -> Iterable[Widget]:
        said = f"  nothing is written down in which {visible(self._text, cells=40)} stands"
        self.list = LiveList[FoundRow](
            COLUMNS,
            key=lambda row: row.key,
            clock=self.console_app.clock,
            empty=(((said, Ink.MUTED),),),
            id="found",
        )
        yield self.list

    def on_mount(self) -> None:
        self.list.focus()
        self.list.set_rows(self._rows)
        self._tell()

    def _tell(self) -> None:
        count = len(self._rows)
        many = f"{count_text(count)} line{'' if count == 1 else 's'}"
        if count >= FULL:
            many = f"the first {count_text(count)} lines; a longer text finds fewer"
        more: Spans = (
            ("searched for ", Ink.MUTED),
            (self._text, Ink.STRONG),
            (f"  {many}", Ink.WARNING),
            ("  / searches anew, esc goes back", Ink.MUTED),
        )
        self.query_one(FilterLine).show("", 0, 0, more=more)

    def show_body(self, update: Update) -> None:
        """What was found stays: it is not a part of the world."""

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def on_live_list_highlighted(self) -> None:
        self.show_hints()

    def why_not(self, action: Action) -> str:
        row = self.list.cursor_row
        if action.id == "journal.discard":
            return "only a draft is thrown away"
        if action.id == "journal.show":
            return "this is what was found; esc goes back to the list"
        if action.group == "row" and row is None:
            return "nothing was found"
        return ""

    def do_row_open(self) -> None:
        row = self.list.cursor_row
        if row is not None and row.found.document_id:
            open_document(self.console_app, row.found.document_id)
        elif row is not None:
            self.run_worker(self._show_file(row.found), exit_on_error=False, group="found")

    async def _show_file(self, found: Found) -> None:
        """A report as it is kept; of another file the line that was found, whole."""
        lines = [found.text]
        if found.path.endswith(".md"):
            future = self.console_app.engine.ask(lambda engine: engine.papers.sheet(found.path))
            if future is None:
                self.say(NOT_UP, warning=True)
                return
            sheet = await asyncio.wrap_future(future)
            if not isinstance(sheet, Sheet):
                self.say(str(sheet), warning=True)
                return
            lines = sheet.content.decode("utf-8", "replace").splitlines()
        if not self.is_current:
            return
        parts: list[Part] = [Paragraph(Raw(line)) for line in lines[:LINES]]
        if len(lines) > LINES:
            more = f"and {count_text(len(lines) - LINES)} more lines; y copies its path"
            parts.append(Paragraph(more, Ink.WARNING))
        self.app.push_screen(Overlay(((visible(found.path, cells=70), Ink.HEADING),), parts))

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        row, update = self.list.cursor_row, self.console_app.fresh
        if row is not None and update is not None:
            path = f"{update.papers.status.folder}/{visible(row.found.path)}:{row.found.line}"
            self.copy_text(f"{row.found.document_id} {path}".strip(), "id and path")

    def do_journal_show(self) -> None:
        """Never called: `why_not` says why."""

    def do_journal_discard(self) -> None:
        """Never called either."""


def _rows(found: Sequence[Found], text: str) -> Iterator[FoundRow]:
    for number, one in enumerate(found):
        line = one.text.strip()
        start, end = _place(line, text)
        begin = max(0, start - LEAD)
        lead = ("..." if begin else "") + line[begin:start]
        yield FoundRow(str(number), one, Raw(lead), Raw(line[start:end]), Raw(line[end:]))


def _place(line: str, text: str) -> tuple[int, int]:
    """Where `text` stands in `line`, else the first of its words; at its begin where neither
    does, because a search does not mind the width of letters."""
    folded = line.casefold()
    if len(folded) != len(line):
        return 0, 0
    for wanted in (text.casefold(), *text.casefold().split()):
        at = folded.find(wanted)
        if at >= 0:
            return at, at + len(wanted)
    return 0, 0


def _line(row: FoundRow, _: Instant) -> Spans:
    return (
        (row.lead, Ink.MUTED),
        (row.hit, Ink.STRONG),
        (row.rest, Ink.MUTED),
    )


def _id(row: FoundRow, _: Instant) -> Spans:
    found = row.found
    kind = found.path.partition("/")[0].removesuffix("s")
    return ((Raw(found.document_id or kind), Ink.MUTED),)


def _title(row: FoundRow, _: Instant) -> Spans:
    return ((Raw(row.found.title or called(row.found.path)), Ink.PLAIN),)


def called(path: str) -> str:
    """A file that is no document, as short as it can be told from others: `daily 2026-11-22`,
    `7-day to 2026-11-22`."""
    _, *inside = path.removesuffix(".md").split("/")
    if len(inside) < 2:
        return path
    kind, name = inside[0], inside[-1]
    first, between, last = name.partition("_")
    return f"{kind} to {last}" if between and path.startswith("reports/") else f"{kind} {first}"


def _number(row: FoundRow, _: Instant) -> Spans:
    return ((str(row.found.line), Ink.MUTED),)


COLUMNS: Final = (
    Column[FoundRow]("ID", _id, width=16, priority=90),
    Column[FoundRow]("TITLE", _title, width=14, flex=2, most=40, priority=80),
    Column[FoundRow]("LINE", _number, width=5, priority=60, align="right"),
    Column[FoundRow]("TEXT", _line, width=20, flex=4, priority=99),
)
