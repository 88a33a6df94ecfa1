"""One recording as it is being written: samples into their table, stretches and hours."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from console.history.episodes import plain, text_of
from console.history.fault import HistoryError
from console.history.holding import (
    HOUR_MS,
    MOST_AT_MS,
    Piece,
    Run,
    advanced,
    begun,
    by_days,
    ended,
)
from console.history.rollup import hour_after, roll_up
from console.history.schema import ALIVE
from console.history.sealing import keep_stretches, seal_recording
from console.model.history import Recording, Sample, Sight
from console.model.latency import MOST_MS
from console.safety.text import visible

_SIGHTS: Final = frozenset(Sight)


class Checked(NamedTuple):
    """A sample as it is kept."""

    service: str
    at_ms: int
    sight: int
    took_us: int | None


class Names:
    """The ids of services; new ones count only after `settle`, when their rows are on disk."""

    def __init__(self) -> None:
        self._settled: dict[str, int] = {}
        self._new: dict[str, int] = {}

    def id_of(self, connection: sqlite3.Connection, name: str) -> int:
        """The id of a service, made within the caller's transaction where there is none."""
        found = self._settled.get(name) or self._new.get(name)
        if found is None:
            connection.execute("INSERT OR IGNORE INTO service (name) VALUES (?)", (plain(name),))
            row = connection.execute("SELECT id FROM service WHERE name = ?", (plain(name),))
            found = self._new[name] = int(row.fetchone()[0])
        return found

    def settle(self) -> None:
        """What was made is on disk."""
        self._settled |= self._new
        self._new = {}

    def unsettle(self) -> None:
        """What was made since `settle` is not."""
        self._new = {}

    def forget(self) -> None:
        """Ask the file again: some may be gone."""
        self._settled, self._new = {}, {}


def checked(sample: Sample) -> Checked:
    """A sample in the form in which it is kept: a time that is no duration is left out.

    Raises:
        HistoryError: it names no service, or its moment or sight is none.
    """
    took = sample.took_ms
    if took is not None and not (math.isfinite(took) and took >= 0):
        took = None
    if not sample.service or sample.sight not in _SIGHTS or not 0 <= sample.at_ms < MOST_AT_MS:
        raise HistoryError(
            f"a sample of {visible(sample.service, cells=80)!r} at {sample.at_ms} ms is none",
            expected="a service's name, a moment after 1970 and a sight",
            remedy="nothing of what came with it was kept",
        )
    us = None if took is None else round(min(took, MOST_MS) * 1000)
    return Checked(sample.service, sample.at_ms, int(sample.sight), us)


class Course:
    """One recording's runs, as they are in `opened`. Its methods run within a transaction of the
    caller's; what they answer replaces it when that is on disk."""

    def __init__(
        self, row: int, every_ms: int, last_ms: int, rolled_ms: int, runs: dict[int, Run]
    ) -> None:
        self.row = row
        self.every_ms = every_ms
        self.last_ms = last_ms
        self.rolled_ms = rolled_ms
        self.runs = runs

    def with_samples(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[int, int, int, int | None]]
    ) -> Course:
        """Keep samples (service, moment, sight, microseconds), by moment and not before its last.

        Raises:
            HistoryError: one is not after the last of its service.
        """
        runs = dict(self.runs)
        closed: list[tuple[int, Piece]] = []
        for service, at_ms, sight, _ in rows:
            run = runs.get(service)
            if run is not None and at_ms <= run.last_ms:
                raise backwards(at_ms, run.last_ms)
            closed += self._moved(runs, service, at_ms, sight)
            alive = runs.get(ALIVE)
            if alive is None or at_ms > alive.last_ms:
                closed += self._moved(runs, ALIVE, at_ms, Sight.UP)
        connection.executemany(
            "INSERT INTO sample VALUES (?, ?, ?, ?, ?)",
            [(self.row, at_ms, service, sight, us) for service, at_ms, sight, us in rows],
        )
        keep_pieces(connection, self.row, closed)
        connection.executemany(
            "INSERT OR REPLACE INTO opened VALUES (?, ?, ?, ?, ?)",
            [(one, self.row, *runs[one]) for one in {ALIVE, *(row[0] for row in rows)}],
        )
        last_ms = rows[-1][1]
        connection.execute("UPDATE recording SET ended_ms = ? WHERE id = ?", (last_ms, self.row))
        rolled_ms = roll_up(connection, self.row, self.rolled_ms, last_ms)
        seal_recording(connection, self.row)
        return Course(self.row, self.every_ms, last_ms, rolled_ms, runs)

    def _moved(
        self, runs: dict[int, Run], service: int, at_ms: int, sight: int
    ) -> list[tuple[int, Piece]]:
        run = runs.get(service)
        if run is None:
            runs[service] = begun(at_ms, sight)
            return []
        closed, runs[service] = advanced(run, at_ms, sight, self.every_ms)
        return [(service, piece) for piece in closed]


