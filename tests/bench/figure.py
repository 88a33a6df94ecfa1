"""One row of the table that `make bench` prints, and how a script hands its rows over."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """What was measured, what a peer took for the same, and what was to be reached."""

    what: str
    ours: float | None
    """`None`: it could not be measured; `note` says why."""
    unit: str
    peer: float | None
    """The same work without us, in the same unit; `None` where nothing runs beside it."""
    reach: float
    """The most that the ratio to the peer may be, or that our figure may be without a peer."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's."""
        if self.ours is None or not self.peer:
            return None
        return self.ours / self.peer

    @property
    def is_met(self) -> bool | None:
        """Whether it was reached; `None` where that is not known."""
        judged = self.ratio if self.peer is not None else self.ours
        return None if judged is None else judged <= self.reach


def hand_over(figures: Iterable[Figure]) -> None:
    """Print figures as JSON lines, for the table and for whoever keeps them."""
    for figure in figures:
        sys.stdout.write(json.dumps(figure) + "\n")


def taken_over(printed: str) -> list[Figure]:
    """The figures in what a script printed."""
    return [Figure(*json.loads(line)) for line in printed.splitlines() if line.startswith("[")]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
