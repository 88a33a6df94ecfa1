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
    narrow, start = text.isascii(), 0
    while (end := _end(text, start, cells, narrow)) < len(text):
        space = text.rfind(" ", start + 1, end + 1)
        if space > 0 and text[start:space].strip():
            lines.append(text[start:space].rstrip())
            start = space + 1
        else:
            lines.append(text[start:end])
            start = end
    return [*lines, text[start:].rstrip()]


def _end(text: str, start: int, cells: int, narrow: bool) -> int:
    """Where the characters from `start` end that fit into `cells`, marks with their base."""
    if narrow:
        return start + cells
    room = cells
    for at in range(start, len(text)):
        room -= cell_width(text[at])
        if room < 0:
            return max(start + 1, at)
    return len(text)
