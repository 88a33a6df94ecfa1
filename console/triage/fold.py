"""What has been firing for longer than anybody works on it, as one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.words import age_text
from console.model.worklist import Row, RowKind, Step
from console.safety.text import Raw

OLD_KEY: Final = "old"


def folds(priority: Priority, start: datetime, acked: bool, cutoff: datetime) -> bool:
    """Whether a firing alert is folded away: it began before `cutoff`.

    A P0 that nobody has taken is not, however old it is.
    """
    return start < cutoff and (acked or priority is not Priority.P0)


def folded(rows: Sequence[Row], at: datetime, fold_after: timedelta) -> Row:
    """One row for all of `rows`, of which there is at least one; its alerts are theirs."""
    alerts = tuple([known for row in rows for known in row.alerts])
    by_priority = [sum(row.by_priority[priority] for row in rows) for priority in Priority]
    since = min(row.since for row in rows)
    return Row(
        key=OLD_KEY,
        kind=RowKind.OLD,
        priority=Priority.P3,
        state=max((row.state for row in rows), key=_badness),
        standing=Standing.FIRING,
        title=Raw(f"{len(alerts):,} firing > {age_text(fold_after)}"),
        where=Raw(""),
        summary=Raw(f"folded, oldest {age_text(at - since)}"),
        since=since,
        step=Step.NONE,
        alerts=alerts,
        acked_count=sum(row.acked_count for row in rows),
        by_priority=(by_priority[0], by_priority[1], by_priority[2], by_priority[3]),
    )


def _badness(state: State) -> int:
    return state.badness
