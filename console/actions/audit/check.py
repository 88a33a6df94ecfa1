"""Reading the audit back, and whether its chain still holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from console.actions.audit.record import (
    AUDIT,
    BEGINNING,
    LOCK,
    OLDER,
    Record,
    hash_of,
    lines_in,
    link_in,
    may_be_torn,
    record_in,
)
from console.safety.files import FileError, FileLock, read_capped

LOCK_WAIT_S: Final = 2.0
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one file; they are rotated at a quarter of that."""


class Place(msgspec.Struct, frozen=True):
    """One line of one file."""

    file: str
    line: int
    """From 1."""


class Break(msgspec.Struct, frozen=True):
    """Where the chain ends to hold. Safe to show."""

    at: Place
    came: str
    expected: str


class Checked(msgspec.Struct, frozen=True):
    """What a walk along the chain found."""

    records: int = 0
    """Up to the break, where there is one."""
    files: int = 0
    head: str = BEGINNING
    """Hash of the last line that holds."""
    torn: tuple[Place, ...] = ()
    """Lines that a kill or a power cut left unfinished. What they were about never started, or
    its end went unrecorded; they are chained like all others."""
    broken: Break | None = None
    """The first."""


class Line(msgspec.Struct, frozen=True):
    """One line as it stands in its file, without the line break."""

    place: Place
    content: bytes


def lines_of(folder: Path) -> Iterator[Line]:
    """Every line of the audit in `folder`, the oldest first.

    Raises:
        FileError: a file cannot be read, or is no plain file.
    """
    # Under the lock nobody rotates, and no record is half there. An older file never changes.
    with contextlib.ExitStack() as held:
        with contextlib.suppress(FileError):  # of a folder that may only be read
            held.enter_context(FileLock(folder / LOCK, wait_s=LOCK_WAIT_S))
        older = list(folder.glob(OLDER))
        newest = folder / AUDIT
        content = _content(newest) if newest.exists() or newest.is_symlink() else b""
    for path in sorted(older, key=lambda path: (_first_seq(path), path.name)):
        yield from _lines_of(path, _content(path))
    yield from _lines_of(newest, content)


def check(folder: Path) -> Checked:
    """Walk the chain over all files, up to the first line that does not hold.

    Raises:
        FileError: a file cannot be read, or is no plain file.
    """
    records, expected_seq, head = 0, 1, BEGINNING
    files: dict[str, None] = {}
    torn: list[Place] = []
    broken: Break | None = None
    for line in lines_of(folder):
        broken = _break_at(line, head, expected_seq)
        if broken is not None:
            break
        files[line.place.file] = None
        if link_in(line.content) is None:
            torn.append(line.place)
        else:
            records += 1
        head = hash_of(line.content)
        expected_seq += 1
    return Checked(records, len(files), head, tuple(torn), broken)


def _break_at(line: Line, head: str, expected_seq: int) -> Break | None:
    link = link_in(line.content)
    if link is None:
        if may_be_torn(line.content, head):
            return None
        return Break(line.place, "is no record", f"record {expected_seq} after {_short(head)}")
    if link.seq != expected_seq:
        return Break(line.place, f"is record {link.seq}", f"record {expected_seq}")
    if link.prev != head:
        came = f"record {link.seq} follows {_short(link.prev)}"
        return Break(line.place, came, f"{_short(head)}, the hash of the line before it")
    return None


def records_of(folder: Path) -> tuple[tuple[Record, ...], int]:
    """Every record that can be read, the oldest first, and how many lines cannot.

    Raises:
        FileError: a file cannot be read, or is no plain file.
    """
    found: list[Record] = []
    unreadable = 0
    for line in lines_of(folder):
        record = record_in(line.content)
        if record is None:
            unreadable += 1
        else:
            found.append(record)
    return tuple(found), unreadable


def _lines_of(path: Path, content: bytes) -> Iterator[Line]:
    if content:
        for number, line in enumerate(lines_in(content), 1):
            yield Line(Place(path.name, number), line)


def _content(path: Path) -> bytes:
    return read_capped(path, MOST_BYTES, follow=False)


def _first_seq(path: Path) -> int:
    for number, line in enumerate(lines_in(_content(path))):
        link = link_in(line)
        if link is not None:
            return link.seq - number
    return 0


def _short(hash_: str) -> str:
    return "the beginning" if hash_ == BEGINNING else f"{hash_[:12]}…"
