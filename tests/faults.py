"""All the harm that an HTTP peer can do: 24 faults by name, each in one or more forms.

They act in a `FaultProxy`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import trustme

from tests.proxy import Answer, Fault, FaultProxy, Talk


class Refused(Fault):
    async def begin(self, proxy: FaultProxy) -> None:
        await proxy.shut()

    async def end(self, proxy: FaultProxy) -> None:
        await proxy.open()


class UnknownName(Fault):
    async def begin(self, proxy: FaultProxy) -> None:
        proxy.resolves = False

    async def end(self, proxy: FaultProxy) -> None:
        proxy.resolves = True


class Blackhole(Fault):
    """Connections neither succeed nor fail: Linux drops SYNs where the queue is full."""

    async def begin(self, proxy: FaultProxy) -> None:
        await proxy.shut()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", proxy.port))
        listener.listen(0)
        self._held = [listener]
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", proxy.port))
            self._held.append(filler)

    async def end(self, proxy: FaultProxy) -> None:
        for held in self._held:
            held.close()
        await proxy.open()


class BadCertificate(Fault):
    scheme = "https"

    def __init__(self, how: str) -> None:
        self._how = how

    async def begin(self, proxy: FaultProxy) -> None:
        await proxy.shut()
        if self._how == "expired":
            bad = proxy.certificate(end=datetime(2020, 1, 1, tzinfo=UTC))
        elif self._how == "wrong name":
            bad = proxy.certificate("elsewhere.test")
        else:
            bad = proxy.certificate(ca=trustme.CA())
        await proxy.open(bad)

    async def end(self, proxy: FaultProxy) -> None:
        await proxy.shut()
        await proxy.open()


class NoFirstByte(Fault):
    async def answer(self, talk: Talk) -> None:
        await asyncio.Event().wait()


class HeaderDrip(Fault):
    async def answer(self, talk: Talk) -> None:
        await talk.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            await talk.send(b"X-Drip-%d: x\r\n" % number)
            await asyncio.sleep(0.02)


class BodyDrip(Fault):
    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        await talk.start(f"Content-Length: {len(answer.body)}")
        for place in range(len(answer.body) - 1):
            await talk.send(answer.body[place : place + 1])
            await asyncio.sleep(0.02)
        await asyncio.Event().wait()


class StallMidBody(Fault):
    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        await talk.start(f"Content-Length: {len(answer.body)}")
        await talk.send(answer.body[: len(answer.body) // 2])
        await asyncio.Event().wait()


class ResetMidBody(Fault):
    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        await talk.start(f"Content-Length: {len(answer.body)}")
        await talk.send(answer.body[: len(answer.body) // 2])
        talk.reset()


class Truncated(Fault):
    """A body that is shorter than its length, or chunks without their end."""

    def __init__(self, *, chunked: bool) -> None:
        self._chunked = chunked

    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        if self._chunked:
            await talk.start("Transfer-Encoding: chunked")
            await talk.send(b"%x\r\n" % len(answer.body) + answer.body + b"\r\n")
        else:
            await talk.reply(answer, length=len(answer.body) + 100)
        talk.writer.close()


class Endless(Fault):
    def __init__(self, start: bytes, piece: bytes) -> None:
        self._start, self._piece = start, piece

    async def answer(self, talk: Talk) -> None:
        await talk.start("Connection: close")
        await talk.send(self._start)
        while True:
            await talk.send(self._piece)


class GzipBomb(Fault):
    _BOMB: Final = gzip.compress(b"[" + b" " * (64 * 1024 * 1024) + b"]", 9)

    async def answer(self, talk: Talk) -> None:
        await talk.start("Content-Encoding: gzip", f"Content-Length: {len(self._BOMB)}")
        await talk.send(self._BOMB)


class Encoded(Fault):
    """An encoding that was not asked for, that is not true, or that stands twice."""

    def __init__(self, named: str, times: int) -> None:
        self._named, self._times = named, times

    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        body = answer.body
        for _ in range(self._times):
            body = gzip.compress(body)
        await talk.start(f"Content-Encoding: {self._named}", f"Content-Length: {len(body)}")
        await talk.send(body)


class Body(Fault):
    """A body in place of the true one, with status 200."""

    def __init__(self, body: bytes, kind: str = "application/json") -> None:
        self._body, self._kind = body, kind

    async def answer(self, talk: Talk) -> None:
        await talk.reply(Answer(200, (("Content-Type", self._kind),), self._body))


class Altered(Fault):
    """The true body, changed by a function."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self._change = change

    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        await talk.reply(answer._replace(body=self._change(answer.body)))


class HugeJson(Fault):
    """64 MB of JSON that is well formed, as fast as it is taken."""

    async def answer(self, talk: Talk) -> None:
        piece = b'{"labels":{"alertname":"%s"}},' % (b"x" * 65_500)
        count = 64 * 1024 * 1024 // len(piece)
        await talk.start(f"Content-Length: {count * len(piece) + 4}")
        await talk.send(b"[")
        for _ in range(count):
            await talk.send(piece)
        await talk.send(b"{}]")


