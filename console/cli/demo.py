"""`oncall demo`: the console on an embedded fleet, or that fleet alone."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click

from console.cli.chosen import EXIT_USAGE, Chosen, look_options, narrate, source_options
from console.cli.table import put
from console.safety.text import visible

FASTEST = 100.0
HISTORY_AFTER_S = 0.6
"""The first frame comes before what the demo remembers of the days before."""


@click.command()
@click.option("--scenario", metavar="NAME", help="What breaks; --list names them.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, FASTEST),
    default=1.0,
    show_default=True,
    help="How many times as fast the story runs.",
)
@click.option("--serve", is_flag=True, help="No screen: print the settings folder, and serve.")
@click.option("--list", "list_them", is_flag=True, help="List the scenarios.")
@source_options
@look_options
def demo(scenario: str | None, speed: float, serve: bool, list_them: bool, chosen: Chosen) -> None:
    """Open the console on five hosts and some sixty services on this machine's loopback.

    Nothing of it is real, and nothing of it mixes with real settings or saved state.
    """
    from console.demo.scenarios import DEFAULT, scenario_names

    summaries = dict(scenario_names())
    if list_them:
        for name, summary in summaries.items():
            put(f"{name:<14} {summary}{' (the default)' if name == DEFAULT else ''}")
        return
    if chosen.config or chosen.prometheus or chosen.alertmanager:
        narrate("oncall demo looks at its own fleet: leave --config and source URLs away.")
        sys.exit(EXIT_USAGE)
    wanted = scenario or DEFAULT
    if wanted not in summaries:
        names = ", ".join(summaries)
        narrate(f"no scenario is called {visible(wanted, cells=40)}; there are {names}.")
        sys.exit(EXIT_USAGE)
    sys.exit(_serve(wanted, speed) if serve else open_demo(wanted, speed, chosen))


def open_demo(scenario: str, speed: float, chosen: Chosen) -> int:
    """Start the fleet, open the console on it, and take it down again; the exit code."""
    from console.cli.open import can_open, open_console

    if not can_open():
        narrate("`oncall demo --serve` runs the demo's fleet without a screen.")
        return EXIT_USAGE
    from config.load import load
    from console.demo.serve import start_demo

    handle = start_demo(scenario, speed, history_after_s=HISTORY_AFTER_S)
    try:
        banner = f"demo `{scenario}`: nothing here is real"
        return open_console(chosen, loaded=load(handle.settings_dir), banner=banner)
    finally:
        handle.stop()


def _serve(scenario: str, speed: float) -> int:
    """Serve until a signal comes; stdout gets the settings folder and nothing else."""
    from console.demo.serve import start_demo

    enough = threading.Event()
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        enough.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        handle = start_demo(scenario, speed, history_after_s=0)
    except OSError as error:
        narrate(f"the demo's fleet cannot start: {error}")
        return 1
    try:
        narrate(
            f"demo `{scenario}` is up; look at it with",
            f"    oncall --config {handle.settings_dir}",
            "and enter its hosts with",
            f"    ssh -F {handle.settings_dir / 'ssh' / 'config'} data-1",
            "ctrl+c ends it and removes its settings.",
        )
        put(str(handle.settings_dir))
        enough.wait()
    finally:
        handle.stop()
    narrate("demo ended")
    return 0 if came[0] == signal.SIGTERM else 128 + came[0]
