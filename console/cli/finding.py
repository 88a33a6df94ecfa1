"""What `oncall doctor` finds, as a value."""

from __future__ import annotations

import enum

import msgspec


class Grade(enum.Enum):
    """How bad a finding is."""

    FINE = "ok"
    NOTE = "note"
    """Worth knowing; the console works."""
    FAULT = "fault"
    """Something that was set up does not work."""


class Finding(msgspec.Struct, frozen=True):
    """One line. All texts are safe to show."""

    topic: str
    grade: Grade
    subject: str
    said: str
    remedy: str
    """What to do; empty where nothing is wrong."""
