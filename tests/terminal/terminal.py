"""A terminal for tests: a program on a pseudo-terminal, read as a person's terminal reads it."""

from __future__ import annotations

import contextlib
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
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import pyte

from tests.spawn import PROJECT

WAIT_S: Final = 30.0
"""Far longer than anything takes: its end means that the wait was in vain."""
END_S: Final = 15.0
QUIET_S: Final = 10.0
ONCALL: Final = (sys.executable, "-m", "console")

# pyte takes these for text; no terminal that a person uses does.
_KITTY: Final = re.compile(rb"\x1b\[[<>=][0-9;]*u|\x1b\[\?[0-9]+\$p")
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[0-9;?<>=$]*)?$")
_PASSED_ON: Final = ("PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")


class Terminal:
    """Starts `argv` as the leader of a session of its own; ends it when the block is left."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        home: Path,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str | None] | None = None,
        controlling: bool = True,
    ) -> None:
        """
        Args:
            home: where its home and XDG folders lie.
            size: columns and lines.
            env: changes to a plain environment; `None` takes a name out.
            controlling: whether the terminal is the session's own, so that closing it raises
                SIGHUP; without, nobody is told but by what reads and writes return.
        """
        self.columns, self.rows = size
        self.raw = bytearray()
        """Every byte that the program has sent."""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._half = b""
        self._text: str | None = None
        """`text`, unless something has come since; to make it costs as much as to draw it."""
        self.remembers = False
        """Whether every screen since the last key is kept, for `wait_said`."""
        self._passed: list[str] = []
        self.master, self.slave = pty.openpty()
        self.resize(*size)

        def take_terminal() -> None:
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.program = subprocess.Popen(
            argv,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=PROJECT,
            env=environment(home, env),
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        self.pid = self.program.pid

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.program.wait(END_S)
        self.close()
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    # The hands

    def type(self, text: str | bytes) -> None:
        """Send keys, in one write."""
        self._passed.clear()
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def escape(self) -> None:
        """Press escape, and let the time pass after which it is not the start of a sequence."""
        self.type("\x1b")
        self.wait_quiet(0.3)

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size, as dragging its corner does."""
        self.columns, self.rows = columns, rows
        self._text = None
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """Close the window: nothing is read or typed any more."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def close_all(self) -> None:
        """Close the window as a dying link does: our end of the program's side goes as well."""
        os.close(self.slave)
        self.slave = -1
        self.close()

    # The eyes

    @property
    def lines(self) -> list[str]:
        """What is on the screen, spaces at the end left out."""
        return self.text.split("\n")

    @property
    def text(self) -> str:
        """`lines` in one string."""
        if self._text is None:
            rows = (self.screen.buffer[row] for row in range(self.screen.lines))
            # The second half of a wide character is empty there.
            cells = ("".join(row[x].data for x in range(self.screen.columns)) for row in rows)
            self._text = "\n".join(line.rstrip() for line in cells)
        return self._text

    def read(self, seconds: float = 0.0) -> bool:
        """Take what the program sends within `seconds`; whether anything came."""
        if self.master < 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            came = os.read(self.master, 65536)
        except OSError:  # the program and everything of it has gone
            return False
        self.raw += came
        self._text = None
        came = self._half + came
        unfinished = _UNFINISHED.search(came)
        end = unfinished.start() if unfinished else len(came)
        self._half = came[end:]
        self._stream.feed(_KITTY.sub(b"", came[:end]))
        if self.remembers:
            self._passed.append(self.text)
        return bool(came)

    def wait_for(self, shown: str | Callable[[], bool], wait_s: float = WAIT_S) -> None:
        """Read until `shown` stands on the screen, or holds.

        Raises:
            AssertionError: it did not within `wait_s`; with the screen as it is then.
        """

        def holds() -> bool:
            return shown in self.text if isinstance(shown, str) else shown()

        end = time.monotonic() + wait_s
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"{shown!r} did not come; the screen:\n{self.text}")
            if not self.read(0.05) and self.program.poll() is not None and not self.read():
                if holds():
                    return
                raise AssertionError(f"ended with {self.program.returncode}:\n{self.text}")

    def wait_said(self, shown: str, wait_s: float = WAIT_S) -> None:
        """Read until `shown` stands on the screen; where it `remembers`, or has stood there since
        the last key.

        For what is said for a few seconds: on a busy machine it is gone before the screen rests.
        """
        self.wait_for(lambda: any(shown in each for each in (self.text, *self._passed)), wait_s)

    def wait_quiet(self, quiet_s: float = 0.3, most_s: float = QUIET_S) -> None:
        """Read until nothing has come for `quiet_s`, or `most_s` are over: clocks tick on."""
        end = time.monotonic() + most_s
        while self.read(quiet_s) and time.monotonic() < end:
            pass

    def wait_end(self, wait_s: float = END_S) -> int:
        """Read until the program has ended; its exit code, negative for a signal."""
        end = time.monotonic() + wait_s
        while self.program.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it goes on; the screen:\n{self.text}")
            if not self.read(0.05):
                time.sleep(0.02)
        while self.read():
            pass
        code = self.program.returncode
        assert isinstance(code, int)
        return code

    # What is left behind

    def cpu_s(self) -> float:
        """Processor time that it has used so far, all threads, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def left_behind(self) -> list[str]:
        """What of its session still runs, by its command line."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.getsid(int(folder.name)) == self.pid and int(folder.name) != self.pid:
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
        return [command for command in found if command]  # one that has none has ended

    def not_restored(self) -> list[str]:
        """What the program has changed of the terminal and not put back."""
        raw = bytes(self.raw)
        wrong = []
        for mode in (b"1049", b"1000", b"1003", b"1006", b"1015", b"1004", b"2004", b"2048"):
            if raw.rfind(b"\x1b[?%bh" % mode) > raw.rfind(b"\x1b[?%bl" % mode):
                wrong.append(f"mode {mode.decode()}")
        for mode in (b"25", b"7"):
            if raw.rfind(b"\x1b[?%bl" % mode) > raw.rfind(b"\x1b[?%bh" % mode):
                wrong.append(f"mode {mode.decode()}")
        if raw.count(b"\x1b[<u") < len(re.findall(rb"\x1b\[>[0-9]+u", raw)):
            wrong.append("kitty keyboard")
        flags = termios.tcgetattr(self.slave)[3]
        for name in ("ECHO", "ICANON", "ISIG"):
            if not flags & getattr(termios, name):
                wrong.append(name)
        return wrong


def environment(home: Path, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """The environment of a person at a plain, colourful terminal, at home in `home`."""
    env: dict[str, str | None] = {name: os.environ.get(name) for name in _PASSED_ON}
    env |= {
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/sh",
        "USER": "kai",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    env |= changes or {}
    return {name: value for name, value in env.items() if value is not None}
