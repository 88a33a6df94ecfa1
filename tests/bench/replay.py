"""A server that answers at once with what another one said before: a source that is warm."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from email.utils import formatdate
from http import HTTPStatus


class Replay:
    """Stands before `upstream`; asks it once for each path, and from then on repeats itself."""

    def __init__(self, upstream: str) -> None:
        self.asked: list[str] = []
        """Every path that was asked for, with its query, in order."""
        self._upstream = upstream.rstrip("/")
        self._known: dict[str, tuple[int, str, bytes]] = {}
        self._loop = asyncio.new_event_loop()
        started: asyncio.Future[int] = self._loop.create_future()
        self._ready = threading.Event()
        self._port = 0
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def put(self, path: str, body: bytes) -> None:
        """Answer `path` with this JSON, without asking anybody."""
        self._known[path] = (200, "application/json", body)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, started: asyncio.Future[int]) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self._port = server.sockets[0].getsockname()[1]
            self._ready.set()

        self._loop.run_until_complete(serve())
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                self.asked.append(path)
                if path not in self._known:
                    self._known[path] = await asyncio.to_thread(self._fetch, path)
                status, kind, body = self._known[path]
                lines = (
                    f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
                    f"Date: {formatdate(usegmt=True)}",
                    f"Content-Type: {kind}",
                    f"Content-Length: {len(body)}",
                )
                writer.write("\r\n".join((*lines, "", "")).encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _fetch(self, path: str) -> tuple[int, str, bytes]:
        try:
            with urllib.request.urlopen(self._upstream + path, timeout=10) as answer:
                kind = answer.headers.get("Content-Type", "application/json")
                return answer.status, kind, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, "application/json", error.read()
