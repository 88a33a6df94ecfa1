"""No effect without its record: on disk before it starts, chained, and never written over."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import console.actions.audit.audit as audit_module
from config.identity import Identity
from console.actions.audit.audit import NO_FOLDER, Audit, to_syslog
from console.actions.audit.check import Break, check, records_of
from console.actions.audit.record import BEGINNING, actor_of
from console.model.acting import Ended
from console.safety.clock import ManualClock
from console.safety.files import FileLock
from tests.actions.auditing import ACK, AT, DROP, KAI, SHELL, Syslog, audit_in, do, lines_in
from tests.hostile import ATTACKS
from tests.soak import trials
from tests.spawn import PROJECT, python

LONG_ENOUGH_S = 30.0


def file_of(folder: Path) -> Path:
    return folder / "audit.jsonl"


# What is written


def test_an_intent_is_on_disk_when_it_returns_and_says_who_what_and_why(tmp_path: Path) -> None:
    intent = audit_in(tmp_path).intend(
        ACK, 'silence {alertname="Down"} on am until 04:12 UTC', ["Down redis@data"], "on it"
    )
    (record,) = lines_in(tmp_path)
    assert intent.recorded
    assert record["schema_version"] == 1
    assert record["phase"] == "intent"
    assert (record["id"], record["seq"], record["prev"]) == (intent.id, 1, "0" * 64)
    assert record["at"] == "2026-11-22T03:16:42Z"
    assert (record["action"], record["effect"]) == ("row.ack", "reversible")
    assert record["what"] == 'silence {alertname="Down"} on am until 04:12 UTC'
    assert (record["subjects"], record["subjects_total"]) == (["Down redis@data"], 1)
    assert record["why"] == "on it"
    assert record["actor"]["who"] == "kai"
    assert record["actor"]["ssh_connection"] == "10.0.0.9 50022 10.0.0.1 22"


def test_an_end_says_how_it_ended_under_the_same_id(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    intent = audit.intend(ACK, "silence", ["Down"])
    audit.end(intent, Ended.PARTLY, "acked 1 of 2", ["Up: gone"], [("am", "b2c1")])
    _, end = lines_in(tmp_path)
    assert (end["phase"], end["id"], end["ended"]) == ("end", intent.id, "partly")
    assert (end["text"], end["details"]) == ("acked 1 of 2", ["Up: gone"])
    assert end["silences"] == [["am", "b2c1"]]


def test_of_a_thousand_subjects_fifty_are_named_and_all_are_counted(tmp_path: Path) -> None:
    audit_in(tmp_path).intend(ACK, "silence", [f"Alert{n}" for n in range(1000)])
    (record,) = lines_in(tmp_path)
    assert len(record["subjects"]) == 50
    assert record["subjects_total"] == 1000


def test_each_line_carries_the_hash_of_the_one_before_it(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    for number in range(5):
        do(audit, number)
    lines = file_of(tmp_path).read_bytes().splitlines()
    assert len(lines) == 10
    for before, after in itertools.pairwise(lines):
        assert json.loads(after)["prev"] == hashlib.sha256(before).hexdigest()
    assert audit.head == hashlib.sha256(lines[-1]).hexdigest()


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        do(audit_in(tmp_path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600


def test_ids_are_long_and_never_the_same(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    ids = {do(audit, number) for number in range(20)}
    assert len(ids) == 20
    assert all(len(one) >= 12 and int(one, 16) >= 0 for one in ids)


@pytest.mark.parametrize("hostile", ATTACKS, ids=range(len(ATTACKS)))
def test_hostile_text_stays_on_its_line_and_is_harmless_in_it(tmp_path: Path, hostile: str) -> None:
    audit = audit_in(tmp_path)
    intent = audit.intend(ACK, hostile, [hostile], hostile)
    audit.end(intent, Ended.FAILED, hostile, [hostile], [(hostile, hostile)])
    content = file_of(tmp_path).read_bytes()
    assert content.count(b"\n") == 2
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in content)
    records, unreadable = records_of(tmp_path)
    assert (len(records), unreadable) == (2, 0)
    assert check(tmp_path).broken is None


def test_a_text_without_end_is_cut_with_a_mark(tmp_path: Path) -> None:
    audit_in(tmp_path).intend(ACK, "é" * 1_000_000, ["s" * 10_000])
    (record,) = lines_in(tmp_path)
    assert len(record["what"]) == 65_536
    assert record["what"].endswith("…")
    assert record["subjects"][0].endswith("…")
    assert check(tmp_path).records == 1


def test_who_acts_is_told_by_the_process_itself() -> None:
    environ = {"SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22\x1b[2J"}
    one = actor_of(Identity("mei", verified=False), "root", environ)
    other = actor_of(Identity("mei"), "root", {})
    assert (one.who, one.verified, one.login) == ("mei", False, "root")
    assert (one.uid, one.pid, one.host) == (os.getuid(), os.getpid(), socket.gethostname())
    assert one.ssh_connection == "10.0.0.9 50022 10.0.0.1 22^[[2J"
    assert other.ssh_connection == ""
    assert one.console != other.console


# The chain


def test_an_audit_that_nobody_touched_is_well(tmp_path: Path) -> None:
    assert check(tmp_path).head == BEGINNING
    audit = audit_in(tmp_path)
    for number in range(3):
        do(audit, number)
    checked = check(tmp_path)
    assert (checked.records, checked.files, checked.torn) == (6, 1, ())
    assert checked.broken is None
    assert checked.head == audit.head


def broken(folder: Path) -> Break:
    found = check(folder).broken
    assert found is not None
    return found


def test_a_changed_line_is_found_at_the_one_that_follows_it(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    for number in range(3):
        do(audit, number)
    content = file_of(tmp_path).read_bytes()
    file_of(tmp_path).write_bytes(content.replace(b'n=\\"1\\"', b'n=\\"7\\"'))
    found = broken(tmp_path)
    assert (found.at.file, found.at.line) == ("audit.jsonl", 4)
    assert "the hash of the line before it" in found.expected


@pytest.mark.parametrize("gone", [0, 2, 4])
def test_a_line_that_was_taken_out_is_missed(tmp_path: Path, gone: int) -> None:
    audit = audit_in(tmp_path)
    for number in range(3):
        do(audit, number)
    lines = file_of(tmp_path).read_bytes().splitlines(keepends=True)
    file_of(tmp_path).write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    assert broken(tmp_path).at.line == gone + 1
    assert broken(tmp_path).expected == f"record {gone + 1}"


def test_a_line_put_in_between_is_found(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    do(audit)
    lines = file_of(tmp_path).read_bytes().splitlines(keepends=True)
    file_of(tmp_path).write_bytes(lines[0] + b'{"a":"line of somebody else"}\n' + lines[1])
    assert broken(tmp_path).at.line == 2


def test_a_line_that_no_write_could_have_left_is_no_torn_one(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    do(audit)
    lines = file_of(tmp_path).read_bytes().splitlines(keepends=True)
    file_of(tmp_path).write_bytes(lines[0] + b"gone\n")
    do(audit_in(tmp_path))
    assert broken(tmp_path).at.line == 2


@pytest.mark.parametrize("keeps", [1, 20, 60, 200, -1])
def test_a_torn_line_is_closed_and_reported_as_torn_and_not_as_changed(
    tmp_path: Path, keeps: int
) -> None:
    do(audit_in(tmp_path))
    content = file_of(tmp_path).read_bytes()
    first, second = content.splitlines(keepends=True)
    file_of(tmp_path).write_bytes(first + second[: keeps if keeps > 0 else len(second) - 2])
    torn = file_of(tmp_path).read_bytes()
    assert [place.line for place in check(tmp_path).torn] == [2]
    do(audit_in(tmp_path), 1)
    assert file_of(tmp_path).read_bytes().startswith(torn + b"\n")  # nothing is written over
    checked = check(tmp_path)
    assert checked.broken is None
    assert [place.line for place in checked.torn] == [2]
    assert [line["seq"] for line in map(json.loads, after_torn(tmp_path))] == [3, 4]
    assert len(records_of(tmp_path)[0]) == 3


def after_torn(folder: Path) -> list[bytes]:
    return file_of(folder).read_bytes().splitlines()[2:]


def test_a_whole_line_that_lacks_only_its_line_break_is_not_torn(tmp_path: Path) -> None:
    do(audit_in(tmp_path))
    file_of(tmp_path).write_bytes(file_of(tmp_path).read_bytes()[:-1])
    do(audit_in(tmp_path), 1)
    checked = check(tmp_path)
    assert (checked.records, checked.torn, checked.broken) == (4, (), None)


def test_blocks_that_a_power_cut_left_empty_are_a_torn_line(tmp_path: Path) -> None:
    do(audit_in(tmp_path))
    with file_of(tmp_path).open("ab") as file:
        file.write(b"\0" * 300)
    do(audit_in(tmp_path), 1)
    checked = check(tmp_path)
    assert (checked.records, checked.broken) == (4, None)
    assert [place.line for place in checked.torn] == [3]


def test_a_torn_line_longer_than_one_look_loses_no_link(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    do(audit)
    audit.intend(ACK, "é" * 60_000, ["it"])  # some 360 kB as a line
    content = file_of(tmp_path).read_bytes()
    file_of(tmp_path).write_bytes(content[:-1000])
    do(audit_in(tmp_path), 1)
    checked = check(tmp_path)
    assert (checked.records, checked.broken, len(checked.torn)) == (4, None, 1)


# Several consoles, several files


def test_two_consoles_write_one_chain(tmp_path: Path) -> None:
    audits = [audit_in(tmp_path) for _ in range(4)]

    def act(audit: Audit) -> None:
        for number in range(10):
            do(audit, number)

    threads = [threading.Thread(target=act, args=(audit,)) for audit in audits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checked = check(tmp_path)
    assert (checked.records, checked.broken, checked.torn) == (80, None, ())
    assert all(audit.fault == "" for audit in audits)


def test_the_chain_goes_on_across_a_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "ROTATE_BYTES", 2_000)
    clock = ManualClock(AT)
    for number in range(12):
        do(audit_in(tmp_path, clock), number)  # each as a console that was just opened
        clock.advance(0.3)
    older = sorted(tmp_path.glob("audit-*.jsonl"))
    assert len(older) > 3
    assert all(path.name.startswith("audit-20261122T0316") for path in older)
    checked = check(tmp_path)
    assert (checked.records, checked.broken) == (24, None)
    assert checked.files == len(older) + 1
    assert [record.seq for record in records_of(tmp_path)[0]] == list(range(1, 25))


def test_a_kill_between_rotation_and_the_first_record_loses_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "ROTATE_BYTES", 2_000)
    for number in range(6):
        do(audit_in(tmp_path), number)
    file_of(tmp_path).rename(tmp_path / "audit-20261122T999999Z.jsonl")
    do(audit_in(tmp_path), 7)
    checked = check(tmp_path)
    assert (checked.records, checked.broken) == (14, None)


def test_an_older_file_that_was_taken_away_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "ROTATE_BYTES", 2_000)
    for number in range(8):
        do(audit_in(tmp_path), number)
    (tmp_path / "audit-20261122T031642Z.jsonl").unlink()
    assert broken(tmp_path).expected == "record 1"


# When it cannot be written


def test_without_a_state_folder_the_record_is_in_memory_and_in_syslog() -> None:
    syslog = Syslog()
    audit = audit_in(None, syslog=syslog)
    assert audit.fault == NO_FOLDER
    intent = audit.intend(DROP, "drop db-3", ["db-3"])
    audit.end(intent, Ended.FAILED, "it is gone")
    assert not intent.recorded
    assert audit.held == 2
    assert [intent.id in line and "by kai" in line for line in syslog.lines] == [True, True]
    assert "drop db-3" in syslog.lines[0]
    assert not audit.retry()


def test_a_symlink_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    file_of(tmp_path).symlink_to(tmp_path / "victim")
    audit = audit_in(tmp_path)
    assert not audit.intend(ACK, "silence", ["it"]).recorded
    assert "symbolic link" in audit.fault
    assert (tmp_path / "victim").read_text() == "precious"


def test_what_could_not_be_written_comes_late_in_its_order_with_its_own_time(
    tmp_path: Path,
) -> None:
    clock, syslog = ManualClock(AT), Syslog()
    folder = tmp_path / "state"
    audit = audit_in(folder, clock, syslog)
    first = do(audit, 1)
    assert "No such file or directory" in audit.fault
    assert len(syslog.lines) == 2
    clock.advance(3600)
    folder.mkdir(0o700)
    second = do(audit, 2)
    assert audit.fault == ""
    assert audit.held == 0
    lines = lines_in(folder)
    assert [line["id"] for line in lines] == [first, first, second, second]
    assert [line.get("late", False) for line in lines] == [True, True, False, False]
    assert [line["at"][11:16] for line in lines] == ["03:16", "03:16", "04:16", "04:16"]
    assert check(folder).broken is None
    assert len(syslog.lines) == 2


def test_a_lock_that_somebody_keeps_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "LOCK_WAIT_S", 0.05)
    audit = audit_in(tmp_path)
    with FileLock(tmp_path / "audit.lock"):
        assert not audit.intend(ACK, "silence", ["it"]).recorded
        assert "is locked" in audit.fault
    assert audit.retry()
    assert audit.fault == ""
    assert lines_in(tmp_path)[0]["late"] is True


def test_a_syslog_that_fails_too_stops_nobody() -> None:
    def fails(line: str) -> None:
        raise OSError("no /dev/log")

    audit = Audit(None, KAI, ManualClock(AT), syslog=fails)
    do(audit)
    assert audit.held == 2


def test_a_machine_without_a_log_of_its_own_is_no_fault() -> None:
    to_syslog("oncall's own tests: nothing to see here")


def test_on_a_full_disk_an_ack_goes_on_a_shell_needs_broken_glass_and_records_come_late(
    tmp_path: Path,
) -> None:
    ended = python("-m", "tests.actions.auditing", "full-disk", str(tmp_path))
    assert ended.exit_code == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert "File too large" in said["fault"]
    assert (said["ack_recorded"], said["ack_allowed"]) == (False, True)
    assert (said["shell_denied"], said["shell_by_broken_glass"]) == (True, True)
    assert (said["still_full"], said["held"], said["syslog"]) == (False, 4, 4)
    assert (said["written_at_last"], said["fault_after"]) == (True, "")
    lines = lines_in(tmp_path)
    before, ack, shell, after = (said[name] for name in ("before", "ack", "shell", "after"))
    expected = [before, before, ack, ack, shell, shell, after, after]
    assert [line["id"] for line in lines] == expected
    assert [line.get("late", False) for line in lines] == [False] * 2 + [True] * 4 + [False] * 2
    checked = check(tmp_path)
    assert (checked.broken, checked.torn) == (None, ())


# Killed


class Server:
    """Hears one line an effect, and keeps whatever it heard."""

    def __init__(self) -> None:
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    def hear(self, enough: int, acting: subprocess.Popen[bytes]) -> None:
        """Until `enough` bytes came, then kill who sends them, and hear the rest."""
        self._listening.settimeout(LONG_ENOUGH_S)
        with self._listening, self._listening.accept()[0] as peer:
            peer.settimeout(LONG_ENOUGH_S)
            while len(self.heard) < enough:
                part = peer.recv(4096)
                assert part, "it ended by itself"
                self.heard += part
            os.kill(acting.pid, signal.SIGKILL)
            while part := _received(peer):
                self.heard += part


def _received(peer: socket.socket) -> bytes:
    try:
        return peer.recv(4096)
    except ConnectionResetError:
        return b""


def test_a_console_that_is_killed_leaves_no_effect_without_its_intent(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    for _ in range(trials(usual=10, soak=250)):
        server = Server()
        acting = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.actions.auditing",
                "for-ever",
                tmp_path,
                str(server.port),
            ],
            cwd=PROJECT,
        )
        try:
            # Some bytes into a line, so that the kill meets an intent as often as an end.
            server.hear(chance.randint(1, 400), acting)
        finally:
            acting.kill()
            acting.wait(LONG_ENOUGH_S)
        effects = {line.decode() for line in server.heard.split(b"\n") if len(line) == 16}
        records, _ = records_of(tmp_path)
        intended = {record.id for record in records if record.ended is None}
        assert effects
        assert effects <= intended
        checked = check(tmp_path)
        assert checked.broken is None
    assert len(records_of(tmp_path)[0]) > 20
    assert do(audit_in(tmp_path)) in {record.id for record in records_of(tmp_path)[0]}


def test_the_effect_class_is_kept_as_the_registry_declares_it(tmp_path: Path) -> None:
    audit = audit_in(tmp_path)
    audit.intend(SHELL, "ssh box", ["box"])
    audit.intend(DROP, "drop", ["db"])
    assert [line["effect"] for line in lines_in(tmp_path)] == ["disruptive", "destructive"]
