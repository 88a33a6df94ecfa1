"""What the writing thread is handed, and what it tells."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.model.history import Past, Sample
from console.model.policy import Policy
from console.model.remembering import Holder
from console.model.snapshot import Snapshot
from console.model.worklist import Worklist


class Plan(msgspec.Struct, frozen=True):
    """What is written, and where; from the settings."""

    folder: Path
    every_ms: int
    keep_samples_ms: int
    keep_ms: int
    policy: Policy
    records: bool = True
    """Otherwise it is only found out who else does."""


class End(msgspec.Struct, frozen=True):
    """The recording ends, and another one begins with the next sample."""

    why: str


Entry = End | Sample


class Handed(msgspec.Struct, frozen=True):
    """What one look gave."""

    plan: Plan
    entries: tuple[Entry, ...] = ()
    past: tuple[Past, ...] = ()
    picture: tuple[Snapshot, Worklist] | None = None
    """`None`: the episodes are not looked at this time."""
    is_doubted: bool = False
    """Every server that tells the time is far from this clock: nothing is old by it."""


class Standing(msgspec.Struct, frozen=True):
    """How the writing stands. Texts are safe to show."""

    path: str = ""
    writes: bool = False
    holder: Holder | None = None
    """Who writes, where that is somebody else."""
    fault: str = ""
    """Why nothing is written, or what was set aside; empty: nothing is wrong."""
    notice: str = ""
    """To be said once."""
    size_bytes: int = 0
