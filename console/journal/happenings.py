"""Events as lines of a file that anybody may have written, and which of them belong where."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from posixpath import relpath
from typing import Annotated, Final

import msgspec

from console.journal.ids import ANY_ID, ID
from console.journal.places import folder_of, path_fault
from console.journal.timeline import Entry
from console.model.change import Change
from console.model.event import Carried, Event, EventKind
from console.model.incident import Incident
from console.safety.text import visible

MAX_LINE_BYTES: Final = 512 * 1024
"""Of one line; what is longer is none of ours."""
MAX_TEXT_CELLS: Final = 16_000
"""Of what an event says; the rest of a longer one is cut, with a mark."""
BEFORE: Final = timedelta(minutes=10)
"""What led to it: so long before the start an incident's timeline begins."""
AFTER: Final = timedelta(hours=1)
"""What came of it: so long after the end a timeline goes on."""
SAME_WITHIN: Final = timedelta(seconds=60)
"""Consoles that see the same thing do so at most this far apart."""

_NAME_CELLS: Final = 400
_WHO_CELLS: Final = 100
_MAX_LINK_CHARS: Final = 4096
_MAX_DOCUMENTS: Final = 32

_K = EventKind
_SEEN: Final = frozenset(
    {
        *(_K.FIRED, _K.RESOLVED, _K.LOST, _K.ACKED, _K.UNACKED, _K.HANDED_OVER),
        *(_K.SILENCED, _K.UNSILENCED, _K.STORM, _K.RELEASE),
    }
)
"""What every console that looks sees by itself; the others one console alone writes down."""
_KEPT: Final = _SEEN | {
    *(_K.UNDONE, _K.SHELL, _K.NOTE, _K.UPDATE, _K.INCIDENT, _K.CHANGE, _K.STEP, _K.REPORT),
}


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    kind: EventKind
    subject: str
    text: str
    who: str = ""
    key: str = ""
    link: str = ""
    documents: tuple[str, ...] = ()
    carried: Carried | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)


def is_kept(event: Event) -> bool:
    """Whether `event` is worth a line in the journal."""
    return event.kind in _KEPT


def line_of(event: Event) -> bytes:
    """`event` as one line of JSON with its line break; fields that are empty are left out.

    `at` is RFC 3339 in UTC, `kind` as in `EventKind`; `documents` are ids.
    """
    safe = _safe(event)
    values = {name: getattr(safe, name) for name in _Line.__struct_fields__}
    return msgspec.json.encode(_Line(**values)) + b"\n"


