"""Health checks: what is asked of a service, and what it answered."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from console.model.failure import Failure
from console.safety.text import Raw


class ProbeKind(enum.StrEnum):
    HTTP = "http"
    READY = "ready"
    TCP = "tcp"
    TLS = "tls"
    COMMAND = "command"
    FILE = "file"


class Probe(msgspec.Struct, frozen=True):
    """One health check of one service, ready to be asked."""

    service: str
    """The service's key in the registry."""
    kind: ProbeKind
    target: str
    """An absolute URL, `host:port` for TCP and TLS, the command, or the file's path."""
    interval: timedelta
    timeout: timedelta
    expect_status: tuple[int, ...] = (200,)
    slow: timedelta | None = None
    """An answer slower than this is not healthy (`response_time`, `slo_latency_ms`)."""
    method: str = "GET"
    """GET or HEAD; nothing else is ever sent by a probe."""
    json_body: bool = False
    """The body must be JSON (a `/health` endpoint); else any body will do (a page)."""
    tls_warn_days: int = 14
    via: str = ""
    """The host through whose SSH tunnel it goes; empty: straight."""
    host: str = ""
    """For COMMAND and FILE: where it runs."""
    container: str = ""
    """For COMMAND and FILE: the container in which it runs; empty: on the host itself."""

    @property
    def key(self) -> str:
        """Unique among all probes: `service/kind`."""
        return f"{self.service}/{self.kind}"


class Dependency(msgspec.Struct, frozen=True):
    """One dependency as a readiness body names it (`db`, `redis`)."""

    name: Raw
    ok: bool | None
    said: Raw


class HealthFacts(msgspec.Struct, frozen=True):
    """What a health body told beside yes or no. Empty where the body had none of it."""

    status: Raw | None = None
    version: Raw | None = None
    git_sha: Raw | None = None
    build_time: Raw | None = None
    dependencies: tuple[Dependency, ...] = ()


class Verdict(enum.StrEnum):
    """What one answer says about the service."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    """A usable answer that says no: refused, a wrong status, a body that says down."""
    NO_ANSWER = "no answer"
    """Nothing usable came: a time-out, a name that does not resolve, a garbled body."""


class ProbeResult(msgspec.Struct, frozen=True):
    """What one probe learned. `said` is the sentence that the screen shows."""

    probe: Probe
    verdict: Verdict
    said: str
    """Safe to show: `200 in 12 ms`, `503, expected 200 or 302`, `refused the connection`."""
    latency: timedelta | None = None
    status: int | None = None
    facts: HealthFacts = HealthFacts()
    tls_expires: datetime | None = None
    failure: Failure | None = None
    too_slow: bool = False
    """Of one that is UNHEALTHY: for nothing but its time."""
