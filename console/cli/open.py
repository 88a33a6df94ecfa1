"""The one door from the command line to the screens."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from config.fault import SettingsFaults
from config.identity import identity_of
from config.load import Loaded
from console.cli.chosen import EXIT_USAGE, Chosen, narrate, settings_of
from console.cli.once import state_of
from console.engine.saved import StateFolder
from console.model.update import Update
from console.safety.clock import SystemClock

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from console.model.summary import Week

NO_SCREEN = frozenset({"dumb", "unknown", ""})
"""Values of TERM that cannot address a cell; Textual would write escapes at them."""


def open_console(chosen: Chosen, *, loaded: Loaded | None = None, banner: str = "") -> int:
    """Open the console and return the exit code once it is closed.

    Without settings it opens on the welcome. `banner` is said once on the first screen.
    """
    if not can_open():
        return EXIT_USAGE
    if loaded is None:
        try:
            loaded = settings_of(chosen)
        except SettingsFaults as faults:
            narrate(*(str(fault) for fault in faults.faults))
            return EXIT_USAGE
    if loaded is None:
        return _welcome(chosen)
    state, notice = state_of(loaded)

    login = getpass.getuser()

    from screens.app import OpenWith, run_console

    return run_console(
        OpenWith(
            loaded=loaded,
            make_engine=lambda publish: _make_engine(loaded, state, chosen, login, publish),
            who=identity_of(loaded.settings, login),
            login=login,
            read_only=chosen.read_only,
            theme=chosen.theme,
            ascii=chosen.ascii,
            mouse=chosen.mouse,
            banner=notice or banner,
            last_week=lambda: _last_week(state),
        )
    )


def _make_engine(
    loaded: Loaded,
    state: StateFolder | None,
    chosen: Chosen,
    login: str,
    publish: Callable[[Update], None],
) -> Engine:
    """Called on the engine's thread, once the first frame stands."""
    from console.actions.audit.record import actor_of
    from console.engine.engine import Engine
    from console.engine.hands import Hands

    actor = actor_of(identity_of(loaded.settings, login), login, os.environ)
    hands = Hands(actor, read_only=chosen.read_only)
    return Engine(loaded, clock=SystemClock(), publish=publish, state=state, hands=hands)


def _last_week(state: StateFolder | None) -> Week | None:
    """Read without the engine: the summary of the days does not wait until that is up."""
    from console.engine.week.last import last_kept

    return None if state is None else last_kept(state.folder)


def _welcome(chosen: Chosen) -> int:
    """First run: ask what to look at, and go there."""
    from screens.welcome import ask_where

    answer = ask_where(chosen.theme, chosen.ascii)
    if isinstance(answer, int):
        return answer
    if answer == "demo":
        from console.cli.demo import open_demo
        from console.demo.scenarios import DEFAULT

        return open_demo(DEFAULT, 1.0, chosen)
    if answer == "init":
        from console.cli.settings import write_starter

        return write_starter()
    return open_console(Chosen(prometheus=(answer,)).over(chosen))


def can_open() -> bool:
    """Whether there is a terminal that can show a console; says so where there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        narrate(
            "oncall opens a console and needs a terminal; stdin or stdout is none.",
            "For text: `oncall status`, `oncall alerts --json`, `oncall fleet`, `oncall sources`.",
        )
        return False
    term = os.environ.get("TERM", "")
    if term in NO_SCREEN:
        narrate(f"TERM={term} cannot show a console. Use `oncall status` and `oncall alerts`.")
        return False
    return True
