"""Commands, followed outputs and tunnels over asyncssh's connections."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import random
import socket
from collections.abc import AsyncIterator
from typing import Final

import asyncssh
from asyncssh.constants import OPEN_CONNECT_FAILED, OPEN_REQUEST_SESSION_FAILED

from console.safety.clock import Clock
from console.safety.ssh.bridge import bridged
from console.safety.ssh.connections import Connections, Kept
from console.safety.ssh.dial import whole_or_none
from console.safety.ssh.options import (
    MAX_OUTPUT_BYTES,
    Command,
    SshFailure,
    SshFault,
    SshOptions,
    SshResult,
    SshRoute,
    ended_by_host,
)
from console.safety.ssh.session import Output, Stream, channel_of, followed
from console.safety.text import visible

RETRIES_S: Final = (0.05, 0.2, 0.6)
"""Waits before a session is asked for again: sshd frees the place of an ended one late."""


class _DeadError(Exception):
    """The kept connection turned out to be gone before anything was sent."""


class Native:
    """The transport that asyncssh is."""

    def __init__(self, clock: Clock, options: SshOptions) -> None:
        self._clock = clock
        self._connections = Connections(clock, options)

    async def run(
        self,
        route: SshRoute,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        """See `SshClient.run`."""
        for is_last in (False, True):
            kept = await self._connections.get(route)
            async with kept.turn():
                output = Output(max_bytes)
                try:
                    return await self._run(kept, command, output, timeout_s)
                except _DeadError:
                    self._connections.drop(kept)
                    if is_last:
                        raise _gone(kept) from None
        raise AssertionError("the second time is the last")

    async def _run(
        self, kept: Kept, command: Command, output: Output, timeout_s: float
    ) -> SshResult:
        began = self._clock.now().mono
        channel: asyncssh.SSHClientChannel[bytes] | None = None
        timed_out = False
        try:
            async with asyncio.timeout(timeout_s):
                channel = await self._session(kept, command.line(timeout_s), output)
                with contextlib.suppress(BrokenPipeError, OSError):
                    if command.sent:
                        channel.write(command.sent)
                    channel.write_eof()
                await output.over.wait()
        except TimeoutError:
            if not output.opened:
                self._connections.drop(kept)
                raise _frozen(kept, timeout_s) from None
            timed_out = True
        finally:
            if channel is not None:
                channel.abort()
        took_s = self._clock.now().mono - began
        cut = timed_out or output.truncated
        if not cut and output.exit_status is None and not output.signal:
            raise _unanswered(kept)
        by_host = ended_by_host(output.exit_status, took_s, timeout_s)
        return SshResult(
            exit_status=None if cut else output.exit_status,
            stdout=bytes(output.stdout),
            stderr=bytes(output.stderr),
            signal="" if cut else visible(output.signal, cells=40),
            truncated=output.truncated,
            timed_out=timed_out or by_host,
            took_s=took_s,
        )

    @contextlib.asynccontextmanager
    async def follow(
        self, route: SshRoute, command: Command, *, start_timeout_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `SshClient.follow`."""
        line, sent = followed(command)
        for is_last in (False, True):
            kept = await self._connections.get(route)
            async with kept.turn(followed=True):
                stream = Stream()
                try:
                    channel = await self._start(kept, line, stream, start_timeout_s)
                except _DeadError:
                    self._connections.drop(kept)
                    if is_last:
                        raise _gone(kept) from None
                    continue
                try:
                    with contextlib.suppress(BrokenPipeError, OSError):
                        channel.write(sent)
                    yield _parts(kept, stream)
                finally:
                    channel.abort()
                return

    async def tunnel(
        self, route: SshRoute, to: str, port: int, *, timeout_s: float
    ) -> socket.socket:
        """See `SshClient.tunnel`."""
        for is_last in (False, True):
            kept = await self._connections.get(route)
            try:
                async with asyncio.timeout(timeout_s):
                    return await bridged(kept, to, port)
            except TimeoutError:
                raise _no_forward(kept, to, port, f"no answer within {timeout_s:g} s") from None
            except asyncssh.ChannelOpenError as error:
                if kept.is_alive:
                    reason = visible(error.reason, cells=160)
                    raise _no_forward(kept, to, port, reason, _kind_of(error)) from None
                self._connections.drop(kept)
                if is_last:
                    raise _gone(kept) from None
        raise AssertionError("the second time is the last")

    async def aclose(self) -> None:
        """Close every kept connection."""
        await self._connections.aclose()

    async def _start(
        self, kept: Kept, line: str, stream: Stream, start_timeout_s: float
    ) -> asyncssh.SSHClientChannel[bytes]:
        try:
            async with asyncio.timeout(start_timeout_s):
                return await self._session(kept, line, stream)
        except TimeoutError:
            self._connections.drop(kept)
            raise _frozen(kept, start_timeout_s) from None

    async def _session(
        self, kept: Kept, line: str, session: Output | Stream
    ) -> asyncssh.SSHClientChannel[bytes]:
        """A channel on which `line` runs.

        Raises:
            _DeadError: the connection is gone, and nothing was sent.
            SshFailure: the server gives none.
        """
        for wait_s in (*RETRIES_S, None):
            if not kept.is_alive:
                raise _DeadError
            try:
                opening = asyncio.ensure_future(
                    kept.connection.create_session(
                        lambda: session, command=line, encoding=None, request_pty=False
                    )
                )
                return channel_of(await whole_or_none(opening))
            except asyncssh.ChannelOpenError as error:
                self._refused(kept, session, error, is_last=wait_s is None)
            except (asyncssh.DisconnectError, OSError):
                if session.opened:
                    raise _unanswered(kept) from None
                raise _DeadError from None
            assert wait_s is not None
            await self._clock.sleep(wait_s * random.uniform(0.7, 1.3))
        raise AssertionError("the last refusal is told")

    def _refused(
        self,
        kept: Kept,
        session: Output | Stream,
        error: asyncssh.ChannelOpenError,
        *,
        is_last: bool,
    ) -> None:
        """Decide what becomes of a session that was refused: nothing, where it is tried again."""
        name = visible(kept.target.name, cells=60)
        if not kept.is_alive:
            if session.opened:
                raise _unanswered(kept)
            raise _DeadError
        if error.code == OPEN_REQUEST_SESSION_FAILED:
            raise SshFailure(
                SshFault.CHANNELS,
                f"{name} let us in and does not run commands",
                host=kept.target.name,
                remedy="see whether the account there has a shell",
            )
        if is_last:
            raise SshFailure(
                SshFault.CHANNELS,
                f"{name} opens no further session: {visible(error.reason, cells=160)}",
                host=kept.target.name,
                remedy="raise `MaxSessions` of its sshd, which may be 1 or 0",
            )


