"""One console at a time: the lock of those that share a repository."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from console.safety.files import FileLock, LockHeldError

LOCK: Final = "oncall.lock"
WAIT_S: Final = 30.0
"""For other consoles; each holds it for a tenth of a second."""
_TRY_S: Final = 0.02


@contextlib.asynccontextmanager
async def held(git_dir: Path) -> AsyncIterator[None]:
    """Hold the lock in `git_dir`. The kernel lets it go when the holder dies.

    Raises:
        LockHeldError: another one holds it all the time.
        FileError: it cannot be made.
    """
    lock = FileLock(git_dir / LOCK)
    # Not by a thread that waits: the holder may need one of those that are there.
    for left in reversed(range(round(WAIT_S / _TRY_S))):
        try:
            lock.acquire()
            break
        except LockHeldError:
            if not left:
                raise
        await asyncio.sleep(_TRY_S)
    try:
        yield
    finally:
        lock.release()
