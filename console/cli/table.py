"""Text for standard output: aligned columns, states in word and shape, colour where it helps.

To a terminal, lines are cut to its width and coloured unless NO_COLOR is set. Into a pipe or
a file, nothing is cut and nothing is coloured.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TextIO

import msgspec

from console.cli.chosen import OutputError
from console.model.state import State
from console.model.words import state_shape
from console.safety.text import ASCII_MARKS, MARKS, Marks, Raw, cell_width, fit, visible

GAP: Final = "  "
WIDEST: Final = 60
"""In a pipe, a column is padded to this many cells at most; longer values stand as they are."""

Ink = Literal["", "dim", "bold", "red", "green", "yellow", "magenta", "cyan"]
_SGR: Final[Mapping[str, str]] = {
    "dim": "2",
    "bold": "1",
    "red": "1;31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
}
_STATE_INKS: Final[Mapping[State, Ink]] = {
    State.OK: "green",
    State.FIRING: "red",
    State.UNKNOWN: "magenta",
    State.STALE: "yellow",
    State.LOST: "magenta",
}


class Cell(msgspec.Struct, frozen=True):
    """One value of a table."""

    text: Raw | str
    ink: Ink = ""


class Column(msgspec.Struct, frozen=True):
    """One column of a table."""

    heading: str
    align: Literal["left", "right"] = "left"
    least: int | None = None
    """How narrow it may become where the line is too long; `None`: it keeps its width."""


class Paper(msgspec.Struct, frozen=True):
    """What is written on."""

    cells: int | None = None
    """Its width; `None`: there is none, as in a pipe."""
    lines: int = 24
    colour: bool = False
    ascii_only: bool = False

    @property
    def marks(self) -> Marks:
        return ASCII_MARKS if self.ascii_only else MARKS

    def state(self, state: State, word: str = "") -> Cell:
        """A state as shape and word; `word` where there is a better one than the state's."""
        return Cell(
            f"{state_shape(state, self.ascii_only)} {word or state.value}", _STATE_INKS[state]
        )

    def line(self, *parts: Cell | str) -> str:
        """Parts one after the other, cut at the right edge."""
        left = self.cells
        out = ""
        for part in parts:
            cell = part if isinstance(part, Cell) else Cell(part)
            shown = visible(cell.text, cells=left, marks=self.marks)
            out += self._inked(shown, cell.ink)
            if left is not None:
                left -= cell_width(shown)
                if left <= 0:
                    break
        return out

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, heading: bool = True
    ) -> list[str]:
        """Lines of equally wide columns; the last column is not padded."""
        if heading:
            rows = [[Cell(column.heading, "dim") for column in columns], *rows]
        widths = self._widths(columns, rows)
        return [self._row(columns, row, widths) for row in rows]

    def _widths(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
        widths = [
            max(cell_width(visible(row[index].text, marks=self.marks)) for row in rows)
            for index in range(len(columns))
        ]
        if self.cells is None:
            return [min(width, WIDEST) for width in widths]
        excess = sum(widths) + len(GAP) * (len(widths) - 1) - self.cells
        # The widest gives first, so that a column with little in it keeps all of that.
        while excess > 0:
            can_give = [
                (widths[index], index)
                for index, column in enumerate(columns)
                if column.least is not None and widths[index] > column.least
            ]
            if not can_give:
                break
            widths[max(can_give)[1]] -= 1
            excess -= 1
        return widths

    def _row(self, columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int]) -> str:
        out = []
        for index, (column, cell, width) in enumerate(zip(columns, row, widths, strict=True)):
            shown = visible(cell.text, marks=self.marks)
            if self.cells is not None or cell_width(shown) <= width:
                shown = fit(cell.text, width, align=column.align, marks=self.marks)
            if index == len(row) - 1:
                shown = shown.rstrip()
            out.append(self._inked(shown, cell.ink))
        return GAP.join(out).rstrip()

    def _inked(self, shown: str, ink: Ink) -> str:
        if not self.colour or not ink or not shown.strip():
            return shown
        return f"\x1b[{_SGR[ink]}m{shown}\x1b[0m"


def paper_for(ascii_only: bool | None) -> Paper:
    """Standard output as it is; `ascii_only=None` goes by its encoding."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    if ascii_only is None:
        ascii_only = not encoding.startswith("utf")
    if sys.stdout is None or not sys.stdout.isatty():
        return Paper(ascii_only=ascii_only)
    size = shutil.get_terminal_size()
    coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return Paper(size.columns, size.lines, coloured, ascii_only)


def put(text: str) -> None:
    """Write `text` and a line break to standard output; who stops reading is not told off.

    Raises:
        OutputError: it is closed, or its disk is full.
    """
    out = sys.stdout
    if out is None:
        raise OutputError("it is closed")
    encoding = out.encoding or "ascii"
    try:
        out.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        out.flush()
    except BrokenPipeError:
        # `oncall alerts | head` has what it wanted.
        _abandon(out)
    except OSError as error:
        _abandon(out)
        raise OutputError(error.strerror) from error


def _abandon(out: TextIO) -> None:
    """The interpreter flushes once more at its end, which must not find the fault again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
