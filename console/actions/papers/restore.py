"""Whole files of the journal: as an editor left them, and again as they were."""

from __future__ import annotations

from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import body_of, record
from console.actions.papers.changes import AGAIN, with_silence
from console.actions.papers.muting import Muted, unmute
from console.actions.papers.outcomes import Deed, Landed, clashed, denied, faulted
from console.actions.papers.saying import TITLE_CELLS, named
from console.journal.bench import Bench
from console.journal.change import Conflict, Remove, Write
from console.journal.change_text import CHANGES
from console.journal.document import read_document
from console.journal.errors import JournalFault
from console.journal.reading import paper_of
from console.model.change import UNDERWAY, Change
from console.model.change_rules import edited
from console.model.event import Event, EventKind
from console.model.incident import Incident
from console.model.paper_wish import RestorePaper, RewritePaper
from console.model.papers import BrokenPaper, ChangePaper, Clash, IncidentPaper, Sheet
from console.safety.text import visible

Paper = IncidentPaper | ChangePaper | BrokenPaper
_MOST_VERSIONS: Final = 1_000


async def restore(wish: RestorePaper, bench: Bench, doing: Doing) -> Effected:
    """Have a document again as it was, unless somebody has written to it since."""
    now = await bench.library.sheet(wish.before.path)
    if isinstance(now, JournalFault):
        return faulted(now, wish.document_id)
    if now.blob != wish.left:
        return _theirs(wish)
    change: Write | Remove = Write(wish.before.path, wish.before.content, wish.left)
    if not wish.before.blob:
        change = Remove(wish.before.path, wish.left)
    deed = Deed("taken back", "taken back", EventKind.UNDONE)
    landed = await _exactly(change, now, wish.document_id, deed, bench, doing)
    if isinstance(landed, Clash):
        return _theirs(wish)
    if isinstance(landed, Effected):
        return landed
    effected = with_silence(landed, await _silence_of(now, wish.before, doing))
    return msgspec.structs.replace(effected, inverse=None)


async def rewrite(wish: RewritePaper, bench: Bench, doing: Doing) -> Effected:
    """Have a file say exactly what an editor left in it, if it is still the one it opened.

    Another plan is put down to who wrote it, and what was approved is submitted again.
    """
    now = await bench.library.sheet(wish.opened.path)
    if isinstance(now, JournalFault):
        return faulted(now, wish.document_id)
    mine = Sheet(wish.opened.path, wish.content, wish.opened.blob)
    if now.blob != wish.opened.blob and now.content != wish.content:
        return clashed(wish.document_id, Clash(mine, now))
    paper, was = paper_of(mine), await _last_whole(bench, now)
    reasons = _edit_refusals(was, paper)
    if reasons:
        return denied(wish.document_id, f"not saved: {reasons[0]}", *reasons[1:])
    faults = paper.faults
    text = "edited as text" + (", and its file has faults now" if faults else "")
    after = _edited(was, paper, doing.who)
    again = (AGAIN,) if after is not None and after.state is not _state_of(paper) else ()
    deed = Deed("edited", "; ".join((text, *again)), _kind_of(wish.document_id), again)
    content = mine.content
    if after is not None:
        content = CHANGES.update(read_document(mine.content, mine.path), after).content
    write = Write(mine.path, content, now.blob)
    landed = await _exactly(write, now, wish.document_id, deed, bench, doing)
    if isinstance(landed, Clash):
        return clashed(wish.document_id, landed)
    return landed if isinstance(landed, Effected) else with_silence(landed, Muted(lacks=faults))


async def _last_whole(bench: Bench, now: Sheet) -> Paper:
    """The document as it was before it had any faults: what is mended is judged by that, or an
    approval would get in by way of a file that is broken first."""
    paper = paper_of(now)
    if not paper.faults:
        return paper
    log = await bench.journal.log(now.path, most=_MOST_VERSIONS)
    for one in () if isinstance(log, JournalFault) else log:
        found = await bench.journal.read_committed(now.path, one.hash)
        if not isinstance(found, JournalFault):
            earlier = paper_of(Sheet(found.path, found.content, found.blob))
            if not earlier.faults:
                return earlier
    return paper


