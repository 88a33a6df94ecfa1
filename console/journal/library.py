"""The documents of a journal, read, remembered and searched."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from console.journal.change_text import CHANGES
from console.journal.errors import JournalFault
from console.journal.ids import ID
from console.journal.inspection import Inspected
from console.journal.inspections import Inspections
from console.journal.past_runs import PastRuns, RunShelf
from console.journal.places import id_of
from console.journal.reading import Paper, name_of, paper_of
from console.journal.repository import Journal
from console.journal.reread import Reread
from console.journal.search import Wanted
from console.model.change import Change
from console.model.incident import Incident
from console.model.papers import BrokenPaper, ChangePaper, Found, IncidentPaper, Sheet
from console.safety.files import FileError
from console.safety.text import visible

HOMES: Final = ("incidents", "changes")
_HEAD_BYTES: Final = 4096
_FEW: Final = 3


class Shelf(msgspec.Struct, frozen=True):
    """All documents, the newest first."""

    incidents: tuple[IncidentPaper, ...] = ()
    changes: tuple[ChangePaper, ...] = ()
    broken: tuple[BrokenPaper, ...] = ()


class Library:
    """Reads a file again only when it is another one than before."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._disk = journal.disk
        self._papers: Reread[Paper] = Reread(journal.disk, _paper)
        self._shelf = Shelf()
        self._runs = PastRuns(journal.disk)
        self._inspections = Inspections(journal.disk)
        # Of threads, not of tasks: one that is cancelled leaves its thread at work.
        self._reading = threading.Lock()

    async def read(self) -> Shelf:
        """Everything as it stands on disk; the same object as before where nothing changed."""
        return await asyncio.to_thread(self._read)

    async def incident(self, document_id: str) -> IncidentPaper | None:
        """The incident of that id, read now; `None`: there is none."""
        shelf = await self.read()
        return next((one for one in shelf.incidents if one.incident.id == document_id), None)

    async def change(self, document_id: str) -> ChangePaper | None:
        """The change of that id, read now; `None`: there is none."""
        shelf = await self.read()
        return next((one for one in shelf.changes if one.change.id == document_id), None)

    async def sheet(self, path: str) -> Sheet | JournalFault:
        """The file at `path` as it stands on disk, to base an edit on."""
        found = await self._journal.read(path)
        if isinstance(found, JournalFault):
            return found
        return Sheet(found.path, found.content, found.blob)

    async def runs(self) -> RunShelf:
        """Every transcript of a run as it stands on disk; the same object as before where nothing
        changed."""
        return await asyncio.to_thread(self._runs.read)

    async def inspections(self, days: Iterable[date]) -> tuple[Inspected | BrokenPaper, ...]:
        """The files of the daily inspection of `days` that there are, in order of their days."""
        return await asyncio.to_thread(self._inspections.read, tuple(days))

    async def search(self, text: str, most: int = 200) -> tuple[Found, ...]:
        """Lines of documents, transcripts, reports and events in which `text` stands, case and
        width aside.

        Several words: the lines with the first of them, in files in which all of them stand; of
        events, lines with all of them. Documents come first, each sort the newest first.
        """
        wanted = Wanted(text)
        return await asyncio.to_thread(self._search, wanted, most) if wanted.words else ()

    def _read(self) -> Shelf:
        with self._reading:
            if self._papers.look(self._survey()):
                self._shelf = _shelf(self._papers.values)
            return self._shelf

    def _survey(self) -> Iterator[tuple[str, str]]:
        """Documents with nothing, and what may be one, or has some below it, with why it is
        left alone."""
        for home in HOMES:
            for path, why in self._disk.survey(home):
                folder, _, name = path.rpartition("/")
                is_archived = ID.fullmatch(folder.rpartition("/")[2]) is not None
                may_be = name.endswith(".md") or (bool(why) and "." not in name)
                if may_be and not is_archived and not name.startswith("."):
                    yield path, why

    def _search(self, wanted: Wanted, most: int) -> tuple[Found, ...]:
        shelf = self._read()
        papers: list[Paper] = [*shelf.incidents, *shelf.changes]
        papers.sort(key=_age, reverse=True)
        titled = [(paper.path, _id(paper), _value(paper).title) for paper in papers]
        titled += [(paper.path, id_of(paper.path), "") for paper in shelf.broken]
        past = self._runs.read()
        titled += [(run.path, run.id, visible(run.title)) for run in past.runs]
        titled += [(run.path, id_of(run.path), "") for run in past.broken]
        for top in ("reports", "events"):
            paths = [path for path in self._disk.listed(top) if path.endswith((".md", ".jsonl"))]
            titled += [(path, "", "") for path in reversed(paths)]
        found: list[Found] = []
        for path, document_id, title in titled:
            with contextlib.suppress(FileError):
                content = self._disk.read(path) or b""
                look = wanted.events if path.endswith(".jsonl") else wanted.lines
                for line, shown in look(content):
                    found.append(Found(path, document_id, title, line, shown))
                    if len(found) >= most:
                        return tuple(found)
        return tuple(found)


def _paper(sheet: Sheet) -> Paper | BrokenPaper | None:
    """`None`: it is no document, and nobody meant it to be one."""
    paper = paper_of(sheet)
    head = sheet.content[:_HEAD_BYTES].decode("ascii", "replace")
    is_meant = id_of(sheet.path) or ID.search(head)
    return paper if is_meant or not isinstance(paper, BrokenPaper) else None


def _shelf(papers: Iterable[Paper | BrokenPaper]) -> Shelf:
    by_id: defaultdict[str, list[str]] = defaultdict(list)
    every = tuple(papers)
    for paper in every:
        if not isinstance(paper, BrokenPaper):
            by_id[_id(paper)].append(paper.path)
    known = [
        paper if isinstance(paper, BrokenPaper) else _alone(paper, by_id[_id(paper)])
        for paper in every
    ]
    incidents = [paper for paper in known if isinstance(paper, IncidentPaper)]
    changes = [paper for paper in known if isinstance(paper, ChangePaper)]
    return Shelf(
        tuple(sorted(incidents, key=_age, reverse=True)),
        tuple(sorted(changes, key=_age, reverse=True)),
        tuple(paper for paper in known if isinstance(paper, BrokenPaper)),
    )


def _alone(paper: Paper, paths: Sequence[str]) -> Paper:
    """`paper`, which says so where others of `paths` have its id too."""
    others = [path for path in paths if path != paper.path]
    if not others:
        return paper
    where = ", ".join(visible(path) for path in others[:_FEW])
    faults = (
        *paper.faults,
        f"{name_of(paper.path)}: {visible(_id(paper), cells=40)} stands in {where} too",
    )
    if isinstance(paper, IncidentPaper):
        return msgspec.structs.replace(paper, faults=faults)
    return ChangePaper(CHANGES.doubted(paper.change), paper.path, paper.blob, faults)


def _value(paper: Paper) -> Incident | Change:
    return paper.incident if isinstance(paper, IncidentPaper) else paper.change


def _id(paper: Paper) -> str:
    return _value(paper).id


def _age(paper: Paper) -> tuple[str, datetime, str]:
    """The day in the id, then when it was written down first."""
    if isinstance(paper, IncidentPaper):
        at = paper.incident.opened
    else:
        at = paper.change.created
    found = ID.fullmatch(_id(paper))
    return found["day"] if found else f"{at:%Y%m%d}", at, _id(paper)
