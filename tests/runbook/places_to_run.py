"""Places where a runner carries commands out: this machine, and a host behind a real sshd.

with sshd_host(folder) as sshd:
    async with runner_on(sshd) as runner:
        await runner.run(job("true", host=BOX))
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from console.model.registry import Host, Registry
from console.runbook.running.job import HERE, Finished, Job
from console.runbook.running.runner import Runner
from console.safety.clock import SystemClock
from console.safety.secret import Secret
from console.safety.ssh.client import SshClient
from console.sources.reach import Reach
from tests.sshd import Sshd, running_sshd

BOX: Final = "box"
LONG: Final = f"sleep 9{os.getpid()}"
"""With digits behind it: a command that no other run of the tests has, and that does not end."""
_numbers: Final = itertools.count(1)
_console: Final = secrets.token_hex(3)


def fresh_id() -> str:
    """A name that no job had before."""
    return f"RUN-20261123-{_console}.step.{next(_numbers)}"


def job(
    script: str,
    *,
    named: str = "",
    host: str = HERE,
    shell: str = "sh",
    timeout_s: float = 30.0,
    values: dict[str, str] | None = None,
    secret: dict[str, str] | None = None,
    keeps_marker: bool = True,
    lock: str = "",
    who: str = "kai, cache-down",
) -> Job:
    """A job with a name of its own."""
    return Job(
        id=named or fresh_id(),
        script=script,
        shell=shell,
        host=host,
        timeout_s=timeout_s,
        values=tuple((values or {}).items()),
        secrets=tuple((name, Secret(text)) for name, text in (secret or {}).items()),
        keeps_marker=keeps_marker,
        lock=lock,
        who=who,
    )


@contextlib.contextmanager
def sshd_host(folder: Path) -> Iterator[Sshd]:
    """A host with a home and a place for locks of its own."""
    locks = folder / "locks"
    locks.mkdir(parents=True)
    with running_sshd(folder, lines=[f"SetEnv HOME={folder} ONCALL_LOCKS={locks}"]) as sshd:
        yield sshd


@contextlib.asynccontextmanager
async def runner_on(
    sshd: Sshd, port: int = 0, *, transport: str = "asyncssh"
) -> AsyncIterator[Runner]:
    """A console's runner: `BOX` is behind `sshd`, and every console has its own connection.

    Args:
        port: at which it is reached, where that is not its own.
        transport: `asyncssh` or `openssh`.
    """
    options = sshd.options()
    if port:
        line = sshd.known_line().replace(str(sshd.port), str(port))
        with sshd.known_hosts.open("a") as known:
            known.write(f"{line}\n")
    hosts = (
        Host(
            BOX,
            address="127.0.0.1",
            port=port or sshd.port,
            user=sshd.user,
            transport=transport,
        ),
        Host("paper"),
    )
    client = SshClient(SystemClock(), options)
    reach = Reach(Registry(hosts), client)
    try:
        yield Runner(lambda: reach, SystemClock())
    finally:
        await client.aclose()


def marker(sshd: Sshd, job_id: str, host: str = BOX) -> Path:
    """Where the host keeps what it knows of a job."""
    state = Path(os.environ["XDG_STATE_HOME"]) if host == HERE else sshd.folder / ".local/state"
    return state / "oncall" / "runs" / job_id


class Heard:
    """What a runner hands on while a command runs."""

    def __init__(self) -> None:
        self.streams = {1: b"", 2: b""}
        self._came = asyncio.Event()

    def __call__(self, stream: int, content: bytes) -> None:
        self.streams[stream] += content
        self._came.set()

    async def until(self, text: bytes) -> None:
        """Wait until stdout has `text`."""
        async with asyncio.timeout(30):
            while text not in self.streams[1]:
                self._came.clear()
                await self._came.wait()


class Seen:
    """What another program can see of this machine's processes."""

    def __init__(self) -> None:
        self.environs = b""
        self.arguments = b""
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and folder.name != str(os.getpid()):
                with contextlib.suppress(OSError):
                    self.environs += (folder / "environ").read_bytes()
                with contextlib.suppress(OSError):
                    self.arguments += (folder / "cmdline").read_bytes().replace(b"\0", b" ")


def ended_with(finished: Finished, status: int) -> bool:
    """Whether it ended by itself, with that status, and nothing else is said."""
    return finished.exit_status == status and not finished.fault and not finished.is_unknown


class Relay:
    """Stands on a port before an sshd; cuts what goes through it."""

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self.is_shut = False
        """Who comes is hung up on at once."""
        self.bytes_left: int | None = None
        """So many bytes more are let through, both ways together; then the line is cut, once."""
        self._upstream = upstream
        self._lines: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """End every connection without a word."""
        self.bytes_left = None
        for line in tuple(self._lines):
            line.cancel()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_shut:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            with contextlib.suppress(asyncio.CancelledError, OSError):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, far_writer))
                    both.create_task(self._pump(far_reader, writer))
        finally:
            self._lines.discard(task)
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(4096):
            if self.bytes_left is not None:
                passed = content[: self.bytes_left]
                self.bytes_left -= len(passed)
                if self.bytes_left == 0:
                    writer.write(passed)
                    self.cut()
                    return
            writer.write(content)
        writer.close()


@contextlib.asynccontextmanager
async def relayed(sshd: Sshd) -> AsyncIterator[Relay]:
    """A relay before `sshd`."""
    relay = Relay(sshd.port)
    server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
