"""What others observed, taken in: in one transaction, again without harm.

It stands as a recording of its own. Of a service whose samples are taken in, stretches and hours
are made of those; of another they are kept as they come.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from console.history.database import made, opened, transaction
from console.history.episodes import keep_bouts, keep_past, plain, teller_of
from console.history.fault import HistoryError
from console.history.holding import HOUR_MS, MOST_AT_MS, Piece
from console.history.keeping import Names, checked, keep_pieces
from console.history.packing import packed, unpacked
from console.history.replacing import Edges, add_alive, cleared, drop_empty, remade
from console.history.rollup import hour_after
from console.history.sealing import keep_hours, seal_recording
from console.model.history import (
    Bout,
    Observed,
    Past,
    Recording,
    Sample,
    Sight,
    Stretch,
    together,
)

_CACHE_KIB: Final = 64 * 1024
"""So much may wait for the commit: until then nobody who reads is kept out."""
_SAMPLE: Final = "INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?, ?)"

HourRow = tuple[int, int, dict[int, int]]
"""An hour since 1970, its samples, its counts of latencies."""


def take_in(
    folder: Path,
    recording: Recording,
    observed: Iterable[Observed],
    bouts: Iterable[Bout] = (),
    past: Iterable[Past] = (),
    *,
    start_ms: int,
    end_ms: int,
    samples: Iterable[Sample] = (),
) -> None:
    """Keep what was observed in `[start_ms, end_ms)` in the history in `folder`, made if missing.

    It replaces what recordings of that origin by the same one held in that time; of an hour that
    is only partly in it the fuller counts stand. Doing it again changes nothing. Who records
    meanwhile is not disturbed, but for waiting for the commit. Of a thousand services an hour's
    counts and a day's rows are in memory at once, however many samples there are.

    Args:
        samples: in any order, within the time. A service that has some is not taken from
            `observed`.

    Raises:
        HistoryError: nothing was taken in.
    """
    with taking_in(folder) as connection:
        told_by = teller_of(recording.origin, recording.by)
        edges = cleared(connection, recording.origin, recording.by, start_ms, end_ms)
        names = Names()
        intake = Intake(connection, recording, start_ms, end_ms, names, edges)
        intake.samples(samples)
        for one in observed:
            intake.observed(one)
        intake.finish()
        drop_empty(connection)
        keep_bouts(connection, bouts, told_by)
        keep_past(connection, past)


@contextlib.contextmanager
def taking_in(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection within a transaction that is committed when the block is left.

    Raises:
        HistoryError: nothing was kept.
    """
    path = made(folder)
    connection = opened(path, "write", cache_kib=_CACHE_KIB)
    try:
        with transaction(connection, path):
            yield connection
    finally:
        connection.close()


