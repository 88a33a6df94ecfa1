"""Colours and layout as pictures: `make snapshots` draws them anew.

The clock stands still and the world is made up, so that nothing but the code changes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from config.schema import Settings
from console.model.snapshot import Snapshot
from tests.screens.console import Console, until, update_of
from tests.screens.week_world import ScriptedWeeks
from tests.screens.worlds import EVENTS, storm, usual

PICTURES: dict[str, tuple[Callable[[], Snapshot], tuple[int, int], str, str, str]] = {
    "triage-80x24-dark": (usual, (80, 24), "dark", "", "NEXT STEP"),
    "triage-80x24-light": (usual, (80, 24), "light", "", "NEXT STEP"),
    "triage-80x24-ansi": (usual, (80, 24), "ansi-dark", "", "NEXT STEP"),
    "triage-120x36": (usual, (120, 36), "dark", "", "FIX IN"),
    "triage-200x50": (usual, (200, 50), "dark", "", "FIX IN"),
    "storm-80x24": (storm, (80, 24), "dark", "", "NOT part of the storm"),
    "fleet-80x24": (usual, (80, 24), "dark", "2", "only wrong"),
    "sources-80x24": (lambda: usual(sick=True), (80, 24), "dark", "7", "EVENT"),
    "summary-80x24": (usual, (80, 24), "dark", "5", "made 2m ago"),
}
"""By name: the world, the size, the theme, the key to press, and what stands there then."""


@pytest.mark.parametrize("name", PICTURES)
def test_the_screen_looks_as_it_did(name: str, snap_compare: Any) -> None:
    world, size, theme, key, shows = PICTURES[name]
    settings = Settings(environment="test")
    console = Console(update_of(world(), EVENTS), settings, theme=theme)

    async def ready(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: console.app.fresh is not None)
        assert console.engine is not None
        console.engine.week = ScriptedWeeks()
        if key:
            await pilot.press(key)
        await until(pilot, lambda: shows in console.text)

    assert snap_compare(console.app, terminal_size=size, run_before=ready)
