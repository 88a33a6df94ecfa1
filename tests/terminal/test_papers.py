"""Documents in a true terminal: nothing typed is lost with it, and no journal drives it."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import pytest

from tests.hostile_journal import OWNED, write_drafts, write_journal, write_settings
from tests.soak import trials
from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal
from tests.terminal.test_hostile import unlisted

pytestmark = pytest.mark.real("git")

PROMISED_S = 2.5
"""After the last key: two seconds are promised, and the key has to arrive."""


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A console on a journal of its own, and on a source that does not answer."""
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "oncall.yaml").write_text(
        "environment: test\nme: kai\n"
        'sources: {prometheus: [{name: p, url: "http://127.0.0.1:9"}]}\n'
        f'journal: {{folder: "{tmp_path}/journal", email: kai@example.org}}\n'
    )
    return str(folder)


def kept(state: Path) -> str:
    """What stands in the drafts on disk."""
    found = (state / "oncall" / "test" / "drafts").glob("*.json")
    return "\n".join("\n".join(json.loads(one.read_bytes())["fields"].values()) for one in found)


def draft_again(opened: Terminal, text: str) -> None:
    """The next console says that there is a draft; its text stands in the form in two keys."""
    opened.wait_for("1 draft was not saved: 4 shows it")
    opened.type("4")
    opened.wait_for("drafts: typed and not saved")
    opened.wait_quiet()
    opened.type("\r")
    opened.wait_for("^s open it")
    opened.wait_for(text)


@pytest.mark.timeout(trials(usual=180, soak=3_600))
def test_what_was_typed_stands_in_the_form_again_whatever_ended_the_console(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    chance = random.Random(7)
    state = tmp_path / "home" / "state"
    terminal = open_in("--config", settings)
    terminal.wait_for("SourceDown")
    terminal.wait_quiet()
    terminal.type("4")
    terminal.wait_for("nothing is written down yet")
    terminal.type("i")
    terminal.wait_for("^s open it")
    terminal.wait_quiet()
    text = "redis 停了"
    terminal.type(text)
    for run in range(trials(usual=2, soak=50)):
        terminal.wait_for(text)
        if trials(usual=0, soak=1):  # where nothing else is done on the machine meanwhile
            end = time.monotonic() + PROMISED_S
            while time.monotonic() < end:
                terminal.read(0.1)
        else:
            terminal.wait_for(lambda: text in kept(state))  # noqa: B023
        if run % 2 == 0:
            terminal.send(signal.SIGKILL)
        else:
            terminal.close_all()
        terminal.wait_end()
        assert text in kept(state)
        terminal = open_in("--config", settings)
        draft_again(terminal, text)
        word = chance.choice((" no", " 沒", " 4", " q"))
        terminal.wait_quiet()
        terminal.type(f"\x1b[F{word}" if len(text) < 40 else "\x15redis")
        text = f"{text}{word}" if len(text) < 40 else "redis"


def test_a_journal_full_of_attacks_drives_no_terminal(open_in: Opener, tmp_path: Path) -> None:
    write_journal(tmp_path / "journal")
    write_settings(tmp_path / "settings", tmp_path / "journal")
    write_drafts(tmp_path / "home" / "state" / "oncall" / "hostile")
    terminal = open_in("--config", str(tmp_path / "settings"), "--no-mouse")
    terminal.wait_for("4 shows them")

    def press(keys: str, shown: str = "") -> None:
        terminal.type(keys)
        terminal.wait_for(lambda: shown in terminal.text)
        for _ in range(40):
            if not terminal.read(0.1):
                break

    press("4", OWNED)
    press("\r", "^s save")
    terminal.escape()
    press("j" * 9)
    for _ in range(trials(usual=3, soak=60)):
        press("\r", "─ ")
        press("\x04")
        press("e")
        terminal.escape()
        terminal.escape()
        press("4", "STATE")
        press("j")
    press("/", "/")
    press(f"{OWNED}\r", "documents")
    terminal.escape()
    press("C", "freeze")
    press("\x04")
    press("6")
    press("1", "NEXT STEP")
    press("q")
    assert terminal.wait_end() == 0
    assert unlisted(bytes(terminal.raw)) == set()
    assert OWNED.encode() in terminal.raw
    assert terminal.not_restored() == []
