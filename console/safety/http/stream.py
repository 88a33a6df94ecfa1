"""A tunnel's socket as httpcore wants a connection. Imports httpcore, so it is imported late."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any, SupportsIndex

import httpcore


class _Counted(asyncio.StreamReader):
    """Knows whether anything has come that nobody has read."""

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.unread_bytes = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        part = bytes(data)
        self.unread_bytes += len(part)
        super().feed_data(part)


class TunnelStream(httpcore.AsyncNetworkStream):
    """A connection over a socket that is there already, of whatever family."""

    def __init__(self, reader: _Counted, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, connected: socket.socket) -> TunnelStream:
        """Take over `connected`."""
        loop = asyncio.get_running_loop()
        reader = _Counted()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.create_connection(lambda: protocol, sock=connected)
        except BaseException:
            connected.close()
            raise
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            part = await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        self._reader.unread_bytes -= len(part)
        return part

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        # Nothing is left to be said, and a peer that hangs would hold a graceful end up.
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except ConnectionError as error:
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            self._writer.transport.abort()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._writer.get_extra_info("ssl_object")
        if info == "socket":
            return self._writer.get_extra_info("socket")
        if info == "is_readable":  # asked of one that is idle: then it can only be broken
            reader = self._reader
            return bool(reader.unread_bytes) or reader.at_eof() or self._writer.is_closing()
        return None
