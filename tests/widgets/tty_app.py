"""A program for a pseudo-terminal: an app on our driver that does what its argument says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.strip import Strip

from tests.hostile import ATTACKS
from widgets.driver import OncallDriver
from widgets.line_view import LineView

READY = "READY"
TICKS = 400
"""Repaints of a flood: more bytes than may wait for a terminal."""


class Leaky(LineView):
    """Breaks the rule: draws text that did not come through the one door."""

    DEFAULT_CSS = "Leaky { height: 1fr; }"
    ticks = 0

    def line(self, y: int, width: int) -> Strip:
        if y == 0:
            return Strip([Segment(f"{READY} {self.ticks}".ljust(width))], width)
        text = ATTACKS[(y + self.ticks) % len(ATTACKS)]
        return Strip([Segment(text.encode("utf-8", "replace").decode())], width)


class TtyApp(App[Any]):
    """Shows hostile text; what its argument says it does beside that."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, what: str) -> None:
        super().__init__(driver_class=OncallDriver)
        self.what = what
        self.told = False

    def compose(self) -> ComposeResult:
        yield Leaky()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: self.exit(return_code=143))
        driver = self._driver
        if self.what == "copy" and isinstance(driver, OncallDriver):
            self.copy_to_clipboard("not asked for")
            driver.copy("asked for")
        if self.what in ("flood", "flood-and-stay"):
            self.set_interval(0.005, self.flood)
        if self.what == "stay-flooding":
            self.set_interval(0.01, self.query_one(Leaky).refresh)

    def flood(self) -> None:
        """Repaint everything, again and again, and leave when that was done often enough."""
        view = self.query_one(Leaky)
        if view.ticks < TICKS:
            view.ticks += 1
            view.refresh()
        elif self.what == "flood":
            self.exit(return_code=7)
        elif not self.told:
            self.told = True
            os.write(int(os.environ["DONE_FD"]), b".")

    def on_key(self) -> None:
        self.exit(return_code=5)


def main() -> None:
    """Run, and tell by the exit code how it ended."""
    if "ignore-hangup" in sys.argv:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    app = TtyApp(sys.argv[1])
    app.run(mouse=True)
    sys.stdout.flush()
    os._exit(app.return_code or 0)


if __name__ == "__main__":
    main()
