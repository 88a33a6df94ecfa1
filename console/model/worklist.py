"""The rows in the order in which they should be worked."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from console.model.alert import Ack, Silence
from console.model.failure import Failure
from console.model.nag import Nag
from console.model.snapshot import KnownAlert, Standing
from console.model.state import Priority, State
from console.safety.clock import Instant
from console.safety.text import Raw


class Episode(msgspec.Struct, frozen=True):
    """One continuous firing of one alert. What is saved so that its clocks survive."""

    key: str
    """The alert's identity: its fingerprint without the ignored labels."""
    start: datetime
    """The earliest `startsAt` seen: a restarted Prometheus does not re-arm the clocks."""
    first_seen: datetime
    """When a console first saw it; what storms are counted by."""
    responded_at: datetime | None = None
    responded_by: str = ""
    """Who acked first, safe to show; empty when nobody has."""
    resolved_at: datetime | None = None
    """When its resolution was proven; the episode ends `episode_gap` later."""
    seen_at: datetime | None = None
    """When a source last said it, to about ten minutes; what bounds an episode that ended
    while no console was open to see the proof."""
    found: str = ""
    """Of what our own checks found wrong: the title of its row, until one finds it well. Empty
    where they found nothing, or got no answer."""
    found_at: str = ""
    """The place that `found` is about."""


class Step(enum.StrEnum):
    """What has to happen next on a row, and so which clock is counting."""

    ACK = "ack"
    FIX = "fix"
    DUE = "due"
    """What an incident or a change asks for: until when."""
    NONE = "--"


class Clocks(msgspec.Struct, frozen=True):
    """The two SLA clocks of a row: wall-clock deadlines."""

    respond_by: datetime
    resolve_by: datetime
    responded_at: datetime | None = None

    @property
    def step(self) -> Step:
        """Ack while nobody has responded, fix from then on."""
        return Step.ACK if self.responded_at is None else Step.FIX

    @property
    def due(self) -> datetime:
        """The deadline that counts now."""
        return self.respond_by if self.responded_at is None else self.resolve_by

    def breached(self, now: datetime) -> bool:
        """Whether the deadline that counts now has passed."""
        return now > self.due


class RowKind(enum.StrEnum):
    ALERT = "alert"
    GROUP = "group"
    """Several alerts, worked as one."""
    PROBE = "probe"
    """A service whose probe fails and about which no alert fires."""
    SOURCE = "source"
    """A source that gives no usable answer, or a watchdog that is missing."""
    OLD = "old"
    """Everything that has been firing for longer than `fold_after`."""
    OWED = "owed"
    """What an incident or a change still asks of people. No alert."""


class Lane(enum.StrEnum):
    """Which part of the list a row stands in; outside a storm every row is `MAIN`."""

    APART = "apart"
    """In a storm: not part of it. Shown first."""
    MAIN = "main"
    STORM = "storm"


class Part(msgspec.Struct, frozen=True):
    """Something on the worklist that is no alert: a failing check, a sick source."""

    key: str
    """Of its episode, and by which it is acked: `probe:redis`, `source:am`."""
    name: str
    """Safe to show."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One thing to work on."""

    key: str
    """Stable for as long as the row lives, so that a cursor can stay on it."""
    kind: RowKind
    priority: Priority
    state: State
    standing: Standing
    title: Raw
    """The alert's name; for a group made by another label, that label and its value."""
    where: Raw
    """`redis@data-1`: the service and where it lives; else the instance."""
    summary: Raw
    since: datetime
    """When the earliest of its episodes began."""
    step: Step
    clocks: Clocks | None = None
    """`None` where no clock runs: silenced, pending, or folded."""
    alerts: tuple[KnownAlert, ...] = ()
    """The alerts in it, most urgent first."""
    cell: str | None = None
    acked_by: Raw | None = None
    """Owner of the newest ack when every alert in the row is acked; of what is owed, who owes it.
    """
    acked_at: datetime | None = None
    acked_count: int = 0
    acks: tuple[Ack, ...] = ()
    """Every ack on it, each once, the newest first."""
    parts: tuple[Part, ...] = ()
    """By which what is no alert in it is acked: failing checks, sick sources."""
    ended: Silence | None = None
    """The silence that ended within the last hour and had kept it quiet until then."""
    fired: int = 0
    """How often the most restless of its alerts came in the last 24 hours; 0 where nobody
    counted more than once."""
    flaps: bool = False
    """It comes and goes: `fired` is past what the settings call flapping."""
    by_priority: tuple[int, int, int, int] = (0, 0, 0, 0)
    is_new: bool = False
    """Its newest episode was first seen in the last minute."""
    lane: Lane = Lane.MAIN
    failure: Failure | None = None
    """For a sick source."""
    shared: tuple[tuple[str, Raw, int], ...] = ()
    """Labels that most of its alerts share: name, value, how many; the best first."""
    document: str = ""
    """Id of the incident or change that asks for something; empty for other kinds."""
    owed: tuple[Nag, ...] = ()
    """What it asks for, the first due in front."""

    @property
    def count(self) -> int:
        """Alerts in the row."""
        return len(self.alerts)


class PriorityCount(msgspec.Struct, frozen=True):
    """How many alerts of one priority there are. Alerts, not rows: nothing is hidden."""

    total: int = 0
    new: int = 0
    acked: int = 0
    old: int = 0


class Counts(msgspec.Struct, frozen=True):
    """What the line under the header says."""

    by_priority: tuple[PriorityCount, PriorityCount, PriorityCount, PriorityCount] = (
        PriorityCount(),
        PriorityCount(),
        PriorityCount(),
        PriorityCount(),
    )
    """Neither silenced, inhibited, muted nor pending ones. Failing checks and sick sources that
    no alert speaks of are among them."""
    silenced: int = 0
    inhibited: int = 0
    muted: int = 0
    pending: int = 0
    lost: int = 0
    stale: int = 0
    resolved: int = 0
    total: int = 0
    """All known alerts of every kind; what the sources hold."""
    known: bool = False
    """The worklist is of what the sources say now: a 0 is one. Else more may fire than is told."""


class Suspect(msgspec.Struct, frozen=True):
    """A label that may explain a storm."""

    name: str
    value: Raw
    inside: int
    """How many of the storm's alerts carry it."""
    storm_total: int
    outside: int
    """How many alerts that are not in the storm carry it."""


class Storm(msgspec.Struct, frozen=True):
    """More new alerts than a person can read one by one."""

    since: datetime
    alerts: int
    rows: int
    new_per_minute: int
    falling: bool
    suspects: tuple[Suspect, ...] = ()
    first: tuple[str, ...] = ()
    """Fingerprints of the first alerts of the storm, oldest first."""


class Worklist(msgspec.Struct, frozen=True):
    """What triage makes of a snapshot."""

    at: Instant
    rows: tuple[Row, ...] = ()
    counts: Counts = Counts()
    storm: Storm | None = None
    episodes: tuple[Episode, ...] = ()
    """To be saved, so that clocks survive the console."""
    old: tuple[Row, ...] = ()
    """What the row of kind OLD folds."""
    group_by: tuple[str, ...] = ()
    """By what its rows were made, as in the policy."""
    reordered: bool = True
    """In a storm the order is held: `False` when `O` would re-sort the rows."""

    @property
    def unfolded(self) -> tuple[Row, ...]:
        """All rows, each alert once: what is folded for its age stands in rows of its own."""
        return tuple(row for row in (*self.rows, *self.old) if row.kind is not RowKind.OLD)
