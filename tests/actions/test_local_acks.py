"""Acks that the folder keeps: shared by consoles, never lost without a word."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console.actions.acks.local_acks import ACKS, LocalAcks, Swap
from console.model.alert import Ack
from console.safety.clock import ManualClock
from console.safety.files import FileError
from console.safety.text import Raw
from tests.build import T0

KEY = "source:am"


def ack(owner: str = "kai", key: str = KEY, *, at_s: float = 0, note: str = "", **more: str) -> Ack:
    since = T0 + timedelta(seconds=at_s)
    return Ack(Raw(owner), since, since + timedelta(hours=24), Raw(note), key, "", "0a1b2c", **more)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def acks(tmp_path: Path, clock: ManualClock) -> LocalAcks:
    return LocalAcks(tmp_path, clock)


def test_what_one_console_keeps_another_one_sees(
    tmp_path: Path, acks: LocalAcks, clock: ManualClock
) -> None:
    evil = ack("\x1b]0;x\x07", note="a\u202eb\n[red]", unsent="refused the connection")
    acks.put([evil, ack("mei", "probe:redis", at_s=1)])
    assert LocalAcks(tmp_path, clock).load() == (evil, ack("mei", "probe:redis", at_s=1))


def test_a_console_sees_what_another_one_changes(tmp_path: Path, clock: ManualClock) -> None:
    mine, hers = LocalAcks(tmp_path, clock), LocalAcks(tmp_path, clock)
    assert mine.load() == ()
    hers.put([ack("mei")])
    assert [one.owner for one in mine.load()] == [Raw("mei")]
    assert mine.swap([Swap(KEY, Raw("zoe"), None)]) == ()
    assert mine.swap([Swap(KEY, None, ack("zoe"))]) == ()
    given = Swap(KEY, Raw("mei"), ack("kai", at_s=5))
    assert mine.swap([given]) == (given,)
    assert [one.owner for one in hers.load()] == [Raw("kai")]
    assert hers.remove([KEY, "no such key"]) == (ack("kai", at_s=5),)
    assert mine.load() == ()


def test_of_two_acks_the_earlier_stays_and_the_later_is_told(acks: LocalAcks) -> None:
    acks.put([ack("mei", at_s=10)])
    assert acks.put([ack("kai", at_s=20)]) == (ack("mei", at_s=10),)
    assert acks.put([ack("zoe", at_s=5)]) == (ack("zoe", at_s=5),)


def test_the_same_person_keeps_the_time_and_renews_the_rest(acks: LocalAcks) -> None:
    acks.put([ack(at_s=10, unsent="am is away")])
    (stands,) = acks.put([ack(at_s=20, note="now with a note")])
    assert stands.since == T0 + timedelta(seconds=10)
    assert stands.note == Raw("now with a note") and not stands.unsent


def test_an_ack_ends_and_makes_room(acks: LocalAcks, clock: ManualClock) -> None:
    acks.put([ack("mei")])
    clock.advance(24 * 3600)
    assert acks.load() == ()
    late = ack("kai", at_s=24 * 3600)
    assert acks.put([late]) == (late,)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[" * 100_000,
        b'[{"key": "a"}]',
        b'[{"key":"a","owner":"b","since":"2026-01-01T00:00:00","until":"2026-01-02T00:00:00"}]',
    ],
)
def test_a_damaged_file_is_set_aside_and_said(
    tmp_path: Path, acks: LocalAcks, content: bytes
) -> None:
    (tmp_path / ACKS).write_bytes(content)
    assert acks.load() == ()
    (notice,) = acks.take_notices()
    assert "acks.json cannot be read" in notice and notice.isprintable()
    (aside,) = tmp_path.glob("*.damaged")
    assert aside.read_bytes() == content
    acks.put([ack()])
    assert acks.load() == (ack(),)


def test_a_damaged_file_is_not_overwritten_by_an_ack(tmp_path: Path, acks: LocalAcks) -> None:
    (tmp_path / ACKS).write_bytes(b"not ours")
    acks.put([ack()])
    assert [one.read_bytes() for one in tmp_path.glob("*.damaged")] == [b"not ours"]
    assert acks.take_notices()


def test_what_cannot_be_read_keeps_what_was_known(tmp_path: Path, acks: LocalAcks) -> None:
    acks.put([ack()])
    assert acks.load() == (ack(),)
    (tmp_path / ACKS).rename(tmp_path / "moved")
    (tmp_path / ACKS).symlink_to("moved")
    assert acks.load() == (ack(),) and acks.load() == (ack(),)
    (notice,) = acks.take_notices()
    assert "symbolic link" in notice


def test_a_folder_that_went_away_takes_no_acks_with_it(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    acks = LocalAcks(folder, clock)
    acks.put([ack()])
    assert acks.load() == (ack(),)
    folder.rename(tmp_path / "unmounted")
    assert acks.load() == (ack(),)
    with pytest.raises(FileError):
        acks.put([ack("mei", "other")])


def test_the_files_are_the_groups_only_in_a_folder_that_the_group_can_write(
    tmp_path: Path, clock: ManualClock
) -> None:
    for mode, expected in ((0o700, 0o600), (0o750, 0o600), (0o770, 0o660), (0o2770, 0o660)):
        folder = tmp_path / f"{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        before = os.umask(0o077)
        try:
            LocalAcks(folder, clock).put([ack()])
        finally:
            os.umask(before)
        modes = {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()}
        assert modes == {ACKS: expected, "acks.lock": expected}, oct(mode)


def test_the_file_is_read_again_only_when_it_is_another_one(
    tmp_path: Path, acks: LocalAcks
) -> None:
    acks.put([ack()])
    first = acks.load()[0]
    assert acks.load()[0] is first
    LocalAcks(tmp_path, ManualClock(T0)).put([ack("mei", "probe:x")])
    assert len(acks.load()) == 2


def test_consoles_that_write_at_once_lose_nothing(tmp_path: Path, clock: ManualClock) -> None:
    def work(number: int) -> None:
        LocalAcks(tmp_path, clock).put([ack(f"p{number}", f"probe:{number}", at_s=number)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert len(LocalAcks(tmp_path, clock).load()) == 40


def test_hostile_words_in_the_file_are_made_safe(tmp_path: Path, acks: LocalAcks) -> None:
    acks.put([ack()])
    raw = msgspec.json.decode((tmp_path / ACKS).read_bytes())
    raw[0]["unsent"] = "\x1b[2J\u202e" + "x" * 5000
    raw[0]["note"] = "n" * 10_000
    (tmp_path / ACKS).write_bytes(msgspec.json.encode(raw))
    (one,) = acks.load()
    assert one.unsent.isprintable() and len(one.unsent) <= 200
    assert len(one.note) == 4096
