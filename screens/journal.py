"""The journal: drafts, incidents, changes and what is owed, in the order in which they matter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from console.model.action import Action
from console.model.papers import PaperKind, Papers, Sheet
from console.model.update import Update
from console.model.words import count_text, many
from console.model.worklist import Row
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.filter_line import FilterLine
from screens.frame import Frame
from screens.journal_columns import about, is_over, journal_columns
from screens.journal_rows import ELSEWHERE, PaperRow, Shown, rows_of
from screens.journal_said import fault_lines, nothing_there
from screens.papering import open_document
from widgets.detail import Blank, Detail, Field, Paragraph, Part
from widgets.dialog import Choice, Dialog, FittedDetail, Overlay
from widgets.live_list import LiveList
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.journal.errors import JournalFault
    from screens.app import OncallApp

SEARCH = "search"
SEARCHING = (("search all documents: ", Ink.KEY),)
FOOTER = {"row.incident": 93, "row.change": 92, "row.detail": 0}
"""In the footer: what is written here comes first, and `d` is what enter is."""
LINES = 2_000
"""Of a broken file, so many lines are shown."""


class JournalFrame(Frame):
    """What the list of documents and the list of what was found have in common."""

    word: ClassVar[str] = "journal"

    def footer_of(self, action: Action) -> int:
        return FOOTER.get(action.id, action.footer)

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def do_journal_search(self, text: str = "") -> None:
        """Search for `text`, or ask for what."""
        if text.strip():
            self.run_worker(self._search(text.strip()), exit_on_error=False)
        elif self.command_line is not None:
            self.command_line.begin(SEARCH, sign=SEARCHING)

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt != SEARCH:
            return super().deed_sent(prompt, text)
        if text.strip():
            self.do_journal_search(text)
        return True

    async def _search(self, text: str) -> None:
        from screens.found import FoundScreen  # late: few look for anything

        future = self.console_app.engine.ask(lambda engine: engine.papers.search(text))
        if future is None:
            self.say("the engine is not up yet", warning=True)
            return
        found = await asyncio.wrap_future(future)
        if not isinstance(found, tuple):
            self.say(f"not searched: {visible(str(found), cells=200)}", warning=True)
            return
        if not self.console_app.is_looked_at:
            return  # it took its time, and nothing comes in front of what somebody types
        if isinstance(self.app.screen, FoundScreen):
            self.app.pop_screen()
        self.app.push_screen(FoundScreen(text, found))


class JournalScreen(JournalFrame):
    """One list of everything that somebody may have to go on with, the closed ones last."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown.ALL
        self._read: tuple[Papers, int, Shown] | None = None
        """What the rows were made of, and in which minute."""

    def body(self) -> Iterable[Widget]:
        self.fault = FittedDetail(())
        self.fault.id = "fault"
        self.fault.display = False
        self.list = LiveList[PaperRow](
            journal_columns(),
            key=lambda row: row.key,
            clock=self.console_app.clock,
            dimmed=is_over,
            id="papers",
        )
        self.about = Detail(id="about")
        self.about.can_focus = False
        yield self.fault
        yield self.list
        yield self.about

    def on_mount(self) -> None:
        self.list.focus()

    def show_body(self, update: Update) -> None:
        self._show(update.papers, self.console_app.clock.now())

    def _show(self, papers: Papers, now: Instant) -> None:
        made_of = (papers, int(now.wall.timestamp() // 60), self.shown)
        if made_of == self._read:
            return
        self._read = made_of
        environment = self.console_app.opened.loaded.settings.environment
        rows, headings = rows_of(papers, now.wall, self.shown, environment)
        self.list.set_empty(nothing_there(papers, self.shown))
        self.list.set_rows(rows, headings)
        self._show_fault(papers)
        self._show_about()
        self._tell_shown()

    def _show_fault(self, papers: Papers) -> None:
        lines = fault_lines(papers.status)
        self.fault.display = bool(lines)
        self.fault.show([Paragraph(text, ink) for text, ink in lines], subject="fault")
        self.fault.refresh(layout=True)

    def _show_about(self) -> None:
        row = self.list.cursor_row
        self.about.display = row is not None
        self.about.show(() if row is None else about(row), subject="" if row is None else row.key)

    def _tell_shown(self) -> None:
        more: Spans = ()
        if self.shown is not Shown.ALL:
            more = (
                (f"{self.shown} only", Ink.WARNING),
                (f"  tab shows {self.shown.following}", Ink.MUTED),
            )
        self.query_one(FilterLine).show("", 0, 0, more=more)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        update = self.console_app.fresh
        if update is not None:
            self._show(update.papers, now)
        self.list.tick(now)

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def on_live_list_highlighted(self) -> None:
        self._show_about()
        self.show_hints()

    # Actions

    def why_not(self, action: Action) -> str:
        row = self.list.cursor_row
        if action.group == "row" and row is None:
            return "there is no document"
        if action.id == "journal.discard":
            if row is None or row.draft is None:
                return "only a draft is thrown away"
            return ELSEWHERE if row.draft.is_open else ""
        return ""

    def do_journal_show(self) -> None:
        """Show the next kind: all, incidents, changes, what is owed."""
        self.shown = self.shown.following
        self.list.release()
        update = self.console_app.fresh
        if update is not None:
            self._show(update.papers, self.console_app.clock.now())
            self.list.release()

    def do_app_back(self) -> None:
        if self.shown is Shown.ALL:
            super().do_app_back()
            return
        self.shown = Shown.OWED
        self.do_journal_show()

    def do_row_open(self) -> None:
        row = self.list.cursor_row
        if row is not None:
            open_row(self, row)

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        row = self.list.cursor_row
        update = self.console_app.fresh
        if row is not None and update is not None:
            folder = update.papers.status.folder
            path = f"{folder}/{visible(row.path)}" if row.path else ""
            self.copy_text(f"{row.document_id} {path}".strip(), "id and path")

    def do_journal_discard(self) -> None:
        row = self.list.cursor_row
        if row is not None and row.draft is not None:
            self.run_worker(self._discard_if_sure(row), exit_on_error=False)

    async def _discard_if_sure(self, row: PaperRow) -> None:
        app, draft = self.console_app, row.draft
        assert draft is not None
        typed = sum(bool(text.strip()) for text in draft.fields.values())
        parts: list[Part] = [
            Field(row.document_id, row.title, Ink.STRONG),
            Paragraph(f"{many(typed, 'field')} filled in. Nothing brings that back."),
        ]
        choice = Choice("discard", "Throw it away", danger=True)
        title = (("throw this draft away?", Ink.WARNING),)
        question = Dialog(title, parts, (choice,), clock=app.clock)
        if await app.push_screen_wait(question) == choice.id:
            future = app.engine.ask(lambda engine: engine.papers.drop_draft(draft.key))
            if future is not None:
                await asyncio.wrap_future(future)
                self.say(f"the draft of {row.document_id} was thrown away")


def open_row(screen: Frame, row: PaperRow) -> None:
    """Open what a row stands for: a document, the form on a draft, a broken file as it is."""
    app = screen.console_app
    if row.draft is not None:
        _open_draft(screen, row)
    elif row.broken is not None:
        screen.run_worker(_open_broken(app, row), exit_on_error=False)
    else:
        open_document(app, row.document_id)


def _open_draft(screen: Frame, row: PaperRow) -> None:
    app, draft = screen.console_app, row.draft
    assert draft is not None
    update = app.fresh
    if draft.is_open:
        screen.say(f"{ELSEWHERE}: go on with it there", warning=True)
        return
    papers = Papers() if update is None else update.papers
    if draft.kind is PaperKind.CHANGE:
        from screens.change_form import open_change_form

        open_change_form(app, papers.change(draft.document_id), draft=draft)
        return
    from screens.incident_form import open_incident_form, open_new_incident

    paper = papers.incident(draft.document_id)
    if paper is None:
        open_new_incident(app, (), draft=draft)
    else:
        open_incident_form(app, paper, draft=draft)


async def _open_broken(app: OncallApp, row: PaperRow) -> None:
    """A file of which nothing can be told: its faults, where it is, and what stands in it."""
    broken = row.broken
    assert broken is not None
    parts: list[Part] = [Paragraph(fault, Ink.WARNING) for fault in broken.faults]
    mend = "Nothing is written to it before a person has mended it, in an editor or with git."
    parts += [Paragraph(mend, Ink.MUTED), Blank()]
    future = app.engine.ask(lambda engine: engine.papers.sheet(broken.path))
    if future is not None:
        parts += text_of(await asyncio.wrap_future(future))
    if app.is_looked_at:
        title = ((visible(broken.path, cells=60), Ink.WARNING),)
        app.push_screen(Overlay(title, parts))


def text_of(sheet: Sheet | JournalFault) -> list[Part]:
    """A file of the journal as it stands, or why it cannot be read."""
    if not isinstance(sheet, Sheet):
        return [Paragraph(f"it cannot be read: {sheet}", Ink.WARNING)]
    lines = sheet.content.decode("utf-8", "replace").split("\n")
    parts: list[Part] = [Paragraph(Raw(line)) for line in lines[:LINES]]
    if len(lines) > LINES:
        parts.append(Paragraph(f"and {count_text(len(lines) - LINES)} more lines", Ink.MUTED))
    return parts
