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
from console.model.probe import ProbeResult
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
    skew: timedelta | None = None
    """The server's clock less ours, from the `Date` header; `None` where it gave none."""


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


class ProbeReading(msgspec.Struct, frozen=True):
    """All probes of one service at one round."""

    source: str
    """`health`."""
    at: Instant
    result: ProbeResult


Reading = AlertmanagerReading | PrometheusReading | ProbeReading
