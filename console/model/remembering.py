"""How the memory of the seven days stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

THIS_CONSOLE: Final = "this console"
SILENT: Final = timedelta(seconds=60)
"""So long whoever ought to record may write nothing, as at its start, before that is said."""
MISSED: Final = 3
"""Intervals without a write after which it is said of whoever holds the file."""


class Holder(msgspec.Struct, frozen=True):
    """Who holds the history file to write it. Texts are safe to show."""

    by: str
    """`mei@ops-1 (recorder)`."""
    process: int | None = None
    """Its number on the machine that the file is on."""
    since: datetime | None = None


class Remembering(msgspec.Struct, frozen=True):
    """Who records, and where. Texts are safe to show."""

    path: str = ""
    """Of the file; empty: nothing is remembered."""
    writer: str = ""
    """Who records now: `THIS_CONSOLE`, `mei@ops-1 (recorder)`; empty: nobody."""
    fault: str = ""
    """Why nothing is recorded, or read; empty: nothing is wrong."""
    size_bytes: int = 0
    holder: Holder | None = None
    """The writer, where that is somebody else."""


def silent_after(every: timedelta) -> timedelta:
    """Without a write for so long, whoever holds the file does not record: it is stopped."""
    return max(SILENT, MISSED * every)


def said_of_silent(holder: Holder) -> str:
    """That it holds the file and writes nothing, and what to do."""
    said = f"{holder.by} holds the file and writes nothing"
    if holder.process is None:
        return f"{said}: end it, or wake it"
    return f"{said}: end process {holder.process}, or wake it with `kill -CONT {holder.process}`"
