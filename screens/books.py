"""The library of runbooks with how each has done, the runs that are open, and those of the past."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from textual.widget import Widget

from console.model.action import Action
from console.model.run import PastRun, Run, Runs, Shelved
from console.model.update import Update
from console.model.words import many
from console.model.worklist import Row
from console.runbook.library import Library
from console.safety.clock import Instant
from console.safety.text import visible
from screens.acting import NOT_UP
from screens.book_choice import begin, open_named, show_run
from screens.book_for import BookFor
from screens.book_text import show_book, show_findings, show_transcript
from screens.books_rows import (
    Shown,
    about_book,
    about_past,
    about_run,
    book_columns,
    nothing_there,
    past_columns,
    run_columns,
    tab_line,
)
from screens.filter_line import FilterLine
from screens.frame import Frame
from screens.scaffolding import NO_FOLDER, begin_book
from widgets.detail import Detail, Paragraph, Part
from widgets.dialog import FittedDetail
from widgets.live_list import LiveList
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

SEARCH: Final = "search runs"
SEARCHING: Final[Spans] = (("search all transcripts: ", Ink.KEY),)
FAULTS: Final = 2
"""Files that cannot be read, of which so many are named."""
FOOTER: Final = {"row.detail": 54, "row.runbook": 0}
"""In the footer: `r` is what enter is."""
_WHAT: Final = {Shown.LIBRARY: "runbook", Shown.OPEN: "open run", Shown.PAST: "past run"}


class Read(msgspec.Struct, frozen=True):
    """What was read of the library and of the journal."""

    library: Library
    shelf: tuple[Shelved, ...]
    past: tuple[PastRun, ...]


class BooksScreen(Frame):
    """Three lists in one place; tab goes from one to the next."""

    word: ClassVar[str] = "runbooks"

    def __init__(self, wanted: BookFor | None = None) -> None:
        """
        Args:
            wanted: what a runbook is picked for; `None`: for nothing in particular.
        """
        super().__init__()
        self._wanted = wanted or BookFor()
        self.shown = Shown.LIBRARY
        self._read: Read | None = None
        self._read_for: tuple[str, ...] | None = None
        """Which runs were open when it was read."""
        self._asked = 0
        """How often it was asked for: an older answer takes nothing away."""

    def body(self) -> Iterable[Widget]:
        clock = self.console_app.clock
        self.fault = FittedDetail(())
        self.fault.id = "fault"
        self.fault.display = False
        self.books = LiveList[Shelved](
            book_columns(), key=lambda book: book.key, clock=clock, id="library"
        )
        self.runs = LiveList[Run](run_columns(), key=lambda run: run.id, clock=clock, id="open")
        self.past = LiveList[PastRun](
            past_columns(), key=lambda run: run.path, clock=clock, id="past"
        )
        self.about = Detail(id="about")
        self.about.can_focus = False
        yield self.fault
        yield from self.lists.values()
        yield self.about

    @property
    def lists(self) -> dict[Shown, LiveList[Any]]:
        """Each by what it shows."""
        return {Shown.LIBRARY: self.books, Shown.OPEN: self.runs, Shown.PAST: self.past}

    @property
    def list(self) -> LiveList[Any]:
        """The one that is shown."""
        return self.lists[self.shown]

    def on_mount(self) -> None:
        self._show_list()

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    # Reading

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._read_again()

    def _read_again(self) -> None:
        self._asked += 1
        self.run_worker(self._read_all(self._asked), exit_on_error=False, group="shelf")

    async def _read_all(self, number: int) -> None:
        async def read(engine: Engine) -> Read:
            runs = engine.runs
            return Read(await runs.library(), await runs.shelf(), await runs.past())

        future = self.console_app.engine.ask(read)
        if future is None:
            self.set_timer(0.5, self._read_again)
            return
        answer = await asyncio.wrap_future(future)
        if number == self._asked:
            self._read = answer
            self._draw()

    # What is shown

    def show_body(self, update: Update) -> None:
        ids = tuple(run.id for run in update.runs.open)
        if self._read_for is not None and ids != self._read_for:
            self._read_again()  # what has ended is in the journal, and has another health
        self._read_for = ids
        self._draw()

    def _draw(self) -> None:
        update = self.console_app.fresh
        runs = Runs() if update is None else update.runs
        read, keeps = self._read, self.filter
        shelf = read.shelf if read is not None else ()
        past = read.past if read is not None else ()
        named = sorted(shelf, key=lambda one: one.key.casefold())
        self.books.set_rows(tuple(one for one in named if keeps.matches_book(one)))
        self.runs.set_rows(tuple(one for one in runs.open if keeps.matches_run(one)))
        self.past.set_rows(tuple(one for one in past if keeps.matches_past_run(one)))
        totals = {Shown.LIBRARY: len(shelf), Shown.OPEN: len(runs.open), Shown.PAST: len(past)}
        for shown, view in self.lists.items():
            view.set_empty(nothing_there(shown, totals[shown], is_read=read is not None))
        self._show_fault()
        self._show_about()
        self._tell_shown(runs, totals[self.shown])
        self.show_hints()

    def _show_fault(self) -> None:
        faults = () if self._read is None else self._read.library.faults
        lines = [Paragraph(str(one), Ink.WARNING) for one in faults[:FAULTS]]
        if len(faults) > FAULTS:
            said = f"and {many(len(faults) - FAULTS, 'more fault')}: `oncall runbook list`"
            lines.append(Paragraph(said, Ink.WARNING))
        self.fault.display = bool(lines)
        self.fault.show(lines, subject="fault")
        self.fault.refresh(layout=True)

    def _show_about(self) -> None:
        now = self.console_app.clock.now().wall
        row, parts = self.list.cursor_row, tuple[Part, ...]()
        if isinstance(row, Shelved):
            parts = about_book(row, now)
        elif isinstance(row, Run):
            parts = about_run(row, now)
        elif isinstance(row, PastRun):
            parts = about_past(row, now)
        self.about.display = bool(parts)
        self.about.show(parts, subject=f"{self.shown} {self.list.cursor_key}")

    def _tell_shown(self, runs: Runs, total: int) -> None:
        more = tab_line(self.shown, runs)
        if self._wanted.title:
            more = (*more, ("  for ", Ink.MUTED), (self._wanted.title, Ink.WARNING))
        shown = len(self.list.rows)
        self.query_one(FilterLine).show(self.filter.text, shown, total, more=more)

    def _show_list(self) -> None:
        for shown, view in self.lists.items():
            view.display = shown is self.shown
        self.list.focus()
        self.list.release()
        self._draw()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def on_live_list_highlighted(self) -> None:
        self._show_about()
        self.show_hints()

    # Actions

    def footer_of(self, action: Action) -> int:
        return FOOTER.get(action.id, action.footer)

    def why_not(self, action: Action) -> str:
        if action.group == "row" and self.list.cursor_row is None:
            return f"there is no {_WHAT[self.shown]}"
        if action.id == "books.new":
            folders = self.console_app.opened.loaded.settings.runbooks.folders
            return "" if folders else NO_FOLDER
        if action.id == "books.lint" and (
            self.shown is not Shown.LIBRARY or self.list.cursor_row is None
        ):
            return "lint is for the runbooks of the library; tab goes to them"
        return ""

    def do_books_show(self) -> None:
        """Show the next list."""
        self.shown = self.shown.following
        self._show_list()

    def show_only(self, shown: Shown) -> None:
        """Show that list."""
        self.shown = shown
        self._show_list()

    def do_app_back(self) -> None:
        if self.filter or self.shown is Shown.LIBRARY:
            super().do_app_back()
        else:
            self.show_only(Shown.LIBRARY)

    def do_row_open(self) -> None:
        row = self.list.cursor_row
        app = self.console_app
        if isinstance(row, Run):
            show_run(app, row.id)
        elif isinstance(row, PastRun):
            self._run_apart(show_transcript(app, row.path, row.id))
        elif isinstance(row, Shelved):
            name = row.key
            picked = self._wanted
            work = begin(app, name, picked) if picked.known else open_named(self, name, picked)
            self._run_apart(work)

    def do_row_runbook(self, name: str = "") -> None:
        """Open the one of that name, else the one under the cursor."""
        if name.strip():
            super().do_row_runbook(name)
        else:
            self.do_row_open()

    def do_row_detail(self) -> None:
        """The text of the runbook, without opening a run; of a run, what enter shows."""
        row = self.list.cursor_row
        if isinstance(row, Shelved):
            self._run_apart(show_book(self.console_app, row))
        else:
            self.do_row_open()

    def do_row_copy(self) -> None:
        row = self.list.cursor_row
        if isinstance(row, Shelved):
            library = Library() if self._read is None else self._read.library
            book = library.book(row.key)
            path = "" if book is None or book.path is None else f" {visible(str(book.path))}"
            self.copy_text(f"{visible(row.name)}{path}", "name and path" if path else "name")
        elif isinstance(row, Run):
            self.copy_text(row.id, "id")
        elif isinstance(row, PastRun):
            self.copy_text(f"{row.id} {visible(row.path)}", "id and path")

    def do_books_lint(self) -> None:
        """What is wrong with the runbook under the cursor."""
        row = self.list.cursor_row
        if isinstance(row, Shelved):
            self._run_apart(show_findings(self.console_app, row))

    def do_books_new(self) -> None:
        """Begin a runbook for what one is wanted for."""
        self._run_apart(self._begin_book())

    async def _begin_book(self) -> None:
        await begin_book(self, self._wanted)
        self._read_again()

    # Searching the past

    def do_app_filter(self, text: str = "") -> None:
        """Filter the list; of the past, search whole transcripts."""
        if self.shown is Shown.PAST and not text and self.command_line is not None:
            self.command_line.begin(SEARCH, sign=SEARCHING)
        else:
            super().do_app_filter(text)

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt != SEARCH:
            return super().deed_sent(prompt, text)
        if text.strip():
            self._run_apart(self._search(text.strip()))
        return True

    async def _search(self, text: str) -> None:
        from screens.found import FoundScreen  # late: few look for anything

        future = self.console_app.engine.ask(lambda engine: engine.papers.search(text))
        if future is None:
            self.say(NOT_UP, warning=True)
            return
        found = await asyncio.wrap_future(future)
        if not isinstance(found, tuple):
            self.say(f"not searched: {visible(str(found), cells=200)}", warning=True)
        elif self.console_app.is_looked_at:
            runs = tuple(one for one in found if one.path.startswith("runs/"))
            self.app.push_screen(FoundScreen(text, runs))
