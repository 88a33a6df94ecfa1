"""A host whose programs the test has written: real `sh`, real sshd, stand-ins in its PATH.

Docker and systemd cannot run where the tests do; what stands for them speaks their formats.
Everything else that the console runs on a host is the real thing.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from console.model.registry import Host, Registry, Service
from console.safety.clock import SystemClock
from console.safety.ssh import (
    MAX_OUTPUT_BYTES,
    Command,
    SshFailure,
    SshFault,
    SshResult,
    SshRoute,
)
from console.safety.ssh.client import SshClient
from console.sources.reach import Reach
from tests.sshd import Sshd, running_sshd

NAME: Final = "box"
TOOLS: Final = (
    *("sh", "env", "cat", "date", "sleep", "timeout", "df", "uname", "nproc", "sed", "test"),
    *("true", "false", "head", "tr", "awk"),
)
"""What any host has; nothing else is in its PATH until a test puts it there."""


class Stage:
    """One host, before a way to it is chosen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "bin"
        self.path.mkdir(parents=True)
        for tool in TOOLS:
            real = shutil.which(tool)
            assert real is not None, f"{tool} is not installed"
            (self.path / tool).symlink_to(real)

    def program(self, name: str, body: str) -> None:
        """Put a `sh` script called `name` into the host's PATH; `$CALLS` is its log."""
        path = self.path / name
        path.unlink(missing_ok=True)
        calls = shlex.quote(str(self.folder / f"{name}.calls"))
        path.write_text(f"#!/bin/sh\nCALLS={calls}\nprintf '%s\\n' \"$*\" >>$CALLS\n{body}\n")
        path.chmod(0o755)

    def says(self, name: str, output: bytes | str, status: int = 0, error: str = "") -> None:
        """A program that prints this, whatever it is asked."""
        said = self.folder / f"{name}.out"
        said.write_bytes(output.encode() if isinstance(output, str) else output)
        self.program(
            name,
            f"cat {shlex.quote(str(said))}\nprintf %s {shlex.quote(error)} >&2\nexit {status}",
        )

    def remove(self, name: str) -> None:
        """As if it had never been installed."""
        (self.path / name).unlink()

    def calls(self, name: str) -> list[str]:
        """How the stand-in `name` was called, one line a call."""
        path = self.folder / f"{name}.calls"
        return path.read_text().splitlines() if path.exists() else []


@contextlib.contextmanager
def sshd_of(stage: Stage, folder: Path) -> Iterator[Sshd]:
    """A real sshd on which every command has the PATH of `stage`."""
    path = shlex.quote(str(stage.path))
    forced = f'exec /usr/bin/env PATH={path} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    with running_sshd(folder, force_command=forced) as sshd:
        yield sshd


@contextlib.asynccontextmanager
async def reaching(
    services: tuple[Service, ...], sshd: Sshd | None, *, sudo: bool = False
) -> AsyncIterator[Reach]:
    """The way to the host `box`: by `sshd`, or because it is this machine."""
    if sshd is None:
        host = Host(NAME, address="local", sudo=sudo)
        client = SshClient(SystemClock())
    else:
        host = Host(NAME, address="127.0.0.1", port=sshd.port, user=sshd.user, sudo=sudo)
        client = SshClient(SystemClock(), sshd.options())
    try:
        yield Reach(Registry((host,), services), client)
    finally:
        await client.aclose()


class BrokenWay(SshClient):
    """A client whose every command ends in one fault, since some cannot be had from a server."""

    def __init__(self, fault: SshFault) -> None:
        super().__init__(SystemClock())
        self._fault = fault

    async def run(
        self,
        route: SshRoute,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        raise SshFailure(self._fault, broken_words(self._fault), host=route.name, sent=True)


def broken_reach(fault: SshFault) -> Reach:
    """The host `box`, to which no way leads because of `fault`."""
    return Reach(Registry((Host(NAME, address="box.test"),)), BrokenWay(fault))


def broken_words(fault: SshFault) -> str:
    """The cause that a broken way gives."""
    return f"the way to box.test fails by {fault}"
