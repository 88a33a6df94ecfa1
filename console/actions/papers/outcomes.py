"""How a write into the journal ended, in words for the person who asked for it."""

from __future__ import annotations

import msgspec

from console.actions.doing import Effected
from console.journal.errors import JournalFault
from console.model.acting import Ended, Outcome
from console.model.event import Event, EventKind
from console.model.paper_wish import RestorePaper
from console.model.papers import Clash, Sheet


class Deed(msgspec.Struct, frozen=True):
    """What is done to a document, as it is told. Its texts are safe to show."""

    did: str
    """`mitigated`: after the id, in the commit's subject and in the outcome."""
    text: str
    """In the event log and the timeline."""
    kind: EventKind
    details: tuple[str, ...] = ()
    """What the person has to know beside that."""


class Landed(msgspec.Struct, frozen=True):
    """It is in the journal."""

    document_id: str
    title: str
    deed: Deed
    event: Event
    before: Sheet
    blob: str
    """Of the file as it stands now."""
    notices: tuple[str, ...] = ()

    @property
    def inverse(self) -> RestorePaper:
        """What takes it back."""
        return RestorePaper(self.before, self.blob, self.document_id)


def done(landed: Landed, *, undoable: bool = True) -> Effected:
    """All went well."""
    outcome = Outcome(
        Ended.DONE,
        f"{landed.document_id} {landed.deed.did}",
        (*landed.deed.details, *landed.notices),
        document=landed.document_id,
    )
    return Effected(outcome, landed.inverse if undoable else None, event=landed.event)


def denied(document_id: str, text: str, *details: str) -> Effected:
    """Refused before anything was written, in words."""
    outcome = Outcome(Ended.DENIED, text, details, document=document_id)
    return Effected(outcome)


def faulted(fault: JournalFault, document_id: str = "") -> Effected:
    """Nothing is committed, and what the fault says about it."""
    details = [f"expected {fault.expected}", fault.remedy]
    if fault.kept:
        details.append(f"the text is safe on disk, in no commit yet: {', '.join(fault.kept)}")
    outcome = Outcome(
        Ended.FAILED, f"not written: {fault.cause}", tuple(details), document=document_id
    )
    return Effected(outcome)


def clashed(
    document_id: str, clash: Clash | None = None, said: str = "", details: tuple[str, ...] = ()
) -> Effected:
    """Somebody else changed the file; nothing was written."""
    what = f": {said}" if said else ""
    text = f"{document_id}: somebody else changed it meanwhile{what}; nothing was written"
    return Effected(Outcome(Ended.FAILED, text, details, document=document_id, clash=clash))


def broken(document_id: str, faults: tuple[str, ...]) -> Effected:
    """Nothing is written into what a person has to mend first."""
    text = f"{document_id} is not written to before its file is mended"
    return denied(document_id, text, *faults)
