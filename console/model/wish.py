"""What a person asks the console to do. Frozen, so that it crosses threads as it is.

A wish names exactly what it is about, as it was painted when the key was pressed: what slid
under the cursor meanwhile is never meant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from console.model.alert import Ack, Silence
from console.model.labels import Matcher
from console.model.paper_wish import PaperWish
from console.model.snapshot import KnownAlert
from console.model.worklist import Part


class AckWish(msgspec.Struct, frozen=True):
    """Take these alerts."""

    action: ClassVar[str] = "row.ack"
    alerts: tuple[KnownAlert, ...] = ()
    parts: tuple[Part, ...] = ()
    """What no Alertmanager knows of; its acks are kept in the shared folder."""
    note: str = ""
    lasts: timedelta | None = None
    """`None`: as the settings have it."""


class UnackWish(msgspec.Struct, frozen=True):
    """Give these acks up; their silences end."""

    action: ClassVar[str] = "row.unack"
    acks: tuple[Ack, ...]


class HandOverWish(msgspec.Struct, frozen=True):
    """These acks are `to`'s from now on: the same silences, with another owner."""

    action: ClassVar[str] = "row.hand-over"
    acks: tuple[Ack, ...]
    to: str
    """The person's name as it goes into `createdBy`."""


class SilenceWish(msgspec.Struct, frozen=True):
    """Silence whatever these matchers match; with `edits`, change that silence."""

    action: ClassVar[str] = "row.silence"
    clusters: tuple[str, ...]
    matchers: tuple[Matcher, ...]
    starts_at: datetime | None
    """`None`: now."""
    ends_at: datetime
    comment: str
    edits: Silence | None = None


class ExpireWish(msgspec.Struct, frozen=True):
    """End these silences now."""

    action: ClassVar[str] = "silences.expire"
    silences: tuple[Silence, ...]


class ExtendWish(msgspec.Struct, frozen=True):
    """Have these silences end later, each by as much."""

    action: ClassVar[str] = "silences.extend"
    silences: tuple[Silence, ...]
    by: timedelta


class RestoreWish(msgspec.Struct, frozen=True):
    """Have these silences again as they were: the inverse of all that changes one."""

    action: ClassVar[str] = "app.undo"
    silences: tuple[Silence, ...]
    acks: tuple[Ack, ...] = ()
    """The same for acks that the shared folder keeps."""
    left: tuple[Silence, ...] = ()
    """What the effect made of `silences`, in their order: what is otherwise now, somebody has
    changed since, and it is theirs. Empty: not known."""
    left_acks: tuple[Ack, ...] = ()
    """The same for `acks`, by their keys; one that was given up has none."""


class SendReport(msgspec.Struct, frozen=True):
    """Send a report to a chat. It cannot be taken back."""

    action: ClassVar[str] = "summary.send"
    webhook: str
    """Its name in the settings."""
    title: str
    """Safe to show."""
    text: str
    """Markdown as the report has it; what is special to the chat is made harmless on the way."""


AlertWish = AckWish | UnackWish | HandOverWish | SilenceWish | ExpireWish | ExtendWish | RestoreWish
Wish = AlertWish | PaperWish | SendReport
