"""One document of the journal, whole: what the screens of incidents and of changes share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from console.model.action import Action
from console.model.papers import BrokenPaper, ChangePaper, IncidentPaper, Papers, Sheet
from console.model.run import PastRun
from console.model.update import Update
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.document import DocumentFrame
from screens.paper_file import Kept, kept_of
from screens.paper_runs import PaperRuns, choose_run, runs_of
from widgets.detail import Blank, Paragraph, Part, Title
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.journal.errors import JournalFault

P = TypeVar("P", IncidentPaper, ChangePaper)


class PaperScreen(DocumentFrame, Generic[P]):
    """It follows its document through updates."""

    def __init__(self, document_id: str) -> None:
        super().__init__()
        self.document_id = document_id
        self.paper: P | None = None
        """As last read; `None`: there is none of that id, or its file cannot be read."""
        self.broken: BrokenPaper | None = None
        """Its file, where that cannot be read any more."""
        self.kept = Kept()
        self._asked = ""
        """The blob whose timeline and commit were asked for."""
        self._past: tuple[PastRun, ...] = ()
        self._runs_asked: tuple[str, tuple[str, ...]] | None = None
        """With which blob, and with which runs open, transcripts were asked for."""

    def found(self, papers: Papers) -> P | None:
        """The document among all."""
        raise NotImplementedError

    def parts(self, paper: P, update: Update) -> tuple[Part, ...]:
        """What is drawn of it."""
        raise NotImplementedError

    # What is shown

    def show_body(self, update: Update) -> None:
        found = self.found(update.papers)
        self.broken = None
        if found is None:
            self._show_missing(update.papers)
            return
        self.paper = found
        if self._asked != found.blob:
            self._asked = found.blob
            # In a group of its own: what is being asked of the person goes on.
            work = self._read_file(found.path)
            self.run_worker(work, exit_on_error=False, group="file", exclusive=True)
        self._ask_for_runs(found.blob, update)
        self._draw()

    def _ask_for_runs(self, blob: str, update: Update) -> None:
        wanted = (blob, tuple(run.id for run in update.runs.open))
        if wanted != self._runs_asked:
            self._runs_asked = wanted
            work = self._learn_runs()
            self.run_worker(work, exit_on_error=False, group="runs", exclusive=True)

    async def _learn_runs(self) -> None:
        future = self.console_app.engine.ask(lambda engine: engine.runs.past())
        if future is None:
            self._runs_asked = None
            return
        self._past = await asyncio.wrap_future(future)
        self._draw()

    def runs(self, update: Update, listed: Sequence[str] = ()) -> PaperRuns:
        """The runs of runbooks that belong to it."""
        return runs_of(self.document_id, update.runs, self._past, listed)

    def _show_missing(self, papers: Papers) -> None:
        shown = visible(self.document_id, cells=40)
        broken = next((one for one in papers.broken if self._is_of(one)), None)
        self.broken = broken
        if broken is not None:
            self.paper, self._asked = None, ""
            parts = _mending(shown, broken)
            self.detail.show(parts, subject=self.document_id)
            return
        was_there, self.paper = self.paper is not None, None
        said = "is not in the journal any more" if was_there else "has not been read yet"
        self.show_gone(f"{shown} {said}", self.document_id)

    def _is_of(self, broken: BrokenPaper) -> bool:
        """By the name of the file, which begins with the id."""
        name = broken.path.rpartition("/")[2].removesuffix(".md")
        return f"{name}-".startswith(f"{self.document_id}-")

    def _draw(self) -> None:
        update = self.console_app.fresh
        if self.paper is not None and update is not None:
            self.detail.show(self.parts(self.paper, update), subject=self.document_id)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self._draw()

    async def _read_file(self, path: str) -> None:
        """Its timeline, and the commit that wrote it last."""
        sheet = await self._ask_sheet(path)
        if sheet is None:
            return
        future = self.console_app.engine.ask(lambda engine: engine.papers.log(path))
        log = () if future is None else await asyncio.wrap_future(future)
        self.kept = kept_of(sheet, log)
        self._draw()

    async def _ask_sheet(self, path: str) -> Sheet | JournalFault | None:
        future = self.console_app.engine.ask(lambda engine: engine.papers.sheet(path))
        if future is None:
            return None
        return await asyncio.wrap_future(future)

    # What can be done with any of them

    def without_paper(self, action: Action) -> str:
        """Why `action` cannot be done while nothing is known of the document."""
        if self.broken is None:
            return "it is not in the journal"
        return "" if action.id == "paper.editor" else "its file cannot be read: E mends it"

    def do_paper_editor(self) -> None:
        """The file itself in the person's editor."""
        from screens.paper_text import edit_document  # late: few edit the file

        file = self.paper or self.broken
        if file is not None:
            work = edit_document(self.console_app, file.path, self.document_id)
            self.run_worker(work, exit_on_error=False)

    def do_paper_runs(self) -> None:
        """The run that is open, or the transcript of one; chosen where there are several."""
        update = self.console_app.fresh
        if update is not None:
            choose_run(self.console_app, self.runs(update), visible(self.document_id, cells=40))

    def do_row_copy(self) -> None:
        """Its file as Markdown."""
        if self.paper is not None:
            self.run_worker(self._copy(self.paper.path), exit_on_error=False)

    async def _copy(self, path: str) -> None:
        sheet = await self._ask_sheet(path)
        if isinstance(sheet, Sheet):
            text = sheet.content.decode("utf-8", "replace")
            self.console_app.copy(Raw(text), f"{self.document_id} as Markdown", lines=True)
        else:
            self.say("it cannot be read now", warning=True)


def _mending(shown: str, broken: BrokenPaper) -> tuple[Part, ...]:
    """What is wrong in a file, and how it is mended."""
    return (
        Title(((f"{shown}: its file cannot be read", Ink.WARNING),)),
        *(Paragraph(visible(fault), Ink.WARNING) for fault in broken.faults),
        Blank(),
        Paragraph("E opens it in your editor, to mend it there."),
    )
