"""The bell and the notification, byte for byte, and what a real tmux passes on of them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Program, ended, post_json, start_alertmanager
from tests.terminal.conftest import Opener
from tests.terminal.terminal import ONCALL, Terminal
from tests.widgets.test_escape_filter import ALLOWED
from widgets.desktop import Through, Way, notification, through_of, way_of, way_of_client

REAL = pytest.mark.real("prometheus-alertmanager")
KITTY: dict[str, str | None] = {"TERM": "xterm-kitty"}


@pytest.mark.parametrize(
    ("env", "way"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, Way.OSC9),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Way.OSC9),
        ({"TERM": "xterm-kitty"}, Way.OSC9),
        ({"TERM": "xterm-ghostty"}, Way.OSC9),
        ({"TERM_PROGRAM": "WezTerm", "TERM": "xterm-256color"}, Way.OSC9),
        ({"TERM": "foot-extra"}, Way.OSC777),
        ({"TERM": "rxvt-unicode-256color"}, Way.OSC777),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, Way.OSC777),
        ({"TERM": "xterm-256color"}, Way.NONE),
        ({"TERM": "linux"}, Way.NONE),
        ({"TERM_PROGRAM": "Apple_Terminal", "TERM": "xterm-256color"}, Way.NONE),
        ({"TERM_PROGRAM": "vscode", "TERM": "xterm-256color"}, Way.NONE),
        ({"ConEmuANSI": "ON"}, Way.NONE),
        ({"TERM": "tmux-256color", "TMUX": "x", "TERM_PROGRAM": "tmux"}, Way.NONE),
        ({}, Way.NONE),
    ],
)
def test_only_a_terminal_known_to_understand_is_asked(env: dict[str, str], way: Way) -> None:
    assert way_of("auto", env) is way
    assert way_of("off", env) is Way.NONE
    assert way_of("osc777", env) is Way.OSC777


def test_tmux_says_which_terminal_looks_at_it() -> None:
    assert way_of_client("xterm-kitty", "") is Way.OSC9
    assert way_of_client("xterm-256color", "iTerm2 3.5.0") is Way.OSC9
    assert way_of_client("xterm-256color", "WezTerm 2024") is Way.OSC9
    assert way_of_client("foot", "foot(1.16)") is Way.OSC777
    assert way_of_client("xterm-256color", "XTerm(388)") is Way.NONE


def test_it_goes_through_what_stands_before_the_terminal() -> None:
    assert notification("t", "x", Way.OSC9, Through.NOTHING) == "\x1b]9;t: x\x07"
    assert notification("t", "x", Way.OSC777, Through.NOTHING) == "\x1b]777;notify;t;x\x07"
    assert notification("t", "x", Way.OSC9, Through.TMUX) == "\x1bPtmux;\x1b\x1b]9;t: x\x07\x1b\\"
    assert notification("t", "x", Way.OSC9, Through.SCREEN) == "\x1bP\x1b]9;t: x\x07\x1b\\"
    assert notification("t", "x", Way.NONE, Through.TMUX) == ""
    assert through_of({"TERM": "tmux-256color"}) is Through.TMUX
    assert through_of({"TERM": "screen", "TMUX": "x"}) is Through.TMUX
    assert through_of({"TERM": "screen-256color", "STY": "1.x"}) is Through.SCREEN
    assert through_of({"TERM": "xterm"}) is Through.NOTHING


@pytest.mark.parametrize("way", [Way.OSC9, Way.OSC777])
@pytest.mark.parametrize(
    "hostile", ["a\x07b\x1b]52;c;cHduZWQ=\x07", "a\x1b\\b\x9c", "4;1;50", "x;y;z", "\u202e\u200b\n"]
)
def test_nothing_in_the_text_ends_it_or_adds_a_field(way: Way, hostile: str) -> None:
    asked = notification("oncall x", hostile, way, Through.NOTHING)
    assert asked.startswith("\x1b]") and asked.endswith("\x07")
    inside = asked[2:-1]
    assert inside.isprintable()
    assert inside.count(";") == (1 if way is Way.OSC9 else 3)


# Against a real Alertmanager

SETTINGS = """\
environment: test
sources:
  alertmanager:
    - {{name: am, members: ["{url}"], interval: 1s}}
  hosts: {{enabled: false}}
