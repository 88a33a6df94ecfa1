"""Any size, and from any to any other while news comes in."""

from __future__ import annotations

import itertools
import random

import pytest

from console.safety.text import cell_width
from tests.soak import trials
from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal


def whole(terminal: Terminal) -> bool:
    """Whether the frame is one of triage's own: its lines are where they belong."""
    lines = terminal.lines
    return (
        lines[0].startswith("oncall demo")
        and "NEXT STEP" in lines[2]
        and lines[-1].startswith("/ filter")
        and all(cell_width(line) <= terminal.columns for line in lines)
    )


SIZES = {
    (60, 15): ("ServiceDown",),
    (80, 24): ("ServiceDown", "redis@", "rule"),
    (120, 36): ("FIX IN", "web-1", "6/6 sources <"),
    (200, 50): ("FIX IN", "haproxy-1", "health <"),
}
"""What stands on the screen in each."""


@pytest.mark.parametrize("first", [*SIZES][: trials(usual=1, soak=len(SIZES))], ids=str)
def test_every_size_shows_what_fires(
    open_in: Opener, settings: str, first: tuple[int, int]
) -> None:
    terminal = open_in("--config", settings, size=first)
    for size in (first, *(one for one in SIZES if one != first)):
        terminal.resize(*size)
        terminal.wait_for("ServiceDown")
        terminal.wait_for(lambda: whole(terminal))
        for text in SIZES[size]:
            terminal.wait_for(text)


def test_below_60x15_it_says_so_and_comes_back(open_in: Opener, settings: str) -> None:
    terminal = open_in("--config", settings, size=(59, 14))
    terminal.wait_for("at least 60x15")
    assert "ServiceDown" not in terminal.text
    terminal.resize(59, 40)
    terminal.wait_for("59x40")
    terminal.resize(80, 24)
    terminal.wait_for("ServiceDown")
    terminal.wait_for(lambda: whole(terminal))


def test_a_storm_of_resizes_while_news_comes_ends_in_a_whole_frame(
    open_in: Opener, settings: str
) -> None:
    terminal = open_in("--config", settings)
    terminal.wait_for("ServiceDown")
    chance = random.Random(3)
    for _ in range(15):
        terminal.resize(chance.randint(1, 220), chance.randint(1, 60))
        terminal.type("R")
        for _ in range(chance.randint(0, 4)):
            terminal.read(0.01)
    for size, key in itertools.product(((120, 36), (80, 24)), "21"):
        terminal.resize(*size)
        terminal.type(key)
        terminal.wait_quiet(0.2)
    terminal.screen.reset()
    terminal.resize(100, 30)
    terminal.wait_for("ServiceDown")
    terminal.wait_for(lambda: whole(terminal))
