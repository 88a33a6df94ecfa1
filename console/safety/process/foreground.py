"""A program that has the terminal to itself for a while, as a job of a shell has it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from console.safety.process.start import ProcessError

KEPT_BYTES: Final = 4096
"""Of what it complained about: the end of it."""
_ENDS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_HANDLERS_EVERY_S: Final = 0.2
_LAST_WORDS_S: Final = 0.5
_KILL_AFTER_S: Final = 2.0


class Foreground(msgspec.Struct, frozen=True):
    """How a program in the foreground ended."""

    exit_status: int
    """As the program gave it, negative for a signal."""
    complaints: bytes = b""
    """The end of what it wrote to its standard error, where that was kept."""


def in_foreground(
    argv: Sequence[str], *, terminal: int, keep_complaints: bool = False, cwd: Path | None = None
) -> Foreground:
    """Run `argv` on the terminal until it ends; returns with the terminal's modes as before.

    It blocks its thread, the main one. The program is a process group of its own and the
    terminal's foreground, so that ctrl+c and ctrl+z in it are its own affair; stopped, it is
    continued at once, since there is no shell that would do so. A signal that is to end us
    ends the program first.

    Args:
        terminal: the descriptor of our controlling terminal.
        keep_complaints: pass its standard error on through us and keep the end of it. Not for
            a program that draws there, as shells do.

    Raises:
        ProcessError: there is no such program, or it may not be run.
    """
    if isinstance(argv, str | bytes) or not argv or not all(isinstance(a, str) for a in argv):
        raise TypeError("a program is started by a list of arguments, never by one string")
    with _modes_kept(terminal), _ended_with_us() as began:
        program = _start(argv, terminal, keep_complaints, cwd)
        began(program)
        tee = _Tee(program.stderr, terminal) if program.stderr is not None else None
        status = _wait_in_thread(program, terminal)
        complaints = tee.end() if tee is not None else b""
    return Foreground(status, complaints)


def _start(
    argv: Sequence[str], terminal: int, keep_complaints: bool, cwd: Path | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE if keep_complaints else terminal,
            cwd=cwd,
            process_group=0,
        )
    except FileNotFoundError as error:
        raise ProcessError(f"there is no program {argv[0]!r}") from error
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProcessError(f"cannot run {argv[0]!r}: {cause}") from error


def _wait_in_thread(program: subprocess.Popen[bytes], terminal: int) -> int:
    """Wait for its end, and let signal handlers run meanwhile.

    The kernel gives a signal to any thread, Python runs its handler in the main one, and what
    that waits for in the kernel is not interrupted by it.
    """
    waiter = threading.Thread(target=_wait, args=(program, terminal), name="foreground")
    waiter.start()
    while waiter.is_alive():
        waiter.join(_HANDLERS_EVERY_S)
    assert program.returncode is not None
    return program.returncode


def _wait(program: subprocess.Popen[bytes], terminal: int) -> None:
    """Wait for its end, and have it go on whenever it was stopped.

    It may read before it has the terminal, and is then stopped for it: that needs no race to
    be won.
    """
    _give(terminal, program.pid)
    while True:
        _, told = os.waitpid(program.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(told):
            program.returncode = os.waitstatus_to_exitcode(told)
            return
        _give(terminal, program.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGCONT)


def _give(terminal: int, group: int) -> None:
    with _not_stopped_for_it(), contextlib.suppress(OSError):  # the terminal may be gone
        os.tcsetpgrp(terminal, group)


@contextlib.contextmanager
def _not_stopped_for_it() -> Iterator[None]:
    """Who is not in the foreground may not change the terminal, unless this is blocked.

    To ignore it would have the program ignore it too.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _modes_kept(terminal: int) -> Iterator[None]:
    """The terminal's modes and foreground are put back, whatever the program did to them."""
    modes = None
    with contextlib.suppress(termios.error):
        modes = termios.tcgetattr(terminal)
    try:
        yield
    finally:
        _give(terminal, os.getpgrp())
        if modes is not None:
            with _not_stopped_for_it(), contextlib.suppress(termios.error):
                # What was typed and not read was for the program that is gone.
                termios.tcsetattr(terminal, termios.TCSAFLUSH, modes)


@contextlib.contextmanager
def _ended_with_us() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Whoever handles these signals hears of them too, once the program has ended.

    It begins before the program does, which is then handed in: a signal that comes while it
    is being started ends it too.
    """
    killers: list[threading.Timer] = []
    started: list[subprocess.Popen[bytes]] = []
    told: list[object] = []

    def began(program: subprocess.Popen[bytes]) -> None:
        started.append(program)
        if told:
            end()

    def end(*number: object) -> None:
        told.extend(number)
        if not started:
            return
        program = started[0]
        _signal(program, signal.SIGHUP)
        _signal(program, signal.SIGCONT)
        killer = threading.Timer(_KILL_AFTER_S, _signal, (program, signal.SIGKILL))
        killer.daemon = True
        killer.start()
        killers.append(killer)

    before = {number: signal.signal(number, end) for number in _ENDS}
    try:
        yield began
    finally:
        for killer in killers:
            killer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _signal(program: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if program.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, number)


class _Tee:
    """Passes on what comes out of a pipe, and keeps the end of it."""

    def __init__(self, pipe: IO[bytes], terminal: int) -> None:
        self._pipe = pipe
        self._terminal = terminal
        self._kept = b""
        self._thread = threading.Thread(target=self._run, name="complaints", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        while True:
            try:
                came = os.read(self._pipe.fileno(), 4096)
                if not came:
                    return
                self._kept = (self._kept + came)[-KEPT_BYTES:]
                os.write(self._terminal, came)
            except (OSError, ValueError):
                return

    def end(self) -> bytes:
        """What was kept; what a child of it still holds the pipe for is not waited for."""
        self._thread.join(_LAST_WORDS_S)
        if not self._thread.is_alive():
            self._pipe.close()
        return self._kept
