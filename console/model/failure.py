"""What went wrong between the console and a source, as a value that becomes a row."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec


class FailureKind(enum.StrEnum):
    """Why no usable answer came, in a word."""

    REFUSED = "refused"
    DNS = "dns"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    RESET = "reset"
    PROTOCOL = "protocol"
    STATUS = "status"
    NOT_SERVED = "not served"
    """404 for a part that servers of other makes leave out: Mimir scrapes nothing."""
    AUTH = "auth"
    RATE = "rate"
    TOO_BIG = "too big"
    SCHEMA = "schema"
    PARTIAL = "partial"
    STARTING = "starting"
    FORBIDDEN = "forbidden"
    SETTINGS = "settings"
    INTERNAL = "internal"


class Failure(msgspec.Struct, frozen=True):
    """A source, or one part of it, gave no usable answer. All its texts are safe to show."""

    source: str
    part: str
    """What was asked for: `alerts`, `silences`, `rules`, `targets`, `health`, …"""
    kind: FailureKind
    cause: str
    """What came, in plain words: `refused the connection at 127.0.0.1:9093`."""
    expected: str
    """What should have come: `a JSON list of alerts`."""
    remedy: str
    """What to do about it."""
    at: datetime
    """When this try failed. Since when the source is sick is the fleet's to remember."""
    curl: str = ""
    """The command that repeats the request, with secrets masked."""
    retry_after_s: float | None = None
    """How long the server asked to be left alone, capped by the client."""
