"""One change request, whole: its plan, who agreed to it, and whether it may start now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final

from console.model.action import Action
from console.model.change import MOVES
from console.model.change_rules import (
    Surroundings,
    approval_refusals,
    around_of,
    exception_refusals,
    review_reasons,
)
from console.model.papers import ChangePaper, Papers, Sheet
from console.model.update import Update
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens import change_deeds
from screens.change_deeds import LineTaker
from screens.change_parts import Kept, change_parts
from screens.document import DocumentFrame
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.journal.change import Logged
    from console.journal.errors import JournalFault
    from screens.app import OncallApp

WRITING: Final = frozenset(
    {"paper.move", "paper.edit", "change.approve", "change.except", "change.review"}
)
"""Actions that write into the document."""
SAY: Final = "change"


class ChangeScreen(DocumentFrame):
    """It follows its change through updates."""

    word: ClassVar[str] = "change"

    def __init__(self, document_id: str) -> None:
        super().__init__()
        self.document_id = document_id
        self.paper: ChangePaper | None = None
        """As last read; `None`: there is none of that id."""
        self._kept = Kept()
        self._asked = ""
        """The blob whose timeline and commit were asked for."""
        self._line: LineTaker | None = None
        """What the line that is open is for."""

    # What is shown

    @property
    def papers(self) -> Papers:
        """The journal as last read."""
        update = self.console_app.fresh
        return Papers() if update is None else update.papers

    @property
    def around(self) -> Surroundings:
        """What the rules ask for beside the change."""
        return around_of(self.papers)

    @property
    def me(self) -> str:
        """Who looks at it."""
        return self.console_app.opened.who.name

    def show_body(self, update: Update) -> None:
        found = update.papers.change(self.document_id)
        if found is None:
            self._show_missing()
            return
        self.paper = found
        if self._asked != found.blob:
            self._asked = found.blob
            # In a group of its own: what is being asked of the person goes on.
            work = self._read_file(found)
            self.run_worker(work, exit_on_error=False, group="file", exclusive=True)
        self._draw()

    def _show_missing(self) -> None:
        shown = visible(self.document_id, cells=40)
        was_there, self.paper = self.paper is not None, None
        said = "is not in the journal any more" if was_there else "has not been read yet"
        self.show_gone(f"{shown} {said}", self.document_id)

    def _draw(self) -> None:
        if self.paper is None:
            return
        now = self.console_app.clock.now().wall
        parts = change_parts(self.paper, self.papers, self.around, now, self._kept, self.me)
        self.detail.show(parts, subject=self.document_id)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self._draw()

    async def _read_file(self, paper: ChangePaper) -> None:
        """Its timeline, and the commit that wrote it last."""
        sheet = await self._ask_sheet(paper)
        if sheet is None:
            return
        future = self.console_app.engine.ask(lambda engine: engine.papers.log(paper.path))
        log = () if future is None else await asyncio.wrap_future(future)
        self._kept = kept_of(sheet, log)
        self._draw()

    async def _ask_sheet(self, paper: ChangePaper) -> Sheet | JournalFault | None:
        future = self.console_app.engine.ask(lambda engine: engine.papers.sheet(paper.path))
        if future is None:
            return None
        return await asyncio.wrap_future(future)

    # What can be done

    def why_not(self, action: Action) -> str:
        paper = self.paper
        if action.where != ("change",) and not action.id.startswith("paper."):
            return ""
        if paper is None:
            return "it is not in the journal" if action.id != "journal.calendar" else ""
        change = paper.change
        if action.id in WRITING and paper.faults:
            return "its file has faults: nothing is written to it before they are mended (E)"
        reasons: tuple[str, ...] = ()
        match action.id:
            case "paper.move":
                reasons = () if MOVES[change.state] else (f"it is {change.state}: it is over",)
            case "change.approve":
                reasons = approval_refusals(change, self.me)
            case "change.except":
                reasons = exception_refusals(change, self.me, "any")
            case "change.review":
                reasons = review_reasons(change, self.me, self.console_app.clock.now().wall)
            case _:
                pass
        return reasons[0] if reasons else ""

    def ask_for(self, sign: str, take: LineTaker, text: str = "") -> None:
        """Ask for one line, which `take` is given; one that says nothing does nothing.

        Args:
            sign: what it is about; safe to show.
        """
        self._line = take
        spans: Spans = ((f"{sign}: ", Ink.KEY),)
        self.ask_line(SAY, spans, text)

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt != SAY:
            return super().deed_sent(prompt, text)
        take, self._line = self._line, None
        if take is not None:
            take(text.strip())
        return True

    def do_paper_edit(self) -> None:
        """The form; say before what that does to an approval."""
        if self.paper is not None:
            self.run_worker(change_deeds.edit(self, self.paper), exit_on_error=False)

    def do_paper_move(self, state: str = "") -> None:
        """Choose the next state, or go to the one that is named."""
        if self.paper is not None:
            self.run_worker(change_deeds.move(self, self.paper, state), exit_on_error=False)

    def do_change_approve(self, note: str = "") -> None:
        """Show what is agreed to, and ask."""
        if self.paper is not None:
            self.run_worker(change_deeds.approve(self, self.paper, note), exit_on_error=False)

    def do_change_except(self, freeze: str = "") -> None:
        """Pick the freeze, and ask why."""
        if self.paper is not None:
            self.run_worker(change_deeds.except_from(self, self.paper, freeze), exit_on_error=False)

    def do_change_review(self, text: str = "") -> None:
        """Ask what it was like."""
        if self.paper is not None:
            change_deeds.review(self, self.paper, text)

    def do_paper_attach(self, file: str = "") -> None:
        """Archive a copy of a file beside it."""
        if self.paper is not None:
            change_deeds.attach(self, self.paper, file)

    def do_paper_editor(self) -> None:
        """The file itself in the person's editor."""
        from screens.paper_text import edit_document  # late: few edit the file

        paper = self.paper
        if paper is not None:
            work = edit_document(self.console_app, paper.path, self.document_id)
            self.run_worker(work, exit_on_error=False)

    def do_row_copy(self) -> None:
        """Its file as Markdown."""
        if self.paper is not None:
            self.run_worker(self._copy(self.paper), exit_on_error=False)

    async def _copy(self, paper: ChangePaper) -> None:
        sheet = await self._ask_sheet(paper)
        if isinstance(sheet, Sheet):
            text = sheet.content.decode("utf-8", "replace")
            self.console_app.copy(Raw(text), f"{self.document_id} as Markdown", lines=True)
        else:
            self.say("it cannot be read now", warning=True)