class Intake:
    """One recording while it is taken in, within a transaction of the caller's."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        recording: Recording,
        start_ms: int,
        end_ms: int,
        names: Names,
        edges: Edges,
    ) -> None:
        if not (0 <= start_ms < end_ms <= MOST_AT_MS and recording.every_ms > 0):
            raise HistoryError(
                f"nothing can be taken in from {start_ms} to {end_ms} ms",
                expected="a time after 1970 that has a length, and an interval",
                remedy="name another time",
            )
        self._connection = connection
        self._recording = recording
        self._start_ms = start_ms
        self._end_ms = end_ms
        self._names = names
        self._edges = edges
        self._sampled: set[str] = set()
        self._alive: list[Stretch] = []
        self.row = _row_of(connection, recording, end_ms)

    def samples(self, samples: Iterable[Sample]) -> None:
        """Keep samples; of two of one service at one moment the later one stands."""
        self._connection.executemany(_SAMPLE, map(self._kept, samples))

    def observed(self, one: Observed) -> None:
        """Keep one service's stretches and hours, unless its samples are there."""
        counts = {at_s // 3600: dict(latencies.counts) for at_s, latencies in one.hours}
        spread = _spread(one)
        hours = [
            (
                hour,
                max(spread.get(hour, 0), sum(counts.get(hour, {}).values())),
                counts.get(hour, {}),
            )
            for hour in sorted({*counts, *spread})
        ]
        self.stretches(one.service, [(s.start_ms, s.end_ms, s.sight) for s in one.stretches])
        self.hours(one.service, hours)

    def stretches(self, service: str, pieces: Iterable[Piece]) -> None:
        """Keep stretches of a service, cut at the ends of the time."""
        cut = [
            (max(start, self._start_ms), min(end, self._end_ms), sight)
            for start, end, sight in pieces
            if start < self._end_ms and end > self._start_ms
        ]
        if service in self._sampled or not cut:
            return
        number = self._names.id_of(self._connection, service)
        keep_pieces(self._connection, self.row, ((number, piece) for piece in cut))
        self.alive(cut)

    def alive(self, pieces: Iterable[Piece]) -> None:
        """It recorded something then."""
        told = [Stretch(start, end, Sight.UP) for start, end, _ in pieces]
        self._alive = list(together([self._alive, told]))

    def hours(self, service: str, rows: Iterable[HourRow]) -> None:
        """Keep hours of a service."""
        if service in self._sampled:
            return
        number = self._names.id_of(self._connection, service)
        first, after = self._start_ms // HOUR_MS, -(-self._end_ms // HOUR_MS)
        keep_hours(
            self._connection,
            [
                (number, hour, self.row, *self._fuller(number, hour, samples, packed(counts)))
                for hour, samples, counts in rows
                if first <= hour < after
            ],
        )

    def finish(self) -> None:
        """What follows from all that was kept."""
        known = "SELECT 1 FROM hour WHERE service = ? AND hour = ? AND recording = ?"
        for (service, hour), (samples, counts) in self._edges.found.items():
            if not self._connection.execute(known, (service, hour, self.row)).fetchone():
                keep_hours(self._connection, [(service, hour, self.row, samples, counts)])
        self._edges.found = {}
        add_alive(self._connection, self.row, self._alive)
        remade(self._connection, self.row, self._recording.every_ms)
        self._say_end()
        seal_recording(self._connection, self.row)

    def _kept(self, sample: Sample) -> tuple[int, int, int, int, int | None]:
        service, at_ms, sight, took_us = checked(sample)
        if not self._start_ms <= at_ms < self._end_ms:
            raise HistoryError(
                f"a sample at {at_ms} ms is outside of what is taken in",
                expected=f"one from {self._start_ms} ms on and before {self._end_ms} ms",
                remedy="name the time that the samples are of",
            )
        self._sampled.add(service)
        return self.row, at_ms, self._names.id_of(self._connection, service), sight, took_us

    def _fuller(self, service: int, hour: int, samples: int, counts: bytes) -> tuple[int, bytes]:
        before = self._edges.found.pop((service, hour), None)
        if before is None:
            return samples, counts
        return max(before, (samples, counts), key=lambda one: (one[0], unpacked(one[1]).total))

    def _say_end(self) -> None:
        last = self._connection.execute(
            "SELECT max(at_ms) FROM sample WHERE recording = ?", (self.row,)
        ).fetchone()[0]
        ends = [one.end_ms - self._recording.every_ms for one in self._alive[-1:]]
        ends += [moment for moment in (last, self._recording.ended_ms) if moment is not None]
        if ends:
            self._connection.execute(
                "UPDATE recording SET ended_ms = max(coalesce(ended_ms, 0), ?) WHERE id = ?",
                (max(ends), self.row),
            )


def _row_of(connection: sqlite3.Connection, recording: Recording, end_ms: int) -> int:
    name = (str(recording.origin), plain(recording.by), recording.began_ms)
    connection.execute(
        "INSERT INTO recording (origin, by, began_ms, every_ms, why, is_over, rolled_ms, crc)"
        " VALUES (?, ?, ?, ?, ?, 1, ?, 0) ON CONFLICT (origin, by, began_ms) DO UPDATE SET"
        " every_ms = excluded.every_ms, why = excluded.why,"
        " rolled_ms = max(rolled_ms, excluded.rolled_ms)",
        (*name, recording.every_ms, plain(recording.why_ended), hour_after(end_ms)),
    )
    row = connection.execute(
        "SELECT id FROM recording WHERE origin = ? AND by = ? AND began_ms = ?", name
    )
    return int(row.fetchone()[0])


def _spread(one: Observed) -> dict[int, int]:
    """Its samples by hours, as much to each as of it was observed."""
    known: dict[int, int] = {}
    for stretch in one.stretches:
        if stretch.sight != Sight.UNKNOWN:
            at_ms = stretch.start_ms
            while at_ms < stretch.end_ms:
                until_ms = min(hour_after(at_ms), stretch.end_ms)
                hour = at_ms // HOUR_MS
                known[hour] = known.get(hour, 0) + until_ms - at_ms
                at_ms = until_ms
    total_ms = sum(known.values())
    sums = [0, *itertools.accumulate(known[hour] for hour in sorted(known))]
    shares = [sum_ms * one.samples // total_ms for sum_ms in sums] if total_ms else []
    return {
        hour: after - before
        for hour, (before, after) in zip(sorted(known), itertools.pairwise(shares), strict=True)
    }
