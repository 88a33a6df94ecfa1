"""What `oncall incident list` prints."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.cli.chosen import Chosen
from console.cli.once import ascii_wanted
from console.cli.owed import OwedItem, owed_cell, owed_items
from console.cli.papers import PaperDocument, Reading, tell_broken
from console.cli.table import Cell, Column, paper_for, put
from console.model.incident import Clocks, Incident, IncidentState, clocks_of
from console.model.papers import IncidentPaper
from console.safety.jsontext import json_text

COLUMNS: Final = (
    Column("ID"),
    Column("SEV"),
    Column("STATE"),
    Column("OPENED (UTC)"),
    Column("LEAD", least=6),
    Column("ON", least=8),
    Column("OWED", least=10),
    Column("TITLE", least=12),
)


class ClockFacts(msgspec.Struct, frozen=True):
    """How long each thing took; `null`: one of its two times is not known."""

    detect_seconds: float | None
    acknowledge_seconds: float | None
    mitigate_seconds: float | None
    resolve_seconds: float | None


class IncidentFacts(msgspec.Struct, frozen=True):
    """An incident as lists have it."""

    id: str
    title: str
    state: IncidentState
    severity: str | None
    services: tuple[str, ...]
    hosts: tuple[str, ...]
    environment: str
    lead: str
    opened: datetime
    started: datetime | None
    detected: datetime | None
    acknowledged: datetime | None
    mitigated: datetime | None
    resolved: datetime | None
    closed: datetime | None
    clocks: ClockFacts
    alerts: tuple[str, ...]
    changes: tuple[str, ...]
    owed: tuple[OwedItem, ...]
    path: str
    """In the journal."""
    faults: tuple[str, ...]


class IncidentsDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall incident list --json` prints."""

    incidents: tuple[IncidentFacts, ...]
    """The newest first."""
    broken: tuple[str, ...]
    """Paths of files of which nothing can be told."""


def put_incidents(
    reading: Reading, chosen: Chosen, state: IncidentState | None, shows_all: bool, as_json: bool
) -> None:
    """Print those in `state`; where none is named, all that are not closed, or all."""
    found = [
        one
        for one in reading.papers.incidents
        if (
            one.incident.state is state
            if state is not None
            else shows_all or one.incident.state is not IncidentState.CLOSED
        )
    ]
    tell_broken(reading.papers)
    if as_json:
        document = IncidentsDocument(
            environment=reading.loaded.settings.environment,
            at=reading.now,
            incidents=tuple(_facts(one, reading) for one in found),
            broken=tuple(one.path for one in reading.papers.broken),
        )
        put(json_text(document))
    elif not found:
        put("no incident is written down that matches")
    else:
        paper = paper_for(ascii_wanted(reading.loaded, chosen))
        put("\n".join(paper.table(COLUMNS, [_cells(one.incident, reading) for one in found])))


def _facts(paper: IncidentPaper, reading: Reading) -> IncidentFacts:
    known = paper.incident
    return IncidentFacts(
        id=known.id,
        title=known.title,
        state=known.state,
        severity=None if known.severity is None else str(known.severity),
        services=known.services,
        hosts=known.hosts,
        environment=known.environment,
        lead=known.lead,
        opened=known.opened,
        started=known.started,
        detected=known.detected,
        acknowledged=known.acknowledged,
        mitigated=known.mitigated,
        resolved=known.resolved,
        closed=known.closed,
        clocks=_clock_facts(clocks_of(known)),
        alerts=known.alerts,
        changes=known.changes,
        owed=owed_items(known.id, reading),
        path=paper.path,
        faults=paper.faults,
    )


def _clock_facts(clocks: Clocks) -> ClockFacts:
    return ClockFacts(
        _seconds(clocks.to_detect),
        _seconds(clocks.to_acknowledge),
        _seconds(clocks.to_mitigate),
        _seconds(clocks.to_resolve),
    )


def _seconds(taken: timedelta | None) -> float | None:
    return None if taken is None else taken.total_seconds()


def _cells(known: Incident, reading: Reading) -> list[Cell]:
    return [
        Cell(known.id, "bold"),
        Cell("?" if known.severity is None else str(known.severity)),
        Cell(known.state, "red" if known.is_ongoing else ""),
        Cell(f"{known.opened:%Y-%m-%d %H:%M}"),
        Cell(known.lead or "-"),
        Cell(", ".join((*known.services, *known.hosts))),
        owed_cell(known.id, reading),
        Cell(known.title),
    ]
