"""When the passing of time alone changes the list of alerts, so that it is rebuilt only then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from console.fleet.cluster import ClusterMemory
from console.fleet.memory import Missing, PrometheusMemory
from console.model.policy import Policy
from console.safety.clock import Instant

LONGEST_S = 3600.0


def unchanged_until(
    clusters: Mapping[str, ClusterMemory],
    proms: Mapping[str, PrometheusMemory],
    resolved_at: Iterable[Instant],
    policy: Policy,
    now: Instant,
) -> float:
    """The monotonic second before which the list stays as it is, unless a reading comes."""
    due = [now.mono + LONGEST_S]
    due.extend(_of_parts(clusters, proms))
    for cluster in clusters.values():
        due.extend(_ends(cluster.missing.values(), policy.lost_for))
    for prom in proms.values():
        due.extend(_ends(prom.missing.values(), policy.lost_for))
    due.extend(at.mono + policy.resolved_for.total_seconds() for at in resolved_at)
    for cluster in clusters.values():
        for silence in cluster.silences().values():
            due.append(now.mono + (silence.ends_at - now.wall).total_seconds())
    # What is due is past its second, not at it.
    return min(at for at in due if at >= now.mono) + 0.001


def _of_parts(
    clusters: Mapping[str, ClusterMemory], proms: Mapping[str, PrometheusMemory]
) -> Iterator[float]:
    for cluster in clusters.values():
        for member in cluster.members.values():
            if member.alerts.as_of is not None:
                yield member.alerts.as_of.mono + member.alerts.limit_s
    for prom in proms.values():
        for as_of in (prom.alerts.as_of, prom.rules.as_of):
            if as_of is not None:
                yield as_of.mono + prom.alerts.limit_s


def _ends(missing: Iterable[Missing], lost_for: timedelta) -> Iterator[float]:
    for one in missing:
        yield one.absent_at.mono + lost_for.total_seconds()
