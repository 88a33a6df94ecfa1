"""The fleet as last known: takes readings, gives snapshots."""

from __future__ import annotations

from collections.abc import Iterable

from console.fleet.alerts import Union, unite
from console.fleet.assign import NAME_LABELS, Index
from console.fleet.badges import Refreshed, abandoned, cut_off, refreshed, source_badges
from console.fleet.book import AlertBook
from console.fleet.cells import CellBook, Scraped, targets_by_cell
from console.fleet.cluster import ClusterMemory
from console.fleet.expiry import unchanged_until
from console.fleet.hosts import moved_hosts
from console.fleet.memory import PrometheusMemory
from console.fleet.restored import Restored
from console.fleet.saved import decoded, encoded
from console.fleet.score import score_of
from console.fleet.sources import (
    ProbingMemory,
    cluster_health,
    cluster_workloads_health,
    hosts_health,
    probing_health,
    prometheus_health,
)
from console.fleet.watchdogs import WatchdogMemory
from console.model.alert import Ack, Target
from console.model.policy import Policy
from console.model.reading import (
    AlertmanagerReading,
    HostReading,
    KubernetesReading,
    ProbeReading,
    PrometheusReading,
    Reading,
)
from console.model.registry import Host, Registry, Unasked
from console.model.snapshot import (
    Badge,
    ClusterGroups,
    KnownAlert,
    Snapshot,
    SourceHealth,
    SourceKind,
    SourceRules,
    Watched,
)
from console.safety.clock import Instant


