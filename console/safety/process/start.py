"""How a program is started and ended: always as the leader of a group of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

GRACE_S: Final = 0.5
"""Between the request to end and the kill."""


class ProcessError(Exception):
    """The program could not be started; the text says which and why, without its arguments."""


class Talk(asyncio.SubprocessProtocol):
    """How far a program is."""

    def __init__(self) -> None:
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()
        """It has ended and nobody holds its pipes any more."""

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()


AnyTalk = TypeVar("AnyTalk", bound=Talk)


async def start(
    argv: Sequence[str],
    talk: Callable[[], AnyTalk],
    *,
    stdin: bytes | None = None,
    more_input: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> tuple[asyncio.SubprocessTransport, AnyTalk]:
    """Start `argv`; a start that is cancelled leaves nothing behind.

    Args:
        argv: The program, looked up in PATH, and its arguments.
        talk: Makes what hears from it.
        stdin: What it reads, up to its end; without it, nothing.
        more_input: Its input stays open after `stdin`.

    Raises:
        ProcessError: there is no such program, or it may not be run.
        TypeError: `argv` is one string, or no list of strings.
    """
    if isinstance(argv, str | bytes) or not argv or not all(isinstance(a, str) for a in argv):
        raise TypeError("a program is started by a list of arguments, never by one string")
    starting = asyncio.ensure_future(_started(argv, talk, stdin, more_input, env, cwd))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Of a start that is cancelled asyncio ends the leader alone, and its children live on.
        with contextlib.suppress(ProcessError):
            transport, _ = await starting
            signal_group(transport, signal.SIGKILL)
            transport.close()
        raise


async def _started(
    argv: Sequence[str],
    talk: Callable[[], AnyTalk],
    stdin: bytes | None,
    more_input: bool,
    env: Mapping[str, str] | None,
    cwd: Path | None,
) -> tuple[asyncio.SubprocessTransport, AnyTalk]:
    try:
        transport, protocol = await asyncio.get_running_loop().subprocess_exec(
            talk,
            *argv,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if cwd is not None and str(error.filename) == str(cwd):
            raise ProcessError(f"there is no folder {str(cwd)!r} to run {argv[0]!r} in") from error
        raise ProcessError(f"there is no program {argv[0]!r}") from error
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProcessError(f"cannot run {argv[0]!r}: {cause}") from error
    if stdin is not None:
        pipe = transport.get_pipe_transport(0)
        assert isinstance(pipe, asyncio.WriteTransport)
        pipe.write(stdin)
        if not more_input:
            pipe.write_eof()
    return transport, protocol


async def end_group(transport: asyncio.SubprocessTransport, talk: Talk, *, ask: bool) -> None:
    """End the program and all its children; with `ask` they are told first and have a moment."""
    try:
        if ask and not talk.exited.is_set():
            signal_group(transport, signal.SIGTERM)
            await within_grace(talk.exited)
    finally:
        signal_group(transport, signal.SIGKILL)
        await within_grace(talk.exited)
        transport.close()


async def within_grace(event: asyncio.Event) -> None:
    """Wait for `event`, and not for long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await event.wait()


def signal_group(transport: asyncio.SubprocessTransport, number: signal.Signals) -> None:
    """Signal the program and its children; no matter if they are gone."""
    # The group keeps the id of its leader while any member lives, so that the id cannot be
    # somebody else's unless the whole group is gone and the ids have gone once round.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), number)
