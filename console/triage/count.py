"""How many there are of each kind. Alerts and faults, not rows: folding hides none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.model.snapshot import Snapshot, SourceKind, Standing
from console.model.state import Priority, State
from console.model.worklist import Counts, PriorityCount
from console.triage.faults import Fault
from console.triage.judge import Judged


def counts_of(alerts: Sequence[Judged], faults: Iterable[Fault], snapshot: Snapshot) -> Counts:
    """The counts over all alerts of a snapshot, and by priority over what no alert speaks of.

    A silenced, inhibited, muted or pending alert counts as that and under no priority; lost
    and stale ones are counted beside, since they stand under their priority too. Known they are
    once every source was asked and one that tells of alerts has answered, now or before.
    """
    total, new, acked, old = [0] * 4, [0] * 4, [0] * 4, [0] * 4
    standings = dict.fromkeys(Standing, 0)
    lost = stale = 0
    for each in alerts:
        known = each.known
        standings[known.standing] += 1
        if known.state is State.LOST:
            lost += 1
        elif known.state is State.STALE:
            stale += 1
        if each.fires:
            priority = each.facts.priority
            total[priority] += 1
            new[priority] += each.is_new
            acked[priority] += known.ack is not None
            old[priority] += each.is_old
    for fault in faults:
        total[fault.priority] += 1
        new[fault.priority] += fault.running.is_new
        acked[fault.priority] += fault.running.ack is not None
    by_priority = [PriorityCount(total[p], new[p], acked[p], old[p]) for p in Priority]
    return Counts(
        by_priority=(by_priority[0], by_priority[1], by_priority[2], by_priority[3]),
        silenced=standings[Standing.SILENCED],
        inhibited=standings[Standing.INHIBITED],
        muted=standings[Standing.MUTED],
        pending=standings[Standing.PENDING],
        lost=lost,
        stale=stale,
        resolved=len(snapshot.resolved),
        total=len(snapshot.alerts),
        known=snapshot.complete and _was_told(snapshot),
    )


def _was_told(snapshot: Snapshot) -> bool:
    telling = [
        source
        for source in snapshot.sources
        if source.kind in (SourceKind.ALERTMANAGER, SourceKind.PROMETHEUS)
    ]
    return not telling or any(source.last_ok is not None for source in telling)
