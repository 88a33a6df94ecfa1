"""One change request, whole: its plan, who agreed to it, and whether it may start now."""

from __future__ import annotations

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
from console.model.papers import ChangePaper, Papers
from console.model.update import Update
from screens import change_deeds
from screens.change_deeds import LineTaker
from screens.change_parts import change_parts
from screens.paper_screen import PaperScreen
from widgets.detail import Part
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

WRITING: Final = frozenset(
    {"paper.move", "paper.edit", "change.approve", "change.except", "change.review"}
)
"""Actions that write into the document."""
SAY: Final = "change"


class ChangeScreen(PaperScreen[ChangePaper]):
    """It follows its change through updates."""

    word: ClassVar[str] = "change"

    def __init__(self, document_id: str) -> None:
        super().__init__(document_id)
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

    def found(self, papers: Papers) -> ChangePaper | None:
        return papers.change(self.document_id)

    def parts(self, paper: ChangePaper, update: Update) -> tuple[Part, ...]:
        now = self.console_app.clock.now().wall
        runs = self.runs(update)
        return change_parts(paper, update.papers, self.around, now, self.kept, self.me, runs)

    # What can be done

    def why_not(self, action: Action) -> str:
        paper = self.paper
        if action.where != ("change",) and not action.id.startswith("paper."):
            return ""
        if paper is None:
            return self.without_paper(action) if action.id != "journal.calendar" else ""
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


def open_change(app: OncallApp, document_id: str) -> None:
    """Show the change of that id, unless it is what is shown already."""
    top = app.screen
    if not (isinstance(top, ChangeScreen) and top.document_id == document_id):
        app.push_screen(ChangeScreen(document_id))
