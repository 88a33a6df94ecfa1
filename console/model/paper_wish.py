"""What a person asks to be written into the journal. Frozen, as all wishes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

import msgspec

if TYPE_CHECKING:  # every first frame has wishes, and few have a document
    from console.model.change import Change, ChangeState
    from console.model.daily import Tick
    from console.model.event import Event
    from console.model.incident import ActionItem, Incident, IncidentState, StatusUpdate
    from console.model.papers import ChangePaper, IncidentPaper, Sheet
    from console.model.run import Run


class OpenIncident(msgspec.Struct, frozen=True):
    """Write down a new incident. Its id, and the times that nobody gave, come by themselves."""

    action: ClassVar[str] = "row.incident"
    incident: Incident


class WriteIncident(msgspec.Struct, frozen=True):
    """Save what was edited of an incident."""

    action: ClassVar[str] = "paper.edit"
    opened: Sheet
    """The file as the form was opened on it."""
    before: Incident
    """What stood in it: what is equal in both was not touched by the person."""
    incident: Incident


class MoveIncident(msgspec.Struct, frozen=True):
    """Bring an incident to another state."""

    action: ClassVar[str] = "paper.move"
    paper: IncidentPaper
    to: IncidentState


class UpdateIncident(msgspec.Struct, frozen=True):
    """Say where things stand: conditions, actions, needs."""

    action: ClassVar[str] = "incident.update"
    paper: IncidentPaper
    update: StatusUpdate


class Note(msgspec.Struct, frozen=True):
    """Write down one line, now."""

    action: ClassVar[str] = "app.note"
    text: str
    incident: str = ""
    """The id of the incident in whose timeline it belongs; empty: in none yet."""
    change: str = ""
    """The same for a change."""
    subject: str = ""
    """What it is about, safe to show: `ServiceDown redis`."""
    key: str = ""
    """Fingerprint of the alert that it is about, if any."""


class WriteChange(msgspec.Struct, frozen=True):
    """Save what was edited of a change; without `opened` it is a new one."""

    action: ClassVar[str] = "paper.edit"
    change: Change
    opened: Sheet | None = None
    before: Change | None = None


class MoveChange(msgspec.Struct, frozen=True):
    """Bring a change to another state: submit, schedule, start, verify, accept, close, …"""

    action: ClassVar[str] = "paper.move"
    paper: ChangePaper
    to: ChangeState
    because: str = ""
    """Why it is rejected, cancelled or rolled back."""
    silences: bool = True
    """Starting makes the silence of its plan, and what ends it ends that."""


class ApproveChange(msgspec.Struct, frozen=True):
    """Agree to exactly the plan in `paper`."""

    action: ClassVar[str] = "change.approve"
    paper: ChangePaper
    note: str = ""


class ExceptFreeze(msgspec.Struct, frozen=True):
    """Allow exactly the plan in `paper` to be carried out in spite of a freeze."""

    action: ClassVar[str] = "change.except"
    paper: ChangePaper
    freeze: str
    """Its name."""
    why: str


class ReviewChange(msgspec.Struct, frozen=True):
    """Say, afterwards, what an emergency change was like."""

    action: ClassVar[str] = "change.review"
    paper: ChangePaper
    text: str


class Attach(msgspec.Struct, frozen=True):
    """Archive copies of files beside a document."""

    action: ClassVar[str] = "paper.attach"
    document_id: str
    files: tuple[str, ...]
    """Paths on this machine."""


class RewritePaper(msgspec.Struct, frozen=True):
    """Have a file of the journal say exactly this: it was edited as text."""

    action: ClassVar[str] = "paper.editor"
    opened: Sheet
    """The file as the editor was opened on it."""
    content: bytes
    document_id: str


class RestorePaper(msgspec.Struct, frozen=True):
    """Have a document again as it was: the inverse of what wrote it."""

    action: ClassVar[str] = "app.undo"
    before: Sheet
    """An empty blob: it was not there."""
    left: str
    """The blob that the effect left; another one there now is somebody else's work."""
    document_id: str


class KeepRun(msgspec.Struct, frozen=True):
    """Write down what a runbook's run has come to so far: its transcript."""

    action: ClassVar[str] = "run.keep"
    run: Run
    events: tuple[Event, ...] = ()
    """What happened in it just now, so that its incident tells of that too; twice is once."""


class KeepReport(msgspec.Struct, frozen=True):
    """Archive a report: all its files in one commit, in place of those of the same names."""

    action: ClassVar[str] = "summary.keep"
    name: str
    """Safe to show: `daily report 2026-11-22`."""
    files: tuple[tuple[str, bytes], ...]
    """Path in the journal, below `reports/`, and content."""


class TickInspection(msgspec.Struct, frozen=True):
    """Say that one item of a day's inspection was looked at."""

    action: ClassVar[str] = "inspection.tick"
    day: date
    item: str
    """Its name in the settings."""
    ok: bool | None
    """Whether it is as it ought to be; `None`: take the tick back."""
    value: float | None = None
    note: str = ""


class RestoreReport(msgspec.Struct, frozen=True):
    """Have the files of a report again as they were: the inverse of archiving it."""

    action: ClassVar[str] = "app.undo"
    name: str
    before: tuple[Sheet, ...]
    """An empty blob: that one was not there."""
    left: tuple[str, ...]
    """The blobs that the effect left, in the same order."""


class RestoreTick(msgspec.Struct, frozen=True):
    """Have the ticks of a day again as they were: the inverse of ticking, and of taking back."""

    action: ClassVar[str] = "app.undo"
    day: date
    gone: Tick | None = None
    """This very tick is to be gone."""
    back: Tick | None = None
    """This one is to be there again."""


class AddActionItem(msgspec.Struct, frozen=True):
    """Have something done about an alert that asks for much: an action item, from a noise row."""

    action: ClassVar[str] = "noise.action"
    item: ActionItem
    incident: str = ""
    """The id of the incident that gets it; empty: the review of noise of that week, an incident of
    P3 that is made where there is none yet."""
    review: str = ""
    """The title of that review: `Noisy alerts 2026-11-16 to 2026-11-22`."""
    services: tuple[str, ...] = ()


PaperWish = (
    OpenIncident
    | WriteIncident
    | MoveIncident
    | UpdateIncident
    | Note
    | WriteChange
    | MoveChange
    | ApproveChange
    | ExceptFreeze
    | ReviewChange
    | Attach
    | RewritePaper
    | RestorePaper
    | KeepRun
    | KeepReport
    | TickInspection
    | RestoreReport
    | RestoreTick
    | AddActionItem
)
