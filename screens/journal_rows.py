"""What stands in the journal's list, in the order in which it matters."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from console.model.change import Change, ChangeState
from console.model.change_rules import Surroundings, around_of, start_verdict
from console.model.incident import Incident, IncidentState
from console.model.nag import Nag, NagKind
from console.model.papers import (
    BrokenPaper,
    ChangePaper,
    Draft,
    IncidentPaper,
    Papers,
)
from console.model.state import Priority
from console.model.words import age_text, count_text
from console.safety.text import Raw, visible
from widgets.ordered_rows import Heading
from widgets.paint import Spans
from widgets.theme import Ink

LATEST: Final = 20
"""Of what is closed, so many are shown among everything else."""
ELSEWHERE: Final = "another console of yours has it open"
ROLES: Final = (NagKind.LEAD, NagKind.SEVERITY)
"""What the line of an incident says itself."""
_NEXT: Final = {
    ChangeState.IN_PROGRESS: 0,
    ChangeState.VERIFYING: 1,
    ChangeState.SCHEDULED: 2,
    ChangeState.APPROVED: 2,
    ChangeState.SUBMITTED: 3,
    ChangeState.FAILED: 4,
    ChangeState.ROLLED_BACK: 4,
    ChangeState.ACCEPTED: 5,
    ChangeState.DRAFT: 6,
}
"""In which order changes matter; what is over is not among them."""
_STARTABLE: Final = (ChangeState.SCHEDULED, ChangeState.APPROVED)
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_SHORT: Final = {IncidentState.POST_MORTEM_DUE.value: "post-mortem"}


class Shown(enum.StrEnum):
    """What of the journal is shown."""

    ALL = "all"
    INCIDENTS = "incidents"
    CHANGES = "changes"
    OWED = "owed"

    @property
    def following(self) -> Shown:
        """The next one, from the first again after the last."""
        order = list(Shown)
        return order[(order.index(self) + 1) % len(order)]


@dataclass(frozen=True)
class PaperRow:
    """One line of the list. `note` is safe to show; the other texts may be raw."""

    key: str
    word: str
    """What it is or how it stands: `draft`, `open`, `in progress`, `broken`."""
    title: Raw | str
    document_id: str = ""
    path: str = ""
    ink: Ink = Ink.PLAIN
    severity: Priority | None = None
    who: Raw | str = ""
    due: datetime | None = None
    """By when something has to happen."""
    opens: datetime | None = None
    """When something may happen that may not happen yet."""
    since: datetime | None = None
    note: str = ""
    note_ink: Ink = Ink.MUTED
    may_start: bool = False
    over: bool = False
    draft: Draft | None = None
    broken: BrokenPaper | None = None

    @property
    def is_incident(self) -> bool:
        """Whether it stands for an incident that is written down."""
        return self.draft is None and self.document_id.startswith("INC-")


Section = tuple[Spans, list[PaperRow]]


def rows_of(
    papers: Papers, now: datetime, shown: Shown, environment: str = ""
) -> tuple[tuple[PaperRow, ...], tuple[Heading, ...]]:
    """The rows of the list from the top, and the headings between them."""
    wants_incidents = shown in (Shown.ALL, Shown.INCIDENTS)
    wants_changes = shown in (Shown.ALL, Shown.CHANGES)
    drafts = [_draft(one, now) for one in papers.drafts]
    sections: list[Section] = [(_head("drafts: typed and not saved", Ink.WARNING), drafts)]
    if wants_incidents:
        sections.append((_head("incidents"), _incidents(papers, alone=shown is not Shown.ALL)))
    if wants_changes:
        sections.append((_head("changes"), _changes(papers, now, environment)))
    if shown in (Shown.ALL, Shown.OWED):
        sections.append((_head("owed"), _owed(papers, now, everything=shown is Shown.OWED)))
    broken = [_broken(one) for one in papers.broken]
    sections.append((_head("files with faults", Ink.WARNING), broken))
    closed = [
        *([_closed_incident(one) for one in papers.incidents] if wants_incidents else ()),
        *([_closed_change(one) for one in papers.changes] if wants_changes else ()),
    ]
    sections.append(_closed(closed, everything=shown is not Shown.ALL))
    return _laid(sections)


def _laid(sections: Iterable[Section]) -> tuple[tuple[PaperRow, ...], tuple[Heading, ...]]:
    rows: list[PaperRow] = []
    headings: list[Heading] = []
    for spans, found in sections:
        if found:
            headings.append(Heading(len(rows), spans))
            rows += found
    return tuple(rows), tuple(headings)


def _head(text: str, ink: Ink = Ink.HEADING) -> Spans:
    return ((text, ink),)


def _draft(draft: Draft, now: datetime) -> PaperRow:
    typed = f"typed {age_text(now - draft.saved_at, coarse=True)} ago"
    way = "enter goes on with it, x throws it away"
    return PaperRow(
        f"draft {draft.key}",
        "draft",
        draft.title or "nothing named yet",
        draft.document_id or f"new {draft.kind}",
        draft.sheet.path if draft.sheet is not None else "",
        Ink.WARNING,
        since=draft.saved_at,
        note=f"{typed}; {ELSEWHERE if draft.is_open else way}",
        draft=draft,
    )


# Incidents


def _incidents(papers: Papers, *, alone: bool) -> list[PaperRow]:
    """Those that are not closed; `alone`: what they owe stands in no other section."""
    ongoing = [one for one in papers.incidents if one.incident.is_ongoing]
    ended = [
        one
        for one in papers.incidents
        if not one.incident.is_ongoing and one.incident.state is not IncidentState.CLOSED
    ]
    owed: dict[str, list[Nag]] = {}
    for nag in papers.nags:
        owed.setdefault(nag.incident, []).append(nag)
    ongoing.sort(key=lambda one: (one.incident.state is not IncidentState.OPEN, _rank(one)))
    return [
        _incident(one, owed.get(one.incident.id, ()) if alone or one.incident.is_ongoing else ())
        for one in (*ongoing, *ended)
    ]


def _rank(paper: IncidentPaper) -> int:
    """Nobody knows how bad one is that has no severity: it stands with the worst."""
    severity = paper.incident.severity
    return int(Priority.P0 if severity is None else severity)


def _incident(paper: IncidentPaper, owed: Sequence[Nag]) -> PaperRow:
    incident = paper.incident
    row = _incident_row(paper)
    if paper.faults:
        return replace(row, note=f"fault: {paper.faults[0]}", note_ink=Ink.WARNING)
    if owed:
        roles = [nag.text for nag in owed if nag.kind in ROLES]
        return replace(row, due=owed[0].due, note="; ".join(roles) or owed[0].text)
    where = ", ".join((*incident.services, *incident.hosts))
    return replace(row, note=visible(where, cells=200))


def _incident_row(paper: IncidentPaper) -> PaperRow:
    incident = paper.incident
    return PaperRow(
        f"paper {paper.path}",
        _SHORT.get(incident.state, incident.state.value),
        Raw(incident.title),
        incident.id,
        paper.path,
        Ink.FIRING if incident.state is IncidentState.OPEN else Ink.PLAIN,
        incident.severity,
        Raw(incident.lead),
        since=_began(incident),
    )


def _began(incident: Incident) -> datetime:
    return incident.started or incident.opened


def _closed_incident(paper: IncidentPaper) -> PaperRow | None:
    incident = paper.incident
    if incident.state is not IncidentState.CLOSED:
        return None
    ended = incident.closed or incident.resolved or _began(incident)
    return replace(_incident_row(paper), over=True, since=ended)


# Changes


def _changes(papers: Papers, now: datetime, environment: str) -> list[PaperRow]:
    around = around_of(papers)
    live = [one for one in papers.changes if one.change.state in _NEXT]
    live.sort(key=lambda one: (_NEXT[one.change.state], _starts(one.change, now)))
    return [_change(one, now, around) for one in live]


def _starts(change: Change, now: datetime) -> datetime:
    window = change.plan.window
    return now if window is None else window.start


def _change(paper: ChangePaper, now: datetime, around: Surroundings) -> PaperRow:
    change = paper.change
    row = replace(_change_row(paper), note=window_text(change))
    if paper.faults:
        return replace(row, note=f"fault: {paper.faults[0]}", note_ink=Ink.WARNING)
    if change.state not in _STARTABLE:
        return row
    verdict = start_verdict(change, now, around)
    if verdict.may_start:
        review = ", reviewed afterwards" if verdict.needs_review else ""
        words = f"may start now{review}"
        return replace(row, may_start=True, note=_both(words, row.note), note_ink=Ink.OK)
    why = "; ".join(verdict.reasons)
    window = change.plan.window
    if window is not None and window.holds(now):  # outside of it the reasons tell it
        why = _both(why, row.note)
    ink = Ink.MUTED if verdict.opens is not None else Ink.WARNING
    return replace(row, opens=verdict.opens, note=why, note_ink=ink)


def _change_row(paper: ChangePaper) -> PaperRow:
    change = paper.change
    under_way = change.state in (ChangeState.IN_PROGRESS, ChangeState.VERIFYING)
    return PaperRow(
        f"paper {paper.path}",
        change.state.value,
        Raw(change.title),
        change.id,
        paper.path,
        Ink.STRONG if under_way else Ink.PLAIN,
        who=Raw(change.plan.executor if under_way else change.author),
        since=(change.started if under_way else None) or change.created,
    )


def _closed_change(paper: ChangePaper) -> PaperRow | None:
    change = paper.change
    if change.state in _NEXT:
        return None
    row = _change_row(paper)
    return replace(row, over=True, since=change.closed or change.ended or change.created)


def window_text(change: Change) -> str:
    """`window 22 Nov 02:00-04:00 UTC`; empty without a window."""
    window = change.plan.window
    if window is None:
        return ""
    start, end = window.start, window.end
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%d %b %H:%M}"
    return f"window {start:%d %b %H:%M}-{until} UTC"


def _both(first: str, second: str) -> str:
    return f"{first}; {second}" if first and second else first or second


# What is owed, what is broken, what is over


def _owed(papers: Papers, now: datetime, *, everything: bool) -> list[PaperRow]:
    """What people owe; what incidents above say themselves only where `everything` is asked."""
    return [
        _nag(nag, papers, late=nag.is_overdue(now))
        for nag in papers.nags
        if everything or nag.kind not in ROLES
    ]


def _nag(nag: Nag, papers: Papers, *, late: bool) -> PaperRow:
    incident, change = papers.incident(nag.incident), papers.change(nag.incident)
    paper = incident or change
    return PaperRow(
        f"owed {nag.incident} {nag.text}",
        "overdue" if late else "owed",
        nag.text,
        nag.incident,
        "" if paper is None else paper.path,
        Ink.WARNING if late else Ink.PLAIN,
        nag.severity,
        nag.owner or "nobody",
        nag.due,
        note=nag.title,
    )


def _broken(paper: BrokenPaper) -> PaperRow:
    fault = paper.faults[0] if paper.faults else "it cannot be read"
    more = f" and {count_text(len(paper.faults) - 1)} more" if len(paper.faults) > 1 else ""
    return PaperRow(
        f"broken {paper.path}",
        "broken",
        Raw(paper.path),
        path=paper.path,
        ink=Ink.WARNING,
        note=f"{fault}{more}",
        note_ink=Ink.WARNING,
        broken=paper,
    )


def _closed(found: Sequence[PaperRow | None], *, everything: bool) -> Section:
    rows = [one for one in found if one is not None]
    rows.sort(key=lambda one: one.since or _EVER, reverse=True)
    if everything or len(rows) <= LATEST:
        return _head("closed"), rows
    return _head(f"closed: {LATEST} of {count_text(len(rows))}, tab shows all"), rows[:LATEST]
