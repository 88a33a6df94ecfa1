"""A change request: its plan, who approved exactly that plan, and what its states allow."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from console.model.freeze import Period
from console.model.names import folded, person


class ChangeKind(enum.StrEnum):
    STANDARD = "standard"
    """Done often, approved once and for all as a template."""
    NORMAL = "normal"
    EMERGENCY = "emergency"
    """Its author may approve it; somebody else reviews it afterwards."""


class ChangeState(enum.StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in progress"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"


_S = ChangeState
MOVES: Final[Mapping[ChangeState, frozenset[ChangeState]]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED, _S.APPROVED, _S.SCHEDULED, _S.CANCELLED}),
    _S.SUBMITTED: frozenset({_S.DRAFT, _S.APPROVED, _S.REJECTED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.SUBMITTED, _S.SCHEDULED, _S.IN_PROGRESS, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.SUBMITTED, _S.IN_PROGRESS, _S.CANCELLED}),
    _S.IN_PROGRESS: frozenset({_S.VERIFYING, _S.ROLLED_BACK, _S.FAILED}),
    _S.VERIFYING: frozenset({_S.ACCEPTED, _S.ROLLED_BACK, _S.FAILED}),
    _S.ACCEPTED: frozenset({_S.CLOSED, _S.ROLLED_BACK}),
    _S.REJECTED: frozenset({_S.DRAFT, _S.CANCELLED}),
    _S.ROLLED_BACK: frozenset({_S.CLOSED}),
    _S.FAILED: frozenset({_S.ROLLED_BACK, _S.CLOSED}),
    _S.CANCELLED: frozenset(),
    _S.CLOSED: frozenset(),
}
"""Where a change may go from each state. Which kinds may go from a draft past the submission
is judged in `console.model.change_rules`."""
OVER: Final = frozenset({_S.CLOSED, _S.CANCELLED, _S.REJECTED})
UNDERWAY: Final = frozenset({_S.IN_PROGRESS, _S.VERIFYING})
DONE: Final = frozenset({_S.ACCEPTED, _S.ROLLED_BACK, _S.FAILED})
"""Carried out, one way or the other, and not closed yet."""


Lasting = Annotated[timedelta, msgspec.Meta(extra={"at_least": timedelta(0)})]
"""A duration that may be none at all."""


class Likelihood(enum.StrEnum):
    """How likely it goes wrong, and how bad that would be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_WORTH: Final = {Likelihood.LOW: 1, Likelihood.MEDIUM: 2, Likelihood.HIGH: 3}


class Risk(msgspec.Struct, frozen=True):
    """Likelihood times impact, unless somebody says otherwise and why."""

    likelihood: Likelihood | None = None
    impact: Likelihood | None = None
    override: Likelihood | None = None
    reason: str = ""
    """Why it is overridden."""

    @property
    def level(self) -> Likelihood | None:
        """What it comes to; `None`: one of the two is not known."""
        if self.override is not None:
            return self.override
        if self.likelihood is None or self.impact is None:
            return None
        product = _WORTH[self.likelihood] * _WORTH[self.impact]
        if product >= 6:
            return Likelihood.HIGH
        return Likelihood.MEDIUM if product >= 3 else Likelihood.LOW


class Rollback(msgspec.Struct, frozen=True):
    """How it is undone."""

    steps: str = ""
    takes: Lasting | None = None
    trigger: str = ""
    """What means roll back: `p95 of shop above 2 s for 5 min`."""


class Acceptance(msgspec.Struct, frozen=True):
    """Who says that it is good, and after having watched it for how long."""

    by: str = ""
    after: Lasting | None = None


class Plan(msgspec.Struct, frozen=True):
    """What an approval is bound to: editing any of it asks for a new one."""

    kind: ChangeKind = ChangeKind.NORMAL
    template: str = ""
    """The approved template of a standard change."""
    services: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    environment: str = ""
    steps: str = ""
    """The exact commands."""
    runbook: str = ""
    version: str = ""
    """What is released."""
    traffic_percent: float | None = None
    """The share that the release gets."""
    risk: Risk = Risk()
    expected_alerts: tuple[str, ...] = ()
    expected_downtime: Lasting | None = None
    expected_degraded: Lasting | None = None
    silence: tuple[str, ...] = ()
    """Matchers of the silence that exists while it runs."""
    window: Period | None = None
    timezone: str = ""
    """In which the window was thought of; it is kept in UTC."""
    rollback: Rollback = Rollback()
    verification: tuple[str, ...] = ()
    """Conditions, as `console.model.condition_parse` reads them."""
    acceptance: Acceptance = Acceptance()
    executor: str = ""
    reviewer: str = ""


class Approval(msgspec.Struct, frozen=True):
    """Somebody agreed to a plan."""

    by: str
    at: datetime
    plan: str
    """The hash of the plan that was agreed to."""
    is_verified: bool = True
    """Not on a login that several people share."""
    note: str = ""


