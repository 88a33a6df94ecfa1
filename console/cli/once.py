"""One look at every source, for the commands that print and end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from config.load import Loaded
from console.cli.chosen import EXIT_USAGE, Chosen, narrate, settings_or_exit
from console.engine.saved import StateFolder
from console.model.update import Update
from console.safety.clock import SystemClock
from console.safety.files import FileError, private_dir, state_dir
from console.triage.filter import Filter, FilterFault, parse

if TYPE_CHECKING:
    from console.engine.engine import Engine

R = TypeVar("R")
Also = Callable[["Engine"], Awaitable[None]]

DEADLINE_S = 15.0
"""For everything together. A source that has not answered by then is a sick one."""
DEMO = "demo"
"""The environment of the embedded fleet."""


class Looked(msgspec.Struct, frozen=True):
    """What one look found, and the settings that it went by."""

    loaded: Loaded
    update: Update


def look(chosen: Chosen, also: Also | None = None) -> Looked:
    """Ask every source once; clocks go on from the saved state, which is then saved again.

    Ends the process with a sentence where there are no usable settings.

    Args:
        also: asks the engine for more, once every source has been asked.
    """
    loaded = settings_or_exit(chosen)
    state, notice = state_of(loaded)
    if notice:
        narrate(notice)
    return Looked(loaded, asyncio.run(ask_once(loaded, state, also)))


def state_of(loaded: Loaded) -> tuple[StateFolder | None, str]:
    """The folder that keeps clocks and the last known state, or none and why.

    A demo's state lives and dies in the demo's own settings folder, where the demo has made a
    place for it: the same alerts fire in every demo, and would go on with the clocks of the
    last one.
    """
    environment = loaded.settings.environment
    try:
        if environment == DEMO and loaded.folder is not None:
            own = loaded.folder / "state"
            if own.is_dir():
                return StateFolder(private_dir(own)), ""
        return StateFolder(state_dir(environment, os.environ)), ""
    except FileError as error:
        return None, f"clocks start afresh and nothing is saved: {error}"


def output_options(command: Callable[..., R]) -> Callable[..., R]:
    """`--json`, `--filter` and `--ascii`, as all commands that print have them."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md."),
        click.option(
            "--filter",
            "filter_text",
            default="",
            metavar="TEXT",
            help='Only what matches: text, /re/, !not, severity="critical"; all must hold.',
        ),
        click.option("--ascii/--no-ascii", default=None, help="State shapes in ASCII."),
    ):
        command = option(command)
    return command


def ascii_wanted(loaded: Loaded, chosen: Chosen) -> bool | None:
    """Whether shapes are drawn in ASCII: the command line's word, then the settings'."""
    return loaded.settings.look.ascii if chosen.ascii is None else chosen.ascii


async def ask_once(loaded: Loaded, state: StateFolder | None, also: Also | None = None) -> Update:
    """Ask every source once, and say on stderr what a person has to be told."""
    # Late: it brings the HTTP client, which takes longer to import than bad settings to find.
    from console.engine.engine import Engine

    engine = Engine(loaded, clock=SystemClock(), publish=lambda update: None, state=state)

    async def more(_: Update) -> None:
        if also is not None:
            await also(engine)

    update = await engine.look_once(DEADLINE_S, None if also is None else more)
    narrate(*engine.notices)
    return update


def filter_or_exit(typed: str) -> Filter:
    """The filter that was given; ends the process with a sentence where it cannot be read."""
    try:
        return parse(typed)
    except FilterFault as fault:
        narrate(f"--filter {fault}")
        sys.exit(EXIT_USAGE)
