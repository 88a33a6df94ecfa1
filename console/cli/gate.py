"""Whether a change may run now, for pipelines: by the calendar alone, or by an approved change."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Final

import click
import msgspec

from console.cli.acting import EXIT_NOTHING
from console.cli.chosen import EXIT_USAGE, Chosen, narrate, source_options
from console.cli.papers import PaperDocument, Reading, Stop, chosen_change, read_journal
from console.cli.table import put
from console.model.change import Change, ChangeKind, ChangeState, Plan
from console.model.change_rules import Surroundings, Verdict, paper_verdict, start_verdict
from console.model.freeze import Calendar, Period
from console.model.papers import ChangePaper
from console.safety.jsontext import json_text
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
    if paper.change.state is ChangeState.IN_PROGRESS:
        change = msgspec.structs.replace(paper.change, state=ChangeState.SCHEDULED)
        paper = msgspec.structs.replace(paper, change=change)
    return paper_verdict(paper, now, around)


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


@click.command()
@click.option("--service", default="", metavar="NAME", help="What the change touches.")
@click.option("--environment", metavar="NAME", help="Where; the settings' own by default.")
@click.option("--change", "word", metavar="ID", help="Whether that very change may run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def gate(
    service: str, environment: str | None, word: str | None, as_json: bool, chosen: Chosen
) -> None:
    """For pipelines: 0 when a change may run now, 1 with the reasons when not.

    It may where no freeze is in force and a window is open (or none is written down), or where
    an approved change of that service is inside its window. Whatever cannot be judged ends with
    2 or 4, and never with 0.
    """
    if not service and not word:
        narrate("expected --service NAME or --change ID")
        sys.exit(EXIT_USAGE)

    async def then(reading: Reading) -> int:
        where = environment or reading.loaded.settings.environment
        if fault := unknown_service(reading, service) if service else "":
            raise Stop(EXIT_USAGE, fault)
        found = _gate_of(reading, word, service, where)
        if as_json:
            document = GateDocument(
                environment=where,
                at=reading.now,
                service=service,
                change=found.by,
                open=found.is_open,
                reasons=found.reasons,
                opens=found.opens,
            )
            put(json_text(document))
        else:
            put("\n".join(gate_lines(found, service, where)))
        return 0 if found.is_open else CLOSED

    sys.exit(read_journal(chosen, then))


def _gate_of(reading: Reading, word: str | None, service: str, environment: str) -> Gate:
    if word is None:
        return gate_of(reading, service, environment)
    try:
        paper = chosen_change(reading, word)
    except Stop as stop:
        if stop.code != EXIT_NOTHING:
            raise
        return Gate(stop.lines)
    return gate_of_change(reading, paper, service)
