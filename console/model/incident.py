"""An incident: what is written down of it, and what its states allow."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from console.model.state import Priority


class IncidentState(enum.StrEnum):
    OPEN = "open"
    MITIGATED = "mitigated"
    """Its users are well again; its cause may be there still."""
    RESOLVED = "resolved"
    POST_MORTEM_DUE = "post-mortem due"
    CLOSED = "closed"


MOVES: Final[Mapping[IncidentState, frozenset[IncidentState]]] = {
    IncidentState.OPEN: frozenset({IncidentState.MITIGATED, IncidentState.RESOLVED}),
    IncidentState.MITIGATED: frozenset({IncidentState.OPEN, IncidentState.RESOLVED}),
    IncidentState.RESOLVED: frozenset(
        {IncidentState.OPEN, IncidentState.POST_MORTEM_DUE, IncidentState.CLOSED}
    ),
    IncidentState.POST_MORTEM_DUE: frozenset({IncidentState.OPEN, IncidentState.CLOSED}),
    IncidentState.CLOSED: frozenset(),
}
"""Where an incident may go from each state. What comes again after the end is a new one."""
ONGOING: Final = frozenset({IncidentState.OPEN, IncidentState.MITIGATED})


class Detection(enum.StrEnum):
    """How it came to be known."""

    ALERT = "alert"
    USER = "user"
    OTHER = "other"


class ActionKind(enum.StrEnum):
    """What an action item is good for."""

    DETECTIVE = "detective"
    PREVENTATIVE = "preventative"
    CORRECTIVE = "corrective"
    PROCESS = "process"


class ActionItem(msgspec.Struct, frozen=True):
    """Something that shall be done so that it does not come again."""

    text: str
    """Verb first: `Add an alert on the memory of redis`."""
    kind: ActionKind | None = None
    owner: str = ""
    due: date | None = None
    """The last day on which it is in time."""
    link: str = ""
    done: datetime | None = None
    """`None`: not yet."""


class PostMortem(msgspec.Struct, frozen=True):
    """The meeting at which it is talked over."""

    meeting: datetime | None = None
    """For when it is planned."""
    held: datetime | None = None
    attended: tuple[str, ...] = ()


class Impact(msgspec.Struct, frozen=True):
    """How many it hurt, and how much."""

    users: int | None = None
    failed_requests: int | None = None
    budget_percent: float | None = None
    """Of the error budget, spent on it."""
    sla_breached: bool | None = None


class IncidentProse(msgspec.Struct, frozen=True):
    """What people write: Markdown, without blank lines around it. In the order of 3 a.m."""

    what: str = ""
    """One sentence: symptom, service, effect."""
    where: str = ""
    when: str = ""
    who: str = ""
    """Roles and affected parties, never blame."""
    how: str = ""
    """How it was noticed and what was done."""
    why: str = ""
    """May be unknown yet, and has to be filled in before it is closed."""
    impact: str = ""
    trigger: str = ""
    factors: str = ""
    """What contributed, apart from the trigger."""
    resolution: str = ""
    """What mended it; temporary or for good."""
    went_well: str = ""
    went_badly: str = ""
    luck: str = ""
    not_done: str = ""
    """What was decided against, and because of what."""


class Incident(msgspec.Struct, frozen=True):
    """Everything that is known of one. Times are aware UTC, to the second."""

    id: str
    """`INC-20261122-7f3`."""
    title: str
    opened: datetime
    """When it was written down first."""
    state: IncidentState = IncidentState.OPEN
    severity: Priority | None = None
    services: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    environment: str = ""
    started: datetime | None = None
    detected: datetime | None = None
    acknowledged: datetime | None = None
    mitigated: datetime | None = None
    resolved: datetime | None = None
    closed: datetime | None = None
    detected_by: Detection | None = None
    reporter: str = ""
    lead: str = ""
    scribe: str = ""
    liaison: str = ""
    """Who speaks to those outside."""
    participants: tuple[str, ...] = ()
    impact: Impact = Impact()
    alerts: tuple[str, ...] = ()
    """Fingerprints."""
    runs: tuple[str, ...] = ()
    """Ids of runbook runs."""
    changes: tuple[str, ...] = ()
    """Ids of changes."""
    related: tuple[str, ...] = ()
    """Ids of other incidents."""
    post_mortem: PostMortem = PostMortem()
    actions: tuple[ActionItem, ...] = ()
    prose: IncidentProse = IncidentProse()

    @property
    def is_ongoing(self) -> bool:
        """Whether somebody still has to mend something."""
        return self.state in ONGOING

    @property
    def needs_post_mortem(self) -> bool:
        """Whether it is talked over in a meeting: a P0 or P1, or nobody has said what it is."""
        return self.severity is None or self.severity <= Priority.P1


class StatusUpdate(msgspec.Struct, frozen=True):
    """Where things stand, for those who wait: conditions, actions, needs."""

    conditions: str
    actions: str
    needs: str

    @property
    def text(self) -> str:
        """On one line, as the timeline has it."""
        parts = (
            ("Conditions", self.conditions),
            ("Actions", self.actions),
            ("Needs", self.needs),
        )
        return " ".join(f"{name}: {text.strip() or 'none'}." for name, text in parts).replace(
            "..", "."
        )


class Clocks(msgspec.Struct, frozen=True):
    """How long each thing took. `None`: one of its two times is not known, or they stand in an
    impossible order (`disorder` says which)."""

    to_detect: timedelta | None
    """TTD: from the start until it was known."""
    to_acknowledge: timedelta | None
    """TTA: from then until a person took it."""
    to_mitigate: timedelta | None
    """TTM: from the start until its users were well."""
    to_resolve: timedelta | None
    """TTR: from the start until it was over."""


def clocks_of(incident: Incident) -> Clocks:
    """The four clocks of `incident`, as far as its times are known."""
    return Clocks(
        _between(incident.started, incident.detected),
        _between(incident.detected, incident.acknowledged),
        _between(incident.started, incident.mitigated),
        _between(incident.started, incident.resolved),
    )


_ORDER: Final = ("started", "detected", "acknowledged", "mitigated", "resolved", "closed")

_MOMENT: Final = "%Y-%m-%d %H:%M:%S UTC"


def disorder(incident: Incident) -> tuple[str, ...]:
    """Which times cannot be: one before another that has to come first, in sentences."""
    known = [(name, at) for name in _ORDER if (at := getattr(incident, name)) is not None]
    return tuple(
        f"{later} ({second:{_MOMENT}}) stands before {name} ({at:{_MOMENT}})"
        for index, (name, at) in enumerate(known)
        for later, second in known[index + 1 :]
        # It may well be acknowledged, or mended, before anybody knows when it was detected.
        if second < at and (name == "started" or later in ("resolved", "closed"))
    )


def refusals(incident: Incident, to: IncidentState) -> tuple[str, ...]:
    """Why `incident` cannot go to the state `to`; empty where it can."""
    if to not in MOVES[incident.state]:
        ways = ", ".join(sorted(MOVES[incident.state])) or "nowhere: open a new incident"
        return (f"it is {incident.state}; from there it goes to {ways}",)
    if to is IncidentState.POST_MORTEM_DUE and not incident.needs_post_mortem:
        return (f"a {incident.severity} needs no post-mortem; close it",)
    return _lacks_to_close(incident) if to is IncidentState.CLOSED else ()


def _lacks_to_close(incident: Incident) -> tuple[str, ...]:
    lacking = []
    if incident.severity is None:
        lacking.append("it has no severity")
    if not incident.lead:
        lacking.append("nobody led it: name a lead")
    if not incident.prose.why.strip():
        lacking.append("why it happened is not filled in")
    if incident.needs_post_mortem and incident.severity is not None:
        if incident.post_mortem.held is None:
            lacking.append("its post-mortem meeting was not held")
        if not incident.actions:
            lacking.append("it has no action items")
        if any(not one.owner for one in incident.actions):
            lacking.append("an action item has no owner")
    lacking.extend(disorder(incident))
    return tuple(lacking)


def moved(incident: Incident, to: IncidentState, now: datetime) -> Incident:
    """`incident` in the state `to`, with the times that follow from that.

    A time that is written down already stays; one that no longer holds, because it goes back,
    is taken out.

    Raises:
        ValueError: it cannot go there; the text is what `refusals` says.
    """
    reasons = refusals(incident, to)
    if reasons:
        raise ValueError("; ".join(reasons))
    replace = msgspec.structs.replace
    at = now.replace(microsecond=0)
    if to is IncidentState.OPEN:
        return replace(incident, state=to, mitigated=None, resolved=None)
    if to is IncidentState.MITIGATED:
        return replace(incident, state=to, mitigated=incident.mitigated or at)
    if to is IncidentState.RESOLVED:
        return replace(incident, state=to, resolved=incident.resolved or at)
    if to is IncidentState.CLOSED:
        return replace(incident, state=to, closed=incident.closed or at)
    return replace(incident, state=to)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None or end < start else end - start
