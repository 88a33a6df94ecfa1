"""A line about what a step may harm, and how names stand in it."""

from __future__ import annotations

from typing import Final

from console.model.run import Around, Tone
from console.safety.text import visible

LINE_CELLS: Final = 70
NAME_CELLS: Final = 24


def line_of(topic: str, text: str, tone: Tone = Tone.PLAIN) -> Around:
    """One line, safe to show."""
    return Around(topic, visible(text, cells=LINE_CELLS), tone)


def named(name: str) -> str:
    """A name in a line, safe to show."""
    return visible(name, cells=NAME_CELLS)
