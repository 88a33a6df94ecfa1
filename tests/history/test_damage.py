"""A file that is not what was written: said, set aside by name, and never a crash."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from console.history.check import check
from console.history.database import history_file
from console.history.episodes import sum_of
from console.history.exchange import export
from console.history.fault import HistoryError, HistoryFault
from console.history.reader import Reader, open_reader
from console.history.schema import VERSION
from console.history.sealing import keep_hours, keep_stretches, seal_recording
from console.history.writer import open_writer
from console.model.history import Origin, Sample, Sight
from console.safety.clock import ManualClock
from tests.history.making import (
    EVERY_MS,
    MIDNIGHT_MS,
    NOW,
    at,
    bout,
    fault_in,
    past,
    reader_in,
    seen,
    week,
    writer_in,
)
from tests.soak import trials

END_MS = MIDNIGHT_MS + 400 * EVERY_MS
ASIDE = "history.db.damaged-20261123T041200Z"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of five hours."""
    folder = tmp_path_factory.mktemp("written", numbered=True) / "state"
    writer = writer_in(folder)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    for number, samples in enumerate(week(300)):
        events = range(number, number + 1) if number % 10 == 0 else ()
        writer.write(samples, [bout(one) for one in events], [past(one) for one in events])
    writer.close()
    return folder


def spoilt(content: bytes, dice: random.Random) -> bytes:
    """`content` as a bad disk would have it."""
    how = dice.randrange(4)
    place, length = dice.randrange(len(content)), dice.choice((1, 1, 16, 512, 4096))
    if how == 0:
        return content[:place]
    if how == 1:
        return (
            content[:place] + bytes(min(length, len(content) - place)) + content[place + length :]
        )
    flipped = bytearray(content)
    for one in range(place, min(place + length, len(content)) if how == 2 else place + 1):
        flipped[one] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def all_of(folder: Path) -> object:
    """Everything that can be read, or why not."""
    reader = open_reader(folder)
    if not isinstance(reader, Reader):
        return reader
    try:
        return (
            list(reader.observed(MIDNIGHT_MS, END_MS)),
            reader.bouts(at(0), at(1000)),
            reader.past(at(0), at(1000)),
            reader.gaps(MIDNIGHT_MS, END_MS),
            reader.recordings(0, 1 << 45),
            reader.span_ms,
        )
    except HistoryError as error:
        return error.fault
    finally:
        reader.close()


def notices_of(folder: Path) -> list[str]:
    """What whoever reads all of it is told beside it."""
    reader = reader_in(folder)
    seen = list(reader.observed(MIDNIGHT_MS, END_MS))
    reader.bouts(at(0), at(1000))
    reader.past(at(0), at(1000))
    reader.gaps(MIDNIGHT_MS, END_MS)
    said = [one.text for one in (*reader.notices, *(two for one in seen for two in one.notices))]
    reader.close()
    return said


