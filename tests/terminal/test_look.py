"""What each kind of terminal is sent: no more colour and no other characters than it can show."""

from __future__ import annotations

import re

import pytest

from console.safety.text import cell_width
from tests.engine.peers import alertmanager, prometheus
from tests.soak import trials
from tests.spawn import oncall
from tests.terminal.conftest import Opener
from tests.terminal.serving import served
from tests.terminal.terminal import Terminal

TRUECOLOUR = re.compile(rb"\x1b\[[0-9;]*[34]8;2;")
INDEXED = re.compile(rb"\x1b\[[0-9;]*[34]8;5;")
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
ESCAPES = re.compile(rb"\x1b\[[0-9;?<=>$]*[A-Za-z]")


def readable(terminal: Terminal) -> Terminal:
    """Open, wait for the worklist, look at three screens and leave."""
    terminal.wait_for("redis@")
    for text in ("ServiceDown", "P0 ack", "NEXT STEP", "? help"):
        terminal.wait_for(text)
    for key, text in (("\r", "evidence"), ("2", "only wrong"), ("7", "EVENT")):
        terminal.type(key)
        terminal.wait_for(text)
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []
    return terminal


DEPTHS = [
    ("xterm-256color", "truecolor", True, False),
    ("xterm-256color", None, False, True),
    ("linux", None, False, False),
    ("xterm", None, False, False),
    ("vt100", None, False, False),
]


@pytest.mark.parametrize(
    ("term", "colorterm", "truecolour", "indexed"), DEPTHS[: trials(usual=3, soak=len(DEPTHS))]
)
def test_no_more_colours_than_the_terminal_has(
    open_in: Opener,
    settings: str,
    term: str,
    colorterm: str | None,
    truecolour: bool,
    indexed: bool,
) -> None:
    env = {"TERM": term, "COLORTERM": colorterm}
    raw = bytes(readable(open_in("--config", settings, env=env)).raw)
    assert bool(TRUECOLOUR.search(raw)) is truecolour
    assert bool(INDEXED.search(raw)) is indexed


def test_no_color_sends_no_colour(open_in: Opener, settings: str) -> None:
    raw = bytes(readable(open_in("--config", settings, env={"NO_COLOR": "1"})).raw)
    assert not TRUECOLOUR.search(raw)
    assert not INDEXED.search(raw)
    assert not COLOUR.search(raw)


@pytest.mark.parametrize("env", [{"LANG": "C"}, {"LC_ALL": "POSIX"}], ids=str)
def test_a_plain_locale_is_sent_ascii_alone(
    open_in: Opener, settings: str, env: dict[str, str | None]
) -> None:
    raw = bytes(readable(open_in("--config", settings, env=env)).raw)
    assert ESCAPES.sub(b"", raw).isascii()


def test_ascii_can_be_asked_for(open_in: Opener, settings: str) -> None:
    terminal = open_in("--config", settings, "--ascii")
    terminal.wait_for("redis@")
    shown = terminal.text
    assert "\N{HEAVY MULTIPLICATION X}" not in shown
    assert "\N{BOX DRAWINGS LIGHT HORIZONTAL}" not in shown


def test_a_locale_with_wide_characters_keeps_the_columns_straight(open_in: Opener) -> None:
    am = alertmanager("延迟告警", "簡訊閘道", "DiskFull", "ｗｉｄｅ")
    prom = prometheus(am.url)
    with served(am, prom):
        url = ("--prometheus", prom.url)
        terminal = open_in(*url, "--alertmanager", am.url, env={"LANG": "zh_TW.UTF-8"})
        terminal.wait_for("P0 4")
        terminal.wait_for("簡訊閘道")
        terminal.wait_quiet()
    # Signs that such a terminal may draw two cells wide are left out.
    assert not set("✖✓…─│") & set(terminal.text)
    rows = terminal.lines[3:7]
    assert len({cell_width(line[: line.index("unassigned")]) for line in rows}) == 1


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_cannot_show_it_gets_a_sentence(open_in: Opener, term: str) -> None:
    terminal = open_in("demo", env={"TERM": term})
    assert terminal.wait_end() == 2
    assert "cannot show a console" in terminal.text
    assert "oncall status" in terminal.text
    assert b"\x1b" not in terminal.raw


def test_without_a_terminal_it_says_what_to_use() -> None:
    ended = oncall("demo")
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert "needs a terminal" in ended.stderr
    assert "oncall demo --serve" in ended.stderr
