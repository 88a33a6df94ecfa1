"""Columns of a list: which of them fit, and how wide each is.

Widths come from what the columns say of themselves and never from the rows, so that laying
out 10,000 rows costs as much as laying out ten, and nothing shifts when a row changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from console.safety.clock import Instant
from widgets.paint import Align, Spans

RowT = TypeVar("RowT")

GAP: Final = 1
"""Cells between two columns."""


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """One column of a list."""

    title: str
    spans: Callable[[RowT, Instant], Spans]
    """What stands in it for a row at a moment."""
    width: int
    """The fewest cells it is of use in."""
    flex: int = 0
    """Its share of what is left over; 0 keeps it at `width`."""
    most: int | None = None
    """The most cells it takes."""
    priority: int = 50
    """In a narrow list the lowest go first."""
    align: Align = "left"
    keeps_port: bool = False
    """Where an address is cut, the port at its end stays: it tells one from another."""
    volatile: bool = False
    """Its text changes with time alone. Such columns stand leftmost: a line is sent from its
    left edge on, so that what stands right of them stays off the wire."""


class Placed(NamedTuple):
    """A column that is shown."""

    number: int
    """Which one, in the list that was given."""
    width: int


def place(columns: Sequence[Column[RowT]], width: int) -> tuple[Placed, ...]:
    """The columns that fit into `width` cells, in their order, with the gaps between them.

    Those of the highest priority are kept; of two that are equal the left one. The column of
    the highest priority is always there, cut to `width` if need be.
    """
    if not columns or width <= 0:
        return ()
    kept = sorted(range(len(columns)), key=lambda index: (-columns[index].priority, index))
    while len(kept) > 1 and _needed(columns, kept) > width:
        kept.pop()
    kept.sort()
    widths = {index: min(columns[index].width, width) for index in kept}
    left = width - sum(widths.values()) - GAP * (len(kept) - 1)
    _share(columns, widths, left)
    return tuple(Placed(index, widths[index]) for index in kept)


def _needed(columns: Sequence[Column[RowT]], kept: Sequence[int]) -> int:
    return sum(columns[index].width for index in kept) + GAP * (len(kept) - 1)


def _share(columns: Sequence[Column[RowT]], widths: dict[int, int], left: int) -> None:
    """Hand `left` cells out to the columns that take more, in proportion to their flex."""
    while left > 0:
        takers = [
            index
            for index, cells in widths.items()
            if columns[index].flex and cells < (columns[index].most or 10_000)
        ]
        total = sum(columns[index].flex for index in takers)
        if not takers:
            return
        given = 0
        for index in takers:
            most = columns[index].most or 10_000
            share = max(1, left * columns[index].flex // total)
            share = min(share, most - widths[index], left - given)
            widths[index] += share
            given += share
        left -= given
