"""Where the cells of a matrix stand, from their number and the size of the screen alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

_NAME_CELLS: Final = 13
_SCREENS: Final = 3


class Layout(msgspec.Struct, frozen=True):
    """For one width: `across` services side by side, `pitch` terminal cells apart."""

    named: bool
    """Cells have their names."""
    label: int
    """Terminal cells that the name of a place takes."""
    pitch: int
    """Terminal cells from one service to the next."""
    across: int
    """Services side by side."""
    starts: tuple[int, ...]
    """The first line of every place, and the line after the last."""


def lay_out(counts: Sequence[int], width: int, height: int, *, named: bool | None) -> Layout:
    """The layout of places with `counts` services on `width` x `height` terminal cells.

    With names as long as they need no more than three screens; `named` decides otherwise.
    Shapes alone stand two cells apart where the largest place then fits one line, else one.
    """
    label = max(4, min(14 if width < 100 else 20, width // (3 if width < 60 else 4)))
    full = _layout(counts, width, label, 3 + _NAME_CELLS, named=True)
    if named or (named is None and full.starts[-1] <= _SCREENS * max(1, height)):
        return full
    roomy = max(counts, default=0) * 2 <= width - label - 1
    return _layout(counts, width, label, 2 if roomy else 1, named=False)


def _layout(counts: Sequence[int], width: int, label: int, pitch: int, *, named: bool) -> Layout:
    across = max(1, (width - label - 1) // pitch)
    starts = [0]
    for count in counts:
        starts.append(starts[-1] + max(1, -(-count // across)))
    return Layout(named, label, pitch, across, tuple(starts))
