"""The demo's history file: what a recorder would have written down by now."""

from __future__ import annotations

from pathlib import Path

from console.demo.remembered import remembered
from console.demo.world import World
from console.history.fault import HistoryError
from console.history.intake import take_in


def keep_past(state: Path, world: World) -> bool:
    """Put the fourteen days before the start into the history in `state`; whether that went well.

    Without it the demo goes on: its Prometheus servers know most of it too.
    """
    try:
        for one in remembered(world):
            take_in(
                state,
                one.recording,
                one.observed,
                one.bouts,
                one.past,
                start_ms=one.start_ms,
                end_ms=one.end_ms,
            )
    except HistoryError:
        return False
    return True
