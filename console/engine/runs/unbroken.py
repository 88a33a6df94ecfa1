"""What must not be left half done: it goes on to its end, whoever gives up waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Found = TypeVar("Found")


async def to_its_end(coming: Awaitable[Found]) -> Found:
    """What `coming` gives, which goes on to its end although whoever awaits it is cancelled."""
    task = asyncio.ensure_future(coming)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled and not task.cancelled() and task.exception() is None:
        raise asyncio.CancelledError
    return task.result()
