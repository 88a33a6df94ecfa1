"""One write into a document: its event first, then the file and its commit together.

The event is on disk before the document is touched, so that nothing is done without its
record; where the document then cannot be written, a second event says so. What is judged is
always the document as it stands on disk: what somebody else wrote meanwhile stays in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import msgspec

from console.actions.doing import Doing, Effected, nothing_done
from console.actions.papers.outcomes import Deed, Landed, broken, clashed, denied, faulted
from console.actions.papers.saying import TITLE_CELLS, named
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.journal.happenings import begun, change_entries, incident_entries
from console.journal.ids import ID
from console.journal.places import folder_of, id_of
from console.journal.writing import Unwritable, Written, write_change, write_incident
from console.model.acting import Ended
from console.model.change import Change
from console.model.event import Event
from console.model.incident import Incident
from console.model.papers import ChangePaper, Clash, IncidentPaper, Sheet
from console.safety.text import visible

T = TypeVar("T", Incident, Change)
Papers = Written[IncidentPaper] | Written[ChangePaper]
Unwritten = Clash | JournalFault | Unwritable

_TRIES: Final = 20
"""Other consoles write the same document now and then, and not all the time."""
_SKEW: Final = timedelta(minutes=5)
"""By which the clock of another console may be ahead."""


class Amendment(msgspec.Struct, Generic[T], frozen=True):
    """A document as it shall be."""

    document: T
    deed: Deed
    base: Sheet | None = None
    """The file that the person saw; `None`: the one on disk."""


async def bench_of(doing: Doing) -> Bench | Effected:
    """The journal, or why nothing can be written into it."""
    if doing.bench is None:
        return nothing_done(Ended.FAILED, "not written: there is no folder to keep a journal in")
    bench = await doing.bench()
    return faulted(bench) if isinstance(bench, JournalFault) else bench


async def amend(
    bench: Bench,
    doing: Doing,
    sort: type[T],
    document_id: str,
    rule: Callable[[T], Amendment[T] | Effected],
    *,
    event: Event | None = None,
) -> Landed | Effected:
    """Read a document now, judge it by `rule`, write and commit it; again where somebody else
    was quicker.

    Args:
        rule: pure; what it refuses with is what is told.
        event: one that stands in the record already, whatever becomes of the document.
    """
    recorded: Event | None = None
    unrecorded: JournalFault | None = None
    refused = clashed(document_id)
    for _ in range(_TRIES):
        read = await _read(bench, sort, document_id)
        if isinstance(read, Effected):
            refused = read
            break
        document, sheet = read
        judged = rule(document)
        if isinstance(judged, Effected):
            refused = judged
            break
        said = event or recorded
        if said is None:
            said = recorded = event_of(judged.document, judged.deed, doing)
            unrecorded = await record(bench, recorded)
        written = await _write(bench, doing, judged, judged.base or sheet, said)
        if isinstance(written, Written):
            return _landed(judged, written, said, unrecorded)
        refused = _unwritten(written, document_id)
        if _is_on_disk(written):
            return refused
        if not isinstance(written, Clash) or judged.base is not None:
            break
    return await _taken_back(bench, recorded, refused, doing)


async def create(bench: Bench, doing: Doing, document: T, deed: Deed) -> Landed | Effected:
    """Write and commit a new document."""
    event = event_of(document, deed, doing)
    unrecorded = await record(bench, event)
    written = await _write(bench, doing, Amendment(document, deed), None, event)
    if isinstance(written, Written):
        return _landed(Amendment(document, deed), written, event, unrecorded)
    refused = _unwritten(written, document.id)
    return refused if _is_on_disk(written) else await _taken_back(bench, event, refused, doing)


async def record(bench: Bench, event: Event) -> JournalFault | None:
    """Have `event` on disk; what cannot be written is kept by the recorder for later."""
    bench.recorder.add((event,))
    return await bench.recorder.flush()


def event_of(document: Incident | Change, deed: Deed, doing: Doing) -> Event:
    """The line of `deed` in the record."""
    return Event(
        at=doing.now,
        kind=deed.kind,
        subject=named(document.id, document.title),
        text=deed.text,
        who=visible(doing.who),
        documents=(document.id,),
    )


def body_of(doing: Doing) -> str:
    """The rest of a commit's message: where the audit has it."""
    lines = [f"Audit: {doing.audit_head}"] if doing.audit_head else []
    lines += [f"Intent: {doing.intent}"] if doing.intent else []
    return "\n".join(lines)


