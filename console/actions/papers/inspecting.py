"""Ticks of the daily inspection."""

from __future__ import annotations

from console.actions.doing import Doing, Effected
from console.actions.papers.outcomes import denied
from console.journal.bench import Bench
from console.model.paper_wish import TickInspection


async def tick_inspection(wish: TickInspection, bench: Bench, doing: Doing) -> Effected:
    """Write and commit all files of a report."""
    return denied("", "not yet")
