"""Who holds a history to write it, and whether anything is written."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Final

from console.history.database import history_file
from console.model.history import Origin
from console.model.remembering import Holder
from console.safety.files import (
    FileError,
    FileLock,
    LockHeldError,
    read_capped,
    write_atomic,
)
from console.safety.text import visible

LOCK: Final = "history.lock"
HOLDER: Final = "history.holder"
"""Three lines: who it is, the number of the process, and since when in UTC."""
SOMEBODY: Final = Holder("another process")
_HOLDER_BYTES: Final = 4096
_CELLS: Final = 200


def keep_holder(folder: Path, by: str, origin: Origin, since: datetime) -> None:
    """Write down who holds the lock now.

    Raises:
        FileError: it cannot be written.
    """
    text = f"{by} ({origin})\n{os.getpid()}\n{since.isoformat()}\n"
    write_atomic(folder / HOLDER, text.encode(errors="replace"))


def kept_holder(folder: Path) -> Holder:
    """Who wrote that down last: whoever holds the lock, where anybody does."""
    try:
        text = read_capped(folder / HOLDER, _HOLDER_BYTES).decode(errors="replace")
    except FileError:
        return SOMEBODY
    by, process, since, *_ = [*text.split("\n"), "", ""]
    moment = None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(since)
    return Holder(
        visible(by, cells=_CELLS) or SOMEBODY.by,
        int(process) if process.isascii() and process.isdigit() else None,
        moment if moment is not None and moment.tzinfo is not None else None,
    )


def holder_of(folder: Path) -> Holder | None:
    """Who records into the history in `folder` now; `None`: nobody."""
    if not (folder / LOCK).exists():
        return None
    try:
        with FileLock(folder / LOCK):
            return None
    except LockHeldError:
        return kept_holder(folder)
    except FileError:
        return None


def written_ns(folder: Path) -> int | None:
    """When the history in `folder` was written last, in ns since 1970; `None`: there is none."""
    try:
        return history_file(folder).stat().st_mtime_ns
    except OSError:
        return None
