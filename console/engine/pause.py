"""A sleep that a person can cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from console.safety.clock import Clock

Found = TypeVar("Found")


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


async def within(coming: Awaitable[Found], clock: Clock, deadline_s: float) -> Found:
    """What `coming` gives, which is ended when it has not come in time.

    Raises:
        TimeoutError: it has not.
    """
    asked = asyncio.ensure_future(coming)
    late = asyncio.ensure_future(clock.sleep(deadline_s))
    try:
        await asyncio.wait((asked, late), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise TimeoutError
        return asked.result()
    finally:
        asked.cancel()
        late.cancel()
