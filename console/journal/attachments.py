"""Copies of files beside a document: screenshots, logs, what was exported."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from console.journal.bench import Bench
from console.journal.change import Commit, Conflict, Write
from console.journal.disk import Disk
from console.journal.errors import JournalFault
from console.journal.ids import slug
from console.journal.places import attachments_folder
from console.safety.files import FileError, read_capped
from console.safety.text import visible

MAX_BYTES: Final = 25 * 1024 * 1024
"""Of one file: what is larger has no place in a git repository."""
MAX_ALL_BYTES: Final = 100 * 1024 * 1024
"""Of all files of one commit."""
_ENDING: Final = re.compile(r"\.([A-Za-z0-9]{1,10})")
_SHOWN_CELLS: Final = 300
_TRIES: Final = 5


class Attached(msgspec.Struct, frozen=True):
    """One file beside a document."""

    path: str
    """In the journal."""
    size_bytes: int


class Unattached(msgspec.Struct, frozen=True):
    """Nothing was copied."""

    problems: tuple[str, ...]
    """What is wrong with which file, safe to show."""


async def attach(
    bench: Bench, document_id: str, files: Sequence[str]
) -> Commit | JournalFault | Unattached:
    """Copy `files` of this machine beside the document of that id: all in one commit, or none.

    Their names become plain (`a-z`, `0-9`, `-`, and the ending); a name that another content
    has already gets a number. Links are not followed; only plain files are copied.
    """
    journal = bench.journal
    if not await journal.find(document_id):
        return Unattached((f"{visible(document_id, cells=40)}: there is no such document",))
    contents, problems = await asyncio.to_thread(_contents, files)
    if problems or not contents:
        return Unattached(problems or ("no file was named",))
    folder = attachments_folder(document_id)
    for _ in range(_TRIES):
        try:
            writes = await asyncio.to_thread(_writes, journal.disk, folder, contents)
        except FileError as error:
            return Unattached((_said(error),))
        names = ", ".join(write.path.rpartition("/")[2] for write in writes)
        told = await journal.commit(writes, f"{document_id} attach {names}")
        if not isinstance(told, Conflict):
            return told
    return Unattached((f"{folder}: other consoles write there all the time; try again",))


async def attachments_of(bench: Bench, document_id: str) -> tuple[Attached, ...]:
    """What is archived beside the document of that id, in order of its path.

    Raises:
        ValueError: `document_id` is no id.
    """
    folder = attachments_folder(document_id)
    return await asyncio.to_thread(_attached, bench.journal.disk, folder)


def _contents(files: Sequence[str]) -> tuple[list[tuple[str, bytes]], tuple[str, ...]]:
    """Plain names with the files' bytes, and what is wrong with those that have none."""
    contents: list[tuple[str, bytes]] = []
    problems: list[str] = []
    room = MAX_ALL_BYTES
    for file in files:
        try:
            path = Path(file).expanduser()
            content = read_capped(path, min(MAX_BYTES, room), follow=False)
        except FileError as error:
            problems.append(_said(error))
        except RuntimeError:  # whose home is not known
            problems.append(f"{visible(file, cells=_SHOWN_CELLS)}: there is no such home folder")
        else:
            room -= len(content)
            contents.append((_plain(path.name), content))
    return contents, tuple(problems)


def _writes(disk: Disk, folder: str, contents: Sequence[tuple[str, bytes]]) -> list[Write]:
    """Each file under its name, or the first with a number that no other content has.

    Raises:
        FileError: what has that name already cannot be read.
    """
    # In lower case: on a colleague's machine `X.png` and `x.png` are one.
    there = {path.lower(): path for path in disk.listed(folder)}
    writes: dict[str, Write] = {}
    for name, content in contents:
        for path in _paths(folder, name):
            taken = there.get(path.lower(), path)
            known = writes[path].content if path in writes else disk.read(taken)
            if known is None or (known == content and taken == path):
                writes[path] = Write(path, content)
                break
    return list(writes.values())


def _paths(folder: str, name: str) -> Iterator[str]:
    stem, dot, ending = name.partition(".")
    yield f"{folder}/{name}"
    for number in itertools.count(2):
        yield f"{folder}/{stem}-{number}{dot}{ending}"


def _plain(name: str) -> str:
    """`name` as it can stand in every file system and on every command line."""
    ending = _ENDING.fullmatch(Path(name).suffix)
    stem = slug(name[: -len(ending[0])] if ending else name) or "attachment"
    return stem + (ending[0].lower() if ending else "")


def _attached(disk: Disk, folder: str) -> tuple[Attached, ...]:
    found = []
    for path in disk.listed(folder):
        with contextlib.suppress(OSError):  # taken away meanwhile
            found.append(Attached(path, (disk.root / path).lstat().st_size))
    return tuple(found)


def _said(error: FileError) -> str:
    return visible(str(error), cells=_SHOWN_CELLS)
