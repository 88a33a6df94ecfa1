"""Which hosts are looked at, and what is asked of each beside its own state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from config.schema import HostsSource
from console.model.registry import Host, Service, ServiceType
from console.model.snapshot import SourceKind, Watched

SOURCE: Final = SourceKind.HOSTS.value
"""The name of all hosts together, among the sources."""


class Wanted(msgspec.Struct, frozen=True):
    """What the registry has on one host that only the host can tell of."""

    docker: bool = False
    """A service of it runs in a container, so that not knowing is a fault."""
    units: tuple[str, ...] = ()
    """The systemd units of its services, as the registry writes them."""


def wanted_of(host: Host, services: Iterable[Service]) -> Wanted:
    """What is asked of `host` for those of `services` that live on it."""
    here = [service for service in services if service.host == host.name]
    units = [service.unit for service in here if service.type is ServiceType.SYSTEMD]
    return Wanted(
        docker=any(service.type is ServiceType.DOCKER for service in here),
        units=tuple(dict.fromkeys(units)),
    )


def watched_hosts(settings: HostsSource, names: Iterable[str] = ()) -> Watched:
    """All hosts together, as the fleet has to know them; `names` are those that are looked at."""
    return Watched(
        name=SOURCE,
        kind=SourceKind.HOSTS,
        interval=settings.interval,
        members=tuple(names) if settings.enabled else (),
    )
