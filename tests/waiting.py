"""Asking a server again and again until it has done what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

WAIT_S: Final = 60.0
"""Far longer than anything takes: its end means that the wait was in vain."""
PAUSE_S: Final = 0.05

Found = TypeVar("Found")


async def until(
    ask: Callable[[], Awaitable[Found]], is_so: Callable[[Found], bool], wait_s: float = WAIT_S
) -> Found:
    """The first answer of `ask` for which `is_so` holds.

    Raises:
        TimeoutError: none came within `wait_s`.
    """
    async with asyncio.timeout(wait_s):
        while True:
            found = await ask()
            if is_so(found):
                return found
            await asyncio.sleep(PAUSE_S)
