"""How health endpoints are asked: no credentials, small bodies, short deadlines."""

from __future__ import annotations

from typing import Final

from config.schema import HealthSource
from console.model.probe import Probe
from console.model.snapshot import SourceKind, Watched
from console.safety.http import HttpOptions, TlsOptions

SOURCE: Final = SourceKind.HEALTH.value
"""The name of all probes together, among the sources."""
KEPT_S: Final = 50.0
"""A connection is not kept for a probe that comes less often: servers close idle ones."""


def options_of(probe: Probe, settings: HealthSource) -> HttpOptions:
    """The request's options; a redirect is an answer and is not followed."""
    return HttpOptions(
        tls=TlsOptions(ca_file=settings.ca),
        timeout_s=probe.timeout.total_seconds(),
        max_bytes=settings.max_bytes,
        via=probe.via,
        keep_alive=probe.interval.total_seconds() <= KEPT_S,
    )


def watched_health(settings: HealthSource) -> Watched:
    """All probes together, as the fleet has to know them."""
    return Watched(name=SOURCE, kind=SourceKind.HEALTH, interval=settings.interval)


def took(seconds: float) -> str:
    """How long an answer took, in words: `35 ms`, `1.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
