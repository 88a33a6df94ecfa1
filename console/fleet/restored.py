"""Carries what an earlier console knew over into this one's memory."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from console.fleet.book import AlertBook
from console.fleet.cluster import ClusterMemory
from console.fleet.memory import Missing, PrometheusMemory
from console.fleet.saved import Saved, dimmed, rebased
from console.fleet.score import score_of
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.snapshot import HostState, KnownAlert, Snapshot, Standing
from console.model.state import State
from console.safety.clock import Instant

HOMELESS_FOR_S = 60.0
"""How long alerts of a source that is not (yet) found again are still shown."""


class Restored:
    """A saved state, and which of its alerts no source has taken over yet."""

    def __init__(self, saved: Saved, content: bytes) -> None:
        self.saved = saved
        self.content = content
        self._homeless: list[KnownAlert] | None = None
        self._since: Instant | None = None

    def first_frame(self, registry: Registry, now: Instant) -> Snapshot:
        """What is shown before anything has been asked; nothing in it is OK."""
        saved = {cell.service.name: dimmed(cell, now) for cell in self.saved.cells}
        cells = tuple(saved.values())
        alerts = tuple(self._stale(one, now) for one in self.saved.alerts)
        return Snapshot(
            at=now,
            environment=self.saved.environment,
            alerts=alerts,
            resolved=self.saved.resolved,
            silences=self.saved.silences,
            cells=cells,
            hosts=registry.hosts,
            host_states=tuple(HostState(host) for host in registry.hosts),
            score=score_of(cells),
            restored=True,
        )

    def seed(
        self,
        book: AlertBook,
        clusters: Mapping[str, ClusterMemory],
        proms: Mapping[str, PrometheusMemory],
        policy: Policy,
        now: Instant,
    ) -> None:
        """Hand the saved alerts to the memories of the sources that told them."""
        if self._homeless is None:
            self._since = now
            lost_for_s = policy.lost_for.total_seconds()
            self._homeless = [
                one
                for one in self.saved.alerts
                if (now.wall - one.as_of.wall).total_seconds() <= lost_for_s
            ]
            for silence in self.saved.silences:
                cluster = clusters.get(silence.cluster)
                if cluster is not None:
                    cluster.restored_silences[silence.id] = silence
            for resolved in self.saved.resolved:
                at = rebased(Instant(resolved.at, 0.0), now)
                book.resolved.setdefault(resolved.alert.fingerprint, (resolved, at))
        homeless = []
        for one in self._homeless:
            if not _seed_one(one, clusters, proms, now):
                homeless.append(one)
            elif one.owner is not None:
                book.owners.recall(one.key, one.owner)
        self._homeless = homeless

    def homeless(self, now: Instant) -> tuple[KnownAlert, ...]:
        """Saved alerts whose source has not been found again, for a minute at most."""
        if not self._homeless or self._since is None:
            return ()
        if now.mono - self._since.mono > HOMELESS_FOR_S:
            self._homeless = []
        return tuple(self._stale(one, now) for one in self._homeless)

    def _stale(self, one: KnownAlert, now: Instant) -> KnownAlert:
        return msgspec.structs.replace(
            one,
            state=State.LOST if one.state is State.LOST else State.STALE,
            as_of=rebased(one.as_of, now),
            why=one.why or "not asked since an earlier console",
        )


def _seed_one(
    one: KnownAlert,
    clusters: Mapping[str, ClusterMemory],
    proms: Mapping[str, PrometheusMemory],
    now: Instant,
) -> bool:
    as_of = rebased(one.as_of, now)
    cluster = clusters.get(one.alert.cluster)
    if cluster is not None:
        if any(member.current for member in cluster.members.values()):
            return True
        if one.state is State.LOST:
            cluster.missing.setdefault(one.key, Missing(one.alert, as_of, as_of))
        else:
            cluster.restored.setdefault(one.key, (one.alert, as_of))
        return True
    prom = proms.get(one.alert.cluster)
    if prom is None:
        return False
    if one.standing is not Standing.PENDING and prom.alerts.value is None:
        prom.missing.setdefault(one.key, Missing(one.alert, as_of, as_of))
    return True
