"""Why a row is as urgent as it is, where it stands, and what it is a row of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from console.engine.why_words import WhyLine, WhyTopic
from console.fleet.assign import NAME_LABELS, WORKLOAD_LABELS
from console.model.policy import Policy
from console.model.registry import Service, ServiceType
from console.model.snapshot import Cell, KnownAlert, Snapshot
from console.model.state import Priority
from console.model.words import breach_text, clock_time
from console.model.worklist import Lane, Row, RowKind, Worklist
from console.safety.text import visible
from console.triage.grouping import named_by
from console.triage.order import place_of

_DECIDES: Final = (
    "its part of the storm",
    "its standing",
    "its priority",
    "being acked",
    "its deadline",
    "its start",
    "its key alone",
)
"""The parts of a row's place, as what puts it behind another."""


def place_lines(
    known: KnownAlert, row: Row, worklist: Worklist, snapshot: Snapshot, policy: Policy
) -> Iterator[WhyLine]:
    """Priority, place in the list, service and row, each with what decided it."""
    yield WhyLine(WhyTopic.PLACE, "priority", priority_reason(known, policy))
    yield WhyLine(WhyTopic.PLACE, "order", order_reason(row, worklist, snapshot))
    yield WhyLine(WhyTopic.PLACE, "service", cell_reason(known, snapshot.cell(known.cell)))
    group_by = worklist.group_by or policy.group_by
    yield WhyLine(WhyTopic.PLACE, "row", row_reason(row, snapshot, group_by))


# Priority


def priority_reason(known: KnownAlert, policy: Policy) -> str:
    """`P0: severity="critical"`: the first rule that says something, as triage asks them."""
    labels = known.alert.labels
    written = labels.exact(policy.priority_label)
    for priority in Priority:
        if written.casefold() == priority.name.casefold():
            return f"{priority.name}: its label {policy.priority_label} says so"
    name = labels.exact("alertname")
    named = dict(policy.by_alert).get(name)
    if named is not None:
        return f"{named.name}: the settings name it under priorities, by_alert"
    severity = labels.exact(policy.severity_label)
    shown = f"{policy.severity_label}={visible(severity, cells=30)}"
    levels = {word.casefold(): level for word, level in policy.severities}
    level = levels.get(severity.casefold())
    if level is not None:
        return f"{level.name}: {shown}"
    why = f"{shown} means nothing here" if severity else f"it has no {policy.severity_label}"
    return f"{policy.default_priority.name}: by default, since {why} and nothing else decides"


# Order


def order_reason(row: Row, worklist: Worklist, snapshot: Snapshot) -> str:
    """Its number, what counts for it, and what put it behind the row above."""
    rows = worklist.rows
    at = next((n for n, one in enumerate(rows) if one.key == row.key), None)
    if at is None:
        folded = any(one.key == row.key for one in worklist.old)
        return "folded with what is old" if folded else "not in the worklist any more"
    said = f"row {at + 1} of {len(rows):,}: {', '.join(_weights(rows[at], snapshot))}"
    if not worklist.reordered:
        return f"{said}; the order is held while the storm lasts"
    if at:
        above, mine = place_of(rows[at - 1]), place_of(rows[at])
        parts = zip(above, mine, _DECIDES, strict=True)
        why = next((word for theirs, ours, word in parts if theirs != ours), "")
        if why:
            said += f"; behind the row above by {why}"
    return said


def _weights(row: Row, snapshot: Snapshot) -> Iterator[str]:
    yield row.standing.value
    yield row.priority.name
    if row.acked_by is not None:
        yield f"{visible(row.acked_by, cells=30)} has it"
    elif row.kind in (RowKind.ALERT, RowKind.GROUP):
        yield "nobody has it"
    if row.clocks is not None:
        now = snapshot.at.wall
        due = clock_time(row.clocks.due, now)
        yield f"{row.step.value} {breach_text(row.clocks.due - now)}, at {due}"


# Service


def cell_reason(known: KnownAlert, cell: Cell | None) -> str:
    """Which of its labels leads to the service; only what is so is told."""
    if known.cell is None or cell is None:
        return "none: no label names a service, an instance or a workload that is known"
    name = visible(known.cell, cells=40)
    return f"{name}: {_cell_proof(known, cell.service)}"


def _cell_proof(known: KnownAlert, service: Service) -> str:
    labels = known.alert.labels
    for label in NAME_LABELS:
        if labels.exact(label) == service.name:
            return f"its label {label} names it"
    if labels.exact("alertname") in service.alerts:
        return "the registry lists this alert under it"
    instance = labels.exact("instance")
    shown = visible(instance, cells=60)
    if instance and instance in service.instances:
        return f"the registry lists instance {shown} under it"
    if instance and service.host is not None and instance == f"{service.host}:{service.port}":
        return f"instance {shown} is its host and port"
    for label in WORKLOAD_LABELS:
        if service.namespace and labels.exact(label) == service.unit:
            return f"namespace {service.namespace} and {label} are its own"
    if service.type is ServiceType.HOST:
        return "it is about the host itself"
    if service.type is ServiceType.TARGET:
        return f"it is known by its scrape target{f' {shown}' if shown else ''}"
    return f"by where it is{f', instance {shown}' if shown else ''}"


# Row


def row_reason(row: Row, snapshot: Snapshot, group_by: Sequence[str]) -> str:
    """By what its alerts are one row."""
    if row.kind is RowKind.OLD:
        return "everything that has fired for longer than the fold is one row"
    if not row.alerts:
        return "a row of its own"
    many = f"{row.count:,} alerts" if row.count != 1 else "its only alert"
    if row.lane is Lane.STORM and row.count > 1:
        return f"{many}; in a storm what shares {visible(row.title, cells=60)} is one row"
    services = {one.service.name: one.service for one in snapshot.cells}
    agreed = []
    for name in group_by:
        found = {named_by(name, one, services) for one in row.alerts}
        pair = next(iter(found)) if len(found) == 1 else None
        if pair is not None:
            agreed.append(f"{visible(pair[0], cells=30)}={visible(pair[1], cells=60)}")
    return f"{many}; one row for all with {', '.join(agreed)}" if agreed else many
