"""What happened to alerts, in the words of the event log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.model.alert import Ack
from console.model.event import Event, EventKind
from console.model.event_links import ack_link, alert_link, pages_of
from console.model.snapshot import KnownAlert, Snapshot
from console.safety.text import Raw, visible

NOTE_AFTER: Final = ": "
"""In the line of an ack, between what it is and what its owner wrote."""
BEGAN: Final = "began to fire"


def subject_of(name: Raw, cell: str | None) -> str:
    """What an event about an alert of that name on that service is about; safe to show."""
    shown = visible(name, cells=60)
    return f"{shown} {visible(cell, cells=40)}" if cell else shown


def ack_text(ack: Ack) -> str:
    """`acked until 04:12 UTC: looking at it`; safe to show."""
    until = "acked" if ack.is_local else f"acked until {ack.until:%H:%M} UTC"
    note = visible(ack.note, cells=80)
    return f"{until}{NOTE_AFTER}{note}" if note else until


def beginnings(known: KnownAlert, snapshot: Snapshot) -> Iterator[Event]:
    """That it began to fire and that somebody took it, as of then: what a console that was
    opened later has not seen happen."""
    pages = pages_of(snapshot)
    subject = subject_of(known.alert.name, known.cell)
    link = alert_link(known.alert, pages)
    yield Event(known.alert.starts_at, EventKind.FIRED, subject, BEGAN, "", known.key, link)
    if known.ack is not None:
        ack = known.ack
        who, link = visible(ack.owner, cells=40), ack_link(known, pages)
        yield Event(ack.since, EventKind.ACKED, subject, ack_text(ack), who, known.key, link)
