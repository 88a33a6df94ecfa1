"""What the engine hands to whoever looks: screens, the command line, later the watcher."""

from __future__ import annotations

import msgspec

from console.model.acting import Acting
from console.model.event import Event
from console.model.papers import Papers
from console.model.run import Runs
from console.model.snapshot import Snapshot
from console.model.worklist import Worklist


class Update(msgspec.Struct, frozen=True):
    """The world at one moment, judged. Immutable, so that it crosses threads as it is."""

    number: int
    """Counts up by one from 0 within one engine."""
    snapshot: Snapshot
    worklist: Worklist
    events: tuple[Event, ...] = ()
    """The newest first; as many as the event log keeps."""
    acting: Acting = Acting()
    """What the console does in the person's name, and what can be taken back."""
    papers: Papers = Papers()
    """The journal: incidents, changes, drafts, and how it stands."""
    runs: Runs = Runs()
    """The runbooks that are being worked through, and what becomes of their steps."""
    build_s: float = 0.0
    """How long snapshot and worklist took to make, in seconds."""
