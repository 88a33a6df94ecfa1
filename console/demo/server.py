"""Small servers on loopback: HTTP/1.1 on h11, and ports that only accept connections.

A port is reserved for a listener's whole life: while it is shut, connections to it are
refused and no other program can be given it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime

import h11

from console.demo.wire import Answer, Handler, request_of
from console.safety.clock import Clock

LOOPBACK = "127.0.0.1"
READ_BYTES = 65536
MAX_BODY_BYTES = 16 * 1024 * 1024


class Listener:
    """One port, which can be opened and shut again and again."""

    def __init__(self, port: int = 0) -> None:
        """Reserve a port; 0 takes a free one.

        Raises:
            OSError: the given port is taken.
        """
        self._reserved = bound(port)
        self.port: int = self._reserved.getsockname()[1]
        self.tls: ssl.SSLContext | None = None
        """Set before it is opened: how it shows who it is."""
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._server is not None

    async def open(self) -> None:
        """Accept connections."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, sock=bound(self.port), ssl=self.tls
            )

    async def shut(self) -> None:
        """Refuse new connections and drop those that stand."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        talks = tuple(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()

    async def release(self) -> None:
        """Shut it and give the port back."""
        await self.shut()
        self._reserved.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk is None:
            raise RuntimeError("a connection is served by a task")
        self._talks.add(talk)
        try:
            # A peer that goes away, or a server that is shut, ends the talk: nothing to tell.
            with contextlib.suppress(OSError, asyncio.CancelledError, h11.RemoteProtocolError):
                await self._talk(reader, writer)
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection. Here: read until the peer has enough."""
        while await reader.read(READ_BYTES):
            pass


class PingListener(Listener):
    """A port that answers Redis' inline `PING`, which is all that a probe would ask."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(READ_BYTES):
            if b"PING" in asked.upper():
                writer.write(b"+PONG\r\n")
                await writer.drain()


class HttpListener(Listener):
    """HTTP/1.1 with keep-alive. `handler` answers at once; its delay is waited out here."""

    def __init__(
        self, handler: Handler, clock: Clock, wall: Callable[[], datetime], port: int = 0
    ) -> None:
        """
        Args:
            wall: the time of the `Date` header.
        """
        super().__init__(port)
        self._handler = handler
        self._clock = clock
        self._wall = wall

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = h11.Connection(h11.SERVER, max_incomplete_event_size=READ_BYTES)
        while True:
            try:
                asked = await _next_request(talk, reader, writer)
            except h11.RemoteProtocolError as error:
                if talk.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    broken = Answer(error.error_status_hint, b"", None)
                    await self._answer(talk, writer, broken, "GET")
                return
            if asked is None:
                return
            head, body = asked
            method = head.method.decode("ascii")
            kind = next((v for k, v in head.headers if k == b"content-type"), b"")
            request = request_of(
                method, head.target.decode("latin-1"), kind.decode("latin-1"), body
            )
            answer = self._handler(request)
            if answer.delay_s > 0:
                await self._clock.sleep(answer.delay_s)
            await self._answer(talk, writer, answer, method)
            if talk.our_state is not h11.DONE or talk.their_state is not h11.DONE:
                return
            talk.start_next_cycle()

    async def _answer(
        self, talk: h11.Connection, writer: asyncio.StreamWriter, answer: Answer, method: str
    ) -> None:
        headers = [
            ("Date", format_datetime(self._wall(), usegmt=True)),
            ("Content-Length", str(len(answer.body))),
            *answer.headers,
        ]
        if answer.content_type is not None:
            headers.append(("Content-Type", answer.content_type))
        out = talk.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        if method != "HEAD":
            out += talk.send(h11.Data(data=answer.body)) or b""
        out += talk.send(h11.EndOfMessage()) or b""
        writer.write(out)
        await writer.drain()


async def _next_request(
    talk: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[h11.Request, bytes] | None:
    """The next request with its whole body; `None` once the peer has said goodbye."""
    head: h11.Request | None = None
    body: list[bytes] = []
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            if talk.they_are_waiting_for_100_continue:
                proceed = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(talk.send(proceed) or b"")
            talk.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body.append(bytes(event.data))
            if sum(map(len, body)) > MAX_BODY_BYTES:
                raise h11.RemoteProtocolError("the body is too large", 413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return head, b"".join(body)
        else:
            return None


def bound(port: int) -> socket.socket:
    """A socket bound to a loopback port that it can share with another of ours."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((LOOPBACK, port))
    except OSError:
        found.close()
        raise
    return found


def silent(port: int) -> list[socket.socket]:
    """Sockets that, while they are open, take what is sent to a port and let it lie.

    A queue for one connection, which is ours, is full: on Linux the kernel drops what else
    comes, as if there were no machine. Elsewhere a client is connected and hears nothing.
    """
    queue = bound(port)
    queue.listen(0)
    found = [queue]
    for _ in range(2):
        filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        filler.setblocking(False)
        with contextlib.suppress(OSError):
            filler.connect((LOOPBACK, port))
        found.append(filler)
    return found
