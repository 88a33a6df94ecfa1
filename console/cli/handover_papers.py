"""What the journal leaves to the next shift, as `oncall handover --json` has it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.cli.facts import OwedFacts
from console.engine.handover_papers import HandedChange, HandedIncident, HandedPapers
from console.model.freeze import Freeze
from console.model.nag import Nag


class OpenIncidentFacts(msgspec.Struct, frozen=True):
    """An incident that goes on."""

    id: str
    state: str
    severity: str | None
    title: str
    services: tuple[str, ...]
    hosts: tuple[str, ...]
    lead: str
    """Empty: nobody leads it."""
    opened: datetime
    next_owed: OwedFacts | None
    """`null`: it asks for nothing."""


class OwedByFacts(msgspec.Struct, frozen=True):
    """Something that is due before the next shift is over, and of what."""

    document: str
    title: str
    owed: OwedFacts


class HandedChangeFacts(msgspec.Struct, frozen=True):
    """A change that is under way, or that is to start."""

    id: str
    state: str
    kind: str
    title: str
    services: tuple[str, ...]
    hosts: tuple[str, ...]
    executor: str
    started: datetime | None
    starts_at: datetime | None
    """`null`: it is under way, or has no window."""
    window_end: datetime | None
    missed: bool
    """Its window is over, and it was never started."""
    why_not: tuple[str, ...]
    """Why it could not start then."""


class FreezeFacts(msgspec.Struct, frozen=True):
    """A freeze that is in force, or that begins or ends."""

    name: str
    level: str
    services: tuple[str, ...]
    """Empty: all."""
    owner: str
    reason: str
    at: datetime | None
    """When it begins or ends; `null`: it is in force now, and goes on."""
    begins: bool
    """At that time; else it ends then."""


class JournalFacts(msgspec.Struct, frozen=True):
    """All of it."""

    incidents: tuple[OpenIncidentFacts, ...]
    owed: tuple[OwedByFacts, ...]
    changes: tuple[HandedChangeFacts, ...]
    freezes: tuple[FreezeFacts, ...]


def journal_facts(papers: HandedPapers, now: datetime) -> JournalFacts:
    """`papers` as they stood at `now`."""
    turning = {turn.freeze.name for turn in papers.turns}
    lasting = (one for one in papers.in_force if one.name not in turning)
    return JournalFacts(
        incidents=tuple(_incident(one, now) for one in papers.incidents),
        owed=tuple(OwedByFacts(one.incident, one.title, _owed(one, now)) for one in papers.owed),
        changes=tuple(map(_change, papers.changes)),
        freezes=(
            *(_freeze(one, None, begins=False) for one in lasting),
            *(_freeze(one.freeze, one.at, begins=one.begins) for one in papers.turns),
        ),
    )


def _incident(handed: HandedIncident, now: datetime) -> OpenIncidentFacts:
    incident, owed = handed.incident, handed.owed
    return OpenIncidentFacts(
        id=incident.id,
        state=incident.state.value,
        severity=None if incident.severity is None else str(incident.severity),
        title=incident.title,
        services=incident.services,
        hosts=incident.hosts,
        lead=incident.lead,
        opened=incident.opened,
        next_owed=None if owed is None else _owed(owed, now),
    )


def _owed(nag: Nag, now: datetime) -> OwedFacts:
    return OwedFacts(nag.kind.value, nag.text, nag.due, nag.is_overdue(now), nag.owner or None)


def _change(handed: HandedChange) -> HandedChangeFacts:
    change, plan = handed.change, handed.change.plan
    return HandedChangeFacts(
        id=change.id,
        state=change.state.value,
        kind=plan.kind.value,
        title=change.title,
        services=plan.services,
        hosts=plan.hosts,
        executor=plan.executor,
        started=change.started,
        starts_at=handed.starts,
        window_end=None if plan.window is None else plan.window.end,
        missed=handed.missed,
        why_not=handed.reasons,
    )


def _freeze(freeze: Freeze, at: datetime | None, *, begins: bool) -> FreezeFacts:
    return FreezeFacts(
        name=freeze.name,
        level=freeze.level.value,
        services=freeze.scope.services,
        owner=freeze.owner,
        reason=freeze.reason,
        at=at,
        begins=begins,
    )
