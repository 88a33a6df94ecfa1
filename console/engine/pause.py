"""A sleep that a person can cut short."""

from __future__ import annotations

import asyncio

from console.safety.clock import Clock


class Pause:
    """Many loops sleep on it; `wake()` ends all of their sleeps at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sleeping: set[asyncio.Future[None]] = set()

    def wake(self) -> None:
        """End every sleep that has begun."""
        sleeping, self._sleeping = self._sleeping, set()
        for woken in sleeping:
            if not woken.done():
                woken.set_result(None)

    async def sleep(self, seconds: float) -> bool:
        """Return after `seconds`, or at once when somebody calls `wake()`: then true."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping.add(woken)
        passed = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((passed, woken), return_when=asyncio.FIRST_COMPLETED)
            return woken.done()
        finally:
            self._sleeping.discard(woken)
            passed.cancel()
