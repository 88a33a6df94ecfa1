"""A program that is run to its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from console.safety.process.start import Talk, end_group, signal_group, start, within_grace

MAX_OUTPUT_BYTES: Final = 1 << 20


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


class _Capped(Talk):
    """What comes out of both streams, up to one cap for each."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self.output = {1: bytearray(), 2: bytearray()}
        self.truncated = False
        self.over = asyncio.Event()
        """It has ended, or printed too much."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self.output[fd]
        room = self._max_bytes - len(kept)
        kept += data[:room]
        if len(data) > room:
            self.truncated = True
            self.over.set()

    def process_exited(self) -> None:
        super().process_exited()
        self.over.set()


async def run(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    timeout_s: float,
    max_bytes: int = MAX_OUTPUT_BYTES,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    leaves_server: bool = False,
) -> ProcessResult:
    """Run `argv` to its end, its deadline or its cap, whichever comes first.

    Args:
        argv: The program, looked up in PATH, and its arguments. A string is refused.
        stdin: What it reads; without it, nothing. The place for secrets.
        timeout_s: From the start to the end of its output.
        max_bytes: How much of each of stdout and stderr is kept; more ends the program.
        env: Its whole environment; ours without it.
        cwd: Where it runs.
        leaves_server: What it leaves in the background lives on where it ended with 0.

    Raises:
        ProcessError: there is no such program, or it may not be run.
        TypeError: `argv` is one string, or no list of strings.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    transport, talk = await start(argv, lambda: _Capped(max_bytes), stdin=stdin, env=env, cwd=cwd)
    timed_out = left = False
    try:
        async with asyncio.timeout(timeout_s):
            await talk.over.wait()
        if not talk.truncated:
            left = leaves_server and transport.get_returncode() == 0
            if not left:
                # A child in the background would hold the pipes open: the group goes first.
                signal_group(transport, signal.SIGKILL)
            await within_grace(talk.closed)
    except TimeoutError:
        timed_out = True
    finally:
        ended_by_us = not talk.exited.is_set()
        if left:
            transport.close()
        else:
            await end_group(transport, talk, ask=timed_out or talk.truncated)
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
