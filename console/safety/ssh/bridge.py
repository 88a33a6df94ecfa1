"""A channel to a port behind a host, bridged to a socket that any library can use."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import asyncssh

from console.safety.ssh.connections import Kept
from console.safety.ssh.dial import whole_or_none


async def bridged(kept: Kept, to: str, port: int) -> socket.socket:
    """One end of a pair of sockets whose other end is `to`:`port` as seen from `kept`'s host.

    Both directions end together: when the caller closes its end, when the far end does, and
    when the connection goes. Each side is held back while the other one is slow.

    Raises:
        asyncssh.ChannelOpenError: the host does not get through to there.
    """
    far = _Far(kept)
    opening = asyncio.ensure_future(
        kept.connection.create_connection(lambda: far, to, port, encoding=None)
    )
    try:
        await whole_or_none(opening)
    except (asyncssh.DisconnectError, OSError) as error:
        raise asyncssh.ChannelOpenError(0, str(error) or "the connection went") from None
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    try:
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: _Near(far), theirs)
    except BaseException:
        far.close()
        ours.close()
        theirs.close()
        raise
    return ours


class _Far(asyncssh.SSHTCPSession[bytes]):
    """The channel's side."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.channel: asyncssh.SSHTCPChannel[bytes] | None = None
        self._near: asyncio.Transport | None = None
        self._early = bytearray()
        self._has_ended = False
        self._is_closed = False

    def attach(self, near: asyncio.Transport) -> None:
        """From here on what comes goes to `near`."""
        self._near = near
        if self._early:
            near.write(bytes(self._early))
            self._early.clear()
        if self._has_ended or self._is_closed:
            self._end_near()

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self.channel = chan
        self._kept.users += 1

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._near is None:
            self._early += data
        elif not self._near.is_closing():
            self._near.write(data)

    def eof_received(self) -> bool:
        self._has_ended = True
        self._end_near()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._kept.users -= 1
        if self._near is not None:
            self._near.close()

    def pause_writing(self) -> None:
        if self._near is not None:
            with contextlib.suppress(RuntimeError):
                self._near.pause_reading()

    def resume_writing(self) -> None:
        if self._near is not None:
            with contextlib.suppress(RuntimeError):
                self._near.resume_reading()

    def close(self) -> None:
        if self.channel is not None and not self._is_closed:
            self.channel.abort()

    def _end_near(self) -> None:
        if self._near is None or self._near.is_closing():
            return
        if self._is_closed:
            self._near.close()
        elif self._near.can_write_eof():
            self._near.write_eof()


class _Near(asyncio.Protocol):
    """The side of the pair of sockets."""

    def __init__(self, far: _Far) -> None:
        self._far = far

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._far.attach(transport)

    def data_received(self, data: bytes) -> None:
        channel = self._far.channel
        if channel is not None and not channel.is_closing():
            channel.write(data)

    def eof_received(self) -> bool:
        channel = self._far.channel
        if channel is not None and not channel.is_closing():
            channel.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._far.close()

    def pause_writing(self) -> None:
        if self._far.channel is not None:
            self._far.channel.pause_reading()

    def resume_writing(self) -> None:
        if self._far.channel is not None:
            self._far.channel.resume_reading()
