"""The order in which rows should be worked: total, and the same for the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.model.state import Priority
from console.model.worklist import Lane, Row, RowKind
from console.triage.judge import NEVER_S, RANK
from console.triage.owed import is_pressing

_LANES: Final = {Lane.APART: 0, Lane.STORM: 1, Lane.MAIN: 2}
_LAST: Final = 9

Place = tuple[int, int, int, bool, float, float, str]


def place_of(row: Row) -> Place:
    """Sorts rows: what is worked on first; then priority; unacked; next due; oldest; key.

    Pending rows come after those that fire, suppressed ones after them, the folded row last.
    What is owed comes after the alerts of its priority that nobody has taken.
    The next deadline puts what is breached before what still runs, so that the order needs
    no clock. The lanes matter in a storm only: outside it all rows are in one.
    """
    return (
        _LANES[row.lane],
        _LAST if row.kind is RowKind.OLD else RANK[row.standing],
        _priority_of(row).value,
        row.acked_by is not None or row.kind is RowKind.OWED,
        row.clocks.due.timestamp() if row.clocks is not None else NEVER_S,
        row.since.timestamp(),
        row.key,
    )


def _priority_of(row: Row) -> Priority:
    """Papers of a P0 that is over do not come before a P1 that still burns."""
    if row.kind is RowKind.OWED and not is_pressing(row):
        return max(row.priority, Priority.P1)
    return row.priority


class Order:
    """Puts rows in order, or holds the order that a person is looking at."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[Row, Place]] = {}
        self._shown: dict[str, int] = {}

    def arranged(self, rows: Sequence[Row], *, held: bool) -> tuple[tuple[Row, ...], bool]:
        """The rows in order, and whether that is the order in which they should be worked.

        Held, a row keeps its place among those of its lane, and new ones are appended to it.
        """
        places: dict[str, tuple[Row, Place]] = {}
        for row in rows:
            known = self._places.get(row.key)
            places[row.key] = known if known and known[0] is row else (row, place_of(row))
        self._places = places
        right = sorted(rows, key=lambda row: places[row.key][1])
        shown = right
        if held:
            end = len(self._shown)
            # Sorting is stable: new rows stay in their right order, after the ones shown.
            shown = sorted(right, key=lambda row: (_LANES[row.lane], self._shown.get(row.key, end)))
        self._shown = {row.key: number for number, row in enumerate(shown)}
        return tuple(shown), shown == right if held else True
