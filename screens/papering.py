"""The keys that write into the journal from any screen: note, incident, change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from console.model.paper_wish import Note
from console.model.papers import IncidentPaper, Papers
from console.model.worklist import Row
from console.safety.text import visible
from screens.deeds import Deeds
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.model.incident import Incident
    from screens.app import OncallApp

NOTE: Final = "note"
CHANGE: Final = "CHG-"
RUN: Final = "RUN-"
NAMED: Final = 3


class NoteFor(msgspec.Struct, frozen=True):
    """Where a note goes, as it was said before it was typed."""

    incident: str = ""
    change: str = ""
    subject: str = ""
    """Safe to show."""
    key: str = ""

    @property
    def words(self) -> str:
        """`note for INC-20261122-7f3`."""
        document = self.incident or self.change
        if document:
            return f"note for {visible(document, cells=30)}"
        return "note, in no incident"


class Papering(Deeds, inherit_bindings=False):
    """A screen to derive from: what happens on it can be written down."""

    def __init__(self) -> None:
        super().__init__()
        self._noting = NoteFor()
        """Where the note goes for which the line is open."""
        self._untold = ""
        """The text of a note that came to nothing: it is typed once."""

    @property
    def _papers_read(self) -> Papers:
        update = self._oncall.fresh
        return Papers() if update is None else update.papers

    # Incidents and changes

    def do_row_incident(self, document_id: str = "") -> None:
        """Open the incident of the row, or of that id; else the form for a new one."""
        if document_id.strip():
            self._open_document_named(document_id.strip())
            return
        rows = self._frame.wanted_rows()
        known = self._document_of(rows)
        if known:
            open_document(self._oncall, known)
            return
        from screens.incident_form import open_new_incident  # late: nobody opens one at once

        subject = None if rows else self._frame.subject
        where = "" if subject is None or subject.service is None else subject.service
        open_new_incident(self._oncall, rows, where=where)

    def _document_of(self, rows: Sequence[Row]) -> str:
        """Id of the document that the rows have; empty where they have none."""
        of_row = next((row.document for row in rows if row.document), "")
        if of_row:
            return of_row
        found = self._papers_read.about(fingerprints_of(rows))
        return "" if found is None else found.incident.id

    def _open_document_named(self, wanted: str) -> None:
        named = wanted.casefold()
        every = [one.incident.id for one in self._papers_read.incidents]
        found = [one for one in every if one.casefold() == named] or [
            one for one in every if one.casefold().endswith(named)
        ]
        if len(found) == 1:
            open_document(self._oncall, found[0])
            return
        shown = visible(wanted, cells=30)
        some = ", ".join(visible(one, cells=30) for one in (found or every)[:NAMED]) or "none yet"
        what = "several incidents end with" if found else "no incident is called"
        self._frame.say(f"{what} {shown}; there is {some}", warning=True)

    def do_row_change(self, named: str = "") -> None:
        """Open the change of that id, or the form for a new one on the row's service."""
        from screens.change_form import change_asked

        change_asked(self._frame, named)

    # Notes

    def do_app_note(self) -> None:
        """Ask for one line, and say before where it goes."""
        target = self._note_for()
        self._noting = target
        sign = ((target.words, Ink.KEY if target.incident or target.change else Ink.WARNING),)
        untold, self._untold = self._untold, ""
        self._frame.ask_line(NOTE, (*sign, (": ", Ink.MUTED)), untold)

    def do_app_note_line(self, text: str = "") -> None:
        """Write `text` down at once, or ask for it."""
        if text.strip():
            self._write_note(self._note_for(), text)
        else:
            self.do_app_note()

    def _note_for(self) -> NoteFor:
        """The document on screen, the row's incident, the only ongoing one, or none."""
        document: str = getattr(self, "document_id", "")
        rows = self._frame.wanted_rows()
        row = rows[0] if rows else None
        subject = (
            "" if row is None else visible(f"{visible(row.title)} {visible(row.where)}", cells=60)
        )
        key = row.alerts[0].key if row is not None and row.alerts else ""
        target = NoteFor("", "", subject.strip(), key)
        document = document or self._document_of(rows)
        if not document and row is None:  # what a row is about is not what another one is about
            going = self._ongoing_incidents()
            document = going[0].id if len(going) == 1 else ""
        if document.startswith(CHANGE):
            return msgspec.structs.replace(target, change=document)
        return msgspec.structs.replace(target, incident=document)

    def _ongoing_incidents(self) -> tuple[Incident, ...]:
        papers: tuple[IncidentPaper, ...] = self._papers_read.incidents
        return tuple(one.incident for one in papers if one.incident.is_ongoing)

    def _write_note(self, target: NoteFor, text: str) -> None:
        if text.strip():
            self._run(self._send_note(target, text.strip()))
        else:
            self._frame.say("nothing was noted")

    async def _send_note(self, target: NoteFor, text: str) -> None:
        wish = Note(text, target.incident, target.change, target.subject, target.key)
        outcome = await self._oncall.wishes.submit(wish)
        self._untold = "" if outcome.well else text

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt != NOTE:
            return super().deed_sent(prompt, text)
        target, self._noting = self._noting, NoteFor()
        self._write_note(target, text)
        return True


def open_document(app: OncallApp, document_id: str) -> None:
    """Open an incident, a change or the transcript of a run by its id."""
    if document_id.startswith(RUN):
        from screens.book_text import open_transcript

        open_transcript(app, document_id)
    elif document_id.startswith(CHANGE):
        from screens.change import open_change  # late: nobody opens one at once

        open_change(app, document_id)
    else:
        from screens.incident import open_incident

        open_incident(app, document_id)


def fingerprints_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Of all alerts on rows, those that were folded into others too."""
    return tuple(
        key for row in rows for known in row.alerts for key in (known.key, *known.duplicates)
    )
