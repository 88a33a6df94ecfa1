"""The runs of runbooks that are handed over, as `oncall handover --json` has them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.engine.handover_runs import HandedRuns, result_of, unknown_in
from console.model.run import PastRun, Run
from console.safety.text import Raw


class HandedRunFacts(msgspec.Struct, frozen=True):
    """A run that is open on this machine, or one of the shift by its transcript."""

    id: str
    runbook: str
    result: str
    """`open`, `passed`, `failed`, `unknown`, or `ended`: nothing shows that it was well."""
    who: Raw
    subject: Raw
    service: str
    incident: str
    change: str
    began: datetime
    ended: datetime | None
    steps: dict[str, int]
    """How many of them came to which state."""
    unknown: tuple[str, ...]
    """Of an open one: the steps of which nobody knows what became."""
    console: str
    """Of an open one: the host on which its console runs; empty: it has ended."""
    path: str
    """Of one that has ended: its file in the journal."""


def handed_run_facts(runs: HandedRuns) -> tuple[HandedRunFacts, ...]:
    """Those that are open first, each part with the newest in front."""
    return (*map(_open, runs.open), *map(_past, runs.past))


def _open(run: Run) -> HandedRunFacts:
    steps: dict[str, int] = {}
    for one in run.steps:
        steps[one.state] = steps.get(one.state, 0) + 1
    return HandedRunFacts(
        id=run.id,
        runbook=run.runbook.name,
        result="open",
        who=Raw(run.who),
        subject=Raw(run.subject),
        service=run.service,
        incident=run.incident,
        change=run.change,
        began=run.began,
        ended=run.ended,
        steps=steps,
        unknown=unknown_in(run),
        console=run.console,
        path="",
    )


def _past(run: PastRun) -> HandedRunFacts:
    return HandedRunFacts(
        id=run.id,
        runbook=run.runbook,
        result=result_of(run),
        who=run.who,
        subject=run.subject,
        service=run.service,
        incident=run.incident,
        change=run.change,
        began=run.began,
        ended=run.ended,
        steps=dict(run.counts),
        unknown=(),
        console="",
        path=run.path,
    )
