"""Whether a change may run now, for pipelines: by the calendar alone, or by an approved change."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from console.cli.papers import PaperDocument, Reading
from console.model.change import Change, ChangeKind, ChangeState, Plan
from console.model.change_rules import Surroundings, Verdict, start_verdict
from console.model.freeze import Calendar, Period
from console.model.papers import ChangePaper
from console.safety.text import visible

CLOSED: Final = 1
"""No change may run now."""
_RUNS: Final = (ChangeState.APPROVED, ChangeState.SCHEDULED, ChangeState.IN_PROGRESS)


class Gate(msgspec.Struct, frozen=True):
    """Open or closed. Texts are safe to show."""

    reasons: tuple[str, ...] = ()
    """Why it is closed; empty where it is open."""
    by: str = ""
    """Id of the change that may run; empty: any, the calendar is open."""
    opens: datetime | None = None
    """Where only the time is wrong: when it is right."""

    @property
    def is_open(self) -> bool:
        """Whether a change may run now."""
        return not self.reasons


class GateDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall change gate --json` prints."""

    service: str
    """Empty where a change was asked about, and no service."""
    change: str
    """The change that was asked about, or that opens the gate; empty: none."""
    open: bool
    reasons: tuple[str, ...]
    opens: datetime | None


def unknown_service(reading: Reading, service: str) -> str:
    """Why `service` is none that anything is known of; empty where it is one.

    A name that is spelled otherwise than the team's would be in the scope of no freeze.
    """
    registered = [one.name for one in reading.loaded.registry.services]
    calendar = reading.papers.calendar
    scopes = [one.scope for one in calendar.freezes] + [one.scope for one in calendar.windows]
    known = {
        *registered,
        *(name for scope in scopes for name in scope.services),
        *(name for one in reading.papers.changes for name in one.change.plan.services),
    }
    if not registered or service in known:
        return ""
    return f"--service {visible(service, cells=60)}: expected a service of services.yaml"


def gate_of(reading: Reading, service: str, environment: str) -> Gate:
    """Whether some change of `service` may run now in `environment`."""
    around, now = reading.around, reading.now
    by_calendar = calendar_verdict(around.calendar, service, environment, now)
    if by_calendar.may_start:
        return Gate()
    reasons = list(by_calendar.reasons)
    for paper in reading.papers.changes:
        plan = paper.change.plan
        if service not in plan.services or plan.environment != environment:
            continue
        if paper.change.state in _RUNS:
            verdict = change_verdict(paper, around, now)
            if verdict.may_start:
                return Gate(by=paper.change.id)
            reasons += (f"{paper.change.id}: {reason}" for reason in verdict.reasons)
    return Gate(tuple(reasons), opens=by_calendar.opens)


def gate_of_change(reading: Reading, paper: ChangePaper, service: str) -> Gate:
    """Whether that very change may run now; a `service` that is named is one that it touches."""
    change = paper.change
    verdict = change_verdict(paper, reading.around, reading.now)
    reasons = list(verdict.reasons)
    if service and service not in change.plan.services:
        touched = ", ".join(change.plan.services) or "none"
        named = visible(service, cells=60)
        reasons.insert(0, f"it does not touch {named}; its services: {visible(touched)}")
    return Gate(tuple(reasons), change.id, verdict.opens)


def calendar_verdict(calendar: Calendar, service: str, environment: str, now: datetime) -> Verdict:
    """What windows and freezes say of a change of which nothing is known but what it touches.

    It is judged as a standard change would be that no freeze makes an exception for.
    """
    plan = Plan(
        kind=ChangeKind.STANDARD,
        services=(service,),
        environment=environment,
        window=Period(now, datetime.max.replace(tzinfo=now.tzinfo)),
    )
    change = Change("", "", "", now, ChangeState.SCHEDULED, plan)
    return start_verdict(change, now, Surroundings(calendar, templates=frozenset({""})))


def change_verdict(paper: ChangePaper, around: Surroundings, now: datetime) -> Verdict:
    """Whether `paper` may run now. One that was started already has still to be inside its
    window and outside every freeze."""
    if paper.faults:
        return Verdict(("its file has faults, so that nothing in it counts as approved",))
    change = paper.change
    if change.state is ChangeState.IN_PROGRESS:
        change = msgspec.structs.replace(change, state=ChangeState.SCHEDULED)
    return start_verdict(change, now, around)


def gate_lines(gate: Gate, service: str, environment: str) -> list[str]:
    """For a person, safe to show."""
    what = visible(f"{service} in {environment}" if service else gate.by, cells=120)
    if gate.is_open:
        why = f"{gate.by} may run" if gate.by else "by the calendar"
        return [f"open: {what}: {why}"]
    lines = [f"closed: {what}", *(f"  {reason}" for reason in gate.reasons)]
    if gate.opens is not None:
        lines.append(f"  opens {gate.opens:%Y-%m-%d %H:%M} UTC")
    return lines
