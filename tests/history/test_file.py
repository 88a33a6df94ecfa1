"""The file: private, brought up to date, kept small, and whole when the disk is full."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.history.check import check, compact
from console.history.database import connected, history_file
from console.history.fault import HistoryError, HistoryFault
from console.history.holder import holder_of
from console.history.reader import open_reader
from console.history.schema import STEPS, VERSION, brought_up, made_new, version_of
from console.history.writer import open_writer
from console.model.history import Origin, Sample, Sight
from console.model.latency import added
from tests.history.disks import with_a_disk, without_the_right_of_root
from tests.history.making import (
    EVERY_MS,
    MIDNIGHT_MS,
    at,
    bout,
    past,
    reader_in,
    seen,
    week,
    writer_in,
)
from tests.spawn import PROJECT

HOUR_MS = 3_600_000


def test_the_file_is_private_and_written_through_to_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state#?% é"
    assert open_reader(folder) is None
    assert holder_of(folder) is None
    writer = writer_in(folder)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    writer.write([Sample("api", MIDNIGHT_MS, Sight.UP)])
    assert stat.S_IMODE(history_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    connection = connected(history_file(folder), "write")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    connection.close()
    holder = holder_of(folder)
    assert holder is not None
    assert (holder.by, holder.process) == ("kai@laptop-1 (console)", os.getpid())
    writer.close()
    writer.close()
    assert holder_of(folder) is None
    with pytest.raises(HistoryError, match="closed"):
        writer.write([Sample("api", MIDNIGHT_MS + 1, Sight.UP)])


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    fault = open_writer(folder, Origin.CONSOLE, "kai")
    assert isinstance(fault, HistoryFault)
    assert "others may write" in fault.problem
    assert not fault.is_held


def test_an_older_file_is_brought_up_step_by_step_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = history_file(tmp_path / "state")
    path.parent.mkdir(0o700)
    old = sqlite3.connect(path, isolation_level=None)
    made_new(old)
    old.execute("INSERT INTO past VALUES (1, 'acked', 'redis', 'took it', 'kai', '', 0)")
    later = [*STEPS, ("ALTER TABLE past ADD COLUMN place DEFAULT 'here'",), ("SELECT 1",)]
    assert brought_up(old, later) == VERSION
    assert version_of(old) == VERSION + 2
    assert old.execute("SELECT text, place FROM past").fetchall() == [("took it", "here")]
    broken = [*later, ("DELETE FROM past", "CREATE TABLE past (x)")]
    with pytest.raises(sqlite3.OperationalError):
        brought_up(old, broken)
    assert version_of(old) == VERSION + 2
    assert old.execute("SELECT count(*) FROM past").fetchone() == (1,)
    old.close()


def test_a_file_of_version_0_is_read_by_nobody_until_a_recorder_brought_it_up(
    tmp_path: Path,
) -> None:
    path = history_file(tmp_path / "state")
    path.parent.mkdir(0o700)
    old = sqlite3.connect(path, isolation_level=None)
    made_new(old)
    for table in ("past", "bout", "hour", "stretch", "opened", "sample", "recording", "service"):
        old.execute(f"DROP TABLE {table}")
    old.execute("PRAGMA user_version = 0")
    old.close()
    fault = open_reader(path.parent)
    assert isinstance(fault, HistoryFault)
    assert "older version 0" in fault.problem
    assert compact(path.parent).after_bytes > 0
    reader = reader_in(path.parent)
    assert reader.span_ms is None
    assert list(reader.observed(0, 1 << 45)) == []
    reader.close()
    writer = writer_in(path.parent)
    assert writer.notices == ()
    writer.close()


def test_what_is_dropped_changes_no_stretch_and_no_percentile(tmp_path: Path) -> None:
    samples = week(900, ("api", "db"), MIDNIGHT_MS - 13 * HOUR_MS)
    writer = writer_in(tmp_path)
    for number, batch in enumerate(samples):
        if number in (0, 400, 700):
            writer.end("the clock jumped by 60 s")
            writer.begin(batch[0].at_ms, EVERY_MS)
        if not 500 <= number < 520:
            writer.write(batch, [bout(number)] if number % 100 == 0 else (), [past(number)])
    start_ms, end_ms = samples[0][0].at_ms, samples[-1][0].at_ms + EVERY_MS
    before = seen(tmp_path, start_ms, end_ms)
    exact = sorted(
        one.took_ms
        for batch in samples[:500] + samples[520:]
        for one in batch
        if one.service == "api" and one.took_ms is not None
    )
    whole = added(latencies for _, latencies in before["api"].hours)
    assert whole.total == len(exact)
    for percent in (1, 50, 95, 99, 100):
        true = exact[max(0, -(-len(exact) * percent // 100) - 1)]
        assert whole.percentile_ms(percent) == pytest.approx(true, rel=0.0101)
    reader = reader_in(tmp_path)
    gaps = reader.gaps(start_ms, end_ms)
    assert len(gaps) == 1
    assert (gaps[0].end - gaps[0].start).total_seconds() == 20 * 60
    counted = check(tmp_path).samples
    writer.tidy(end_ms, 3 * HOUR_MS, 40 * 24 * HOUR_MS)
    assert seen(tmp_path, start_ms, end_ms) == before
    assert 0 < check(tmp_path).samples <= 2 * 60 * 4 < counted
    assert check(tmp_path).wrong == ()
    writer.tidy(end_ms, 3 * HOUR_MS, 10 * HOUR_MS)
    kept_ms = end_ms - 9 * HOUR_MS
    assert {one: of.stretches for one, of in seen(tmp_path, kept_ms, end_ms).items()} == {
        one.service: one.stretches for one in reader.observed(kept_ms, end_ms)
    }
    first = reader.span_ms
    assert first is not None
    assert first[0] >= end_ms - 10 * HOUR_MS - 24 * HOUR_MS
    assert [one.why_ended for one in reader.recordings(0, end_ms)][-1] == ""
    writer.tidy(end_ms + 23 * HOUR_MS, HOUR_MS, HOUR_MS)
    found = check(tmp_path)
    assert found.wrong == ()
    assert 0 < found.samples <= 120, "those of the hour that is not over"
    late_ms = end_ms + 40 * 24 * HOUR_MS
    writer.begin(late_ms, 12 * HOUR_MS)
    for number in range(3):
        writer.write([Sample("new", late_ms + number * 12 * HOUR_MS, Sight.UP)])
    writer.tidy(late_ms + 24 * HOUR_MS, HOUR_MS, HOUR_MS)
    found = check(tmp_path)
    assert (found.services, found.samples, found.bouts, found.past) == (1, 1, 0, 0)
    writer.close()
    big = reader.size_bytes
    reader.close()
    assert compact(tmp_path).after_bytes < big
    assert check(tmp_path).wrong == ()


def test_a_clock_that_is_far_ahead_drops_nothing_until_a_day_was_recorded_by_it(
    tmp_path: Path,
) -> None:
    writer = writer_in(tmp_path)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    for number, batch in enumerate(week(180)):
        writer.write(batch, [bout(number)], [past(number)])
    writer.end("the clock jumped by +864000000 s")
    ahead_ms = MIDNIGHT_MS + 10_000 * 24 * HOUR_MS
    end_ms = MIDNIGHT_MS + 200 * EVERY_MS
    before = seen(tmp_path, MIDNIGHT_MS, end_ms)
    writer.tidy(ahead_ms, HOUR_MS, 48 * HOUR_MS)
    writer.begin(ahead_ms, 12 * HOUR_MS)
    writer.write([Sample("api", ahead_ms, Sight.UP)])
    writer.tidy(ahead_ms, HOUR_MS, 48 * HOUR_MS)
    assert seen(tmp_path, MIDNIGHT_MS, end_ms) == before
    assert (check(tmp_path).bouts, check(tmp_path).past) == (180, 180)
    # Set right again: what was recorded far ahead hinders nothing.
    back_ms = MIDNIGHT_MS + 4 * HOUR_MS
    writer.begin(back_ms, EVERY_MS)
    writer.write([Sample("api", back_ms, Sight.UP)])
    writer.tidy(back_ms + EVERY_MS, HOUR_MS, 48 * HOUR_MS)
    assert seen(tmp_path, MIDNIGHT_MS, end_ms) == before
    assert check(tmp_path).samples < 180
    # A day by the new time: it is the time.
    writer.begin(ahead_ms + 48 * HOUR_MS, 12 * HOUR_MS)
    for number in range(3):
        writer.write([Sample("api", ahead_ms + (48 + 12 * number) * HOUR_MS, Sight.UP)])
    writer.tidy(ahead_ms + 72 * HOUR_MS, HOUR_MS, 48 * HOUR_MS)
    assert seen(tmp_path, MIDNIGHT_MS, end_ms) == {}
    assert (check(tmp_path).bouts, check(tmp_path).wrong) == (0, ())
    writer.close()


def test_a_recording_that_ended_for_a_reason_says_why_there_is_a_gap(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    writer.write([Sample("api", MIDNIGHT_MS, Sight.UP)])
    reader = reader_in(tmp_path)
    late_ms = MIDNIGHT_MS + 2 * EVERY_MS
    assert reader.gaps(MIDNIGHT_MS, late_ms) == ()
    assert [one.start for one in reader.gaps(MIDNIGHT_MS, late_ms + EVERY_MS)] == [at(1)]
    writer.end("the clock jumped by 3600 s")
    (gap,) = reader.gaps(MIDNIGHT_MS, late_ms)
    assert (gap.start, gap.end, gap.why) == (at(1), at(2), "the clock jumped by 3600 s")
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    writer.write([Sample("api", late_ms, Sight.UNKNOWN)])
    assert [gap.why for gap in reader.gaps(MIDNIGHT_MS, late_ms + 1)] == [gap.why]
    assert len(reader.recordings(0, late_ms + 1)) == 2
    reader.close()
    writer.close()


FULL = """
import resource, sys
from pathlib import Path
from console.history.check import check
from console.history.fault import HistoryError
from tests.history.making import EVERY_MS, MIDNIGHT_MS, bout, past, seen, week, writer_in
folder, room = Path(sys.argv[1]), Path(sys.argv[2])
room.write_bytes(bytes(160_000))
writer = writer_in(folder)
writer.begin(MIDNIGHT_MS, EVERY_MS)
kept, refusals, refused = 0, 0, ""
for number, samples in enumerate(week(3000, [f"service-{n}" for n in range(60)])):
    try:
        writer.write(samples, [bout(number)], [past(number)])
        kept += 1
    except HistoryError as error:
        refused = str(error)
        refusals += 1
        known = seen(folder, MIDNIGHT_MS, MIDNIGHT_MS + 10**9)
        assert {one.samples for one in known.values()} == {kept}, (kept, refused)
    if refusals == 4:
        break
