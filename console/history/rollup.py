"""Hours made of samples, and what is dropped when it is old enough."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from console.history.holding import DAY_MS, HOUR_MS
from console.history.packing import bucket_of_us, packed
from console.history.schema import ALIVE
from console.history.sealing import keep_hours

STRANGE_MS: Final = DAY_MS
"""Without a record for longer, what comes after is no proof of the time by itself."""
PROVEN_MS: Final = DAY_MS
"""So much recorded after such a gap proves that its clock is right."""
DROPPED: Final = 20_000
"""Rows in one transaction of the retention: some tens of milliseconds."""


class Hours:
    """Counts of latencies by service and hour, while they are being counted."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], tuple[list[int], dict[int, int]]] = {}

    def add(self, service: int, at_ms: int, took_us: int | None) -> None:
        """Count one sample."""
        key = (service, at_ms // HOUR_MS)
        samples, counts = self._found.get(key) or self._found.setdefault(key, ([0], {}))
        samples[0] += 1
        if took_us is not None:
            bucket = bucket_of_us(took_us)
            counts[bucket] = counts.get(bucket, 0) + 1

    def rows(self) -> list[tuple[int, int, int, dict[int, int]]]:
        """Service, hour, samples, and the counts, in order."""
        return [
            (service, hour, samples[0], counts)
            for (service, hour), (samples, counts) in sorted(self._found.items())
        ]


def counted_hours(rows: Iterable[tuple[int, int, int | None]]) -> Hours:
    """The hours of samples as service, time and microseconds."""
    hours = Hours()
    for service, at_ms, took_us in rows:
        hours.add(service, at_ms, took_us)
    return hours


def roll_up(connection: sqlite3.Connection, recording: int, rolled_ms: int, until_ms: int) -> int:
    """Make the hours of a recording's samples from `rolled_ms` up to `until_ms`, whole hours.

    Within the caller's transaction, so that an hour is in the table or in `rolled_ms` to come,
    and never in both.

    Returns:
        Up to when it is rolled up now.
    """
    until_ms -= until_ms % HOUR_MS
    if until_ms <= rolled_ms:
        return rolled_ms
    rows = connection.execute(
        "SELECT service, at_ms, took_us FROM sample"
        " WHERE recording = ? AND at_ms >= ? AND at_ms < ?",
        (recording, rolled_ms, until_ms),
    )
    keep_hours(
        connection,
        [
            (service, hour, recording, samples, packed(counts))
            for service, hour, samples, counts in counted_hours(rows).rows()
        ],
    )
    connection.execute("UPDATE recording SET rolled_ms = ? WHERE id = ?", (until_ms, recording))
    return until_ms


def hour_after(at_ms: int) -> int:
    """The first whole hour after a moment."""
    return at_ms - at_ms % HOUR_MS + HOUR_MS


def likely_now(connection: sqlite3.Connection, now_ms: int) -> int:
    """By which moment it is decided what is old: `now_ms`, or one before it.

    A clock that is set a year ahead, as after an empty battery, must not make everything old. So
    a time that is more than `STRANGE_MS` after all that was recorded, or that follows such a gap,
    counts when `PROVEN_MS` were recorded since.
    """
    rows = connection.execute(
        "SELECT start_ms, end_ms FROM stretch WHERE service = ?1 AND start_ms < ?2 UNION ALL"
        " SELECT start_ms, last_ms FROM opened WHERE service = ?1 AND start_ms < ?2"
        " ORDER BY start_ms DESC",
        (ALIVE, now_ms),
    )
    likely_ms = edge_ms = now_ms
    recorded_ms = 0
    for start_ms, end_ms in rows:
        if edge_ms - end_ms > STRANGE_MS:
            likely_ms = end_ms
        recorded_ms += max(0, min(end_ms, edge_ms) - start_ms)
        edge_ms = min(edge_ms, start_ms)
        if recorded_ms >= PROVEN_MS:
            break
    return likely_ms


def drop_samples(connection: sqlite3.Connection, before_ms: int) -> int:
    """Drop some samples of before `before_ms` that are in stretches and hours; how many."""
    before_ms -= before_ms % HOUR_MS  # an hour is kept whole, so that it can be checked
    left = DROPPED
    for recording in with_samples(connection):
        rolled = connection.execute("SELECT rolled_ms FROM recording WHERE id = ?", (recording,))
        until_ms = min(before_ms, rolled.fetchone()[0])
        edge = connection.execute(
            "SELECT at_ms FROM sample WHERE recording = ? AND at_ms < ?"
            " ORDER BY at_ms LIMIT 1 OFFSET ?",
            (recording, until_ms, left),
        ).fetchone()
        until_ms = until_ms if edge is None else min(until_ms, edge[0] + 1)
        left -= connection.execute(
            "DELETE FROM sample WHERE recording = ? AND at_ms < ?", (recording, until_ms)
        ).rowcount
        if left <= 0:
            break
    return DROPPED - left


def with_samples(connection: sqlite3.Connection) -> list[int]:
    """The recordings of which samples are kept: few of all that there were."""
    found: list[int] = []
    while row := connection.execute(
        "SELECT recording FROM sample WHERE recording > ? LIMIT 1", (found[-1] if found else -1,)
    ).fetchone():
        found.append(row[0])
    return found


def drop_kept(connection: sqlite3.Connection, before_ms: int) -> int:
    """Drop stretches, hours, episodes and events that ended before `before_ms`; how many.

    Nothing is dropped of the time of which samples are kept.
    """
    for recording in with_samples(connection):
        first = "SELECT min(at_ms) FROM sample WHERE recording = ?"
        before_ms = min(before_ms, connection.execute(first, (recording,)).fetchone()[0])
    day_ms, hour, us = before_ms - DAY_MS, before_ms // HOUR_MS, before_ms * 1000
    services = connection.execute("SELECT id FROM service").fetchall()
    dropped = sum(
        connection.execute(statement, (service, edge)).rowcount
        for (service,) in services
        for statement, edge in (
            ("DELETE FROM stretch WHERE service = ? AND start_ms < ?", day_ms),
            ("DELETE FROM hour WHERE service = ? AND hour < ?", hour),
        )
    )
    dropped += connection.execute(
        "DELETE FROM bout WHERE over_us < ? AND start_us < ?", (us, us)
    ).rowcount
    dropped += connection.execute("DELETE FROM past WHERE at_us < ?", (us,)).rowcount
    if dropped:
        _drop_empty(connection, before_ms)
    return dropped


def _drop_empty(connection: sqlite3.Connection, before_ms: int) -> None:
    connection.execute(
        "DELETE FROM recording WHERE is_over AND ended_ms < ? AND NOT EXISTS"
        " (SELECT 1 FROM sample WHERE recording = recording.id)"
        " AND id NOT IN (SELECT recording FROM stretch) AND id NOT IN (SELECT recording FROM hour)",
        (before_ms,),
    )
    connection.execute(
        "DELETE FROM service WHERE id > 0"
        " AND NOT EXISTS (SELECT 1 FROM stretch WHERE service = service.id)"
        " AND NOT EXISTS (SELECT 1 FROM hour WHERE service = service.id)"
        " AND NOT EXISTS (SELECT 1 FROM opened WHERE service = service.id)"
    )
