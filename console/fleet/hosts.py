"""What is known of each host: the looks at it, and the facts that an exporter has of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from console.fleet.memory import Part
from console.fleet.runners import Word, host_word
from console.model.failure import Failure
from console.model.host import HostFacts, Means
from console.model.probe import Verdict
from console.model.reading import HostReading
from console.model.registry import Host, Registry, Service, ServiceType, host_cell
from console.model.report import Report, Runner
from console.model.snapshot import HostState
from console.safety.clock import Instant

EXPORTER_INTERVAL = timedelta(seconds=60)
"""How old the facts of an exporter may grow is judged by this."""


class HostMemory:
    """One host."""

    def __init__(self, host: Host, *, found: bool = False) -> None:
        self.host = host
        self.found = found
        """Nobody wrote it down: an exporter told of it."""
        self.service = Service(
            host_cell(host.name),
            ServiceType.HOST,
            host.name,
            host=host.name,
            labels=host.labels,
            thresholds=host.thresholds,
        )
        self.looks: Part[HostFacts] | None = None
        """What comes by a command on it; `None` where nobody looks."""
        self.interval = EXPORTER_INTERVAL
        self.exporter: Part[HostFacts] | None = None
        self.told_by = ""
        """The Prometheus that had its exporter's facts last."""
        self._over_cpu = 0

    @property
    def has_cell(self) -> bool:
        """Whether anything tells of the host itself."""
        return self.looks is not None or self.exporter is not None

    @property
    def means(self) -> Means:
        """By what it is looked at."""
        return Means.LOCAL if self.host.is_local else Means.SSH

    def watch(self, interval: timedelta | None) -> None:
        """Look at it every `interval`, or no more."""
        if interval is None:
            self.looks = None
        elif self.looks is None or interval != self.interval:
            self.looks = Part(interval)
            self.interval = interval

    def take(self, reading: HostReading) -> bool:
        """Remember a look; False for one that nobody waits for."""
        facts, by_exporter = reading.facts, reading.by_exporter
        if by_exporter:
            self.exporter = self.exporter or Part(EXPORTER_INTERVAL)
            self.told_by = reading.source
        part = self.exporter if by_exporter else self.looks
        if part is None or not part.take(facts, reading.at):
            return False
        if isinstance(facts, HostFacts) and (self.looks is None or not by_exporter):
            cpu, limit = facts.cpu_percent, self.host.thresholds.cpu_percent
            self._over_cpu = self._over_cpu + 1 if cpu is not None and cpu > limit else 0
        return True

    def report(self, reading: HostReading) -> Report:
        """What the host says of itself by `reading`."""
        if isinstance(reading.facts, Failure):
            word = Word(Verdict.NO_ANSWER, reading.facts.cause, failure=reading.facts)
        else:
            limits = self.host.thresholds
            word = host_word(reading.facts, limits, cpu_counts=self._over_cpu > 1)
        by_exporter = reading.by_exporter
        return Report(
            Runner.HOST,
            word.verdict,
            word.said,
            reading.at,
            EXPORTER_INTERVAL if by_exporter else self.interval,
            self.host.name,
            by=Means.NODE_EXPORTER if by_exporter else self.means,
            failure=word.failure,
        )

    def facts(self) -> tuple[HostFacts | None, Instant | None]:
        """The newest usable facts and their moment; what a look lacks the exporter fills in."""
        looks, exporter = self.looks, self.exporter
        if looks is None or looks.value is None:
            return (None, None) if exporter is None else (exporter.value, exporter.as_of)
        if exporter is None or exporter.value is None:
            return looks.value, looks.as_of
        tells = (exporter.value.cpu_percent, exporter.value.memory_percent, exporter.value.mounts)
        if looks.failure is not None and exporter.failure is None and any(tells):
            return exporter.value, exporter.as_of
        return _filled(looks.value, exporter.value), looks.as_of

    def state(self) -> HostState:
        """The host with all that is known of it."""
        facts, as_of = self.facts()
        looks = self.looks
        return HostState(
            self.host,
            facts,
            as_of,
            looks.failure if looks is not None else None,
            looks.failing_since if looks is not None else None,
            cell=self.service.name if self.has_cell else None,
        )


def moved_hosts(before: Registry, after: Registry) -> frozenset[str]:
    """Hosts whose name stands for another machine than before, as far as one can tell.

    Their way is another one: an address, a port, or those of a host on the way.
    """
    was = {host.name: host for host in before.hosts}
    now = {host.name: host for host in after.hosts}
    return frozenset(
        name for name in was.keys() & now.keys() if _way(name, was, ()) != _way(name, now, ())
    )


def _way(name: str | None, hosts: Mapping[str, Host], seen: tuple[str, ...]) -> tuple[object, ...]:
    host = hosts.get(name or "")
    if host is None or host.name in seen:
        return (name,)
    on = (*seen, host.name)
    beyond = (_way(host.jump, hosts, on), _way(host.via, hosts, on))
    return (host.address, host.port, host.is_reached, *beyond)


def _filled(facts: HostFacts, more: HostFacts) -> HostFacts:
    lacking = {
        name: value
        for name in _FILLED
        if getattr(facts, name) is None and (value := getattr(more, name)) is not None
    }
    return msgspec.structs.replace(facts, **lacking) if lacking else facts


_FILLED = (
    "uptime", "cpus", "cpu_percent", "load", "memory_total_bytes", "memory_available_bytes",
    "swap_total_bytes", "swap_free_bytes", "mounts", "interfaces", "clock_offset", "kernel",
)  # fmt: skip
