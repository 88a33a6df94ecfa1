"""Text broken into lines of terminal cells."""

from __future__ import annotations

from console.safety.text import Marks, Raw, cell_width, visible


def wrapped(text: Raw | str, cells: int, *, marks: Marks) -> list[str]:
    """`text` as lines of at most `cells` terminal cells, one at least.

    Its own line breaks are kept; else it breaks at spaces, and within a word that is longer
    than a line. Nothing is left out but the space at a break.
    """
    cells = max(2, cells)
    lines: list[str] = []
    for part in visible(text, lines=True, marks=marks).split("\n"):
        lines += _broken(part, cells)
    return lines


def _broken(text: str, cells: int) -> list[str]:
    lines: list[str] = []
    while cell_width(text) > cells:
        end = _last_fitting(text, cells)
        space = text.rfind(" ", 1, end + 1)
        if space > 0 and text[:space].strip():
            lines.append(text[:space].rstrip())
            text = text[space + 1 :]
        else:
            lines.append(text[:end])
            text = text[end:]
    return [*lines, text.rstrip()]


def _last_fitting(text: str, cells: int) -> int:
    """How many characters of `text` fit into `cells`, marks kept with what they sit on."""
    if text[: cells + 1].isascii():
        return cells
    room = cells
    for at, character in enumerate(text):
        room -= cell_width(character)
        if room < 0:
            return max(1, at)
    return len(text)
