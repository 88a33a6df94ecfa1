"""The two SLA clocks: by when somebody must have responded, and by when it must be over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from console.model.policy import Policy
from console.model.state import Priority
from console.model.worklist import Clocks, Episode

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Later than every deadline."""


def clocks_of(episode: Episode, priority: Priority, policy: Policy) -> Clocks:
    """The deadlines of `episode`, wall-clock UTC.

    Both count from the episode's start, which survives a restarted Prometheus and a restarted
    console; time spent silenced counts. Once somebody has responded that stays so, even when
    the ack lapses.
    """
    sla = policy.sla[priority]
    return Clocks(
        _after(episode.start, sla.respond),
        _after(episode.start, sla.resolve),
        episode.responded_at,
    )


def most_urgent(clocks: Iterable[tuple[bool, Clocks]]) -> Clocks | None:
    """The clocks that count for several alerts worked as one.

    Takes pairs of "somebody has it" and clocks. The earliest deadline of those that nobody
    has; where all are taken, the earliest of all. `None` where there are none.
    """
    best: tuple[bool, datetime, Clocks] | None = None
    for taken, each in clocks:
        due = each.due
        if best is None or (taken, due) < best[:2]:
            best = (taken, due, each)
    return best[2] if best is not None else None


def _after(start: datetime, duration: timedelta) -> datetime:
    try:
        return start + duration
    except OverflowError:
        # A sender may write any `startsAt`, the year 9999 included.
        return NEVER
