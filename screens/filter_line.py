"""The filter in force, and how much it hides: never a silent one."""

from __future__ import annotations

from typing import ClassVar

from textual.strip import Strip

from console.model.words import count_text
from widgets.line_view import LineView
from widgets.theme import Ink


class FilterLine(LineView):
    """`/redis  3 of 46  esc clears`; takes no room while there is no filter."""

    DEFAULT_CSS: ClassVar[str] = """
    FilterLine {
        height: 1;
        display: none;
    }
    FilterLine.-filtered {
        display: block;
    }
    """

    _typed = ""
    _shown = 0
    _total = 0

    def show(self, typed: str, shown: int, total: int) -> None:
        """
        Args:
            typed: the filter as it was typed; empty for none.
            shown, total: how many of how many it lets through.
        """
        self._typed, self._shown, self._total = typed, shown, total
        self.set_class(bool(typed), "-filtered")
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        count = f"  {count_text(self._shown)} of {count_text(self._total)}"
        return self.strip(
            (
                ("/", Ink.KEY),
                (self._typed, Ink.STRONG),
                (count, Ink.WARNING),
                ("  esc clears", Ink.MUTED),
            ),
            width,
        )