notice: {{every: 1s{more}}}
"""


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Program]:
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        yield program


def folder_of(tmp_path: Path, alertmanager: Program, more: str = "") -> str:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "oncall.yaml").write_text(SETTINGS.format(url=alertmanager.url, more=more))
    return str(folder)


def fire(alertmanager: Program, name: str) -> None:
    labels = {"alertname": name, "severity": "critical", "instance": "db-1"}
    post_json(f"{alertmanager.url}/api/v2/alerts", [{"labels": labels}])


def bells(raw: bytes) -> int:
    """Bells that are no end of a sequence."""
    kept = raw
    for start in (b"\x1bP", b"\x1b]"):
        while start in kept:
            head, _, rest = kept.partition(start)
            end = min(at for at in (rest.find(b"\x07"), rest.find(b"\x1b\\")) if at >= 0)
            kept = head + rest[end + 1 :]
    return kept.count(b"\x07")


def watching(terminal: Terminal) -> Terminal:
    """Past its first complete picture."""
    terminal.wait_for(lambda: "1/1 sources" in terminal.text or " am <" in terminal.text)
    terminal.wait_quiet()
    return terminal


@REAL
def test_a_new_row_rings_and_what_was_there_does_not(
    open_in: Opener, tmp_path: Path, alertmanager: Program
) -> None:
    fire(alertmanager, "WasThere")
    terminal = open_in("--config", folder_of(tmp_path, alertmanager), env=KITTY)
    terminal.wait_for("WasThere")
    watching(terminal)
    assert bells(bytes(terminal.raw)) == 0
    begun = len(terminal.raw)
    fire(alertmanager, "BrandNew")
    terminal.wait_for(lambda: b"\x1b]9;oncall test: P0 BrandNew db-1\x07" in terminal.raw[begun:])
    terminal.wait_for("P0 BrandNew db-1")
    assert bells(bytes(terminal.raw)) == 1
    terminal.type("q")
    terminal.wait_end()


@REAL
def test_the_bell_alone_where_the_terminal_has_the_focus_or_is_not_known(
    open_in: Opener, tmp_path: Path, alertmanager: Program
) -> None:
    terminal = watching(open_in("--config", folder_of(tmp_path, alertmanager), env=KITTY))
    terminal.type("\x1b[O\x1b[I")
    terminal.wait_quiet()
    fire(alertmanager, "One")
    terminal.wait_for(lambda: bells(bytes(terminal.raw)) == 1)
    terminal.wait_quiet(0.5)
    assert b"\x1b]9;" not in terminal.raw
    terminal.type("\x1b[O")
    terminal.wait_quiet()
    fire(alertmanager, "Two")
    terminal.wait_for(lambda: b"\x1b]9;" in terminal.raw)


@REAL
def test_off_is_off_and_test_says_what_was_sent(
    open_in: Opener, tmp_path: Path, alertmanager: Program
) -> None:
    terminal = watching(open_in("--config", folder_of(tmp_path, alertmanager), env=KITTY))
    command(terminal, "notice test")
    terminal.wait_for("sent: the bell, OSC 9")
    assert b"\x1b]9;oncall test: this is a test\x07" in terminal.raw
    command(terminal, "notice off")
    terminal.wait_for("notices are off")
    rung = bells(bytes(terminal.raw))
    fire(alertmanager, "One")
    terminal.wait_for("One")
    terminal.wait_quiet(0.5)
    assert bells(bytes(terminal.raw)) == rung


@REAL
def test_a_name_that_is_an_attack_rings_and_sends_nothing_of_its_own(
    open_in: Opener, tmp_path: Path, alertmanager: Program
) -> None:
    terminal = watching(open_in("--config", folder_of(tmp_path, alertmanager), env=KITTY))
    fire(alertmanager, "x\x07\x1b]52;c;cHduZWQ=\x07\x1b\\;y")
    terminal.wait_for(lambda: b"\x1b]9;oncall test: P0 x" in terminal.raw)
    terminal.wait_quiet()
    sent = bytes(terminal.raw)
    assert b"\x1b]52" not in sent
    own = sent[sent.index(b"\x1b]9;") :]
    rest = sent.replace(own[: own.index(b"\x07") + 1], b"")
    assert ALLOWED.sub("", rest.decode("utf-8", "replace")).find("\x1b") < 0


def command(terminal: Terminal, words: str) -> None:
    terminal.type(":")
    terminal.wait_quiet(0.2)
    terminal.type(f"{words}\r")


# tmux


@pytest.mark.real("tmux")
@REAL
def test_tmux_passes_the_notification_on_where_it_may_and_else_says_so(
    open_in: Opener, tmp_path: Path, alertmanager: Program
) -> None:
    conf = tmp_path / "tmux.conf"
    conf.write_text("set -g allow-passthrough off\nset -g bell-action any\n")
    socket = str(tmp_path / "tmux")
    words = ("tmux", "-S", socket, "-f", str(conf), "new-session", "--")
    folder = folder_of(tmp_path, alertmanager, ", desktop: osc9")
    terminal = open_in(*ONCALL, "--config", folder, command=words, size=(100, 30))

    def tmux(*more: str) -> None:
        subprocess.run(["tmux", "-S", socket, *more], check=False, capture_output=True)

    with contextlib.ExitStack() as stack:
        stack.callback(tmux, "kill-server")
        watching(terminal)
        command(terminal, "notice test")
        terminal.wait_for("allow-passthrough on")
        assert b"\x1b]9;" not in terminal.raw
        tmux("set", "-g", "allow-passthrough", "on")
        fire(alertmanager, "BrandNew")
        terminal.wait_for(
            lambda: b"\x1b]9;oncall test: P0 BrandNew db-1\x07" in bytes(terminal.raw)
        )
        terminal.wait_for(lambda: bells(bytes(terminal.raw)) >= 2)
