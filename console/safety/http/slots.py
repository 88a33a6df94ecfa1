"""Who may be on the wire at once.

httpx slows down more than linearly with requests in flight (500 at once froze a loop for
7.7 s, 20 at once did the same work in 0.4 s), so there are few slots. Targets whose last try
failed queue for a handful of their own, and nobody keeps a slot for longer than `PATIENCE_S`
while it waits: a hundred targets that hang delay none that lives.
"""

from __future__ import annotations

import asyncio
from typing import Final

SLOTS: Final = 20
DOUBTFUL_SLOTS: Final = 5
PATIENCE_S: Final = 1.0
MAX_REMEMBERED: Final = 10_000


class Slot:
    """One place on the wire, given back once: at the end, or when patience is over."""

    def __init__(self, lane: asyncio.Semaphore) -> None:
        self._lane: asyncio.Semaphore | None = lane
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PATIENCE_S, self.release)

    def release(self) -> None:
        """Give the place to the next in the queue."""
        self._timer.cancel()
        if self._lane is not None:
            self._lane.release()
            self._lane = None


class Slots:
    """The two lanes, and which targets belong in the second."""

    def __init__(self, slots: int = SLOTS, doubtful_slots: int = DOUBTFUL_SLOTS) -> None:
        self._lane = asyncio.Semaphore(slots)
        self._doubtful_lane = asyncio.Semaphore(doubtful_slots)
        self._doubtful: set[str] = set()

    async def take(self, target: str) -> Slot:
        """Wait for a place in the lane of `target`. Time spent here is no part of a deadline."""
        lane = self._doubtful_lane if target in self._doubtful else self._lane
        await lane.acquire()
        return Slot(lane)

    def note(self, target: str, *, failed: bool) -> None:
        """Remember how the last try of `target` ended."""
        if not failed:
            self._doubtful.discard(target)
        elif len(self._doubtful) < MAX_REMEMBERED:
            self._doubtful.add(target)
