"""The requests of probes: GET, HEAD, a TCP connect, a look at a certificate."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from config.schema import HealthSource
from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind
from console.safety.http import HttpAnswer, HttpClient
from console.sources.answer import Unusable
from console.sources.probes.settings import options_of


class ProbeClient:
    """Sends what a probe asks for. Every method raises `HttpFailure` or `Unusable`."""

    def __init__(self, http: HttpClient, settings: HealthSource) -> None:
        self._http = http
        self._settings = settings

    async def http(self, probe: Probe) -> HttpAnswer:
        """GET or HEAD; nothing else is ever sent."""
        options = options_of(probe, self._settings)
        if probe.method == "HEAD":
            return await self._http.head(probe.target, options)
        return await self._http.get(probe.target, options, accept_status=probe.expect_status)

    async def tcp(self, probe: Probe) -> float:
        """Seconds that connecting took."""
        host, port = host_and_port(probe.target)
        return await self._http.tcp_connect(
            host, port, probe.timeout.total_seconds(), via=probe.via
        )

    async def tls(self, probe: Probe) -> datetime:
        """When the certificate ends, trusted or not."""
        host, port = host_and_port(probe.target)
        return await self._http.tls_expiry(host, port, probe.timeout.total_seconds(), via=probe.via)

    def curl(self, probe: Probe) -> str:
        """The command that does the same."""
        options = options_of(probe, self._settings)
        if probe.kind in (ProbeKind.HTTP, ProbeKind.READY):
            return self._http.curl(probe.target, options, method=probe.method)
        scheme = "https" if probe.kind is ProbeKind.TLS else "telnet"
        return self._http.curl(f"{scheme}://{probe.target}", options)


def host_and_port(target: str) -> tuple[str, int]:
    """`host:port`, `[::1]:443` or a URL taken apart.

    Raises:
        Unusable: it is neither.
    """
    try:
        parts = urlsplit(target if "://" in target else f"//{target}")
        port = parts.port or (443 if parts.scheme == "https" else None)
        if parts.hostname and port:
            return parts.hostname, port
    except ValueError:
        pass
    raise Unusable(
        FailureKind.SETTINGS,
        "the target of this check is not of the form host:port",
        remedy="correct it in the registry",
    )
