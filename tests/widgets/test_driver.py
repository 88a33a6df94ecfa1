"""The driver on a real pseudo-terminal: what reaches it, and what happens when it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import pyte
import pytest

from tests.widgets.test_escape_filter import ALLOWED
from tests.widgets.tty_app import READY, TICKS

ROOT: Final = Path(__file__).parents[2]
DEADLINE_S: Final = 20


class Terminal:
    """A program on a pseudo-terminal, and what it wrote."""

    def __init__(self, *arguments: str, stdin: int | None = None, done: int | None = None) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environment.pop("NO_COLOR", None)
        if done is not None:
            environment["DONE_FD"] = str(done)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.widgets.tty_app", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            pass_fds=() if done is None else (done,),
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0) and None,
        )
        os.close(slave)
        self.wrote = b""

    def read_until(self, found: Callable[[bytes], bool]) -> None:
        """Read until `found` says that what was written so far is enough."""
        while not found(self.wrote):
            ready, _, _ = select.select([self.master], [], [], DEADLINE_S)
            assert ready, f"only {self.wrote[-200:]!r} came"
            self.wrote += os.read(self.master, 65536)

    def drain(self) -> None:
        """Read what is still to come until the other side is closed."""
        try:
            while select.select([self.master], [], [], DEADLINE_S)[0]:
                data = os.read(self.master, 65536)
                if not data:
                    return
                self.wrote += data
        except OSError:
            return

    def close(self) -> None:
        """Close the terminal under the program."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def ended(self) -> int:
        """Wait for the program to end by itself; its exit code."""
        return self.process.wait(DEADLINE_S)


@pytest.fixture
def open_terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def opener(
        *arguments: str, stdin: IO[bytes] | None = None, done: int | None = None
    ) -> Terminal:
        pipe = None if stdin is None else stdin.fileno()
        terminal = Terminal(*arguments, stdin=pipe, done=done)
        opened.append(terminal)
        return terminal

    yield opener
    for terminal in opened:
        terminal.process.kill()
        terminal.process.wait()
        terminal.close()


Opener = Callable[..., Terminal]


def ready(wrote: bytes) -> bool:
    return READY.encode() in wrote and b"\x1b[?2004h" in wrote


def test_only_listed_sequences_reach_the_terminal(open_terminal: Opener) -> None:
    terminal = open_terminal("wait")
    terminal.read_until(ready)
    os.write(terminal.master, b"q")
    terminal.drain()
    assert terminal.ended() == 5
    text = terminal.wrote.decode()
    left = ALLOWED.sub("", text)
    assert "\x1b" not in left
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", left)
    screen = pyte.Screen(100, 30)
    pyte.Stream(screen).feed(text)
    assert screen.title == ""
    switched = dict(re.findall(r"\x1b\[\?(\d+)([hl])", text))
    assert switched.pop("25") == "h" and switched.pop("7") == "h"
    assert switched.pop("2026", "l") == "l"
    assert set(switched.values()) == {"l"}, "every mode is taken back at the end"


def test_the_clipboard_is_filled_by_copy_only(open_terminal: Opener) -> None:
    terminal = open_terminal("copy")
    terminal.read_until(lambda wrote: ready(wrote) and b"\x1b]52;" in wrote)
    os.write(terminal.master, b"q")
    terminal.drain()
    assert re.findall(rb"\x1b\]52;c;([^\x07]*)\x07", terminal.wrote) == [b"YXNrZWQgZm9y"]


def test_a_closed_terminal_ends_the_program_once_without_a_traceback(
    open_terminal: Opener,
) -> None:
    terminal = open_terminal("wait", "ignore-hangup")
    terminal.read_until(ready)
    terminal.close()
    assert terminal.ended() == 129


def test_a_closed_terminal_that_is_written_to_ends_the_program(open_terminal: Opener) -> None:
    terminal = open_terminal("stay-flooding", "ignore-hangup")
    terminal.read_until(ready)
    terminal.close()
    assert terminal.ended() == 129


def test_input_that_ends_ends_the_program_and_it_does_not_spin(open_terminal: Opener) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as stdin:  # noqa: PTH123 - a descriptor, not a path
        terminal = open_terminal("wait", stdin=stdin)
        terminal.read_until(ready)
        os.close(writer)
        terminal.drain()
        assert terminal.ended() == 129


def test_a_terminal_that_stalls_does_not_stop_the_program(open_terminal: Opener) -> None:
    """It repaints a screen that nobody reads, many times, and goes on to its end."""
    terminal = open_terminal("flood")
    terminal.read_until(ready)
    assert terminal.ended() == 7


def test_a_program_on_a_stalled_terminal_still_obeys_a_signal(open_terminal: Opener) -> None:
    done, told = os.pipe()
    terminal = open_terminal("flood-and-stay", done=told)
    terminal.read_until(ready)
    assert os.read(done, 1) == b"."
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 143
    os.close(done)
    os.close(told)


def test_after_a_stall_the_terminal_shows_the_newest_frame(open_terminal: Opener) -> None:
    """Frames that nobody took are left out; what comes then makes up for them."""
    done, told = os.pipe()
    terminal = open_terminal("flood-and-stay", done=told)
    terminal.read_until(ready)
    assert os.read(done, 1) == b"."
    terminal.read_until(lambda wrote: f"{READY} {TICKS}".encode() in wrote)
    os.write(terminal.master, b"q")
    terminal.drain()
    assert terminal.ended() == 5
    assert terminal.wrote.count(READY.encode()) < TICKS
    os.close(done)
    os.close(told)
