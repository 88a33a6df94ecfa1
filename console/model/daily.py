"""What one day comes to, and the daily inspection. Texts are safe to show unless they are `Raw`."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from console.model.history import Bout, KnownBy, Sight
from console.model.nag import NagKind
from console.model.saying import Saying, Sourced
from console.model.summary import (
    Availability,
    ChangeLine,
    Exclusion,
    Figure,
    Gap,
    IncidentLine,
    Noise,
    Observation,
    Response,
    Week,
)


class Tick(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody looked at one item of the inspection."""

    item: str
    """The item's name."""
    at: datetime
    by: str
    ok: bool
    """Whether it is as it ought to be."""
    value: float | None = None
    """What was read off, where the item asks for a figure; in the item's unit."""
    note: str = ""


class InspectionItem(msgspec.Struct, frozen=True):
    """One thing that is looked at every day."""

    name: str
    """By which it is kept; unique."""
    text: str
    """What to look at."""
    objective: str = ""
    """The objective of which its value is the day's figure; empty: none."""
    tick: Tick | None = None
    """The latest; `None`: nobody has looked yet."""
    measured: Figure | None = None
    """What the console knows of it already; `None`: nothing."""


class Inspection(msgspec.Struct, frozen=True):
    """The inspection of one day: it looks at the day before."""

    day: date
    due: datetime
    items: tuple[InspectionItem, ...]

    @property
    def left(self) -> int:
        """How many items nobody has looked at."""
        return sum(one.tick is None for one in self.items)

    @property
    def is_done(self) -> bool:
        """Whether every item was looked at."""
        return self.left == 0

    @property
    def done_at(self) -> datetime | None:
        """When the last item was looked at; `None`: some was not."""
        if not self.items or not self.is_done:
            return None
        return max(one.tick.at for one in self.items if one.tick is not None)


class ServiceDay(msgspec.Struct, frozen=True):
    """One service on the day."""

    service: str
    place: str
    owner: str
    critical: bool
    availability: Availability
    last: Sight | None
    """How it was at the end of the period; `None`: nobody saw."""
    p95_ms: float | None
    outages: int
    source: str = ""
    known_by: tuple[KnownBy, ...] = ()
    """Where one source filled the gaps of another; empty: all of it is from `source`."""


class DoneStep(msgspec.Struct, frozen=True):
    """A step of a runbook that was carried out."""

    at: datetime
    who: str
    run: str
    step: str
    host: str
    state: str
    """A `StepState`'s word."""


class Owed(msgspec.Struct, frozen=True):
    """Something that an incident or a change owes, and that is overdue."""

    document: str
    """The id of the incident or of the change."""
    kind: NagKind
    what: Saying
    due: datetime
    owner: str = ""
    """Empty: nobody has it."""


class FreezeLine(msgspec.Struct, frozen=True):
    """A freeze that was in force on the day."""

    name: str
    until: datetime | None
    """When it ends; `None`: it has no end."""


class Now(msgspec.Struct, frozen=True):
    """What is known of the present of one thing."""

    key: str
    """A heading's: `silences`, `certificates`, `disks`, `drift`, `runbooks`, `handover`."""
    lines: tuple[Saying, ...] = ()
    """None: there is nothing to tell."""
    more: int = 0
    """How many others are left out."""


class Daily(Sourced, msgspec.Struct, frozen=True):
    """The report of one day."""

    environment: str
    zone: str
    day: date
    start: datetime
    end: datetime
    """The end of the day, or the present moment where that is earlier."""
    made_at: datetime
    services: tuple[ServiceDay, ...]
    total: Availability
    least_coverage: float
    responses: tuple[Response, ...]
    noise: tuple[Noise, ...]
    longest: tuple[Bout, ...]
    """The five that fired for the longest within the day."""
    active: tuple[IncidentLine, ...]
    """Open at the end of the day."""
    settled: tuple[IncidentLine, ...]
    """Mitigated or resolved on the day, and not closed on it."""
    closed: tuple[IncidentLine, ...]
    """Closed on the day."""
    overdue: tuple[Owed, ...]
    """What incidents and changes owe and is overdue at the end of the day."""
    changes: tuple[ChangeLine, ...]
    """Carried out on the day."""
    upcoming: tuple[ChangeLine, ...]
    """Whose windows begin within 48 hours after it."""
    freezes: tuple[FreezeLine, ...]
    """In force on the day."""
    exclusions: tuple[Exclusion, ...]
    steps: tuple[DoneStep, ...]
    figures: tuple[Figure, ...]
    gaps: tuple[Gap, ...]
    now: tuple[Now, ...] = ()
    """What is known of the present alone. Left out for a day that is over: nobody knows any
    more."""
    inspection: Inspection | None = None
    observation: Observation | None = None
    made_from: tuple[Saying, ...] = ()
    to_know: tuple[Saying, ...] = ()


class Kpi(Sourced, msgspec.Struct, frozen=True):
    """The key figures of some days."""

    environment: str
    zone: str
    first: date
    last: date
    start: datetime
    end: datetime
    made_at: datetime
    figures: tuple[Figure, ...]
    """Measured or not."""
    made_from: tuple[Saying, ...] = ()
    to_know: tuple[Saying, ...] = ()


AnyReport = Week | Daily | Kpi
"""All that is written, archived and sent alike."""
