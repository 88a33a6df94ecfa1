"""Lines that are being followed, between the thread that reads and the one that draws."""

from __future__ import annotations

import threading

from console.model.failure import Failure
from console.model.logs import MAX_LINES, LogLine


class Arrivals:
    """Lines on their way from the engine's thread; of too many the newest stay."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[LogLine] = []
        self._failure: Failure | None = None
        self._passed = 0

    def put(self, came: tuple[LogLine, ...] | Failure) -> None:
        """What came. Called on the engine's thread; never waits long."""
        with self._lock:
            if isinstance(came, Failure):
                self._failure = came
                return
            self._lines += came
            over = len(self._lines) - MAX_LINES
            if over > 0:
                del self._lines[:over]
                self._passed += over

    def take(self) -> tuple[list[LogLine], int, Failure | None]:
        """The lines since the last time, how many were passed over, and how it ended."""
        with self._lock:
            taken = (self._lines, self._passed, self._failure)
            self._lines, self._passed, self._failure = [], 0, None
        return taken
