"""What carrying out a wish needs, and what comes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from config.history import Summary
from config.schema import Acks, Silences
from console.actions.acks.local_acks import LocalAcks
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.model.acting import Ended, Outcome
from console.model.event import Event
from console.model.failure import Failure
from console.model.freeze import Calendar
from console.model.policy import Policy
from console.model.snapshot import Snapshot
from console.model.wish import Wish
from console.safety.clock import Clock
from console.sources.alertmanager.cluster import AlertmanagerCluster

OpenBench = Callable[[], Awaitable[Bench | JournalFault]]


class Doing(msgspec.Struct, frozen=True):
    """One effect: who does it, by which record, and what it may touch."""

    clusters: Mapping[str, AlertmanagerCluster]
    """By name."""
    clock: Clock
    who: str
    """The person's name as it goes into `createdBy`."""
    acks: Acks
    silences: Silences
    policy: Policy
    local: LocalAcks | None
    """`None` where there is no folder to keep acks in."""
    kthxbye: frozenset[str]
    """Clusters in which kthxbye is seen to extend acks."""
    snapshot: Snapshot
    intent: str
    """Id of the record in the audit, hexadecimal; it goes into the comment of every silence."""
    bench: OpenBench | None = None
    """Opens the journal, and makes it where there is none."""
    calendar: Calendar = Calendar()
    """The windows and freezes of the settings."""
    standards: frozenset[str] = frozenset()
    """Names of the approved templates for standard changes."""
    audit_head: str = ""
    """Hash of the audit's last record, for the message of commits."""
    verified: bool = True
    """`who` is one person, not a login that several share."""

    summary: Summary = Summary()
    """What is looked at every day, and the chats that reports are sent to."""

    @property
    def now(self) -> datetime:
        """The present time, UTC."""
        return self.clock.now().wall


class Effected(msgspec.Struct, frozen=True):
    """What became of a wish, and how it is taken back."""

    outcome: Outcome
    inverse: Wish | None = None
    """What takes it back; `None` where nothing was done, or nothing can."""
    touched: tuple[str, ...] = ()
    """Clusters that should be read again."""
    event: Event | None = None
    """What goes into the event log, where the wish says it better than its outcome."""


def nothing_done(
    ended: Ended, text: str, *details: str, failures: tuple[Failure, ...] = ()
) -> Effected:
    """A wish of which nothing was done, and why."""
    return Effected(Outcome(ended, text, details, failures))
