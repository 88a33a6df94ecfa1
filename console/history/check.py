"""Whether a history is what was written, and what is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from console.history.database import history_file, opened
from console.history.episodes import moment_of, rows_that_changed, text_of
from console.history.fault import HistoryError, as_errors, as_kept
from console.history.holding import DAY_MS, HOUR_MS, Piece, pieces_of
from console.history.packing import unpacked
from console.history.reader import Reader, recording_of
from console.history.rollup import counted_hours, with_samples
from console.history.schema import ALIVE
from console.history.sealing import parts_that_changed
from console.model.history import Sight, Stretch, together
from console.safety.text import visible

_MOST_WRONG: Final = 20
"""Sentences of one kind; more are counted."""


class Checked(msgspec.Struct, frozen=True):
    """What `check` found. Texts are safe to show."""

    path: str
    is_there: bool
    """Otherwise nothing was ever recorded, and nothing is wrong."""
    wrong: tuple[str, ...] = ()
    """What is not as it must be, in sentences."""
    notices: tuple[str, ...] = ()
    """Damaged files that were set aside before and are there still."""
    size_bytes: int = 0
    services: int = 0
    samples: int = 0
    recordings: int = 0
    bouts: int = 0
    past: int = 0
    gaps: int = 0
    days: int = 0
    """UTC days on which anything was recorded."""
    first: datetime | None = None
    last: datetime | None = None
    """From when to when anything is known."""


class Compacted(msgspec.Struct, frozen=True):
    """How big the file was, and is."""

    before_bytes: int
    after_bytes: int


def check(folder: Path) -> Checked:
    """Look at every page and every sum of the history in `folder`; nothing is changed.

    Stretches and hours are made again of the samples that are kept, and compared.

    Raises:
        HistoryError: it could not be looked at: locked, a newer version's, …
    """
    path = history_file(folder)
    shown = visible(str(path))
    with as_errors(path):
        aside = sorted(folder.glob(f"{path.name}.damaged-*[0-9Z]")) if folder.is_dir() else []
        notices = tuple(f"{visible(one.name)} was set aside: it is damaged" for one in aside)
        if not path.exists():
            return Checked(shown, False, notices=notices)
    try:
        connection = opened(path, "read")
    except HistoryError as error:
        if not error.is_damage:
            raise
        size = path.stat().st_size
        return Checked(shown, True, (error.fault.problem,), notices, size_bytes=size)
    try:
        wrong = _pages(connection, path)
        if not wrong:
            with as_kept(path):
                wrong = [*_sums(connection), *_rows(connection)]
        if not wrong:
            return _told(path, connection, notices)
    except HistoryError as error:
        if not error.is_damage:
            raise
        wrong = [error.fault.problem]
    finally:
        connection.close()
    return Checked(shown, True, tuple(wrong), notices, size_bytes=path.stat().st_size)


def compact(folder: Path) -> Compacted:
    """Write the file again without the room that what was dropped has left.

    Raises:
        HistoryError: there is none, the disk has no room for a second one, …; it is as it was.
    """
    path = history_file(folder)
    with as_errors(path):
        before = path.stat().st_size
        connection = opened(path, "write")
        try:
            connection.execute("VACUUM")
        finally:
            connection.close()
        return Compacted(before, path.stat().st_size)


def _told(path: Path, connection: sqlite3.Connection, notices: tuple[str, ...]) -> Checked:
    def count(table: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    reader = Reader(path, opened(path, "read"))
    try:
        span = reader.span_ms
        gaps = reader.gaps(*span) if span else ()
        size = reader.size_bytes
    finally:
        reader.close()
    days = connection.execute(
        "SELECT count(DISTINCT start_ms / ?) FROM (SELECT start_ms FROM stretch WHERE service = ?"
        " UNION ALL SELECT start_ms FROM opened WHERE service = ?)",
        (DAY_MS, ALIVE, ALIVE),
    ).fetchone()[0]
    return Checked(
        path=visible(str(path)),
        is_there=True,
        notices=notices,
        size_bytes=size,
        services=count("service") - 1,
        samples=count("sample"),
        recordings=count("recording"),
        bouts=count("bout"),
        past=count("past"),
        gaps=len(gaps),
        days=int(days),
        first=moment_of(span[0] * 1000) if span else None,
        last=moment_of(span[1] * 1000) if span else None,
    )


def _pages(connection: sqlite3.Connection, path: Path) -> list[str]:
    with as_errors(path):
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check").fetchall()]
        wrong = [f"a page is not as it must be: {visible(one, cells=200)}" for one in said]
        wrong = [] if said == ["ok"] else wrong
        for table, *_ in connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_WRONG):
            wrong.append(f"a row of {visible(str(table))} belongs to nothing that is there")
    return wrong[:_MOST_WRONG]


def _rows(connection: sqlite3.Connection) -> Iterator[str]:
    """Rows that none of ours would have written."""
    for row in connection.execute(
        "SELECT origin, by, began_ms, every_ms, ended_ms, why FROM recording"
    ).fetchall():
        recording_of(row)
    recordings, stretches, hours = parts_that_changed(connection)
    bouts, past = rows_that_changed(connection)
    for count, one, several in (
        (recordings, "recording", "recordings"),
        (stretches, "stretch", "stretches"),
        (hours, "hour", "hours"),
        (bouts, "episode", "episodes"),
        (past, "event", "events"),
    ):
        if count:
            yield f"{count} {f'{several} are' if count > 1 else f'{one} is'} not what was written"


def _sums(connection: sqlite3.Connection) -> list[str]:
    wrong: list[str] = []
    recordings = {
        row[0]: row[1:]
        for row in connection.execute("SELECT id, every_ms, rolled_ms FROM recording").fetchall()
    }
    names = {
        number: text_of(name)
        for number, name in connection.execute("SELECT id, name FROM service").fetchall()
    }
    for recording in with_samples(connection):
        every_ms, rolled_ms = recordings[recording]
        for service, rows in _by_service(connection, recording).items():
            said = visible(names[service], cells=80)
            if not _same_stretches(connection, recording, service, rows, every_ms):
                wrong.append(f"{said}: its stretches are not what its samples tell")
            if not _same_hours(connection, recording, service, rows, rolled_ms):
                wrong.append(f"{said}: its latencies by hour are not what its samples tell")
    if len(wrong) > _MOST_WRONG:
        wrong[_MOST_WRONG:] = [f"and {len(wrong) - _MOST_WRONG} more of that kind"]
    return wrong


SampleRow = tuple[int, int, int | None]
"""Moment, sight, microseconds."""


def _by_service(connection: sqlite3.Connection, recording: int) -> dict[int, list[SampleRow]]:
    found: dict[int, list[SampleRow]] = {}
    rows = connection.execute(
        "SELECT service, at_ms, sight, took_us FROM sample WHERE recording = ? ORDER BY at_ms",
        (recording,),
    ).fetchall()  # at once, so that whoever records does not wait for the arithmetic
    for service, *rest in rows:
        found.setdefault(service, []).append((rest[0], rest[1], rest[2]))
    return found


def _same_stretches(
    connection: sqlite3.Connection,
    recording: int,
    service: int,
    rows: list[SampleRow],
    every_ms: int,
) -> bool:
    first_ms, last_ms = rows[0][0], rows[-1][0]
    kept: list[Piece] = connection.execute(
        "SELECT start_ms, end_ms, sight FROM stretch WHERE service = ? AND start_ms > ?"
        " AND start_ms <= ? AND recording = ? AND end_ms > ? UNION ALL"
        " SELECT start_ms, last_ms + ?, sight FROM opened WHERE service = ? AND recording = ?",
        (service, first_ms - DAY_MS, last_ms, recording, first_ms, every_ms, service, recording),
    ).fetchall()
    told = pieces_of(((at_ms, sight) for at_ms, sight, _ in rows), every_ms)
    # What was recorded while this looks comes after the last sample that it has seen.
    return _within(told, first_ms, last_ms) == _within(kept, first_ms, last_ms) and any(
        start <= last_ms < end for start, end, _ in kept
    )


def _within(pieces: list[Piece], start_ms: int, end_ms: int) -> tuple[Stretch, ...]:
    cut = [(max(start, start_ms), min(end, end_ms), sight) for start, end, sight in pieces]
    return together([[Stretch(start, end, Sight(sight)) for start, end, sight in cut]])


def _same_hours(
    connection: sqlite3.Connection,
    recording: int,
    service: int,
    rows: list[SampleRow],
    rolled_ms: int,
) -> bool:
    made = counted_hours((service, at_ms, us) for at_ms, _, us in rows if at_ms < rolled_ms).rows()
    if not made:
        return True
    kept = connection.execute(
        "SELECT hour, samples, counts FROM hour WHERE service = ? AND hour >= ? AND hour < ?"
        " AND recording = ? ORDER BY hour",
        (service, made[0][1], rolled_ms // HOUR_MS, recording),
    ).fetchall()
    told = [(hour, samples, tuple(sorted(counts.items()))) for _, hour, samples, counts in made]
    return told == [
        (hour, samples, unpacked(counts).counts)
        for hour, samples, counts in kept
        if hour <= made[-1][1]
    ]
