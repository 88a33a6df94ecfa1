"""The event log: what changed between one update and the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from console.model.alert import Silence
from console.model.event import Event, EventKind
from console.model.event_links import ack_link, alert_link, cover_link, pages_of
from console.model.event_words import BEGAN, NOTE_AFTER, ack_text, subject_of
from console.model.registry import ServiceType
from console.model.snapshot import Cell, KnownAlert, Snapshot, Standing
from console.model.state import State
from console.model.worklist import Worklist
from console.safety.text import Raw, visible

KEPT = 500
"""Events that the log keeps."""
SPELLED_OUT = 20
"""New alerts of one update that get a line each; what is more is said as a number."""


class EventLog:
    """The latest events, newest first."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: deque[Event] = deque(events, maxlen=KEPT)
        self._frozen: tuple[Event, ...] | None = None

    def add(self, events: Iterable[Event]) -> None:
        """Put `events`, oldest first, in front of what is there."""
        for event in events:
            self._events.appendleft(event)
            self._frozen = None

    @property
    def latest(self) -> tuple[Event, ...]:
        """All that are kept, newest first."""
        if self._frozen is None:
            self._frozen = tuple(self._events)
        return self._frozen


def events_between(
    before: Snapshot | None,
    after: Snapshot,
    storm_before: Worklist | None,
    storm_after: Worklist,
) -> list[Event]:
    """What happened between two snapshots, oldest kind first.

    From nothing, or from a state that an earlier console saved, to the first live snapshot,
    nothing has happened: the console has only begun to look.
    """
    if before is None or before.restored or not before.complete:
        return []
    at = after.at.wall
    return [
        *_alert_events(before, after, at),
        *_source_events(before, after, at),
        *_cell_events(before, after, at),
        *_release_events(before, after, at),
        *_storm_events(storm_before, storm_after, at),
    ]


def _alert_events(before: Snapshot, after: Snapshot, at: datetime) -> Iterator[Event]:
    old = {known.key: known for known in before.alerts}
    new = {known.key: known for known in after.alerts}
    if before.alerts is after.alerts:
        return
    fired = [known for key, known in new.items() if key not in old and not _is_pending(known)]
    fired += [known for key, known in new.items() if _began(old.get(key), known)]
    pages = pages_of(after)
    yield from _each_or_sum(fired, at, pages)
    worked: list[Event] = []
    silences = {(one.cluster, one.id): one for one in after.silences}
    for key, known in new.items():
        was = old.get(key)
        if was is None:
            continue
        if known.state is State.LOST and was.state is not State.LOST:
            text = f"lost sight of it: {known.why}"
            yield _event(at, EventKind.LOST, known, text, link=alert_link(known.alert, pages))
        if known.ack is not was.ack or known.standing is not was.standing:
            worked.extend(_work_events(was, known, at, pages, silences))
    yield from _each_or_sum_by(worked)
    seen = {(item.alert.fingerprint, item.at) for item in before.resolved}
    for item in after.resolved:
        if (item.alert.fingerprint, item.at) not in seen:
            yield Event(
                at=item.at,
                kind=EventKind.RESOLVED,
                subject=subject_of(item.alert.name, item.cell),
                text=f"resolved: {item.proof}",
                key=item.alert.fingerprint,
                link=alert_link(item.alert, pages),
            )


def _work_events(
    was: KnownAlert,
    known: KnownAlert,
    at: datetime,
    pages: Mapping[str, str],
    silences: Mapping[tuple[str, str], Silence],
) -> Iterator[Event]:
    """What somebody did about an alert between two looks at it."""
    before, ack = was.ack, known.ack
    owner = "" if ack is None else visible(ack.owner, cells=40)
    if ack is not None and before is None:
        yield _event(at, EventKind.ACKED, known, ack_text(ack), owner, ack_link(known, pages))
    elif ack is not None and before is not None and ack.owner != before.owner:
        text = f"{visible(before.owner, cells=40)} to {owner}"
        yield _event(at, EventKind.HANDED_OVER, known, text, owner, ack_link(known, pages))
    elif ack is None and before is not None:
        ended = "its ack ended" if before.until <= at else "its ack was given up"
        yield _event(at, EventKind.UNACKED, known, ended, link=ack_link(was, pages))
    if known.standing is not was.standing:
        if known.standing is Standing.SILENCED:
            cover = silences.get((known.alert.cluster, next(iter(known.silences), "")))
            said, who = "silenced", ""
            if cover is not None:
                who = visible(cover.created_by, cells=40)
                comment = visible(cover.comment, cells=80)
                said = f"silenced until {cover.ends_at:%H:%M} UTC{NOTE_AFTER}{comment}"
            link = cover_link(known, pages)
            yield _event(at, EventKind.SILENCED, known, said, who, link)
        elif was.standing is Standing.SILENCED and known.standing is Standing.FIRING:
            said = "no silence holds it any more"
            if known.ended is not None:
                what = "ack" if known.ended.is_ack else "silence"
                said = f"the {what} of {visible(known.ended.created_by, cells=40)} ended"
            link = cover_link(known if known.ended is not None else was, pages)
            yield _event(at, EventKind.UNSILENCED, known, said, link=link)


