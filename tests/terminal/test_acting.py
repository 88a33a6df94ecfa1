"""Ack, silence and handover by keys alone, in real terminals, on real Alertmanagers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.actions.audit.check import check
from tests.servers import Program, ended, free_port, post_json, start_alertmanager
from tests.terminal.conftest import Opener
from tests.terminal.terminal import END_S, Terminal

pytestmark = pytest.mark.real("prometheus-alertmanager")

RIGHT = "\x1b[C"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Program, Program]]:
    """A cluster of two in which redis and a disk are in trouble."""
    gossip = free_port(), free_port()
    first = start_alertmanager(tmp_path / "a", gossip=gossip[0])
    second = start_alertmanager(tmp_path / "b", gossip=gossip[1], peers=[gossip[0]])
    with ended(first, second):
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        alerts = [
            {"alertname": "ServiceDown", "instance": "redis:6379", "severity": "critical"},
            {"alertname": "DiskFull", "instance": "db1:9100", "severity": "warning"},
        ]
        for one in (first, second):
            post_json(
                f"{one.url}/api/v2/alerts", [{"labels": each, "endsAt": ends} for each in alerts]
            )
        yield first, second


def folder_of(tmp_path: Path, me: str, *programs: Program) -> str:
    """Settings of one of two people, who take turns by the day."""
    folder = tmp_path / f"settings-{me}"
    folder.mkdir()
    members = ", ".join(f'"{one.url}"' for one in programs)
    (folder / "oncall.yaml").write_text(
        f"""\
environment: {me}
me: {me}
people:
  kai: {{name: kai, phone: "+886 2 1234", logins: [{me}-login]}}
  mei: {{name: mei, phone: "+886 2 5678"}}
rota:
  rotations:
    - {{name: all, days: [mon, tue, wed, thu, fri, sat, sun], start: "00:00", end: "00:00",
        people: [kai, mei], turn: day, first: 2026-11-01}}
sources:
  alertmanager:
    - {{name: am, members: [{members}], interval: 1s}}
"""
    )
    return str(folder)


def silences_at(program: Program) -> list[dict[str, object]]:
    with urllib.request.urlopen(f"{program.url}/api/v2/silences", timeout=10) as answer:
        found = json.load(answer)
    return [one for one in found if one["status"]["state"] == "active"]


def on_triage(terminal: Terminal) -> Terminal:
    terminal.remembers = True
    terminal.wait_for("ServiceDown")
    terminal.wait_for("DiskFull")
    terminal.wait_quiet()
    return terminal


def line_with(terminal: Terminal, text: str) -> str:
    return next((line for line in terminal.lines if text in line), "")


def test_ack_silence_and_handover_by_keys_alone_at_80x24(
    open_in: Opener, tmp_path: Path, pair: tuple[Program, Program]
) -> None:
    first, second = pair
    kai = on_triage(open_in("--config", folder_of(tmp_path, "kai", first, second)))
    mei = on_triage(open_in("--config", folder_of(tmp_path, "mei", first, second)))

    # Kai takes redis: two keys and a note.
    kai.type("a")
    kai.wait_for("ack ServiceDown")
    kai.type("looking at it")
    kai.wait_for("looking at it")
    kai.wait_quiet(0.2)
    kai.type("\r")
    kai.wait_said("acked 1 alert with 1 silence")
    for one in pair:
        (silence,) = silences_at(one)
        assert str(silence["comment"]).startswith("ACK! kai: looking at it [oncall ")
    # Mei sees whose it is within an interval.
    mei.wait_for(lambda: "kai" in line_with(mei, "ServiceDown"))

    # Kai silences the disk.
    kai.type("j")
    kai.wait_for(lambda: line_with(kai, "DiskFull").startswith(">"))
    kai.type("s")
    kai.wait_for('alertname="DiskFull"')
    kai.wait_for(lambda: "1 alert" in kai.text)
    for _ in range(12):
        if "comment" in kai.text.lower() and _comment_has_focus(kai):
            break
        kai.type("\t")
        kai.wait_quiet(0.2)
    kai.type("disk is being replaced")
    kai.wait_for("disk is being replaced")
    kai.wait_quiet(0.4)
    kai.type("\x13")
    kai.wait_for("NEXT STEP")
    kai.wait_for(lambda: "silenced" in line_with(kai, "DiskFull"))
    assert {str(one["createdBy"]) for one in silences_at(second)} == {"kai"}
    assert len(silences_at(second)) == 2

    # Mei takes over on the handover screen.
    mei.type("6")
    mei.wait_for("looking at it")
    mei.wait_quiet(0.2)
    mei.type("a")
    mei.wait_for("kai")
    mei.wait_quiet(0.6)
    mei.type(RIGHT)
    mei.wait_quiet(0.2)
    mei.type("\r")
    mei.wait_for(lambda: any(one["createdBy"] == "mei" for one in silences_at(first)))
    kai.wait_for(lambda: "mei" in line_with(kai, "ServiceDown"))

    # Nothing was done without its record.
    for me in ("kai", "mei"):
        (folder,) = tmp_path.glob(f"**/oncall/{me}")
        assert check(folder).broken is None
        assert check(folder).records >= 2


def _comment_has_focus(terminal: Terminal) -> bool:
    """Whether the cursor stands in the comment's field."""
    y = terminal.screen.cursor.y
    return "comment" in terminal.lines[y].lower()


def test_letters_typed_ahead_in_one_packet_with_a_all_reach_the_note(
    open_in: Opener, tmp_path: Path, pair: tuple[Program, Program]
) -> None:
    kai = on_triage(open_in("--config", folder_of(tmp_path, "kai", *pair)))
    kai.type("alooking at redis now")
    kai.wait_said("note: looking at redis now")
    assert silences_at(pair[0]) == []


def test_a_paste_that_begins_like_an_ack_sends_nothing(
    open_in: Opener, tmp_path: Path, pair: tuple[Program, Program]
) -> None:
    kai = on_triage(open_in("--config", folder_of(tmp_path, "kai", *pair)))
    for paste in ("apt-get install -y redis\rsystemctl restart redis\r", "su -\rstop\r", "a\r"):
        kai.type(paste)
        kai.wait_quiet()
        kai.escape()
        kai.wait_quiet(0.5)
        if "Cancel" in kai.text:  # what was typed is not thrown away unasked
            kai.type(RIGHT)
            kai.wait_quiet(0.2)
            kai.type("\r")
        kai.wait_for("NEXT STEP")
        kai.wait_quiet()
    assert silences_at(pair[0]) == []
    kai.type(":q\r")
    assert kai.wait_end() == 0


def test_ctrl_c_in_the_middle_of_a_note_and_of_a_form_leaves_the_console_whole(
    open_in: Opener, tmp_path: Path, pair: tuple[Program, Program]
) -> None:
    kai = on_triage(open_in("--config", folder_of(tmp_path, "kai", *pair)))
    kai.type("a")
    kai.wait_for("note:")
    kai.type("half\x03")
    kai.wait_quiet()
    assert kai.program.poll() is None
    kai.escape()
    kai.wait_quiet()
    kai.type("s")
    kai.wait_for("alertname=")
    kai.type("\x03")
    kai.wait_quiet()
    assert kai.program.poll() is None
    assert silences_at(pair[0]) == []
    kai.program.terminate()
    kai.program.wait(END_S)
