"""What consoles were about to write into files that have no seal, so that one whose writing broke
off is told apart from what a person wrote there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from console.journal.change import Document
from console.journal.errors import GitError, JournalFault, fault_of, fault_of_file
from console.journal.landing import resolved
from console.journal.lock import held
from console.journal.repository import Journal
from console.safety.files import FileError, private_dir, read_capped, write_atomic

_FILE: Final = "announced"
_MOST: Final = 600
"""Blobs, the latest. Whatever was committed since needs none."""
_MOST_BYTES: Final = 64 * 1024


async def announce(journal: Journal, contents: Iterable[bytes]) -> JournalFault | None:
    """Remember that a console is about to write `contents`. A fault: it must not be written."""
    blobs = [journal.disk.blob(content) for content in contents]
    try:
        async with held(journal.git.git_dir):
            await asyncio.to_thread(_announce, journal.workshop.room, blobs)
    except FileError as error:
        return fault_of_file(error)
    return None


async def can_be_replaced(journal: Journal, document: Document) -> bool | JournalFault:
    """Whether nobody loses anything where what stands there is written over: it is committed, or
    a console wrote it and came no further."""
    try:
        async with held(journal.git.git_dir):  # not while another console is half-way
            if document.blob == await resolved(journal.git, f"HEAD:{document.path}"):
                return True
            return document.blob in await asyncio.to_thread(_announced, journal.workshop.room)
    except FileError as error:
        return fault_of_file(error)
    except GitError as error:
        return fault_of(error)


def _announce(room: Path, blobs: Sequence[str]) -> None:
    private_dir(room)
    known = [*_announced(room), *blobs][-_MOST:]
    write_atomic(room / _FILE, "\n".join(known).encode())


def _announced(room: Path) -> list[str]:
    try:
        content = read_capped(room / _FILE, _MOST_BYTES, follow=False)
    except FileError:  # then what stands there is taken for a person's
        return []
    return content.decode("ascii", "replace").split()