def _each_or_sum_by(events: Sequence[Event]) -> Iterator[Event]:
    """All of them; of more than a few of one kind by one person, how many more there are."""
    alike: dict[tuple[EventKind, str, str], list[Event]] = {}
    for event in events:
        alike.setdefault((event.kind, event.who, event.text), []).append(event)
    for same in alike.values():
        yield from same[:SPELLED_OUT]
        if len(same) > SPELLED_OUT:
            rest = f"{len(same) - SPELLED_OUT} more alerts"
            yield msgspec.structs.replace(same[0], subject=rest, key="", link="")


def _began(was: KnownAlert | None, known: KnownAlert) -> bool:
    return was is not None and _is_pending(was) and not _is_pending(known)


def _is_pending(known: KnownAlert) -> bool:
    return known.standing is Standing.PENDING


def _each_or_sum(
    fired: list[KnownAlert], at: datetime, pages: Mapping[str, str]
) -> Iterator[Event]:
    for known in fired[:SPELLED_OUT]:
        link = alert_link(known.alert, pages)
        yield _event(at, EventKind.FIRED, known, BEGAN, link=link)
    if len(fired) > SPELLED_OUT:
        more = len(fired) - SPELLED_OUT
        yield Event(at, EventKind.FIRED, f"{more} more alerts", BEGAN)


def _source_events(before: Snapshot, after: Snapshot, at: datetime) -> Iterator[Event]:
    old = {source.name: source for source in before.sources}
    for source in after.sources:
        was = old.get(source.name)
        if was is None or was.state is source.state:
            continue
        if source.state is State.OK:
            text = "answers again"
        elif source.failures:
            text = f"{source.state.value}: {source.failures[0].cause}"
        else:
            text = f"{source.state.value}: its last answer is old"
        yield Event(at, EventKind.SOURCE, source.name, text, key=source.name)


def _cell_events(before: Snapshot, after: Snapshot, at: datetime) -> Iterator[Event]:
    if before.cells is after.cells:
        return
    # To know a cell for the first time is not something that happened to it.
    old = {cell.service.name: cell for cell in before.cells if cell.as_of is not None}
    for cell in after.cells:
        past = old.get(cell.service.name)
        if past is None or past.state is cell.state or _is_first_look(past, cell):
            continue
        was = past.state
        service = cell.service
        name = service.place if service.type is ServiceType.HOST else service.name
        at_place = "" if service.type is ServiceType.HOST else f"@{service.place}"
        subject = visible(f"{name}{at_place}", cells=60)
        text = f"{was.value} to {cell.state.value}: {cell.because}"
        yield Event(at, EventKind.CELL, subject, text, key=cell.service.name)


def _release_events(before: Snapshot, after: Snapshot, at: datetime) -> Iterator[Event]:
    """New versions, as the services' own health endpoints tell them."""
    if before.cells is after.cells:
        return
    old = {cell.service.name: version_told(cell) for cell in before.cells}
    for cell in after.cells:
        was, now = old.get(cell.service.name), version_told(cell)
        if was is not None and now is not None and was != now:
            service = cell.service
            text = f"{visible(was, cells=40)} > {visible(now, cells=40)}"
            subject = visible(f"{service.name}@{service.place}", cells=60)
            yield Event(at, EventKind.RELEASE, subject, text, key=service.name)


def version_told(cell: Cell) -> Raw | None:
    """The version that the health endpoint of `cell` tells of itself."""
    return next((one.facts.version for one in cell.probes if one.facts.version), None)


def _is_first_look(past: Cell, cell: Cell) -> bool:
    """Whether all that happened is that one more of those who tell of it was asked for once."""
    found_well = past.state is State.UNKNOWN and cell.state is State.OK
    told_before, told = (len(one.probes) + len(one.reports) for one in (past, cell))
    return found_well and told_before < told


def _storm_events(before: Worklist | None, after: Worklist, at: datetime) -> Iterator[Event]:
    was = before.storm if before is not None else None
    if after.storm is not None and was is None:
        text = f"began: {after.storm.alerts} alerts, {after.storm.new_per_minute} new a minute"
        yield Event(at, EventKind.STORM, "storm", text)
    if after.storm is None and was is not None:
        yield Event(at, EventKind.STORM, "storm", "is over")


def _event(
    at: datetime, kind: EventKind, known: KnownAlert, text: str, who: str = "", link: str = ""
) -> Event:
    subject = subject_of(known.alert.name, known.cell)
    return Event(at=at, kind=kind, subject=subject, text=text, who=who, key=known.key, link=link)
