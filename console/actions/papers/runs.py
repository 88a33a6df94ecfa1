"""Writing down what a runbook's run came to: its transcript in the journal."""

from __future__ import annotations

from console.actions.doing import Doing, Effected
from console.actions.papers.outcomes import denied
from console.journal.bench import Bench
from console.model.paper_wish import KeepRun


async def keep_run(wish: KeepRun, bench: Bench, doing: Doing) -> Effected:
    """Write and commit the transcript of a run, in place of the one that stands there."""
    return denied(wish.run.id, f"{wish.run.id} is not kept yet")
