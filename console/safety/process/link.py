"""A program whose standard input and output are handed on as one socket."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import Final

from console.safety.process.follow import KEPT_STDERR_BYTES
from console.safety.process.start import Talk, signal_group, start

LINGER_S: Final = 5.0
"""For the program to end by itself once whoever has the socket has closed it."""


class Link(Talk):
    """A program that runs for as long as its socket is open."""

    def __init__(self) -> None:
        super().__init__()
        self.stderr = bytearray()
        """What it has complained about so far: the beginning of it."""
        self.stderr_came = asyncio.Event()
        """There is more of it than before, or the program has ended."""
        self._near = _Near(self)
        self._transport: asyncio.SubprocessTransport | None = None
        self._lingering: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """End the program and with it the socket's connection."""
        if self._lingering is not None:
            self._lingering.cancel()
        if self._transport is not None:
            signal_group(self._transport, signal.SIGKILL)
            self._transport.close()
        if self._near.transport is not None:
            self._near.transport.abort()

    async def join(self, end: socket.socket) -> None:
        """Pass everything on between the program and `end`."""
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self._near, end)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.stderr += data[: KEPT_STDERR_BYTES - len(self.stderr)]
            self.stderr_came.set()
        elif self._near.transport is not None:
            self._near.transport.write(data)
        else:
            self._near.early += data

    def pipe_connection_lost(self, fd: int, error: Exception | None) -> None:
        if fd == 1:
            self._near.end_writing()

    def process_exited(self) -> None:
        super().process_exited()
        self.stderr_came.set()
        if self._lingering is not None:
            self._lingering.cancel()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._near.transport is not None:
            self._near.transport.close()

    def pause_writing(self) -> None:
        """The program reads too slowly: asyncio tells it here for its standard input."""
        if self._near.transport is not None:
            self._near.transport.pause_reading()

    def resume_writing(self) -> None:
        """The program has read what waited."""
        if self._near.transport is not None:
            with contextlib.suppress(RuntimeError):
                self._near.transport.resume_reading()

    def pipe(self, fd: int) -> asyncio.BaseTransport | None:
        """One of the program's streams, while it is there."""
        return None if self._transport is None else self._transport.get_pipe_transport(fd)

    def end_input(self) -> None:
        """Whoever has the socket has said all: the program is to end soon."""
        pipe = self.pipe(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write_eof()
        loop = asyncio.get_running_loop()
        self._lingering = loop.call_later(LINGER_S, self.close)


class _Near(asyncio.Protocol):
    """Our end of the socket pair."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.transport: asyncio.Transport | None = None
        self.early = bytearray()
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.early:
            transport.write(bytes(self.early))
        if self._ended:
            transport.write_eof()

    def data_received(self, data: bytes) -> None:
        pipe = self._link.pipe(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write(data)

    def eof_received(self) -> bool:
        self._link.end_input()
        return True

    def end_writing(self) -> None:
        self._ended = True
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self._link.close()

    def pause_writing(self) -> None:
        pipe = self._link.pipe(1)
        if isinstance(pipe, asyncio.ReadTransport):
            pipe.pause_reading()

    def resume_writing(self) -> None:
        pipe = self._link.pipe(1)
        if isinstance(pipe, asyncio.ReadTransport):
            pipe.resume_reading()


async def linked(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None
) -> tuple[socket.socket, Link]:
    """Start `argv`; what is sent to the socket is what it reads, what it prints comes from it.

    The program ends with the socket, `LINGER_S` later at the latest, or by `Link.close`. The
    socket is the caller's to close; it does not block.

    Raises:
        ProcessError: there is no such program, or it may not be run.
        TypeError: `argv` is one string, or no list of strings.
    """
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    theirs.setblocking(False)
    link: Link | None = None
    try:
        # Pipes, and not the other end itself: of a socket that it holds nobody but the program
        # can tell that the peer has gone, and a far end that hangs would hold it for ever.
        _, link = await start(argv, Link, stdin=b"", more_input=True, env=env)
        await link.join(theirs)
    except BaseException:
        mine.close()
        theirs.close()
        if link is not None:
            link.close()
        raise
    return mine, link
