"""The one place that starts local programs, and that signals whole groups of them.

By argument list and never by a shell; each in a process group of its own, with a deadline and
a cap on what it may print, and killed as a group, so that no grandchild outlives it. Secrets
go in by standard input: arguments can be read by every user of the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

MAX_OUTPUT_BYTES: Final = 1 << 20
GRACE_S: Final = 0.5
"""Between the request to end and the kill."""


class ProcessError(Exception):
    """The program could not be started; the text says which and why, without its arguments."""


class ProcessResult(msgspec.Struct, frozen=True):
    """What became of a program."""

    exit_status: int | None
    """As the program gave it, negative for a signal; None where we ended it: not known."""
    stdout: bytes
    stderr: bytes
    truncated: bool
    """It printed more than was allowed and was killed for it."""
    timed_out: bool
    took_s: float

    @property
    def succeeded(self) -> bool:
        """It ended by itself, with status 0 and all of its output."""
        return self.exit_status == 0 and not self.truncated and not self.timed_out


class _Talk(asyncio.SubprocessProtocol):
    """What comes out of both streams, up to one cap for each, and how far the program is."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.output = {1: bytearray(), 2: bytearray()}
        self.truncated = False
        self.exited = asyncio.Event()
        self.over = asyncio.Event()
        """It has ended, or printed too much."""
        self.closed = asyncio.Event()
        """It has ended and nobody holds its pipes any more."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self.output[fd]
        room = self._max_bytes - len(kept)
        kept += data[:room]
        if len(data) > room:
            self.truncated = True
            self.over.set()

    def process_exited(self) -> None:
        self.exited.set()
        self.over.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()


async def run(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    timeout_s: float,
    max_bytes: int = MAX_OUTPUT_BYTES,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> ProcessResult:
    """Run `argv` to its end, its deadline or its cap, whichever comes first.

    Args:
        argv: The program, looked up in PATH, and its arguments. A string is refused.
        stdin: What it reads; without it, nothing. The place for secrets.
        timeout_s: From the start to the end of its output.
        max_bytes: How much of each of stdout and stderr is kept; more ends the program.
        env: Its whole environment; ours without it.
        cwd: Where it runs.

    Raises:
        ProcessError: there is no such program, or it may not be run.
        TypeError: `argv` is one string, or no list of strings.
    """
    if isinstance(argv, str | bytes) or not argv or not all(isinstance(a, str) for a in argv):
        raise TypeError("a program is started by a list of arguments, never by one string")
    loop = asyncio.get_running_loop()
    began = loop.time()
    starting = asyncio.ensure_future(_start(argv, stdin, max_bytes, env, cwd))
    try:
        transport, talk = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Of a start that is cancelled asyncio ends the leader alone, and its children live on.
        with contextlib.suppress(ProcessError):
            transport, _ = await starting
            _signal_group(transport, signal.SIGKILL)
            transport.close()
        raise
    timed_out = False
    try:
        async with asyncio.timeout(timeout_s):
            await talk.over.wait()
        if not talk.truncated:
            # A child left in the background would hold the pipes open: the group goes first.
            _signal_group(transport, signal.SIGKILL)
            await _within_grace(talk.closed)
    except TimeoutError:
        timed_out = True
    finally:
        ended_by_us = not talk.exited.is_set()
        try:
            if timed_out or talk.truncated:
                _signal_group(transport, signal.SIGTERM)
                await _within_grace(talk.exited)
        finally:
            _signal_group(transport, signal.SIGKILL)
            await _within_grace(talk.exited)
            transport.close()
    return ProcessResult(
        exit_status=None if ended_by_us or talk.truncated else transport.get_returncode(),
        stdout=bytes(talk.output[1]),
        stderr=bytes(talk.output[2]),
        truncated=talk.truncated,
        timed_out=timed_out,
        took_s=loop.time() - began,
    )


def stop_own_job() -> None:
    """Stop every process of this program's job, as ctrl+z does: with `make` that is `make` too.

    Returns once a shell continues it, or at once: the kernel leaves the signal out where no
    shell waits to continue the job.
    """
    os.killpg(os.getpgrp(), signal.SIGTSTP)


async def _start(
    argv: Sequence[str],
    stdin: bytes | None,
    max_bytes: int,
    env: Mapping[str, str] | None,
    cwd: Path | None,
) -> tuple[asyncio.SubprocessTransport, _Talk]:
    try:
        transport, talk = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Talk(max_bytes),
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
        pipe.write_eof()
    return transport, talk


async def _within_grace(event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await event.wait()


def _signal_group(transport: asyncio.SubprocessTransport, number: signal.Signals) -> None:
    # The group keeps the id of its leader while any member lives, so that the id cannot be
    # somebody else's unless the whole group is gone and the ids have gone once round.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), number)
