"""What a terminal or another console does, does not stop the watching."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from tests.engine.peers import Peer, alertmanager, prometheus
from tests.terminal.conftest import Opener
from tests.terminal.serving import served

ASKED = "/api/v2/alerts"


def wait_asked(peer: Peer, times: int) -> None:
    """Until `peer` has been asked `times` more."""
    wanted = peer.asked[ASKED] + times
    end = time.monotonic() + 60
    while peer.asked[ASKED] < wanted:
        assert time.monotonic() < end, "the engine does not ask any more"
        threading.Event().wait(0.05)


def write_settings(folder: Path, prom: Peer, am: Peer) -> str:
    """Settings that ask both every second."""
    folder.mkdir()
    (folder / "oncall.yaml").write_text(
        f"""environment: stall
sources:
  prometheus:
    - {{name: prom, url: {prom.url}, interval: 1s}}
  alertmanager:
    - {{name: am, members: [{am.url}], interval: 1s}}
"""
    )
    return str(folder)


def test_a_stalled_terminal_does_not_stop_the_watching(open_in: Opener, tmp_path: Path) -> None:
    am = alertmanager(*(f"Alert{n}" for n in range(200)))
    prom = prometheus(am.url)
    with served(am, prom):
        settings = write_settings(tmp_path / "settings", prom, am)
        terminal = open_in("--config", settings, size=(200, 50))
        terminal.wait_for("Alert1")
        for _ in range(60):  # whole screens that nobody takes
            terminal.type("G")
            terminal.type("gg")
        wait_asked(am, 3)
        terminal.wait_quiet(0.5)
        terminal.type("7")
        terminal.wait_for("EVENT")
        terminal.type("q")
        assert terminal.wait_end() == 0


def test_a_stalled_terminal_that_is_closed_ends_the_console(
    open_in: Opener, tmp_path: Path
) -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    with served(am, prom):
        settings = write_settings(tmp_path / "settings", prom, am)
        terminal = open_in("--config", settings, size=(200, 50))
        terminal.wait_for("DiskFull")
        for _ in range(60):
            terminal.type("2")
            terminal.type("1")
        wait_asked(am, 2)
        terminal.close_all()
        assert terminal.program.wait(20) == 129
        assert terminal.left_behind() == []


def test_two_consoles_share_an_environment(open_in: Opener, tmp_path: Path) -> None:
    am = alertmanager("DiskFull", "ServiceDown")
    prom = prometheus(am.url)
    with served(am, prom):
        settings = write_settings(tmp_path / "settings", prom, am)
        first, second = open_in("--config", settings), open_in("--config", settings)
        for terminal in (first, second):
            terminal.wait_for("DiskFull")
            terminal.wait_for("ServiceDown")
        first.type("q")
        assert first.wait_end() == 0
        second.type("2")
        second.wait_for("only wrong")
        second.type("q")
        assert second.wait_end() == 0
    state = tmp_path / "home" / "state" / "oncall" / "stall"
    for name in ("episodes.json", "snapshot.json", "events.json"):
        assert json.loads((state / name).read_bytes()) is not None
    assert not list(state.glob("*.damaged"))


def test_the_second_console_begins_with_what_the_first_knew(
    open_in: Opener, tmp_path: Path
) -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    with served(am, prom):
        settings = write_settings(tmp_path / "settings", prom, am)
        terminal = open_in("--config", settings)
        terminal.wait_for("DiskFull")
        terminal.type("q")
        terminal.wait_end()
    terminal = open_in("--config", settings)  # the servers have gone
    terminal.wait_for("DiskFull")
    terminal.wait_for("CutOff")  # every source fails at once: it is this host
    assert "DiskFull" in terminal.text
