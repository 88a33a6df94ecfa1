"""What incidents and changes still ask of people, as rows that count down beside the alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from console.model.nag import Nag, NagKind
from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.worklist import Clocks, Lane, Row, RowKind, Step
from console.safety.text import Raw

_NOW: Final = frozenset({NagKind.LEAD, NagKind.SEVERITY})
"""What is asked for while the incident goes on: it stands beside a storm, not behind it."""
_UNRATED: Final = Priority.P1
"""Of what has no severity yet."""


def owed_rows(
    nags: Iterable[Nag], now: datetime, remind_before: timedelta, *, in_storm: bool
) -> list[Row]:
    """One row a document, about what it asks for first; the rest is counted.

    Args:
        remind_before: action items that are due later than this from `now` are left out.
    """
    found: dict[str, list[Nag]] = {}
    for nag in nags:
        if nag.kind is not NagKind.ACTION or nag.left(now) <= remind_before:
            found.setdefault(nag.incident or nag.kind.value, []).append(nag)
    return [_row(sorted(each, key=lambda nag: nag.due), in_storm) for each in found.values()]


def is_pressing(row: Row) -> bool:
    """Whether it is asked for while the incident still goes on; the rest is paper."""
    return any(nag.kind in _NOW for nag in row.owed)


def _row(owed: list[Nag], in_storm: bool) -> Row:
    first = owed[0]
    more = f"; and {len(owed) - 1} more" if len(owed) > 1 else ""
    apart = in_storm and any(nag.kind in _NOW for nag in owed)
    return Row(
        key=f"owed:{first.incident or first.kind.value}",
        kind=RowKind.OWED,
        priority=_UNRATED if first.severity is None else first.severity,
        # Nothing that is owed is well; that it is no alert is told by kind and step.
        state=State.FIRING,
        standing=Standing.FIRING,
        title=Raw(first.title or first.incident),
        where=Raw(first.where),
        summary=Raw(f"{first.text}{more}"),
        since=first.since or first.due,
        step=Step.DUE,
        clocks=Clocks(first.due, first.due),
        acked_by=Raw(first.owner) if first.owner else None,
        lane=Lane.APART if apart else Lane.MAIN,
        document=first.incident,
        owed=tuple(owed),
    )
