"""How an alert came and went in the last 24 hours, in a line: does it need a person?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic
from console.engine.questions import Firing, PastFirings
from console.model.alert import Silence
from console.model.event import Event, EventKind
from console.model.event_words import NOTE_AFTER
from console.model.snapshot import KnownAlert, Snapshot
from console.model.words import age_text
from console.safety.text import visible


def noise_line(
    known: KnownAlert, told: PastFirings, snapshot: Snapshot, events: Sequence[Event]
) -> EvidenceLine | None:
    """`fired 9x in 24 h, median 3m, 5 of 8 resolved by themselves; last acked by mei: disk`.

    `None` where it fired but once, or nobody told. That one resolved by itself is said of what
    ended without an ack or a silence that this console knows of; where its log does not reach
    back as far, that is said too.
    """
    today = told.today
    if today is None or today.count < 2:
        return None
    pieces = [Piece(f"fired {today.count}x in 24 h", Tone.WARNING)]
    if today.over:
        lasted_s = median((one.end - one.start).total_seconds() for one in today.over)
        pieces.append(Piece(f", median {age_text(timedelta(seconds=lasted_s), coarse=True)}"))
        alone = sum(1 for one in today.over if not _was_taken(one, known, snapshot, events))
        said = f", {alone} of {len(today.over)} resolved by themselves"
        pieces.append(Piece(said))
        if not _reaches(events, today.over[-1].start):
            pieces.append(Piece(" as far as the log goes", Tone.MUTED))
    last = _last_ack(known, events)
    if last is not None:
        note = last.text.partition(NOTE_AFTER)[2]
        who = f"; last acked by {visible(last.who, cells=30)}"
        pieces.append(Piece(f"{who}: {note}" if note else who))
    return EvidenceLine(Topic.BEFORE, tuple(pieces))


def _was_taken(
    firing: Firing, known: KnownAlert, snapshot: Snapshot, events: Sequence[Event]
) -> bool:
    """Whether somebody had it, or kept it quiet, before it ended."""
    acked = any(
        event.key == known.key
        and event.kind in (EventKind.ACKED, EventKind.SILENCED)
        and firing.start <= event.at <= firing.end
        for event in events
    )
    return acked or any(
        silence.starts_at <= firing.end and firing.start <= silence.ends_at
        for silence in _silences_of(known, snapshot)
    )


def _silences_of(known: KnownAlert, snapshot: Snapshot) -> list[Silence]:
    found = [one for one in snapshot.silences if one.id in known.silences]
    return found if known.ended is None else [*found, known.ended]


def _last_ack(known: KnownAlert, events: Sequence[Event]) -> Event | None:
    return next(
        (
            event
            for event in events
            if event.kind is EventKind.ACKED and event.key == known.key and event.who
        ),
        None,
    )


def _reaches(events: Sequence[Event], moment: datetime) -> bool:
    """Whether the log begins before `moment`."""
    return bool(events) and events[-1].at <= moment
