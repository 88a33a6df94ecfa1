"""What is asked of the journal in words: for the audit, the event log, and for `u`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, assert_never

from console.model.acting import Ended, Outcome
from console.model.event import Event, EventKind
from console.model.paper_wish import (
    AddActionItem,
    ApproveChange,
    Attach,
    ExceptFreeze,
    KeepReport,
    KeepRun,
    MoveChange,
    MoveIncident,
    Note,
    OpenIncident,
    PaperWish,
    RestorePaper,
    RestoreReport,
    RestoreTick,
    ReviewChange,
    RewritePaper,
    TickInspection,
    UpdateIncident,
    WriteChange,
    WriteIncident,
)
from console.model.words import many
from console.safety.text import visible

TITLE_CELLS: Final = 80
_NAME_CELLS: Final = 40
_TEXT_CELLS: Final = 400
_SAID_CELLS: Final = 2_000


def named(document_id: str, title: str) -> str:
    """`INC-20261122-7f3 redis down`, safe to show."""
    return visible(f"{document_id} {title}".strip(), cells=TITLE_CELLS)


def one_line(text: str) -> str:
    """What a person wrote, on one line for the event log, safe to show."""
    return visible(text.strip(), cells=_SAID_CELLS)


def fields_text(names: Iterable[str]) -> str:
    """`lead, why`: names of fields as a person knows them, safe to show."""
    plain = (one.removeprefix("prose.").removeprefix("plan.") for one in names)
    return visible(", ".join(one.replace("_", " ") for one in plain), cells=_TEXT_CELLS)


def what_of_paper(wish: PaperWish) -> str:
    """What is done, safe to show: `INC-20261122-7f3 to mitigated`."""
    match wish:
        case OpenIncident():
            return f"new incident {_title(wish.incident.title or wish.incident.prose.what)}"
        case WriteIncident():
            return f"edit of {_id(wish.incident.id)}"
        case MoveIncident():
            return f"{_id(wish.paper.incident.id)} to {wish.to}"
        case UpdateIncident():
            return f"status update of {_id(wish.paper.incident.id)}"
        case Note():
            to = _id(wish.incident or wish.change)
            return f"note to {to}" if to else "note"
        case WriteChange() if wish.opened is None:
            return f"new change {_title(wish.change.title)}"
        case WriteChange():
            return f"edit of {_id(wish.change.id)}"
        case MoveChange():
            return f"{_id(wish.paper.change.id)} to {wish.to}"
        case ApproveChange():
            return f"approval of {_id(wish.paper.change.id)}"
        case ExceptFreeze():
            freeze = visible(wish.freeze, cells=_NAME_CELLS)
            return f"exception of {_id(wish.paper.change.id)} from {freeze}"
        case ReviewChange():
            return f"review of {_id(wish.paper.change.id)}"
        case Attach():
            return f"{many(len(wish.files), 'attachment')} to {_id(wish.document_id)}"
        case RewritePaper():
            return f"edit of {_id(wish.document_id)} as text"
        case RestorePaper():
            return f"taking back of what was written into {_id(wish.document_id)}"
        case KeepRun():
            return f"transcript of {_id(wish.run.id)}"
        case KeepReport():
            return f"archive of {_title(wish.name)}"
        case TickInspection():
            verb = "taking back of a tick" if wish.ok is None else "tick"
            return f"{verb}: {_item(wish)}"
        case RestoreReport():
            return f"taking back of {_title(wish.name)}"
        case RestoreTick():
            return f"taking back in the inspection of {wish.day.isoformat()}"
        case AddActionItem():
            to = _id(wish.incident) or _title(wish.review)
            return f"action item for {to}" if to else "action item"
        case _:
            assert_never(wish)


def subjects_of_paper(wish: PaperWish) -> tuple[str, ...]:
    """What it is about, each safe to show."""
    match wish:
        case OpenIncident():
            return (_title(wish.incident.title or wish.incident.prose.what),)
        case WriteIncident():
            return (named(wish.incident.id, wish.incident.title),)
        case MoveIncident() | UpdateIncident():
            return (named(wish.paper.incident.id, wish.paper.incident.title),)
        case Note():
            found = (wish.incident, wish.change, wish.subject)
            return tuple(visible(one, cells=_TEXT_CELLS) for one in found if one)
        case WriteChange():
            return (named(wish.change.id, wish.change.title),)
        case MoveChange() | ApproveChange() | ExceptFreeze() | ReviewChange():
            return (named(wish.paper.change.id, wish.paper.change.title),)
        case Attach():
            files = (visible(one, cells=_TEXT_CELLS) for one in wish.files)
            return (_id(wish.document_id), *files)
        case RewritePaper():
            return (_id(wish.document_id), visible(wish.opened.path, cells=_TEXT_CELLS))
        case RestorePaper():
            return (_id(wish.document_id), visible(wish.before.path, cells=_TEXT_CELLS))
        case KeepRun():
            run = wish.run
            about = (run.runbook.name, run.subject, run.incident, run.change)
            return (_id(run.id), *(visible(one, cells=_TEXT_CELLS) for one in about if one))
        case KeepReport():
            paths = (visible(path, cells=_TEXT_CELLS) for path, _ in wish.files)
            return (_title(wish.name), *paths)
        case TickInspection():
            return (_item(wish),)
        case RestoreReport():
            return tuple(visible(one.path, cells=_TEXT_CELLS) for one in wish.before)
        case RestoreTick():
            return tuple(one.item for one in (wish.gone, wish.back) if one is not None)
        case AddActionItem():
            given = (wish.incident, wish.review, wish.item.text, *wish.services)
            return tuple(visible(one, cells=_TEXT_CELLS) for one in given if one)
        case _:
            assert_never(wish)


def why_of_paper(wish: PaperWish) -> str:
    """The note that the person wrote, safe to show."""
    match wish:
        case Note():
            text = wish.text
        case MoveChange():
            text = wish.because
        case ApproveChange():
            text = wish.note
        case ExceptFreeze():
            text = wish.why
        case ReviewChange():
            text = wish.text
        case UpdateIncident():
            text = wish.update.text
        case TickInspection():
            text = wish.note
        case _:
            return ""
    return visible(text, cells=_TEXT_CELLS)


def event_of_paper(wish: PaperWish, outcome: Outcome, who: str, at: datetime) -> Event | None:
    """The line of the event log for what was not written; what was has its own event."""
    if outcome.ended in (Ended.DENIED, Ended.DONE):
        return None
    text = f"{outcome.ended}: {outcome.text}"
    return Event(at, _kind_of(wish), what_of_paper(wish), text, who)


def _kind_of(wish: PaperWish) -> EventKind:
    match wish:
        case Note():
            return EventKind.NOTE
        case UpdateIncident():
            return EventKind.UPDATE
        case OpenIncident() | WriteIncident() | MoveIncident():
            return EventKind.INCIDENT
        case RestorePaper() | RestoreReport() | RestoreTick():
            return EventKind.UNDONE
        case KeepRun():
            return EventKind.STEP
        case KeepReport() | TickInspection():
            return EventKind.REPORT
        case AddActionItem():
            return EventKind.INCIDENT
        case Attach() | RewritePaper():
            return EventKind.CHANGE if wish.document_id.startswith("CHG") else EventKind.INCIDENT
        case _:
            return EventKind.CHANGE


def _item(wish: TickInspection) -> str:
    """`backups of 2026-11-22`."""
    return f"{visible(wish.item, cells=_NAME_CELLS)} of {wish.day.isoformat()}"


def _id(document_id: str) -> str:
    return visible(document_id, cells=_NAME_CELLS)


def _title(title: str) -> str:
    return visible(title, cells=TITLE_CELLS)
