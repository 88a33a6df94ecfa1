"""Our driver for Textual: nothing unlisted reaches the terminal, and its end is our end.

Give it to the app: `App.__init__(driver_class=OncallDriver)`. Beside Textual's own it

- filters what is written (`widgets.escape_filter`), down to ASCII where the locale is;
- never blocks on a terminal that stalls (`widgets.tty_output`);
- stops and continues as a shell's job does (`widgets.job_control`);
- ends the app once when the terminal is closed. Textual 8.2.8 spins at 100 % of a core when
  its input ends, and dies with a traceback or hangs when its output fails.
"""

from __future__ import annotations

import base64
import os
import selectors
import sys
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar, cast

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from widgets.desktop import Through, Way, notification
from widgets.escape_filter import filtered
from widgets.job_control import JobControl
from widgets.locale import in_ascii, takes_ascii_alone
from widgets.tty_output import TtyOutput

GONE_EXIT_CODE: Final = 129
"""Of a process whose terminal was closed: what SIGHUP would have made of it."""
MAX_CLIPBOARD_BYTES: Final = 74_994
"""tmux and xterm take no more than this of base64 in one sequence."""
_BELL: Final = "\x07"
_ESCAPE: Final = b"\x1b"
_BURST_GAP_S: Final = 0.02
_MAX_BURST_BYTES: Final = 1024 * 1024
_LAST_WORDS_S: Final = 1.0
_PLAIN_TERMINAL: Final = (
    *("\x1b[?1049l", "\x1b[?47l", "\x1b[?1047l", "\x1b[!p", "\x1b[?7h", "\x1b[?25h", "\x1b[r"),
    *("\x1b[m", "\x1b(B", "\x0f", "\x1b[?1l", "\x1b>", "\x1b[?2004l", "\x1b[?1004l", "\x1b[?5l"),
    *(f"\x1b[?{mode}l" for mode in (9, 1000, 1002, 1003, 1005, 1006, 1015, 1016, 2026)),
    *("\x1b[=0u", "\x1b[4l", "\x1b[20l"),
)
"""Takes back what a program that was killed may have left: another screen, a mouse that
reports, pastes in brackets, another character set, a window of lines, keys in other words."""

Answer = TypeVar("Answer")


class OncallDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with the promises above."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        error = sys.__stderr__
        assert error is not None, "the app is opened on a terminal"
        self._gone = False
        self._output = TtyOutput(
            error.fileno(),
            on_gone=self._tell_gone,
            on_caught_up=lambda: self._call(self._repaint),
        )
        self._file = cast(Any, self._output)
        self._ascii_alone = takes_ascii_alone(os.environ)
        self._jobs = JobControl(
            self._loop, self.fileno, self.suspend_application_mode, self._come_back
        )

    @property
    def terminal_gone(self) -> bool:
        """Whether the terminal was closed under the app."""
        return self._gone or self._output.gone

    def write(self, data: str) -> None:
        """Write what is allowed of `data`, and what the locale has; a lone bell is."""
        if data != _BELL:
            data = filtered(data)
        super().write(in_ascii(data) if self._ascii_alone else data)

    def copy(self, text: str) -> bool:
        """Ask the terminal to put `text` into its clipboard (OSC 52); whether it was sent.

        The only way for a clipboard sequence to the terminal. `False` for what is too long.
        Terminals do not answer, so that nobody knows whether it arrived.
        """
        encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        if len(encoded) > MAX_CLIPBOARD_BYTES:
            return False
        super().write(f"\x1b]52;c;{encoded}\x07")
        return True

    def ring(self) -> None:
        """Ring the terminal's bell."""
        super().write(_BELL)

    def call_out(self, title: str, text: str, way: Way, through: Through) -> None:
        """Ask the terminal for a desktop notification; the only way for one to it.

        Terminals do not answer, so that nobody knows whether it was shown.
        """
        asked = notification(title, text, way, through)
        if asked:
            super().write(in_ascii(asked) if self._ascii_alone else asked)

    def stop_job(self) -> bool:
        """Go to the shell until `fg`; whether there was a shell to go to."""
        return self._jobs.stop()

    def lend(self, use: Callable[[], Answer], words: str) -> Answer:
        """Give the terminal to `use` until it returns, and take it back as we found it.

        Nothing typed before reaches it, and nothing typed at its end reaches us. `words` is
        a line of safe text that stands above what `use` prints.
        """
        self.suspend_application_mode()
        self._output.write(f"{in_ascii(words) if self._ascii_alone else words}\r\n")
        self._output.settle(_LAST_WORDS_S)
        try:
            return use()
        finally:
            self._output.write("".join(_PLAIN_TERMINAL))
            self._output.settle(_LAST_WORDS_S)
            with suppress(termios.error):
                if self.attrs_before is not None:
                    termios.tcsetattr(self.fileno, termios.TCSAFLUSH, self.attrs_before)
                termios.tcflush(self.fileno, termios.TCIFLUSH)
            self.resume_application_mode()
            self._repaint()

    def print_plain(self, text: str) -> None:
        """Print safe text while the terminal is lent, however long it is and slow the link."""
        for line in text.split("\n"):
            self._output.write(f"{in_ascii(line) if self._ascii_alone else line}\r\n")
            self._output.settle(_LAST_WORDS_S)

    def close(self) -> None:
        """Write what waits, for a second at most: a stalled terminal must not keep us."""
        super().close()
        self._output.settle(_LAST_WORDS_S)

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until the terminal ends."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    keys = self._read()
                    if not keys:
                        self._tell_gone()
                        break
                    if len(keys) > 1 and not keys.startswith(_ESCAPE):
                        keys += self._rest_of_burst(selector)
                    self._hand_over(list(parser.feed(decode(keys))))
                self._hand_over(list(parser.tick()))
        with suppress(EOFError, ParseError):
            list(parser.feed(""))

    def _rest_of_burst(self, selector: selectors.BaseSelector) -> bytes:
        """What a paste without brackets goes on with: the kernel hands it out in pieces.

        Hands do not press two keys at once, so that nobody waits for this.
        """
        rest = b""
        while len(rest) < _MAX_BURST_BYTES and selector.select(_BURST_GAP_S):
            piece = self._read()
            if not piece:
                break  # told by the next read too
            rest += piece
        return rest

    def _hand_over(self, batch: list[Message]) -> None:
        """Give the app a batch whole, so that it sees what came together before it acts."""
        if batch:
            self._call(lambda: self._process(batch))

    def _process(self, batch: list[Message]) -> None:
        for event in batch:
            self.process_message(event)

    def _read(self) -> bytes:
        """Some bytes of input; none when the terminal was closed."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _tell_gone(self) -> None:
        if not self._gone:
            self._gone = True
            self._call(self._end_app)

    def _call(self, what: Any) -> None:
        """Have the app's loop call `what`, from any thread."""
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(what)

    def _end_app(self) -> None:
        self._app.exit(return_code=GONE_EXIT_CODE)

    def _come_back(self) -> None:
        self.resume_application_mode()
        self._app.post_message(self.SignalResume())
        self._repaint()

    def _repaint(self) -> None:
        if self._app.is_running and not self.terminal_gone:
            self._app.refresh(layout=True)