class Status(Fault):
    def __init__(
        self, status: int, body: bytes = b"no", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._answer = Answer(status, tuple(headers), body)

    async def answer(self, talk: Talk) -> None:
        await talk.reply(self._answer)


class Redirect(Fault):
    def __init__(self, *, elsewhere: bool) -> None:
        self._elsewhere = elsewhere

    async def answer(self, talk: Talk) -> None:
        target = "http://169.254.169.254/latest/" if self._elsewhere else talk.path
        await talk.reply(Answer(302, (("Location", target),), b""))


class OffByAnHour(Fault):
    """Every time in the answer, its `Date` too, is an hour early or late."""

    def __init__(self, hours: int) -> None:
        self.by = timedelta(hours=hours)

    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        body = re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", self._moved, answer.body)
        now = datetime.now(UTC) + self.by
        moved = answer._replace(body=body).with_header("Date", format_datetime(now, usegmt=True))
        await talk.reply(moved)

    def _moved(self, match: re.Match[bytes]) -> bytes:
        moment = datetime.fromisoformat(match.group().decode()) + self.by
        return moment.isoformat(timespec="seconds").encode()


class EmptyOrPartial(Fault):
    """Less than there is: a warning where the format has one, else nothing at all."""

    WARNING: Final = "2 of 3 stores did not answer"

    async def answer(self, talk: Talk) -> None:
        answer = await talk.upstream()
        if talk.path.startswith("/api/v1/"):
            content = json.loads(answer.body) | {"warnings": [self.WARNING]}
            body = json.dumps(content).encode()
        elif talk.path.startswith("/api/v2/"):
            body = b"[]"
        else:
            body = b"{}"
        await talk.reply(answer._replace(body=body))


def _twice(body: bytes) -> bytes:
    """The first key of the first object that has one, a second time with another value."""
    return re.sub(rb'\{("[^"]+"):', rb"{\1:null,\1:", body, count=1)


def _not_a_number(body: bytes) -> bytes:
    """The first value that is a string or a number becomes NaN."""
    return re.sub(rb':\s*("[^"]*"|-?\d[\d.e+-]*)', b":NaN", body, count=1)


def _in_first_string(piece: bytes) -> Callable[[bytes], bytes]:
    """A function that puts `piece` into the first value that is a string."""
    return lambda body: re.sub(rb':\s*"', b':"' + piece.replace(b"\\", b"\\\\"), body, count=1)


FAULTS: Final[dict[str, tuple[Fault, ...]]] = {
    "refused": (Refused(),),
    "unknown name": (UnknownName(),),
    "blackhole": (Blackhole(),),
    "bad certificate": tuple(map(BadCertificate, ("expired", "wrong name", "untrusted"))),
    "no first byte": (NoFirstByte(),),
    "header drip": (HeaderDrip(),),
    "body drip": (BodyDrip(),),
    "stall in the body": (StallMidBody(),),
    "reset in the body": (ResetMidBody(),),
    "truncated": (Truncated(chunked=False), Truncated(chunked=True)),
    "endless body": (
        Endless(b'[{"labels":{"a":"', b"x" * 65536),
        Endless(b"", b" " * 65536),
    ),
    "gzip bomb": (GzipBomb(),),
    "false encoding": (Encoded("gzip", 0), Encoded("gzip, gzip", 2), Encoded("br", 0)),
    "64 MB of JSON": (HugeJson(),),
    "deep JSON": (
        Body(b"[" * 200_000),
        Body(b'{"status":"success","data":' * 30_000),
        Body(b'[{"labels":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]"),
    ),
    "login page": (
        Body(b"<!DOCTYPE html><title>Sign in</title><form></form>", "text/html"),
        Body(b"  <html><body>Please log in</body></html>"),
    ),
    "wrong schema": (
        Body(b'{"status":7,"data":[1,2,3]}'),
        Body(b'[1,"two",null]'),
        Body(b"null"),
        Body(b""),
        Altered(_not_a_number),
        Altered(_twice),
    ),
    "broken text": (
        Altered(_in_first_string(b"\xff\xfe")),
        Altered(_in_first_string(b"\xed\xa0\x80")),
        Altered(_in_first_string(b"\\ud800")),
        Altered(_in_first_string(b"\\udc00 ")),
    ),
    "not allowed": (
        Status(401, b"Unauthorized", [("WWW-Authenticate", 'Basic realm="x"')]),
        Status(403, b'{"message":"forbidden"}'),
    ),
    "too many requests": (
        Status(429, b"slow down", [("Retry-After", "86400")]),
        Status(429, b"slow down", [("Retry-After", "9" * 400)]),
        Status(429, b"slow down", [("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")]),
    ),
    "server errors that come and go": (
        Status(500, b'{"status":"error","errorType":"internal","error":"no"}'),
        Status(502, b"<html>Bad Gateway</html>"),
        Status(503, b"Service Unavailable", [("X-Prometheus-Stopping", "false")]),
    ),
    "redirect": (Redirect(elsewhere=False), Redirect(elsewhere=True)),
    "off by an hour": (OffByAnHour(-1), OffByAnHour(1)),
    "empty or partial": (EmptyOrPartial(),),
}
CARRIED: Final = frozenset(["off by an hour", "empty or partial"])
"""Faults that a server's answer is true about itself with: a reading says so, or carries it."""
