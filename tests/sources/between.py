"""A proxy for requests with a body that loses answers, and counts what is in flight."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import struct
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import NamedTuple


class Lost(NamedTuple):
    """The connection is reset."""

    done: bool
    """After the server behind has done it; else it never heard of it."""


class Hung(NamedTuple):
    """No answer comes."""

    done: bool


class Said(NamedTuple):
    """The proxy answers in place of the server behind it."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    done: bool = False


Harm = Lost | Hung | Said


class Between:
    """Stands before the server at `upstream`."""

    def __init__(self, upstream: int) -> None:
        self.harm: dict[str, list[Harm]] = {}
        """What is done to the next requests of a method, the first first."""
        self.heard: list[str] = []
        """Method and path of every request."""
        self.bodies: list[bytes] = []
        self.kinds: list[str] = []
        self.most_at_once = 0
        self.behind_s = 0.0
        """By how much its clock is behind."""
        self._at_once = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes

            def do_GET(self) -> None:
                between._serve(self, upstream)

            def do_POST(self) -> None:
                between._serve(self, upstream)

            def do_DELETE(self) -> None:
                between._serve(self, upstream)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate(time.time() - between.behind_s, usegmt=True)

            def log_message(self, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def count(self, method: str) -> int:
        return sum(each.startswith(method) for each in self.heard)

    def _serve(self, here: http.server.BaseHTTPRequestHandler, upstream: int) -> None:
        body = here.rfile.read(int(here.headers.get("Content-Length", "0")))
        with self._lock:
            self.heard.append(f"{here.command} {here.path}")
            self.bodies.append(body)
            self.kinds.append(here.headers.get("Content-Type", ""))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            waiting = self.harm.get(here.command, [])
            harm = waiting.pop(0) if waiting else None
        try:
            self._answer(here, upstream, body, harm)
        finally:
            with self._lock:
                self._at_once -= 1

    def _answer(
        self,
        here: http.server.BaseHTTPRequestHandler,
        upstream: int,
        body: bytes,
        harm: Harm | None,
    ) -> None:
        status, answer, kind = 0, b"", "application/json"
        if harm is None or harm.done:
            behind = http.client.HTTPConnection("127.0.0.1", upstream, timeout=30)
            headers = {"Content-Type": here.headers.get("Content-Type", "")} if body else {}
            behind.request(here.command, here.path, body or None, headers)
            got = behind.getresponse()
            status, answer = got.status, got.read()
            behind.close()
        if isinstance(harm, Hung):
            self._over.wait()
        if isinstance(harm, Hung | Lost):
            here.close_connection = True
            linger = struct.pack("ii", 1, 0)
            here.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            here.connection.close()
            return
        if harm is not None:
            status, answer, kind = harm.status, harm.body, harm.kind
        with contextlib.suppress(OSError):
            here.send_response(status)
            here.send_header("Content-Type", kind)
            here.send_header("Content-Length", str(len(answer)))
            here.end_headers()
            here.wfile.write(answer)


@contextlib.contextmanager
def between(upstream: int) -> Iterator[Between]:
    """A proxy that does no harm yet."""
    proxy = Between(upstream)
    try:
        yield proxy
    finally:
        proxy.end()
