"""Who records where several could: one process at a time, and `oncall record` before consoles.

The writer of the file holds its lock. `oncall record` holds a lock of its own as well, for as
long as it lives; a console that finds it taken gives the file up, and asks for it no more until
the recorder has ended. The kernel lets both go with their holder, so that neither is ever stale.
"""

from __future__ import annotations

import getpass
import socket
from pathlib import Path
from typing import Final

from console.safety.files import FileError, FileLock, LockHeldError
from console.safety.text import Raw, visible

RECORDER: Final = "recorder.lock"
_NAME_CELLS: Final = 60


def claim_of(folder: Path, wait_s: float = 1.0) -> FileLock:
    """The lock that says that `oncall record` is there; not yet taken.

    Args:
        wait_s: for a console that looks whether it is taken, and so holds it for a moment.
    """
    return FileLock(folder / RECORDER, wait_s=wait_s)


def has_recorder(folder: Path) -> bool:
    """Whether an `oncall record` lives that records into `folder`."""
    if not (folder / RECORDER).exists():
        return False
    lock = claim_of(folder, wait_s=0.0)
    try:
        lock.acquire()
    except LockHeldError:
        return True
    except FileError:
        return False
    lock.release()
    return False


def recorder_name() -> str:
    """Who records: `kai@laptop-1`; safe to show."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):  # a service's user may have no name
        login = "somebody"
    return visible(Raw(f"{login}@{socket.gethostname()}"), cells=_NAME_CELLS)