async def commit_events(bench: Bench, doing: Doing, subject: str) -> JournalFault | None:
    """Commit this console's event files, for what belongs in no document."""
    keeps = bench.recorder.uncommitted()
    if not keeps:
        return None
    committed = await bench.journal.commit(keeps, subject, body_of(doing))
    if isinstance(committed, JournalFault):
        return committed
    bench.recorder.committed(keeps)
    return None


async def _read(bench: Bench, sort: type[T], document_id: str) -> tuple[T, Sheet] | Effected:
    """The document, and the file that it was read from."""
    library = bench.library
    for _ in range(_TRIES):
        paper: IncidentPaper | ChangePaper | None
        if sort is Incident:
            paper = await library.incident(document_id)
        else:
            paper = await library.change(document_id)
        if paper is None:
            shown = visible(document_id, cells=40)
            unread = await _unread(bench, document_id)
            if unread:
                return broken(shown, unread)
            return denied("", f"there is no {shown} in the journal any more")
        if paper.faults:
            return broken(document_id, paper.faults)
        sheet = await library.sheet(paper.path)
        if isinstance(sheet, JournalFault):
            return faulted(sheet, document_id)
        document = paper.incident if isinstance(paper, IncidentPaper) else paper.change
        if sheet.blob == paper.blob and isinstance(document, sort):
            return document, sheet
    return clashed(document_id)


async def _unread(bench: Bench, document_id: str) -> tuple[str, ...]:
    """Why the file of that document, or a folder that it lies in, cannot be read."""
    shelf = await bench.library.read()
    home = f"{folder_of(document_id)}/" if ID.fullmatch(document_id) else ""
    return tuple(
        fault
        for one in shelf.broken
        if id_of(one.path) == document_id or home.startswith(f"{one.path}/")
        for fault in one.faults
    )


async def _write(
    bench: Bench, doing: Doing, amendment: Amendment[T], opened: Sheet | None, event: Event
) -> Papers | Unwritten:
    document = amendment.document
    keeps = bench.recorder.uncommitted()
    subject = f"{document.id} {amendment.deed.did}: {visible(document.title, cells=TITLE_CELLS)}"
    written: Papers | Unwritten
    if isinstance(document, Incident):
        events = await _events(bench, begun(document), event)
        written = await write_incident(
            bench,
            document,
            incident_entries(document, events),
            opened=opened,
            subject=subject,
            body=body_of(doing),
            also=keeps,
            alone=opened is not None,
        )
    else:
        events = await _events(bench, begun(document), event)
        written = await write_change(
            bench,
            document,
            change_entries(document, events),
            opened=opened,
            subject=subject,
            body=body_of(doing),
            also=keeps,
            alone=opened is not None,
        )
    if isinstance(written, Written):
        bench.recorder.committed(keeps)
    return written


async def _events(bench: Bench, since: datetime, event: Event) -> tuple[Event, ...]:
    """Everybody's since then, and `event` also where its file could not be written."""
    known = await bench.recorder.between(since, event.at + _SKEW)
    own = (event.at, event.kind, event.documents)
    if any((one.at, one.kind, one.documents) == own for one in known):
        return known
    return (*known, event)


def _landed(
    amendment: Amendment[T], written: Papers, event: Event, unrecorded: JournalFault | None
) -> Landed:
    document = amendment.document
    notices = [written.commit.notice] if written.commit.notice else []
    if written.aside:
        notices.append(f"not by the team's template, which has a fault: {written.aside[0]}")
    if unrecorded is not None:
        notices.append(
            f"only its document says so: the event is kept for later, {unrecorded.cause}"
        )
    return Landed(
        document.id,
        document.title,
        amendment.deed,
        event,
        written.before,
        written.paper.blob,
        tuple(notices),
    )


def _unwritten(unwritten: Unwritten, document_id: str) -> Effected:
    if isinstance(unwritten, Clash):
        return clashed(document_id, unwritten)
    if isinstance(unwritten, JournalFault):
        return faulted(unwritten, document_id)
    text = f"{document_id} was not written: {unwritten.faults[0]}"
    return denied(document_id, text, *unwritten.faults[1:])


def _is_on_disk(unwritten: Unwritten) -> bool:
    """Whether the document says it all the same, though in no commit."""
    kept = unwritten.kept if isinstance(unwritten, JournalFault) else ()
    return any(path.endswith(".md") for path in kept)


async def _taken_back(
    bench: Bench, recorded: Event | None, refused: Effected, doing: Doing
) -> Effected:
    """Say in the record too that what it tells of was not written."""
    if recorded is not None:
        text = f"not written after all: {refused.outcome.text}"
        await record(bench, msgspec.structs.replace(recorded, at=doing.now, text=text))
    return refused