def backwards(at_ms: int, last_ms: int) -> HistoryError:
    """What is said of a sample that does not come after the last one."""
    return HistoryError(
        f"a sample at {at_ms} ms does not come after the last one at {last_ms} ms",
        expected="samples of one recording in the order of time",
        remedy="begin another recording where the clock was set back",
    )


def begin_course(connection: sqlite3.Connection, recording: Recording, first_ms: int) -> Course:
    """The row of a recording whose first sample is of `first_ms`; that gives it its checksum."""
    began_ms = recording.began_ms
    known = "SELECT 1 FROM recording WHERE origin = ? AND by = ? AND began_ms = ?"
    name = (str(recording.origin), plain(recording.by))
    while connection.execute(known, (*name, began_ms)).fetchone():
        began_ms += 1  # a clock that was set back to the very millisecond
    rolled_ms = first_ms - first_ms % HOUR_MS
    row = connection.execute(
        "INSERT INTO recording (origin, by, began_ms, every_ms, why, is_over, rolled_ms, crc)"
        " VALUES (?, ?, ?, ?, '', 0, ?, 0)",
        (*name, began_ms, recording.every_ms, rolled_ms),
    ).lastrowid
    assert row is not None
    return Course(row, recording.every_ms, first_ms, rolled_ms, {})


def close_courses(connection: sqlite3.Connection, why: str = "") -> bool:
    """End every recording that is not over: its runs become stretches, its samples hours.

    Returns:
        Whether there was any.
    """
    found = connection.execute(
        "SELECT id, every_ms, rolled_ms, ended_ms FROM recording WHERE NOT is_over"
    ).fetchall()
    for row, every_ms, rolled_ms, ended_ms in found:
        runs = connection.execute(
            "SELECT service, start_ms, last_ms, sight FROM opened WHERE recording = ?", (row,)
        ).fetchall()
        pieces = [(run[0], piece) for run in runs for piece in ended(Run(*run[1:]), every_ms)]
        keep_pieces(connection, row, pieces)
        connection.execute("DELETE FROM opened WHERE recording = ?", (row,))
        if ended_ms is not None:
            roll_up(connection, row, rolled_ms, hour_after(ended_ms))
        connection.execute(
            "UPDATE recording SET is_over = 1, why = ? WHERE id = ?", (plain(why), row)
        )
        seal_recording(connection, row)
    return bool(found)


def keep_pieces(
    connection: sqlite3.Connection, recording: int, pieces: Iterable[tuple[int, Piece]]
) -> None:
    """Keep stretches of services; those that reach over a midnight are cut there."""
    keep_stretches(
        connection,
        (
            (service, start_ms, recording, end_ms, sight)
            for service, piece in pieces
            for start_ms, end_ms, sight in by_days(*piece)
        ),
    )


def service_names(connection: sqlite3.Connection) -> dict[int, str]:
    """All services, by their ids."""
    rows = connection.execute("SELECT id, name FROM service WHERE id > 0").fetchall()
    return {number: text_of(name) for number, name in rows}
