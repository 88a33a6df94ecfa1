"""Alerts, silences and acks as Alertmanager holds them, and what Prometheus adds."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from console.model.labels import Labels, Matcher
from console.safety.text import Raw


class AlertState(enum.StrEnum):
    """Where an alert is in its life, as its server says."""

    PENDING = "pending"
    """True in Prometheus, its `for` not over yet; Alertmanager has never seen it."""
    ACTIVE = "active"
    SUPPRESSED = "suppressed"
    """Silenced, inhibited or muted: the tuples of ids on the alert say which."""
    UNPROCESSED = "unprocessed"


class Alert(msgspec.Struct, frozen=True, gc=False):
    """One firing or pending series, keyed by fingerprint. Source: Alertmanager API v2."""

    fingerprint: str
    """16 hex digits over the labels, equal on all members; `p:` + ours for a pending one."""
    labels: Labels
    annotations: Labels
    starts_at: datetime
    """When it began to fire (pending: when its expression became true)."""
    state: AlertState
    cluster: str
    """The source that reported it: an Alertmanager cluster, or a Prometheus for a pending one."""
    updated_at: datetime | None = None
    ends_at: datetime | None = None
    """When Alertmanager will resolve it by itself unless it is told again."""
    generator_url: Raw = Raw("")
    receivers: tuple[Raw, ...] = ()
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[Raw, ...] = ()
    """Time intervals that mute it; only `/alerts/groups` names them (0.28 and later)."""
    members: tuple[str, ...] = ()
    """Which members of the cluster reported it."""

    @property
    def name(self) -> Raw:
        """The `alertname` label."""
        return self.labels.value_of("alertname")

    @property
    def links(self) -> tuple[tuple[str, Raw], ...]:
        """Its annotations that are addresses, by name, and the address of its expression."""
        found = [
            (name, Raw(value))
            for name, value in self.annotations.exact_items()
            if value.startswith(("http://", "https://"))
        ]
        if self.generator_url:
            found.append(("generator", self.generator_url))
        return tuple(found)

    @property
    def runbook(self) -> Raw | None:
        """The runbook's name: the `runbook` annotation, else the last part of `runbook_url`."""
        named = self.annotations.value_of("runbook")
        if named:
            return named
        path = self.annotations.exact("runbook_url").split("?")[0].split("#")[0]
        last = path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".md")
        return Raw(last) if last else None

    @property
    def over_cap(self) -> bool:
        """A label was cut at ingest, so that no matcher can be made from it."""
        return self.labels.over_cap


class SilenceState(enum.StrEnum):
    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"


class Silence(msgspec.Struct, frozen=True):
    """One silence. Source: Alertmanager API v2; expired ones are dropped at ingest."""

    id: str
    cluster: str
    state: SilenceState
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: Raw
    comment: Raw
    updated_at: datetime | None = None
    is_ack: bool = False
    """Of one that ended and is named on what it let through: somebody had taken it; the
    comment is then their note."""


class Ack(msgspec.Struct, frozen=True):
    """A person took it: what a silence whose comment starts with `ACK!` says."""

    owner: Raw
    since: datetime
    until: datetime
    note: Raw
    """What the owner wrote; the comment without its prefix where another program made it."""
    silence_id: str
    """For one that is kept in the shared folder: the key of what it is on."""
    cluster: str
    """Empty for one that is kept in the shared folder."""
    intent: str = ""
    """Id of its record in the audit of whoever made it; empty for what no console made."""
    unsent: str = ""
    """Why it stands in the shared folder only and is yet to be sent; safe to show."""

    @property
    def is_local(self) -> bool:
        """Whether the shared folder keeps it, and no Alertmanager."""
        return not self.cluster


class AlertGroup(msgspec.Struct, frozen=True):
    """One aggregation group of Alertmanager: what one notification carries."""

    labels: Labels
    receiver: Raw
    fingerprints: tuple[str, ...]
    muted: tuple[tuple[str, tuple[Raw, ...]], ...] = ()
    """Fingerprint and the names of the time intervals that mute it, for muted ones only."""


class ClusterStatus(msgspec.Struct, frozen=True):
    """What one Alertmanager member says of itself."""

    gossip: str
    """`ready`, `settling` or `disabled`."""
    peers: tuple[Raw, ...]
    version: Raw
    started_at: datetime | None
    """Its `uptime` field, which is in truth its time of start."""
    config: Raw
    """The running configuration, YAML: routes, inhibit rules, group timers."""


class RuleHealth(enum.StrEnum):
    OK = "ok"
    ERR = "err"
    """The rule can no longer be evaluated, so it can no longer fire."""
    UNKNOWN = "unknown"


class Rule(msgspec.Struct, frozen=True):
    """One alerting rule. Source: Prometheus `/api/v1/rules?type=alert`."""

    name: Raw
    group: Raw
    query: Raw
    duration: timedelta
    """Its `for`."""
    labels: Labels
    annotations: Labels
    health: RuleHealth
    last_error: Raw
    last_evaluation: datetime | None
    interval: timedelta
    """How often its group is evaluated."""
    keep_firing_for: timedelta = timedelta()
    """For how long it fires on once its expression is no longer true."""


class RuleAlert(msgspec.Struct, frozen=True):
    """One active series of a rule. Its labels lack the server's external labels."""

    labels: Labels
    annotations: Labels
    state: AlertState
    """`pending`, or `active` for what Prometheus calls firing."""
    active_at: datetime
    """Since when the expression is true: the start of pending, not of firing."""
    value: Raw


class TargetHealth(enum.StrEnum):
    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Target(msgspec.Struct, frozen=True):
    """One active scrape target. Source: Prometheus `/api/v1/targets?state=active`."""

    labels: Labels
    scrape_url: Raw
    pool: Raw
    health: TargetHealth
    last_error: Raw
    last_scrape: datetime | None
    scrape_duration: timedelta
