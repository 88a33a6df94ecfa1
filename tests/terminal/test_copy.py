"""What `y` sends to the terminal's clipboard."""

from __future__ import annotations

import base64
import re

from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal


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
