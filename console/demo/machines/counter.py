"""Where the stand-ins ask: a UNIX socket in a private folder, answered from the world."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from console.demo.machines.numbers import HOST
from console.demo.machines.programs import run
from console.demo.machines.said import Call, Follow, Hand
from console.demo.world import World
from console.safety.clock import Clock

MAX_WORDS_BYTES = 1 << 20
FOLLOW_S = 0.5
"""How often something that is followed is asked for what is new, while it is followed."""


class Counter:
    """The socket. Costs nothing while nobody asks."""

    def __init__(self, world: World, clock: Clock, path: Path) -> None:
        """
        Args:
            path: where the socket is made; short, and in a folder of this user alone.
        """
        self._world = world
        self._clock = clock
        self._path = path
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Answer from now on.

        Raises:
            OSError: the socket cannot be made.
        """
        self._server = await asyncio.start_unix_server(self._accept, path=self._path)

    async def close(self) -> None:
        """End every call that is still answered, and the socket."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call is answered by a task")
        self._calls.add(task)
        try:
            # Who asked may be gone at any time (`head`, ctrl+c): nothing to tell.
            with contextlib.suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            self._calls.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4), "big")
        if size > MAX_WORDS_BYTES:
            return
        words = (await reader.readexactly(size)).decode("utf-8", "replace").split("\0")
        if len(words) < 3 or words[0] not in HOST:
            return
        said = run(self._world, Call(words[0], words[2], tuple(words[3:]), words[1]))
        for kind, text in ((b"1", said.out), (b"2", said.err)):
            if text:
                writer.write(_frame(kind, text.encode()))
        if isinstance(said.then, Hand):
            pairs = (f"{name}={value}" for name, value in said.then.env)
            writer.write(_frame(b"e", "\0".join([*said.then.argv, "", *pairs]).encode()))
        elif isinstance(said.then, Follow):
            await self._follow(said.then, reader, writer)
        else:
            writer.write(_frame(b"x", str(said.status).encode()))
        await writer.drain()

    async def _follow(
        self, follow: Follow, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Until who asked goes away."""
        gone = asyncio.ensure_future(reader.read(1))
        done_s = follow.since_s
        try:
            while not gone.done():
                await writer.drain()
                pause = asyncio.ensure_future(self._clock.sleep(FOLLOW_S))
                waits: set[asyncio.Future[object]] = {gone, pause}  # type: ignore[arg-type]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                now_s = self._world.script_s(self._world.now().timestamp())
                text = follow.text(done_s, now_s)
                done_s = now_s
                if text:
                    writer.write(_frame(b"1", text.encode()))
        finally:
            gone.cancel()


def _frame(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "big") + body
