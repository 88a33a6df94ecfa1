"""Events in files that many consoles write, some of them hostile, some of them killed."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.journal import recorder as recording
from console.journal.change import Keep
from console.journal.errors import JournalFault, Problem
from console.journal.happenings import line_of
from console.journal.recorder import MAX_FILE_BYTES, MOST_WAITING, Recorder
from console.journal.repository import Journal
from console.model.event import Event, EventKind
from tests.journal.folder import committed, in_head, opened_at_noon
from tests.journal.room import room_for

pytestmark = pytest.mark.real("git")

AT = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
DAY = "events/2026-11-22"
MINE = f"{DAY}/kai-laptop.jsonl"


@pytest.fixture
async def journal(tmp_path: Path) -> Journal:
    return await opened_at_noon(tmp_path / "journal")


def happened(
    number: int = 0, *, days: float = 0, who: str = "", text: str = "began to fire"
) -> Event:
    at = AT + timedelta(days=days, seconds=number)
    return Event(at, EventKind.FIRED, f"Alert{number}", text, who, key=f"{number:016x}")


def recorder_of(journal: Journal, who: str = "Kai", console: str = "laptop") -> Recorder:
    return Recorder(journal, who, console)


async def all_of(recorder: Recorder) -> tuple[Event, ...]:
    return await recorder.between(AT - timedelta(days=9), AT + timedelta(days=9))


def file_of(journal: Journal, name: str) -> Path:
    path = journal.folder / DAY / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


async def test_what_one_console_wrote_every_other_reads_in_the_order_of_time(
    journal: Journal,
) -> None:
    mine, theirs = recorder_of(journal), recorder_of(journal, "梅", "desk")
    mine.add([happened(3), happened(1)])
    theirs.add([happened(2, who="mei"), happened(1)])
    assert await mine.flush() is None
    assert await theirs.flush() is None
    expected = (happened(1), happened(2, who="mei"), happened(3))
    assert await all_of(mine) == expected
    assert await all_of(recorder_of(journal)) == expected
    assert (journal.folder / MINE).stat().st_mode & 0o777 == 0o600


async def test_each_event_is_written_once_and_the_others_never(journal: Journal) -> None:
    recorder = recorder_of(journal)
    noise = Event(AT, EventKind.SOURCE, "prom", "answers again")
    for _ in range(3):
        recorder.add([happened(1), happened(2), noise])
        assert await recorder.flush() is None
    recorder.add([happened(3), happened(1)])
    assert await recorder.flush() is None
    assert (journal.folder / MINE).read_bytes() == b"".join(
        line_of(happened(number)) for number in (1, 2, 3)
    )


async def test_events_stand_in_the_file_of_their_day_and_only_asked_days_are_read(
    journal: Journal,
) -> None:
    recorder = recorder_of(journal)
    events = [happened(number, days=number) for number in range(3)]
    recorder.add(events)
    assert await recorder.flush() is None
    days = sorted(folder.name for folder in (journal.folder / "events").iterdir())
    assert days == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert await recorder.between(events[1].at, events[1].at) == (events[1],)
    assert await recorder.between(events[1].at, events[2].at) == tuple(events[1:])
    assert await recorder.between(events[1].at + timedelta(seconds=1), AT) == ()


async def test_the_torn_line_of_a_killed_console_spoils_no_other(journal: Journal) -> None:
    recorder = recorder_of(journal)
    recorder.add([happened(1)])
    await recorder.flush()
    with (journal.folder / MINE).open("ab") as file:
        file.write(line_of(happened(2))[:-20])
    recorder.add([happened(3)])
    assert await recorder.flush() is None
    assert await all_of(recorder) == (happened(1), happened(3))


async def test_what_cannot_be_written_is_kept_and_written_later(journal: Journal) -> None:
    recorder = recorder_of(journal)
    recorder.add([happened(1)])
    await recorder.flush()
    whole = (journal.folder / MINE).read_bytes()
    recorder.add([happened(number) for number in range(2, 50)])
    with room_for(2_000):
        fault = await recorder.flush()
    assert isinstance(fault, JournalFault)
    assert fault.problem is Problem.FULL
    assert (journal.folder / MINE).read_bytes() == whole
    assert await recorder.flush() is None
    assert await all_of(recorder) == tuple(happened(number) for number in range(1, 50))


async def test_what_is_too_much_to_keep_is_counted_and_what_people_wrote_stays(
    journal: Journal,
) -> None:
    recorder = recorder_of(journal)
    file_of(journal, "kai-laptop").mkdir()
    by_hand = [happened(number, who="mei") for number in range(10)]
    recorder.add(by_hand)
    recorder.add(happened(number) for number in range(10, MOST_WAITING + 7))
    fault = await recorder.flush()
    assert isinstance(fault, JournalFault)
    assert "7 events that came meanwhile are lost" in str(fault)
    file_of(journal, "kai-laptop").rmdir()
    assert await recorder.flush() is None
    found = await all_of(recorder)
    assert len(found) == MOST_WAITING
    assert found[:10] == tuple(by_hand)
    assert recorder.lost == 7


async def test_what_a_stranger_put_there_brings_no_reader_down(journal: Journal) -> None:
    recorder = recorder_of(journal)
    recorder.add([happened(1)])
    await recorder.flush()
    chance = random.Random(7)
    file_of(journal, "noise").write_bytes(
        chance.randbytes(10_000) + b"\n" + line_of(happened(2)) + b'{"at":1}\n' + b"[" * 50_000
    )
    outside = journal.folder.parent / "secret.jsonl"
    outside.write_bytes(line_of(happened(3)))
    file_of(journal, "link").symlink_to(outside)
    os.mkfifo(file_of(journal, "pipe"))
    file_of(journal, "folder").mkdir()
    (journal.folder / DAY / "notes.txt").write_bytes(line_of(happened(4)))
    (journal.folder / "events" / "2026-11-23").symlink_to(journal.folder / DAY)
    (journal.folder / "events" / "..ev").mkdir()
    assert await all_of(recorder) == (happened(1), happened(2))


async def test_a_folder_that_leads_elsewhere_is_not_followed(
    journal: Journal, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "2026-11-22").mkdir(parents=True)
    (elsewhere / "2026-11-22" / "x.jsonl").write_bytes(line_of(happened(1)))
    (journal.folder / "events").symlink_to(elsewhere)
    recorder = recorder_of(journal)
    assert await all_of(recorder) == ()
    assert "symbolic link" in recorder.notices[0]
    recorder.add([happened(2)])
    fault = await recorder.flush()
    assert isinstance(fault, JournalFault)
    assert "symbolic link" in fault.cause
    assert len(list((elsewhere / "2026-11-22").iterdir())) == 1


async def test_of_a_file_that_is_too_long_the_end_is_read_and_that_is_said(
    journal: Journal,
) -> None:
    huge = file_of(journal, "huge")
    with huge.open("wb") as file:
        file.write(line_of(happened(1)))
        file.truncate(MAX_FILE_BYTES)
    with huge.open("ab") as file:
        file.write(b"\n" + line_of(happened(2)))
    recorder = recorder_of(journal)
    assert await all_of(recorder) == (happened(2),)
    (notice,) = recorder.notices
    assert "huge.jsonl" in notice
    huge.unlink()
    assert await all_of(recorder) == ()
    assert recorder.notices == ()


async def test_of_too_many_events_the_latest_are_read_and_that_is_said(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_READ", 5)
    recorder = recorder_of(journal)
    recorder.add(happened(number, days=number // 4) for number in range(12))
    await recorder.flush()
    assert await all_of(recorder) == tuple(
        happened(number, days=number // 4) for number in range(7, 12)
    )
    assert recorder.notices


async def test_a_file_that_grew_is_read_again(journal: Journal) -> None:
    reader, writer = recorder_of(journal), recorder_of(journal, "mei")
    for number in range(3):
        writer.add([happened(number)])
        await writer.flush()
        assert len(await all_of(reader)) == number + 1


async def test_what_a_killed_console_did_not_commit_the_next_one_does(journal: Journal) -> None:
    for who in ("Kai", "mei"):
        recorder = recorder_of(journal, who)
        recorder.add([happened(1)])
        await recorder.flush()
    pending = await journal.pending()
    assert not isinstance(pending, JournalFault)
    assert len(pending) == 2
    after = recorder_of(journal)
    after.adopt((*pending, "events/x/kai-laptop.jsonl", "incidents/2026/kai-laptop.jsonl"))
    keeps = after.uncommitted()
    assert [keep.path for keep in keeps] == [MINE]
    await committed(journal, *keeps)
    after.committed(keeps)
    assert after.uncommitted() == ()
    assert await journal.pending() == (f"{DAY}/mei-laptop.jsonl",)


async def test_a_file_is_due_for_a_commit_until_all_of_it_is_in_one(journal: Journal) -> None:
    recorder = recorder_of(journal)
    assert recorder.uncommitted() == ()
    recorder.add([happened(1), happened(2, days=1)])
    await recorder.flush()
    keeps = recorder.uncommitted()
    assert [keep.path for keep in keeps] == [MINE, "events/2026-11-23/kai-laptop.jsonl"]
    await committed(journal, *keeps)
    recorder.add([happened(3)])
    await recorder.flush()
    assert len(recorder.uncommitted()) == 2
    # The third came after the files had been read for the commit.
    recorder.committed(keeps)
    assert [keep.path for keep in recorder.uncommitted()] == [MINE]
    assert in_head(journal.folder, MINE) == line_of(happened(1))
    again = recorder.uncommitted()
    await committed(journal, *again)
    recorder.committed(again)
    assert recorder.uncommitted() == ()
    assert in_head(journal.folder, MINE) == line_of(happened(1)) + line_of(happened(3))
    recorder.committed([Keep(MINE)])
