"""The world as last known, with the age of each part."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from console.model.alert import Ack, Alert, AlertGroup, Rule, Silence, Target
from console.model.failure import Failure
from console.model.host import HostFacts
from console.model.labels import Labels
from console.model.nag import Nag
from console.model.probe import ProbeResult
from console.model.registry import Host, Service, ServiceType
from console.model.report import Report
from console.model.state import State
from console.model.workload import Workload
from console.safety.clock import Instant
from console.safety.text import Raw


class SourceKind(enum.StrEnum):
    ALERTMANAGER = "alertmanager"
    PROMETHEUS = "prometheus"
    HEALTH = "health"
    HOSTS = "hosts"
    KUBERNETES = "kubernetes"


class SentTo(msgspec.Struct, frozen=True):
    """What one Prometheus said last of the Alertmanagers that it sends to."""

    prometheus: str
    urls: tuple[str, ...]


class Watched(msgspec.Struct, frozen=True):
    """One source as the fleet has to know it: who is asked, and how often."""

    name: str
    kind: SourceKind
    interval: timedelta
    members: tuple[str, ...] = ()
    """Names of an Alertmanager cluster's members; empty for the other kinds."""
    url: str = ""
    """Safe to show: without credentials."""
    page: str = ""
    """Of an Alertmanager: the base address of its web pages, without credentials."""
    external_labels: tuple[tuple[str, str], ...] = ()
    """Of a Prometheus: the labels it adds to what it sends."""
    generator_urls: tuple[str, ...] = ()
    """Of a Prometheus: base URLs under which an alert's `generatorURL` names it."""
    degraded: str = ""
    """What is known to weaken it from its settings alone: `certificate not verified`."""


class SourceHealth(msgspec.Struct, frozen=True):
    """How one source is doing; for a cluster one of these a member, and one for the whole."""

    name: str
    """`prom`, `am`, and for a member `am/127.0.0.1:9093`."""
    kind: SourceKind
    state: State
    """OK; UNKNOWN while failing or never answered; STALE; FIRING is not used here."""
    interval: timedelta
    last_ok: Instant | None = None
    """When it last gave a complete usable answer."""
    failing_since: datetime | None = None
    healthy_since: Instant | None = None
    """Since when every answer was usable: the proof that absence of an alert needs."""
    failures: tuple[Failure, ...] = ()
    """The present ones, one a part."""
    next_try: Instant | None = None
    degraded: str = ""
    """Well enough to believe, and not whole: `1 of 2 members answers`, `partial result`."""
    warnings: tuple[Raw, ...] = ()
    version: Raw | None = None
    skew: timedelta | None = None
    took: timedelta | None = None
    url: str = ""
    """Safe to show: without credentials."""
    page: str = ""
    """The base address of its web pages, without credentials; empty: none is known."""
    member_of: str = ""
    """The cluster that it is a member of; empty for a source as a whole."""


class Standing(enum.StrEnum):
    """How an alert stands with regard to being worked on."""

    FIRING = "firing"
    PENDING = "pending"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MUTED = "muted"


class KnownAlert(msgspec.Struct, frozen=True, gc=False):
    """One alert after the union over members, clusters and HA pairs."""

    alert: Alert
    state: State
    """FIRING when a healthy source says so now, STALE when its source does not answer, LOST
    when it vanished without proof of resolution."""
    standing: Standing
    as_of: Instant
    """When a source last said it."""
    cell: str | None = None
    """Name of the service that it is about; `None` where none was found."""
    owner: str | None = None
    """The Prometheus that sent it, where that is one of the sources."""
    ack: Ack | None = None
    silences: tuple[str, ...] = ()
    """Ids of the silences that cover it, acks among them."""
    ended: Silence | None = None
    """While nothing covers it: the last silence that did, where that ended within the hour."""
    duplicates: tuple[str, ...] = ()
    """Fingerprints of the same alert from other replicas, folded into this one."""
    seen_by: tuple[int, int] = (1, 1)
    """Members that report it, of those that answer: `1/2` is a disagreement."""
    why: str = ""
    """For STALE and LOST: the missing proof, in words."""

    @property
    def key(self) -> str:
        return self.alert.fingerprint


class ResolvedAlert(msgspec.Struct, frozen=True):
    """An alert whose resolution was proven."""

    alert: Alert
    at: datetime
    cell: str | None
    proof: str
    """In words: `am healthy, prom evaluates it and it is not firing`."""


class Cell(msgspec.Struct, frozen=True):
    """One service and what is known of it now."""

    service: Service
    state: State
    because: str
    """The fact that decides the state, in words that are safe to show."""
    as_of: Instant | None = None
    """When the oldest of the facts behind it was learned; `None` where nothing ever was."""
    since: datetime | None = None
    """When the state became what it is."""
    probes: tuple[ProbeResult, ...] = ()
    probe_ages: tuple[Instant, ...] = ()
    """When each of `probes` was answered, in the same order."""
    targets: tuple[Target, ...] = ()
    alerts: tuple[str, ...] = ()
    """Fingerprints of the alerts that are about it."""
    reports: tuple[Report, ...] = ()
    """What runs it says of it: its container, unit or workload; for a host, the host itself."""


class HostState(msgspec.Struct, frozen=True):
    """A machine and the newest that is known of it, from wherever that came."""

    host: Host
    facts: HostFacts | None = None
    """The last usable ones; `None` where there never were any."""
    as_of: Instant | None = None
    failure: Failure | None = None
    """Why the newest look gave none; `None` also where nobody looks."""
    failing_since: datetime | None = None
    next_try: Instant | None = None
    cell: str | None = None
    """The cell that carries its state; `None` where nobody looks at the host itself."""


