"""A program that lives on by itself, such as a browser."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Sequence

from console.safety.process.start import ProcessError


async def start_apart(argv: Sequence[str], *, watch_s: float) -> int | None:
    """Start `argv` without a terminal, input or output; it outlives us.

    Returns how it ended where it did within `watch_s`, `None` where it runs on.

    Raises:
        ProcessError: there is no such program, or it may not be run.
    """
    if isinstance(argv, str | bytes) or not argv or not all(isinstance(a, str) for a in argv):
        raise TypeError("a program is started by a list of arguments, never by one string")
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    program = _start(argv)

    def tell(status: int) -> None:
        if not ended.done():
            ended.set_result(status)

    def wait() -> None:
        status = program.wait()
        try:
            loop.call_soon_threadsafe(tell, status)
        except RuntimeError:  # the loop has ended before it
            return

    threading.Thread(target=wait, name="apart", daemon=True).start()
    try:
        return await asyncio.wait_for(asyncio.shield(ended), watch_s)
    except TimeoutError:
        return None


def _start(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ProcessError(f"there is no program {argv[0]!r}") from error
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProcessError(f"cannot run {argv[0]!r}: {cause}") from error
