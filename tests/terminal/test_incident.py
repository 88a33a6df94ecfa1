"""From the page to the committed report by keys alone, on the demo, in a real terminal."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.demo.serve import DemoHandle, start_demo
from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal

CALM_S = 0.2
LONG_S = 90.0
"""What git and a loaded machine may take; its end means that the wait was in vain."""
WHY = "a session never expires since v2.14.0"


@pytest.fixture
def down() -> Iterator[DemoHandle]:
    """A demo of its own: what is written into its journal stays there."""
    handle = start_demo("redis-down")
    yield handle
    handle.stop()


class Hands:
    """Types as a person does: a key once the screen rests, and sees what came of it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        terminal.remembers = True
        self.keys = 0
        self.words = 0

    def press(self, key: str, shown: str = "", times: int = 1) -> None:
        for _ in range(times):
            self.keys += 1
            self.terminal.type(key)
            self.terminal.wait_quiet(CALM_S)
        if shown:
            self.terminal.wait_said(shown, LONG_S)
            self.terminal.wait_quiet(CALM_S)

    def write(self, text: str) -> None:
        self.words += len(text.split())
        self.terminal.type(text)
        self.terminal.wait_for(lambda: " ".join(text.split()) in self._flowing(), LONG_S)
        self.terminal.wait_quiet(CALM_S)

    def _flowing(self) -> str:
        return " ".join(self.terminal.text.split())


def git(folder: Path, *words: str) -> str:
    ended = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    )
    return ended.stdout


@pytest.mark.timeout(400)
def test_from_the_page_to_the_committed_report_by_keys_alone_at_80x24(
    open_in: Opener, down: DemoHandle
) -> None:
    kai = open_in("--config", str(down.settings_dir))
    kai.wait_for("no PING reply", LONG_S)
    kai.wait_for("Kai", LONG_S)
    kai.wait_quiet(CALM_S)
    hands = Hands(kai)
    hands.press("g", times=2)
    hands.press("a", "ack ServiceDown")
    hands.write("looking at redis")
    hands.press("\r", "acked 1 alert")

    hands.keys = hands.words = 0
    # What and where are known already: two times enter opens it.
    hands.press("i", "new incident: ServiceDown redis")
    assert "redis@data-1" in kai.text
    hands.press("\r", "redis@data-1, api; or in words")
    hands.press("\r", "led by Kai")
    hands.press("n", "note for INC-")
    hands.write("the container was OOMKilled")
    hands.press("\r", "note written into")

    # The cause, then its state, step by step.
    hands.press("m", "its users are well again")
    hands.press("1", "mitigated  P0")
    hands.press("e", "title")
    hands.press("\x1b[6~", "How and why", times=4)
    hands.press("\t")
    hands.write(WHY)
    hands.press("\x13", "led by Kai")
    hands.press("m", "it is over")
    hands.press("1", "resolved  P0")

    folder = down.settings_dir.parent / "journal"
    subjects = git(folder, "log", "--format=%an %s", "-9").splitlines()
    mine = [line for line in subjects if line.startswith("Kai 黃凱 INC-")]
    did = [line.split()[3].rstrip(":") for line in reversed(mine)]
    assert did == ["opened", "note", "mitigated", "edited", "resolved"]
    document_id = mine[0].split()[2]
    (path,) = git(folder, "ls-tree", "-r", "--name-only", "HEAD", "incidents").split(document_id)[
        1:
    ]
    report = git(folder, "show", f"HEAD:incidents/2026/{document_id}{path.split()[0]}")
    assert WHY in report
    assert "state: resolved" in report
    assert "the container was OOMKilled" in report
    assert report.index("**acked**") < report.index("**incident**")
    # From `i` on, beside the words.
    assert (hands.keys, hands.words) == (16, 10)
