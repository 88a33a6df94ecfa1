"""The people, the rota and the escalation paths of `oncall.yaml`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from config.kinds import Name, TimeOfDay, Zone

Day = Annotated[
    Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    msgspec.Meta(title="one of mon, tue, wed, thu, fri, sat, sun"),
]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who can be on call."""

    name: Name
    """As it is shown."""
    level: Literal["L0", "L1", "L2", "L3", "L4"] = "L0"
    """Escalation level: L0 first line, L1 expert, L2 team lead, L3 director, L4 C-level."""
    title: str = ""
    """For instance `team lead` or `CIO`; escalation paths name it."""
    phone: str = ""
    """Shown at handover."""
    logins: tuple[str, ...] = ()
    """Login names by which the console knows them."""


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody takes somebody else's shift."""

    person: str
    """Key in `people`."""
    start: datetime
    """From, with a zone: `2026-11-22T09:00:00+08:00`."""
    end: datetime
    """Until, with a zone."""
    why: str = ""
    """The reason."""


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """People who take turns on some hours of the week."""

    name: Name
    """For instance `weekday`."""
    days: Annotated[tuple[Day, ...], msgspec.Meta(min_length=1)]
    """The days on which its hours begin."""
    start: TimeOfDay
    """Local time of day at which a shift begins: `09:00`."""
    end: TimeOfDay
    """Local time of day at which it ends; not after `start` means on the next day, and a shift
    belongs to the day on which it begins."""
    people: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Keys in `people`, in the order in which they take turns."""
    turn: Literal["day", "week"] = "week"
    """How long one person's turn is."""
    first: date
    """The day on which the first of `people` takes the turn. Weeks are counted from it, before
    it too; by the day, the days that have a shift."""
    backup_phone: str = ""
    """Whom to ring when the person does not answer."""


class Rota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is on call when."""

    zone: Zone = "UTC"
    """IANA time zone of the rotations' hours."""
    rotations: tuple[Rotation, ...] = ()
    """The first rotation that covers a moment decides."""
    overrides: tuple[Override, ...] = ()
    """Exceptions; they win over the rotations."""


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told next when a clock is breached, by priority: titles or keys in `people`."""

    P0: tuple[str, ...] = ("on-call", "team lead", "CIO", "CISO", "CEO")
    """For P0."""
    P1: tuple[str, ...] = ("on-call", "team lead", "CIO")
    """For P1."""
    P2: tuple[str, ...] = ("on-call", "team lead")
    """For P2."""
    P3: tuple[str, ...] = ("on-call",)
    """For P3."""
