"""The client that every SSH connection goes through."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from console.safety.clock import Clock
from console.safety.ssh.options import (
    MAX_OUTPUT_BYTES,
    Command,
    SshOptions,
    SshResult,
    SshRoute,
)


class SshClient:
    """One for a process; it belongs to the event loop in which it is first used."""

    def __init__(self, clock: Clock, options: SshOptions = SshOptions()) -> None:
        self._clock = clock
        self._options = options

    async def run(
        self,
        route: SshRoute,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        """Run `command` at the end of `route`."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def follow(
        self, route: SshRoute, command: Command, *, start_timeout_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The output of `command` as it comes."""
        raise NotImplementedError
        yield

    async def tunnel(
        self, route: SshRoute, to: str, port: int, *, timeout_s: float
    ) -> socket.socket:
        """A connected socket whose far end is `to`:`port` as seen from the end of `route`."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close every kept connection."""