def event_of(line: bytes) -> Event | None:
    """The event in `line`; `None`: there is none, or none that is kept.

    Whoever wrote it may have meant harm: its texts are made safe to show again.
    """
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        found = _DECODER.decode(line)
        at = found.at.astimezone(UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    values = {name: getattr(found, name) for name in _Line.__struct_fields__}
    event = Event(**{**values, "at": at})
    return _safe(event) if is_kept(event) else None


def _safe(event: Event) -> Event:
    link = event.link if len(event.link) <= _MAX_LINK_CHARS else ""
    return Event(
        at=event.at.astimezone(UTC),
        kind=event.kind,
        subject=visible(event.subject, cells=_NAME_CELLS),
        text=visible(event.text, cells=MAX_TEXT_CELLS),
        who=visible(event.who, cells=_WHO_CELLS),
        key=visible(event.key, cells=_NAME_CELLS),
        link=link.encode("utf-8", "replace").decode(),  # no half characters
        documents=tuple(filter(ID.fullmatch, event.documents[:_MAX_DOCUMENTS])),
        carried=None if event.carried is None else _carried(event.carried),
    )


def _carried(told: Carried) -> Carried:
    return msgspec.structs.replace(
        told,
        run=told.run if ANY_ID.fullmatch(told.run) else "",
        step=visible(told.step, cells=_NAME_CELLS),
        service=visible(told.service, cells=_NAME_CELLS),
        host=visible(told.host, cells=_NAME_CELLS),
    )


def begun(document: Incident | Change) -> datetime:
    """From when on events can belong into the timeline of `document`."""
    if isinstance(document, Change):
        return shifted(document.created, -BEFORE)
    times = (document.started, document.detected, document.acknowledged, document.opened)
    return shifted(min(at for at in times if at is not None), -BEFORE)


def entries_of(document: Incident | Change, events: Iterable[Event]) -> tuple[Entry, ...]:
    """Those of `events` that belong into the timeline of `document`, the earliest first."""
    if isinstance(document, Incident):
        return incident_entries(document, events)
    return change_entries(document, events)


def incident_entries(incident: Incident, events: Iterable[Event]) -> tuple[Entry, ...]:
    """Those of `events` that belong into the timeline of `incident`, the earliest first.

    What names the incident, or a change that it is linked to, belongs there whenever it was.
    From ten minutes before its start until an hour after its resolution (where nobody wrote
    that down: until it was closed) so does what happened to its alerts, what was done on its
    services and hosts, and every storm.
    """
    known = [at for at in (incident.started, incident.detected, incident.opened) if at is not None]
    until = incident.closed if incident.resolved is None else shifted(incident.resolved, AFTER)
    span = _Span(shifted(min(known), -BEFORE), until)
    documents = {incident.id, *incident.changes}
    keys = {*incident.alerts, *incident.services}
    places = _Places((*incident.services, *incident.hosts))

    def belongs(event: Event) -> bool:
        if not documents.isdisjoint(event.documents):
            return True
        if event.at not in span:
            return False
        if event.kind is EventKind.SHELL:
            return places.has(event)
        if event.acted and places.has(event):
            return True
        return event.kind is EventKind.STORM or (bool(event.key) and event.key in keys)

    return _entries(filter(belongs, events), incident.id)


def change_entries(change: Change, events: Iterable[Event]) -> tuple[Entry, ...]:
    """Those of `events` that belong into the timeline of `change`, the earliest first.

    What names the change belongs there whenever it was. From its start until an hour after
    its end so does what happened to the alerts of its services, what was done on them and on
    its hosts, and every storm.
    """
    span = None
    if change.started is not None:
        over = change.ended or change.closed
        span = _Span(change.started, None if over is None else shifted(over, AFTER))
    places = _Places((*change.plan.services, *change.plan.hosts))

    def belongs(event: Event) -> bool:
        if change.id in event.documents:
            return True
        if span is None or event.at not in span:
            return False
        if event.kind is EventKind.STORM:
            return True
        return (event.kind in _ABOUT or event.acted) and places.has(event)

    return _entries(filter(belongs, events), change.id)


_ABOUT: Final = _SEEN | {EventKind.SHELL}


def shifted(at: datetime, by: timedelta) -> datetime:
    """`at` earlier or later by so much, as far as there are years: a hand may write any."""
    try:
        return at + by
    except OverflowError:
        return (datetime.max if by > timedelta(0) else datetime.min).replace(tzinfo=UTC)


class _Span:
    """A time with both its ends in it; without an end it lasts."""

    def __init__(self, since: datetime, until: datetime | None) -> None:
        self._since = since
        self._until = until

    def __contains__(self, at: datetime) -> bool:
        return self._since <= at and (self._until is None or at <= self._until)


class _Places:
    """Services and hosts, as the subjects of events name them: `DiskFull db`, `redis@data-1`."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._shown = frozenset(filter(None, (visible(name, cells=40) for name in names)))

    def has(self, event: Event) -> bool:
        """Whether `event` is about one of them."""
        if event.carried is not None:  # its subject is the runbook, which may be called like one
            about = {event.carried.service, event.carried.host} - {""}
            return not about.isdisjoint(self._names) or not about.isdisjoint(self._shown)
        if event.key in self._names or event.subject in self._shown:
            return True
        words = re.split(r"[ @]", event.subject)
        return not self._shown.isdisjoint(words)


def _entries(events: Iterable[Event], document_id: str) -> tuple[Entry, ...]:
    base = folder_of(document_id) if ID.fullmatch(document_id) else ""
    return tuple(
        Entry(_within(event, document_id), _link(event.link, base)) for event in once(events)
    )


def _within(event: Event, document_id: str) -> Event:
    """`event` without saying that it is about the document in which it stands."""
    if not document_id or event.subject.partition(" ")[0] != document_id:
        return event
    return msgspec.structs.replace(event, subject="")


def _link(link: str, base: str) -> str:
    """`link`, where it is a file of the journal as seen from the folder `base`."""
    return relpath(link, base) if base and not path_fault(link) else link


def once(events: Iterable[Event]) -> tuple[Event, ...]:
    """`events`, the earliest first, what several consoles saw told once.

    Of those that are alike within a minute the earliest stays, with the person and the
    address that another one knows. Two persons who did the same did it twice.
    """
    seen: dict[tuple[EventKind, str], _Alike] = {}
    kept: list[Event] = []
    for event in dict.fromkeys(sorted(events, key=lambda one: one.at)):
        if event.kind not in _SEEN:
            kept.append(event)
            continue
        # A storm begins and is over under one name.
        about = event.key or f"{event.subject} {event.text.partition(':')[0]}"
        alike = seen.setdefault((event.kind, about), _Alike())
        index = alike.same(event, kept)
        if index is None:
            index = len(kept)
            kept.append(event)
        else:
            kept[index] = _merged(kept[index], event)
        alike.put(kept[index].who, index)
    return tuple(kept)


class _Alike:
    """Of events that are about the same thing, where the latest of each person stands."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._last: int | None = None

    def put(self, who: str, index: int) -> None:
        if who and self._of.get("") == index:
            del self._of[""]
        self._of[who] = self._last = index

    def same(self, event: Event, kept: Sequence[Event]) -> int | None:
        """The one that `event` tells once more; `None`: it is the first to tell it."""
        places = (self._of.get(event.who), self._of.get("")) if event.who else (self._last,)
        return next(
            (
                index
                for index in places
                if index is not None and event.at - kept[index].at <= SAME_WITHIN
            ),
            None,
        )


def _merged(first: Event, other: Event) -> Event:
    teller = other if other.who and not first.who else first
    return msgspec.structs.replace(
        first, text=teller.text, who=teller.who, link=first.link or other.link
    )
