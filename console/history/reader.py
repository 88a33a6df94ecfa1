"""Whoever reads a history: beside whoever records, and never in their way."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from console.history.database import LONGEST_MS, history_file, opened
from console.history.episodes import (
    Row,
    bouts_between,
    moment_of,
    past_between,
    shown_of,
    text_of,
    told_once,
)
from console.history.fault import HistoryError, HistoryFault, as_errors, as_kept
from console.history.holding import DAY_MS, HOUR_MS, MOST_AT_MS
from console.history.packing import packed, unpacked
from console.history.rollup import counted_hours
from console.history.schema import ALIVE
from console.history.sealing import HOUR, STRETCH, is_sound_hour, is_sound_stretch, left_out
from console.model.history import (
    HISTORY,
    HOLD,
    Bout,
    Observed,
    Origin,
    Past,
    Recording,
    Sight,
    Stretch,
    ending_of,
    together,
)
from console.model.latency import Latencies, added
from console.model.saying import Saying
from console.model.summary import Gap
from console.safety.text import visible

_MOST_PAST: Final = 100_000

Found = TypeVar("Found")

_STRETCHES: Final = f"""
    SELECT {STRETCH} FROM stretch
     WHERE service = :service AND start_ms > :start - :day AND start_ms < :end AND end_ms > :start
    UNION ALL
    SELECT service, start_ms, recording.id, last_ms + every_ms, opened.sight, -1 FROM opened
      JOIN recording ON recording.id = opened.recording
     WHERE service = :service AND start_ms < :end AND last_ms + every_ms > :start"""
_HOURS: Final = (
    f"SELECT {HOUR} FROM hour WHERE service = ? AND hour >= ? AND hour < ? ORDER BY hour"
)


class _Unrolled:
    """What of the window is in samples alone, as it was at one moment."""

    def __init__(
        self, rolled: dict[int, int], hours: dict[int, list[tuple[int, int, Latencies]]]
    ) -> None:
        self.rolled = rolled
        """Recordings that went on, and up to which hour they were rolled up."""
        self.hours = hours
        """By service: hour, samples, latencies."""


class Reader:
    """A history as it is now. Safe from several threads, which take turns.

    Each question is some short ones, so that whoever records never waits for a whole report. A
    file that was set aside meanwhile is left for the one in its place.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = connection
        self._file = _file_id(path)
        self._turn = threading.Lock()
        self._wrong: tuple[set[Row], set[Row], set[Row]] = (set(), set(), set())
        """Stretches of whoever recorded, episodes and events that are left out."""

    def observed(
        self,
        start_ms: int,
        end_ms: int,
        services: Iterable[str] | None = None,
        latencies: bool = True,
    ) -> Iterator[Observed]:
        """Each service over `[start_ms, end_ms)`, by name, one after the other from the file.

        Those of which nothing is known in that time are left out. Stretches are cut at its ends;
        an hour belongs to it when it begins in it.

        Args:
            services: only these; `None`: all.
            latencies: without them `hours` is empty, in half the time.

        Raises:
            HistoryError: the file is damaged, locked, …
        """
        known = self._asked(_names)
        wanted = sorted(known) if services is None else sorted(set(services) & known.keys())
        unrolled = self._asked(lambda connection: _unrolled(connection, start_ms, end_ms))
        for name in wanted:
            wrong: set[Row] = set()
            stretches, rows = self._asked(
                partial(_of_service, known[name], start_ms, end_ms, wrong)
            )
            with as_kept(self.path):
                told = together([stretches])
                hours, samples = _summed(rows, unrolled, known[name], latencies)
            if told or samples or wrong:
                said = tuple(left_out(parts=len(wrong)))
                yield Observed(name, told, hours, samples, HISTORY, notices=said)

    def bouts(self, start: datetime, end: datetime) -> tuple[Bout, ...]:
        """Every episode that is known to have gone on at some time of `[start, end)`, by start.

        What several recorders told of one is one.
        """
        return self._asked(
            lambda connection: tuple(
                told_once(bouts_between(connection, start, end), self._wrong[1])
            )
        )

    def past(self, start: datetime, end: datetime, most: int = _MOST_PAST) -> tuple[Past, ...]:
        """The events of `[start, end)` in order; where there are more than `most`, the last."""
        return self._asked(
            lambda connection: tuple(past_between(connection, start, end, most, self._wrong[2]))
        )

    def recordings(self, start_ms: int, end_ms: int) -> tuple[Recording, ...]:
        """Those of which something is known in `[start_ms, end_ms)`, by their beginning."""
        return self._asked(lambda connection: _recordings(connection, start_ms, end_ms))

    def gaps(self, start_ms: int, end_ms: int) -> tuple[Gap, ...]:
        """When in `[start_ms, end_ms)` nobody recorded anything, and why, where that is known.

        The time since the last sample of a recording that goes on is none yet.
        """
        return self._asked(lambda connection: _gaps(connection, start_ms, end_ms, self._wrong[0]))

    @property
    def notices(self) -> tuple[Saying, ...]:
        """What `gaps`, `bouts` and `past` left out until now: it is not what was written.

        What `observed` leaves out stands in what that gives.
        """
        with self._turn:
            return tuple(left_out(*map(len, self._wrong)))

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """From when to when anything is known; `None`: nothing is."""
        return self._asked(_span)

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        with as_errors(self.path):
            return self.path.stat().st_size

    def close(self) -> None:
        """Let the file go. It may be called again."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _asked(self, question: Callable[[sqlite3.Connection], Found]) -> Found:
        with self._turn, as_kept(self.path):
            if self._connection is None:
                raise HistoryError("it is closed", expected="a reader", remedy="open another one")
            there = _file_id(self.path)
            if there != self._file:
                fresh = opened(self.path, "read")
                self._connection.close()
                self._connection, self._file = fresh, there
            return question(self._connection)


def open_reader(folder: Path) -> Reader | HistoryFault | None:
    """Whoever reads the history in `folder`; `None`: there is none yet.

    Returns:
        A fault: it is damaged, a newer version's, not readable, …
    """
    path = history_file(folder)
    try:
        if not path.exists():
            return None
        return Reader(path, opened(path, "read"))
    except HistoryError as error:
        return error.fault
    except OSError as error:
        return HistoryFault(
            f"{visible(str(path))}: {error.strerror}", "a file that can be read", "look at its mode"
        )


def _file_id(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _names(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT name, id FROM service WHERE id > 0").fetchall()
    return {text_of(name): number for name, number in rows}


def _of_service(
    service: int, start_ms: int, end_ms: int, wrong: set[Row], connection: sqlite3.Connection
) -> tuple[list[Stretch], list[Row]]:
    rows = connection.execute(_HOURS, (service, *hours_of(start_ms, end_ms))).fetchall()
    sound = [row for row in rows if is_sound_hour(row)]
    if len(sound) < len(rows):
        wrong.update(row for row in rows if not is_sound_hour(row))
    return _stretches(connection, service, start_ms, end_ms, wrong), sound


def _stretches(
    connection: sqlite3.Connection, service: int, start_ms: int, end_ms: int, wrong: set[Row]
) -> list[Stretch]:
    asked = {"service": service, "start": start_ms, "end": end_ms, "day": DAY_MS}
    found: list[Stretch] = []
    for row in connection.execute(_STRETCHES, asked).fetchall():
        if not is_sound_stretch(row):
            wrong.add(row)
            continue
        found.append(Stretch(max(row[1], start_ms), min(row[3], end_ms), Sight(row[4])))
    return found


def hours_of(start_ms: int, end_ms: int) -> tuple[int, int]:
    """The hours that begin in `[start_ms, end_ms)`: the first, and the one after the last."""
    return -(-start_ms // HOUR_MS), -(-end_ms // HOUR_MS)


def _unrolled(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> _Unrolled:
    first, after = hours_of(start_ms, end_ms)
    connection.execute("BEGIN")
    try:
        rolled = dict(
            connection.execute("SELECT id, rolled_ms FROM recording WHERE NOT is_over").fetchall()
        )
        rows = [
            row
            for recording, rolled_ms in rolled.items()
            for row in connection.execute(
                "SELECT service, at_ms, took_us FROM sample"
                " WHERE recording = ? AND at_ms >= ? AND at_ms < ?",
                (recording, max(rolled_ms, first * HOUR_MS), after * HOUR_MS),
            )
        ]
    finally:
        connection.execute("COMMIT")
    hours: dict[int, list[tuple[int, int, Latencies]]] = {}
    for service, hour, samples, counts in counted_hours(rows).rows():
        hours.setdefault(service, []).append((hour, samples, unpacked(packed(counts))))
    return _Unrolled(rolled, hours)


def _summed(
    rows: Iterable[Row],
    unrolled: _Unrolled,
    service: int,
    latencies: bool,
) -> tuple[tuple[tuple[int, Latencies], ...], int]:
    """The hours of one service in seconds since 1970 in order, and the samples behind them."""
    found: dict[int, Latencies] = {}
    total = 0
    for _, hour, recording, samples, counts, _ in rows:
        if recording in unrolled.rolled and hour * HOUR_MS >= unrolled.rolled[recording]:
            continue  # rolled up since, and counted from its samples
        total += samples
        if latencies and counts:
            one = unpacked(counts)
            found[hour] = added((found[hour], one)) if hour in found else one
    for hour, samples, one in unrolled.hours.get(service, ()):
        total += samples
        if latencies and one.counts:
            found[hour] = added((found[hour], one)) if hour in found else one
    return tuple((hour * 3600, found[hour]) for hour in sorted(found)), total


def _recordings(
    connection: sqlite3.Connection, start_ms: int, end_ms: int
) -> tuple[Recording, ...]:
    rows = connection.execute(
        "SELECT origin, by, began_ms, every_ms, ended_ms, why FROM recording"
        " WHERE began_ms < ? AND ended_ms + every_ms > ? ORDER BY began_ms, id",
        (end_ms, start_ms),
    ).fetchall()
    return tuple(recording_of(row) for row in rows)


def recording_of(row: tuple[Any, ...]) -> Recording:
    """Of its origin, by, began_ms, every_ms, ended_ms, why.

    Raises:
        ValueError: no recording of ours makes such a row.
    """
    origin, by, began_ms, every_ms, ended_ms, why = row
    return Recording(
        Origin(origin), shown_of(by), int(began_ms), int(every_ms), ended_ms, shown_of(why)
    )


def _gaps(
    connection: sqlite3.Connection, start_ms: int, end_ms: int, wrong: set[Row]
) -> tuple[Gap, ...]:
    alive = together([_stretches(connection, ALIVE, start_ms, end_ms, wrong)])
    edges = [start_ms, *(edge for one in alive for edge in (one.start_ms, one.end_ms)), end_ms]
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if start >= end or (end == end_ms and _goes_on(connection, start, end)):
            continue
        # A recording that ended for a reason did so about an interval before its gap.
        row = connection.execute(
            "SELECT why FROM recording WHERE ended_ms + every_ms = ? AND why != ''", (start,)
        ).fetchone()
        why = None if row is None else ending_of(shown_of(row[0]))
        found.append(Gap(moment_of(start * 1000), moment_of(end * 1000), why))
    return tuple(found)


def _goes_on(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> bool:
    row = connection.execute(
        "SELECT max(ended_ms + :hold * every_ms) FROM recording"
        " WHERE NOT is_over AND ended_ms + every_ms = :start",
        {"hold": HOLD, "start": start_ms},
    ).fetchone()
    return row[0] is not None and end_ms <= row[0]


def _span(connection: sqlite3.Connection) -> tuple[int, int] | None:
    asked = "SELECT min(start_ms), max(end_ms) FROM stretch WHERE service = ?"
    first, last = connection.execute(asked, (ALIVE,)).fetchone()
    row = connection.execute(
        "SELECT start_ms, last_ms + every_ms FROM opened"
        " JOIN recording ON recording.id = opened.recording WHERE service = ?",
        (ALIVE,),
    ).fetchone()
    if row is not None:
        first = row[0] if first is None else min(first, row[0])
        last = row[1] if last is None else max(last, row[1])
    if first is None:
        return None
    if not 0 <= first <= last <= MOST_AT_MS + LONGEST_MS:
        raise ValueError("moments that are none")
    return int(first), int(last)
