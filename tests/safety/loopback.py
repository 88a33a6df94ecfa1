"""Servers on loopback that behave as badly as a test wants them to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Is given the head of a request; writes what it likes. The connection stays open after."""


class Loopback:
    """Where a server listens, and the heads of the requests that it has got."""

    def __init__(self) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        self.connections = 0

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.asynccontextmanager
async def serving(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """A server that has every connection's requests answered by `talk`."""
    here = Loopback()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        here.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                here.heads.append(head)
                await talk(head, writer)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answer(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """A whole response with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def saying(content: bytes, *, close: bool = False) -> Talk:
    """Answer every request with `content`, then hang up when `close`."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        if close:
            writer.close()

    return talk


async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer."""
    await asyncio.Event().wait()


def dripping(start: bytes, drop: bytes) -> Talk:
    """Answer `start`, then `drop` again and again with a pause between, for ever."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.02)

    return talk


def endless(start: bytes, piece: bytes) -> Talk:
    """Answer `start`, then `piece` as fast as it is read, for ever."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return talk


async def reset_in_the_body(head: bytes, writer: asyncio.StreamWriter) -> None:
    """Promise a body, send some of it, then reset the connection."""
    import socket
    import struct

    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome")
    await writer.drain()
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
