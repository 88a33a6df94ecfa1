"""What goes wrong with files, as one exception that names the path and what was expected."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path


class FileError(Exception):
    """A file or folder is not as it must be; the text says what was expected."""

    def __init__(self, path: Path, problem: str, *, expected: str) -> None:
        super().__init__(f"{str(path)!r}: {problem} (expected {expected})")
        self.path = path
        self.problem = problem
        self.expected = expected


class LockHeldError(FileError):
    """Somebody else holds the lock."""


@contextlib.contextmanager
def as_fault(path: Path, expected: str) -> Iterator[None]:
    """Every `OSError` and `ValueError` of the block as a `FileError` about `path`."""
    try:
        yield
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            cause = "is a symbolic link"
        raise FileError(path, cause, expected=expected) from error


def require_plain(file: int, path: Path) -> os.stat_result:
    """What `file` is, unless it is anything but a plain file."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, socket or device"
        raise FileError(path, f"is {kind}", expected="a plain file")
    return found
