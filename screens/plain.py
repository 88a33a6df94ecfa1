"""Text in the plain terminal, where its own mouse selects it, until enter."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from console.safety.text import visible
from widgets.driver import OncallDriver

if TYPE_CHECKING:
    from screens.app import OncallApp

_LOOK_S: Final = 0.2
_ENDS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def show_plain(app: OncallApp, text: str) -> None:
    """Print `text` with its line breaks in front of the console, and come back by enter.

    It stays in the terminal's history. The engine goes on meanwhile.
    """
    driver = app._driver
    if not isinstance(driver, OncallDriver):
        app.say("this terminal cannot be lent", warning=True)
        return
    safe = visible(text, lines=True)

    def use() -> None:
        driver.print_plain(f"\n{safe}\n\noncall: select what you need; enter comes back")
        _wait_for_enter(driver.fileno)

    driver.lend(use, "")
    app.forget_keys()


def _wait_for_enter(terminal: int) -> None:
    """Until a line was typed, the terminal is closed, or a signal is to end us."""
    with _line_only(terminal), _told_to_end() as told:
        while not told:
            try:
                if not select.select([terminal], [], [], _LOOK_S)[0]:
                    continue
                os.read(terminal, 4096)
            except OSError:  # it was closed: who reads keys tells the app
                pass
            return


@contextlib.contextmanager
def _line_only(terminal: int) -> Iterator[None]:
    """No key is a signal: ctrl+c is what hands press that want to copy."""
    try:
        before = termios.tcgetattr(terminal)
    except termios.error:
        yield
        return
    plain = list(before)
    plain[3] = (before[3] | termios.ICANON) & ~(termios.ISIG | termios.ECHO)
    try:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSADRAIN, plain)
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _told_to_end() -> Iterator[list[int]]:
    """What signals came that are to end us; the loop hears of them too, once it runs again."""
    told: list[int] = []

    def hear(number: int, _: object) -> None:
        told.append(number)

    before = {number: signal.signal(number, hear) for number in _ENDS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
