"""What shapes a list: marks, the filter and how much it hides, order. Never a silent one."""

from __future__ import annotations

from typing import ClassVar

from textual.strip import Strip

from console.model.words import count_text
from widgets.line_view import LineView
from widgets.paint import Span, Spans
from widgets.theme import Ink


class FilterLine(LineView):
    """`7 marked  /redis  3 of 46  esc clears`; takes no room while there is nothing to say."""

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
    _marks: Spans = ()
    _more: Spans = ()

    def show(
        self, typed: str, shown: int, total: int, *, marks: Spans = (), more: Spans = ()
    ) -> None:
        """
        Args:
            typed: the filter as it was typed; empty for none.
            shown, total: how many of how many it lets through.
            marks: what is marked.
            more: what else is not as usual, grouping and order; `esc` does not clear that.
        """
        self._typed, self._shown, self._total = typed, shown, total
        self._marks, self._more = marks, more
        self.set_class(bool(typed or marks or more), "-filtered")
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        parts: list[Spans] = []
        if self._marks:
            parts.append(self._marks)
        if self._typed:
            count = f"  {count_text(self._shown)} of {count_text(self._total)}"
            parts.append((("/", Ink.KEY), (self._typed, Ink.STRONG), (count, Ink.WARNING)))
        if self._marks or self._typed:
            cleared = "esc clears the marks" if self._marks else "esc clears"
            parts.append(((cleared, Ink.MUTED),))
        if self._more:
            parts.append(self._more)
        spans: list[Span] = []
        for part in parts:
            spans += [("  ", Ink.PLAIN), *part] if spans else part
        return self.strip(tuple(spans), width)
