"""Rows of recordings, stretches and hours, each with a checksum: SQLite has none for its pages, and
when their samples have been dropped nothing else could tell that one was changed."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from console.model.saying import Saying, saying

StretchRow = tuple[int, int, int, int, int]
"""Service, start, recording, end, sight."""
HourRow = tuple[int, int, int, int, bytes]
"""Service, hour, recording, samples, counts."""

_STRETCH: Final = "service, start_ms, recording, end_ms, sight"
_HOUR: Final = "service, hour, recording, samples, counts"
STRETCH: Final = f"{_STRETCH}, crc"
"""What `is_sound_stretch` wants, of the table `stretch`; of one in `opened` -1 in place of the
checksum."""
HOUR: Final = f"{_HOUR}, crc"
"""What `is_sound_hour` wants, of the table `hour`."""

_KEEP_STRETCH: Final = f"INSERT OR REPLACE INTO stretch ({STRETCH}) VALUES (?, ?, ?, ?, ?, ?)"
_KEEP_HOUR: Final = f"INSERT OR REPLACE INTO hour ({HOUR}) VALUES (?, ?, ?, ?, ?, ?)"
_RECORDINGS: Final = (
    "SELECT id, origin, by, began_ms, every_ms, ended_ms, why, is_over, rolled_ms, crc"
    " FROM recording"
)
_FIVE: Final = struct.Struct("<5q")
_FOUR: Final = struct.Struct("<4q")
_BITS: Final = 0x7FFFFFFF
"""One bit fewer than a CRC-32 has: four bytes in the file in place of six."""


def keep_stretches(connection: sqlite3.Connection, rows: Iterable[StretchRow]) -> None:
    """Keep stretches, in place of those of that service, start and recording."""
    connection.executemany(
        _KEEP_STRETCH, ((*row, zlib.crc32(_FIVE.pack(*row)) & _BITS) for row in rows)
    )


def keep_hours(connection: sqlite3.Connection, rows: Iterable[HourRow]) -> None:
    """Keep hours, in place of those of that service, hour and recording."""
    connection.executemany(_KEEP_HOUR, ((*row, _sum_of_hour(row)) for row in rows))


def seal_recording(connection: sqlite3.Connection, recording: int) -> None:
    """Give a recording the checksum of what stands in its row now."""
    row = connection.execute(f"{_RECORDINGS} WHERE id = ?", (recording,)).fetchone()
    if row is not None:
        connection.execute(
            "UPDATE recording SET crc = ? WHERE id = ?", (_sum_of_recording(row), recording)
        )


def is_sound_stretch(row: tuple[Any, ...]) -> bool:
    """Whether a row of `STRETCH` is as it was written."""
    try:
        told: int = row[5]
        return told in (-1, zlib.crc32(_FIVE.pack(*row[:5])) & _BITS)
    except (struct.error, TypeError):
        return False


def is_sound_hour(row: tuple[Any, ...]) -> bool:
    """Whether a row of `HOUR` is as it was written."""
    try:
        told: int = row[5]
        return told == _sum_of_hour(row)
    except (struct.error, TypeError):
        return False


def parts_that_changed(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """How many recordings, stretches and hours are not what was written."""
    recordings = connection.execute(_RECORDINGS).fetchall()
    stretches = connection.execute(f"SELECT {STRETCH} FROM stretch")
    hours = connection.execute(f"SELECT {HOUR} FROM hour")
    return (
        sum(_sum_of_recording(row) != row[-1] for row in recordings),
        sum(not is_sound_stretch(row) for row in stretches),
        sum(not is_sound_hour(row) for row in hours),
    )


def left_out(parts: int = 0, bouts: int = 0, past: int = 0) -> Iterator[Saying]:
    """What is said of stretches and hours, episodes and events that are not what was written."""
    if parts:
        yield saying(
            "the history file is damaged: {count} of its stretches and hours are left out; "
            "`oncall history check` says more",
            count=parts,
        )
    if bouts:
        yield saying(
            "the history file is damaged: {count} of its episodes are left out; "
            "`oncall history check` says more",
            count=bouts,
        )
    if past:
        yield saying(
            "the history file is damaged: {count} of its events are left out; "
            "`oncall history check` says more",
            count=past,
        )


def _sum_of_recording(row: tuple[Any, ...]) -> int:
    return zlib.crc32(ascii(row[:-1]).encode()) & _BITS


def _sum_of_hour(row: tuple[Any, ...]) -> int:
    return zlib.crc32(row[4], zlib.crc32(_FOUR.pack(*row[:4]))) & _BITS
