"""Calling somebody who looks elsewhere: the bell, a desktop notification, the bottom line."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from config.schema import Notice
from console.engine.notice import Newcomers, News, Turns
from console.model.update import Update
from console.model.words import count_text
from console.safety.process import ProcessError, run
from console.safety.text import visible
from console.triage.filter import Filter, FilterFault, parse
from widgets.desktop import Through, Way, through_of, way_of, way_of_client
from widgets.driver import OncallDriver

if TYPE_CHECKING:
    from screens.app import OncallApp

TMUX_S: Final = 5.0
_ASKED: Final = "#{client_termname}\n#{client_termtype}\n#{allow-passthrough}"


class Outside(msgspec.Struct, frozen=True):
    """How the terminal is reached at this moment."""

    way: Way
    through: Through
    held_back: str = ""
    """What is known to keep a notification from it."""


class Notices:
    """Looks for rows that are news, and calls."""

    def __init__(self, app: OncallApp, wanted: Notice) -> None:
        self._app = app
        self._on = True
        self._news: deque[News] = deque()
        self._matching = 0
        self._focused: bool | None = None
        self.take_settings(wanted)

    def take_settings(self, wanted: Notice) -> None:
        """Go by these from now on; what matches already is no news."""
        self.fault = ""
        try:
            found = parse(wanted.filter)
        except FilterFault as fault:
            found = Filter()
            self.fault = f"notice.filter cannot be read, so no row is told of: {fault}"
        self._wanted = wanted
        self._newcomers = Newcomers(found)
        self._turns = Turns(wanted.every)

    def focus(self, *, there: bool) -> None:
        """The terminal says whether it has the focus. Many never do: then it is not known."""
        self._focused = there

    def look(self, update: Update) -> None:
        """Find what is news in a new picture of the world; `tick` tells of it.

        Called where updates are published, mostly on the engine's thread: a filter over
        10,000 alerts takes 15 to 50 ms, for which no key should wait.
        """
        self._news.append(self._newcomers.look(update))

    def tick(self) -> None:
        """Take in what was found, and call where the time has come."""
        while self._news:
            news = self._news.popleft()
            self._turns.take(news)
            self._matching = len(news.matching)
            if news.already is not None:
                self._say_start(news.already)
        call = self._turns.due(self._app.clock.now())
        if call is None or not self._on:
            return
        self._app.say(call.text, warning=True)
        self._call(call.text)

    def command(self, word: str) -> None:
        """`:notice on`, `off`, `test`; without a word, say how it stands."""
        match word:
            case "on" | "off":
                self._on = word == "on"
                self._turns.forget()
                self._app.say(self._stands())
            case "test":
                self._app.run_worker(self._test(), exit_on_error=False)
            case "":
                self._app.say(self.fault or self._stands(), warning=bool(self.fault))
            case _:
                self._app.say("expected on, off or test", warning=True)

    def _stands(self) -> str:
        if not self._on:
            return "notices are off until `:notice on`"
        wanted = visible(self._wanted.filter or "no row, only reminders", cells=60)
        return f"notices are on for {wanted}; matching now: {_rows(self._matching)}"

    def _say_start(self, already: int) -> None:
        if self.fault:
            self._app.say(self.fault, warning=True)
        elif already:
            # Not in the bottom line: there the keys stand when somebody opens the console, and
            # what is there already stands above them.
            self._app.keep_notice(f"no notice for {_rows(already)}, which match already")

    # The terminal

    def _call(self, text: str) -> None:
        driver = self._app._driver
        if not isinstance(driver, OncallDriver):
            return
        if self._wanted.bell:
            driver.ring()
        if self._wanted.desktop != "off" and self._focused is not True:
            self._app.run_worker(self._notify(driver, text), exit_on_error=False)

    async def _notify(self, driver: OncallDriver, text: str) -> None:
        outside = await outside_of(self._wanted.desktop, os.environ)
        driver.call_out(self._title, text, outside.way, outside.through)

    async def _test(self) -> None:
        driver = self._app._driver
        if not isinstance(driver, OncallDriver):
            self._app.say("this terminal cannot be rung", warning=True)
            return
        outside = await outside_of(self._wanted.desktop, os.environ)
        driver.call_out(self._title, "this is a test", outside.way, outside.through)
        if self._wanted.bell:
            driver.ring()
        bell = "the bell" if self._wanted.bell else "no bell"
        through = f" through {outside.through.value}" if outside.through else ""
        desktop = "no desktop notification: this terminal is not known to take one"
        if self._wanted.desktop == "off":
            desktop = "no desktop notification: notice.desktop is off"
        if outside.way is not Way.NONE:
            desktop = f"{outside.way.words}{through}"
        held = f"; {outside.held_back}" if outside.held_back else ""
        self._app.say(f"sent: {bell}, {desktop}{held}", warning=bool(held))

    @property
    def _title(self) -> str:
        return f"oncall {self._app.opened.loaded.settings.environment}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count_text(count)} rows"


async def outside_of(wanted: str, environ: Mapping[str, str]) -> Outside:
    """How to reach the terminal; inside tmux by what it says of the one that looks at it now."""
    way, through = way_of(wanted, environ), through_of(environ)
    pane = environ.get("TMUX_PANE", "")
    if wanted == "off" or not (environ.get("TMUX") and pane):
        return Outside(way, through)
    try:
        told = await run(("tmux", "display-message", "-p", "-t", pane, _ASKED), timeout_s=TMUX_S)
    except ProcessError:
        return Outside(way, through)
    lines = told.stdout.decode("utf-8", "replace").split("\n")
    if not told.succeeded or len(lines) < 3:
        return Outside(way, through)
    term, kind, passthrough = (line.strip() for line in lines[:3])
    if wanted == "auto" and (term or kind):
        way = way_of_client(term, kind)
    held = way is not Way.NONE and passthrough in ("0", "off")
    return Outside(way, through, "tmux holds it back: set -g allow-passthrough on" if held else "")