class FreezeException(msgspec.Struct, frozen=True):
    """Somebody allowed a plan to be carried out in spite of a freeze."""

    freeze: str
    """The freeze's name."""
    by: str
    at: datetime
    plan: str
    why: str = ""


class Review(msgspec.Struct, frozen=True):
    """Somebody looked at an emergency change after it was done."""

    by: str
    at: datetime
    text: str = ""


class ChangeProse(msgspec.Struct, frozen=True):
    """What people write: Markdown, without blank lines around it. No approval depends on it."""

    reason: str = ""
    """Why, and what it costs not to do it."""
    what: str = ""
    impact: str = ""
    evidence: str = ""
    """How it was tried before."""
    result: str = ""
    notes: str = ""


class Change(msgspec.Struct, frozen=True):
    """Everything that is known of one. Times are aware UTC, to the second."""

    id: str
    """`CHG-20261122-9b1`."""
    title: str
    author: str
    created: datetime
    state: ChangeState = ChangeState.DRAFT
    plan: Plan = Plan()
    approvals: tuple[Approval, ...] = ()
    exceptions: tuple[FreezeException, ...] = ()
    incidents: tuple[str, ...] = ()
    """Ids of the incidents that it is about."""
    related: tuple[str, ...] = ()
    """Ids of other changes."""
    silence_id: str = ""
    """Of the silence that was made when it was started."""
    started: datetime | None = None
    ended: datetime | None = None
    verified: datetime | None = None
    accepted: datetime | None = None
    accepted_by: str = ""
    closed: datetime | None = None
    refused_by: str = ""
    """Who rejected or cancelled it."""
    refused_because: str = ""
    planners: tuple[str, ...] = ()
    """Who beside its author edited the plan: none of them approves it either."""
    review: Review | None = None
    prose: ChangeProse = ChangeProse()

    @property
    def is_over(self) -> bool:
        """Whether nothing comes of it any more."""
        return self.state in OVER


def plan_hash(plan: Plan) -> str:
    """SHA-256 of everything in `plan`, 64 hexadecimal digits; the same on every machine.

    What is empty or not known is left out, so that a field that is new breaks no old approval.
    """
    fields = _filled(msgspec.to_builtins(plan))
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(f"oncall plan 1\n{text}".encode()).hexdigest()


def _filled(value: object) -> object:
    if isinstance(value, dict):
        filled = {key: _filled(each) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each not in (None, "", [], {})}
    if isinstance(value, list | tuple):
        return [_filled(each) for each in value]
    # 50 and 50.0 are one share.
    return float(value) if isinstance(value, int) else value


def is_same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: case, width, spaces around, what draws nothing, and
    the mark of an unverified name do not count."""
    return person(one) == person(other)


def wrote_plan(change: Change, who: str) -> bool:
    """Whether `who` is its author, or edited its plan: then it takes somebody else to agree."""
    return any(is_same_person(who, one) for one in (change.author, *change.planners))


def approvers_of(change: Change) -> tuple[str, ...]:
    """Who approved the plan as it stands now, those who wrote it left out, each once."""
    digest = plan_hash(change.plan)
    found: dict[str, str] = {}
    for one in change.approvals:
        if one.plan == digest and person(one.by) and not wrote_plan(change, one.by):
            found.setdefault(person(one.by), one.by)
    return tuple(found.values())


def is_self_approved(change: Change) -> bool:
    """Whether its author stands up for an emergency's plan as it stands now."""
    digest = plan_hash(change.plan)
    return change.plan.kind is ChangeKind.EMERGENCY and any(
        one.plan == digest and person(one.by) and is_same_person(one.by, change.author)
        for one in change.approvals
    )


def excepted_freezes(change: Change) -> frozenset[str]:
    """Names of the freezes in spite of which the plan as it stands now may be carried out."""
    digest = plan_hash(change.plan)
    return frozenset(
        one.freeze
        for one in change.exceptions
        if one.plan == digest and person(one.by) and not wrote_plan(change, one.by)
    )


def conflicts(change: Change, others: Iterable[Change]) -> tuple[Change, ...]:
    """Of `others`, those that touch one of its services or hosts at the same time."""
    mine = change.plan
    return tuple(
        one
        for one in others
        if one.id != change.id
        and one.state not in OVER
        and one.state not in (ChangeState.DRAFT, *DONE)
        and touches(mine, one.plan)
        and (_overlap(mine.window, one.plan.window) or one.state in UNDERWAY)
    )


def touches(one: Plan, other: Plan) -> bool:
    """Whether both are about the same service or host, in environments that may be the same."""
    mine, theirs = folded(one.environment), folded(other.environment)
    if mine and theirs and mine != theirs:
        return False
    return _meet(one.services, other.services) or _meet(one.hosts, other.hosts)


def _meet(some: Iterable[str], others: Iterable[str]) -> bool:
    return not set(map(folded, some)).isdisjoint(map(folded, others))


def _overlap(one: Period | None, other: Period | None) -> bool:
    # Without a window it may be at any time.
    return one is None or other is None or one.overlaps(other)
