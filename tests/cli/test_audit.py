"""`oncall audit`, run as a person runs it, on records that the console wrote."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest

from console.actions.audit.audit import Audit
from console.model.acting import Ended
from console.safety.clock import ManualClock, SystemClock
from console.safety.files import state_dir
from tests.actions.auditing import ACK, SHELL, audit_in, do
from tests.cli.test_alone import HEAVY, loaded_by
from tests.hostile import ATTACKS
from tests.spawn import Ended as Run
from tests.spawn import oncall

OBEYED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Kinds of characters that a terminal obeys, or that hide."""
NOW = SystemClock().now().wall


@pytest.fixture
def state() -> Path:
    """The folder in which the commands of these tests look."""
    return state_dir("night", os.environ)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A Prometheus that is not there, and that nobody asks."""
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "oncall.yaml").write_text(
        'environment: night\nsources: {prometheus: [{name: p, url: "http://127.0.0.1:9/"}]}\n'
    )
    return str(folder)


def audit(settings: str, *words: str) -> Run:
    return oncall("audit", "--config", settings, *words)


def document(settings: str, *words: str) -> Any:
    ended = audit(settings, "--json", *words)
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.isascii()
    return json.loads(ended.stdout)


def written(state: Path, ago: timedelta = timedelta()) -> Audit:
    return audit_in(state, ManualClock(NOW - ago))


def test_an_intent_and_its_end_are_one_line_that_says_when_who_what_and_how(
    state: Path, settings: str
) -> None:
    do(written(state, timedelta(hours=3)), 1)
    do(written(state, timedelta(hours=1)), 2)
    ended = audit(settings)
    assert (ended.exit_code, ended.stderr) == (0, "")
    heading, first, second = ended.stdout.splitlines()
    assert heading.split() == ["WHEN", "(UTC)", "WHO", "ACTION", "WHAT", "HOW", "IT", "ENDED"]
    assert first.startswith(f"{NOW - timedelta(hours=3):%Y-%m-%d %H:%M:%S}  kai  row.ack")
    assert 'silence {n="1"} (at it)' in first
    assert first.endswith("done: acked 1 alert")
    assert 'n="2"' in second


def test_what_has_no_end_may_have_been_done_and_what_has_just_begun_has_none_yet(
    state: Path, settings: str
) -> None:
    written(state, timedelta(minutes=5)).intend(SHELL, "ssh box", ["box"])
    written(state, timedelta(hours=-1)).intend(SHELL, "ssh inner", ["inner"])
    _, old, new = audit(settings).stdout.splitlines()
    assert old.endswith("no end recorded: may have been done")
    assert new.endswith("no end yet")


def test_a_name_that_nobody_proved_and_a_record_that_came_late_are_marked(
    tmp_path: Path, settings: str
) -> None:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "oncall" / "night"
    late = written(folder)
    intent = late.intend(ACK, "silence", ["it"])
    assert not intent.recorded
    state_dir("night", os.environ)
    late.end(intent, Ended.DONE, "acked")
    assert "done: acked (written late)" in audit(settings).stdout


def test_since_filter_and_n_keep_what_they_say(state: Path, settings: str) -> None:
    for number in range(5):
        do(written(state, timedelta(hours=5 - number)), number)
    assert len(document(settings)["effects"]) == 5
    assert len(document(settings, "--since", "2h30m")["effects"]) == 2
    (third,) = document(settings, "--filter", 'Alert3 "acked 1"')["effects"]
    assert third["intent"]["subjects"] == ["Alert3"]
    assert document(settings, "--filter", "!kai")["effects"] == []
    assert "nothing is recorded" in audit(settings, "--filter", "!kai").stdout
    latest = document(settings, "-n", "2")
    assert (latest["total"], len(latest["effects"])) == (5, 2)
    assert latest["effects"][-1]["end"]["silences"] == [["am", "silence-4"]]
    assert audit(settings, "-n", "2").stdout.splitlines()[-1].startswith("the latest 2 of 5")


@pytest.mark.parametrize("words", [("--since", "yesterday"), ("--filter", "/(/"), ("-n", "-1")])
def test_what_cannot_be_read_on_the_command_line_ends_with_2(
    settings: str, words: tuple[str, str]
) -> None:
    ended = audit(settings, *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr


def test_with_nothing_recorded_it_says_so(settings: str) -> None:
    assert audit(settings).stdout == "nothing is recorded that matches\n"
    assert audit(settings, "--check").exit_code == 0


def test_a_chain_that_holds_is_ok_with_its_count_and_its_head(state: Path, settings: str) -> None:
    one = written(state)
    do(one)
    ended = audit(settings, "--check")
    assert ended.exit_code == 0
    assert ended.stdout == f"OK  2 records in 1 file\nhead  {one.head}\n"
    told = document(settings, "--check")
    assert (told["ok"], told["records"], told["head"]) == (True, 2, one.head)


def test_a_changed_record_ends_with_3_and_is_named_by_file_and_line(
    state: Path, settings: str
) -> None:
    for number in range(3):
        do(written(state), number)
    path = state / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"acked 1 alert", b"acked 9 alert", 1))
    ended = audit(settings, "--check")
    assert ended.exit_code == 3
    assert ended.stdout.startswith("BROKEN  audit.jsonl:3: record 3 follows ")
    assert "the hash of the line before it" in ended.stdout
    broken = audit(settings, "--check", "--json")
    assert broken.exit_code == 3
    assert json.loads(broken.stdout)["broken"] == {"file": "audit.jsonl", "line": 3}


def test_a_torn_line_is_said_and_is_no_break(state: Path, settings: str) -> None:
    do(written(state))
    path = state / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    ended = audit(settings, "--check")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("audit.jsonl:2: torn")
    assert "1 line is no record" in audit(settings).stderr


def test_a_file_that_cannot_be_read_ends_with_4(state: Path, settings: str) -> None:
    (state / "audit.jsonl").mkdir()
    for words in ((), ("--check",)):
        ended = audit(settings, *words)
        assert (ended.exit_code, ended.stdout) == (4, "")
        assert "is a folder" in ended.stderr


def test_no_source_is_asked_and_no_client_for_one_is_even_loaded(
    state: Path, settings: str
) -> None:
    do(written(state))
    loaded = loaded_by("audit", "--config", settings)
    assert "msgspec" in loaded
    assert loaded.isdisjoint((*HEAVY, "httpx"))


def test_hostile_records_reach_the_terminal_as_words_only(state: Path, settings: str) -> None:
    one = written(state)
    for attack in ATTACKS:
        one.end(one.intend(ACK, attack, [attack], attack), Ended.FAILED, attack)
    # Somebody who wrote the file by hand did not ask `visible()` first.
    line = (state / "audit.jsonl").read_bytes().splitlines()[0]
    forged = json.loads(line)
    forged.update(what="\x1b]0;OWNED\x07", why="\x9b2J", action="\u202erow")
    with (state / "audit.jsonl").open("ab") as file:
        file.write(json.dumps(forged).encode() + b"\n")
    for words in ((), ("--json",), ("--check",)):
        shown = audit(settings, *words).stdout
        assert shown
        assert {category(character) for character in shown.replace("\n", "")}.isdisjoint(OBEYED)
