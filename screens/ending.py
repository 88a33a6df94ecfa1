"""How an app of ours ends when it is told to from outside."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, Final

from textual.app import App

SIGNALS: Final = {
    signal.SIGHUP: 129,
    signal.SIGINT: 130,
    signal.SIGQUIT: 131,
    signal.SIGTERM: 143,
}
"""Signals that end it, with the exit code that a shell expects for them."""


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
            self.exit(return_code=code)
        else:
            self._told_early = code
