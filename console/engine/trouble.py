"""What goes wrong inside the console itself: shown while it lasts, and a line in the log.

A bug of ours must cost what it touches and nothing else, and must never look like health.
"""

from __future__ import annotations

from console.engine.events import EventLog
from console.model.event import Event, EventKind
from console.model.snapshot import Badge, BadgeKind
from console.safety.clock import Clock


class Trouble:
    """The present faults of this console, each under the place where it is."""

    def __init__(self, clock: Clock, log: EventLog) -> None:
        self._clock = clock
        self._log = log
        self._present: dict[str, Badge] = {}

    def begin(self, place: str, text: str, *, is_row: bool = True) -> None:
        """`place` is at fault from now on; said once for as long as the words stay the same.

        Args:
            text: safe to show.
            is_row: somebody has to look at it, as at an alert.
        """
        at = self._clock.now().wall
        before = self._present.get(place)
        if before is not None and before.text == text:
            return
        since = at if before is None else before.since
        self._present[place] = Badge(BadgeKind.CONSOLE, place, text, since, is_row)
        self._log.add([Event(at, EventKind.CONSOLE, "console", text, key=place)])

    def end(self, place: str) -> None:
        """`place` works; said where it did not before."""
        if self._present.pop(place, None) is not None:
            at = self._clock.now().wall
            self._log.add([Event(at, EventKind.CONSOLE, "console", f"{place}: well again")])

    @property
    def badges(self) -> tuple[Badge, ...]:
        """The present faults, the oldest first."""
        return tuple(self._present.values())
