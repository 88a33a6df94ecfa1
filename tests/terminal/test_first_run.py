"""The first run, with no settings at all: every way that is offered leads somewhere."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from console.demo.serve import DemoHandle
from tests.spawn import oncall
from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal, environment

LEAVE = {"q": "q", "ctrl+c": "\x03", "ctrl+q": "\x11"}


def welcomed(terminal: Terminal) -> Terminal:
    """Wait for the welcome."""
    terminal.wait_for("there are no settings yet")
    terminal.wait_quiet()
    return terminal


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (60, 15)], ids=str)
def test_the_welcome_says_how_to_begin(open_in: Opener, size: tuple[int, int]) -> None:
    terminal = welcomed(open_in(size=size))
    for offered in ("demo", "Prometheus URL", "settings folder", "leave"):
        assert offered in terminal.text


def test_d_opens_the_demo(open_in: Opener) -> None:
    terminal = welcomed(open_in())
    terminal.type("d")
    terminal.wait_for("oncall demo")
    terminal.wait_for("redis@")
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


def test_u_takes_a_url_and_opens_triage_on_it(open_in: Opener, demo: DemoHandle) -> None:
    terminal = welcomed(open_in())
    terminal.type("u")
    terminal.wait_for("http://")
    terminal.type(demo.endpoints.prometheus[0][1].removeprefix("http://") + "\r")
    terminal.wait_for("NEXT STEP")
    terminal.wait_for("ServiceDown")
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


def test_a_url_that_is_none_is_refused_with_what_was_expected(open_in: Opener) -> None:
    terminal = welcomed(open_in())
    terminal.type("u")
    terminal.wait_for("http://")
    terminal.type("\x15ftp://x\r")
    terminal.wait_for("expected")
    terminal.type("q")
    assert terminal.wait_end() == 0


def test_i_writes_a_folder_that_can_be_used_and_says_where(open_in: Opener, tmp_path: Path) -> None:
    terminal = welcomed(open_in())
    terminal.type("i")
    assert terminal.wait_end() == 0
    folder = tmp_path / "home" / "config" / "oncall"
    assert str(folder) in terminal.text.replace("\n", "")
    assert oncall("check", env=environment(tmp_path / "home")).exit_code == 0
    assert terminal.not_restored() == []


@pytest.mark.parametrize("key", LEAVE)
def test_leaving_it_is_no_failure(open_in: Opener, key: str) -> None:
    terminal = welcomed(open_in())
    terminal.type(LEAVE[key])
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_its_code(open_in: Opener, number: signal.Signals, code: int) -> None:
    terminal = welcomed(open_in())
    terminal.send(number)
    assert terminal.wait_end() == code
    assert terminal.not_restored() == []


def test_a_closed_window_ends_it(open_in: Opener) -> None:
    terminal = welcomed(open_in())
    terminal.close_all()
    assert terminal.program.wait(15) == 129
