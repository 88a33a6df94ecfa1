"""What the room needs of the engine around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from console.model.event import Event
from console.model.snapshot import Snapshot

if TYPE_CHECKING:
    from console.engine.acting import ActingDesk
    from console.engine.papers import PapersDesk
    from console.sources.reach import Reach


class World(Protocol):
    """The engine, as runs know it."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The world as last shown; `None` before there is one."""

    @property
    def reach(self) -> Reach | None:
        """The hosts as places where commands run; `None` before the watch has begun."""

    @property
    def acting(self) -> ActingDesk:
        """Decides, and keeps the record."""

    @property
    def papers(self) -> PapersDesk:
        """The journal."""

    def note(self, event: Event) -> None:
        """Put something into the event log."""

    def runs_changed(self) -> None:
        """The runs are others than were shown."""
