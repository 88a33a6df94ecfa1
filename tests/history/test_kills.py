"""kill -9 at any moment: the file is whole, and nothing that was acknowledged is lost."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from console.history.check import check
from console.history.database import history_file
from console.history.holder import holder_of
from console.model.history import Sight
from tests.history.making import (
    EVERY_MS,
    MIDNIGHT_MS,
    at,
    fault_in,
    reader_in,
    seen,
    week,
    writer_in,
)
from tests.history.recording import SERVICES, batch
from tests.soak import trials
from tests.spawn import PROJECT


def recorder(folder: Path, began_ms: int, pause_s: float = 0.0) -> subprocess.Popen[str]:
    words = ("-m", "tests.history.recording", str(folder), str(began_ms), str(pause_s))
    process = subprocess.Popen(
        [sys.executable, *words], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open 0\n"
    return process


def killed(process: subprocess.Popen[str], wait_s: float) -> list[int]:
    """What it acknowledged until it was killed."""
    assert process.stdout is not None
    try:
        process.wait(wait_s)
    except subprocess.TimeoutExpired:
        process.kill()
    whole = [line for line in process.stdout.read().splitlines(keepends=True) if line[-1] == "\n"]
    process.wait()
    process.stdout.close()
    return list(map(int, whole))


def test_a_killed_recorder_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    dice = random.Random(7)
    began_ms = MIDNIGHT_MS
    kept: dict[int, list[int]] = {}
    for _ in range(trials(usual=6, soak=1000)):
        numbers = killed(recorder(tmp_path / "state", began_ms), dice.uniform(0.0, 0.12))
        kept[began_ms] = numbers
        reader = reader_in(tmp_path / "state")
        last_ms = began_ms + (len(numbers) + 100) * EVERY_MS
        known = {one.service: one for one in reader.observed(began_ms, last_ms)}
        bouts = {one.start for one in reader.bouts(at(0), at(1 << 20))}
        events = {one.at for one in reader.past(at(0), at(1 << 20))}
        reader.close()
        assert {at(number) for number in numbers} <= bouts & events
        if numbers:
            assert set(known) == set(SERVICES)
        for one in known.values():
            assert one.samples >= len(numbers)
            # A stretch is cut where the sight changes: each write is there as it was.
            told = {stretch.start_ms: stretch.sight for stretch in one.stretches}
            for number in numbers:
                first = batch(began_ms, number)[0]
                if first.sight is Sight.DOWN:
                    assert told[first.at_ms] is Sight.DOWN
        began_ms += 60_000 * EVERY_MS
    found = check(tmp_path / "state")
    assert found.wrong == ()
    assert found.samples >= sum(map(len, kept.values())) * len(SERVICES)
    assert holder_of(tmp_path / "state") is None


def test_a_second_recorder_is_told_who_records_and_a_reader_reads_beside_it(
    tmp_path: Path,
) -> None:
    # A hundred times as often as any recorder writes; without a rest nobody could read beside it
    # on a machine that is busy.
    process = recorder(tmp_path, MIDNIGHT_MS, pause_s=0.01)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        fault = fault_in(tmp_path, "kai@laptop-1")
        assert fault.is_held
        assert "mei@ops-1 (recorder)" in str(fault)
        holder = holder_of(tmp_path)
        assert holder is not None
        assert (holder.by, holder.process) == ("mei@ops-1 (recorder)", process.pid)
        reader = reader_in(tmp_path)
        counts = []
        for _ in range(4):
            process.stdout.readline()
            end_ms = MIDNIGHT_MS + (1 << 40)
            counts += [one.samples for one in reader.observed(MIDNIGHT_MS, end_ms, SERVICES[:1])]
        reader.close()
        assert counts == sorted(counts)
        assert counts[-1] >= 4
    finally:
        process.kill()
        process.communicate()
    writer_in(tmp_path).close()


def test_a_reader_brings_back_what_a_killed_writer_left_half_written(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "state")
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    for samples in week(300):
        writer.write(samples)
    writer.close()
    before = seen(tmp_path / "state", MIDNIGHT_MS, MIDNIGHT_MS + 10**8)
    path = history_file(tmp_path / "state")
    connection = sqlite3.connect(path, isolation_level=None)
    # With next to no cache its pages are in the file before the commit, as under a big write.
    connection.execute("PRAGMA cache_size = 2")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE stretch SET sight = 2")
    connection.execute("DELETE FROM hour")
    connection.execute("UPDATE sample SET sight = 2")
    left = tmp_path / "left"
    left.mkdir(0o700)
    shutil.copy(path, left)
    shutil.copy(path.with_name("history.db-journal"), left)
    connection.execute("ROLLBACK")
    connection.close()
    assert history_file(left).read_bytes() != path.read_bytes()
    assert seen(left, MIDNIGHT_MS, MIDNIGHT_MS + 10**8) == before
    assert check(left).wrong == ()