class Fleet:
    """What is known of the fleet, as the readings have told it. No I/O and no clock."""

    def __init__(
        self,
        registry: Registry,
        watched: tuple[Watched, ...],
        policy: Policy,
        environment: str,
        *,
        name_labels: tuple[str, ...] = NAME_LABELS,
    ) -> None:
        self.registry = registry
        self.policy = policy
        self.environment = environment
        self._name_labels = name_labels
        self._watched: tuple[Watched, ...] = ()
        self._clusters: dict[str, ClusterMemory] = {}
        self._proms: dict[str, PrometheusMemory] = {}
        self._probing = ProbingMemory()
        self._book = AlertBook(policy)
        self._cells = CellBook()
        self._hosted = self._cells.hosted
        self._missed = WatchdogMemory()
        self._index = Index(registry, (), name_labels)
        self._indexed: tuple[object, ...] | None = None
        """What the index was made of."""
        self._scraped: dict[str, Scraped] = {}
        self._targets_changed = False
        self._union = Union()
        self._union_until: float | None = None
        self._refreshed: Refreshed = {}
        self._restored: Restored | None = None
        self._seedable = False
        self._last: Snapshot | None = None
        self._has_read = False
        self.watch(watched)

    # -- what is watched ---------------------------------------------------------------

    def watch(self, watched: tuple[Watched, ...]) -> None:
        """Watch these sources from now on. The memory of those that stay is kept."""
        self._watched = watched
        self._union_until = None
        clusters: dict[str, ClusterMemory] = {}
        proms: dict[str, PrometheusMemory] = {}
        for one in watched:
            if one.kind is SourceKind.ALERTMANAGER:
                cluster = self._clusters.get(one.name) or ClusterMemory(one)
                cluster.watch(one)
                clusters[one.name] = cluster
            elif one.kind is SourceKind.PROMETHEUS:
                prom = self._proms.get(one.name) or PrometheusMemory(one)
                prom.watch(one)
                proms[one.name] = prom
        self._clusters, self._proms = clusters, proms
        self._hosted.watch(self.registry, watched)
        self._targets_changed = self._seedable = True

    def reload(
        self,
        registry: Registry,
        watched: tuple[Watched, ...],
        policy: Policy,
        unasked: Iterable[Unasked] = (),
    ) -> None:
        """Take over new settings, and keep the memory of every source and service that stays.

        The cells of `unasked` services are UNKNOWN unless something else feeds them.
        """
        before = {service.name: service for service in self.registry.services}
        after = {service.name: service for service in registry.services}
        moved = moved_hosts(self.registry, registry)
        self._cells.keep(after, before, moved)
        self._hosted.forget_hosts(moved)
        self._cells.unasked = {one.service: f"needs {one.needs}" for one in unasked}
        self.registry = registry
        if policy != self.policy:
            before_it = self._book
            self.policy, self._book = policy, AlertBook(policy)
            self._book.resolved, self._book.owners = before_it.resolved, before_it.owners
            self._book.local_acks = before_it.local_acks
        self._index = Index(registry, self._targets(), self._name_labels)
        self._indexed = None
        self.watch(watched)

    # -- readings in ---------------------------------------------------------------------

    def take(self, reading: Reading) -> None:
        """Remember what a source said. A source that is not watched is not heard."""
        if isinstance(reading, ProbeReading):
            self._cells.take(reading)
            self._has_read = True
            return
        if isinstance(reading, HostReading | KubernetesReading):
            self._take_hosted(reading)
            return
        if isinstance(reading, AlertmanagerReading):
            cluster = self._clusters.get(reading.source)
            if cluster is None:
                return
            self._seed(reading.at)
            cluster.take(reading)
        else:
            prom = self._proms.get(reading.source)
            if prom is None:
                return
            self._seed(reading.at)
            self._take_prometheus(prom, reading)
        self._has_read = True
        self._union_until = None

    def take_acks(self, acks: Iterable[Ack]) -> None:
        """These are the acks that the shared folder keeps now."""
        kept = {ack.silence_id: ack for ack in acks}
        if kept != self._book.local_acks:
            self._book.local_acks = kept
            self._union_until = None

    def _take_hosted(self, reading: HostReading | KubernetesReading) -> None:
        had = (self._hosted.cells(), self._hosted.found)
        if isinstance(reading, HostReading):
            self._hosted.take_host(reading)
        else:
            self._hosted.take_cluster(reading)
        self._has_read = True
        if (self._hosted.cells(), self._hosted.found) != had:
            self._targets_changed = True  # alerts about it have a cell to be assigned to

    def _take_prometheus(self, prom: PrometheusMemory, reading: PrometheusReading) -> None:
        before = prom.targets.value
        prom.take(reading)
        if prom.targets.value is not before:
            self._targets_changed = True

    # -- snapshots out ---------------------------------------------------------------------

    def snapshot(self, now: Instant) -> Snapshot:
        """The world as of `now`. Asking twice at the same moment gives the same."""
        if not self._has_read and self._restored is not None:
            return self._restored.first_frame(self.registry, now)
        self._seed(now)
        self._refresh_targets()
        if self._hosted.forget_gone(self._scraped):
            self._targets_changed = True
            self._refresh_targets()
        if self._union_until is None or now.mono >= self._union_until:
            self._union = unite(self._book, self._clusters, self._proms, self._index, now)
            self._refreshed = refreshed(self._union.alerts, self._clusters)
            resolved_at = [at for _, at in self._book.resolved.values()]
            self._union_until = unchanged_until(
                self._clusters, self._proms, resolved_at, self.policy, now
            )
        union = self._union
        cells = self._cells.build(
            self._index, self._scraped, union.by_cell, self._clusters, self._proms, now
        )
        sources = tuple(self._sources(now))
        hosts = self._hosted.host_states(self._found_hosts())
        self._last = Snapshot(
            at=now,
            environment=self.environment,
            sources=sources,
            alerts=self._with_homeless(union.alerts, now),
            resolved=union.resolved,
            silences=tuple(
                silence for one in self._clusters.values() for silence in one.silences().values()
            ),
            ended=tuple(silence for one in self._clusters.values() for silence in one.ended(now)),
            local_acks=tuple(self._book.local_acks.values()),
            rules=tuple(
                SourceRules(name, prom.rules.value, prom.rules.as_of)
                for name, prom in self._proms.items()
                if prom.rules.value is not None and prom.rules.as_of is not None
            ),
            groups=tuple(self._groups()),
            cells=cells,
            hosts=tuple(one.host for one in hosts),
            host_states=hosts,
            namespaces=self._hosted.namespaces(),
            badges=self._badges(sources, union, now),
            score=score_of(cells),
            complete=self._is_complete(),
        )
        return self._last

    def _with_homeless(
        self, alerts: tuple[KnownAlert, ...], now: Instant
    ) -> tuple[KnownAlert, ...]:
        """Adds what was saved of a source that has yet to be found, so that nothing blinks."""
        homeless = () if self._restored is None else self._restored.homeless(now)
        if not homeless:
            return alerts
        known = {one.key for one in alerts}
        return (*alerts, *(one for one in homeless if one.key not in known))

    def _sources(self, now: Instant) -> Iterable[SourceHealth]:
        for one in self._watched:
            if one.kind is SourceKind.ALERTMANAGER:
                yield from cluster_health(self._clusters[one.name], now)
            elif one.kind is SourceKind.PROMETHEUS:
                yield prometheus_health(self._proms[one.name], now)
            elif one.kind is SourceKind.HEALTH:
                yield probing_health(one, self._cells.results, self._probing, now)
            elif one.kind is SourceKind.HOSTS:
                yield from hosts_health(one, self._hosted, now)
        for cluster in self._hosted.clusters.values():
            yield cluster_workloads_health(cluster, now)

    def _badges(
        self, sources: tuple[SourceHealth, ...], union: Union, now: Instant
    ) -> tuple[Badge, ...]:
        watchdogs = self._missed.badges(
            self._book.watchdogs, union.sightings, self._clusters, self._proms, now
        )
        return (
            *cut_off(sources),
            *watchdogs,
            *abandoned(self._refreshed, self._proms, now),
            *source_badges(self._clusters, self._proms, now),
        )

    def _groups(self) -> Iterable[ClusterGroups]:
        for name, cluster in self._clusters.items():
            told = [
                (member.groups.as_of, member.groups.value)
                for member in cluster.members.values()
                if member.groups.as_of is not None and member.groups.value is not None
            ]
            if told:
                as_of, groups = max(told, key=lambda one: one[0].mono)
                yield ClusterGroups(name, groups, as_of)

    def _found_hosts(self) -> list[Host]:
        """Hosts that nobody wrote down, and on which something is scraped."""
        named = {one.host.name for one in self._hosted.hosts.values()}
        places = dict.fromkeys(service.host for service in self._index.dynamic if service.host)
        return [Host(one) for one in places if one not in named]

    def _is_complete(self) -> bool:
        probed = any(one.kind is SourceKind.HEALTH for one in self._watched)
        has_probes = probed and any(one.health for one in self.registry.services)
        return (
            bool(self._watched)
            and all(one.was_asked() for one in self._clusters.values())
            and all(one.alerts.tried_at is not None for one in self._proms.values())
            and (bool(self._cells.results) or not has_probes)
            and self._hosted.was_asked()
        )

    # -- what has to be worked out again -------------------------------------------------------

    def _targets(self) -> list[Target]:
        return [one for prom in self._proms.values() for one in prom.targets.value or ()]

    def _refresh_targets(self) -> None:
        if not self._targets_changed:
            return
        targets = self._targets()
        hosts = tuple(one.place for one in self._hosted.cells())
        found = self._hosted.found
        indexed = (tuple(target.labels for target in targets), hosts, found)
        if indexed != self._indexed:
            known = Registry(self.registry.hosts, (*self.registry.services, *found))
            self._index = Index(known, targets, self._name_labels, hosts)
            self._indexed = indexed
            self._union_until = None
        self._scraped = targets_by_cell(self._index, self._proms)
        self._targets_changed = False

    # -- over a restart of the console -------------------------------------------------------

    def saved(self) -> bytes:
        """The last known state as JSON, for `restore` of a later process."""
        if self._last is not None:
            return encoded(self._last)
        return b"" if self._restored is None else self._restored.content

    def restore(self, content: bytes) -> str | None:
        """Take over what `saved` gave, before the first reading.

        Returns:
            Why it is of no use, as a sentence that is safe to show; `None` when all is well.
        """
        saved = decoded(content, self.environment)
        if isinstance(saved, str):
            return saved
        if not self._has_read:
            self._restored = Restored(saved, content)
            self._seedable = True
        return None

    def _seed(self, now: Instant) -> None:
        if self._restored is not None and self._seedable:
            self._restored.seed(self._book, self._clusters, self._proms, self.policy, now)
            self._seedable = False
            self._union_until = None
