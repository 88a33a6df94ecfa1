"""A fault of the console's own ends it in order, and tells no secret."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from tests.terminal.conftest import Opener

CANARY = "bearer-canary-7f3a"

# The fault is put in from outside, in a process that a test starts: the console has no switch
# for it. Each has a secret in a local variable of the frame that fails.
HEAD = f"""
import sys
from console.safety.secret import Secret
TOKEN = "-".join(("bearer", "canary", "7f3a"))
assert TOKEN == "{CANARY}"
"""
IN_A_HANDLER = """
from screens.triage import TriageScreen
def fail(self):
    token, secret = TOKEN, Secret(TOKEN)
    headers = {"Authorization": token}
    raise RuntimeError("injected fault")
TriageScreen.do_triage_old = fail
"""
IN_DRAWING = """
from widgets.live_list import LiveList
draw = LiveList.line
def fail(self, y, width):
    token = TOKEN
    if self.rows:
        raise RuntimeError("injected fault")
    return draw(self, y, width)
LiveList.line = fail
"""
IN_A_WORKER = """
from screens.app import OncallApp
async def fail(self):
    token = TOKEN
    raise RuntimeError("injected fault")
OncallApp._reload = fail
"""
IN_THE_ENGINE = """
from console.engine.engine import Engine
build = Engine._build
def fail(self):
    token, secret = TOKEN, Secret(TOKEN)
    update = build(self)
    if update.snapshot.complete:
        raise RuntimeError("injected fault")
    return update
Engine._build = fail
"""
IN_STARTING_THE_ENGINE = """
import console.cli.open
def fail(*args):
    token = TOKEN
    raise RuntimeError("injected fault")
console.cli.open._make_engine = fail
"""
TAIL = """
from console.cli.main import main
main()
"""


def program(fault: str) -> tuple[str, ...]:
    """`oncall` with a fault in it."""
    return (sys.executable, "-c", textwrap.dedent(HEAD + fault + TAIL))


@pytest.mark.parametrize(
    ("fault", "keys"),
    [
        (IN_A_HANDLER, ":old\r"),
        (IN_DRAWING, ""),
        (IN_THE_ENGINE, ""),
        (IN_STARTING_THE_ENGINE, ""),
    ],
    ids=["handler", "drawing", "engine", "engine start"],
)
def test_a_crash_prints_where_but_no_secret(
    open_in: Opener, settings: str, fault: str, keys: str
) -> None:
    terminal = open_in("--config", settings, size=(120, 50), command=program(fault))
    if keys:
        terminal.wait_for("redis@")
        terminal.type(keys)
    assert terminal.wait_end() == 70
    said = terminal.raw.decode(errors="replace")
    after = said[said.rfind("\x1b[?1049l") :]
    assert "RuntimeError: injected fault" in after
    assert "in fail" in after
    assert CANARY not in said
    assert terminal.not_restored() == []
    assert terminal.left_behind() == []


def test_a_failed_command_is_said_and_the_console_goes_on(open_in: Opener, settings: str) -> None:
    terminal = open_in("--config", settings, command=program(IN_A_WORKER))
    terminal.wait_for("redis@")
    terminal.type(":reload\r")
    terminal.wait_for("that failed: RuntimeError")
    assert "injected fault" not in terminal.text  # what it says may come from outside
    terminal.type("q")
    assert terminal.wait_end() == 0


STUCK_NAMES = """
import pathlib, socket, time
def stuck(*args, **kwargs):
    pathlib.Path.home().joinpath("asked").touch()
    time.sleep(120)
socket.getaddrinfo = stuck
"""


def test_names_that_do_not_resolve_do_not_keep_it_from_ending(
    open_in: Opener, tmp_path: Path
) -> None:
    terminal = open_in("--prometheus", "http://prom.example.org", command=program(STUCK_NAMES))
    terminal.wait_for("NEXT STEP")
    terminal.wait_for((tmp_path / "home" / "asked").exists)
    terminal.type("q")
    assert terminal.wait_end() == 0
