"""However the console ends, it ends: the terminal is as before, and the exit code tells."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal

MOST_CPU_S = 1.5
"""Of an orderly end, on a slow machine. A program that spins uses that much again and again."""


def started(terminal: Terminal) -> Terminal:
    """Wait until the console shows what fires."""
    terminal.wait_for("redis@")
    return terminal


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGHUP, 129), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_signal_ends_it_in_order(
    open_in: Opener, settings: str, number: signal.Signals, code: int
) -> None:
    terminal = started(open_in("--config", settings))
    terminal.send(number)
    assert terminal.wait_end() == code
    assert terminal.not_restored() == []
    assert terminal.left_behind() == []
    assert "Traceback" not in terminal.raw.decode(errors="replace")
    assert (Path(settings) / "state" / "episodes.json").stat().st_size > 2


def test_a_signal_during_the_start_leaves_no_changed_terminal(
    open_in: Opener, settings: str
) -> None:
    terminal = open_in("--config", settings)
    terminal.wait_for(lambda: b"\x1b[?1049h" in terminal.raw)
    terminal.send(signal.SIGTERM)
    assert terminal.wait_end() == 143
    assert terminal.not_restored() == []


def test_leaving_by_command_puts_the_terminal_back(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type(":quit\r")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []
    assert terminal.left_behind() == []


@pytest.mark.parametrize("key", ["q", "\x11"], ids=["q", "^q"])
def test_leaving_by_key_before_the_first_answer_is_as_orderly(
    open_in: Opener, settings: str, key: str
) -> None:
    terminal = open_in("--config", settings)
    terminal.wait_for("NEXT STEP")
    terminal.type(key)
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []
    assert terminal.left_behind() == []


@pytest.mark.parametrize("controlling", [True, False], ids=["hangup", "input ends"])
def test_a_closed_window_ends_it_and_it_does_not_spin(
    open_in: Opener, settings: str, controlling: bool
) -> None:
    terminal = started(open_in("--config", settings, controlling=controlling))
    before = terminal.cpu_s()
    terminal.close_all()
    used = before
    end = time.monotonic() + 15
    while terminal.program.poll() is None and time.monotonic() < end:
        used = max(used, cpu_of(terminal))
        time.sleep(0.02)
    assert terminal.program.poll() == 129
    assert used - before < MOST_CPU_S
    assert terminal.left_behind() == []
    assert (Path(settings) / "state" / "episodes.json").stat().st_size > 2


def cpu_of(terminal: Terminal) -> float:
    """Its processor time, or none once it has gone."""
    try:
        return terminal.cpu_s()
    except (OSError, IndexError):
        return 0.0


def test_a_demo_takes_its_fleet_along(open_in: Opener) -> None:
    terminal = started(open_in("demo"))
    terminal.close_all()
    assert terminal.program.wait(15) == 129
    assert terminal.left_behind() == []


def test_a_demo_removes_its_settings(open_in: Opener, tmp_path: Path) -> None:
    terminal = started(open_in("demo", env={"TMPDIR": str(tmp_path)}))
    assert list(tmp_path.glob("*oncall*"))
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert not list(tmp_path.glob("*oncall*"))


SHELL = ("bash", "--norc", "--noprofile", "-i")


def test_ctrl_z_goes_to_the_shell_and_fg_comes_back(open_in: Opener, settings: str) -> None:
    terminal = open_in(command=SHELL, env={"PS1": "shell> "})
    terminal.wait_for("shell>")
    # A shell between, as `make demo` is: the whole job has to stop, else the terminal hangs.
    console = f"{sys.executable} -m console --config {settings}"
    terminal.type(f"sh -c '{console}; echo ended $?'\n")
    started(terminal)
    terminal.wait_quiet()
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    terminal.type("clear\n")
    terminal.wait_for(lambda: "Stopped" not in terminal.text)
    assert terminal.raw.rfind(b"\x1b[?1049l") > terminal.raw.rfind(b"\x1b[?1049h")
    assert terminal.raw.rfind(b"\x1b[?25h") > terminal.raw.rfind(b"\x1b[?25l")
    terminal.type("bg\n")
    terminal.wait_quiet(0.5)
    assert "NEXT STEP" not in terminal.text
    terminal.type("fg\n")
    terminal.wait_for("NEXT STEP")
    terminal.wait_for("redis@")
    assert "no shell waits" not in terminal.text
    terminal.type("2")
    terminal.wait_for("only wrong")  # one reader of keys, and it reads
    terminal.type("q")
    terminal.wait_for("ended 0")


def test_ctrl_z_without_a_shell_says_that_there_is_none(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type("\x1a")
    terminal.wait_for("no shell waits")
    terminal.wait_for("redis@")
    terminal.type("q")
    assert terminal.wait_end() == 0


def test_a_stopped_console_ends_when_its_window_is_closed(open_in: Opener, settings: str) -> None:
    terminal = open_in(command=SHELL, env={"PS1": "shell> "})
    terminal.wait_for("shell>")
    terminal.type(f"{sys.executable} -m console --config {settings}\n")
    started(terminal)
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    terminal.close_all()
    terminal.program.wait(15)
    assert eventually(lambda: terminal.left_behind() == [])


def eventually(holds: object, wait_s: float = 15.0) -> bool:
    """Whether it comes to hold."""
    assert callable(holds)
    end = time.monotonic() + wait_s
    while not holds():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.05)
    return True


HANGS = """
import asyncio
import screens.ending
from widgets.driver import OncallDriver

screens.ending.END_WITHIN_S = 0.5


class Hanging(screens.ending.EndsInOrder):
    async def on_unmount(self):
        await asyncio.Event().wait()


Hanging(driver_class=OncallDriver).run()
"""


def test_a_console_that_hangs_on_its_way_out_ends_all_the_same(tmp_path: Path) -> None:
    with Terminal((sys.executable, "-c", HANGS), home=tmp_path) as terminal:
        terminal.wait_for(lambda: b"\x1b[?1049h" in terminal.raw)
        terminal.send(signal.SIGTERM)
        assert terminal.wait_end() == 143
        assert terminal.not_restored() == []
