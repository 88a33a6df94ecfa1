"""What became of a wish, and what the console does on its own in a person's name."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from console.model.alert import Ack, Alert
from console.model.failure import Failure
from console.model.labels import Matcher
from console.model.papers import Clash


class Ended(enum.StrEnum):
    """How a wish ended."""

    DONE = "done"
    """All of it, and it was read back."""
    PARTLY = "partly"
    """Some of it; the details say what not."""
    KEPT = "kept"
    """Not sent: kept here, and sent when the server answers again."""
    DENIED = "denied"
    """Refused before anything was sent."""
    FAILED = "failed"
    """Nothing of it."""
    UNKNOWN = "unknown"
    """It may have been done: the answer was lost, and reading back gave none either."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a wish. All its texts are safe to show."""

    ended: Ended
    text: str
    """One line: `acked 3 alerts with 1 silence until 04:12 UTC`."""
    details: tuple[str, ...] = ()
    """What was left out, refused or is not known, one a line."""
    failures: tuple[Failure, ...] = ()
    silences: tuple[tuple[str, str], ...] = ()
    """Cluster and id of what was made or changed."""
    undo: Undoable | None = None
    document: str = ""
    """Id of the document that was written."""
    clash: Clash | None = None
    """Somebody else wrote that document meanwhile: both versions."""

    @property
    def well(self) -> bool:
        """Whether the person got all that was asked for."""
        return self.ended in (Ended.DONE, Ended.KEPT)


class Undoable(msgspec.Struct, frozen=True):
    """What `u` takes back, and until when."""

    text: str
    """Safe to show: `ack of 3 alerts`."""
    until_mono: float
    """By the monotonic clock, in seconds."""


class PlannedSilence(msgspec.Struct, frozen=True):
    """One silence of a plan."""

    cluster: str
    matchers: tuple[Matcher, ...]
    covers: tuple[str, ...]
    """Fingerprints of the wanted alerts that it matches."""
    strangers: tuple[Alert, ...] = ()
    """What it matches on the server now although nobody asked for it."""
    counted: bool = False
    """The server was asked; else the count is of what was known here."""
    joins: bool = False
    """It mutes what joins later, and more than a pod that came back: it names no instance."""


class Plan(msgspec.Struct, frozen=True):
    """What an ack would do: what `--dry-run` and the question before a bulk show."""

    silences: tuple[PlannedSilence, ...] = ()
    kept_here: tuple[str, ...] = ()
    """Keys of what is acked in the shared folder, as no Alertmanager knows it."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Fingerprint or key, and why it cannot be acked; safe to show."""
    failures: tuple[Failure, ...] = ()


class Extender(enum.StrEnum):
    """Who keeps an ack from lapsing."""

    KTHXBYE = "kthxbye"
    CONSOLE = "this console"
    """For as long as it is open."""
    OTHER = "the owner's console"
    NOBODY = "nobody"


class HeldAck(msgspec.Struct, frozen=True):
    """One ack as somebody looks after it."""

    ack: Ack
    extended_by: Extender
    mine: bool
    covers: int
    """Alerts that it holds now."""
    is_old: bool = False
    """Older than the settings' `remind_after`."""


class Acting(msgspec.Struct, frozen=True):
    """What the console does, and can take back; part of every update."""

    held: tuple[HeldAck, ...] = ()
    """Every ack there is."""
    undo: Undoable | None = None
    audit_fault: str = ""
    """Why effects are recorded in memory only; empty where the audit is written. Safe to show."""
    waiting: int = 0
    """Acks that are kept here and have yet to be sent."""

    def of(self, ack: Ack) -> HeldAck | None:
        """Who looks after `ack`."""
        return next(
            (
                one
                for one in self.held
                if one.ack.silence_id == ack.silence_id and one.ack.cluster == ack.cluster
            ),
            None,
        )


def lapses(acting: Acting, now: datetime) -> tuple[tuple[HeldAck, timedelta], ...]:
    """My acks that end when this console is closed, the soonest first, with what is left."""
    mine = [
        (one, one.ack.until - now)
        for one in acting.held
        if one.mine and one.extended_by in (Extender.CONSOLE, Extender.NOBODY)
    ]
    return tuple(sorted(mine, key=lambda pair: pair[1]))
