"""Said in place of everything else when the terminal is too small to tell the truth in."""

from __future__ import annotations

from typing import ClassVar

from textual.strip import Strip

from widgets.line_view import LineView
from widgets.theme import Ink

LEAST_COLUMNS = 60
LEAST_ROWS = 15


class TooSmall(LineView):
    """A notice over the whole screen; shown by the app's breakpoint classes."""

    DEFAULT_CSS: ClassVar[str] = """
    TooSmall {
        display: none;
        layer: above;
        dock: top;
        width: 100%;
        height: 100%;
    }
    Screen.-tiny TooSmall, Screen.-flat TooSmall {
        display: block;
    }
    """

    def line(self, y: int, width: int) -> Strip:
        lines = (
            "oncall needs more room:",
            f"at least {LEAST_COLUMNS}x{LEAST_ROWS},",
            f"this is {self.app.size.width}x{self.app.size.height}.",
            "`oncall status` prints text.",
        )
        if y >= len(lines):
            return self.strip((), width)
        return self.strip(((lines[y], Ink.WARNING),), width)
