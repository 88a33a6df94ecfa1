"""What goes wrong with the history file, in sentences that say what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from console.safety.files import FileError
from console.safety.text import visible

_SAID_CELLS: Final = 400


class HistoryFault(msgspec.Struct, frozen=True):
    """Something was not done. All its texts are safe to show."""

    problem: str
    """What came: `/home/kai/…/history.db is damaged: file is not a database`."""
    expected: str
    remedy: str
    """What to do about it."""
    is_held: bool = False
    """Another process records already: nothing is wrong."""
    is_busy: bool = False
    """Another process writes a lot just now, as an import does: it passes."""

    def __str__(self) -> str:
        return f"{self.problem} (expected {self.expected}; {self.remedy})"


class HistoryError(Exception):
    """Something was not done, and nothing of it was kept."""

    def __init__(
        self,
        problem: str,
        *,
        expected: str,
        remedy: str,
        is_held: bool = False,
        is_busy: bool = False,
    ) -> None:
        self.fault = HistoryFault(problem, expected, remedy, is_held, is_busy)
        super().__init__(str(self.fault))

    @property
    def is_damage(self) -> bool:
        """The file is not what was written to it."""
        return isinstance(self, DamagedError)


class DamagedError(HistoryError):
    """The file is not what was written to it."""


class UnreadableError(ValueError):
    """A row in the file is none that was written."""


def damaged(path: Path, how: str) -> DamagedError:
    """What is said of a file whose content cannot be right; `how` may come from outside."""
    return DamagedError(
        f"{visible(str(path))} is damaged: {visible(how, cells=_SAID_CELLS)}",
        expected="a history as it was written",
        remedy="whoever records next sets it aside under another name and begins a new one",
    )


@contextlib.contextmanager
def as_errors(path: Path) -> Iterator[None]:
    """Whatever SQLite and the disk complain of in the block, as a `HistoryError`."""
    try:
        yield
    except FileError as error:
        raise of_file(error) from error
    except UnreadableError as error:
        raise damaged(path, str(error)) from error
    except UnicodeDecodeError as error:  # SQLite's complaint cites what is damaged
        raise damaged(path, "it has text that is none") from error
    except sqlite3.Error as error:
        raise of_sqlite(path, error) from error
    except OSError as error:
        raise HistoryError(
            f"{visible(str(path))}: {error.strerror or type(error).__name__}",
            expected="a file that can be read and written",
            remedy="look at the disk and at the file's mode",
        ) from error


@contextlib.contextmanager
def as_kept(path: Path) -> Iterator[None]:
    """As `as_errors`; values in the file that cannot be right are damage as well."""
    try:
        with as_errors(path):
            yield
    except (ValueError, TypeError, OverflowError, LookupError) as error:
        raise damaged(path, f"a value in it cannot be right ({type(error).__name__})") from error


def of_file(error: FileError) -> HistoryError:
    """What is said where a file or folder is not as it must be."""
    return HistoryError(
        visible(f"{error.path}: {error.problem}"),
        expected=visible(error.expected),
        remedy="put it right, or name another folder in `history: folder:`",
    )


def of_sqlite(path: Path, error: sqlite3.Error) -> HistoryError:
    """What is said of an error of SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    said = visible(str(error), cells=_SAID_CELLS)
    if code is None and "decode" in said:  # text that is no UTF-8
        return damaged(path, str(error))
    primary = None if code is None else code & 0xFF
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT):
        return damaged(path, str(error))
    problem, expected, remedy = _SAID.get(code or 0) or _SAID.get(
        primary or 0, (f"could not be used: {said}", "a history", "run `oncall history check`")
    )
    return HistoryError(
        f"{visible(str(path))} {problem}",
        expected=expected,
        remedy=remedy,
        is_busy=primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
    )


_DISK: Final = "a disk that can be read and written"
_SAID: Final = {
    sqlite3.SQLITE_FULL: (
        "was not written: the disk is full",
        "room for a few more megabytes",
        "make room; recording goes on by itself",
    ),
    sqlite3.SQLITE_IOERR: (
        "was not read or written: the disk refused it, by a quota, a limit or a fault of its own",
        _DISK,
        "look at the quota and at the kernel's log; recording goes on by itself",
    ),
    sqlite3.SQLITE_READONLY: (
        "was not written: it is read-only",
        _DISK,
        "look at its mode and at how its disk is mounted",
    ),
    sqlite3.SQLITE_READONLY_DBMOVED: (
        "was moved or removed while it was open",
        "it to stay where it is",
        "nothing, if that was meant: whoever records begins a new one",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "could not be opened",
        "a file of this user's own in a folder that can be written to",
        "look at the folder and its disk",
    ),
    sqlite3.SQLITE_PERM: (
        "could not be opened",
        "a file of this user's own",
        "look at the modes of the file and its folder",
    ),
    sqlite3.SQLITE_BUSY: (
        "was kept locked by another process",
        "it to be free within some seconds",
        "try again; see who has it open if that goes on",
    ),
    sqlite3.SQLITE_LOCKED: (
        "was kept locked by another process",
        "it to be free within some seconds",
        "try again; see who has it open if that goes on",
    ),
}
