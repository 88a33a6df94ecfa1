"""From scrape targets to hosts and services: the fleet of somebody who wrote nothing down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from console.model.alert import Target
from console.model.labels import Labels
from console.model.registry import PAGES, Host, Registry, Service, ServiceType
from console.safety.text import visible

PLACE_UNKNOWN = "targets"
HOST_LABELS = ("host", "hostname", "node", "nodename")
"""Labels of targets that teams give the host's name."""
_URL = re.compile(r"^https?://", re.IGNORECASE)
_PORT = re.compile(r":\d+$")


class Spot(msgspec.Struct, frozen=True):
    """What a target is, as its labels tell: the key under which exporters collapse."""

    job: str
    instance: str
    """`host:port` or a URL; empty for a workload of many pods, which is one spot."""
    namespace: str = ""

    @property
    def host(self) -> str:
        """The host's part of `instance`; empty where it has none."""
        return host_of(self.instance)


def spot_of(labels: Labels) -> Spot:
    """Where a target's series, or an alert about it, belongs.

    The pods of one job in one namespace are one spot: their addresses come and go.
    """
    value_of = labels.exact
    namespace = value_of("namespace")
    if namespace and (value_of("pod") or value_of("pod_name")):
        return Spot(value_of("job"), "", namespace)
    return Spot(value_of("job"), value_of("instance"), namespace)


def host_of(instance: str) -> str:
    """`web-1` of `web-1:9100`, `::1` of `[::1]:9100`; empty for a URL."""
    if _URL.match(instance):
        return ""
    host = _PORT.sub("", instance)
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def propose(targets: Iterable[Target], known: Registry | None = None) -> Registry:
    """A registry of everything in `targets`: one service a spot, exporters of one host together.

    The services are of type `target` and carry the `instances` by which alerts find them. Their
    names are unique, also among those of `known`: the job alone where it has one spot, else
    with the host, else with the whole instance. A target is on the host of `known` that one of
    its labels names; and hosts of `known` lend their names to addresses.
    """
    known = known or Registry()
    services = tuple(discovered(targets, known).values())
    hosts = dict.fromkeys(service.host for service in services if service.host)
    named = {host.name for host in known.hosts}
    return Registry(tuple(Host(host) for host in hosts if host not in named), services)


def discovered(targets: Iterable[Target], known: Registry) -> dict[Spot, Service]:
    """The services of `propose()` by their spots."""
    hosts = hosts_of(targets := tuple(targets), known)
    spots = sorted({spot_of(target.labels) for target in targets}, key=_order)
    names = _names(spots, hosts, {service.name for service in known.services})
    return {spot: _service(spot, names[spot], hosts.get(spot, "")) for spot in spots}


def hosts_of(targets: Iterable[Target], known: Registry) -> dict[Spot, str]:
    """The host on which each spot is that is on one.

    By the order in which the facts of hosts find theirs: what a label names and `known` has, then
    the name or address in `instance`.
    """
    names = {host.address: host.name for host in known.hosts if host.address}
    names |= {host.name: host.name for host in known.hosts}
    found: dict[Spot, str] = {}
    for target in targets:
        spot = spot_of(target.labels)
        if not spot.host:
            continue
        named = _named(target.labels, names)
        if named or spot not in found:
            found[spot] = named or names.get(spot.host, spot.host)
    return found


def _named(labels: Labels, names: Mapping[str, str]) -> str:
    values = (labels.exact(label) for label in HOST_LABELS)
    return next((names[value] for value in values if value and value in names), "")


def _order(spot: Spot) -> tuple[str, str, str, str]:
    return (spot.namespace, spot.host, spot.job, spot.instance)


def _service(spot: Spot, name: str, host: str) -> Service:
    labels = (("job", _shown(spot.job)),) if spot.job else ()
    if not spot.instance:
        return Service(
            name, ServiceType.TARGET, _shown(spot.namespace) or PLACE_UNKNOWN,
            namespace=_shown(spot.namespace) or None, labels=labels,
        )  # fmt: skip
    if not host:
        return Service(name, ServiceType.TARGET, PAGES, instances=(spot.instance,), labels=labels)
    port = spot.instance.rpartition(":")[2]
    return Service(
        name, ServiceType.TARGET, _shown(host), host=_shown(host),
        port=int(port) if port.isdecimal() and len(port) < 6 else None,
        instances=(spot.instance,), labels=labels,
    )  # fmt: skip


def _names(spots: list[Spot], hosts: Mapping[Spot, str], taken: set[str]) -> dict[Spot, str]:
    """The shortest name of each spot that no other has."""
    choices = {spot: _choices(spot, hosts.get(spot, "")) for spot in spots}
    counts: dict[str, int] = {}
    for names in choices.values():
        for name in dict.fromkeys(names):
            counts[name] = counts.get(name, 0) + 1
    used = set(taken)
    chosen: dict[Spot, str] = {}
    for spot, names in choices.items():
        free = [one for one in names if one not in used and counts[one] == 1]
        name = free[0] if free else names[-1]
        number = 2
        while name in used:
            name = f"{names[-1]}#{number}"
            number += 1
        used.add(name)
        chosen[spot] = name
    return chosen


def _choices(spot: Spot, host: str) -> list[str]:
    job = _shown(spot.job) or "target"
    if not spot.instance:
        return [job, f"{job}@{_shown(spot.namespace)}"]
    instance = _shown(spot.instance)
    if not host:
        return [_URL.sub("", instance).rstrip("/"), f"{job}@{instance}"]
    return [job, f"{job}@{_shown(host)}", f"{job}@{instance}"]


def _shown(text: str) -> str:
    """Names come from labels, and are shown wherever services are."""
    return visible(text, cells=80)
