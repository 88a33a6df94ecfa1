"""One thing that an incident or a change still asks of people."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from console.model.saying import Saying
from console.model.state import Priority


class NagKind(enum.StrEnum):
    LEAD = "lead"
    SEVERITY = "severity"
    POST_MORTEM = "post-mortem"
    ACTION = "action"
    REVIEW = "review"
    """Of an emergency change, by somebody else than who made it."""
    INSPECTION = "inspection"
    """The daily one: it belongs to no document."""


class Nag(msgspec.Struct, frozen=True):
    """One thing that is owed."""

    kind: NagKind
    incident: str
    """The id of the incident, or of the change, that asks for it; empty: no document does."""
    what: Saying
    """What is owed."""
    due: datetime
    owner: str = ""
    """Safe to show; empty where nobody has it."""
    title: str = ""
    """Of the incident or the change; safe to show."""
    since: datetime | None = None
    """When that was opened, or when the change was over; `None`: not known."""
    severity: Priority | None = None
    """Of the incident; `None`: it has none yet, or it is a change."""
    where: str = ""
    """The services that it is about, else the hosts; safe to show."""

    @property
    def text(self) -> str:
        """`what` in English."""
        return self.what.text

    def left(self, now: datetime) -> timedelta:
        """How long there is still; negative once it is overdue."""
        return self.due - now

    def is_overdue(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.due
