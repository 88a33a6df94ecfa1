"""Cells side by side, one a day or an hour: a shape, a colour and a letter tell how it went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from console.model.band import Band
from widgets.chunks import Chunk, arrange
from widgets.paint import Glyphs, Span, Spans
from widgets.theme import Ink

INKS: Final = {
    Band.UP: Ink.OK,
    Band.DOWN: Ink.P2,
    Band.MISSED: Ink.FIRING,
    Band.FAR: Ink.BREACHED,
    Band.UNKNOWN: Ink.UNKNOWN,
    Band.NOTHING: Ink.MUTED,
}
_SHAPES: Final = {
    Band.UP: "▇",
    Band.DOWN: "▄",
    Band.MISSED: "▁",
    Band.FAR: "x",
    Band.UNKNOWN: "?",
    Band.NOTHING: "-",
}
_ASCII_SHAPES: Final = {**_SHAPES, Band.UP: "#", Band.DOWN: "+", Band.MISSED: "!"}
_SAID: Final = {
    Band.UP: "up",
    Band.DOWN: "down",
    Band.MISSED: "missed",
    Band.FAR: "far",
    Band.UNKNOWN: "too little data",
    Band.NOTHING: "not counted",
}
INCIDENT: Final = "i"
CHANGE: Final = "c"
BOTH: Final = "&"


class Cell(NamedTuple):
    """One of them."""

    band: Band
    incident: bool = False
    """An incident about it was going on."""
    change: bool = False
    """A change of it was carried out."""
    was_down: bool = False
    """Of `Band.UNKNOWN`: what was observed of it was not all good."""

    @property
    def mark(self) -> str:
        """The letter that is laid over it; a blank for none."""
        if self.incident:
            return BOTH if self.change else INCIDENT
        return CHANGE if self.change else " "


def shape_of(band: Band, *, ascii_only: bool) -> str:
    """One character by which a band is told without colour."""
    return (_ASCII_SHAPES if ascii_only else _SHAPES)[band]


def strip_spans(cells: Iterable[Cell], width: int, *, ascii_only: bool) -> Spans:
    """`cells`, each `width` wide: from two on the last character is its mark, from three on what
    little is known of an unknown one stands behind its sign."""
    spans: list[Span] = []
    for cell in cells:
        shape = shape_of(cell.band, ascii_only=ascii_only)
        body = shape * max(1, width - 1)
        if cell.band is Band.UNKNOWN and cell.was_down and len(body) > 1:
            body = body[:-1] + shape_of(Band.FAR, ascii_only=ascii_only)
        spans.append((body, INKS[cell.band]))
        if width > 1:
            spans.append((cell.mark, Ink.STRONG))
    return tuple(spans)


def titles(labels: Sequence[str], width: int) -> str:
    """What stands above them, each label over its cell."""
    return "".join(label[: max(1, width - 1)].ljust(width) for label in labels)


def legend(*, ascii_only: bool) -> tuple[Spans, ...]:
    """What the shapes and the letters mean, piece by piece."""
    pieces: list[Spans] = []
    for band in Band:
        sign = shape_of(band, ascii_only=ascii_only)
        pieces.append(((sign, INKS[band]), (f" {_SAID[band]}", Ink.MUTED)))
    for mark, said in ((INCIDENT, "incident"), (CHANGE, "change")):
        pieces.append(((mark, Ink.STRONG), (f" {said}", Ink.MUTED)))
    return tuple(pieces)


def in_line(pieces: Sequence[Spans], width: int, glyphs: Glyphs) -> Spans:
    """The pieces that fit, the first ones before the others."""
    chunks = [Chunk(one, len(pieces) - number) for number, one in enumerate(pieces)]
    return arrange(chunks, (), width, marks=glyphs.marks)
