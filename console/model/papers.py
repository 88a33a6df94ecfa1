"""The journal as last read: incidents and changes with their files, drafts, and how it stands."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from console.model.freeze import Calendar

if TYPE_CHECKING:  # the first frame has no document
    from console.model.change import Change
    from console.model.incident import Incident
    from console.model.nag import Nag

NOT_READ: Final = "it has not been read yet"


class PaperKind(enum.StrEnum):
    """What a document is."""

    INCIDENT = "incident"
    CHANGE = "change"


class Sheet(msgspec.Struct, frozen=True):
    """A file of the journal as it was read: what an edit of it is based on."""

    path: str
    content: bytes = b""
    blob: str = ""
    """git's name for `content`; empty where there was no file."""


class IncidentPaper(msgspec.Struct, frozen=True):
    """An incident and the file that it stands in."""

    incident: Incident
    path: str
    blob: str
    faults: tuple[str, ...] = ()
    """What is wrong with the file, `file:line:column: …`, safe to show. Where there is any,
    nothing is written to it before a person has mended it."""


class ChangePaper(msgspec.Struct, frozen=True):
    """A change and the file that it stands in."""

    change: Change
    path: str
    blob: str
    faults: tuple[str, ...] = ()
    """As of an incident's paper. Where there is any, nothing in it counts as approved."""


class BrokenPaper(msgspec.Struct, frozen=True):
    """A file that ought to be a document and of which nothing can be told."""

    path: str
    blob: str
    faults: tuple[str, ...]


class Draft(msgspec.Struct, frozen=True):
    """What somebody typed and has not saved. Kept on disk within two seconds."""

    key: str
    """Its name among the drafts: the document's id, or `new-…`."""
    kind: PaperKind
    fields: Mapping[str, str]
    """What is typed, by the names of the form's fields; raw."""
    saved_at: datetime
    sheet: Sheet | None = None
    """The file that the form was opened on; `None` for a new document."""
    document_id: str = ""
    """Empty for a new document."""
    title: str = ""
    """Safe to show: what it is about."""
    alerts: tuple[str, ...] = ()
    """Fingerprints of the alerts that a new incident was opened from."""
    is_open: bool = False
    """Some console has it open in a form now."""


class JournalState(enum.StrEnum):
    """How the journal stands, for the header."""

    NONE = "none"
    """Nothing was ever written: there is no folder yet."""
    KEPT = "kept"
    """Everything is committed here; there is no remote."""
    PUSHED = "pushed"
    AHEAD = "ahead"
    """Commits are here that the remote does not have."""
    OFFLINE = "offline"
    """The remote cannot be reached."""
    DIVERGED = "diverged"
    """Here and there changed the same file: nothing is pushed before a person has merged that."""
    FAULT = "fault"
    """Nothing can be committed; what is typed is kept in drafts."""


class JournalStatus(msgspec.Struct, frozen=True):
    """How the journal stands. All its texts are safe to show."""

    state: JournalState = JournalState.NONE
    folder: str = ""
    ahead: int = 0
    """Commits that are here alone."""
    cause: str = ""
    """What is wrong; empty where nothing is."""
    expected: str = ""
    remedy: str = ""
    """What to do about it."""
    notices: tuple[str, ...] = ()
    """What a person has to know about the folder."""
    synced_at: datetime | None = None
    """When the remote was last reached."""

    @property
    def words(self) -> str:
        """`journal pushed`, for the header; empty where there is no journal yet."""
        if self.state is JournalState.NONE:
            return ""
        if self.state is JournalState.AHEAD:
            return f"journal {self.ahead} ahead" if self.ahead else "journal not pushed"
        return f"journal {self.state}"

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.state in (JournalState.NONE, JournalState.KEPT, JournalState.PUSHED)


class Clash(msgspec.Struct, frozen=True):
    """A file changed since it was opened. Nothing was written; here are both versions."""

    mine: Sheet
    """What would have been written; its blob is that of the version it was based on."""
    theirs: Sheet
    """The file as it stands now; its blob is empty where the file was removed."""


class Found(msgspec.Struct, frozen=True):
    """One line of a document that was searched for. Its texts are raw."""

    path: str
    document_id: str
    """Empty for what is neither incident nor change."""
    title: str
    line: int
    """Counted from 1."""
    text: str


class Papers(msgspec.Struct, frozen=True):
    """Everything in the journal, as last read; part of every update."""

    status: JournalStatus = JournalStatus()
    incidents: tuple[IncidentPaper, ...] = ()
    """The newest first."""
    changes: tuple[ChangePaper, ...] = ()
    """The newest first."""
    broken: tuple[BrokenPaper, ...] = ()
    drafts: tuple[Draft, ...] = ()
    """Mine, the newest first; without those that a form of this console has open."""
    calendar: Calendar = Calendar()
    """The windows and freezes of the settings."""
    standards: frozenset[str] = frozenset()
    """Names of the approved templates for standard changes."""
    nags: tuple[Nag, ...] = ()
    """What is owed, the first due in front."""
    unread: str = ""
    """Why nothing of the journal is known, safe to show: then that nothing stands here proves
    nothing. Empty where it was read, or there is none to read."""

    def incident(self, document_id: str) -> IncidentPaper | None:
        """The incident of that id."""
        return next((one for one in self.incidents if one.incident.id == document_id), None)

    def change(self, document_id: str) -> ChangePaper | None:
        """The change of that id."""
        return next((one for one in self.changes if one.change.id == document_id), None)

    def about(self, fingerprints: Iterable[str]) -> IncidentPaper | None:
        """The newest ongoing incident that one of these alerts is linked to."""
        wanted = set(fingerprints)
        ongoing = (one for one in self.incidents if one.incident.is_ongoing)
        return next((one for one in ongoing if not wanted.isdisjoint(one.incident.alerts)), None)
