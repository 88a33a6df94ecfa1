"""The tables, and how a file of an earlier version is brought up to them.

Times are whole milliseconds since 1970 (`_ms`), those of bouts and past events microseconds
(`_us`), hours are counted since 1970. A service's id 0 stands for the recording itself: its
stretches tell when anything was recorded at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

APPLICATION: Final = 0x6F6E636C
"""In the file's header: it is a history of ours ("oncl")."""

ALIVE: Final = 0
"""The id under which it is kept when anything was recorded."""

# `sample` is kept in the order of time, so that a minute's writing touches its last page only
# (by service it touched a page a service: 62 against 2), and retention cuts off its beginning.
# What a report reads, `stretch` and `hour`, is kept by service. The stretches that still grow
# stand apart in `opened`, one page for all of them.
#
# Each row of what outlives the samples has a checksum: SQLite has none for its pages.
#
# No stretch reaches over a UTC midnight, so that those of a time are found by their start.
STEPS: Final[Sequence[Sequence[str]]] = (
    (
        "CREATE TABLE service (id INTEGER PRIMARY KEY, name NOT NULL UNIQUE)",
        f"INSERT INTO service VALUES ({ALIVE}, '')",
        """CREATE TABLE recording (
            id INTEGER PRIMARY KEY, origin TEXT NOT NULL, by NOT NULL, began_ms INTEGER NOT NULL,
            every_ms INTEGER NOT NULL, ended_ms INTEGER, why NOT NULL, is_over INTEGER NOT NULL,
            rolled_ms INTEGER NOT NULL, crc INTEGER NOT NULL,
            UNIQUE (origin, by, began_ms))""",
        """CREATE TABLE sample (
            recording INTEGER NOT NULL REFERENCES recording, at_ms INTEGER NOT NULL,
            service INTEGER NOT NULL REFERENCES service, sight INTEGER NOT NULL,
            took_us INTEGER, PRIMARY KEY (recording, at_ms, service)) WITHOUT ROWID""",
        """CREATE TABLE opened (
            service INTEGER PRIMARY KEY REFERENCES service,
            recording INTEGER NOT NULL REFERENCES recording, start_ms INTEGER NOT NULL,
            last_ms INTEGER NOT NULL, sight INTEGER NOT NULL)""",
        """CREATE TABLE stretch (
            service INTEGER NOT NULL REFERENCES service, start_ms INTEGER NOT NULL,
            recording INTEGER NOT NULL REFERENCES recording, end_ms INTEGER NOT NULL,
            sight INTEGER NOT NULL, crc INTEGER NOT NULL,
            PRIMARY KEY (service, start_ms, recording)) WITHOUT ROWID""",
        """CREATE TABLE hour (
            service INTEGER NOT NULL REFERENCES service, hour INTEGER NOT NULL,
            recording INTEGER NOT NULL REFERENCES recording, samples INTEGER NOT NULL,
            counts BLOB NOT NULL, crc INTEGER NOT NULL,
            PRIMARY KEY (service, hour, recording)) WITHOUT ROWID""",
        """CREATE TABLE bout (
            key NOT NULL, start_us INTEGER NOT NULL, told_by NOT NULL, alert NOT NULL,
            place NOT NULL, service NOT NULL, priority INTEGER NOT NULL, acked_us INTEGER,
            acked_by NOT NULL, silenced_us INTEGER, resolved_us INTEGER, seen_us INTEGER,
            respond_us INTEGER, resolve_us INTEGER, source NOT NULL, fingerprint NOT NULL,
            over_us INTEGER NOT NULL, crc INTEGER NOT NULL,
            PRIMARY KEY (key, start_us, told_by)) WITHOUT ROWID""",
        "CREATE INDEX bout_over ON bout (over_us)",
        """CREATE TABLE past (
            at_us INTEGER NOT NULL, kind NOT NULL, subject NOT NULL, text NOT NULL, who NOT NULL,
            key NOT NULL, crc INTEGER NOT NULL,
            PRIMARY KEY (at_us, kind, subject, text, who, key)) WITHOUT ROWID""",
    ),
)
"""What leads from one `user_version` to the next: the first from none to 1."""

VERSION: Final = len(STEPS)


def version_of(connection: sqlite3.Connection) -> int:
    """The file's `user_version`."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def brought_up(connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS) -> int:
    """Lead the file through the steps that it lacks, each whole or not at all.

    Returns:
        The version that it had.
    """
    had = version_of(connection)
    for number, step in enumerate(steps, 1):
        if number <= had:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version_of(connection) < number:  # else somebody else did it meanwhile
                for statement in step:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return had


def made_new(connection: sqlite3.Connection) -> None:
    """Make all of it in an empty file."""
    # Before the first table; what retention frees can be given back a few pages at a time.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    brought_up(connection)


def shape_of(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Its tables and indices as they were written down."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(str(name), str(sql)) for name, sql in rows}


def shape_wanted() -> set[tuple[str, str]]:
    """What `shape_of` gives of a file of this version."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        made_new(connection)
        return shape_of(connection)
    finally:
        connection.close()
