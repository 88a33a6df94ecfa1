"""Whoever records: one process at a time, and every write on disk when it returns."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from console.history.database import (
    history_file,
    made,
    opened,
    require_sound,
    set_aside,
    transaction,
)
from console.history.episodes import keep_bouts, keep_past
from console.history.fault import (
    DamagedError,
    HistoryError,
    HistoryFault,
    as_errors,
    as_kept,
    of_file,
)
from console.history.holder import LOCK, keep_holder, kept_holder
from console.history.keeping import (
    Course,
    Names,
    backwards,
    begin_course,
    checked,
    close_courses,
)
from console.history.rollup import DROPPED, drop_kept, drop_samples, likely_now
from console.model.history import Bout, Origin, Past, Recording, Sample
from console.safety.clock import Clock, SystemClock
from console.safety.files import FileError, FileLock, LockHeldError
from console.safety.text import visible

_ASK_S: Final = 0.2
"""Somebody who asks who records holds the lock for an instant."""
_FREE_PAGES: Final = 2560
"""Pages without content beyond which some are given back: 10 MB."""

Done = TypeVar("Done")


class Writer:
    """The one who records into a history. Its methods may be called from any thread, one at a
    time; each blocks for some milliseconds of disk.

    A file that turns out to be damaged is set aside, said in `notices`, and a new one goes on.
    """

    def __init__(self, path: Path, origin: Origin, by: str, lock: FileLock, clock: Clock) -> None:
        self.path = path
        self.origin = origin
        self.by = by
        self.notices: tuple[str, ...] = ()
        """What its owner has to be told, safe to show: a damaged file was set aside."""
        self._lock = lock
        self._clock = clock
        self._turn = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._names = Names()
        self._recording: Recording | None = None
        self._course: Course | None = None
        """`None`: the recording has no sample yet."""

    def begin(self, began_ms: int, every_ms: int) -> None:
        """Begin a recording; one that goes on, by whomever it was, is over.

        It is in the file from its first sample on.

        Raises:
            HistoryError: the end of the former one could not be written.
        """
        if every_ms <= 0:
            raise ValueError("a recording has an interval")
        self._closing("")
        with self._turn:
            self._recording = Recording(self.origin, self.by, began_ms, every_ms)

    def write(
        self, samples: Sequence[Sample], bouts: Sequence[Bout] = (), past: Sequence[Past] = ()
    ) -> None:
        """Keep all of it, on disk when this returns, or nothing.

        Samples need not be in order among themselves. None may be of before the last one of the
        recording, nor of the same moment as the last one of its service.

        Raises:
            HistoryError: nothing was kept; what is told may be written again.
        """
        rows = sorted(map(checked, samples), key=lambda sample: sample.at_ms)

        def keep(connection: sqlite3.Connection) -> None:
            course = self._course
            with transaction(connection, self.path):
                if rows:
                    recording = self._recording
                    if recording is None:
                        raise HistoryError(
                            "no recording has begun",
                            expected="one before its first sample",
                            remedy="begin one",
                        )
                    if course is None:
                        course = begin_course(connection, recording, rows[0].at_ms)
                    if rows[0].at_ms < course.last_ms:
                        raise backwards(rows[0].at_ms, course.last_ms)
                    ids = [self._names.id_of(connection, row.service) for row in rows]
                    course = course.with_samples(
                        connection, [(one, *row[1:]) for one, row in zip(ids, rows, strict=True)]
                    )
                keep_bouts(connection, bouts)
                keep_past(connection, past)
            self._course = course

        if rows or bouts or past:
            self._done(keep)

    def end(self, why: str = "") -> None:
        """End the recording; `why` is safe to show, empty where nothing is wrong.

        Raises:
            HistoryError: it is not on disk; the next `begin` ends it.
        """
        self._closing(why)
        with self._turn:
            self._recording = None

    def tidy(self, now_ms: int, keep_samples_ms: int, keep_ms: int) -> None:
        """Drop samples and all the rest that are older than that, a bite after the other.

        Samples go only when they are in stretches and hours. Once an hour is enough. A clock that
        is far ahead of what was recorded drops nothing (`likely_now`).

        Raises:
            HistoryError: not all of it was dropped.
        """
        now_ms = self._done(lambda connection: likely_now(connection, now_ms))
        before_ms = now_ms - max(keep_ms, keep_samples_ms)

        def drop(connection: sqlite3.Connection) -> int:
            with transaction(connection, self.path):
                return drop_samples(connection, now_ms - keep_samples_ms)

        def rest(connection: sqlite3.Connection) -> None:
            with transaction(connection, self.path):
                if drop_kept(connection, before_ms):
                    self._names.forget()
            free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
            if free > _FREE_PAGES:
                # Stepped to its end: each step gives one page back.
                connection.execute(f"PRAGMA incremental_vacuum({_FREE_PAGES})").fetchall()

        while self._done(drop) >= DROPPED:
            pass
        self._done(rest)

    def close(self) -> None:
        """End the recording and let the file and the lock go. It may be called again."""
        with self._turn:
            if self._connection is not None:
                with contextlib.suppress(HistoryError):
                    self._closing("")  # else the next to begin does it
                self._connection.close()
                self._connection = None
            self._recording = None
            self._lock.release()

    def _closing(self, why: str) -> None:
        def close(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM recording WHERE NOT is_over").fetchone():
                with transaction(connection, self.path), as_kept(self.path):
                    close_courses(connection, why)
            self._course = None

        self._done(close)

    def _done(self, work: Callable[[sqlite3.Connection], Done]) -> Done:
        """What `work` gives; a damaged file is set aside, and it is tried on a new one."""
        with self._turn:
            try:
                return self._tried(work)
            except DamagedError as error:
                self._renew(error)
                return self._tried(work)

    def _tried(self, work: Callable[[sqlite3.Connection], Done]) -> Done:
        if self._connection is None:
            raise HistoryError("it is closed", expected="a writer", remedy="open another one")
        try:
            with as_errors(self.path):
                done = work(self._connection)
        except BaseException:
            self._names.unsettle()
            raise
        self._names.settle()
        return done

    def _open(self) -> None:
        """Open the file, made where there is none; a damaged one is set aside.

        Raises:
            HistoryError: it cannot be opened, or is not to be touched.
        """
        try:
            self._connection = _sound(self.path)
        except DamagedError as error:
            self._renew(error)

    def _renew(self, error: DamagedError) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        name = set_aside(self.path, self._clock.now().wall)
        self.notices += (f"{error.fault.problem}; it was set aside as {visible(name)}",)
        self._names.forget()
        self._course = None
        self._connection = _sound(self.path)


def open_writer(
    folder: Path, origin: Origin, by: str, *, clock: Clock | None = None
) -> Writer | HistoryFault:
    """Whoever records into the history in `folder`, a state folder; made where there is none.

    Every page of the file is looked at first. Blocks, as all of it.

    Args:
        by: who records, safe to show: `kai@laptop-1`.

    Returns:
        A fault: another process records (`is_held`), the file is a newer version's, the disk is
        full, …
    """
    path = history_file(folder)
    try:
        made(folder)
    except HistoryError as error:
        return error.fault
    lock = FileLock(folder / LOCK, wait_s=_ASK_S)
    try:
        lock.acquire()
    except LockHeldError:
        return HistoryFault(
            f"{kept_holder(folder).by} records already",
            "nobody else to record",
            "nothing: what it records is read here too",
            is_held=True,
        )
    except FileError as error:
        return of_file(error).fault
    writer = Writer(path, origin, by, lock, clock or SystemClock())
    try:
        with as_errors(path):
            keep_holder(folder, by, origin, writer._clock.now().wall)
        writer._open()
    except HistoryError as error:
        lock.release()
        return error.fault
    return writer


def _sound(path: Path) -> sqlite3.Connection:
    made(path.parent)
    connection = opened(path, "write")
    try:
        require_sound(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection
