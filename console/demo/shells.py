"""One session of a host of the demo: a shell, or one command, with or without a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Mapping

import asyncssh

from console.demo.machines.folder import ShellFolder
from console.safety.process import ProcessError
from console.safety.process.session import Terminal, end_marked, end_session, start_session
from console.safety.process.start import Talk, signal_group, within_grace

READ_BYTES = 65536
MARK = "ONCALL_DEMO_SESSION"
"""In the environment of all that a session starts: another value for each."""
_EOF = b"\x04"


class _Program(Talk):
    """What the program prints, on its way to the client."""

    def __init__(self, session: ShellSession) -> None:
        super().__init__()
        self._session = session

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._session.printed(data, is_error=fd == 2)

    def pause_writing(self) -> None:
        self._session.let_client(wait=True)

    def resume_writing(self) -> None:
        # Later: what the client sends from within this call, its end above all, would reach a
        # transport that is in the middle of writing (asyncio 3.11 then loses the rest).
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: self._session.let_client(wait=False))


class ShellSession(asyncssh.SSHServerSession[bytes]):
    """A session and the program that it runs."""

    def __init__(self, host: str, folder: ShellFolder, sessions: set[ShellSession]) -> None:
        """
        Args:
            sessions: which it leaves when it has ended.
        """
        self.host = host
        self._folder = folder
        self._sessions = sessions
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._command: str | None = None
        self._term = ""
        self._size = (80, 24)
        self._terminal: Terminal | None = None
        self._transport: asyncio.SubprocessTransport | None = None
        self._waiting = bytearray()
        self._at_end = False
        self._paused = False
        self._task: asyncio.Task[None] | None = None

    async def end(self) -> None:
        """End the program and wait until that is done."""
        task = self._task
        if task is None:
            self._sessions.discard(self)
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    # What the client asks for

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if self._task is None:
            self._sessions.discard(self)
        else:
            self._task.cancel()

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        self._term, self._size = term_type, term_size[:2]
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"demo shell on {self.host}")

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._waiting += data
        self._feed()

    def eof_received(self) -> bool:
        self._at_end = True
        self._feed()
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        self._size = (width, height)
        if self._terminal is not None:
            self._terminal.resize(width, height)

    def signal_received(self, signal_name: str) -> None:
        number = getattr(signal, f"SIG{signal_name}", None)
        if self._transport is not None and isinstance(number, signal.Signals):
            signal_group(self._transport, number)

    def pause_writing(self) -> None:
        self._paused = True
        self._flow()

    def resume_writing(self) -> None:
        self._paused = False
        self._flow()

    # The program

    def printed(self, data: bytes, *, is_error: bool = False) -> None:
        """Pass on what the program printed."""
        if self._channel is None:
            return
        if is_error:
            self._channel.write_stderr(data)
        else:
            self._channel.write(data)

    def let_client(self, *, wait: bool) -> None:
        """Take no more from the client while the program does not read, or go on."""
        if self._channel is not None:
            self._channel.pause_reading() if wait else self._channel.resume_reading()

    async def _run(self) -> None:
        try:
            await self._lives()
        except ProcessError as error:
            self.printed(f"{error}\n".encode(), is_error=True)
            if self._channel is not None:
                self._channel.exit(126)
        finally:
            self._hang_up()
            self._sessions.discard(self)
            if self._channel is not None:
                self._channel.close()

    async def _lives(self) -> None:
        if self._term:
            self._terminal = Terminal(*self._size)
        env = self._folder.environment(self.host)
        mark = f"{MARK}={secrets.token_hex(16)}"
        env |= dict([mark.split("=")])
        if self._term:
            env["TERM"] = self._term
        self._transport, talk = await start_session(
            self._folder.argv(self._command),
            lambda: _Program(self),
            env=env,
            cwd=self._folder.home,
            terminal=self._terminal,
        )
        ended = False
        try:
            self._flow()
            self._feed()
            await talk.exited.wait()
            # Children in the background would hold the pipes open.
            signal_group(self._transport, signal.SIGKILL)
            await within_grace(talk.closed)
            ended = talk.closed.is_set() and self._terminal is None
            if not ended:
                end_marked(mark.encode())
            await talk.closed.wait()
            self._read_terminal()
            self._tell_end(self._transport.get_returncode())
        finally:
            if ended:
                self._transport.close()
            else:
                await end_session(self._transport, talk, mark.encode())

    def _tell_end(self, status: int | None) -> None:
        if self._channel is None:
            return
        if status is not None and status < 0:
            self._channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            self._channel.exit(status or 0)

    def _feed(self) -> None:
        """Hand on what the client sent, as far as the program takes it."""
        if self._terminal is not None:
            self._feed_terminal(self._terminal)
            return
        if self._transport is None:
            return
        pipe = self._transport.get_pipe_transport(0)
        if not isinstance(pipe, asyncio.WriteTransport) or pipe.is_closing():
            self._waiting.clear()
            return
        pipe.write(bytes(self._waiting))
        self._waiting.clear()
        if self._at_end:
            pipe.write_eof()

    def _feed_terminal(self, terminal: Terminal) -> None:
        loop = asyncio.get_running_loop()
        if self._at_end:
            self._at_end = False
            self._waiting += _EOF
        try:
            while self._waiting:
                del self._waiting[: os.write(terminal.near, self._waiting)]
        except BlockingIOError:
            self.let_client(wait=True)
            loop.add_writer(terminal.near, self._feed)
            return
        except OSError:
            self._waiting.clear()
        if loop.remove_writer(terminal.near):
            self.let_client(wait=False)

    def _read_terminal(self) -> None:
        if self._terminal is None:
            return
        # It is at an end, or nothing more is there: the end itself is seen by the exit.
        with contextlib.suppress(OSError):
            while data := os.read(self._terminal.near, READ_BYTES):
                self.printed(data)
                if self._paused:
                    return

    def _flow(self) -> None:
        """Read from the program, or let it wait for a client that is slow."""
        if self._terminal is not None:
            loop = asyncio.get_running_loop()
            if self._paused:
                loop.remove_reader(self._terminal.near)
            else:
                loop.add_reader(self._terminal.near, self._read_terminal)
        elif self._transport is not None:
            for number in (1, 2):
                pipe = self._transport.get_pipe_transport(number)
                if isinstance(pipe, asyncio.ReadTransport) and not pipe.is_closing():
                    pipe.pause_reading() if self._paused else pipe.resume_reading()

    def _hang_up(self) -> None:
        terminal, self._terminal = self._terminal, None
        if terminal is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(terminal.near)
            loop.remove_writer(terminal.near)
            terminal.close()