assert refusals == 4, "it was never full"
print(refused)
room.unlink()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.write(samples)
writer.close()
assert check(folder).wrong == ()
assert check(folder).samples == 60 * (kept + 1)
"""


READ_ONLY = """
import subprocess, sys
from pathlib import Path
from console.history.check import check
from console.history.database import history_file
from tests.history.making import EVERY_MS, MIDNIGHT_MS, fault_in, seen, writer_in
from console.model.history import Sample, Sight
folder = Path(sys.argv[1])
writer = writer_in(folder)
writer.begin(MIDNIGHT_MS, EVERY_MS)
writer.write([Sample("api", MIDNIGHT_MS, Sight.UP)])
writer.close()
if sys.argv[2] == "disk":
    subprocess.run(["mount", "-o", "remount,ro", str(folder.parent)], check=True)
else:
    history_file(folder).chmod(0o400)
    folder.chmod(0o500)
print(fault_in(folder))
assert list(seen(folder, MIDNIGHT_MS, MIDNIGHT_MS + EVERY_MS)) == ["api"]
assert check(folder).wrong == ()
"""


def _said(command: list[str], limit: int | None = None) -> str:
    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False, preexec_fn=limited
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_at_the_limit_of_a_files_size_nothing_is_kept_by_halves_and_later_it_goes_on(
    tmp_path: Path,
) -> None:
    full = [sys.executable, "-c", FULL, str(tmp_path / "state"), str(tmp_path / "room")]
    said = _said(full, limit=200_000)
    assert "expected a disk that can be read and written" in said
    assert "quota" in said


def test_on_a_full_disk_nothing_is_kept_by_halves_and_with_room_it_goes_on(
    tmp_path: Path,
) -> None:
    disk = tmp_path / "disk"
    full = [sys.executable, "-c", FULL, str(disk / "state"), str(disk / "room")]
    alone = with_a_disk(disk, "400k", full)
    said = _said(full, limit=160_000) if alone is None else _said(alone)
    assert ("quota" if alone is None else "the disk is full") in said


def test_a_read_only_file_is_said_and_read(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    fixed = [sys.executable, "-c", READ_ONLY, str(disk / "state")]
    alone = with_a_disk(disk, "4m", [*fixed, "disk"])
    said = _said(alone or without_the_right_of_root([*fixed, "folder"]))
    assert ("Permission denied" if alone is None else "ead-only") in said
