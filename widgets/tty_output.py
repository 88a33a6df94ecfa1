"""Writing to the terminal without ever waiting for it.

Textual's own writer blocks the event loop once thirty writes wait, which freezes keys, timers
and signal handlers as long as an SSH link stalls. Here a link that stalls costs frames: they
are left out, and once the terminal takes bytes again one whole repaint makes up for them.
"""

from __future__ import annotations

import io
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

MAX_WAITING_BYTES: Final = 512 * 1024
"""What may wait for the terminal: the first paint of a large screen is 300 kB."""
_STALL_POLL_S: Final = 0.5


class TtyOutput(io.TextIOBase):
    """A file-like for Textual's writer thread; a thread of its own does the writing."""

    def __init__(
        self, fd: int, *, on_gone: Callable[[], None], on_caught_up: Callable[[], None]
    ) -> None:
        """
        Args:
            fd: the terminal.
            on_gone: called once, from the thread, when it takes no bytes any more.
            on_caught_up: called from the thread when frames were left out and the terminal
                has taken all that waited.
        """
        super().__init__()
        self._fd = fd
        self._on_gone = on_gone
        self._on_caught_up = on_caught_up
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._writing = False
        self._left_out = False
        self._gone = False
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="tty-output", daemon=True).start()

    @property
    def gone(self) -> bool:
        """Whether the terminal was closed."""
        return self._gone

    def write(self, text: str, /) -> int:
        """Queue `text`; leave it out where too much waits already. Never blocks."""
        data = text.encode("utf-8", "replace")
        with self._change:
            if self._gone:
                pass
            elif self._bytes + len(data) > MAX_WAITING_BYTES:
                self._left_out = True
            else:
                self._waiting.append(data)
                self._bytes += len(data)
                self._change.notify_all()
        return len(text)

    def flush(self) -> None:
        """Nothing to do: the thread writes as soon as it can."""

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def settle(self, timeout_s: float) -> bool:
        """Wait until all is written, `timeout_s` at most; whether it is."""
        with self._change:
            return self._change.wait_for(
                lambda: self._gone or not (self._waiting or self._writing), timeout_s
            )

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._waiting))
                data = b"".join(self._waiting)
                self._waiting.clear()
                self._writing = True
            error = self._send(data)
            with self._change:
                self._writing = False
                self._bytes -= len(data)
                caught_up = self._left_out and not self._waiting
                self._left_out = self._left_out and not caught_up
                self._gone = error
                self._change.notify_all()
            if error:
                self._on_gone()
                return
            if caught_up:
                self._on_caught_up()

    def _send(self, data: bytes) -> bool:
        """Write all of `data`; whether the terminal is gone."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except InterruptedError:
                continue
            except BlockingIOError:
                # The shell's side may have made the shared descriptor non-blocking.
                select.select([], [self._fd], [], _STALL_POLL_S)
            except OSError:
                return True
        return False
