"""What an incident still asks of people, each with the moment by which it is due."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec

from console.model.incident import ActionItem, Incident, IncidentState
from console.model.state import Priority
from console.safety.text import visible


class NagKind(enum.StrEnum):
    LEAD = "lead"
    SEVERITY = "severity"
    POST_MORTEM = "post-mortem"
    ACTION = "action"


class NagPolicy(msgspec.Struct, frozen=True):
    """How long each thing may take."""

    lead: timedelta = timedelta(minutes=2)
    severity: timedelta = timedelta(minutes=5)
    post_mortem: timedelta = timedelta(hours=48)
    """From the resolution of a P0 or P1 until the meeting was held."""
    actions: tuple[timedelta, timedelta, timedelta, timedelta] = (
        timedelta(days=15),
        timedelta(days=30),
        timedelta(days=30),
        timedelta(days=30),
    )
    """By priority: for an action item without a due date, from the resolution on."""


HOUSE_RULE: Final = NagPolicy()


class Nag(msgspec.Struct, frozen=True):
    """One thing that is owed."""

    kind: NagKind
    incident: str
    """Its id."""
    text: str
    """What is owed; safe to show."""
    due: datetime
    owner: str = ""
    """Safe to show; empty where nobody has it."""

    def left(self, now: datetime) -> timedelta:
        """How long there is still; negative once it is overdue."""
        return self.due - now

    def is_overdue(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.due


def nags_of(incident: Incident, policy: NagPolicy = HOUSE_RULE) -> tuple[Nag, ...]:
    """Everything that `incident` asks for, the one that is due first in front."""
    found = [*_roles(incident, policy), *_post_mortem(incident, policy)]
    for number, item in enumerate(incident.actions, start=1):
        if item.done is None:
            text = f"action {number}: {visible(item.text)}"
            due = _due_of(item, incident, policy)
            found.append(Nag(NagKind.ACTION, incident.id, text, due, visible(item.owner)))
    return tuple(sorted(found, key=lambda nag: nag.due))


def nags(incidents: Iterable[Incident], policy: NagPolicy = HOUSE_RULE) -> tuple[Nag, ...]:
    """Those of all `incidents`, the one that is due first in front."""
    found = (nag for one in incidents for nag in nags_of(one, policy))
    return tuple(sorted(found, key=lambda nag: nag.due))


def _roles(incident: Incident, policy: NagPolicy) -> Iterable[Nag]:
    if incident.is_ongoing and not incident.lead:
        yield Nag(
            NagKind.LEAD, incident.id, "nobody leads it", _after(incident.opened, policy.lead)
        )
    if incident.state is not IncidentState.CLOSED and incident.severity is None:
        due = _after(incident.opened, policy.severity)
        yield Nag(NagKind.SEVERITY, incident.id, "it has no severity", due)


def _post_mortem(incident: Incident, policy: NagPolicy) -> Iterable[Nag]:
    over = incident.state in (IncidentState.RESOLVED, IncidentState.POST_MORTEM_DUE)
    if not over or not incident.needs_post_mortem:
        return
    missing = []
    if incident.post_mortem.held is None:
        missing.append("hold the post-mortem meeting")
    if not incident.actions:
        missing.append("write its action items")
    elif any(not one.owner for one in incident.actions):
        missing.append("give every action item an owner")
    if missing:
        # Where nobody wrote down when it was over, the time runs from the beginning.
        due = _after(incident.resolved or incident.opened, policy.post_mortem)
        owner = visible(incident.lead)
        yield Nag(NagKind.POST_MORTEM, incident.id, " and ".join(missing), due, owner)


def _due_of(item: ActionItem, incident: Incident, policy: NagPolicy) -> datetime:
    if item.due is not None:
        return _after(datetime.combine(item.due, time(), UTC), timedelta(days=1))
    severity = incident.severity if incident.severity is not None else Priority.P0
    return _after(incident.resolved or incident.opened, policy.actions[severity])


def _after(at: datetime, wait: timedelta) -> datetime:
    try:
        return at + wait
    except OverflowError:  # a year written down by hand
        return datetime.max.replace(tzinfo=UTC)
