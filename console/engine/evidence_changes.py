"""What changed: releases, changes, what was done by hand or by a runbook, and commits, before an
alert began and since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, Protocol

import msgspec

from console.engine.evidence_known import neighbours, recent_starts
from console.engine.evidence_runs import STEP_TONES, carried_words, keys_of
from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic
from console.engine.past import RELEASES_WINDOW, label_of
from console.engine.questions import NewVersion, Releases
from console.engine.releases import ENDPOINT, releases_of, share_text
from console.journal.change import Logged
from console.journal.errors import JournalFault
from console.journal.places import id_of
from console.model.event import Event, EventKind
from console.model.papers import Papers
from console.model.registry import Release, ServiceType, host_cell
from console.model.run import StepState
from console.model.snapshot import Cell, Snapshot
from console.model.words import clock_time
from console.model.worklist import Row
from console.safety.text import Raw, visible

BEFORE: Final = timedelta(hours=2)
"""So long before an alert began a change may well be its reason."""
WEEK: Final = timedelta(days=7)
"""For the releases before that: what can be gone back to."""
SHOWN_LINES: Final = 5
_DONE_BY_HAND: Final = frozenset({EventKind.SHELL, EventKind.SILENCED, EventKind.UNSILENCED})


class Past(Protocol):
    """What was written down; `console.engine.papers` has it."""

    @property
    def papers(self) -> Papers:
        """The journal as last read."""

    async def happened(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        """Everybody's events of that time, the earliest first."""

    async def commits(self, since: datetime, until: datetime) -> tuple[Logged, ...] | JournalFault:
        """Commits of the journal in that time, newest first; their subjects begin with ids."""


