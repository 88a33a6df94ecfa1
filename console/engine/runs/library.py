"""The library of runbooks as the engine keeps it: read again when it may be another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from config.load import Loaded
from console.model.run import PastRun, Shelved
from console.model.snapshot import KnownAlert
from console.runbook.health import health_of
from console.runbook.library import Book, Library, content_of_book, library_of
from console.runbook.lint import Finding, is_stale, lint
from console.runbook.matching import Candidate, called, candidates, slug_of
from console.runbook.parse import Read, parse
from console.runbook.scaffold import Wanted, scaffold
from console.safety.clock import Clock
from console.safety.files import FileError, write_atomic
from console.safety.text import Raw, visible

FRESH_S: Final = 30.0
"""A checkout may be another one after a pull; more often it is not looked at."""

Past = Callable[[], Awaitable[tuple[PastRun, ...]]]


class Opened(msgspec.Struct, frozen=True):
    """A runbook, read from its file now."""

    book: Book
    content: bytes
    read: Read


class Shelf:
    """Every runbook there is. One loop uses it; files are read in threads."""

    def __init__(self, clock: Clock, loaded: Callable[[], Loaded], past: Past) -> None:
        self._clock = clock
        self._loaded = loaded
        self._past = past
        self._library: Library | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()
        self._faces: dict[tuple[str, str], Shelved] = {}
        """What the list shows of a runbook, by name and digest of its file."""

    def forget(self) -> None:
        """The settings are other ones."""
        self._library = None

    async def library(self) -> Library:
        """Every runbook, and what could not be read."""
        async with self._reading:
            now = self._clock.now().mono
            if self._library is None or now - self._read_at > FRESH_S:
                folders = tuple(map(Path, self._loaded().settings.runbooks.folders))
                self._library = await asyncio.to_thread(library_of, folders)
                self._read_at = now
            return self._library

    async def opened(self, name: str) -> Opened | str:
        """The runbook of that name as it stands in its file now; a text says why not."""
        library = await self.library()
        book = called(name, library.books)
        if book is None:
            return f"no runbook is called {visible(name, cells=80)}"
        return await asyncio.to_thread(_opened, book)

    async def candidates(self, known: KnownAlert) -> tuple[Candidate, ...]:
        """The runbooks for an alert, the likeliest first."""
        return candidates(known, known.cell, (await self.library()).books)

    async def faces(self) -> tuple[Shelved, ...]:
        """Every runbook as the list shows it, by name."""
        library = await self.library()
        past = await self._past()
        faces = await asyncio.to_thread(self._all_faces, library)
        return tuple(
            msgspec.structs.replace(one, health=health_of(one.name.exact, past)) for one in faces
        )

    async def findings(self, name: str) -> tuple[Finding, ...] | str:
        """What lint has to say about the runbook of that name; a text says why nothing can be."""
        opened = await self.opened(name)
        return opened if isinstance(opened, str) else self._linted(opened)

    async def scaffold(self, known: KnownAlert | None, folder: Path) -> Path | str:
        """Write the beginning of a runbook for an alert into `folder`; a text says why not."""
        alert = "NewAlert" if known is None else known.alert.name.exact
        name = slug_of(alert)
        if not name:
            return f"expected an alert with a letter or a digit in its name, got {visible(alert)}"
        service = "" if known is None else known.cell or ""
        summary = "" if known is None else _line(known.alert.annotations.value_of("summary"))
        text = scaffold(Wanted(alert, service, summary), self._clock.now().wall.date())
        path = folder / f"{name}.md"
        try:
            await asyncio.to_thread(
                write_atomic, path, text.encode("utf-8", "replace"), mode=0o644, replace=False
            )
        except FileError as error:
            return visible(str(error))
        self.forget()
        return path

    def _all_faces(self, library: Library) -> tuple[Shelved, ...]:
        found = [self._face(book) for book in sorted(library.books, key=lambda one: one.name)]
        return tuple(found)

    def _face(self, book: Book) -> Shelved:
        opened = _opened(book)
        if isinstance(opened, str):
            return Shelved(book.name, Raw(opened), book.source, 0, 0, 1, None)
        key = book.name.exact, opened.read.runbook.digest
        if key not in self._faces:
            runbook = opened.read.runbook
            today = self._clock.now().wall.date()
            stale_after = self._loaded().settings.runbooks.stale_after
            self._faces[key] = Shelved(
                book.name,
                runbook.title,
                book.source,
                len(runbook.steps),
                sum(step.is_runnable for step in runbook.steps),
                len(self._linted(opened)),
                is_stale(runbook.reviewed, today, stale_after),
                runbook.alerts,
                runbook.services,
            )
        return self._faces[key]

    def _linted(self, opened: Opened) -> tuple[Finding, ...]:
        book = opened.book
        where = f"runbooks/{book.name.exact}.md" if book.path is None else str(book.path)
        stale_after = self._loaded().settings.runbooks.stale_after
        return lint(opened.read, visible(where), self._clock.now().wall.date(), stale_after)


def _opened(book: Book) -> Opened | str:
    try:
        content = content_of_book(book)
    except FileError as error:
        return visible(str(error))
    return Opened(book, content, parse(content, book.name.exact))


def _line(text: Raw | None) -> str:
    return "" if text is None else " ".join(text.exact.split())[:300]
