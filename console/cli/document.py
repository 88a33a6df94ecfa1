"""The documents that `--json` prints, one a command. Described in `docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from console.cli.facts import (
    RowFacts,
    ServiceFacts,
    SourceFacts,
    row_facts,
    service_facts,
    source_facts,
)
from console.cli.host_facts import MachineFacts, machine_facts
from console.model.snapshot import Badge, Cell, Score, Snapshot, SourceHealth
from console.model.state import State
from console.model.update import Update
from console.model.worklist import Counts, Row, Storm

SCHEMA_VERSION = 1


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What every document begins with."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    at: datetime
    complete: bool
    """Every source has answered or failed; else the deadline came first."""
    filter: str


class AlertsDocument(Document, frozen=True, kw_only=True):
    """What `oncall alerts --json` prints."""

    counts: Counts
    storm: Storm | None
    rows: tuple[RowFacts, ...]
    old: tuple[RowFacts, ...]
    """What the row of kind `old` folds."""
    sick_sources: tuple[str, ...]
    """Sources without a usable answer: an empty list of rows proves nothing about theirs."""


class FleetDocument(Document, frozen=True, kw_only=True):
    """What `oncall fleet --json` prints."""

    score: Score
    services: tuple[ServiceFacts, ...]
    hosts: tuple[MachineFacts, ...]
    """Those on which one of `services` lives; with no filter all of them."""


class SourcesDocument(Document, frozen=True, kw_only=True):
    """What `oncall sources --json` prints."""

    sources: tuple[SourceFacts, ...]
    badges: tuple[Badge, ...]


class StatusDocument(Document, frozen=True, kw_only=True):
    """What `oncall status --json` prints."""

    verdict: str
    """`firing`, `not known` or `ok`: exit codes 1, 3 and 0."""
    counts: Counts
    storm: Storm | None
    score: Score
    services_by_state: Mapping[str, int]
    sources_total: int
    sources_healthy: int
    sick_sources: tuple[SourceFacts, ...]
    badges: tuple[Badge, ...]
    rows: tuple[RowFacts, ...]


def alerts_document(
    update: Update, filter_text: str, rows: Iterable[Row], old: Iterable[Row]
) -> AlertsDocument:
    """The document of `oncall alerts`, with the rows that the filter keeps."""
    snapshot, worklist = update.snapshot, update.worklist
    return AlertsDocument(
        environment=snapshot.environment,
        at=snapshot.at.wall,
        complete=snapshot.complete,
        filter=filter_text,
        counts=worklist.counts,
        storm=worklist.storm,
        rows=tuple(row_facts(row, snapshot.at) for row in rows),
        old=tuple(row_facts(row, snapshot.at) for row in old),
        sick_sources=tuple(source.name for source in sick(snapshot)),
    )


def fleet_document(snapshot: Snapshot, filter_text: str, cells: Iterable[Cell]) -> FleetDocument:
    """The document of `oncall fleet`, with the services that the filter keeps."""
    kept = list(cells)
    places = {cell.service.host for cell in kept}
    narrowed = len(kept) < len(snapshot.cells)
    return FleetDocument(
        environment=snapshot.environment,
        at=snapshot.at.wall,
        complete=snapshot.complete,
        filter=filter_text,
        score=snapshot.score,
        services=tuple(service_facts(cell, snapshot.at) for cell in kept),
        hosts=tuple(
            machine_facts(state, snapshot.at)
            for state in snapshot.host_states
            if not narrowed or state.host.name in places
        ),
    )


def sources_document(
    snapshot: Snapshot, filter_text: str, sources: Iterable[SourceHealth]
) -> SourcesDocument:
    """The document of `oncall sources`, with the sources that the filter keeps."""
    return SourcesDocument(
        environment=snapshot.environment,
        at=snapshot.at.wall,
        complete=snapshot.complete,
        filter=filter_text,
        sources=tuple(source_facts(source, snapshot.at) for source in sources),
        badges=snapshot.badges,
    )


def status_document(
    update: Update, filter_text: str, rows: Iterable[Row], verdict: str
) -> StatusDocument:
    """The document of `oncall status`, with the rows that the filter keeps."""
    snapshot, worklist = update.snapshot, update.worklist
    unwell = sick(snapshot)
    total = len(snapshot.whole_sources)
    return StatusDocument(
        environment=snapshot.environment,
        at=snapshot.at.wall,
        complete=snapshot.complete,
        filter=filter_text,
        verdict=verdict,
        counts=worklist.counts,
        storm=worklist.storm,
        score=snapshot.score,
        services_by_state=states(snapshot.cells),
        sources_total=total,
        sources_healthy=total - len(unwell),
        sick_sources=tuple(source_facts(source, snapshot.at) for source in unwell),
        badges=snapshot.badges,
        rows=tuple(row_facts(row, snapshot.at) for row in rows),
    )


def sick(snapshot: Snapshot) -> tuple[SourceHealth, ...]:
    """The sources that give no usable answer now.

    A cluster of which one member answers is not among them: that it is not whole is said by
    its `degraded`.
    """
    return tuple(source for source in snapshot.whole_sources if source.state is not State.OK)


def states(cells: Iterable[Cell]) -> dict[str, int]:
    """How many cells are in each state, the worst first."""
    found = {state.value: 0 for state in sorted(State, key=lambda state: -state.badness)}
    for cell in cells:
        found[cell.state.value] += 1
    return found
