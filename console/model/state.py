"""The five states of a cell, and the priorities of alerts."""

from __future__ import annotations

import enum


class State(enum.StrEnum):
    """What is known of a cell. Green is a claim that needs proof: only `OK` makes it."""

    OK = "OK"
    """Recent proof from every source that feeds the cell."""
    FIRING = "FIRING"
    """A source says that something is wrong."""
    UNKNOWN = "UNKNOWN"
    """Asked, and no usable answer came."""
    STALE = "STALE"
    """The last usable answer is older than two intervals, 60 s at least."""
    LOST = "LOST"
    """Was firing, and vanished while its owner was not healthy."""

    @property
    def badness(self) -> int:
        """0 for OK, growing with how urgently a person has to look."""
        return _BADNESS[self]


_BADNESS = {State.OK: 0, State.STALE: 1, State.UNKNOWN: 2, State.LOST: 3, State.FIRING: 4}


class Priority(enum.IntEnum):
    """How urgent an alert is; 0 is the most urgent."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3

    def __str__(self) -> str:
        return self.name
