"""Log lines of a service, as whatever runs it kept them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.safety.text import Raw

MAX_LINES = 5_000
"""The most lines of one answer, and the most that a follower keeps."""


class LogRequest(msgspec.Struct, frozen=True):
    """Which lines of which service."""

    service: str
    """The service's name in the registry, or a host's cell: `host:data-1`."""
    since: datetime | None = None
    """Aware UTC; `None`: from the oldest line that `tail` allows."""
    until: datetime | None = None
    """Aware UTC; `None`: to the newest."""
    tail: int = MAX_LINES
    """The newest so many of those; more than `MAX_LINES` is cut to that."""


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line, without the time that the runner put in front of it."""

    at: datetime | None
    """Aware UTC, when the runner received it; `None` where none was given."""
    text: Raw
    by: str = ""
    """Which container of which pod wrote it, `api-7c9-x2/api`, where Kubernetes told; as it
    came, and so never to be shown: `text` names it where several write."""


class LogAnswer(msgspec.Struct, frozen=True):
    """The lines that were asked for, oldest first, the end of the stretch where it was long."""

    lines: tuple[LogLine, ...]
    truncated: bool
    """There were more lines than are here: some of the older ones are missing."""
    command: str
    """What a person types to see the same, with `ssh` where it is far. Safe to show."""
    source: str
    """Who kept the lines, safe to show: `docker redis on data-1`."""
    said: str = ""
    """What has to be known about them, safe to show: `the container has ended`; else empty."""
