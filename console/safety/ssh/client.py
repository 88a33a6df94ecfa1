"""The client that every SSH connection goes through.

Importing this module does not import asyncssh; the first use of the client does.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from console.safety.clock import Clock
from console.safety.ssh.options import (
    MAX_OUTPUT_BYTES,
    Command,
    SshOptions,
    SshResult,
    SshRoute,
)

_DEFAULTS: Final = SshOptions()

if TYPE_CHECKING:
    from console.safety.ssh.native import Native
    from console.safety.ssh.openssh import OpenSsh

Tunnel = socket.socket
"""What `tunnel()` gives, for rooms that hand it on and touch no socket."""


class SshClient:
    """One for a process; it belongs to the event loop in which it is first used."""

    def __init__(self, clock: Clock, options: SshOptions = _DEFAULTS) -> None:
        self._clock = clock
        self._options = options
        self._native: Native | None = None
        self._openssh: OpenSsh | None = None

    async def run(
        self,
        route: SshRoute,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        """Run `command` at the end of `route`, to its end, its deadline or its cap.

        Making the connection takes `connect_timeout_s` at most for each hop. What is made is
        kept and used again; a command that was not sent because a kept one turned out to be
        dead is sent once more on a new one.

        Args:
            route: where.
            command: what.
            timeout_s: from the moment at which the connection is there and the command's turn
                has come. The command is ended on the host, too.
            max_bytes: how much of each of stdout and stderr is kept; more ends the command.

        Raises:
            SshFailure: there was no answer. A status other than 0 is an answer.
        """
        return await self._transport(route).run(
            route, command, timeout_s=timeout_s, max_bytes=max_bytes
        )

    @contextlib.asynccontextmanager
    async def follow(
        self, route: SshRoute, command: Command, *, start_timeout_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The output of `command` as it comes, stdout and stderr mixed, for a day at most.

        The host waits while nobody reads. Leaving the context ends the command there: it gets
        a TERM and, two seconds later, a KILL.

        Args:
            route: where.
            command: what.
            start_timeout_s: from the moment at which the connection is there until it runs.

        Raises:
            SshFailure: it cannot be started, or (from the iterator) the connection went.
        """
        async with self._transport(route).follow(
            route, command, start_timeout_s=start_timeout_s
        ) as parts:
            yield parts

    async def tunnel(
        self, route: SshRoute, to: str, port: int, *, timeout_s: float
    ) -> socket.socket:
        """A connected socket whose far end is `to`:`port` as seen from the end of `route`.

        Non-blocking; the caller's to close, which closes the far end too.

        Args:
            route: the host that connects further.
            to: a name or address as that host knows it.
            port: the TCP port there.
            timeout_s: from the moment at which the connection to the host is there.

        Raises:
            SshFailure: the way to the host fails, or (FORWARD) it does not get through.
        """
        return await self._transport(route).tunnel(route, to, port, timeout_s=timeout_s)

    async def aclose(self) -> None:
        """Close every kept connection, and with it what runs on it."""
        for transport in (self._native, self._openssh):
            if transport is not None:
                await transport.aclose()

    def _transport(self, route: SshRoute) -> Native | OpenSsh:
        if route.transport == "openssh":
            if self._openssh is None:
                from console.safety.ssh.openssh import OpenSsh

                self._openssh = OpenSsh(self._clock, self._options)
            return self._openssh
        if self._native is None:
            from console.safety.ssh.native import Native

            self._native = Native(self._clock, self._options)
        return self._native
