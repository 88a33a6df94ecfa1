"""The lines of a history that is handed over: JSON with `kind` and the fields below.

Times are as the names of their fields say: `_ms` and `_us` since 1970, hours counted since 1970.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from console.history.episodes import moment_of, us_of
from console.history.holding import DAY_MS, HOUR_MS, MOST_AT_MS
from console.history.packing import MOST_BUCKET
from console.model.history import Bout, Origin, Past
from console.model.state import Priority
from console.safety.jsontext import json_line
from console.safety.text import Raw, visible

SCHEMA_VERSION: Final = 1

Moment = Annotated[int, Meta(ge=0, le=MOST_AT_MS)]
Micros = Annotated[int, Meta(ge=0, le=MOST_AT_MS * 1000)]
Text = Annotated[str, Meta(max_length=16_384)]
Name = Annotated[str, Meta(min_length=1, max_length=16_384)]
SightWord = Literal["up", "slow", "down", "unknown"]
Count = Annotated[int, Meta(ge=1, le=1 << 53)]
Took = Annotated[float, Meta(ge=0)]

WORDS: Final[tuple[SightWord, ...]] = ("up", "slow", "down", "unknown")
"""By a sight's number."""


class Head(msgspec.Struct, frozen=True, tag="history", tag_field="kind"):
    """The first line."""

    schema_version: int
    start_ms: Moment
    end_ms: Moment


class RecordingLine(msgspec.Struct, frozen=True, tag="recording", tag_field="kind"):
    """Before anything of it."""

    id: int
    """Within this file."""
    origin: Origin
    by: Text
    began_ms: Moment
    every_ms: Annotated[int, Meta(ge=1, le=DAY_MS)]
    ended_ms: Moment | None
    why_ended: Text


class StretchesLine(msgspec.Struct, frozen=True, tag="stretches", tag_field="kind"):
    """How one service was seen in one recording; without a service: when it recorded at all."""

    recording: int
    service: Text
    stretches: tuple[tuple[Moment, Moment, SightWord], ...]
    """Start, end, and how."""


class HoursLine(msgspec.Struct, frozen=True, tag="hours", tag_field="kind"):
    """How long answers of one service took, by hours."""

    recording: int
    service: Name
    hours: tuple[
        tuple[
            Annotated[int, Meta(ge=0, le=MOST_AT_MS // HOUR_MS)],
            Annotated[int, Meta(ge=0, le=1 << 53)],
            tuple[tuple[Annotated[int, Meta(ge=-MOST_BUCKET, le=MOST_BUCKET)], Count], ...],
        ],
        ...,
    ]
    """The hour since 1970, its samples, and buckets with their counts."""


class SamplesLine(msgspec.Struct, frozen=True, tag="samples", tag_field="kind"):
    """Of one moment."""

    recording: int
    at_ms: Moment
    samples: tuple[tuple[Name, SightWord, Took | None], ...]
    """Service, how it was, and how many milliseconds its answer took."""


class BoutLine(msgspec.Struct, frozen=True, tag="bout", tag_field="kind"):
    """One episode."""

    key: Text
    alert: Text
    where: Text
    service: Text
    priority: Annotated[int, Meta(ge=0, le=3)]
    start_us: Micros
    acked_us: Micros | None
    acked_by: Text
    silenced_us: Micros | None
    resolved_us: Micros | None
    seen_us: Micros | None
    respond_us: Micros | None
    resolve_us: Micros | None
    source: Text
    fingerprint: Text


class PastLine(msgspec.Struct, frozen=True, tag="past", tag_field="kind"):
    """One event."""

    at_us: Micros
    event: Text
    subject: Text
    text: Text
    who: Text
    key: Text


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The last line."""

    lines: int
    """Before it."""


Line = Head | RecordingLine | StretchesLine | HoursLine | SamplesLine | BoutLine | PastLine | End


_DECODER: Final = msgspec.json.Decoder(Line)


def line_of(line: Line) -> bytes:
    """A line with its break: printable ASCII."""
    return json_line(line).encode() + b"\n"


def read_line(text: bytes) -> Line:
    """What a line says.

    Raises:
        ValueError: it is none; the text says what was expected.
    """
    try:
        line: Line = _DECODER.decode(text)
        return line
    except RecursionError as error:
        raise ValueError("a line that is nested too deep") from error
    except msgspec.DecodeError:
        if b"\\ud" not in text.lower():
            raise
    # A lone surrogate, which msgspec does not read and a label may well have.
    try:
        line = msgspec.convert(json.loads(text), Line)
    except RecursionError as error:
        raise ValueError("a line that is nested too deep") from error
    return line


def bout_line(bout: Bout) -> BoutLine:
    """The line of an episode."""
    return BoutLine(
        key=bout.key,
        alert=bout.alert.exact,
        where=bout.where.exact,
        service=bout.service,
        priority=int(bout.priority),
        start_us=us_of(bout.start),
        acked_us=_us(bout.acked_at),
        acked_by=bout.acked_by,
        silenced_us=_us(bout.silenced_at),
        resolved_us=_us(bout.resolved_at),
        seen_us=_us(bout.seen_at),
        respond_us=_us(bout.respond_by),
        resolve_us=_us(bout.resolve_by),
        source=bout.source,
        fingerprint=bout.fingerprint,
    )


def bout_in(line: BoutLine) -> Bout:
    """The episode of a line; what is said to be safe to show is made so."""
    return Bout(
        key=line.key,
        alert=Raw(line.alert),
        where=Raw(line.where),
        service=line.service,
        priority=Priority(line.priority),
        start=moment_of(line.start_us),
        acked_at=_at(line.acked_us),
        acked_by=visible(line.acked_by),
        silenced_at=_at(line.silenced_us),
        resolved_at=_at(line.resolved_us),
        seen_at=_at(line.seen_us),
        respond_by=_at(line.respond_us),
        resolve_by=_at(line.resolve_us),
        source=visible(line.source),
        fingerprint=visible(line.fingerprint),
    )


def past_line(past: Past) -> PastLine:
    """The line of an event."""
    return PastLine(us_of(past.at), past.kind, past.subject, past.text, past.who, past.key)


def past_in(line: PastLine) -> Past:
    """The event of a line; its texts are made safe to show."""
    kind, subject, text, who = map(visible, (line.event, line.subject, line.text, line.who))
    return Past(moment_of(line.at_us), kind, subject, text, who, line.key)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else us_of(moment)


def _at(us: int | None) -> datetime | None:
    return None if us is None else moment_of(us)
