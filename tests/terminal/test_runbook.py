"""From the page to the fix that was verified, by keys alone, on the demo, in a real terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from console.demo.serve import DemoHandle, start_demo
from tests.terminal.conftest import Opener
from tests.terminal.test_incident import CALM_S, LONG_S, Hands, git
from widgets.dialog import DEAD_TIME_S

FIX_KEYS = 6
"""`r`, the runbook, down to what mends, `x`, over to `Run it`, and that."""


@pytest.fixture
def down() -> Iterator[DemoHandle]:
    """A demo of its own: its Redis is started by this test."""
    handle = start_demo("redis-down")
    yield handle
    handle.stop()


@pytest.mark.timeout(400)
def test_from_the_page_to_the_verified_fix_by_keys_alone_at_80x24(
    open_in: Opener, down: DemoHandle
) -> None:
    kai = open_in("--config", str(down.settings_dir))
    kai.wait_for("no PING reply", LONG_S)
    kai.wait_for("Kai", LONG_S)
    kai.wait_quiet(CALM_S)
    hands = Hands(kai)
    hands.press("g", times=2)
    kai.wait_for("cache-down", LONG_S)

    hands.keys = 0
    # The evidence names the runbook and the reason too: what counts is the question.
    hands.press("r", "runbooks for ServiceDown redis@data-1")
    assert "the alert names it" in kai.text
    hands.press("\r", "Redis does not answer")
    kai.wait_for(lambda: on_row(kai.text, "ping"), LONG_S)
    hands.press("]")
    kai.wait_for(lambda: on_row(kai.text, "start-redis"), LONG_S)
    hands.press("x", "docker start redis")
    assert "> Cancel <" in kai.text
    hands.press("\x1b[C", "> Run it <")
    kai.wait_quiet(2 * DEAD_TIME_S)
    hands.press("\r")
    kai.wait_for(lambda: stands(kai.text, "start-redis", "passed"), LONG_S)
    assert hands.keys == FIX_KEYS
    assert stands(kai.text, "verify-ping", "passed")
    assert "verified by verify-ping" in kai.text

    # Its sources agree a moment later, on the same screen.
    kai.wait_for("ServiceDown redis@data-1  resolved  ", LONG_S)
    kai.wait_for(lambda: "f finish" in kai.text, LONG_S)
    hands.press("f", "is in the journal: 2 passed")
    assert hands.keys == FIX_KEYS + 1
    kai.wait_for(lambda: "no PING reply" not in kai.text, LONG_S)

    folder = down.settings_dir.parent / "journal"
    (subject,) = [
        line
        for line in git(folder, "log", "--format=%an %s", "-9").splitlines()
        if line.startswith("Kai 黃凱 RUN-")
    ][:1]
    found = re.search(r"RUN-[0-9]{8}-[0-9a-z]+", subject)
    assert found is not None
    paths = git(folder, "ls-tree", "-r", "--name-only", "HEAD", "runs").splitlines()
    (path,) = [one for one in paths if found[0] in one]
    transcript = git(folder, "show", f"HEAD:{path}")
    assert "docker start redis" in transcript
    assert "`[STDOUT] (PONG) == PONG`" in transcript


def on_row(text: str, step: str) -> bool:
    """Whether the cursor is on the row of a step."""
    return any(line.startswith(">") and f" {step} " in line for line in text.splitlines())


def stands(text: str, step: str, state: str) -> bool:
    """Whether a step's row says that state."""
    return any(re.search(rf"{state} +{re.escape(step)} ", line) for line in text.splitlines())
