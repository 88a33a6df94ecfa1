"""Sick sources, and what is wrong with the watch itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.model.policy import Policy
from console.model.snapshot import Badge, BadgeKind, Snapshot, SourceHealth, SourceKind
from console.model.state import State
from console.model.worklist import RowKind
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.episodes import Episodes
from console.triage.faults import Fault, running

CUT_OFF: Final = "this host is cut off"
_TITLES: Final = {
    BadgeKind.WATCHDOG: "WatchdogMissing",
    BadgeKind.SKEW: "ClockSkew",
    BadgeKind.SETTLING: "ClusterSettling",
    BadgeKind.CUT_OFF: "CutOff",
    BadgeKind.RULES: "RulesFailing",
    BadgeKind.ABANDONED: "AlertsAbandoned",
    BadgeKind.PARTIAL: "PartialResult",
    BadgeKind.CONSOLE: "ConsoleFault",
}


def is_cut_off(snapshot: Snapshot) -> bool:
    """Whether all sources fail at once, which says more about this host than about them."""
    return any(badge.kind is BadgeKind.CUT_OFF for badge in snapshot.badges)


def source_faults(snapshot: Snapshot, episodes: Episodes, policy: Policy) -> list[Fault]:
    """One fault a sick source, and one a badge that is worked on like an alert.

    A cluster has one, and its members none of their own. When this host is cut off that is
    the only one.
    """
    at = snapshot.at
    sick: list[Fault] = []
    for source in snapshot.whole_sources:
        if source.state is State.OK:
            continue
        if _is_unasked(source) or _is_told_by_rows(source):
            episodes.keep(f"source:{source.name}")
        else:
            sick.append(_source(source, episodes, policy, at))
    if is_cut_off(snapshot):
        return [_cut_off(snapshot, sick, episodes, policy)]
    badges = [badge for badge in snapshot.badges if badge.is_row]
    return [*sick, *(_badge(badge, episodes, policy, at) for badge in badges)]


def _is_unasked(source: SourceHealth) -> bool:
    return source.last_ok is None and source.failing_since is None and not source.failures


def _is_told_by_rows(source: SourceHealth) -> bool:
    """Whether it is all hosts that fail: they have rows of their own, with a log and a shell."""
    return source.kind is SourceKind.HOSTS and bool(source.failures)


def _source(source: SourceHealth, episodes: Episodes, policy: Policy, at: Instant) -> Fault:
    failure = source.failures[0] if source.failures else None
    last_ok = source.last_ok.wall if source.last_ok is not None else None
    if failure is not None:
        summary = failure.cause
    elif last_ok is not None:
        summary = f"its last answer is of {last_ok:%H:%M:%S} UTC"
    else:
        summary = "has never answered"
    key = f"source:{source.name}"
    priority = policy.source_priority
    since = source.failing_since or last_ok or at.wall
    return Fault(
        key=key,
        kind=RowKind.SOURCE,
        title="SourceStale" if source.state is State.STALE else "SourceDown",
        where=Raw(source.name),
        summary=summary,
        priority=priority,
        state=source.state,
        running=running(episodes, key, since, priority, policy, at),
        failure=failure,
    )


def _badge(badge: Badge, episodes: Episodes, policy: Policy, at: Instant) -> Fault:
    key = f"badge:{badge.kind.value}:{badge.source}"
    priority = policy.source_priority
    return Fault(
        key=key,
        kind=RowKind.SOURCE,
        title=_TITLES[badge.kind],
        where=Raw(badge.source),
        summary=badge.text,
        priority=priority,
        state=State.UNKNOWN,
        running=running(episodes, key, badge.since or at.wall, priority, policy, at),
    )


def _cut_off(
    snapshot: Snapshot, sick: Sequence[Fault], episodes: Episodes, policy: Policy
) -> Fault:
    badge = next(each for each in snapshot.badges if each.kind is BadgeKind.CUT_OFF)
    key = "badge:cut off:"
    priority = policy.source_priority
    begun = badge.since or min((each.running.since for each in sick), default=snapshot.at.wall)
    names = ", ".join(each.where.exact for each in sick)
    return Fault(
        key=key,
        kind=RowKind.SOURCE,
        title=_TITLES[BadgeKind.CUT_OFF],
        where=Raw(snapshot.environment),
        summary=f"{CUT_OFF}: no answer from {names}" if names else CUT_OFF,
        priority=priority,
        state=State.UNKNOWN,
        running=running(episodes, key, begun, priority, policy, snapshot.at),
        failure=next((each.failure for each in sick if each.failure is not None), None),
    )