def kept_of(sheet: Sheet | JournalFault, log: tuple[Logged, ...] | JournalFault) -> Kept:
    """What the screen shows of the file itself."""
    from console.journal.body import section_of  # late: the file is read after the first frame
    from console.journal.document import DocumentFaults, read_document

    if not isinstance(sheet, Sheet):
        return Kept(fault=f"it cannot be read: {visible(str(sheet), cells=200)}")
    commit = "none yet"
    if isinstance(log, tuple):
        if log:
            one = log[0]
            commit = f"{one.hash[:8]} {one.author} {one.at:%Y-%m-%d %H:%M} UTC  {one.subject}"
    else:
        commit = f"not known: {visible(str(log), cells=200)}"
    try:
        document = read_document(sheet.content, sheet.path.rpartition("/")[2])
        lines = section_of(document, "timeline").splitlines()
    except DocumentFaults:
        lines = []
    timeline = "\n".join(line for line in lines if not line.startswith("<!--")).strip("\n")
    return Kept(sheet.blob, timeline, commit)


def open_change(app: OncallApp, document_id: str) -> None:
    """Show the change of that id, unless it is what is shown already."""
    top = app.screen
    if not (isinstance(top, ChangeScreen) and top.document_id == document_id):
        app.push_screen(ChangeScreen(document_id))
