"""The documents of a journal, read, remembered and searched."""

from __future__ import annotations

import msgspec

from console.journal.errors import JournalFault
from console.journal.repository import Journal
from console.model.papers import BrokenPaper, ChangePaper, Found, IncidentPaper, Sheet


class Shelf(msgspec.Struct, frozen=True):
    """All documents, the newest first."""

    incidents: tuple[IncidentPaper, ...] = ()
    changes: tuple[ChangePaper, ...] = ()
    broken: tuple[BrokenPaper, ...] = ()


class Library:
    """Reads a file again only when it is another one than before."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def read(self) -> Shelf:
        """Everything as it stands on disk."""
        raise NotImplementedError

    async def incident(self, document_id: str) -> IncidentPaper | None:
        """The incident of that id, read now; `None`: there is none."""
        raise NotImplementedError

    async def change(self, document_id: str) -> ChangePaper | None:
        """The change of that id, read now; `None`: there is none."""
        raise NotImplementedError

    async def sheet(self, path: str) -> Sheet | JournalFault:
        """The file at `path` as it stands on disk, to base an edit on."""
        raise NotImplementedError

    async def search(self, text: str, most: int = 200) -> tuple[Found, ...]:
        """Lines of documents, reports and events in which `text` stands, case and width aside."""
        raise NotImplementedError
