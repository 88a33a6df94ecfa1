"""How an app of ours ends when it is told to from outside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from typing import Any, Final

from textual.app import App

SIGNALS: Final = {
    signal.SIGHUP: 129,
    signal.SIGINT: 130,
    signal.SIGQUIT: 131,
    signal.SIGTERM: 143,
}
"""Signals that end it, with the exit code that a shell expects for them."""
END_WITHIN_S: Final = 20.0
"""Past this an orderly end hangs: a console that nobody sees must not watch on for days."""
_RESTORE_S: Final = 1.0


class EndsInOrder(App[Any]):
    """An app to derive from: a signal at any time leaves the terminal as it was."""

    _is_up = False
    _told_early: int | None = None

    def on_load(self) -> None:
        """Before the terminal is touched: no signal may find it changed and leave it so."""
        loop = asyncio.get_running_loop()
        for number, code in SIGNALS.items():
            loop.add_signal_handler(number, self._end, code)

    def on_mount(self) -> None:
        self._is_up = True
        if self._told_early is not None:
            self._end(self._told_early)

    def _end(self, code: int) -> None:
        # Textual 8.2.8 crashes when it is to exit while it still composes.
        if self._is_up:
            last_resort = threading.Timer(END_WITHIN_S, self._end_at_once, (code,))
            last_resort.daemon = True
            last_resort.start()
            self.exit(return_code=code)
        else:
            self._told_early = code

    def _end_at_once(self, code: int) -> None:
        """Give the terminal back as far as that goes, and end whatever still runs."""
        restoring = threading.Thread(target=self._restore, daemon=True)
        restoring.start()
        restoring.join(_RESTORE_S)
        os._exit(code)

    def _restore(self) -> None:
        with contextlib.suppress(Exception):
            if self._driver is not None:
                self._driver.stop_application_mode()
