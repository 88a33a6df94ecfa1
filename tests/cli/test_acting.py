"""The commands that change something, run as a person or a script runs them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import pytest

from console.cli.main import COMMANDS
from tests.actions.on_servers import fire, make
from tests.actions.on_servers import running as running_at
from tests.hostile import ATTACKS
from tests.servers import Program, ended, start_alertmanager
from tests.sources.between import Said, between
from tests.spawn import PROJECT, Ended, oncall

pytestmark = pytest.mark.real("prometheus-alertmanager")

READ_ONLY: Final = "read-only: nothing is changed from here"
REDIS: Final = {"alertname": "ServiceDown", "service": "redis", "severity": "critical"}
DISKS: Final = [
    {"alertname": "DiskFull", "instance": f"db{n}:9100", "severity": "warning"} for n in range(3)
]
DEMAND: Final = 'alertname="DiskFull"'
ACTING: Final = {
    "ack": (("DiskFull", "-m", "on it"),),
    "unack": (("ServiceDown",),),
    "silence": ((DEMAND, "--for", "1h", "-m", "new disk", "--yes"),),
    "unsilence": (("patching", "--yes"),),
    "handover": (("--accept",),),
}
"""Every command that acts, with what it can act on in `am`."""


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    """A service that mei has acked, three disks that nobody has, and a silence of hers."""
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        fire(program.url, REDIS, *DISKS)
        make(program.url, "ACK! mei: looking", matchers={"alertname": "ServiceDown"})
        make(program.url, "patching", matchers={"alertname": "Reboot"})
        yield program


def on(am: Program, *words: str) -> Ended:
    return oncall(*words, "--alertmanager", am.url)


def json_on(am: Program, *words: str, exit_code: int = 0) -> dict[str, Any]:
    ended = on(am, *words, "--json")
    assert ended.exit_code == exit_code, ended
    assert ended.stdout.isascii()
    printed: dict[str, Any] = json.loads(ended.stdout)
    assert printed["schema_version"] == 1
    assert datetime.fromisoformat(printed["at"]).utcoffset() is not None
    return printed


def owners_at(am: Program) -> dict[str, str]:
    """Comment to owner, of what has not ended; without the record of ours."""
    return {one["comment"].partition(" [oncall ")[0]: one["createdBy"]
            for one in running_at(am.url)}  # fmt: skip


BEFORE: Final = {"ACK! mei: looking": "mei", "patching": "mei"}


def commands_that_act() -> set[str]:
    """Those that can be tried without doing anything."""
    found = set()
    for name, (module, _) in COMMANDS.items():
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        if any(option.name == "dry_run" for option in command.params):
            found.add(name)
    return found


def test_every_command_that_acts_is_tried() -> None:
    assert commands_that_act() == set(ACTING)


def test_read_only_asks_and_changes_nothing_whatever_the_command(am: Program) -> None:
    for name, ways in ACTING.items():
        for words in ways:
            with between(am.port) as proxy:
                ended = oncall("--read-only", name, *words, "--alertmanager", proxy.url)
                assert (ended.exit_code, READ_ONLY in ended.stdout) == (4, True), ended
                assert {one.split()[0] for one in proxy.heard} == {"GET"}, proxy.heard
    assert owners_at(am) == BEFORE


def test_a_dry_run_says_what_it_would_do_and_only_asks(am: Program) -> None:
    said = {
        "ack": "would silence in alertmanager",
        "unack": "would un-ack",
        "silence": "matches 3 alerts now (3 P2)",
        "unsilence": "would end",
        "handover": "would take over 1 ack from mei",
    }
    for name, ways in ACTING.items():
        for words in ways:
            with between(am.port) as proxy:
                ended = oncall(name, *words, "--dry-run", "--alertmanager", proxy.url)
                assert ended.exit_code == 0, ended
                assert said[name] in ended.stdout, ended
                assert {one.split()[0] for one in proxy.heard} == {"GET"}, proxy.heard
    assert owners_at(am) == BEFORE


def test_a_shift_by_commands_alone_text_json_and_record(am: Program) -> None:
    me = json_on(am, "handover")["on_call"]
    assert me is None  # there is no rota without settings
    acked = json_on(am, "ack", "DiskFull", "-m", "on it")
    assert (acked["dry_run"], acked["matched"], acked["complete"]) == (False, 3, True)
    assert acked["outcome"]["ended"] == "done"
    assert acked["outcome"]["text"].startswith("acked 3 alerts with 1 silence until ")
    (made,) = acked["outcome"]["silences"]
    silences = json_on(am, "silences")["silences"]
    assert {one["id"] for one in silences if one["is_ack"]} >= {made["id"]}
    assert {one["id"]: one["holds"] for one in silences}[made["id"]] == 3

    again = on(am, "ack", "DiskFull")
    assert again.exit_code == 1 and "are acked already" in again.stdout

    accepted = on(am, "handover", "--accept")
    assert accepted.exit_code == 0, accepted
    assert "1 ack handed over to" in accepted.stdout
    assert "mei" not in {owner for comment, owner in owners_at(am).items() if "ACK!" in comment}

    given_up = json_on(am, "unack", "DiskFull", "--mine")
    assert (given_up["matched"], given_up["outcome"]["ended"]) == (1, "done")
    silenced = json_on(am, "silence", DEMAND, "--for", "90m", "-m", "new disk")
    assert silenced["outcome"]["text"].endswith("holds 3 alerts now")
    ended = json_on(am, "unsilence", "new disk")
    assert (ended["matched"], ended["outcome"]["ended"]) == (1, "done")
    assert sorted(owners_at(am)) == [
        "ACK! {}: looking (from mei)".format(
            next(owner for one, owner in owners_at(am).items() if "ACK!" in one)
        ),
        "patching",
    ]

    effects = json_on(am, "audit")["effects"]
    assert [one["intent"]["action"] for one in effects] == [
        "row.ack", "row.hand-over", "row.unack", "row.silence", "silences.expire",
    ]  # fmt: skip
    assert {one["end"]["ended"] for one in effects} == {"done"}
    assert on(am, "audit", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("ack", "nothing-like-it"), 1, "nothing to ack matches"),
        (("unack", "DiskFull"), 1, "no ack matches"),
        (("unsilence", "nothing-like-it"), 1, "no silence matches"),
        (("ack",), 2, "expected a filter"),
        (("ack", "/(a+)+/"), 2, "expected no repetition"),
        (("ack", "DiskFull", "--for", "soon"), 2, "expected a duration"),
        (("silence", 'job=~".*"', "-m", "x"), 2, "match"),
        (("silence", DEMAND, "-m", "x", "--for", "1h", "--cluster", "elsewhere"), 4, "no such"),
        (("silence", 'alertname="ServiceDown"', "-m", "x", "--for", "1h"), 4, "nobody said yes"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_the_exit_code_and_a_sentence_tell_why_nothing_was_done(
    words: tuple[str, ...], exit_code: int, said: str, am: Program
) -> None:
    ended = on(am, *words)
    assert ended.exit_code == exit_code, ended
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert owners_at(am) == BEFORE


def test_an_ack_on_a_dead_alertmanager_is_kept_and_ends_with_3(am: Program) -> None:
    assert on(am, "alerts").exit_code == 0
    am.kill()
    kept = on(am, "ack", "DiskFull", "-m", "on it")
    assert kept.exit_code == 3, kept
    assert "3 acks kept here, not sent yet" in kept.stdout
    assert "acked already" in on(am, "ack", "DiskFull").stdout


def test_what_is_done_without_a_record_on_disk_says_so(am: Program, tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where a folder should be")
    words = ("ack", "DiskFull", "--alertmanager", am.url)
    ended = oncall(*words, env={"XDG_STATE_HOME": str(blocked)})
    assert ended.exit_code == 0, ended
    assert "NO AUDIT: what was done here stands in syslog only" in ended.stderr


def test_what_the_server_refuses_is_said_in_its_words_and_ends_with_4(am: Program) -> None:
    with between(am.port) as proxy:
        proxy.harm["POST"] = [Said(400, b'"bad matcher: no such thing"')]
        to = ("--alertmanager", proxy.url)
        ended = oncall("silence", DEMAND, "--for", "1h", "-m", "x", "--yes", *to)
    assert ended.exit_code == 4, ended
    assert "bad matcher: no such thing" in ended.stdout
    assert owners_at(am) == BEFORE


def test_hostile_labels_and_comments_reach_the_terminal_as_words_only(am: Program) -> None:
    texts = [one for one in ATTACKS if one.isascii() or one == "\x9b2J"]
    fire(am.url, *({"alertname": "Evil", "x": text, "severity": "warning"} for text in texts))
    make(am.url, "\x1b]0;OWNED\x07\x1b[2J", by="\x1b[31mmei", matchers={"alertname": "Other"})
    for words in (
        ("ack", "Evil", "--dry-run"),
        ("ack", "Evil", "-m", "\x1b[31mnote"),
        ("silences",),
        ("unsilence", "OWNED", "--dry-run"),
        ("handover",),
        ("audit",),
        ("unack", "Evil"),
    ):
        ended = on(am, *words)
        assert ended.exit_code == 0, ended
        for line in (ended.stdout + ended.stderr).splitlines():
            assert line.isprintable(), (words, line)
    assert {one["comment"] for one in running_at(am.url)} == {
        "ACK! mei: looking", "patching", "\x1b]0;OWNED\x07\x1b[2J"
    }  # fmt: skip


@pytest.mark.parametrize("how", [">&-", ">/dev/full"])
def test_an_ack_is_made_once_although_nobody_can_be_told(how: str, am: Program) -> None:
    line = f"{sys.executable} -m console ack DiskFull --alertmanager {am.url} {how}"
    ended = subprocess.run(
        ["bash", "-c", line], cwd=PROJECT, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 4, ended
    assert b"Traceback" not in ended.stderr and b"standard output" in ended.stderr
    assert len(running_at(am.url)) == len(BEFORE) + 1


def test_a_pipe_that_closes_early_loses_no_deed(am: Program) -> None:
    line = f"{sys.executable} -m console ack DiskFull --json --alertmanager {am.url} | head -c 1"
    ended = subprocess.run(
        ["bash", "-c", line], cwd=PROJECT, capture_output=True, timeout=60, check=False
    )
    assert (ended.stdout, ended.stderr) == (b"{", b"")
    assert len(running_at(am.url)) == len(BEFORE) + 1