class NoPast:
    """Nothing was written down."""

    papers = Papers()

    async def happened(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        """None."""
        return ()

    async def commits(self, since: datetime, until: datetime) -> tuple[Logged, ...]:
        """None."""
        return ()


class ReleaseAsker(Protocol):
    """Asks the Prometheus servers for new versions; `console.engine.inquiry` does."""

    async def releases(self, label: str, services: Sequence[str]) -> Releases: ...


class _Happened(msgspec.Struct, frozen=True):
    at: datetime
    pieces: tuple[Piece, ...]
    mine: bool
    """It is about the row's own service."""


async def what_changed(
    row: Row, snapshot: Snapshot, asker: ReleaseAsker, past: Past
) -> tuple[EvidenceLine, ...]:
    """What was changed on the row's service and its neighbours from two hours before it began
    until now, its own service and the latest first; and where nothing is known, that."""
    cell = snapshot.cell(row.cell)
    if cell is None:
        return ()
    needs, users = neighbours(cell, snapshot)
    cells = tuple({one.service.name: one for one in (cell, *needs, *users)}.values())
    names = tuple(one.service.name for one in cells if one.service.type is not ServiceType.HOST)
    label = label_of(row.alerts[0].alert.labels, cell.service.name) if row.alerts else "service"
    told = await asker.releases(label, names)
    now, since = snapshot.at.wall, row.since - BEFORE
    week = await past.happened(row.since - WEEK, now)
    events = [event for event in week if event.at >= since]
    releases = {one.service.name: releases_of(one.service, past.papers, week) for one in cells}
    commits = await past.commits(since, now)
    unread = commits.cause if isinstance(commits, JournalFault) else past.papers.unread
    logged = () if isinstance(commits, JournalFault) else commits
    found = [
        *_versions(told.versions, cell.service.name),
        *_releases(releases, told.versions, cell.service.name, since),
        *_changes(past.papers, names, cell.service.name, since),
        *_by_hand(events, cells),
        *_by_runbook(events, row, cells),
        *_commits(logged, past.papers, names, cell.service.name),
    ]
    found.sort(key=lambda one: (one.mine, one.at), reverse=True)
    lines = [
        EvidenceLine(Topic.CHANGE, (Piece(f"{clock_time(one.at, now)} "), *one.pieces), rank=number)
        for number, one in enumerate(found[:SHOWN_LINES])
    ]
    if len(found) > SHOWN_LINES:
        rest = f"and {len(found) - SHOWN_LINES} more since {clock_time(since, now)}"
        lines.append(_line(rest, Tone.MUTED, rank=SHOWN_LINES))
    if unread:
        lines.append(_line(f"the journal: not known: {unread}", Tone.UNKNOWN, rank=SHOWN_LINES))
    is_host = cell.service.type is ServiceType.HOST
    own = any(one.mine for one in found) or (is_host and bool(found))
    lines += _unsaid(cell, told, row, snapshot, own=own)
    if (before := _earlier(releases[cell.service.name], since, now)) is not None:
        lines.append(before)
    return tuple(lines)


def is_overtaken(told: datetime, events: Iterable[Event]) -> bool:
    """Whether something was done since `told` that an answer of then cannot have.

    Args:
        events: the event log, the newest first.
    """
    return any(event.acted for event in takewhile(lambda one: one.at > told, events))


def _unsaid(
    cell: Cell, told: Releases, row: Row, snapshot: Snapshot, *, own: bool
) -> Iterator[EvidenceLine]:
    """That nothing happened to the row's own service, or that nobody can tell."""
    mine = visible(cell.service.name, cells=30)
    if cell.service.type is ServiceType.HOST:
        mine = f"on {visible(cell.service.place, cells=30)}"
    if own or told.partial or told.failures:
        if told.failures and not own:
            yield _line(f"{mine}: not known: {told.failures[0].cause}", Tone.UNKNOWN, rank=1)
        elif told.partial and not own:
            yield _line(f"{mine}: not known: the answer lacks a part", Tone.UNKNOWN, rank=1)
    elif cell.service.name in told.asked or cell.service.releases:
        looked = RELEASES_WINDOW if cell.service.name in told.asked else BEFORE
        yield _line(f"{mine}: none in {looked // timedelta(hours=1)} h", Tone.MUTED, rank=1)
    elif cell.service.type is ServiceType.HOST:
        hours = BEFORE // timedelta(hours=1)
        yield _line(f"{mine}: none in {hours} h that is written down", Tone.MUTED, rank=1)
    elif not any(True for _ in recent_starts((cell,), snapshot, row)):
        yield _line(f"{mine}: not known: no source tells of releases", Tone.MUTED, rank=1)


def _earlier(releases: Sequence[Release], since: datetime, now: datetime) -> EvidenceLine | None:
    """The releases that came before the time that is looked at: what can be gone back to."""
    older = [one for one in releases if one.at is None or one.at < since]
    if not older:
        return None
    words = []
    for one in older:
        when = "" if one.at is None else f" {clock_time(one.at, now)}"
        share = f" ({share_text(one)})" if share_text(one) else ""
        words.append(f"{visible(one.version, cells=30)}{when}{share}")
    return _line(f"before: {', '.join(words)}", Tone.MUTED, rank=SHOWN_LINES)


def _versions(versions: Iterable[NewVersion], service: str) -> Iterator[_Happened]:
    for one in versions:
        pieces = [Piece(Raw(one.service), Tone.STRONG)]
        if one.what.exact not in ("app", one.service):
            pieces += [Piece(" "), Piece(one.what)]
        pieces.append(Piece(" "))
        if one.before is not None:
            pieces += [Piece(one.before), Piece(" > ")]
        pieces.append(Piece(one.version))
        yield _Happened(one.at, tuple(pieces), one.service == service)


def _releases(
    releases: dict[str, tuple[Release, ...]],
    versions: Iterable[NewVersion],
    service: str,
    since: datetime,
) -> Iterator[_Happened]:
    """Those that no Prometheus tells of: by the settings, and by health endpoints."""
    told = {(one.service, visible(one.version).removeprefix("v")) for one in versions}
    for name, known in releases.items():
        for one in known:
            is_told = (name, visible(one.version).removeprefix("v")) in told
            if one.at is None or one.at < since or is_told:
                continue
            pieces = [Piece(Raw(name), Tone.STRONG), Piece(" "), Piece(Raw(one.version))]
            if share := share_text(one):
                pieces.append(Piece(f" {share}"))
            if one.by and one.by != ENDPOINT:
                pieces.append(Piece(f" ({visible(one.by, cells=30)})", Tone.MUTED))
            yield _Happened(one.at, tuple(pieces), name == service)


def _changes(
    papers: Papers, names: Sequence[str], service: str, since: datetime
) -> Iterator[_Happened]:
    for paper in papers.changes:
        change = paper.change
        touched = [name for name in names if name in change.plan.services]
        at = max((at for at in (change.started, change.ended) if at is not None), default=None)
        # One with a version stands among the releases.
        if not touched or at is None or at < since or change.plan.version:
            continue
        pieces = (
            Piece(f"{change.id} ", Tone.STRONG),
            Piece(Raw(change.title)),
            Piece(f" {change.state}", Tone.WARNING if not change.is_over else Tone.PLAIN),
            Piece(f" ({visible(change.plan.executor or change.author, cells=30)})", Tone.MUTED),
        )
        yield _Happened(at, pieces, service in touched)


def _by_hand(events: Iterable[Event], cells: Sequence[Cell]) -> Iterator[_Happened]:
    """What people did on these services and where they live."""
    own = cells[0].service
    places = {place for one in cells for place in (one.service.name, one.service.host) if place}
    for event in events:
        if event.kind not in _DONE_BY_HAND or not event.who:
            continue
        about = {event.key, *event.subject.replace("@", " ").split()}
        if places.isdisjoint(about):
            continue
        pieces = (
            Piece(f"{event.kind} ", Tone.STRONG),
            Piece(f"{event.subject} {event.text}"),
            Piece(f" ({visible(event.who, cells=30)})", Tone.MUTED),
        )
        yield _Happened(event.at, pieces, bool({own.name, own.host} & about))


def _by_runbook(events: Iterable[Event], row: Row, cells: Sequence[Cell]) -> Iterator[_Happened]:
    """Steps that may have changed something on these services, or on the machines under them."""
    own, names = _places(cells[:1]), _places(cells)
    alerts = keys_of(row)
    learnt: set[tuple[str, str]] = set()
    for event in sorted(set(events), key=lambda one: one.at, reverse=True):
        told = event.carried
        if told is None or not told.acted:
            continue
        # One without a service is about the machine where it ran.
        about = told.service or host_cell(told.host)
        mine = about in own or (bool(event.key) and event.key in alerts)
        if not mine and about not in names:
            continue
        one = (told.run, told.step)
        if told.state is StepState.UNKNOWN and one in learnt:
            continue  # it was learnt later
        learnt.add(one)
        pieces = (
            Piece("step ", Tone.STRONG),
            Piece(carried_words(told)),
            Piece(f" {told.state}", STEP_TONES.get(told.state, Tone.PLAIN)),
            Piece(f" ({visible(event.who, cells=30)})" if event.who else "", Tone.MUTED),
        )
        yield _Happened(event.at, pieces, mine)


def _places(cells: Sequence[Cell]) -> frozenset[str]:
    """The services, and the cells of the machines where they live."""
    hosts = {host_cell(one.service.host) for one in cells if one.service.host}
    return frozenset(one.service.name for one in cells) | hosts


def _commits(
    logged: Iterable[Logged], papers: Papers, names: Sequence[str], service: str
) -> Iterator[_Happened]:
    """Commits of documents about these services that no line above tells of."""
    for commit in logged:
        document = id_of(commit.subject)
        incident, change = papers.incident(document), papers.change(document)
        services: Sequence[str] = ()
        if incident is not None:
            services = incident.incident.services
        elif change is not None and change.change.started is None:
            services = change.change.plan.services
        if set(names).isdisjoint(services):
            continue
        pieces = (
            Piece("journal ", Tone.MUTED),
            Piece(commit.subject),
            Piece(f" ({commit.author})", Tone.MUTED),
        )
        yield _Happened(commit.at, pieces, service in services)


def _line(text: str, tone: Tone, rank: int) -> EvidenceLine:
    return EvidenceLine(Topic.CHANGE, (Piece(text, tone),), rank=rank)
