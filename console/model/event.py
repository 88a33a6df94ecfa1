"""Anything that happened, and who did it. A timeline is a filter over these."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Final

import msgspec

from console.model.action import Effect
from console.model.run import StepState


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
    REPORT = "report"
    """A report was archived or sent, or an item of the daily inspection looked at."""


_TRIED: Final = frozenset(
    {StepState.RUNNING, StepState.PASSED, StepState.FAILED, StepState.MANUAL, StepState.UNKNOWN}
)


class Carried(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of a runbook, as the event about it has it. Its texts are safe to show."""

    run: str
    """`RUN-20261123-7f3`."""
    step: str
    state: StepState
    effect: Effect | None = None
    """`None`: nobody declared what it does."""
    service: str = ""
    """The registry's name of the service that the run is about."""
    host: str = ""
    """The registry's name of the host on which it ran; empty: where the console runs."""

    @property
    def acted(self) -> bool:
        """Whether it may have changed something: one that only looks, or that was left out, has
        not."""
        return self.effect not in (None, Effect.READ) and self.state in _TRIED


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
    carried: Carried | None = None
    """Of a step of a runbook; `None` for everything else, and for steps that consoles wrote down
    before they told this."""

    @property
    def acted(self) -> bool:
        """Whether it is about a step of a runbook that may have changed something."""
        return self.carried is not None and self.carried.acted
