"""Where the cursor of a matrix goes: pure steps over its places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from console.model.state import State
from widgets.matrix_layout import Layout
from widgets.matrix_rows import HEAD, Place

Spot = tuple[int, int]
"""A row, and a service in it or `HEAD`."""


def line_of(places: Sequence[Place], layout: Layout, at: Spot) -> int:
    """The line in which a spot is drawn, of all lines."""
    row, index = at
    return layout.starts[row] + bool(places[row].above) + max(0, index) // layout.across


def column_of(layout: Layout, at: Spot) -> int:
    """The column of a spot, or `HEAD`."""
    return HEAD if at[1] == HEAD else at[1] % layout.across


def by_lines(places: Sequence[Place], layout: Layout, at: Spot, column: int, step: int) -> Spot:
    """`step` lines on, in `column` where the line has so many; else the nearest line beyond."""
    last = layout.starts[-1] - 1
    target = max(0, min(line_of(places, layout, at) + step, last))
    onward = range(target, last + 1) if step > 0 else range(target, -1, -1)
    back = range(target, -1, -1) if step > 0 else range(target, last + 1)
    for lines in (onward, back):
        for line in lines:
            found = _in_line(places, layout, line, column)
            if found is not None:
                return found
    return at


def _in_line(places: Sequence[Place], layout: Layout, line: int, column: int) -> Spot | None:
    row = bisect_right(layout.starts, line) - 1
    place = places[row]
    sub = line - layout.starts[row] - bool(place.above)
    if sub < 0:
        return None
    first, count = sub * layout.across, len(place.services)
    if column != HEAD and first < count:
        return row, min(first + column, count - 1)
    return (row, HEAD) if sub == 0 else None


def by_cells(places: Sequence[Place], at: Spot, step: int) -> Spot:
    """One service on in reading order, by way of the heads of the rows."""
    row, index = at[0], at[1] + step
    if HEAD <= index < len(places[row].services):
        return row, index
    row += step
    if not 0 <= row < len(places):
        return at
    return row, HEAD if step > 0 else len(places[row].services) - 1


def next_bad(places: Sequence[Place], at: Spot) -> Spot:
    """The next service that is not OK, from the start again after the last."""
    bad = [
        (row, index)
        for row, place in enumerate(places)
        if place.bad
        for index, service in enumerate(place.services)
        if service.state is not State.OK
    ]
    after = [spot for spot in bad if spot > at]
    return (after or bad or [at])[0]
