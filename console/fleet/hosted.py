"""What the hosts and clusters that run the services tell of them, remembered by service."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import timedelta

from console.fleet.hosts import HostMemory
from console.fleet.limits import Over, over_now
from console.fleet.memory import HELD_TARGETS_S, Part
from console.fleet.runners import Word, container_word, unit_word, workload_word
from console.fleet.workloads import claimed, found_workloads, live_workloads
from console.model.failure import Failure
from console.model.host import HostFacts, Means
from console.model.probe import Verdict
from console.model.reading import HostReading, KubernetesReading
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.report import Report, Runner
from console.model.snapshot import HostState, NamespaceState, SourceKind, Watched
from console.model.workload import Workload
from console.safety.text import Raw, visible

_ON_HOST = {ServiceType.DOCKER: Runner.CONTAINER, ServiceType.SYSTEMD: Runner.UNIT}
_IT_WAS = "; it was: "
FOUND_INTERVAL = timedelta(seconds=30)
"""Of a cluster that is not in the settings and was found through its metrics."""


class ClusterWorkloads:
    """One Kubernetes cluster as one source tells of it."""

    def __init__(self, watched: Watched, *, found: bool = False) -> None:
        self.watched = watched
        self.found = found
        self.workloads: Part[tuple[Workload, ...]] = Part(watched.interval)
        self.last: KubernetesReading | None = None

    def covers(self, namespace: str) -> bool:
        """Whether it was asked about `namespace`."""
        if self.last is not None and self.last.namespaces:
            return namespace in self.last.namespaces
        return not self.watched.members or namespace in self.watched.members


class HostedBook:
    """Hosts and clusters, and the reports on services that follow from them."""

    def __init__(self) -> None:
        self.hosts: dict[str, HostMemory] = {}
        self.clusters: dict[str, ClusterWorkloads] = {}
        self.reports: dict[str, dict[str, Report]] = {}
        """By service, then by who tells."""
        self.looked_at: frozenset[str] = frozenset()
        self._by_host: dict[str, list[Service]] = {}
        self._in_cluster: list[Service] = []
        self._taken: frozenset[str] = frozenset()
        """Names of the registry's services."""
        self.found: tuple[Service, ...] = ()
        """Workloads that nobody wrote down, as services."""
        self._told_at: dict[str, float] = {}
        """By Prometheus: the monotonic second of its newest word on any host."""
        self._touched: dict[str, int] = {}
        self._over: dict[str, frozenset[Over]] = {}
        """By service: what was over its own limits at the last look at its host."""

    # What is watched

    def watch(self, registry: Registry, watched: Iterable[Watched]) -> None:
        """Watch these hosts and clusters; the memory of those that stay is kept."""
        asked = list(watched)
        looks = next((one for one in asked if one.kind is SourceKind.HOSTS), None)
        self.looked_at = frozenset(looks.members if looks is not None else ())
        before = self.hosts
        self.hosts = {}
        for host in registry.hosts:
            memory = before.get(host.name)
            if memory is None or memory.host != host:
                memory = HostMemory(host)
                self.reports.pop(memory.service.name, None)
            is_looked_at = looks is not None and host.name in self.looked_at
            memory.watch(looks.interval if looks is not None and is_looked_at else None)
            self.hosts[host.name] = memory
        for name, memory in before.items():
            if memory.found and name not in self.hosts:
                self.hosts[name] = memory
        known = self.clusters
        self.clusters = {name: one for name, one in known.items() if one.found}
        for one in asked:
            if one.kind is SourceKind.KUBERNETES:
                cluster = known.get(one.name)
                if cluster is None or cluster.found or cluster.watched.url != one.url:
                    cluster = ClusterWorkloads(one)
                    self._forget_teller(one.name)
                cluster.watched = one
                self.clusters[one.name] = cluster
        self._by_host = {}
        self._in_cluster = []
        for service in registry.services:
            if service.type in _ON_HOST and service.host is not None:
                self._by_host.setdefault(service.host, []).append(service)
            elif service.type is ServiceType.K8S_DEPLOYMENT:
                self._in_cluster.append(service)
        self._taken = frozenset(service.name for service in registry.services)
        self._find_workloads()
        self._forget(registry)

    def _find_workloads(self) -> None:
        told = (
            workload for one in self.clusters.values() for workload in one.workloads.value or ()
        )
        self.found = found_workloads(told, self._in_cluster, self._taken)

    def _forget(self, registry: Registry) -> None:
        """Drop the reports of services, hosts and clusters that are gone or were changed."""
        now = {service.name: service for service in (*registry.services, *self.found)}
        tellers = {*(f"hosts/{name}" for name in self.looked_at), *self.clusters}
        for name in list(self.reports):
            service = now.get(name) or next(
                (one.service for one in self.hosts.values() if one.service.name == name), None
            )
            kept = {
                teller: report
                for teller, report in self.reports[name].items()
                if service is not None
                and (teller in tellers or teller.startswith(Means.NODE_EXPORTER))
                and report.place == (service.host or service.namespace)
            }
            if kept != self.reports[name]:
                self._touch(name)
            self.reports[name] = kept

    def forget_hosts(self, moved: Iterable[str]) -> None:
        """Forget what these hosts told of what runs on them: the names stand for others now."""
        for name in moved:
            self._forget_teller(f"hosts/{name}")

    def _forget_teller(self, teller: str) -> None:
        for service in self.reports:
            self._retract(service, teller)

    # Readings in

    def take_host(self, reading: HostReading) -> None:
        """Remember a look at a host."""
        facts, by_exporter = reading.facts, reading.by_exporter
        memory = self.hosts.get(reading.host)
        if memory is None and by_exporter:
            shown = visible(Raw(reading.host), cells=80)
            memory = self.hosts[reading.host] = HostMemory(Host(shown), found=True)
        if memory is None or not memory.take(reading):
            return
        if by_exporter:
            self._told_at[reading.source] = reading.at.mono
        teller = f"{Means.NODE_EXPORTER}/{reading.source}" if by_exporter else reading.key
        report = memory.report(reading)
        if by_exporter and memory.looks is not None and report.verdict is Verdict.NO_ANSWER:
            # What an exporter leaves out is nothing against a host that tells it by itself.
            self._retract(memory.service.name, teller)
            return
        self._say(memory.service.name, teller, report)
        if by_exporter:
            return
        for service in self._by_host.get(reading.host, ()):
            word = self._word_on_host(service, facts, reading, teller)
            runner = _ON_HOST[service.type]
            report = _report(runner, word, reading, memory.interval, reading.host, memory.means)
            self._say(service.name, teller, report)

    def forget_gone(self, scraped: Container[str]) -> bool:
        """Forget hosts that nobody wrote down and that are no more, as a scaled-down fleet has.

        Only where the Prometheus that told of them still tells of other hosts, and none of the
        targets that it has (`scraped`, by cell) is theirs: one that died is still a target, and
        is down. Returns whether any was forgotten.
        """
        gone = [
            name
            for name, memory in self.hosts.items()
            if memory.found
            and memory.exporter is not None
            and memory.exporter.as_of is not None
            and self._told_at[memory.told_by] - memory.exporter.as_of.mono > HELD_TARGETS_S
            and memory.service.name not in scraped
        ]
        for name in gone:
            self.reports.pop(self.hosts.pop(name).service.name, None)
        return bool(gone)

    def _word_on_host(
        self, service: Service, facts: HostFacts | Failure, reading: HostReading, teller: str
    ) -> Word:
        if isinstance(facts, Failure):
            return self._unheard(service, teller, facts)
        before = self._over.pop(service.name, frozenset())
        if service.type is not ServiceType.DOCKER:
            self._note_over(service, over_now(service, facts))
            return unit_word(service, facts, before)
        here = (one for one in self._by_host[reading.host] if one.type is ServiceType.DOCKER)
        others = {one.unit for one in here if one is not service}
        self._note_over(service, over_now(service, facts, others))
        return container_word(service, facts, reading.at.wall, others, before)

    def _note_over(self, service: Service, over: frozenset[Over]) -> None:
        if over:
            self._over[service.name] = over

    def _unheard(self, service: Service, teller: str, failure: Failure) -> Word:
        """That nobody tells of it now, and what was wrong with it when somebody last did."""
        before = self.reports.get(service.name, {}).get(teller)
        if before is None:
            return Word(Verdict.NO_ANSWER, failure.cause, failure=failure)
        harm = before.said if before.verdict is Verdict.UNHEALTHY else ""
        if before.failure is not None:
            harm = before.said.partition(_IT_WAS)[2]
        said = f"{failure.cause}{_IT_WAS}{harm}" if harm else failure.cause
        return Word(Verdict.NO_ANSWER, said, failure=failure)

    def take_cluster(self, reading: KubernetesReading) -> None:
        """Remember a look at a cluster; one that is met here first is watched from now on."""
        cluster = self.clusters.get(reading.source)
        if cluster is None:
            if not reading.present:
                return
            watched = Watched(reading.source, SourceKind.KUBERNETES, FOUND_INTERVAL)
            cluster = self.clusters[reading.source] = ClusterWorkloads(watched, found=True)
        if not cluster.workloads.take(reading.workloads, reading.at):
            return
        cluster.last = reading
        self._find_workloads()
        for service in (*self._in_cluster, *self._found_by(reading)):
            if service.namespace is None or not cluster.covers(service.namespace):
                continue
            told = reading.workloads
            if isinstance(told, Failure):
                word = self._unheard(service, reading.source, told)
            else:
                word = workload_word(
                    service,
                    told,
                    whole=not reading.warnings,
                    all_told=not reading.missing,
                    at=reading.at.wall,
                    written=service.name in self._taken,
                    strays=None if reading.pods is not None else reading.strays,
                )
            interval = cluster.watched.interval
            self._say(
                service.name,
                reading.source,
                _report(
                    Runner.WORKLOAD, word, reading, interval, service.namespace, reading.source
                ),
            )

    def _found_by(self, reading: KubernetesReading) -> Iterable[Service]:
        """Of the workloads that nobody wrote down those that this source tells of, or did."""
        told = reading.workloads if isinstance(reading.workloads, tuple) else ()
        named = {(one.namespace.exact, one.name.exact) for one in told}
        for service in self.found:
            if (service.namespace, service.unit) in named or reading.source in self.reports.get(
                service.name, {}
            ):
                yield service

    def _say(self, service: str, teller: str, report: Report) -> None:
        self.reports.setdefault(service, {})[teller] = report
        self._touch(service)

    def _retract(self, service: str, teller: str) -> None:
        if self.reports.get(service, {}).pop(teller, None) is not None:
            self._touch(service)

    def _touch(self, service: str) -> None:
        self._touched[service] = self._touched.get(service, 0) + 1

    # What follows

    def touched(self, service: str) -> int:
        """Grows with every report on `service`."""
        return self._touched.get(service, 0)

    def awaited(self, service: Service) -> str:
        """What somebody was to tell of `service` and has not yet; empty for nothing."""
        told = self.reports.get(service.name, {})
        if service.type in _ON_HOST and service.host in self.looked_at and not told:
            return f"its {_ON_HOST[service.type]} has not been looked at yet"
        if service.type is ServiceType.HOST and service.place in self.looked_at:
            return "" if f"hosts/{service.place}" in told else "it has not been looked at yet"
        if service.type is ServiceType.K8S_DEPLOYMENT and service.namespace is not None:
            if service.name not in self._taken:
                return ""
            for name, cluster in self.clusters.items():
                if cluster.covers(service.namespace) and name not in told:
                    return f"{name} has not been asked for it yet"
        return ""

    def was_asked(self) -> bool:
        """Whether everybody who is asked here has been, once."""
        looks = [one.looks for one in self.hosts.values() if one.looks is not None]
        return all(look.tried_at is not None for look in looks) and all(
            cluster.workloads.tried_at is not None for cluster in self.clusters.values()
        )

    def cells(self) -> tuple[Service, ...]:
        """The hosts that have a cell of their own, as services."""
        return tuple(one.service for one in self.hosts.values() if one.has_cell)

    def host_states(self, others: Iterable[Host]) -> tuple[HostState, ...]:
        """Every host of the registry, then `others`, of which nothing is known."""
        return (
            *(memory.state() for memory in self.hosts.values()),
            *(HostState(host) for host in others),
        )

    def namespaces(self) -> tuple[NamespaceState, ...]:
        """Every namespace in which something runs, by the source that tells most of it.

        Of the jobs that are done only those that somebody wrote down: the others are history.
        """
        found: dict[str, NamespaceState] = {}
        wanted = claimed(self._in_cluster)
        for name, cluster in self.clusters.items():
            as_of = cluster.workloads.as_of
            if as_of is None:
                continue
            told = live_workloads(cluster.workloads.value or (), wanted)
            for namespace, workloads in _by_namespace(told).items():
                shown = visible(Raw(namespace), cells=80)
                before = found.get(shown)
                if before is None or not _has_pods(before.workloads):
                    found[shown] = NamespaceState(shown, name, as_of, workloads)
        return tuple(found.values())


def _report(
    runner: Runner,
    word: Word,
    reading: HostReading | KubernetesReading,
    interval: timedelta,
    place: str,
    by: str,
) -> Report:
    return Report(
        runner, word.verdict, word.said, reading.at, interval, place,
        word.version, word.since, by, word.failure, word.partly, word.runs,
    )  # fmt: skip


def _by_namespace(workloads: Iterable[Workload]) -> Mapping[str, tuple[Workload, ...]]:
    found: dict[str, list[Workload]] = {}
    for one in workloads:
        found.setdefault(one.namespace.exact, []).append(one)
    return {name: tuple(held) for name, held in found.items()}


def _has_pods(workloads: Iterable[Workload]) -> bool:
    return any(one.pods is not None for one in workloads)
