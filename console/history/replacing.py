"""What stood in a time before something is taken in there, and what follows from samples."""

from __future__ import annotations

import sqlite3

from console.history.episodes import OURS, plain, teller_of
from console.history.fault import HistoryError
from console.history.holding import DAY_MS, HOUR_MS, Piece, Run, advanced, ended
from console.history.keeping import keep_pieces
from console.history.packing import packed
from console.history.rollup import Hours, hour_after
from console.history.schema import ALIVE
from console.history.sealing import (
    HOUR,
    STRETCH,
    HourRow,
    is_sound_hour,
    is_sound_stretch,
    keep_hours,
)
from console.model.history import HOLD, Origin, Sight, Stretch, together
from console.safety.text import visible


class Edges:
    """Hours that were only partly in a time that was cleared, as they were."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], tuple[int, bytes]] = {}
        """By service and hour: its samples and counts."""


def cleared(
    connection: sqlite3.Connection, origin: Origin, by: str, start_ms: int, end_ms: int
) -> Edges:
    """Take out what recordings of that origin by that one held in `[start_ms, end_ms)`.

    Raises:
        HistoryError: one of them goes on just now.
    """
    found = connection.execute(
        "SELECT id, every_ms, is_over FROM recording WHERE origin = ? AND by = ?"
        " AND began_ms < ? AND coalesce(ended_ms, began_ms) + every_ms > ?",
        (str(origin), plain(by), end_ms, start_ms),
    ).fetchall()
    if not all(is_over for _, _, is_over in found):
        raise HistoryError(
            f"{visible(by)} ({origin}) records just now",
            expected="a recording that is over",
            remedy="end it first, or take in what was before it",
        )
    edges = Edges()
    services = [row[0] for row in connection.execute("SELECT id FROM service").fetchall()]
    first, after = start_ms // HOUR_MS, -(-end_ms // HOUR_MS)
    partial = {hour for hour, at in ((first, start_ms), (after - 1, end_ms)) if at % HOUR_MS}
    for recording, every_ms, _ in found:
        connection.execute(
            "DELETE FROM sample WHERE recording = ? AND at_ms >= ? AND at_ms < ?",
            (recording, start_ms, end_ms),
        )
        for service in services:
            cut_out(connection, recording, service, start_ms, end_ms)
            for hour in partial:
                for whole in connection.execute(
                    f"SELECT {HOUR} FROM hour WHERE service = ? AND hour = ? AND recording = ?",
                    (service, hour, recording),
                ):
                    if not is_sound_hour(whole):
                        continue
                    row = whole[3:5]
                    edges.found[service, hour] = max(edges.found.get((service, hour), row), row)
            connection.execute(
                "DELETE FROM hour WHERE service = ? AND hour >= ? AND hour < ? AND recording = ?",
                (service, first, after, recording),
            )
        remade(connection, recording, every_ms)
        # What samples beside the time tell of such an hour is there again.
        again = "SELECT 1 FROM hour WHERE service = ? AND hour = ? AND recording = ?"
        for service, hour in list(edges.found):
            if connection.execute(again, (service, hour, recording)).fetchone():
                del edges.found[service, hour]
    told_by = teller_of(origin, by)
    if told_by != OURS:
        connection.execute(
            "DELETE FROM bout WHERE told_by = ? AND start_us >= ? AND start_us < ?",
            (plain(told_by), start_ms * 1000, end_ms * 1000),
        )
    return edges


def remade(connection: sqlite3.Connection, recording: int, every_ms: int) -> None:
    """Make the stretches and hours of a recording again, as far as its samples are kept.

    Of a thousand services an hour's counts are in memory, and a day's rows.
    """
    last_ms = connection.execute(
        "SELECT max(at_ms) FROM sample WHERE recording = ?", (recording,)
    ).fetchone()[0]
    if last_ms is None:
        return
    made = _Remade(connection, recording)
    runs: dict[int, Run] = {}
    alive: Run | None = None
    rows = connection.execute(
        "SELECT service, at_ms, sight, took_us FROM sample WHERE recording = ? ORDER BY at_ms",
        (recording,),
    )
    for service, at_ms, sight, took_us in rows:
        if at_ms >= made.until_ms:
            made.close_hour(at_ms)
        made.hours.add(service, at_ms, took_us)
        if alive is None or at_ms > alive.last_ms:
            alive = _moved(made.pieces, ALIVE, alive, at_ms, Sight.UP, every_ms)
        run = runs.get(service)
        if run is None:
            # Before any of its own is kept, which it would cut as well.
            cut_out(connection, recording, service, at_ms, last_ms + 10 * DAY_MS)
        runs[service] = _moved(made.pieces, service, run, at_ms, sight, every_ms)
    for service, run in (*runs.items(), *(() if alive is None else ((ALIVE, alive),))):
        made.pieces.setdefault(service, []).extend(ended(run, every_ms))
    made.close_hour(last_ms)
    made.keep()
    add_alive(connection, recording, made.alive)


class _Remade:
    """What a recording's samples come to, kept a day at a time: for each row by itself the pages
    would be filled in no order, and for all of them at once it would be in memory whole."""

    def __init__(self, connection: sqlite3.Connection, recording: int) -> None:
        self._connection = connection
        self._recording = recording
        self._rows: list[HourRow] = []
        self._midnight_ms = 0
        self.hours = Hours()
        self.pieces: dict[int, list[Piece]] = {}
        """By service."""
        self.alive: list[Stretch] = []
        self.until_ms = 0
        """The end of the hour that is being counted."""

    def close_hour(self, at_ms: int) -> None:
        """All samples before `at_ms` have come."""
        self._rows += [
            (service, hour, self._recording, samples, packed(counts))
            for service, hour, samples, counts in self.hours.rows()
        ]
        self.hours = Hours()
        self.until_ms = hour_after(at_ms)
        if at_ms >= self._midnight_ms:
            self.keep()
            self._midnight_ms = at_ms - at_ms % DAY_MS + DAY_MS

    def keep(self) -> None:
        """Keep what is whole by now."""
        keep_hours(self._connection, sorted(self._rows))
        self._rows = []
        told = self.pieces.pop(ALIVE, ())
        self.alive += [Stretch(start, end, Sight(sight)) for start, end, sight in told]
        for service, found in self.pieces.items():
            keep_pieces(self._connection, self._recording, ((service, one) for one in found))
        self.pieces = {}


def _moved(
    pieces: dict[int, list[Piece]],
    service: int,
    run: Run | None,
    at_ms: int,
    sight: int,
    every_ms: int,
) -> Run:
    if run is None:
        return Run(at_ms, at_ms, sight)
    start_ms, last_ms, before = run
    if (
        sight == before
        and at_ms - last_ms <= HOLD * every_ms
        and at_ms - at_ms % DAY_MS <= start_ms
    ):
        return Run(start_ms, at_ms, sight)
    closed, run = advanced(run, at_ms, sight, every_ms)
    pieces.setdefault(service, []).extend(closed)
    return run


def cut_out(
    connection: sqlite3.Connection, recording: int, service: int, start_ms: int, end_ms: int
) -> list[Piece]:
    """Take `[start_ms, end_ms)` out of the stretches; returns those that it touched."""
    where = (
        " FROM stretch WHERE service = ? AND start_ms > ? AND start_ms < ? AND recording = ?"
        " AND end_ms > ?"
    )
    asked = (service, start_ms - DAY_MS, end_ms, recording, start_ms)
    touched: list[Piece] = [
        (row[1], row[3], row[4])
        for row in connection.execute(f"SELECT {STRETCH}{where}", asked).fetchall()
        if is_sound_stretch(row)
    ]
    connection.execute(f"DELETE{where}", asked)
    left = [
        (service, part)
        for start, end, sight in touched
        for part in ((start, start_ms, sight), (end_ms, end, sight))
        if part[0] < part[1]
    ]
    keep_pieces(connection, recording, left)
    return touched


def add_alive(connection: sqlite3.Connection, recording: int, told: list[Stretch]) -> None:
    """Something was recorded then as well."""
    if not told:
        return
    start_ms, end_ms = told[0].start_ms, max(one.end_ms for one in told)
    before = cut_out(connection, recording, ALIVE, start_ms, end_ms)
    cut = [Stretch(max(s, start_ms), min(e, end_ms), Sight(sight)) for s, e, sight in before]
    whole = together([told, cut])
    keep_pieces(
        connection, recording, ((ALIVE, (one.start_ms, one.end_ms, one.sight)) for one in whole)
    )


def drop_empty(connection: sqlite3.Connection) -> None:
    """Drop recordings of which nothing is left."""
    connection.execute(
        "DELETE FROM recording WHERE is_over"
        " AND NOT EXISTS (SELECT 1 FROM sample WHERE recording = recording.id)"
        " AND id NOT IN (SELECT recording FROM stretch) AND id NOT IN (SELECT recording FROM hour)"
    )
