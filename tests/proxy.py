"""A proxy between the console and a server, which can be told to do harm while it runs.

It speaks plain HTTP, or TLS with a certificate that can be trusted. `tests/faults.py` has the
harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

import h11
import trustme

NAME: Final = "target.test"
"""What clients call the proxy; `resolving()` makes it known, or unknown."""
HOPS: Final = frozenset(["transfer-encoding", "content-length", "connection", "keep-alive"])


class Answer(NamedTuple):
    """What the server behind the proxy said."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def with_header(self, name: str, value: str) -> Answer:
        kept = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return self._replace(headers=(*kept, (name, value)))


class Talk:
    """One request, on its way through the proxy."""

    def __init__(
        self, proxy: FaultProxy, head: bytes, writer: asyncio.StreamWriter, body: bytes = b""
    ) -> None:
        self.proxy = proxy
        self.head = head
        self.writer = writer
        self.body = body

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    async def upstream(self) -> Answer:
        """What the server behind says to this request."""
        return await self.proxy.ask(self.head, self.body)

    async def send(self, content: bytes) -> None:
        self.proxy.sent += len(content)
        self.writer.write(content)
        await self.writer.drain()

    async def reply(self, answer: Answer, length: int | None = None) -> None:
        """Send a whole answer; with `length` one that claims to be as long as that."""
        lines = [f"HTTP/1.1 {answer.status} Told"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines.append(f"Content-Length: {len(answer.body) if length is None else length}")
        await self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body)

    async def start(self, *headers: str, status: str = "200 OK") -> None:
        """Send the head of an answer with `headers` as they stand."""
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def reset(self) -> None:
        """End the connection with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Fault:
    """Harm of one kind. The base does none."""

    scheme = "http"

    async def begin(self, proxy: FaultProxy) -> None:
        """What happens to the port; for what goes wrong before a request is sent."""

    async def end(self, proxy: FaultProxy) -> None:
        """Put the port right again."""

    async def answer(self, talk: Talk) -> None:
        await talk.reply(await talk.upstream())


class FaultProxy:
    """Stands on one loopback port before the server at `upstream_port`."""

    def __init__(self, upstream_port: int, *, scheme: str = "http") -> None:
        self.scheme = scheme
        self.sent = 0
        self.port = 0
        self.ca = trustme.CA()
        self.resolves = True
        self._upstream_port = upstream_port
        self._fault = Fault()
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://{NAME}:{self.port}"

    async def open(self, context: ssl.SSLContext | None = None) -> None:
        if context is None and self.scheme == "https":
            context = self.certificate()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    def certificate(
        self,
        name: str = NAME,
        *,
        ca: trustme.CA | None = None,
        end: datetime = datetime(2049, 1, 1, tzinfo=UTC),
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf = (ca or self.ca).issue_cert(
            name, not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=end
        )
        leaf.configure_cert(context)
        return context

    async def shut(self) -> None:
        """Refuse connections, and drop those that stand."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self.drop()

    async def drop(self) -> None:
        talks = tuple(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def suffer(self, fault: Fault) -> None:
        """Do harm from now on, also on connections that are kept."""
        await self.heal()
        self.sent = 0
        self._fault = fault
        await self.drop()
        await fault.begin(self)

    async def heal(self) -> None:
        fault, self._fault = self._fault, Fault()
        await fault.end(self)
        await self.drop()

    async def ask(self, head: bytes, body: bytes = b"") -> Answer:
        """Send the request on, and take the whole answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        try:
            lines = [
                line
                for line in head.split(b"\r\n")
                if not line.lower().startswith((b"connection:", b"accept-encoding:"))
            ]
            writer.write(b"\r\n".join([lines[0], b"Connection: close", *lines[1:]]) + body)
            return await _whole_answer(reader)
        finally:
            writer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length_of(head))
                await self._fault.answer(Talk(self, head, writer, body))
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(task)
            writer.transport.abort()


def _length_of(head: bytes) -> int:
    found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return 0 if found is None else int(found[1])


async def _whole_answer(reader: asyncio.StreamReader) -> Answer:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "upstream")]))
    connection.send(h11.EndOfMessage())
    status, headers, body = 0, [], bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = [
                (name.decode(), value.decode("latin-1"))
                for name, value in event.headers
                if name.decode().lower() not in HOPS
            ]
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Answer(status, tuple(headers), bytes(body))
        else:
            raise AssertionError(f"the server behind the proxy answered {event!r}")


@contextlib.asynccontextmanager
async def proxied(upstream_port: int, *, scheme: str = "http") -> AsyncIterator[FaultProxy]:
    """A healthy proxy before `upstream_port`."""
    proxy = FaultProxy(upstream_port, scheme=scheme)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.heal()
        await proxy.shut()


def resolving(proxy: FaultProxy, real: Callable[..., object]) -> Callable[..., object]:
    """A `getaddrinfo` that knows `NAME` as this host, unless the proxy has it unknown."""

    def getaddrinfo(host: object, *args: object, **kwargs: object) -> object:
        if host == NAME:
            if not proxy.resolves:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return real(host, *args, **kwargs)

    return getaddrinfo
