"""A sleep that a person can cut short."""

from __future__ import annotations

import asyncio
import contextlib

from console.safety.clock import Clock


class Pause:
    """Many loops sleep on it; `wake()` ends all of their sleeps at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """End every sleep that has begun."""
        self._bell.set()
        self._bell = asyncio.Event()

    async def sleep(self, seconds: float) -> bool:
        """Return after `seconds`, or at once when somebody calls `wake()`: then true."""
        bell = asyncio.ensure_future(self._bell.wait())
        waits = (asyncio.ensure_future(self._clock.sleep(seconds)), bell)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return bell.done()
        finally:
            for wait in waits:
                wait.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await wait
