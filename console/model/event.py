"""Anything that happened, and who did it. A timeline is a filter over these."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec


class EventKind(enum.StrEnum):
    FIRED = "fired"
    RESOLVED = "resolved"
    LOST = "lost"
    ACKED = "acked"
    UNACKED = "unacked"
    HANDED_OVER = "handed over"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    UNDONE = "undone"
    REMINDER = "reminder"
    """Something that a person took long ago, or that is about to lapse."""
    STORM = "storm"
    SOURCE = "source"
    CELL = "cell"
    SETTINGS = "settings"
    CONSOLE = "console"
    RELEASE = "release"
    """A service tells another version of itself than before."""
    SHELL = "shell"
    """A person opened a shell, and left it."""
    NOTE = "note"
    """A person wrote it down."""
    UPDATE = "update"
    """Where things stand: conditions, actions, needs."""
    INCIDENT = "incident"
    """An incident was opened, or went to another state."""
    CHANGE = "change"
    """A change went to another state, or somebody agreed to it."""
    STEP = "step"
    """A step of a runbook was carried out, skipped or ticked off."""


class Event(msgspec.Struct, frozen=True):
    """One line of the event log. Its texts are safe to show."""

    at: datetime
    kind: EventKind
    subject: str
    """What it is about: an alert's name and place, a source, a service."""
    text: str
    who: str = ""
    """The person, where one did it; empty for what the world did."""
    key: str = ""
    """Fingerprint, source or service, for filters."""
    link: str = ""
    """Where it can be seen: an address, or a file in the journal; raw."""
    documents: tuple[str, ...] = ()
    """Ids of the incidents and changes in whose timelines it stands."""