async def _parts(kept: Kept, stream: Stream) -> AsyncIterator[bytes]:
    async for part in stream.parts():
        yield part
    if not stream.ended:
        raise _unanswered(kept)


def _gone(kept: Kept) -> SshFailure:
    name = visible(kept.target.name, cells=60)
    return SshFailure(
        SshFault.LOST,
        f"{name} closes every connection as soon as a command is to be sent",
        host=kept.target.name,
        remedy=f"see what sshd on {name} writes into its log",
    )


def _frozen(kept: Kept, timeout_s: float) -> SshFailure:
    name = visible(kept.target.name, cells=60)
    return SshFailure(
        SshFault.TIMEOUT,
        f"{name} has let us in and did not start the command within {timeout_s:g} s",
        host=kept.target.name,
        remedy=f"see whether {name} is overloaded or hangs",
    )


def _unanswered(kept: Kept) -> SshFailure:
    name = visible(kept.target.name, cells=60)
    return SshFailure(
        SshFault.LOST,
        f"the connection to {name} went while the command ran: how it ended is not known"
        if not kept.is_alive
        else f"{name} ended the command without a word on how it ended",
        host=kept.target.name,
        remedy="look at what it did before it is run again",
        sent=True,
    )


def _kind_of(error: asyncssh.ChannelOpenError) -> SshFault:
    # OpenSSH tells the words of the failed connect alone, asyncssh's server asyncio's.
    refused = ("Connection refused", f"[Errno {errno.ECONNREFUSED}] Connect call failed")
    if error.code == OPEN_CONNECT_FAILED and error.reason.startswith(refused):
        return SshFault.FORWARD_REFUSED
    return SshFault.FORWARD


def _no_forward(
    kept: Kept, to: str, port: int, reason: str, kind: SshFault = SshFault.FORWARD
) -> SshFailure:
    name = visible(kept.target.name, cells=60)
    shown = visible(to, cells=120)
    return SshFailure(
        kind,
        f"{name} does not get through to {shown} port {port}: {reason}",
        host=kept.target.name,
        remedy=f"see whether {name} may forward (`AllowTcpForwarding`), and what listens there",
    )
