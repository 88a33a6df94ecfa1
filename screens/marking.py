"""A screen with rows that can be marked: what is done is then done to all that are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.model.words import count_text
from console.model.worklist import Row
from screens.filter_line import FilterLine
from screens.frame import Frame
from screens.rows import Drawing
from widgets.live_list import LiveList
from widgets.paint import Spans
from widgets.theme import Ink


class Marking(Frame):
    """A frame around one list whose rows carry marks.

    A mark is by the row's key: it stays through updates, and through a filter that does not
    show the row. An action takes the marked rows that are painted, and no other.
    """

    list: LiveList[Any]

    def __init__(self) -> None:
        super().__init__()
        self._let_through = (0, 0)

    @property
    def drawing(self) -> Drawing:
        """What the columns have to know beside the rows."""
        app = self.console_app
        remind_after = app.opened.loaded.settings.acks.remind_after
        return Drawing(app.ascii_only, remind_after, lambda: app.wishes.sending)

    def row_of(self, shown: Any) -> Row:
        """What an action is for, of a row of the list."""
        row: Row = shown
        return row

    def wanted_rows(self) -> tuple[Row, ...]:
        marked = self.list.marked_rows
        return tuple(self.row_of(one) for one in marked) or super().wanted_rows()

    def do_row_mark(self) -> None:
        """Mark the row under the cursor or take the mark away, and go one down."""
        self.list.toggle_mark()
        self.tell_marks()

    def do_row_mark_all(self) -> None:
        """Mark all that the filter shows; where all of that is marked, clear."""
        self.list.mark_all()
        self.tell_marks()

    def clear_marks(self) -> None:
        """Take every mark away."""
        self.list.clear_marks()
        self.tell_marks()

    def drop_marks_of_gone(self, there: Iterable[str]) -> None:
        """Marks of what is not there any more go, and that is said.

        Args:
            there: keys of all that there is, shown or not.
        """
        if not self.list.marks:
            return
        lost = self.list.keep_marks(there)
        if lost:
            rows = "1 marked row is" if lost == 1 else f"{count_text(lost)} marked rows are"
            self.say(f"{rows} gone; {count_text(self.list.marks)} still marked")

    def do_app_back(self) -> None:
        if self.list.marks:
            self.clear_marks()
        else:
            super().do_app_back()

    # The line that says what is in force

    def show_filter(self, shown: int, total: int) -> None:
        self._let_through = (shown, total)
        self.tell_marks()

    def tell_marks(self) -> None:
        """Say what is marked, filtered and arranged."""
        line = self.query_one(FilterLine)
        line.show(self.filter.text, *self._let_through, marks=self._marks(), more=self.in_force())

    def in_force(self) -> Spans:
        """What else shapes the list, for the same line."""
        return ()

    def _marks(self) -> Spans:
        if not self.list.marks:
            return ()
        marked = len(self.list.marked)
        hidden = self.list.marks - marked
        more = f", {count_text(hidden)} more not shown" if hidden else ""
        return ((f"{count_text(marked)} marked{more}", Ink.WARNING),)
