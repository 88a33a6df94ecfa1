"""A history as JSON lines: for another machine, another program, or to keep.

The first line is the head, with `schema_version`; the last one is the end, so that a file that
was cut off is known as such. Printable ASCII; times as in the names of their fields.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from console.history.database import history_file, opened
from console.history.episodes import bouts_between, moment_of, past_between, text_of, told_once
from console.history.fault import as_errors, as_kept
from console.history.holding import DAY_MS, HOUR_MS
from console.history.keeping import MOST_AT_MS, service_names
from console.history.packing import unpacked
from console.history.rollup import counted_hours
from console.history.schema import ALIVE
from console.model.history import Origin
from console.safety.jsontext import json_line

SCHEMA_VERSION: Final = 1

Moment = Annotated[int, Meta(ge=0, le=MOST_AT_MS)]
Micros = Annotated[int, Meta(ge=0, le=MOST_AT_MS * 1000)]
Text = Annotated[str, Meta(max_length=16_384)]
Name = Annotated[str, Meta(min_length=1, max_length=16_384)]
SightWord = Literal["up", "slow", "down", "unknown"]
Count = Annotated[int, Meta(ge=1, le=1 << 53)]
Took = Annotated[float, Meta(ge=0)]

WORDS: Final[tuple[SightWord, ...]] = ("up", "slow", "down", "unknown")
"""By a sight's number."""


class Head(msgspec.Struct, frozen=True, tag="history", tag_field="kind"):
    """The first line."""

    schema_version: int
    start_ms: Moment
    end_ms: Moment


class RecordingLine(msgspec.Struct, frozen=True, tag="recording", tag_field="kind"):
    """Before anything of it."""

    id: int
    """Within this file."""
    origin: Origin
    by: Text
    began_ms: Moment
    every_ms: Annotated[int, Meta(ge=1, le=DAY_MS)]
    ended_ms: Moment | None
    why_ended: Text


class StretchesLine(msgspec.Struct, frozen=True, tag="stretches", tag_field="kind"):
    """How one service was seen in one recording; without a service: when it recorded at all."""

    recording: int
    service: Text
    stretches: tuple[tuple[Moment, Moment, SightWord], ...]
    """Start, end, and how."""


class HoursLine(msgspec.Struct, frozen=True, tag="hours", tag_field="kind"):
    """How long answers of one service took, by hours."""

    recording: int
    service: Name
    hours: tuple[
        tuple[
            Annotated[int, Meta(ge=0, le=MOST_AT_MS // HOUR_MS)],
            Annotated[int, Meta(ge=0, le=1 << 53)],
            tuple[tuple[Annotated[int, Meta(ge=-1000, le=1000)], Count], ...],
        ],
        ...,
    ]
    """The hour since 1970, its samples, and buckets with their counts."""


class SamplesLine(msgspec.Struct, frozen=True, tag="samples", tag_field="kind"):
    """Of one moment."""

    recording: int
    at_ms: Moment
    samples: tuple[tuple[Name, SightWord, Took | None], ...]
    """Service, how it was, and how many milliseconds its answer took."""


class BoutLine(msgspec.Struct, frozen=True, tag="bout", tag_field="kind"):
    """One episode."""

    key: Text
    alert: Text
    where: Text
    service: Text
    priority: Annotated[int, Meta(ge=0, le=3)]
    start_us: Micros
    acked_us: Micros | None
    acked_by: Text
    silenced_us: Micros | None
    resolved_us: Micros | None
    seen_us: Micros | None
    respond_us: Micros | None
    resolve_us: Micros | None
    source: Text


class PastLine(msgspec.Struct, frozen=True, tag="past", tag_field="kind"):
    """One event."""

    at_us: Micros
    event: Text
    subject: Text
    text: Text
    who: Text
    key: Text


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The last line."""

    lines: int
    """Before it."""


Line = (
    Head
    | RecordingLine
    | StretchesLine
    | HoursLine
    | SamplesLine
    | BoutLine
    | PastLine
    | End
)


def export(folder: Path, start_ms: int, end_ms: int) -> Iterator[bytes]:
    """What the history in `folder` has of `[start_ms, end_ms)`, a line with its break at a time.

    Raises:
        HistoryError: it is not there, damaged, …
    """
    path = history_file(folder)
    with as_kept(path):
        connection = opened(path, "read")
    try:
        number = 0
        for number, line in enumerate(_lines(connection, path, start_ms, end_ms), 1):
            yield _line(line)
        yield _line(End(number))
    finally:
        connection.close()


def _line(line: Line) -> bytes:
    return json_line(line).encode() + b"\n"


def _lines(
    connection: sqlite3.Connection, path: Path, start_ms: int, end_ms: int
) -> Iterator[Line]:
    yield Head(SCHEMA_VERSION, start_ms, end_ms)
    with as_kept(path):
        recordings = connection.execute(
            "SELECT id, origin, by, began_ms, every_ms, ended_ms, why, rolled_ms FROM recording"
            " WHERE began_ms < ? AND ended_ms + every_ms > ? ORDER BY began_ms, id",
            (end_ms, start_ms),
        ).fetchall()
        names = service_names(connection)
    for row in recordings:
        with as_kept(path):
            said = RecordingLine(
                row[0], Origin(row[1]), text_of(row[2]), *row[3:6], text_of(row[6])
            )
        yield said
    for number, name in [(ALIVE, ""), *sorted(names.items(), key=lambda one: one[1])]:
        with as_kept(path):
            lines = [
                *_stretches(connection, number, name, start_ms, end_ms),
                *_hours(connection, number, name, start_ms, end_ms),
            ]
        yield from lines
    for row in recordings:
        yield from _samples(connection, path, row[0], names, max(0, start_ms), end_ms)
    with as_errors(path):
        start, end = moment_of(start_ms * 1000), moment_of(end_ms * 1000)
        bouts = told_once(bouts_between(connection, start, end))
        past = past_between(connection, start, end, 1 << 40)
    yield from map(bout_line, bouts)
    yield from map(past_line, past)


def _stretches(
    connection: sqlite3.Connection, service: int, name: str, start_ms: int, end_ms: int
) -> Iterator[Line]:
    found: dict[int, list[tuple[int, int, SightWord]]] = {}
    for recording, start, end, sight in connection.execute(
        "SELECT recording, start_ms, end_ms, sight FROM stretch"
        " WHERE service = ?1 AND start_ms > ?2 AND start_ms < ?4 AND end_ms > ?3 UNION ALL"
        " SELECT recording.id, start_ms, last_ms + every_ms, opened.sight FROM opened"
        " JOIN recording ON recording.id = opened.recording"
        " WHERE service = ?1 AND start_ms < ?4 AND last_ms + every_ms > ?3",
        (service, start_ms - DAY_MS, start_ms, end_ms),
    ).fetchall():
        cut = (max(start, start_ms), min(end, end_ms), WORDS[sight])
        found.setdefault(recording, []).append(cut)
    for recording, stretches in found.items():
        yield StretchesLine(recording, name, tuple(stretches))


def _hours(
    connection: sqlite3.Connection, service: int, name: str, start_ms: int, end_ms: int
) -> Iterator[Line]:
    found: dict[int, list[Any]] = {}
    for recording, hour, samples, counts in connection.execute(
        "SELECT recording, hour, samples, counts FROM hour"
        " WHERE service = ? AND hour >= ? AND hour < ? ORDER BY hour",
        (service, start_ms // HOUR_MS, -(-end_ms // HOUR_MS)),
    ).fetchall():
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
