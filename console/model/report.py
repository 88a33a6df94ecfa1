"""What runs a service, and what that says of it: docker, systemd, Kubernetes, the host."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from console.model.failure import Failure
from console.model.probe import Verdict
from console.safety.clock import Instant
from console.safety.text import Raw


class Runner(enum.StrEnum):
    """Who says it."""

    CONTAINER = "container"
    UNIT = "unit"
    WORKLOAD = "workload"
    HOST = "host"
    """The host of itself: load, memory and disks against their thresholds."""


class Report(msgspec.Struct, frozen=True):
    """One word about one service."""

    runner: Runner
    verdict: Verdict
    said: str
    """Safe to show: `redis:7.2.5 Exited(137) OOMKilled 03:12:51, restart policy: no`."""
    at: Instant
    interval: timedelta
    place: str = ""
    """The host or the namespace that was asked."""
    version: Raw | None = None
    """The image's tag, where there is one."""
    since: datetime | None = None
    """Since when it is so, as the runner tells: a container's end, a unit's last change."""
    by: str = ""
    """By what it was learned, safe to show: `SSH`, `node_exporter`, the name of a cluster."""
    failure: Failure | None = None
    """Where nothing usable came."""
    partly: bool = False
    """Of one that is UNHEALTHY: some of its replicas serve all the same."""
    runs: bool = False
    """Of one that is not HEALTHY: it runs all the same, and what it takes is over its service's
    thresholds, or cannot be told."""
