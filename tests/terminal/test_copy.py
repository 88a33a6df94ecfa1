"""What `y` sends to the terminal's clipboard."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest

from tests.servers import ended, post_json, start_alertmanager
from tests.terminal.conftest import Opener
from tests.terminal.terminal import ONCALL, Terminal


def clipboards(terminal: Terminal) -> list[str]:
    """Everything that was sent to the terminal's clipboard, in its order."""
    found = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", bytes(terminal.raw))
    return [base64.b64decode(each).decode() for each in found]


def copied(terminal: Terminal, keys: str, what: str) -> str:
    """Press `keys` and then `y`; the text that was sent."""
    for key in keys:
        terminal.type(key)
        terminal.wait_quiet(0.2)
    begun = len(terminal.raw)
    terminal.type("y")
    terminal.wait_for(lambda: b"\x1b]52;c;" in terminal.raw[begun:])
    terminal.wait_for(f"sent to the terminal's clipboard: {what}")
    found = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.raw[begun:])
    assert len(found) == 1
    return base64.b64decode(found[0]).decode()


def test_y_sends_what_is_under_the_cursor(open_in: Opener, settings: str) -> None:
    terminal = open_in("--config", settings)
    terminal.wait_for("P0 ack")
    row = copied(terminal, "", "row")
    assert row.startswith("P0  ServiceDown  redis@data-1  since 20")
    assert row.endswith("no PING reply from redis on data-1")
    labels = copied(terminal, "\r", "labels")
    assert 'alertname="ServiceDown"' in labels
    link = copied(terminal, "o", "")
    assert link.startswith("http")
    assert copied(terminal, "2l", "service name")
    assert copied(terminal, "7", "address").startswith("http://127.0.0.1:")


def test_what_a_sick_source_was_asked_can_be_copied_as_curl(open_in: Opener) -> None:
    terminal = open_in("--prometheus", "http://127.0.0.1:9")
    terminal.wait_for("refused")
    command = copied(terminal, "7", "curl command")
    assert command.startswith("curl ")
    assert "http://127.0.0.1:9/" in command
    assert "\n" not in command


def test_a_text_past_the_cap_is_not_cut_but_offered_to_be_shown(
    open_in: Opener, tmp_path: Path
) -> None:
    labels = {"alertname": "Long", "severity": "critical"}
    labels |= {f"n{number}": f"{number:03d}" + "x" * 3500 + "end" for number in range(20)}
    folder = tmp_path / "settings"
    folder.mkdir()
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        post_json(f"{program.url}/api/v2/alerts", [{"labels": labels}])
        (folder / "oncall.yaml").write_text(
            "environment: test\nsources:\n  hosts: {enabled: false}\n"
            f'  alertmanager:\n    - {{name: am, members: ["{program.url}"]}}\n'
        )
        terminal = open_in("--config", str(folder))
        terminal.wait_for("Long")
        terminal.wait_quiet()
        terminal.type("Y")
        terminal.wait_for("plain view")
        terminal.type("2")
        terminal.wait_for("too long to copy")
        terminal.wait_for("clipboard takes 56")
        assert clipboards(terminal) == []
        begun = len(terminal.raw)
        terminal.type("\r")
        terminal.wait_for("enter comes back")
        shown = terminal.raw[begun:].decode("utf-8", "replace")
        assert all(f"{number:03d}xxx" in shown for number in range(20))
        assert len(re.findall(r"xend\r+\n", shown)) == 20
        terminal.type("\r")
        terminal.wait_for("NEXT STEP")


@pytest.mark.real("tmux")
def test_inside_tmux_it_is_in_its_buffer_too(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    conf = tmp_path / "tmux.conf"
    conf.write_text("")
    socket = str(tmp_path / "tmux")
    words = ("tmux", "-S", socket, "-f", str(conf), "new-session", "--")
    terminal = open_in(*ONCALL, "--config", settings, command=words, size=(100, 30))
    try:
        terminal.wait_for("P0 ack")
        terminal.wait_quiet()
        terminal.type("y")
        terminal.wait_for("sent to the terminal's clipboard and the tmux buffer: row")
        shown = subprocess.run(
            ["tmux", "-S", socket, "show-buffer"], capture_output=True, text=True, check=True
        )
        assert shown.stdout.startswith("P0  ServiceDown  redis@data-1  since 20")
        assert shown.stdout.endswith("no PING reply from redis on data-1")
        # tmux lets no program inside set the clipboard by default, and yet it came through.
        found = re.findall(rb"\x1b\]52;c?;([A-Za-z0-9+/=]+)", bytes(terminal.raw))
        assert {base64.b64decode(each).decode() for each in found} == {shown.stdout}
    finally:
        subprocess.run(["tmux", "-S", socket, "kill-server"], check=False)


def test_on_ones_own_desktop_a_link_opens_in_the_browser(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$#:$1" > "$0.opened"\n')
    browser.chmod(0o755)
    opened = tmp_path / "browser.opened"
    terminal = open_in("--config", settings, env={"BROWSER": str(browser)})
    terminal.wait_for("P0 ack")
    terminal.wait_quiet()
    for key in ("o", "o"):
        terminal.type(key)
        terminal.wait_quiet(0.3)
    assert "enter opens it in the browser" in terminal.text
    terminal.type("\r")
    terminal.wait_for("opened by")
    assert opened.read_text().startswith("1:http")
    assert clipboards(terminal) == []
