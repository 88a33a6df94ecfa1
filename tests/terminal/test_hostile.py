"""Whatever a label says, the terminal is sent nothing that it would obey."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.hostile import hostile_count
from tests.terminal.conftest import Opener
from tests.terminal.hostile_world import HostileWorld
from tests.terminal.serving import served
from tests.terminal.terminal import ONCALL, Terminal, environment

STRINGS: Final = hostile_count(300, 6_000)

# Written down here once more: a hole in the program's own list would else be one in the test.
ALLOWED: Final = re.compile(
    rb"\x1b\[(?:[0-9;]*m|[0-9]+;[0-9]+H|<u|>[0-9]+u|\?(?:2026|2048)\$p"
    rb"|\?(?:7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl])"
)


@pytest.fixture(scope="module")
def world() -> Iterator[HostileWorld]:
    """One hostile world for the tests of this file."""
    of = HostileWorld(STRINGS)
    with served(of):
        yield of


@pytest.fixture
def hostile_settings(world: HostileWorld, tmp_path: Path) -> str:
    """A settings folder on it."""
    folder = tmp_path / "settings"
    world.write_settings(folder)
    return str(folder)


def unlisted(raw: bytes) -> set[str]:
    """What there is in `raw` that a terminal might obey, beside what is allowed."""
    text = ALLOWED.sub(b"", raw).decode("utf-8")
    found = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")}
    return found - {"\r", "\n"}


def look_at_everything(terminal: Terminal, rows: int) -> None:
    """Go down the worklist, open rows, and see every other screen."""
    terminal.wait_for("NEXT STEP")
    terminal.wait_for("P0 ack")
    for step in range(rows):
        if step % 12 == 0:
            for keys in ("\r", "t", "o", "\x04", "\x04"):
                terminal.type(keys)
                terminal.wait_quiet(0.06)
            terminal.escape()
        terminal.type("j")
        terminal.read(0.02)
    terminal.wait_quiet()
    for keys in ("G", "2", "l", "j", "\r", "\x04", "1", "7", "\r", "\x04", "7", "\t", "j"):
        terminal.type(keys)
        terminal.wait_quiet(0.1)
    for keys in (":host \t", "?"):
        terminal.type(keys)
        terminal.wait_quiet(0.1)
        terminal.escape()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_only_listed_sequences_reach_the_terminal(
    open_in: Opener, world: HostileWorld, hostile_settings: str, size: tuple[int, int]
) -> None:
    terminal = open_in("--config", hostile_settings, "--no-mouse", size=size)
    look_at_everything(terminal, min(world.alerts, 24 if size == (80, 24) else 10**6))
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert unlisted(bytes(terminal.raw)) == set()
    assert b"OWNED-TITLE" in terminal.raw  # the attack was on the screen, as plain text
    assert terminal.not_restored() == []


def test_what_is_copied_has_no_line_break(
    open_in: Opener, world: HostileWorld, hostile_settings: str
) -> None:
    terminal = open_in("--config", hostile_settings, "--no-mouse")
    terminal.wait_for("P0 ack")
    terminal.type("y")
    terminal.wait_for("sent to the terminal's clipboard")
    terminal.type("q")
    terminal.wait_end()
    sent = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.raw)
    assert len(sent) == 1
    assert unlisted(bytes(terminal.raw).replace(b"\x1b]52;c;" + sent[0] + b"\x07", b"")) == set()


class Tmux:
    """A tmux server of the test's own."""

    def __init__(self, socket: Path, home: Path) -> None:
        self._socket = socket
        self._env = environment(home)

    def __call__(self, *args: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *args],
            env=self._env,
            capture_output=True,
            check=False,
            timeout=20,
        )
        return done.stdout.decode(errors="replace")

    def wait_for(self, text: str) -> None:
        """Until the pane shows `text`."""
        end = time.monotonic() + 30
        while text not in (shown := self("capture-pane", "-p", "-t", "0")):
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} did not come:\n{shown}")
            time.sleep(0.05)


@pytest.mark.real("tmux")
def test_inside_tmux_neither_title_nor_paste_buffer_changes(
    world: HostileWorld, hostile_settings: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    tmux = Tmux(tmp_path / "tmux", home)
    command = shlex.join([*ONCALL, "--config", hostile_settings, "--no-mouse"])
    tmux("-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "30", f"sleep 1; {command}; sh")
    try:
        tmux("set-option", "-g", "set-clipboard", "on")
        tmux("set-option", "-g", "allow-passthrough", "on")
        tmux("set-option", "-g", "escape-time", "0")
        tmux("set-buffer", "as before")
        names = ("display-message", "-p", "#{pane_title}|#{window_name}|#{buffer_sample}")
        tmux.wait_for("P0 ack")
        before = tmux(*names)
        for _ in range(min(world.alerts, 40)):
            tmux("send-keys", "-t", "0", "j")
        tmux("send-keys", "-t", "0", "Enter")
        tmux.wait_for("respond")
        tmux("send-keys", "-t", "0", "7")
        tmux.wait_for("EVENT")
        assert tmux(*names) == before
        assert tmux("show-buffer") == "as before"
    finally:
        tmux("kill-server")
