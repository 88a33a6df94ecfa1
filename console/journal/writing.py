"""Documents written: a new one from its template, a known one on top of what stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Generic

import msgspec

from console.journal.bench import Bench
from console.journal.change import Change as FileChange
from console.journal.change import Commit, Conflict, Write
from console.journal.document import DocumentFaults, read_document
from console.journal.errors import JournalFault
from console.journal.places import document_path
from console.journal.reading import (
    CHANGE_SHAPE,
    INCIDENT_SHAPE,
    P,
    Shape,
    T,
    id_faults,
    name_of,
    paper_in,
)
from console.journal.template import template_of
from console.journal.timeline import Entry
from console.model.change import Change
from console.model.incident import Incident
from console.model.papers import BrokenPaper, ChangePaper, Clash, IncidentPaper, Sheet


class Written(msgspec.Struct, Generic[P], frozen=True):
    """It is in the journal."""

    paper: P
    """The document as it is read now."""
    commit: Commit
    before: Sheet
    """The file as it was; its blob is empty where there was none."""
    aside: tuple[str, ...] = ()
    """Faults of the team's template, which the one that ships stood in for; safe to show."""


class Unwritable(msgspec.Struct, frozen=True):
    """Nothing was written: the document has faults."""

    faults: tuple[str, ...]
    """`file:line:column: …`, safe to show."""


async def write_incident(
    bench: Bench,
    incident: Incident,
    entries: Iterable[Entry] | None,
    *,
    opened: Sheet | None,
    subject: str,
    body: str = "",
    also: Sequence[FileChange] = (),
    alone: bool = False,
) -> Written[IncidentPaper] | Clash | JournalFault | Unwritable:
    """Have the journal say `incident`, in one commit with `also`.

    Args:
        entries: the whole timeline; `None` leaves the one that stands there.
        opened: the file as the person saw it, which is brought up to date; `None`: a new
            document at its own path. A title that changes does not move the file.
        subject: One line, with the id.
        alone: it is a `Clash` too where another console wrote the very same meanwhile.

    Returns:
        `Clash` where the file is another one by now. `Clash.mine` is `opened` brought up to date.
    """
    paper = _Paper(bench, INCIDENT_SHAPE, incident, entries)
    return await paper.written(opened, subject, body, also, alone)


async def write_change(
    bench: Bench,
    change: Change,
    entries: Iterable[Entry] | None,
    *,
    opened: Sheet | None,
    subject: str,
    body: str = "",
    also: Sequence[FileChange] = (),
    alone: bool = False,
) -> Written[ChangePaper] | Clash | JournalFault | Unwritable:
    """As `write_incident`, of a change."""
    paper = _Paper(bench, CHANGE_SHAPE, change, entries)
    return await paper.written(opened, subject, body, also, alone)


class _Paper(Generic[T, P]):
    """One document on its way into the journal."""

    def __init__(
        self, bench: Bench, shape: Shape[T, P], value: T, entries: Iterable[Entry] | None
    ) -> None:
        self._bench = bench
        self._shape: Shape[T, P] = shape
        self._value: T = value
        self._entries = None if entries is None else tuple(entries)

    async def written(
        self,
        opened: Sheet | None,
        subject: str,
        body: str,
        also: Sequence[FileChange],
        alone: bool,
    ) -> Written[P] | Clash | JournalFault | Unwritable:
        faults = id_faults(self._value.id, self._shape.kind, "")
        if faults:
            return Unwritable(faults)
        before = opened or Sheet(document_path(self._value.id, self._value.title))
        now = await self._bench.library.sheet(before.path)
        if isinstance(now, JournalFault):
            return now
        if opened is None and not now.blob:
            # Named for another title, it may be there all the same.
            twin = await self._bench.journal.find(self._value.id)
            now = await self._bench.library.sheet(twin) if twin else now
            if isinstance(now, JournalFault):
                return now
        before = now if now.blob == before.blob else before
        # In a thread: a document of a megabyte takes its time.
        made = await asyncio.to_thread(self._made, before, opened is None)
        if isinstance(made, Unwritable):
            return made
        mine, paper, aside = made
        known = (before.blob,) if alone else (before.blob, mine.blob)
        if now.path != mine.path or now.blob not in known:
            return Clash(msgspec.structs.replace(mine, blob=before.blob), now)
        write = Write(mine.path, mine.content, before.blob, alone)
        told = await self._bench.journal.commit((write, *also), subject, body)
        if isinstance(told, Conflict):
            return Clash(
                Sheet(told.path, told.mine, told.expected),
                Sheet(told.path, told.theirs, told.theirs_blob),
            )
        return told if isinstance(told, JournalFault) else Written(paper, told, before, aside)

    def _made(self, before: Sheet, is_new: bool) -> tuple[Sheet, P, tuple[str, ...]] | Unwritable:
        """What is to stand in place of `before`, and what was wrong with the team's template.

        An incident has to be opened in the night also where that has faults: the one that ships
        stands in for it.
        """
        templates = self._bench.templates if is_new else None
        made, aside = self._on(before, is_new, templates), tuple[str, ...]()
        if isinstance(made, Unwritable) and templates is not None:
            aside, own = made.faults, made
            made = self._on(before, is_new, None)
            made = own if isinstance(made, Unwritable) else made
        return made if isinstance(made, Unwritable) else (made[0], made[1], aside)

    def _on(
        self, before: Sheet, is_new: bool, templates: Path | None
    ) -> tuple[Sheet, P] | Unwritable:
        try:
            mine = self._text(before, is_new, templates)
        except DocumentFaults as error:
            return Unwritable(tuple(map(str, error.faults)))
        paper = paper_in(self._shape, mine)
        if isinstance(paper, BrokenPaper) or paper.faults:
            return Unwritable(paper.faults)
        return mine, paper

    def _text(self, before: Sheet, is_new: bool, templates: Path | None) -> Sheet:
        """What is to stand in place of `before`.

        Raises:
            DocumentFaults: it, or the template, cannot be written as wished.
        """
        text, bench = self._shape.text, self._bench
        if is_new:
            template = template_of(text.kind, bench.language, templates)
            document = text.new(self._value, bench.language, self._entries or (), template)
        else:
            document = read_document(before.content, name_of(before.path))
            document = text.update(document, self._value, self._entries)
        content = document.content
        return Sheet(before.path, content, bench.journal.disk.blob(content))
