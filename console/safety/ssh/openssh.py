"""SSH by the system's own `ssh`, for hosts that ask for what only a person can answer.

One connection a host is kept open (`ControlMaster`) and everything goes through it: commands,
tunnels, and the way to hosts behind it. Where a person has opened one by the command that a
failure names, that one is used and left alone; else we open our own, and end it.

`ssh` says 255 for all failures of its own and for a command that ended so. The two are told
apart by what the far shell prints before and after the command, around a number that is new
each time: without the first mark it did not begin as far as anybody knows, without the second
its outcome is not known.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from console.safety import process
from console.safety.clock import Clock
from console.safety.process import Following, ProcessError, ProcessResult
from console.safety.ssh import openssh_argv as argv
from console.safety.ssh.openssh_fault import failed, last_line, refusals_in, refused_there
from console.safety.ssh.openssh_kept import Master, Masters
from console.safety.ssh.openssh_program import environment, no_program
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
from console.safety.text import visible

USUAL: Final = SshOptions()
MARKS_BYTES: Final = 4096
"""On top of what a command may print on stderr."""
_NO_SESSION: Final = b"session request failed"
_OPENED: Final = b"master session id"
_NOT_FORWARDED: Final = b"Stdio forwarding request failed"


class OpenSsh:
    """One for a process; it belongs to the event loop in which it is first used.

    A passphrase in the options is not used: `ssh` takes one from a person or an agent only.
    """

    def __init__(self, clock: Clock, options: SshOptions = USUAL) -> None:
        self._masters = Masters(options)

    async def run(
        self,
        route: SshRoute,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        """See `SshClient.run`."""
        for last in (False, True):
            async with self._channel(route) as master:
                marks = argv.Marks(secrets.token_hex(8))
                line = marks.around(command.line(timeout_s))
                try:
                    result = await process.run(
                        argv.using(route, master.way, line=line),
                        stdin=command.sent,
                        timeout_s=timeout_s,
                        max_bytes=max_bytes + MARKS_BYTES,
                        env=environment(),
                    )
                except ProcessError as error:
                    raise no_program(route, error) from None
                answer = await self._answered(master, marks, result, max_bytes)
            if isinstance(answer, SshResult):
                by_host = ended_by_host(answer.exit_status, result.took_s, timeout_s)
                return msgspec.structs.replace(answer, timed_out=answer.timed_out or by_host)
            if last or answer.sent or answer.kind is not SshFault.LOST:
                raise answer
        raise AssertionError("the last try returns or raises")

    @contextlib.asynccontextmanager
    async def follow(
        self, route: SshRoute, command: Command, *, start_timeout_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `SshClient.follow`."""
        # Late: it imports asyncssh, which whoever comes by the other transport has already.
        from console.safety.ssh.session import followed

        marks = argv.Marks(secrets.token_hex(8))
        line, sent = followed(command)
        line = marks.around(line, mixed=True)
        async with contextlib.AsyncExitStack() as stack:
            for last in (False, True):
                # Held until the start only: what is followed would hold it for hours.
                async with self._channel(route) as master:
                    words = argv.using(route, master.way, line=line)
                    output = await stack.enter_async_context(_following(route, words, sent))
                    began = await _has_begun(output, marks, start_timeout_s)
                if began:
                    break
                hangs = not output.exited.is_set()
                await stack.aclose()
                said = bytes(output.stderr)
                failure = await self._not_begun(master, said, timed_out=hangs)
                if last or failure.kind is not SshFault.LOST:
                    raise failure
            yield self._followed(master, marks, output)

    async def _followed(
        self, master: Master, marks: argv.Marks, output: Following
    ) -> AsyncIterator[bytes]:
        async for part in output:
            yield part
        _, status, _ = marks.taken(bytes(output.stderr))
        if status is None:
            raise await self._unanswered(master)

    async def tunnel(
        self, route: SshRoute, to: str, port: int, *, timeout_s: float
    ) -> socket.socket:
        """See `SshClient.tunnel`."""
        target = f"[{to}]:{port}" if ":" in to else f"{to}:{port}"
        if not argv.is_plain(to):
            raise failed(route, SshFault.FORWARD, f"cannot lead to {visible(target, cells=80)}")
        for last in (False, True):
            async with self._channel(route) as master:
                size = master.log_size()
                words = argv.using(route, master.way, flags=("-v", "-W", target))
                found = await _linked(route, words, timeout_s)
            if isinstance(found, socket.socket):
                return found
            if found is None:
                why = f"was not through to {target} within {timeout_s:g} s"
                raise failed(route, SshFault.FORWARD, why, "check the network behind that host")
            if _NOT_FORWARDED in found:
                raise _not_through(route, target, refusals_in(master.log_since(size)), found)
            failure = await self._not_begun(master, found, timed_out=False)
            if last or failure.kind is not SshFault.LOST:
                raise failure
        raise AssertionError("the last try returns or raises")

    async def aclose(self) -> None:
        """End every connection that we opened; what goes through one ends with it."""
        await self._masters.aclose()

    @contextlib.asynccontextmanager
    async def _channel(self, route: SshRoute) -> AsyncIterator[Master]:
        """The connection to `route`, and a place on it."""
        master = await self._masters.to(route)
        async with master.channels:
            yield master

    async def _answered(
        self, master: Master, marks: argv.Marks, result: ProcessResult, max_bytes: int
    ) -> SshResult | SshFailure:
        begun, status, complaints = marks.taken(result.stderr)
        if not begun and not result.truncated:
            return await self._not_begun(master, result.stderr, timed_out=result.timed_out)
        ended = not (result.timed_out or result.truncated)
        if ended and status is None:
            return await self._unanswered(master)
        too_much = max(len(result.stdout), len(complaints)) > max_bytes
        truncated = result.truncated or too_much
        return SshResult(
            exit_status=status if ended and not truncated else None,
            stdout=result.stdout[:max_bytes],
            stderr=complaints[:max_bytes],
            truncated=truncated,
            timed_out=result.timed_out,
            took_s=result.took_s,
        )

    async def _unanswered(self, master: Master) -> SshFailure:
        words = "ended the command without a word on how it ended"
        if not await self._masters.lives(master):
            self._masters.forget(master)
            words = "the connection went while the command ran: how it ended is not known"
        remedy = "look at what it did before it is run again"
        return failed(master.route, SshFault.LOST, words, remedy, sent=True)

    async def _not_begun(self, master: Master, said: bytes, *, timed_out: bool) -> SshFailure:
        """Why nothing shows that a command began. LOST, not sent: another try may be made."""
        route = master.route
        if _NO_SESSION in said:
            return failed(
                route,
                SshFault.CHANNELS,
                "opens no further session on this connection",
                "raise MaxSessions of its sshd, or close other sessions",
            )
        if not await self._masters.lives(master):
            self._masters.forget(master)
            # ssh says so where it did not even reach the kept connection.
            sent = b"Connection closed by UNKNOWN" not in said
            return failed(route, SshFault.LOST, "the kept connection is gone", sent=sent)
        if timed_out:
            await self._masters.end(master)
            return failed(
                route,
                SshFault.TIMEOUT,
                "took the command and did not begin it in time",
                "look at the load of that host",
                sent=True,
            )
        words = last_line(said.decode("utf-8", "replace")) or "without a word"
        return failed(
            route,
            SshFault.PROTOCOL,
            f"its shell did not run the command ({words})",
            "check that its login shell runs `sh -c` (no ForceCommand, no /sbin/nologin)",
            sent=True,
        )


