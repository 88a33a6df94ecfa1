"""How the health endpoint of a registered service is meant."""

from __future__ import annotations

from config.services import ServiceEntry
from console.model.probe import ProbeKind


def endpoint_kind(entry: ServiceEntry) -> ProbeKind | None:
    """How the liveness of `entry` is asked; `None` where nothing is.

    What `probe` says, else by its looks: a URL, or a path beside a `port` or a `base_url`, is
    asked by HTTP; another path is a file; anything else is a command. Without an endpoint a
    `tcp` service is connected to, and an `http` or `external` one with an address is asked
    for its root.
    """
    if entry.probe is not None:
        return None if entry.probe == "none" else ProbeKind(entry.probe)
    health = entry.health_endpoint
    addressed = entry.base_url is not None or entry.port is not None
    if health is None:
        if entry.type == "tcp":
            return ProbeKind.TCP
        if entry.type == "http" or (entry.type == "external" and entry.base_url is not None):
            return ProbeKind.HTTP
        return None
    if health.lower().startswith(("http://", "https://")):
        return ProbeKind.HTTP
    if not health.startswith("/"):
        return ProbeKind.COMMAND
    return ProbeKind.HTTP if addressed or entry.type == "http" else ProbeKind.FILE
