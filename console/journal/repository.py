"""The journal: documents in a folder, every change of one a commit."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from console.journal.author import Author
from console.journal.change import (
    Change,
    Commit,
    Conflict,
    Document,
    Keep,
    Logged,
    Remove,
    Write,
)
from console.journal.disk import ABSENT, Disk
from console.journal.errors import GitError, JournalFault, fault_of, fault_of_file
from console.journal.ids import Kind, new_id
from console.journal.judge import Ground, ground_of
from console.journal.landing import Entry, Message, Workshop, resolved
from console.journal.lock import held
from console.journal.places import FOLDERS, events_path, folder_of, id_of
from console.journal.standing import obstacle
from console.safety.clock import Clock
from console.safety.files import (
    FileError,
    LockHeldError,
    append_lines,
    private_dir,
    remove_plain,
    write_atomic,
)
from console.safety.text import visible

MAX_SUBJECT_CELLS: Final = 120
_BLOB_CHARS: Final = 16
_PROBE_BYTES: Final = 64 * 1024
"""Room for a document and its commit."""
_FIELDS: Final = "%H%x1f%at%x1f%an%x1f%ae%x1f%s%x1e"


class Journal:
    """The documents of one folder. One instance a console; any number of consoles a folder."""

    def __init__(self, ground: Ground, clock: Clock, author: Author) -> None:
        self.folder = ground.git.work_tree
        self.notices = ground.notices
        """What a person has to know about the folder, safe to show."""
        self.author = author
        self.git = ground.git
        self.disk = Disk(ground.git.work_tree, ground.git.algorithm)
        self.workshop = Workshop(ground.git, clock)
        self._clock = clock
        self.left: dict[str, str] = {}
        """Paths of documents that are on disk as this console wrote them and in no commit, since
        git had a fault, with the subject that the commit would have had."""

    async def commit(
        self, changes: Sequence[Change], subject: str, body: str = ""
    ) -> Commit | Conflict | JournalFault:
        """Write files and commit them: all of `changes` in one commit, or none.

        The files are on disk before git is asked for anything, so that a fault of git leaves
        the text where it is (`JournalFault.kept`). Nothing else that somebody has changed or
        staged in the folder is touched.

        Args:
            subject: One line, with the id of the document.
            body: More lines.
        """
        told = await self._commit(changes, subject, body)
        if isinstance(told, JournalFault):
            self.left |= dict.fromkeys(told.kept, subject)
        elif isinstance(told, Commit):
            for change in changes:
                self.left.pop(change.path, None)
        return told

    async def _commit(
        self, changes: Sequence[Change], subject: str, body: str
    ) -> Commit | Conflict | JournalFault:
        kept: list[str] = []
        try:
            async with held(self.git.git_dir):
                conflict = await asyncio.to_thread(self._conflict, changes)
                if conflict is not None:
                    return conflict
                await asyncio.to_thread(self._write, changes, kept)
                busy = await obstacle(self.git)
                if busy is not None:
                    remedy = busy.remedy + await self._copies(changes)
                    return msgspec.structs.replace(busy, kept=tuple(kept), remedy=remedy)
                return await self._land(changes, subject, body)
        except LockHeldError as error:
            return fault_of_file(error)
        except FileError as error:
            if not kept:  # the lock's folder may be the only thing that cannot be written
                await self._write_anyway(changes, kept)
            return fault_of_file(error, tuple(kept))
        except GitError as error:
            return fault_of(error, tuple(kept))

    async def read(self, path: str) -> Document | JournalFault:
        """The document at `path` as it stands on disk; an absent one has the blob `ABSENT`."""
        try:
            content = await asyncio.to_thread(self.disk.read, path)
        except FileError as error:
            return fault_of_file(error)
        return Document(path, content or b"", self.disk.blob(content))

    async def read_committed(self, path: str, commit: str = "HEAD") -> Document | JournalFault:
        """The document at `path` as that commit has it; an absent one has the blob `ABSENT`."""
        try:
            blob = await resolved(self.git, f"{commit}:{path}")
            content = await self.git.ask("cat-file", "blob", blob) if blob else b""
        except GitError as error:
            return fault_of(error)
        return Document(path, content, blob)

    async def documents(self, under: str = "") -> tuple[str, ...]:
        """The paths of all files on disk, committed or not, in order; or those below `under`."""
        return await asyncio.to_thread(self.disk.listed, under)

    async def find(self, document_id: str) -> str:
        """The path of the document with that id, whatever its title; empty: none."""
        try:
            under = folder_of(document_id)
        except ValueError:
            return ""
        paths = await self.documents(under)
        return next((path for path in paths if id_of(path) == document_id), "")

    async def new_id(self, kind: Kind) -> str:
        """An id that no document of the folder has."""
        at = self._clock.now().wall
        example = f"{kind}-{at.astimezone(UTC):%Y%m%d}-000"
        taken = {id_of(path) for path in await self.documents(folder_of(example))}
        return new_id(kind, at, taken)

    async def log(self, path: str = "", most: int = 50) -> tuple[Logged, ...] | JournalFault:
        """The last commits, or the last that changed `path`, newest first."""
        try:
            if not await self.workshop.head():
                return ()
            only = ("--", path) if path else ()
            words = ("rev-list", f"--max-count={most}", f"--format={_FIELDS}", "--no-commit-header")
            told = await self.git.ask(*words, "HEAD", *only)
        except GitError as error:
            return fault_of(error)
        return tuple(_logged(told.decode("utf-8", "replace")))

    async def head(self) -> str | JournalFault:
        """The hash of the last commit; empty before the first."""
        try:
            return await self.workshop.head()
        except GitError as error:
            return fault_of(error)

    async def obstacle(self) -> JournalFault | None:
        """Why no commit can be made just now: a rebase underway, no branch, no room, …"""
        fault = await obstacle(self.git)
        if fault is not None:
            return fault
        try:
            await asyncio.to_thread(self._try_to_write)
        except FileError as error:
            return fault_of_file(error)
        return None

    async def pending(self) -> tuple[str, ...] | JournalFault:
        """The files that are on disk otherwise than in the last commit, or not in it at all."""
        try:
            committed: dict[str, str] = {}
            if await self.workshop.head():
                for line in _parts(await self.git.ask("ls-tree", "-r", "-z", "HEAD")):
                    entry, _, path = line.partition("\t")
                    committed[path] = entry.split(" ")[2]
            return await asyncio.to_thread(self._differing, committed)
        except GitError as error:
            return fault_of(error)

    async def append_events(
        self, lines: Sequence[bytes], at: datetime, who: str, console: str
    ) -> str | JournalFault:
        """Add lines, all or none, to this console's event file of that day, and tell its path.

        On disk when this returns; `Keep(path)` commits it, once in a while.
        """
        path = events_path(at, who, console)
        try:
            place = await asyncio.to_thread(self.disk.place, path, make=True)
            await asyncio.to_thread(append_lines, place, lines)
        except FileError as error:
            return fault_of_file(error)
        return path

    async def _land(self, changes: Sequence[Change], subject: str, body: str) -> Commit:
        entries = []
        for change in changes:
            if isinstance(change, Remove):
                entries.append(Entry(change.path, ABSENT))
                continue
            content = await asyncio.to_thread(self._content_of, change)
            blob = await self.workshop.keep(content)
            if blob != self.disk.blob(content):
                raise GitError("hash-object", "it kept other bytes than it was given", None)
            entries.append(Entry(change.path, blob))
        line = visible(subject, cells=MAX_SUBJECT_CELLS) or "journal"
        landed = await self.workshop.land(entries, self.message(line, body))
        for change in changes:
            if isinstance(change, Remove):
                await asyncio.to_thread(self.disk.remove, change.path)
        return Commit(landed.hash, line, landed.changed, landed.notice)

    def message(self, subject: str, body: str = "") -> Message:
        """What a commit says that is made now, in the author's name."""
        more = visible(body, lines=True).strip("\n")
        text = f"{subject}\n\n{more}\n" if more else f"{subject}\n"
        date = f"@{int(self._clock.now().wall.timestamp())} +0000"
        signed: Mapping[str, str] = {
            f"GIT_{role}_{field}": value
            for role in ("AUTHOR", "COMMITTER")
            for field, value in (
                ("NAME", self.author.name),
                ("EMAIL", self.author.email),
                ("DATE", date),
            )
        }
        return Message(text.encode(), signed)

    def _content_of(self, change: Write | Keep) -> bytes:
        if isinstance(change, Write):
            return change.content
        content = self.disk.read(change.path)
        if content is None:
            raise FileError(self.folder / change.path, "is not there", expected="a file to commit")
        return content

    async def _copies(self, changes: Iterable[Change]) -> str:
        """How to see what stands on disk now, should git take it back: `rebase --abort` does."""
        blobs = []
        for change in changes:
            if not isinstance(change, Remove):
                with contextlib.suppress(FileError, GitError):
                    content = await asyncio.to_thread(self._content_of, change)
                    blobs.append(await self.workshop.keep(content))
        shown = "; ".join(f"git show {blob[:_BLOB_CHARS]}" for blob in blobs)
        return f"; should git take the text back: {shown}" if shown else ""

    def _try_to_write(self) -> None:
        private_dir(self.workshop.room)
        probe = self.workshop.room / f"probe-{os.getpid()}"
        try:
            write_atomic(probe, bytes(_PROBE_BYTES))
        finally:
            remove_plain(probe)
        for top in FOLDERS:
            self.disk.place(f"{top}/probe.md")
        tops = [place for top in FOLDERS if (place := self.folder / top).is_dir()]
        below = [place for top in tops for place in top.iterdir() if place.is_dir()]
        for place in (self.folder, *tops, *below):
            if not os.access(place, os.W_OK | os.X_OK):
                raise FileError(place, "Permission denied", expected="a folder to write in")

    def _conflict(self, changes: Iterable[Change]) -> Conflict | None:
        for change in changes:
            if isinstance(change, Keep):
                continue
            there = self.disk.read(change.path)
            mine = change.content if isinstance(change, Write) else None
            blob = self.disk.blob(there)
            is_same = there == mine and not (isinstance(change, Write) and change.alone)
            if blob != change.expected and not is_same:
                return Conflict(change.path, change.expected, mine or b"", there or b"", blob)
        return None

    def _write(self, changes: Iterable[Change], kept: list[str]) -> None:
        for change in changes:
            if isinstance(change, Write):
                if self.disk.read(change.path) != change.content:
                    new = change.expected == ABSENT
                    self.disk.write(change.path, change.content, new=new)
                kept.append(change.path)

    async def _write_anyway(self, changes: Sequence[Change], kept: list[str]) -> None:
        with contextlib.suppress(FileError):
            if await asyncio.to_thread(self._conflict, changes) is None:
                await asyncio.to_thread(self._write, changes, kept)

    def _differing(self, committed: Mapping[str, str]) -> tuple[str, ...]:
        found = []
        for path in self.disk.listed():
            with contextlib.suppress(FileError):
                if self.disk.blob(self.disk.read(path)) != committed.get(path, ABSENT):
                    found.append(path)
        return tuple(found)


async def open_journal(
    folder: Path, clock: Clock, author: Author, environ: Mapping[str, str]
) -> Journal | JournalFault:
    """The journal in `folder`, which is made, and made a repository, where it is not yet.

    `environ` is the person's environment: PATH for git, the rest for what reaches a remote.
    """
    ground = await ground_of(folder, environ)
    if isinstance(ground, JournalFault):
        return ground
    return Journal(ground, clock, author)


def _parts(told: bytes) -> list[str]:
    return told.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _logged(told: str) -> list[Logged]:
    found = []
    for record in told.split("\x1e"):
        fields = record.strip("\n").split("\x1f", 4)
        if len(fields) == 5:
            commit, at, name, email, subject = fields
            when = datetime.fromtimestamp(int(at) if at.isdigit() else 0, UTC)
            found.append(Logged(commit, visible(name), visible(email), when, visible(subject)))
    return found
