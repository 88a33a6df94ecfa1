"""The health score, of the fleet or of any part of it."""

from __future__ import annotations

from collections.abc import Iterable

from console.model.snapshot import Cell, Score
from console.model.state import State

CRITICAL_WEIGHT = 3


def score_of(cells: Iterable[Cell]) -> Score:
    """100 x OK / all, critical cells counted three times, anything not OK counted 0."""
    ok = total = critical_ok = critical_total = 0
    for cell in cells:
        good = cell.state is State.OK
        total += 1
        ok += good
        if cell.service.critical:
            critical_total += 1
            critical_ok += good
    if not total:
        return Score(None)
    extra = CRITICAL_WEIGHT - 1
    value = 100 * (ok + extra * critical_ok) / (total + extra * critical_total)
    return Score(value, ok, total, critical_ok, critical_total)
