"""What members, clusters and replicas tell of one alert, made one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.fleet.cluster import ClusterMemory
from console.fleet.memory import mono
from console.model.alert import Alert, AlertState
from console.model.snapshot import KnownAlert, Standing
from console.safety.clock import Instant


def merge(one: KnownAlert, other: KnownAlert) -> KnownAlert:
    """One alert that two sources tell of: the worse state wins, active wins over suppressed."""
    first, second = sorted((one, other), key=_rank)
    starts_at = min(first.alert.starts_at, second.alert.starts_at)
    alert = first.alert
    if alert.starts_at != starts_at:
        alert = msgspec.structs.replace(alert, starts_at=starts_at)
    duplicates = {*first.duplicates, *second.duplicates, first.key, second.key} - {
        alert.fingerprint
    }
    silences = tuple(dict.fromkeys((*first.silences, *second.silences)))
    return msgspec.structs.replace(
        first,
        alert=alert,
        as_of=max(first.as_of, second.as_of, key=mono),
        cell=first.cell or second.cell,
        owner=first.owner or second.owner,
        ack=first.ack or second.ack,
        silences=silences,
        ended=None if silences else first.ended or second.ended,
        duplicates=tuple(sorted(duplicates)),
        seen_by=_sum(first.seen_by, second.seen_by) if first.key == second.key else first.seen_by,
    )


_STANDINGS = tuple(Standing)


def _rank(known: KnownAlert) -> tuple[int, int, datetime, str]:
    return (
        -known.state.badness,
        _STANDINGS.index(known.standing),
        known.alert.starts_at,
        known.alert.fingerprint,
    )


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def present_in(cluster: ClusterMemory, now: Instant) -> dict[str, Alert]:
    """What the answering members tell: earliest start, active wins over suppressed."""
    live = cluster.live(now)
    if len(live) == 1:
        return live[0].current
    union: dict[str, Alert] = {}
    for member in live:
        for fingerprint, alert in member.current.items():
            other = union.get(fingerprint)
            union[fingerprint] = (
                msgspec.structs.replace(alert, members=(member.name,))
                if other is None
                else _both(other, alert, member.name)
            )
    return union


def _both(one: Alert, other: Alert, member: str) -> Alert:
    active_wins = one.state is not AlertState.ACTIVE and other.state is AlertState.ACTIVE
    base = other if active_wins else one
    return msgspec.structs.replace(
        base,
        starts_at=min(one.starts_at, other.starts_at),
        members=(*one.members, member),
        updated_at=max(one.updated_at or base.starts_at, other.updated_at or base.starts_at),
    )


def silent_in(cluster: ClusterMemory, now: Instant) -> dict[str, tuple[Alert, Instant, str]]:
    """What members that do not answer now had told last, with when and who."""
    silent: dict[str, tuple[Alert, Instant, str]] = {}
    name = cluster.watched.name
    for fingerprint, (alert, seen) in cluster.restored.items():
        silent[fingerprint] = (alert, seen, name)
    for member in cluster.members.values():
        seen_at = member.alerts.as_of
        if seen_at is None or member.alerts.is_usable(now):
            continue
        who = name if len(cluster.members) < 2 else f"{name}/{member.name}"
        for fingerprint, alert in member.current.items():
            before = silent.get(fingerprint)
            if before is None or before[1].mono < seen_at.mono:
                silent[fingerprint] = (alert, seen_at, who)
    return silent


def with_mutes(alert: Alert, cluster: ClusterMemory) -> Alert:
    """The alert with the names of the time intervals that mute it; `/alerts` leaves them out."""
    if alert.muted_by or alert.silenced_by or alert.inhibited_by:
        return alert
    for member in cluster.members.values():
        names = member.muted.get(alert.fingerprint)
        if names:
            return msgspec.structs.replace(alert, muted_by=names)
    return alert
