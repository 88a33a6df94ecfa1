"""Incidents of the journal that a row brings to mind: the one that is open for it, and how those
before it were mended."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from console.engine.evidence_changes import Past
from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic
from console.model.event import Event
from console.model.event_words import subject_of
from console.model.incident import Incident, clocks_of
from console.model.papers import Papers
from console.model.snapshot import Snapshot
from console.model.words import age_text
from console.model.worklist import Row
from console.safety.text import Raw, visible

MOST: Final = 3
"""Incidents that are told."""
LOOKED_THROUGH: Final = 5
"""The newest of a service of which the events are read, to learn the names of their alerts."""
BEFORE_OPENED: Final = timedelta(days=1)
"""So far back the events of an incident are read: its alerts began to fire by then, mostly."""
AFTER_OPENED: Final = timedelta(hours=1)


class Likeness(enum.IntEnum):
    """How an incident is like a row, the most telling first."""

    SAME_ALERT = 0
    """One of its alerts has the labels of one of the row's."""
    SAME_NAME = 1
    """On the row's service, and an alert of the same name was in it."""
    SAME_SERVICE = 2


_WORDS: Final = {
    Likeness.SAME_ALERT: "same alert",
    Likeness.SAME_NAME: "same alert, other labels",
    Likeness.SAME_SERVICE: "same service",
}


async def incidents_before(row: Row, snapshot: Snapshot, past: Past) -> tuple[EvidenceLine, ...]:
    """`30 Oct INC-20261030-2ac redis down, same alert, 11m: restarted`, at most three.

    The one that goes on first, then the newest. An incident keeps fingerprints and no names:
    that an alert of the same name was in it is told where its events, or the title that it was
    opened with, say so.
    """
    papers, events = past.papers, list[Event]()
    unnamed = [one for one in _on_service(row, snapshot, papers) if one.alerts]
    if _subject(row):
        for one in unnamed[:LOOKED_THROUGH]:
            with contextlib.suppress(OverflowError):  # a year that somebody wrote down by hand
                since, until = one.opened - BEFORE_OPENED, one.opened + AFTER_OPENED
                events += await past.happened(since, until)
    return incident_lines(row, snapshot, papers, events)


def incident_lines(
    row: Row, snapshot: Snapshot, papers: Papers, events: Iterable[Event] = ()
) -> tuple[EvidenceLine, ...]:
    """What `papers` tell about `row`, as `incidents_before` says.

    Args:
        events: of the time of these incidents, in any order.
    """
    told = {(event.key, event.subject) for event in events if event.key}
    found = list(_alike(row, snapshot, papers, told))
    # The most telling ones are picked, and then stand in the order of time.
    picked = sorted(found, key=lambda one: (not one[1].is_ongoing, one[0]))[:MOST]
    picked.sort(key=lambda one: one[1].opened, reverse=True)
    picked.sort(key=lambda one: not one[1].is_ongoing)
    return tuple(
        EvidenceLine(Topic.BEFORE, tuple(_pieces(one, how, snapshot.at.wall)), rank=rank)
        for rank, (how, one) in enumerate(picked)
    )


def _alike(
    row: Row, snapshot: Snapshot, papers: Papers, told: set[tuple[str, str]]
) -> Iterator[tuple[Likeness, Incident]]:
    """Every incident that is like `row`, the newest first."""
    keys = {known.key for known in row.alerts}
    here = {one.id for one in _on_service(row, snapshot, papers)}
    subject = _subject(row)
    for paper in papers.incidents:
        one = paper.incident
        if not keys.isdisjoint(one.alerts):
            yield Likeness.SAME_ALERT, one
        elif one.id in here and subject and _is_named(one, subject, told):
            yield Likeness.SAME_NAME, one
        elif one.id in here:
            yield Likeness.SAME_SERVICE, one


def _on_service(row: Row, snapshot: Snapshot, papers: Papers) -> Sequence[Incident]:
    cell = snapshot.cell(row.cell)
    if cell is None:
        return ()
    name = cell.service.name
    incidents = (paper.incident for paper in papers.incidents)
    return [one for one in incidents if name in (*one.services, *one.hosts)]


def _subject(row: Row) -> str:
    """What events call the row's alert and its place; empty where it is of no alert."""
    return subject_of(row.alerts[0].alert.name, row.alerts[0].cell) if row.alerts else ""


def _is_named(incident: Incident, subject: str, told: set[tuple[str, str]]) -> bool:
    title = visible(incident.title)
    rest = title.removeprefix(subject)
    in_title = title.startswith(subject) and not rest[:1].isalnum()
    return in_title or any((key, subject) in told for key in incident.alerts)


def _pieces(incident: Incident, how: Likeness, now: datetime) -> Iterator[Piece]:
    if incident.is_ongoing:
        yield Piece(incident.id, Tone.STRONG)
        if how is Likeness.SAME_ALERT:
            yield Piece(f" is {incident.state} for it: i", Tone.WARNING)
        else:
            yield Piece(f" is {incident.state} on the {_WORDS[how]}: ", Tone.WARNING)
            yield Piece(Raw(incident.title))
        return
    yield Piece(f"{_day(incident.opened, now)} ", Tone.MUTED)
    yield Piece(incident.id, Tone.STRONG)
    yield Piece(" ")
    yield Piece(Raw(incident.title))
    clocks = clocks_of(incident)
    lasted = clocks.to_resolve or clocks.to_mitigate
    took = "" if lasted is None else f", {age_text(lasted, coarse=True)}"
    yield Piece(f", {_WORDS[how]}{took}")
    mended = next(filter(None, map(str.strip, incident.prose.resolution.splitlines())), "")
    if mended:
        yield Piece(": ")
        yield Piece(Raw(mended))
    else:
        yield Piece("; nobody wrote down what mended it", Tone.MUTED)


def _day(at: datetime, now: datetime) -> str:
    """`30 Oct`, with the year where it is another one."""
    try:
        local, today = at.astimezone(), now.astimezone()
    except OverflowError:  # a year 9999 that somebody wrote down by hand
        return f"{at:%Y-%m-%d}"
    return f"{local:%d %b}" if local.year == today.year else f"{local:%d %b %Y}"
