"""What incidents and changes still ask of people, each with the moment by which it is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec

from console.model.change import DONE, Change, ChangeKind, ChangeState
from console.model.change_rules import review_refusals
from console.model.incident import ActionItem, Incident, IncidentState
from console.model.nag import Nag, NagKind
from console.model.saying import Saying, saying
from console.model.state import Priority
from console.safety.text import visible


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
    review: timedelta = timedelta(hours=48)
    """From the end of an emergency change until somebody else has reviewed it."""


HOUSE_RULE: Final = NagPolicy()
_ENDED: Final = DONE | {ChangeState.CLOSED}
"""Closed too: a file can be closed by hand."""


def nags_of(incident: Incident, policy: NagPolicy = HOUSE_RULE) -> tuple[Nag, ...]:
    """Everything that `incident` asks for, the one that is due first in front."""
    found = [*_roles(incident, policy), *_post_mortem(incident, policy)]
    for number, item in enumerate(incident.actions, start=1):
        if item.done is None:
            what = saying("action {n}: {text}", n=number, text=visible(item.text))
            due = _due_of(item, incident, policy)
            found.append(_nag(incident, NagKind.ACTION, what, due, item.owner))
    return tuple(sorted(found, key=lambda nag: nag.due))


def review_of(change: Change, policy: NagPolicy = HOUSE_RULE) -> Nag | None:
    """The review that `change` waits for; `None` where it waits for none."""
    if change.plan.kind is not ChangeKind.EMERGENCY or change.state not in _ENDED:
        return None
    missing = next(iter(review_refusals(change)), None)
    if missing is None:
        return None
    over = change.ended or change.started or change.created
    due = _after(over, policy.review)
    return Nag(
        kind=NagKind.REVIEW,
        incident=change.id,
        what=missing,
        due=due,
        owner=visible(change.plan.reviewer),
        title=visible(change.title),
        since=over,
        where=_where(change.plan.services, change.plan.hosts),
    )


def nags(
    incidents: Iterable[Incident],
    policy: NagPolicy = HOUSE_RULE,
    changes: Iterable[Change] = (),
) -> tuple[Nag, ...]:
    """Those of all `incidents` and `changes`, the one that is due first in front."""
    found = [nag for one in incidents for nag in nags_of(one, policy)]
    found += filter(None, (review_of(one, policy) for one in changes))
    return tuple(sorted(found, key=lambda nag: nag.due))


def _roles(incident: Incident, policy: NagPolicy) -> Iterable[Nag]:
    if incident.is_ongoing and not incident.lead:
        due = _after(incident.opened, policy.lead)
        yield _nag(incident, NagKind.LEAD, saying("nobody leads it"), due)
    if incident.state is not IncidentState.CLOSED and incident.severity is None:
        due = _after(incident.opened, policy.severity)
        yield _nag(incident, NagKind.SEVERITY, saying("it has no severity"), due)


def _post_mortem(incident: Incident, policy: NagPolicy) -> Iterable[Nag]:
    over = incident.state in (IncidentState.RESOLVED, IncidentState.POST_MORTEM_DUE)
    if not over or not incident.needs_post_mortem:
        return
    missing = []
    if incident.post_mortem.held is None:
        missing.append(saying("hold the post-mortem meeting"))
    if not incident.actions:
        missing.append(saying("write its action items"))
    elif any(not one.owner for one in incident.actions):
        missing.append(saying("give every action item an owner"))
    if missing:
        what = missing[0]
        for one in missing[1:]:
            what = saying("{first} and {rest}", first=what, rest=one)
        # Where nobody wrote down when it was over, the time runs from the beginning.
        due = _after(incident.resolved or incident.opened, policy.post_mortem)
        yield _nag(incident, NagKind.POST_MORTEM, what, due, incident.lead)


def _nag(incident: Incident, kind: NagKind, what: Saying, due: datetime, owner: str = "") -> Nag:
    return Nag(
        kind=kind,
        incident=incident.id,
        what=what,
        due=due,
        owner=visible(owner),
        title=visible(incident.title),
        since=incident.opened,
        severity=incident.severity,
        where=_where(incident.services, incident.hosts),
    )


def _where(services: tuple[str, ...], hosts: tuple[str, ...]) -> str:
    return ", ".join(visible(one) for one in services or hosts)


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