@contextlib.asynccontextmanager
async def _following(route: SshRoute, words: list[str], sent: bytes) -> AsyncIterator[Following]:
    try:
        async with process.following(
            words, stdin=sent, more_input=True, env=environment()
        ) as output:
            yield output
    except ProcessError as error:
        raise no_program(route, error) from None


async def _has_begun(output: Following, marks: argv.Marks, timeout_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while marks.start not in output.stderr and not output.exited.is_set():
                output.stderr_came.clear()
                await output.stderr_came.wait()
    return marks.start in output.stderr


async def _linked(
    route: SshRoute, words: list[str], timeout_s: float
) -> socket.socket | bytes | None:
    """The tunnel's socket; else what ssh said; `None` where it said nothing in time."""
    try:
        mine, link = await process.linked(words, env=environment())
    except ProcessError as error:
        raise no_program(route, error) from None
    opened = False
    try:
        async with asyncio.timeout(timeout_s):
            while not (opened := _OPENED in link.stderr) and not link.exited.is_set():
                link.stderr_came.clear()
                await link.stderr_came.wait()
            if not opened:
                await link.closed.wait()
    except TimeoutError:
        return None
    finally:
        if not opened:
            mine.close()
            link.close()
    return mine if opened else bytes(link.stderr)


def _not_through(route: SshRoute, target: str, reasons: list[str], said: bytes) -> SshFailure:
    shown = visible(target, cells=80)
    if refused_there(reasons):
        return failed(
            route,
            SshFault.FORWARD_REFUSED,
            f"{shown} refused the connection from there",
            "nothing listens there: check that it runs, and its host and port",
        )
    why = reasons[-1] if reasons else last_line(said.decode("utf-8", "replace"))
    return failed(
        route,
        SshFault.FORWARD,
        f"did not get through to {shown} ({visible(why, cells=120)})",
        "check the name and the network there, and AllowTcpForwarding of its sshd",
    )
