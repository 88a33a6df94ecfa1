"""What a program prints, line by line, each with a mark of where it came from and its ink."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.logs import LogLine
from console.safety.text import fit
from widgets.log_view import LogView
from widgets.theme import Ink


class OutputLine(LogLine, frozen=True, gc=False):
    """One line; it has no time of its own."""

    mark: str = ""
    """In front of it, 3 cells: `err`."""
    ink: Ink = Ink.PLAIN


class OutputView(LogView):
    """It grows at its end while something prints, and keeps its place for who has scrolled up."""

    _subject = ""

    def show_lines(self, lines: Sequence[OutputLine], *, subject: str = "") -> None:
        """Show these lines, of which the first may be those that are shown already.

        Not by what stands in a line, as `set_lines` does: many lines of an output are alike.
        Whoever has scrolled up stays there while `subject` is the same.
        """
        follows = self.at_end or subject != self._subject
        self._subject = subject
        self._lines = list(lines)
        self._found.clear()
        self._go(len(self._lines) - 1 if follows else self._cursor)
        self.repaint_changed()

    def _time(self, line: LogLine) -> str:
        mark = line.mark if isinstance(line, OutputLine) else ""
        return fit(mark, 3, marks=self.glyphs.marks)

    def _ink_of(self, line: LogLine) -> Ink:
        return line.ink if isinstance(line, OutputLine) else Ink.PLAIN
