"""A program whose output is read while it runs."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from console.safety.process.start import Talk, end_group, start, within_grace

WAITING_BYTES: Final = 256 * 1024
"""Read ahead of the reader; then the program has to wait."""
KEPT_STDERR_BYTES: Final = 64 * 1024


class Following(Talk):
    """The chunks of stdout as they come; ends with the program, or where it closes stdout."""

    def __init__(self) -> None:
        super().__init__()
        self.stderr = bytearray()
        """What it has complained about so far: the beginning of it."""
        self.stderr_came = asyncio.Event()
        """There is more of it than before, or the program has ended."""
        self.exit_status: int | None = None
        """As the program gave it; None while it runs, and where we ended it."""
        self._parts: collections.deque[bytes] = collections.deque()
        self._waiting_bytes = 0
        self._came = asyncio.Event()
        self._over = False
        self._pipe: asyncio.ReadTransport | None = None
        self._paused = False

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.stderr += data[: KEPT_STDERR_BYTES - len(self.stderr)]
            self.stderr_came.set()
            return
        self._parts.append(data)
        self._waiting_bytes += len(data)
        self._came.set()
        self._balance()

    def pipe_connection_lost(self, fd: int, error: Exception | None) -> None:
        if fd == 1:
            self._over = True
            self._came.set()

    def process_exited(self) -> None:
        super().process_exited()
        self.exit_status = self._transport.get_returncode()
        self.stderr_came.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        pipe = transport.get_pipe_transport(1)
        assert isinstance(pipe, asyncio.ReadTransport)
        self._pipe = pipe

    def __aiter__(self) -> Following:
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._over:
                # Whoever asks how it ended is to be told.
                await within_grace(self.exited)
                raise StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        part = self._parts.popleft()
        self._waiting_bytes -= len(part)
        self._balance()
        return part

    def _balance(self) -> None:
        if self._pipe is None or self._over:
            return
        if self._waiting_bytes > WAITING_BYTES and not self._paused:
            self._pipe.pause_reading()
            self._paused = True
        elif self._waiting_bytes <= WAITING_BYTES and self._paused:
            self._pipe.resume_reading()
            self._paused = False


@contextlib.asynccontextmanager
async def following(
    argv: Sequence[str],
    *,
    stdin: bytes | None = b"",
    more_input: bool = False,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Following]:
    """The output of `argv` as it comes. Leaving the context ends the program and its children.

    What is not read is not kept: the program waits once `WAITING_BYTES` are there.

    Args:
        argv: The program, looked up in PATH, and its arguments. A string is refused.
        stdin: What it reads, up to its end.
        more_input: Its input stays open after that until the context is left.
        env: Its whole environment; ours without it.

    Raises:
        ProcessError: there is no such program, or it may not be run.
        TypeError: `argv` is one string, or no list of strings.
    """
    transport, talk = await start(argv, Following, stdin=stdin, more_input=more_input, env=env)
    try:
        yield talk
    finally:
        await end_group(transport, talk, ask=True)
