"""What a source said at one poll. Readings flow one way and are never edited in place.

Each part of a reading is the decoded answer or a `Failure`, because the parts of one server
fail apart: one broken silence makes the whole list of silences answer 500 while the alerts
are well.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.model.alert import (
    Alert,
    AlertGroup,
    ClusterStatus,
    Rule,
    RuleAlert,
    Silence,
    Target,
)
from console.model.failure import Failure
from console.model.host import HostFacts, Means
from console.model.probe import ProbeResult
from console.model.workload import Stray, Workload
from console.safety.clock import Instant
from console.safety.text import Raw


class AlertmanagerReading(msgspec.Struct, frozen=True):
    """One member of an Alertmanager cluster at one poll."""

    source: str
    """The cluster's name."""
    member: str
    """The member's own name, unique in the cluster: its URL without credentials."""
    at: Instant
    """When the answers were complete."""
    took: timedelta
    alerts: tuple[Alert, ...] | Failure
    silences: tuple[Silence, ...] | Failure
    status: ClusterStatus | Failure
    groups: tuple[AlertGroup, ...] | Failure | None = None
    """`None`: not asked in this round."""
    ended: tuple[Silence, ...] = ()
    """Silences that ended within the hour before it."""
    skew: timedelta | None = None
    """The server's clock less ours, from the `Date` header; `None` where it gave none."""

    @property
    def key(self) -> str:
        """Unique among all that is polled: `am/127.0.0.1:9093`."""
        return f"{self.source}/{self.member}"

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every part that gave no usable answer."""
        return _failures(self.alerts, self.silences, self.status, self.groups)

    @property
    def failed(self) -> bool:
        """Whether the part that it is asked for gave none."""
        return isinstance(self.alerts, Failure)


class PrometheusReading(msgspec.Struct, frozen=True):
    """One Prometheus (or Thanos, Mimir, VictoriaMetrics) at one poll."""

    source: str
    at: Instant
    took: timedelta
    alerts: tuple[RuleAlert, ...] | Failure
    rules: tuple[Rule, ...] | Failure
    targets: tuple[Target, ...] | Failure
    alertmanagers: tuple[Raw, ...] | Failure | None = None
    """URLs of the Alertmanagers it sends to; `None`: not asked in this round."""
    external_labels: tuple[tuple[str, str], ...] = ()
    """From settings, or read from its configuration where that is open."""
    warnings: tuple[Raw, ...] = ()
    """Partial-result warnings: the answer may lack data, so it proves nothing green."""
    skew: timedelta | None = None
    version: Raw | None = None
    """Of the server; `None` where it does not say."""

    @property
    def key(self) -> str:
        """Unique among all that is polled: the source's name."""
        return self.source

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every part that gave no usable answer."""
        return _failures(self.alerts, self.rules, self.targets, self.alertmanagers)

    @property
    def failed(self) -> bool:
        """Whether the part that it is asked for gave none."""
        return isinstance(self.alerts, Failure)


class ProbeReading(msgspec.Struct, frozen=True):
    """All probes of one service at one round."""

    source: str
    """`health`."""
    at: Instant
    result: ProbeResult

    @property
    def key(self) -> str:
        """Unique among all that is polled: `redis/tcp`."""
        return self.result.probe.key

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The probe's, where nothing usable came."""
        return _failures(self.result.failure)

    @property
    def failed(self) -> bool:
        """Whether nothing usable came; a service that says no has answered."""
        return self.result.failure is not None


class HostReading(msgspec.Struct, frozen=True):
    """One look at one host."""

    source: str
    """`hosts`; for facts out of node_exporter the Prometheus that has them."""
    host: str
    """Its name in the registry."""
    at: Instant
    took: timedelta
    facts: HostFacts | Failure

    @property
    def key(self) -> str:
        """Unique among all that is polled: `hosts/web-1`."""
        return f"{self.source}/{self.host}"

    @property
    def by_exporter(self) -> bool:
        """Whether node_exporter told it and nobody looked at the host."""
        return isinstance(self.facts, HostFacts) and self.facts.means is Means.NODE_EXPORTER

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every part that gave no usable answer."""
        if isinstance(self.facts, Failure):
            return (self.facts,)
        return _failures(self.facts.containers, self.facts.units)

    @property
    def failed(self) -> bool:
        """Whether nothing usable came."""
        return isinstance(self.facts, Failure)


class KubernetesReading(msgspec.Struct, frozen=True):
    """One look at a cluster, or at the part of it that was asked for."""

    source: str
    at: Instant
    took: timedelta
    workloads: tuple[Workload, ...] | Failure
    namespaces: tuple[str, ...] = ()
    """The only ones that were asked for; empty: all. What is in another is not known."""
    pods: Failure | None = None
    """Why the workloads come without their pods."""
    missing: tuple[Failure, ...] = ()
    """Kinds of workloads, or namespaces, that gave none: what is not among `workloads` may be
    there all the same. What is among them is whole."""
    present: bool = True
    """Whether there is a cluster to tell of: a Prometheus may have no kube-state-metrics,
    which is no fault of it."""
    warnings: tuple[Raw, ...] = ()
    """Partial-result warnings: the answer may lack data, so it proves nothing green."""
    version: Raw | None = None
    strays: tuple[Stray, ...] = ()
    """What runs there and is none of the kinds that are read."""

    @property
    def key(self) -> str:
        """Unique among all that is polled: the source's name."""
        return self.source

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every part that gave no usable answer."""
        return _failures(self.workloads, self.pods, *self.missing)

    @property
    def failed(self) -> bool:
        """Whether the part that it is asked for gave none."""
        return isinstance(self.workloads, Failure)


Reading = AlertmanagerReading | PrometheusReading | ProbeReading | HostReading | KubernetesReading


def _failures(*parts: object) -> tuple[Failure, ...]:
    return tuple(part for part in parts if isinstance(part, Failure))
