"""Servers that answer while a test waits for a terminal, which it does without a loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

PATIENCE_S: Final = 10.0


class Server(Protocol):
    """What can be opened and given back."""

    async def open(self) -> None:
        """Take connections."""

    async def release(self) -> None:
        """Shut, and give the port back."""


@contextmanager
def served(*servers: Server) -> Iterator[None]:
    """All of `servers` answer, from a thread of their own, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="served", daemon=True)
    thread.start()
    for server in servers:
        asyncio.run_coroutine_threadsafe(server.open(), loop).result(PATIENCE_S)
    try:
        yield
    finally:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.release(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
