"""The file itself: made, opened, found damaged, set aside. The only place that asks for SQLite.

Its journal is a rollback journal: the write-ahead log can be corrupted by two connections up to
SQLite 3.51.2, and must not stand on a network file system. `synchronous` is EXTRA, which is FULL
and a sync of the folder after each commit: without that sync a power loss may bring the journal
back, and with it the state before a write that was acknowledged.

Nobody here opens the file but SQLite: closing any other descriptor of it would let go the locks
that SQLite holds on it in this process.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from console.history.fault import (
    HistoryError,
    as_errors,
    damaged,
)
from console.history.holding import DAY_MS, HOUR_MS, MOST_AT_MS
from console.history.schema import (
    APPLICATION,
    VERSION,
    brought_up,
    made_new,
    shape_of,
    shape_wanted,
    version_of,
)
from console.safety.files import (
    FileError,
    make_scratch_dir,
    private_dir,
    read_capped,
    remove_scratch_dir,
    rename_beside,
    write_atomic,
)
from console.safety.text import visible

NAME: Final = "history.db"
BUSY_S: Final = 5.0
"""How long one waits for another who has the file locked: writes take milliseconds, a report
reads one service at a time."""
LONGEST_MS: Final = 3660 * DAY_MS
"""An interval of more than ten years is none."""
_NEW_BYTES: Final = 1 << 20
"""More than a file without content has."""

Purpose = Literal["read", "write"]


def history_file(folder: Path) -> Path:
    """Where the history of the state folder `folder` is."""
    return folder / NAME


def made(folder: Path) -> Path:
    """The file in `folder`, made with its tables where there is none; private to this user.

    It comes into being whole, so that an empty file is a damaged one.

    Raises:
        HistoryError: the folder is not this user's own, the disk is full, …
    """
    path = history_file(folder)
    with as_errors(path):
        private_dir(folder)
        if path.is_symlink():
            raise HistoryError(
                f"{visible(str(path))} is a symbolic link",
                expected="a plain file",
                remedy="name the folder where it is in `history: folder:`",
            )
        if path.exists():
            return path
        scratch = make_scratch_dir("oncall-history-")
        try:
            connection = sqlite3.connect(scratch / NAME, isolation_level=None)
            try:
                made_new(connection)
            finally:
                connection.close()
            content = read_capped(scratch / NAME, _NEW_BYTES)
        finally:
            remove_scratch_dir(scratch)
        try:
            write_atomic(path, content, replace=False)
        except FileError:
            if not path.exists():  # else another one made it meanwhile
                raise
    return path


def connected(path: Path, purpose: Purpose, *, cache_kib: int = 4096) -> sqlite3.Connection:
    """A connection to a file that is there; nothing of it has been looked at.

    One that only reads opens the file for writing as well, and may write nothing: a journal that
    a killed writer left has to be rolled back before anybody can read, which a connection that
    was opened read-only cannot do. Where the file cannot be written SQLite opens it for reading.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = sqlite3.connect(
        f"file:{quote(bytes(path.absolute()))}?mode=rw",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for pragma in (f"cache_size = -{cache_kib}", "cell_size_check = ON", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        if purpose == "read":
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = EXTRA")
    except BaseException:
        connection.close()
        raise
    return connection


def opened(path: Path, purpose: Purpose, *, cache_kib: int = 4096) -> sqlite3.Connection:
    """A connection to a history of this version; a writer's brings an older one up to it.

    Raises:
        DamagedError: it is no database, or not the one that was written.
        HistoryError: it is a newer version's, somebody else's, locked, …
    """
    with as_errors(path):
        if path.exists() and not path.is_file():
            # Of a pipe SQLite says that the disk refused it.
            raise HistoryError(
                f"{visible(str(path))} is no file, and is left alone",
                expected="a plain file",
                remedy="move it away; whoever records next makes a new one",
            )
        connection = connected(path, purpose, cache_kib=cache_kib)
        try:
            _require_ours(connection, path)
            _require_version(connection, path, purpose)
            if shape_of(connection) != shape_wanted():
                raise damaged(path, "its tables are not those that were made")
            _require_likely(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if application == APPLICATION:
        return
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise damaged(path, "it is empty")
    raise HistoryError(
        f"{visible(str(path))} is a database of another program, and is left alone",
        expected="a history that oncall made",
        remedy="move it away, or name another folder in `history: folder:`",
    )


def _require_version(connection: sqlite3.Connection, path: Path, purpose: Purpose) -> None:
    version = version_of(connection)
    if version > VERSION:
        raise HistoryError(
            f"{visible(str(path))} has version {version}, and is left alone",
            expected=f"version {VERSION} at most",
            remedy="a newer oncall wrote it: use that one",
        )
    if version == VERSION:
        return
    if purpose == "write":
        brought_up(connection)
        return
    raise HistoryError(
        f"{visible(str(path))} has the older version {version}",
        expected=f"version {VERSION}",
        remedy="`oncall history compact` brings it up to date, and so does whoever records next",
    )


def _require_likely(connection: sqlite3.Connection, path: Path) -> None:
    """Of what is reckoned with, nothing may be so large that reckoning would not end.

    Two small tables: a row a recording and a row a service.
    """
    for table, wrong in (
        (
            "recording",
            "every_ms NOT BETWEEN 1 AND :longest OR began_ms NOT BETWEEN 0 AND :most"
            " OR ended_ms NOT BETWEEN 0 AND :most OR rolled_ms NOT BETWEEN 0 AND :most + :hour",
        ),
        (
            "opened",
            "start_ms NOT BETWEEN 0 AND :most OR last_ms NOT BETWEEN start_ms AND start_ms + :day",
        ),
    ):
        asked = {"longest": LONGEST_MS, "most": MOST_AT_MS, "hour": HOUR_MS, "day": DAY_MS}
        if connection.execute(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1", asked).fetchone():
            raise damaged(path, "a moment or an interval in it cannot be right")


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Look at every page: 90 ms for a week of 62 services.

    Raises:
        DamagedError: one is not as it must be.
    """
    with as_errors(path):
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if said != ["ok"]:
        raise damaged(path, "; ".join(said))


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of the block, or nothing; on disk when it is left.

    Raises:
        HistoryError: nothing was kept.
    """
    with as_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise


def set_aside(path: Path, now: datetime) -> str:
    """Call a damaged file, and the journal beside it, by another name; returns that name.

    Whoever has it open goes on with it. The journal keeps its place beside it: SQLite would roll
    it back into whatever stands under the old name.

    Raises:
        HistoryError: it cannot be renamed.
    """
    stamp = f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    name, number = stamp, 1
    while path.with_name(name).exists() or path.with_name(f"{name}-journal").exists():
        number += 1
        name = f"{stamp}-{number}"
    journal = path.with_name(f"{path.name}-journal")
    with as_errors(path):
        rename_beside(path, name)
        if journal.exists():
            rename_beside(journal, f"{name}-journal")
    return name