def test_no_damage_is_a_crash_and_none_loses_anything_unsaid(written: Path, tmp_path: Path) -> None:
    content = history_file(written).read_bytes()
    whole = all_of(written)
    said_of = 0
    for trial in range(trials(usual=40, soak=5000)):
        folder = tmp_path / "state"
        folder.mkdir(0o700)
        history_file(folder).write_bytes(spoilt(content, random.Random(trial)))
        told = all_of(folder)
        found: object
        try:
            found = check(folder)
            said = bool(found.wrong)
        except HistoryError:
            said = True
        writer = open_writer(folder, Origin.CONSOLE, "kai", clock=ManualClock(NOW))
        if isinstance(writer, HistoryFault):
            said = True
        else:
            writer.begin(END_MS + EVERY_MS, EVERY_MS)
            writer.write([Sample("api", END_MS + EVERY_MS, Sight.UP)], [bout(500)], [past(500)])
            said = said or bool(writer.notices)
            for notice in writer.notices:
                assert ASIDE in notice
                assert (folder / ASIDE).exists()
            writer.close()
            after = reader_in(folder)
            assert "api" in {one.service for one in after.observed(END_MS, END_MS + 10**7)}
            after.close()
        if not said:
            assert told == whole
        said_of += said
        shutil.rmtree(folder)
    assert said_of > 0


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 99, bytes(8192)])
def test_a_file_that_is_no_database_is_set_aside_with_the_journal_beside_it(
    tmp_path: Path, content: bytes
) -> None:
    path = history_file(tmp_path / "state")
    path.parent.mkdir(0o700)
    path.write_bytes(content)
    journal = path.with_name("history.db-journal")
    journal.write_bytes(b"journal" * 10)
    reader = open_reader(path.parent)
    assert isinstance(reader, HistoryFault)
    assert "is damaged" in str(reader)
    journal.write_bytes(b"journal" * 10)
    writer = writer_in(path.parent)
    assert len(writer.notices) == 1
    assert ASIDE in writer.notices[0]
    assert (path.parent / ASIDE).read_bytes() == content
    assert check(path.parent).notices == (f"{ASIDE} was set aside: it is damaged",)
    writer.close()
    path.write_bytes(content)
    writer = writer_in(path.parent)
    assert f"{ASIDE}-2" in writer.notices[0]
    writer.close()


def test_a_file_that_is_found_damaged_while_it_is_written_is_set_aside_and_writing_goes_on(
    written: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    shutil.copytree(written, folder)
    folder.chmod(0o700)
    writer = writer_in(folder)
    reader = reader_in(folder)
    content = bytearray(history_file(folder).read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    with history_file(folder).open("r+b") as file:
        file.write(content)
    # SQLite reads its pages again where the file's change counter moved; a recorder a week old
    # has long dropped them from its cache.
    assert writer._connection is not None
    writer._connection.execute("PRAGMA shrink_memory")
    writer.begin(END_MS, EVERY_MS)
    writer.write([Sample("api", END_MS, Sight.DOWN, 3.0)], [bout(1)])
    assert len(writer.notices) == 1
    assert [one.service for one in reader.observed(END_MS, END_MS + EVERY_MS)] == ["api"]
    writer.write([Sample("api", END_MS + EVERY_MS, Sight.UP, 3.0)])
    writer.close()
    reader.close()
    assert check(folder).wrong == ()


def test_a_newer_version_is_left_alone_and_said(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    shutil.copytree(written, folder)
    connection = sqlite3.connect(history_file(folder))
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = history_file(folder).read_bytes()
    for fault in (fault_in(folder), open_reader(folder)):
        assert isinstance(fault, HistoryFault)
        assert f"version {VERSION + 1}" in fault.problem
        assert "newer oncall" in fault.remedy
    assert history_file(folder).read_bytes() == before
    assert len(list(folder.glob("*damaged*"))) == 0


def test_a_file_that_is_taken_away_while_it_is_open_is_said_and_not_written_where_nobody_sees_it(
    tmp_path: Path,
) -> None:
    writer = writer_in(tmp_path)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    writer.write([Sample("api", MIDNIGHT_MS, Sight.UP)])
    history_file(tmp_path).unlink()
    with pytest.raises(HistoryError, match="moved or removed while it was open"):
        writer.write([Sample("api", MIDNIGHT_MS + EVERY_MS, Sight.UP)])
    writer.close()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_left_alone_and_said(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(history_file(tmp_path))
    for fault in (fault_in(tmp_path), open_reader(tmp_path)):
        assert isinstance(fault, HistoryFault)
        assert "is no file, and is left alone" in fault.problem
    with pytest.raises(HistoryError, match="is no file"):
        check(tmp_path)


def test_another_programs_database_is_left_alone_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(0o700)
    connection = sqlite3.connect(history_file(folder))
    connection.execute("CREATE TABLE visits (url TEXT)")
    connection.commit()
    connection.close()
    before = history_file(folder).read_bytes()
    assert "another program" in str(fault_in(folder))
    assert history_file(folder).read_bytes() == before


def test_a_sum_that_is_not_what_the_samples_tell_is_said(written: Path, tmp_path: Path) -> None:
    for statement, word in (
        ("UPDATE stretch SET end_ms = end_ms - 1000 WHERE service = 1 AND sight = 2", "stretches"),
        ("UPDATE hour SET samples = samples + 1 WHERE service = 2", "latencies"),
        ("DELETE FROM service WHERE id = 2", "belongs to nothing"),
        ("UPDATE bout SET priority = 1 WHERE start_us % 3 = 0", "episodes are not"),
        ("UPDATE past SET text = upper(text)", "30 events are not"),
    ):
        folder = tmp_path / word
        shutil.copytree(written, folder)
        connection = sqlite3.connect(history_file(folder), isolation_level=None)
        assert connection.execute(statement).rowcount
        connection.close()
        assert any(word in one for one in check(folder).wrong), check(folder).wrong


def test_a_row_that_is_not_what_was_written_is_left_out_and_said_and_the_rest_is_read(
    written: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    shutil.copytree(written, folder)
    folder.chmod(0o700)
    before = all_of(folder)
    assert isinstance(before, tuple)
    assert notices_of(folder) == []
    connection = sqlite3.connect(history_file(folder), isolation_level=None)
    connection.execute("DELETE FROM sample")  # as retention does: nothing is left to compare with
    assert check(folder).wrong == ()
    for statement in (
        "UPDATE recording SET every_ms = 191072",
        "UPDATE stretch SET sight = 0 WHERE service = 1 AND sight = 2",
        "UPDATE hour SET samples = samples - 1 WHERE service = 2",
        "UPDATE bout SET priority = 9 WHERE start_us = (SELECT min(start_us) FROM bout)",
        "UPDATE past SET at_us = at_us + 1 WHERE at_us = (SELECT max(at_us) FROM past)",
    ):
        assert connection.execute(statement).rowcount
    connection.close()
    after = all_of(folder)
    assert isinstance(after, tuple)
    api, other = after[0]
    assert {one.sight for one in api.stretches} == {Sight.UP}
    assert other.samples == 0 and len(other.stretches) == len(before[0][1].stretches)
    assert after[1:4] == (before[1][1:], before[2][:-1], before[3])
    said = notices_of(folder)
    assert [one.partition(" is damaged: ")[2].partition(" are left out")[0] for one in said] == [
        "1 of its episodes", "1 of its events",
        "9 of its stretches and hours", "5 of its stretches and hours",
    ]  # fmt: skip
    wrong = check(folder).wrong
    assert [one.partition(" not what was written")[0] for one in wrong] == [
        "1 recording is", "9 stretches are", "5 hours are", "1 episode is", "1 event is",
    ]  # fmt: skip
    lines: list[str] = []
    told = list(export(folder, MIDNIGHT_MS, END_MS, lambda one: lines.append(one.text)))
    assert len(lines) == 3 and len(told) > 50
    writer = writer_in(folder)
    writer.write((), [bout(0)])  # the damaged episode is told again, and stands as it is told
    writer.close()
    assert len(check(folder).wrong) == 4


def test_a_sound_file_is_told_by_its_counts(written: Path, tmp_path: Path) -> None:
    found = check(written)
    assert found.wrong == ()
    assert (found.services, found.samples, found.recordings, found.days) == (2, 600, 1, 1)
    assert (found.bouts, found.past, found.gaps) == (30, 30, 0)
    assert (found.first, found.last) == (at(0), at(300))
    assert check(tmp_path / "nothing").is_there is False
    assert seen(written, MIDNIGHT_MS, END_MS)["api"].samples == 300


HOSTILE = "\x1b]52;c;cHduZWQ=\x07\u202egnp\n<b>"


def altered(written: Path, folder: Path, *statements: str) -> None:
    """A file of the right shape, by somebody who means harm; its checksums agree with it."""
    folder.mkdir(mode=0o700)
    shutil.copy(history_file(written), history_file(folder))
    connection = sqlite3.connect(history_file(folder))
    connection.create_function("hostile", 0, lambda: HOSTILE)
    for statement in statements:
        connection.execute(statement)
    resealed(connection)
    connection.commit()
    connection.close()


def resealed(connection: sqlite3.Connection) -> None:
    """Give every row the checksum that belongs to it."""
    stretches = connection.execute(
        "SELECT service, start_ms, recording, end_ms, sight FROM stretch"
    ).fetchall()
    keep_stretches(connection, stretches)
    for (recording,) in connection.execute("SELECT id FROM recording").fetchall():
        seal_recording(connection, recording)
    hours = connection.execute(
        "SELECT service, hour, recording, samples, counts FROM hour"
    ).fetchall()
    keep_hours(connection, hours)
    for table in ("bout", "past"):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rows = connection.execute(f"SELECT {', '.join(columns[:-1])} FROM {table}").fetchall()
        connection.execute(f"DELETE FROM {table}")
        connection.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",
            [(*row, sum_of(row)) for row in rows],
        )


def test_what_another_wrote_as_safe_to_show_is_made_so(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    altered(
        written,
        folder,
        "UPDATE bout SET acked_by = hostile(), source = hostile()",
        "UPDATE past SET kind = hostile(), subject = hostile(), text = hostile(), who = hostile()"
        " WHERE at_us = (SELECT min(at_us) FROM past)",
        "UPDATE recording SET by = hostile(), why = hostile()",
    )
    reader = reader_in(folder)
    bouts = reader.bouts(at(0), at(1000))
    past = reader.past(at(0), at(1000))
    recordings = reader.recordings(0, 1 << 45)
    gaps = reader.gaps(MIDNIGHT_MS, END_MS)
    reader.close()
    texts = [text for one in bouts for text in (one.acked_by, one.source)]
    texts += [text for one in past for text in (one.kind, one.subject, one.text, one.who)]
    texts += [text for one in recordings for text in (one.by, str(one.why_ended))]
    texts += [str(getattr(one.why, "text", one.why)) for one in gaps]
    assert any("<b>" in text for text in texts)
    assert [text for text in texts if not text.isprintable()] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE recording SET every_ms = 9223372036854775807",
        "UPDATE recording SET every_ms = 0",
        "UPDATE recording SET ended_ms = 9e999",
        "UPDATE recording SET rolled_ms = 'soon'",
        "INSERT INTO opened SELECT id, 1, 0, 253402300799000, 0 FROM service",
        "INSERT INTO opened SELECT id, 1, 0, 'x', 0 FROM service",
        "UPDATE stretch SET end_ms = 9000000000000000000",
        "UPDATE bout SET start_us = -start_us",
        "UPDATE bout SET acked_us = 253402300799000000",
        "UPDATE hour SET counts = x'01ff7f0500000000000000'",  # a bucket of 1.02 ** 32767 ms
        "UPDATE hour SET counts = x'010500010000000000000003000100000000000000'",  # 5 before 3
    ],
)
def test_numbers_that_nobody_could_reckon_with_are_damage_and_never_a_hang(
    written: Path, tmp_path: Path, statement: str
) -> None:
    folder = tmp_path / "state"
    altered(written, folder, statement)
    told = all_of(folder)
    if isinstance(told, HistoryFault):
        assert "is damaged" in told.problem
    else:
        (said,) = notices_of(folder)
        assert "is damaged: 30 of its episodes are left out" in said
    assert check(folder).wrong
    writer = open_writer(folder, Origin.RECORDER, "ops", clock=ManualClock(NOW))
    assert not isinstance(writer, HistoryFault)
    writer.begin(END_MS, EVERY_MS)
    writer.write([Sample("api", END_MS, Sight.UP)])
    writer.close()
