"""A program as the leader of a session of its own, with or without a terminal: a login.

For the demo's SSH server, whose shells are children of this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from console.safety.process.start import ProcessError, Talk, signal_group, within_grace

AnyTalk = TypeVar("AnyTalk", bound=Talk)

_TAKE_TERMINAL: Final = 'exec "$@" <"$0"'
"""A session's leader that opens a terminal which is nobody's becomes its owner."""


class Terminal:
    """Both ends of a pseudo-terminal. `close()` may be called twice."""

    def __init__(self, columns: int, rows: int) -> None:
        """
        Raises:
            OSError: there are no more of them.
        """
        self.near, self.far = os.openpty()
        self.name: str = os.ttyname(self.far)
        self._open = True
        os.set_blocking(self.near, False)
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the programs on it how large it is."""
        if self._open:
            size = struct.pack("HHHH", rows or 24, columns or 80, 0, 0)
            fcntl.ioctl(self.near, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        """Hang up."""
        if self._open:
            self._open = False
            os.close(self.near)
            os.close(self.far)


async def start_session(
    argv: Sequence[str],
    talk: Callable[[], AnyTalk],
    *,
    env: Mapping[str, str],
    cwd: Path,
    terminal: Terminal | None = None,
) -> tuple[asyncio.SubprocessTransport, AnyTalk]:
    """Start `argv` with pipes, or on `terminal`.

    Raises:
        ProcessError: there is no such program, or it may not be run.
    """
    words = tuple(argv)
    streams: int = subprocess.PIPE
    if terminal is not None:
        words = ("/bin/sh", "-c", _TAKE_TERMINAL, terminal.name, *words)
        streams = terminal.far
    starting = asyncio.ensure_future(
        asyncio.get_running_loop().subprocess_exec(
            talk,
            *words,
            stdin=streams,
            stdout=streams,
            stderr=streams,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):
            transport, _ = await starting
            signal_group(transport, signal.SIGKILL)
            transport.close()
        raise
    except (OSError, ValueError) as error:
        raise ProcessError(f"cannot run {words[0]!r}: {error}") from error


async def end_session(transport: asyncio.SubprocessTransport, talk: Talk, mark: bytes) -> None:
    """End every process of the session: its group is hung up on first and has a moment.

    Args:
        mark: as `end_marked` takes it: jobs of a shell, and `timeout`, have left the group.
    """
    try:
        if not talk.exited.is_set():
            signal_group(transport, signal.SIGHUP)
            await within_grace(talk.exited)
    finally:
        signal_group(transport, signal.SIGKILL)
        end_marked(mark)
        await within_grace(talk.exited)
        transport.close()


def end_marked(mark: bytes) -> None:
    """Kill the processes of this user whose environment holds `mark`, a text like no other.

    Takes some 3 ms. Where there is no `/proc` nothing is found.
    """
    with contextlib.suppress(OSError):
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)
