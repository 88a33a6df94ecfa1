"""Where the cells of a matrix stand, from their number and the size of the screen alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

_NAME_CELLS: Final = 13
_MOST_NAME_CELLS: Final = 22
_SCREENS: Final = 3
_TOLD_FROM: Final = 60
"""From this width on a row has the state and the score of its place."""
_WORD: Final = 8
"""A state's word and a blank."""
_SCORE: Final = 4
"""` 100`."""
_ROOMY: Final = 100


class Size(NamedTuple):
    """What one place needs."""

    services: int
    wrong: bool = False
    """Its state takes a second line where the names leave no room for it in the first."""
    headed: bool = False
    """A heading stands above it."""


class Layout(msgspec.Struct, frozen=True):
    """For one size: `across` services side by side, `pitch` terminal cells apart."""

    named: bool
    """Cells have their names."""
    label: int
    """Terminal cells of a place's name; with its state and score where those are told there."""
    pitch: int
    """Terminal cells from one service to the next."""
    across: int
    """Services side by side."""
    starts: tuple[int, ...]
    """The first line of every place, its heading if it has one, and the line after the last."""
    told: bool = False
    """State and score of a place stand beside its name."""
    below: bool = False
    """They stand under its name, where it is not well."""
    columns: int = 0
    """How many of the columns of facts there is room for."""
    facts: int = 0
    """Terminal cells that those take, the blank behind them included."""

    @property
    def left(self) -> int:
        """Terminal cells before the first service."""
        return self.label + 1 + self.facts

    @property
    def top(self) -> int:
        """Lines before the first place: the columns' titles."""
        return 1 if self.told else 0


def lay_out(
    sizes: Sequence[Size],
    width: int,
    height: int,
    *,
    named: bool | None,
    told: bool = False,
    columns: Sequence[int] = (),
) -> Layout:
    """The layout of places on `width` x `height` terminal cells.

    With names as long as they need no more than three screens, or no second line anywhere;
    `named` decides otherwise. Shapes alone stand two cells apart where the largest place then
    fits one line, else one.

    Args:
        told: whether a row has its place's state and score, where there is room.
        columns: terminal cells of each column of facts, the most wanted first.
    """
    told = told and width >= _TOLD_FROM
    if told:
        full = _told(sizes, width, columns, named=True)
    else:
        label = max(4, min(14 if width < 100 else 20, width // (3 if width < 60 else 4)))
        full = _layout(sizes, Layout(True, label, 3 + _NAME_CELLS, 0, ()), width)
    most = max((size.services for size in sizes), default=0)
    cheap = most <= full.across or full.starts[-1] <= _SCREENS * max(1, height)
    if named or (named is None and cheap):
        return full
    if told:
        return _told(sizes, width, columns, named=False)
    roomy = most * 2 <= width - full.label - 1
    return _layout(sizes, Layout(False, full.label, 2 if roomy else 1, 0, ()), width)


def _told(sizes: Sequence[Size], width: int, columns: Sequence[int], *, named: bool) -> Layout:
    """A layout in which each row has its place's state and score."""
    most = max((size.services for size in sizes), default=0)
    if named and width < _ROOMY:
        # The state goes below the name: 14 cells and a blank leave four services in 80.
        bare = Layout(True, 15, 3 + _NAME_CELLS, 0, (), below=True)
        return _layout(sizes, bare, width)
    name = 2 + (12 if width < _ROOMY else 16 if width < 160 else 22)
    label = name + 1 + _WORD + _SCORE
    wanted = 3 * (3 + _NAME_CELLS) if named else most
    room, shown = width - label - 1 - wanted, 0
    facts = 0
    for cells in columns:
        if facts + cells + 2 > room:
            break
        facts += cells + 1
        shown += 1
    facts += 1 if facts else 0
    room = width - label - 1 - facts
    if named:
        across = max(1, room // (3 + _NAME_CELLS))
        pitch = min(room // across, 3 + _MOST_NAME_CELLS)
    else:
        pitch = 2 if most * 2 <= room else 1
    plan = Layout(
        named, label, max(1, pitch), 0, (), told=True, columns=shown, facts=facts
    )  # fmt: skip
    return _layout(sizes, plan, width)


def _layout(sizes: Sequence[Size], plan: Layout, width: int) -> Layout:
    """`plan` with its places in their lines."""
    across = max(1, (width - plan.left) // plan.pitch)
    starts = [0]
    for size in sizes:
        lines = max(2 if plan.below and size.wrong else 1, -(-size.services // across))
        starts.append(starts[-1] + lines + size.headed)
    return msgspec.structs.replace(plan, across=across, starts=tuple(starts))