class NamespaceState(msgspec.Struct, frozen=True):
    """A Kubernetes namespace and what runs in it, as last told."""

    name: str
    """Safe to show."""
    source: str
    as_of: Instant
    workloads: tuple[Workload, ...] = ()


class BadgeKind(enum.StrEnum):
    WATCHDOG = "watchdog"
    SKEW = "skew"
    SETTLING = "settling"
    CUT_OFF = "cut off"
    RULES = "rules"
    ABANDONED = "abandoned"
    PARTIAL = "partial"
    CONSOLE = "console"
    """A fault of the console itself."""


class Badge(msgspec.Struct, frozen=True):
    """Something about the monitoring itself that is said once, in the header."""

    kind: BadgeKind
    source: str
    text: str
    """Safe to show, and short: `watchdog missing: prom`."""
    since: datetime | None = None
    is_row: bool = False
    """It is worked on like an alert: triage makes a row of it."""


class Score(msgspec.Struct, frozen=True):
    """100 x OK / all cells, critical cells counted three times, anything not OK counted 0."""

    value: float | None
    """`None` where there is no cell."""
    ok: int = 0
    total: int = 0
    critical_ok: int = 0
    critical_total: int = 0


class SourceRules(msgspec.Struct, frozen=True):
    """The rules of one Prometheus as last known."""

    source: str
    rules: tuple[Rule, ...]
    as_of: Instant


class ClusterGroups(msgspec.Struct, frozen=True):
    """The aggregation groups of one Alertmanager cluster as last known."""

    cluster: str
    groups: tuple[AlertGroup, ...]
    as_of: Instant


class FiredCount(msgspec.Struct, frozen=True):
    """How often one alert became active in the last 24 hours, as its Prometheus counts."""

    labels: Labels
    """As the series has them: without the external labels that the alert is sent with."""
    count: int
    source: str


class Snapshot(msgspec.Struct, frozen=True):
    """The world as last known at one moment."""

    at: Instant
    environment: str
    sources: tuple[SourceHealth, ...] = ()
    alerts: tuple[KnownAlert, ...] = ()
    resolved: tuple[ResolvedAlert, ...] = ()
    silences: tuple[Silence, ...] = ()
    """Active and pending ones."""
    ended: tuple[Silence, ...] = ()
    """Those that ended within the last hour, the latest first."""
    fired: tuple[FiredCount, ...] = ()
    """Of alerts that came more than once; what no source counts is not among them."""
    seen_firing: tuple[tuple[str, int], ...] = ()
    """Fingerprint and how often this console saw it begin to fire in the last 24 hours, of
    those that came more than once."""
    local_acks: tuple[Ack, ...] = ()
    """Acks that the shared folder keeps: on what no Alertmanager knows, or not yet sent."""
    nags: tuple[Nag, ...] = ()
    """What incidents still ask of people, the first due in front."""
    rules: tuple[SourceRules, ...] = ()
    groups: tuple[ClusterGroups, ...] = ()
    cells: tuple[Cell, ...] = ()
    hosts: tuple[Host, ...] = ()
    host_states: tuple[HostState, ...] = ()
    """One a host, in the order of `hosts`."""
    namespaces: tuple[NamespaceState, ...] = ()
    badges: tuple[Badge, ...] = ()
    score: Score = Score(None)
    complete: bool = False
    """Every source has answered or failed once since the start: before that, an empty list
    means that nobody has been asked yet."""
    restored: bool = False
    """Nothing has been asked yet; this is the state that an earlier console saved."""

    @property
    def whole_sources(self) -> tuple[SourceHealth, ...]:
        """The sources without the members of clusters: what counts when sources are counted."""
        return tuple(source for source in self.sources if not source.member_of)

    def cell(self, name: str | None) -> Cell | None:
        """The cell of the service of that name. Looks at all of them."""
        if name is None:
            return None
        return next((one for one in self.cells if one.service.name == name), None)

    def users_of(self, name: str) -> tuple[Cell, ...]:
        """The services that depend on the one of that name. Looks at all of them."""
        return tuple(one for one in self.cells if name in one.service.depends_on)

    def needs_of(self, service: Service) -> tuple[Cell | None, ...]:
        """Of each name in its `depends_on` the cell, or `None` where there is none."""
        wanted = frozenset(service.depends_on)
        found = {one.service.name: one for one in self.cells if one.service.name in wanted}
        return tuple(found.get(name) for name in service.depends_on)

    def host_state(self, name: str | None) -> HostState | None:
        """The host of that name."""
        return next((one for one in self.host_states if one.host.name == name), None)

    def namespace(self, name: str | None) -> NamespaceState | None:
        """What Kubernetes told of the namespace of that name."""
        return next((one for one in self.namespaces if one.name == name), None)

    def found_workload(self, name: str) -> Service | None:
        """The service that stands for a workload of Kubernetes. Looks at all cells."""
        cell = self.cell(name)
        is_one = cell is not None and cell.service.type is ServiceType.K8S_DEPLOYMENT
        return cell.service if cell is not None and is_one else None

    def workload(self, service: Service) -> Workload | None:
        """What Kubernetes told of the workload of `service`; `None`: nothing."""
        told = self.namespace(service.namespace or service.place)
        held = told.workloads if told is not None else ()
        return next((one for one in held if one.name.exact == service.unit), None)
