"""What evidence about a row is made of: lines of words, each with its age; nothing is asked here.

Apart from the asking, since screens need these words before anything that reaches the network
has been imported.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.engine.questions import rule_of
from console.model.failure import Failure
from console.model.snapshot import Snapshot
from console.model.state import State
from console.model.worklist import Lane, Row, RowKind
from console.safety.clock import Instant
from console.safety.text import Raw


class Topic(enum.StrEnum):
    """What a line tells of; its value is the label in front of it."""

    SAYS = "says"
    OWED = "owed"
    WHY = "why"
    STATE = "state"
    NOW = "now"
    PROBE = "probe"
    RUNNER = "runs"
    """What runs the service; the line's own label says who that is: docker, unit, pods."""
    HOST = "host"
    LOG = "log"
    NEEDS = "needs"
    HITS = "hits"
    CHANGE = "change"
    BEFORE = "before"
    WORK = "acked"
    BOOK = "book"
    FIRST = "first"
    SHARED = "shared"
    SUSPECT = "suspect"
    CAME = "came"
    TO_DO = "to do"
    REPEAT = "repeat"


class Tone(enum.StrEnum):
    """How a piece of text is meant."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    OK = "ok"
    BAD = "bad"
    WARNING = "warning"
    UNKNOWN = "unknown"
    STALE = "stale"
    LOST = "lost"


class Piece(msgspec.Struct, frozen=True):
    """A part of a line."""

    text: Raw | str
    tone: Tone = Tone.PLAIN


class EvidenceLine(msgspec.Struct, frozen=True):
    """One thing that is known, or why it is not."""

    topic: Topic
    pieces: tuple[Piece, ...]
    at: Instant | None = None
    """When it was learned; its age is shown and goes on. `None`: it has no age."""
    since: datetime | None = None
    """The same for what only the wall clock knows, such as an ack."""
    old_after: timedelta | None = None
    """An age beyond this is told as stale: the source has missed its turns."""
    by: str = ""
    """By what it was learned, safe to show: `SSH`."""
    label: str = ""
    """Shown in place of the topic's own word."""
    rank: int = 0
    """Among the lines of one topic: 0 is the one that tells most."""
    proof: str = ""
    """What says here that something is wrong: `alert`, `probe`, `container`; else empty."""


class Learned(msgspec.Struct, frozen=True):
    """The answer on one topic; it stands in the place of an earlier one."""

    topic: Topic
    lines: tuple[EvidenceLine, ...]
    at: Instant


STATE_TONES: Final = {
    State.OK: Tone.OK,
    State.FIRING: Tone.BAD,
    State.UNKNOWN: Tone.UNKNOWN,
    State.STALE: Tone.STALE,
    State.LOST: Tone.LOST,
}

LEAST_OLD: Final = timedelta(seconds=60)
"""No answer is called old before that, however often it is asked for."""
RECENT: Final = timedelta(hours=6)
"""How far back a release is looked for, counted from the start of the row."""


def plain(topic: Topic, text: Raw | str, tone: Tone = Tone.PLAIN) -> EvidenceLine:
    """A line of one piece."""
    return EvidenceLine(topic, (Piece(text, tone),))


def old_after(interval: timedelta) -> timedelta:
    """When what is asked for every `interval` is stale: as cells are judged."""
    return max(2 * interval, LEAST_OLD)


def failed(topic: Topic, failure: Failure) -> EvidenceLine:
    """A part that gave no answer, in its own sentence."""
    return plain(topic, f"not known: {failure.cause}", Tone.UNKNOWN)


def is_storming(row: Row) -> bool:
    """Whether it is part of a storm: then what its alerts share tells more than any one."""
    return row.lane is Lane.STORM and row.count > 1


def asked_topics(row: Row, snapshot: Snapshot) -> tuple[Topic, ...]:
    """On what somebody has to be asked for `row`; the rest stands in the snapshot."""
    if snapshot.restored or is_storming(row):
        return ()
    if row.kind is RowKind.PROBE and row.cell is not None:
        return (Topic.LOG, Topic.CHANGE, Topic.BEFORE)
    if row.kind not in (RowKind.ALERT, RowKind.GROUP) or not row.alerts:
        return ()
    topics = [Topic.BEFORE, Topic.BOOK]
    if rule_of(row.alerts[0], snapshot) is not None:
        topics.insert(0, Topic.NOW)
    if row.cell is not None:
        topics += [Topic.LOG, Topic.CHANGE]
    return tuple(topics)
