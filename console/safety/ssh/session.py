"""What comes out of one command: kept up to a cap, or handed on as fast as it is read."""

from __future__ import annotations

import asyncio
import shlex
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncssh

from console.safety.ssh.options import Command

MAX_WAITING_BYTES: Final = 256 << 10
"""Of a followed output, what may wait here until the server is told to stop for a while."""
MAX_FOLLOWED_S: Final = 86_400


class Output(asyncssh.SSHClientSession[bytes]):
    """Both streams of a command, each up to a cap."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.exit_status: int | None = None
        self.signal = ""
        self.truncated = False
        self.opened = False
        """The channel is there: the command goes out with the same breath."""
        self.over = asyncio.Event()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.opened = True

    def data_received(self, data: bytes, datatype: int | None) -> None:
        kept = self.stderr if datatype else self.stdout
        room = self._max_bytes - len(kept)
        kept += data[:room]
        if len(data) > room:
            self.truncated = True
            self.over.set()

    def eof_received(self) -> bool:
        return True  # it may have closed its output and still be at work

    def exit_status_received(self, status: int) -> None:
        self.exit_status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.signal = signal

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set()


class Stream(asyncssh.SSHClientSession[bytes]):
    """Both streams of a command, mixed as they come; the server waits while nobody reads."""

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._paused = False
        self._news = asyncio.Event()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self.opened = False
        self.ended = False
        """The command has ended and said so."""
        self.closed = False

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan
        self.opened = True

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._parts.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_WAITING_BYTES and self._channel is not None:
            self._paused = True
            self._channel.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        return True  # our side stays open: what follows the output ends the command

    def exit_status_received(self, status: int) -> None:
        self.ended = True

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._news.set()

    async def parts(self) -> AsyncIterator[bytes]:
        """What came, until the channel is closed."""
        while True:
            while self._parts:
                part = self._parts.popleft()
                self._waiting_bytes -= len(part)
                if self._paused and self._waiting_bytes <= MAX_WAITING_BYTES // 2:
                    self._paused = False
                    if self._channel is not None and not self.closed:
                        self._channel.resume_reading()
                yield part
            if self.closed:
                return
            self._news.clear()
            await self._news.wait()


_WATCH: Final = b"""{
exec 3<&0 </dev/null
%(start)s 3<&- &
p=$!
{ while read -r _; do :; done <&3; %(end)s; } >/dev/null 2>&1 &
w=$!
wait "$p"
s=$?
kill "$w" 2>/dev/null
exit "$s"
}
"""
"""Ends the command once its own standard input does, as it does when the channel is closed.

sshd ends nothing by itself without a terminal. `timeout` puts the command into a process group
of its own and passes a TERM on to all of it. The braces make the shell read the whole script
before it gives up the standard input that the script comes from.
"""


def followed(command: Command) -> tuple[str, bytes]:
    """The line for the remote login shell, and what is sent to its standard input.

    The input stays open as long as the command shall run.
    """
    words = ["env", "LC_ALL=C", *(f"{name}={value}" for name, value in command.env)]
    words += ["sh", "-s", "--", "timeout", "-k", "2", str(MAX_FOLLOWED_S)]
    if command.sudo:
        words += ["sudo", "-n"]
    if command.script:
        words += ["sh", "-s", "--"]
    words += command.argv
    start, end = b'"$@"', b'kill "$p"'
    if command.sent:
        quoted = shlex.quote(command.sent.decode("utf-8", "surrogateescape"))
        start = b"printf %s " + quoted.encode("utf-8", "surrogateescape") + b' | "$@"'
    if command.sudo:
        # What root runs does not end at our word; sudo may be allowed to.
        end += b'; sudo -n kill -- "-$p"'
    return shlex.join(words), _WATCH % {b"start": start, b"end": end}


def channel_of(opened: tuple[Any, Any]) -> asyncssh.SSHClientChannel[bytes]:
    """The channel of what `create_session` returned."""
    channel: asyncssh.SSHClientChannel[bytes] = opened[0]
    return channel
