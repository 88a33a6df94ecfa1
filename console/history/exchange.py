"""A history as JSON lines: for another machine, another program, or to keep.

The first line is the head, with `schema_version`; the last one is the end, so that a file that
was cut off is known as such.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from console.history.database import history_file, opened
from console.history.episodes import (
    Row,
    bouts_between,
    moment_of,
    past_between,
    text_of,
    told_once,
)
from console.history.fault import as_errors, as_kept
from console.history.holding import DAY_MS, HOUR_MS
from console.history.keeping import service_names
from console.history.lines import (
    SCHEMA_VERSION,
    WORDS,
    End,
    Head,
    HoursLine,
    Line,
    RecordingLine,
    SamplesLine,
    SightWord,
    StretchesLine,
    bout_line,
    line_of,
    past_line,
)
from console.history.packing import unpacked
from console.history.schema import ALIVE
from console.history.sealing import HOUR, STRETCH, is_sound_hour, is_sound_stretch, left_out
from console.model.history import Origin
from console.model.saying import Saying


class _Wrong(NamedTuple):
    """What is not what was written, by what names it."""

    parts: set[Row]
    bouts: set[Row]
    past: set[Row]


def export(
    folder: Path, start_ms: int, end_ms: int, told: Callable[[Saying], None] = lambda said: None
) -> Iterator[bytes]:
    """What the history in `folder` has of `[start_ms, end_ms)`, a line with its break at a time.

    Args:
        told: receives what is left out since it is not what was written.

    Raises:
        HistoryError: it is not there, damaged, …
    """
    path = history_file(folder)
    with as_kept(path):
        connection = opened(path, "read")
    try:
        count = 0
        wrong = _Wrong(set(), set(), set())
        for line in _lines(connection, path, start_ms, end_ms, wrong):
            count += 1
            yield line_of(line)
        for said in left_out(*map(len, wrong)):
            told(said)
        yield line_of(End(count))
    finally:
        connection.close()


def _lines(
    connection: sqlite3.Connection, path: Path, start_ms: int, end_ms: int, wrong: _Wrong
) -> Iterator[Line]:
    yield Head(SCHEMA_VERSION, start_ms, end_ms)
    with as_kept(path):
        recordings = connection.execute(
            "SELECT id, origin, by, began_ms, every_ms, ended_ms, why FROM recording"
            " WHERE began_ms < ? AND ended_ms + every_ms > ? ORDER BY began_ms, id",
            (end_ms, start_ms),
        ).fetchall()
        names = service_names(connection)
    for row in recordings:
        with as_kept(path):
            began_ms, every_ms, ended_ms = row[3:6]
            origin, by, why = Origin(row[1]), text_of(row[2]), text_of(row[6])
            said = RecordingLine(row[0], origin, by, began_ms, every_ms, ended_ms, why)
        yield said
    for number, name in [(ALIVE, ""), *sorted(names.items(), key=lambda one: one[1])]:
        with as_kept(path):
            lines = [
                *_stretches(connection, number, name, start_ms, end_ms, wrong.parts),
                *_hours(connection, number, name, start_ms, end_ms, wrong.parts),
            ]
        yield from lines
    for row in recordings:
        yield from _samples(connection, path, row[0], names, max(0, start_ms), end_ms)
    with as_errors(path):
        start, end = moment_of(start_ms * 1000), moment_of(end_ms * 1000)
        bouts = told_once(bouts_between(connection, start, end), wrong.bouts)
        past = past_between(connection, start, end, 1 << 40, wrong.past)
    yield from map(bout_line, bouts)
    yield from map(past_line, past)


def _stretches(
    connection: sqlite3.Connection,
    service: int,
    name: str,
    start_ms: int,
    end_ms: int,
    wrong: set[Row],
) -> Iterator[Line]:
    found: dict[int, list[tuple[int, int, SightWord]]] = {}
    for row in connection.execute(
        f"SELECT {STRETCH} FROM stretch"
        " WHERE service = ?1 AND start_ms > ?2 AND start_ms < ?4 AND end_ms > ?3 UNION ALL"
        " SELECT service, start_ms, recording.id, last_ms + every_ms, opened.sight, -1"
        " FROM opened JOIN recording ON recording.id = opened.recording"
        " WHERE service = ?1 AND start_ms < ?4 AND last_ms + every_ms > ?3",
        (service, start_ms - DAY_MS, start_ms, end_ms),
    ).fetchall():
        if not is_sound_stretch(row):
            wrong.add(row)
            continue
        _, start, recording, end, sight, _ = row
        cut = (max(start, start_ms), min(end, end_ms), WORDS[sight])
        found.setdefault(recording, []).append(cut)
    for recording, stretches in found.items():
        yield StretchesLine(recording, name, tuple(stretches))


def _hours(
    connection: sqlite3.Connection,
    service: int,
    name: str,
    start_ms: int,
    end_ms: int,
    wrong: set[Row],
) -> Iterator[Line]:
    found: dict[int, list[Any]] = {}
    for row in connection.execute(
        f"SELECT {HOUR} FROM hour WHERE service = ? AND hour >= ? AND hour < ? ORDER BY hour",
        (service, start_ms // HOUR_MS, -(-end_ms // HOUR_MS)),
    ).fetchall():
        if not is_sound_hour(row):
            wrong.add(row)
            continue
        _, hour, recording, samples, counts, _ = row
        found.setdefault(recording, []).append((hour, samples, unpacked(counts).counts))
    for recording, hours in found.items():
        yield HoursLine(recording, name, tuple(hours))


def _samples(
    connection: sqlite3.Connection,
    path: Path,
    recording: int,
    names: dict[int, str],
    start_ms: int,
    end_ms: int,
) -> Iterator[Line]:
    """A bite at a time, so that whoever records need not wait for whoever writes the lines."""
    at_ms = start_ms
    while at_ms < end_ms:
        until_ms = min(at_ms + HOUR_MS, end_ms)
        with as_kept(path):
            row = connection.execute(
                "SELECT at_ms FROM sample WHERE recording = ? AND at_ms >= ? AND at_ms < ?"
                " ORDER BY at_ms LIMIT 1",
                (recording, at_ms, end_ms),
            ).fetchone()
            if row is None:
                return
            until_ms = min(row[0] + HOUR_MS, end_ms)
            found: dict[int, list[tuple[str, SightWord, float | None]]] = {}
            for moment, service, sight, us in connection.execute(
                "SELECT at_ms, service, sight, took_us FROM sample"
                " WHERE recording = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, service",
                (recording, row[0], until_ms),
            ).fetchall():
                took_ms = None if us is None else us / 1000
                found.setdefault(moment, []).append((names[service], WORDS[sight], took_ms))
        for moment, samples in found.items():
            yield SamplesLine(recording, moment, tuple(samples))
        at_ms = until_ms