def _edited(before: Paper, after: Paper, who: str) -> Change | None:
    """The change as the rules have it after an edit of its plan; `None`: just as it was typed."""
    if not isinstance(before, ChangePaper) or not isinstance(after, ChangePaper):
        return None
    was, will = before.change, after.change
    if after.faults or was.plan == will.plan:
        return None
    try:
        ruled = edited(msgspec.structs.replace(will, plan=was.plan), will.plan, who)
    except ValueError:  # one that was never whole before, and is underway by its own word
        return None
    return None if ruled == will else ruled


def _state_of(paper: Paper) -> object:
    return None if isinstance(paper, BrokenPaper) else _document(paper).state


async def _exactly(
    change: Write | Remove, now: Sheet, document_id: str, deed: Deed, bench: Bench, doing: Doing
) -> Landed | Clash | Effected:
    paper = paper_of(now)
    title = "" if isinstance(paper, BrokenPaper) else _document(paper).title
    event = Event(
        at=doing.now,
        kind=deed.kind,
        subject=named(document_id, title),
        text=deed.text,
        who=visible(doing.who),
        documents=(document_id,),
    )
    await record(bench, event)
    keeps = bench.recorder.uncommitted()
    about = f": {visible(title, cells=TITLE_CELLS)}" if title else ""
    subject = f"{document_id} {deed.did}{about}"
    told = await bench.journal.commit((change, *keeps), subject, body_of(doing))
    if isinstance(told, Conflict | JournalFault):
        if isinstance(told, JournalFault) and change.path in told.kept:
            return faulted(told, document_id)
        text = f"not written after all: {deed.text}"
        await record(bench, msgspec.structs.replace(event, at=doing.now, text=text))
        if isinstance(told, JournalFault):
            return faulted(told, document_id)
        mine = Sheet(told.path, told.mine, told.expected)
        return Clash(mine, Sheet(told.path, told.theirs, told.theirs_blob))
    bench.recorder.committed(keeps)
    content = change.content if isinstance(change, Write) else None
    notices = (told.notice,) if told.notice else ()
    blob = bench.journal.disk.blob(content)
    return Landed(document_id, title, deed, event, now, blob, notices)


async def _silence_of(now: Sheet, before: Sheet, doing: Doing) -> Muted:
    """A change that was not started after all has no silence."""
    was, will = _change(now), _change(before) if before.blob else None
    if was is None or was.state not in UNDERWAY:
        back = will is not None and will.state in UNDERWAY and will.plan.silence
        return Muted(said="its silence is not made again") if back else Muted()
    if will is not None and will.state in UNDERWAY:
        return Muted()
    return await unmute(was, doing)


def _change(sheet: Sheet) -> Change | None:
    paper = paper_of(sheet)
    return paper.change if isinstance(paper, ChangePaper) else None


def _document(paper: IncidentPaper | ChangePaper) -> Incident | Change:
    return paper.incident if isinstance(paper, IncidentPaper) else paper.change


def _theirs(wish: RestorePaper) -> Effected:
    text = f"{wish.document_id} is not taken back: somebody has written to it since"
    return denied(wish.document_id, text, "what they wrote stays; edit it instead")


def _edit_refusals(before: Paper, after: Paper) -> tuple[str, ...]:
    """What no editor does: states, approvals and the plan of what is underway have their rules."""
    if isinstance(before, BrokenPaper) or isinstance(after, BrokenPaper) or before.faults:
        return ()  # what was never whole is mended by hand, whatever that takes
    was, will = _document(before), _document(after)
    reasons = []
    if was.id != will.id:
        reasons.append(f"it is {was.id}, and stays that")
    if was.state is not will.state:
        reasons.append(f"it is {was.state}: it goes to another state by m, under its rules")
    if isinstance(was, Change) and isinstance(will, Change):
        if was.author != will.author:
            reasons.append(f"its author is {visible(was.author, cells=40)}, and stays that")
        if not set(was.planners) <= set(will.planners):
            reasons.append("who edited its plan stays written down")
        if not _signed(will) <= _signed(was):
            reasons.append("approvals, exceptions and reviews are given by a, x and v")
        if was.plan != will.plan:
            try:
                edited(was, will.plan, "")
            except ValueError as refusal:
                reasons.append(str(refusal))
    return tuple(reasons)


def _signed(change: Change) -> frozenset[object]:
    return frozenset((*change.approvals, *change.exceptions, change.review)) - {None}


def _kind_of(document_id: str) -> EventKind:
    return EventKind.CHANGE if document_id.startswith("CHG") else EventKind.INCIDENT
