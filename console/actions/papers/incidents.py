"""Incidents written down: opened, edited, brought to another state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import Amendment, amend, create
from console.actions.papers.outcomes import Deed, broken, clashed, denied, done, faulted
from console.actions.papers.saying import TITLE_CELLS, fields_text, named, one_line
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.journal.ids import Kind
from console.journal.writing import Unwritable, Written, write_incident
from console.model.acting import Ended, Outcome
from console.model.event import EventKind
from console.model.event_words import beginnings
from console.model.incident import Detection, Incident, IncidentState, moved, refusals
from console.model.merging import differing, merged
from console.model.paper_wish import MoveIncident, OpenIncident, WriteIncident
from console.model.papers import Papers

_STATES: Final = ("id", "opened", "state")
"""What no edit changes."""
_TIMES: Final = ("opened", "started", "detected", "acknowledged", "mitigated", "resolved", "closed")


async def open_incident(wish: OpenIncident, bench: Bench, doing: Doing) -> Effected:
    """Write down a new incident, unless one of its alerts has an ongoing one."""
    asked = _filled(wish.incident)
    if not asked.title or not asked.prose.where:
        return denied("", "no incident was opened: say what and where")
    shelf = await bench.library.read()
    there = Papers(incidents=shelf.incidents).about(asked.alerts)
    if there is not None:
        known = named(there.incident.id, there.incident.title)
        return denied(there.incident.id, f"there is one for it already: {known}")
    incident = _new(asked, await bench.journal.new_id(Kind.INCIDENT), bench, doing)
    await _tell_beginnings(incident, bench, doing)
    deed = Deed("opened", f"opened: {one_line(incident.prose.what)}", EventKind.INCIDENT)
    landed = await create(bench, doing, incident, deed)
    return landed if isinstance(landed, Effected) else done(landed)


async def write_edited(wish: WriteIncident, bench: Bench, doing: Doing) -> Effected:
    """Save an edit, if nobody else has changed what the incident says since it was opened."""
    mine = _to_the_second(wish.incident)
    if mine.id != wish.before.id:
        return denied(wish.before.id, "not saved: it is about another incident")
    if not mine.title.strip():
        return denied(mine.id, "not saved: it needs a title")
    kept = {name: getattr(wish.before, name) for name in _STATES}
    mine = msgspec.structs.replace(mine, **kept)
    theirs: list[Incident] = []
    read: list[Incident] = []

    def rule(now: Incident) -> Amendment[Incident] | Effected:
        read.append(now)
        both = merged(wish.before, mine, now)
        # What reads as it was opened, or has all that was typed, may have other bytes by now:
        # a note in its timeline, or this very text, saved before the commit failed.
        if now != wish.before and (both.conflicts or both.document != now):
            theirs.append(now)
            return clashed(mine.id)
        changed = differing(wish.before, mine)
        text = f"edited: {fields_text(changed)}" if changed else "saved as it was"
        return Amendment(both.document, Deed("edited", text, EventKind.INCIDENT))

    landed = await amend(bench, doing, Incident, mine.id, rule)
    if not isinstance(landed, Effected):
        return done(landed)
    # Gone, or broken by hand meanwhile: both versions are shown too.
    is_unread = not read and landed.outcome.ended is Ended.DENIED
    unread = landed.outcome.details if is_unread else ()
    return await _both(wish, mine, theirs, bench, unread) if theirs or is_unread else landed


async def move_incident(wish: MoveIncident, bench: Bench, doing: Doing) -> Effected:
    """Bring an incident to another state, if its rules allow that."""
    document_id = wish.paper.incident.id

    def rule(now: Incident) -> Amendment[Incident] | Effected:
        reasons = refusals(now, wish.to)
        if reasons:
            return denied(now.id, f"{now.id} stays {now.state}: {reasons[0]}", *reasons[1:])
        deed = Deed(str(wish.to), f"{wish.to}, was {now.state}", EventKind.INCIDENT)
        return Amendment(moved(now, wish.to, doing.now), deed)

    landed = await amend(bench, doing, Incident, document_id, rule)
    return landed if isinstance(landed, Effected) else done(landed)


async def _both(
    wish: WriteIncident,
    mine: Incident,
    theirs: Sequence[Incident],
    bench: Bench,
    unread: tuple[str, ...],
) -> Effected:
    """Both versions of what was changed by two, and nothing written.

    Args:
        unread: why theirs cannot be read.
    """
    said = fields_text(differing(wish.before, theirs[-1])) if theirs else ""
    written = await write_incident(
        bench, mine, None, opened=wish.opened, subject=f"{mine.id} edited"
    )
    if isinstance(written, JournalFault):
        return faulted(written, mine.id)
    if isinstance(written, Unwritable):
        return broken(mine.id, written.faults)
    if isinstance(written, Written):  # they took theirs back in that very moment
        return Effected(Outcome(Ended.DONE, f"{mine.id} edited", document=mine.id))
    return clashed(mine.id, written, said, unread)


def _filled(incident: Incident) -> Incident:
    """`incident` with its title and its what and where, each from the other where one is empty."""
    prose = incident.prose
    title = " ".join(incident.title.split())
    what = prose.what.strip() or title
    places = ", ".join(dict.fromkeys((*incident.services, *incident.hosts)))
    first = next((line.strip() for line in what.splitlines() if line.strip()), "")
    prose = msgspec.structs.replace(prose, what=what, where=prose.where.strip() or places)
    return msgspec.structs.replace(incident, title=title or first[:TITLE_CELLS], prose=prose)


def _new(asked: Incident, new_id: str, bench: Bench, doing: Doing) -> Incident:
    now = doing.now
    linked = [one for one in doing.snapshot.alerts if one.key in asked.alerts]
    acked = asked.acknowledged or _first(one.ack.since for one in linked if one.ack is not None)
    started = asked.started or _first(one.alert.starts_at for one in linked)
    incident = msgspec.structs.replace(
        asked,
        id=new_id,
        opened=now,
        state=IncidentState.OPEN,
        environment=asked.environment or bench.environment,
        started=started,
        # Whoever took the alert knew of it, whenever it was written down.
        detected=asked.detected or min(now, acked or now),
        # Who opens it leads it, and has taken it by then at the latest.
        acknowledged=acked or now,
        mitigated=None,
        resolved=None,
        closed=None,
        detected_by=asked.detected_by or (Detection.ALERT if asked.alerts else None),
        reporter=doing.who,
        lead=asked.lead or doing.who,
    )
    return _to_the_second(incident)


async def _tell_beginnings(incident: Incident, bench: Bench, doing: Doing) -> None:
    """Put into the record how its alerts began, where no console saw that."""
    linked = [one for one in doing.snapshot.alerts if one.key in incident.alerts]
    if not linked:
        return
    first = min(one.alert.starts_at for one in linked)
    told = await bench.recorder.between(first, doing.now)
    known = {(event.kind, event.key) for event in told}
    began = (event for one in linked for event in beginnings(one, doing.snapshot))
    bench.recorder.add(event for event in began if (event.kind, event.key) not in known)


def _first(times: Iterable[datetime]) -> datetime | None:
    return min(times, default=None)


def _to_the_second(incident: Incident) -> Incident:
    times = {name: at for name in _TIMES if (at := getattr(incident, name)) is not None}
    whole = {name: at.replace(microsecond=0) for name, at in times.items()}
    return msgspec.structs.replace(incident, **whole)
