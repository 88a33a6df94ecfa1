"""What the journal leaves to the next shift: incidents, what is owed, changes and freezes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Final

import msgspec

from console.model.change import UNDERWAY, Change, ChangeState
from console.model.change_rules import Surroundings, around_of, paper_verdict
from console.model.freeze import Calendar, Freeze
from console.model.incident import Incident
from console.model.nag import Nag, NagKind
from console.model.papers import ChangePaper, JournalState, Papers
from console.model.saying import Saying, saying

MOST_TURNS: Final = 20
"""Beginnings and ends of one freeze."""
_STARTABLE: Final = (ChangeState.SUBMITTED, ChangeState.APPROVED, ChangeState.SCHEDULED)


class HandedIncident(msgspec.Struct, frozen=True):
    """An incident that goes on."""

    incident: Incident
    owed: Nag | None
    """What it asks for next; `None`: nothing."""


class HandedChange(msgspec.Struct, frozen=True):
    """A change that is under way, or that is to start before the next shift is over."""

    change: Change
    starts: datetime | None = None
    """When its window opens, or now where it is open; `None`: it is under way, or has none."""
    reasons: tuple[str, ...] = ()
    """Why it could not start then, as far as anybody can tell now; safe to show."""
    missed: bool = False
    """It was never started, and its window is over."""


class FreezeTurn(msgspec.Struct, frozen=True):
    """A freeze begins or ends."""

    freeze: Freeze
    at: datetime
    begins: bool


class HandedPapers(msgspec.Struct, frozen=True):
    """All of it, each part with the most urgent in front."""

    incidents: tuple[HandedIncident, ...] = ()
    """The ones that go on."""
    owed: tuple[Nag, ...] = ()
    """What else is due before the next shift is over, overdue or not; and every review, since it
    takes somebody else than who made the change."""
    changes: tuple[HandedChange, ...] = ()
    in_force: tuple[Freeze, ...] = ()
    """Freezes now."""
    turns: tuple[FreezeTurn, ...] = ()
    """Those that begin or end before the next shift is over, in order."""
    doubts: tuple[Saying, ...] = ()
    """What cannot be known of the journal."""


def handed_papers(papers: Papers, now: datetime, until: datetime, environment: str) -> HandedPapers:
    """What `papers` leave to a shift that is over at `until`; both times aware UTC."""
    ongoing = sorted(
        (one.incident for one in papers.incidents if one.incident.is_ongoing),
        key=lambda one: (one.severity is not None, one.severity or 0, one.opened),
    )
    incidents = tuple(HandedIncident(one, _next_of(one, papers.nags)) for one in ongoing)
    told = {one.owed for one in incidents}
    covered = tuple(one for one in papers.calendar.freezes if one.scope.covers((), environment))
    return HandedPapers(
        incidents=incidents,
        owed=tuple(
            one
            for one in papers.nags
            if (one.due <= until or one.kind is NagKind.REVIEW) and one not in told
        ),
        changes=tuple(_changes(papers, now, until)),
        in_force=Calendar(freezes=covered).in_force(now),
        turns=tuple(
            sorted(
                (turn for one in covered for turn in _turns(one, now, until)),
                key=lambda turn: turn.at,
            )
        ),
        doubts=tuple(_doubts(papers)),
    )


def _next_of(incident: Incident, nags: tuple[Nag, ...]) -> Nag | None:
    return next((nag for nag in nags if nag.incident == incident.id), None)


def _changes(papers: Papers, now: datetime, until: datetime) -> Iterator[HandedChange]:
    """Those under way first, then the first to start."""
    around = around_of(papers)
    for paper in papers.changes:
        change = paper.change
        if change.state in UNDERWAY or change.state is ChangeState.FAILED:
            yield HandedChange(change)
    startable = (one for one in papers.changes if one.change.state in _STARTABLE)
    coming = (_coming(one, around, now, until) for one in startable)
    found = [one for one in coming if one is not None]
    yield from sorted(found, key=lambda one: one.starts or now)


def _coming(
    paper: ChangePaper, around: Surroundings, now: datetime, until: datetime
) -> HandedChange | None:
    change = paper.change
    window = change.plan.window
    if window is not None and window.end <= now:
        return HandedChange(change, missed=True)
    if window is not None and window.start > until:
        return None
    starts = None if window is None else max(window.start, now)
    return HandedChange(change, starts, paper_verdict(paper, starts or now, around).reasons)


def _turns(freeze: Freeze, now: datetime, until: datetime) -> Iterator[FreezeTurn]:
    held, count = freeze.schedule.holds(now), 0
    for edge in takewhile(lambda at: at <= until, freeze.schedule.edges(now)):
        if freeze.schedule.holds(edge) == held:
            continue
        held, count = not held, count + 1
        if count > MOST_TURNS:
            return
        yield FreezeTurn(freeze, edge, held)


def _doubts(papers: Papers) -> Iterator[Saying]:
    status = papers.status
    if papers.unread:
        why = papers.unread
        yield saying("the journal: {why}, so that nothing in it stands here", why=why)
    elif status.state is JournalState.FAULT:
        why = status.cause
        yield saying("the journal: {why}; what it said before stands here", why=why)
    elif not status.is_well and status.state is not JournalState.AHEAD:
        yield saying(
            "the journal is {state}: others may have written what does not stand here",
            state=status.state.value,
        )
    if papers.broken:
        broken = len(papers.broken)
        yield saying(
            "1 document of the journal is not readable"
            if broken == 1
            else "{n} documents of the journal are not readable",
            n=broken,
        )
