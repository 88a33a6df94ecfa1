"""Lines that people add: notes, status updates, attachments. The event is what counts.

It is on disk, and committed, whatever becomes of the document: the timeline is made of events
whenever the document is written next.
"""

from __future__ import annotations

from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import Amendment, amend, commit_events, record
from console.actions.papers.outcomes import Deed, Landed, denied, done, faulted
from console.actions.papers.saying import named
from console.journal.attachments import Unattached, attach
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.journal.places import attachments_folder
from console.model.acting import Ended, Outcome
from console.model.change import Change
from console.model.event import Event, EventKind
from console.model.incident import Incident
from console.model.paper_wish import Attach, Note, UpdateIncident
from console.safety.text import visible

MOST_CHARS: Final = 4_000
"""Of a note, or of an update; what is longer belongs into the document, or beside it."""
_SUBJECT_CELLS: Final = 60


async def note(wish: Note, bench: Bench, doing: Doing) -> Effected:
    """Write down one line, now."""
    document_id = wish.incident or wish.change
    text = wish.text.strip()
    refused = _too_much(document_id, text, "not noted")
    if refused is not None:
        return refused
    event = Event(
        at=doing.now,
        kind=EventKind.NOTE,
        subject=visible(wish.subject, cells=_SUBJECT_CELLS),
        text=visible(text),
        who=visible(doing.who),
        key=wish.key,
        documents=tuple(one for one in (wish.incident, wish.change) if one),
    )
    return await _told(event, document_id, "note", bench, doing)


async def update(wish: UpdateIncident, bench: Bench, doing: Doing) -> Effected:
    """Say where things stand, in the timeline of an incident."""
    incident, said = wish.paper.incident, wish.update
    if not any(one.strip() for one in (said.conditions, said.actions, said.needs)):
        return denied(incident.id, "no update was posted: say conditions, actions or needs")
    text = said.text
    refused = _too_much(incident.id, text, "no update was posted")
    if refused is not None:
        return refused
    event = Event(
        at=doing.now,
        kind=EventKind.UPDATE,
        subject=named(incident.id, incident.title),
        text=visible(text),
        who=visible(doing.who),
        documents=(incident.id,),
    )
    return await _told(event, incident.id, "update", bench, doing)


async def attached(wish: Attach, bench: Bench, doing: Doing) -> Effected:
    """Archive copies of files beside a document, and say so in its timeline."""
    document_id = wish.document_id
    copied = await attach(bench, document_id, wish.files)
    if isinstance(copied, JournalFault):
        return faulted(copied, document_id)
    if isinstance(copied, Unattached):
        return denied(document_id, "nothing was attached", *copied.problems)
    names = copied.subject.partition(" attach ")[2]
    link = f"{attachments_folder(document_id)}/{names}" if len(wish.files) == 1 else ""
    event = Event(
        at=doing.now,
        kind=_kind_of(document_id),
        subject=visible(document_id),
        text=f"attached {names}",
        who=visible(doing.who),
        link=link,
        documents=(document_id,),
    )
    told = await _told(event, document_id, f"attach {names}", bench, doing)
    if told.outcome.ended is Ended.FAILED:
        lacks = (f"its timeline does not say so: {told.outcome.text}", *told.outcome.details)
        outcome = Outcome(Ended.PARTLY, f"attached {names}", lacks, document=document_id)
        return Effected(outcome)
    return _worded(told, f"attached {names} to {document_id}")


async def _told(event: Event, document_id: str, did: str, bench: Bench, doing: Doing) -> Effected:
    """Have `event` on disk, in its document's timeline, and committed."""
    fault = await record(bench, event)
    if fault is not None:
        return faulted(fault, document_id)
    lacks: tuple[str, ...] = ()
    if document_id:
        landed = await _in_timeline(event, document_id, did, bench, doing)
        if isinstance(landed, Landed):
            return _worded(done(landed, undoable=False), f"{did} written into {document_id}")
        lacks = _lacks(landed)
    subject = f"{did}: {visible(event.text, cells=_SUBJECT_CELLS)}"
    fault = await commit_events(bench, doing, f"{document_id} {subject}".lstrip())
    if fault is not None:
        lacks += (f"in no commit yet: {fault.cause}", fault.remedy)
    text = "written down" if not lacks else f"written down, though {lacks[0]}"
    ended = Ended.KEPT if lacks else Ended.DONE
    outcome = Outcome(ended, text, lacks[1:], document=document_id)
    return Effected(outcome, event=event)


def _worded(effected: Effected, text: str) -> Effected:
    return msgspec.structs.replace(
        effected, outcome=msgspec.structs.replace(effected.outcome, text=text)
    )


async def _in_timeline(
    event: Event, document_id: str, did: str, bench: Bench, doing: Doing
) -> Landed | Effected:
    deed = Deed(did, event.text, event.kind)
    if document_id.startswith("CHG"):
        return await amend(
            bench, doing, Change, document_id, lambda now: Amendment(now, deed), event=event
        )
    return await amend(
        bench, doing, Incident, document_id, lambda now: Amendment(now, deed), event=event
    )


def _lacks(refused: Effected) -> tuple[str, ...]:
    outcome = refused.outcome
    return (f"not in the document yet: {outcome.text}", *outcome.details)


def _too_much(document_id: str, text: str, what: str) -> Effected | None:
    if not text:
        return denied(document_id, f"{what}: it is empty")
    if len(text) > MOST_CHARS:
        long = f"{what}: it is {len(text):,} characters long, and {MOST_CHARS:,} is the most"
        return denied(document_id, long, "save it as a file and attach that")
    return None


def _kind_of(document_id: str) -> EventKind:
    return EventKind.CHANGE if document_id.startswith("CHG") else EventKind.INCIDENT
