"""What `oncall change list` prints."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from console.cli.chosen import Chosen
from console.cli.once import ascii_wanted
from console.cli.owed import OwedItem, owed_cell, owed_items
from console.cli.papers import PaperDocument, Reading, tell_broken
from console.cli.table import Cell, Column, paper_for, put
from console.model.change import OVER, Change, ChangeState, approvers_of
from console.model.change_rules import paper_verdict
from console.model.papers import ChangePaper
from console.safety.jsontext import json_text

COLUMNS: Final = (
    Column("ID"),
    Column("KIND"),
    Column("STATE"),
    Column("WINDOW (UTC)"),
    Column("AUTHOR", least=6),
    Column("ON", least=8),
    Column("OWED", least=10),
    Column("TITLE", least=12),
)


class ChangeFacts(msgspec.Struct, frozen=True):
    """A change as lists have it."""

    id: str
    title: str
    state: ChangeState
    kind: str
    author: str
    created: datetime
    services: tuple[str, ...]
    hosts: tuple[str, ...]
    environment: str
    risk: str | None
    window_start: datetime | None
    window_end: datetime | None
    executor: str
    approved_by: tuple[str, ...]
    """Who agreed to the plan as it stands, beside its author."""
    incidents: tuple[str, ...]
    started: datetime | None
    ended: datetime | None
    accepted: datetime | None
    closed: datetime | None
    may_start: bool
    why_not: tuple[str, ...]
    path: str
    """In the journal."""
    faults: tuple[str, ...]
    owed: tuple[OwedItem, ...]
    """The review of an emergency."""


class ChangesDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall change list --json` prints."""

    changes: tuple[ChangeFacts, ...]
    """The newest first."""
    broken: tuple[str, ...]
    """Paths of files of which nothing can be told."""


def put_changes(
    reading: Reading, chosen: Chosen, state: ChangeState | None, shows_all: bool, as_json: bool
) -> None:
    """Print those in `state`; where none is named, all that are not over, or all."""
    found = [
        one
        for one in reading.papers.changes
        if (
            one.change.state is state
            if state is not None
            else shows_all or one.change.state not in OVER
        )
    ]
    tell_broken(reading.papers)
    if as_json:
        document = ChangesDocument(
            environment=reading.loaded.settings.environment,
            at=reading.now,
            changes=tuple(_facts(one, reading) for one in found),
            broken=tuple(one.path for one in reading.papers.broken),
        )
        put(json_text(document))
    elif not found:
        put("no change is written down that matches")
    else:
        paper = paper_for(ascii_wanted(reading.loaded, chosen))
        put("\n".join(paper.table(COLUMNS, [_cells(one.change, reading) for one in found])))


def _facts(paper: ChangePaper, reading: Reading) -> ChangeFacts:
    known, plan = paper.change, paper.change.plan
    verdict = paper_verdict(paper, reading.now, reading.around)
    return ChangeFacts(
        id=known.id,
        title=known.title,
        state=known.state,
        kind=plan.kind,
        author=known.author,
        created=known.created,
        services=plan.services,
        hosts=plan.hosts,
        environment=plan.environment,
        risk=plan.risk.level,
        window_start=None if plan.window is None else plan.window.start,
        window_end=None if plan.window is None else plan.window.end,
        executor=plan.executor,
        approved_by=tuple(approvers_of(known)),
        incidents=known.incidents,
        started=known.started,
        ended=known.ended,
        accepted=known.accepted,
        closed=known.closed,
        may_start=verdict.may_start,
        why_not=verdict.reasons,
        path=paper.path,
        faults=paper.faults,
        owed=owed_items(known.id, reading),
    )


def _cells(known: Change, reading: Reading) -> list[Cell]:
    plan = known.plan
    window = ""
    if plan.window is not None:
        window = f"{plan.window.start:%Y-%m-%d %H:%M} to {plan.window.end:%d %H:%M}"
    where = ", ".join((*plan.services, *plan.hosts))
    return [
        Cell(known.id, "bold"),
        Cell(plan.kind),
        Cell(known.state),
        Cell(window),
        Cell(known.author),
        Cell(where),
        owed_cell(known.id, reading),
        Cell(known.title),
    ]
