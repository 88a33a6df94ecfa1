"""The few lines below the worklist: what is known of the row under the cursor, at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from console.engine.questions import rule_of
from console.model.snapshot import Snapshot
from console.model.words import age_text, countdown_text
from console.model.worklist import Row
from screens.row_facts import cell_of, clock_time, section
from widgets.detail import Field, Part
from widgets.theme import Ink


def preview_of(row: Row, snapshot: Snapshot, now: datetime) -> tuple[Part, ...]:
    """The row's most wanted facts, in the order in which a tired person asks for them.

    Times read as they do in the list above, so that two clocks never disagree.
    """
    return section(row.title, _facts(row, snapshot, now))


def _facts(row: Row, snapshot: Snapshot, now: datetime) -> Iterator[Field]:
    if row.summary:
        yield Field("says", row.summary)
    yield Field(
        "since", f"{clock_time(row.since, now)}, {age_text(now - row.since, coarse=True)} ago"
    )
    if row.clocks is not None:
        breached = row.clocks.breached(now)
        left = countdown_text(row.clocks.due - now)
        text = f"{row.step.value} {left}, by {clock_time(row.clocks.due, now)}"
        yield Field("clock", text, Ink.BREACHED if breached else Ink.PLAIN)
    if row.failure is not None:
        yield Field("came", row.failure.cause)
        yield Field("to do", row.failure.remedy)
        yield Field("repeat", row.failure.curl)
    first = row.alerts[0] if row.alerts else None
    if first is not None:
        if first.why:
            yield Field("why", first.why, Ink.WARNING)
        rule = rule_of(first, snapshot)
        if rule is not None:
            yield Field("rule", rule.rule.query)
    cell = cell_of(row, snapshot)
    if cell is not None:
        yield Field("state", f"{cell.state.value}: {cell.because}")
        depends = cell.service.depends_on
        if depends:
            states = {c.service.name: c.state for c in snapshot.cells}
            named = [f"{name} {states[name].value}" for name in depends if name in states]
            yield Field("needs", ", ".join(named or depends))
        users = [
            f"{other.service.name} {other.state.value}"
            for other in snapshot.cells
            if cell.service.name in other.service.depends_on
        ]
        if users:
            yield Field("hits", ", ".join(users))
        if cell.service.owner:
            yield Field("team", cell.service.owner)
    if first is not None:
        if row.acked_by is not None:
            yield Field("acked", row.acked_by)
        if first.alert.runbook is not None:
            yield Field("book", first.alert.runbook)
    if row.count > 1:
        shared = row.shared[:3]
        for name, value, count in shared:
            yield Field(f"{count:,}/{row.count:,}", name)
            yield Field("", value)
