"""A program on a pseudo-terminal, watched from outside: what it shows, and when."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from types import TracebackType

SIZE = (120, 36)
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<=>]*[A-Za-z~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|.)")


class Terminal:
    """Starts the program when it is made; ends it when the block is left."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.started = time.monotonic()
        self._text = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            columns, lines = SIZE
            ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
            os.execvpe(argv[0], list(argv), {**os.environ, **usual, **(env or {})})

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._fd)
        os.waitpid(self.pid, 0)

    def wait_for(self, text: str, timeout_s: float = 30.0) -> float:
        """Seconds from the start until `text` has been written.

        Raises:
            TimeoutError: it has not come; the message has what came last.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if select.select([self._fd], [], [], 0.5)[0]:
                try:
                    self._text += os.read(self._fd, 65536)
                except OSError:
                    break
                if text.encode() in _ESCAPES.sub(b"", self._text):
                    return time.monotonic() - self.started
        raise TimeoutError(f"{text!r} was not shown; at the end {self._text[-300:]!r}")

    def send(self, keys: str) -> None:
        """Press `keys`; what was shown before is forgotten."""
        self._text = b""
        os.write(self._fd, keys.encode())

    def drain(self, seconds: float) -> int:
        """Read what comes for so long; how many bytes it was."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                count += len(os.read(self._fd, 65536))
        return count

    def resident_mib(self) -> float:
        """Its resident set now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")
