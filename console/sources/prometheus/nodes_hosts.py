"""Which host of the registry a node_exporter runs on, or what to call one that is not in it."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from console.fleet.discover import HOST_LABELS
from console.model.registry import LOCAL, Host, Service
from console.sources.prometheus.nodes_decode import Node

_NAMED, _REGISTERED, _NAME, _ADDRESS, _NODENAME, _SHORT, _FOUND = range(7)
_CERTAIN: Final = _ADDRESS
"""Beyond it two targets may answer to one name by chance, and then neither is believed."""


class HostFinder:
    """Knows the hosts by everything that names them, and guesses at nothing.

    A loopback address names nobody: it is that of whoever scrapes, and several hosts of a
    laboratory share it.
    """

    def __init__(self, hosts: Sequence[Host], services: Iterable[Service], here: str) -> None:
        """`here`: what this machine calls itself, for hosts that are `local`."""
        self._names = {host.name for host in hosts}
        self._here = here
        self._local = [host.name for host in hosts if host.is_local]
        self._instances: dict[str, set[str]] = defaultdict(set)
        for service in services:
            for instance in service.instances if service.host in self._names else ():
                self._instances[instance].add(service.host or "")
        self._addresses: dict[str, list[str]] = defaultdict(list)
        for host in hosts:
            if host.address and host.address != LOCAL and not _is_loopback(host.address):
                self._addresses[host.address].append(host.name)

    def placed(self, nodes: Iterable[Node]) -> dict[str, Node]:
        """Each host that is known of, with its one node_exporter."""
        found: dict[str, list[tuple[int, Node]]] = defaultdict(list)
        for node in nodes:
            host, rank = self._host_of(node)
            if host is not None:
                found[host].append((rank, node))
        placed = {}
        for host, candidates in found.items():
            best = min(rank for rank, _ in candidates)
            fitting = [node for rank, node in candidates if rank == best]
            if best <= _CERTAIN or len(fitting) == 1:
                placed[host] = fitting[0]
        return placed

    def _host_of(self, node: Node) -> tuple[str | None, int]:
        for label in HOST_LABELS:
            if node.labels.exact(label) in self._names:
                return node.labels.exact(label), _NAMED
        instance = node.labels.exact("instance")
        registered = self._instances.get(instance, set())
        if len(registered) == 1:
            return next(iter(registered)), _REGISTERED
        address = host_part(instance)
        if _is_loopback(address):
            address = ""
        if address in self._names:
            return address, _NAME
        if len(self._addresses.get(address, ())) == 1:
            return self._addresses[address][0], _ADDRESS
        if node.nodename in self._names:
            return node.nodename, _NODENAME
        if node.nodename and node.nodename == self._here and len(self._local) == 1:
            return self._local[0], _NODENAME
        for name in (address, node.nodename):
            short = name.partition(".")[0]
            if short in self._names and not _is_address(name):
                return short, _SHORT
        # Nobody wrote it down: it is called as what is scraped on it is.
        return None if address in self._addresses else address or None, _FOUND


def host_part(instance: str) -> str:
    """`web-1` of `web-1:9100`, `http://web-1:9100/metrics` and `web-1`; `::1` of `[::1]:9100`."""
    name = instance.partition("://")[2] or instance
    name = name.partition("/")[0]
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name if name.count(":") > 1 else name.partition(":")[0]


def _is_loopback(name: str) -> bool:
    if name.partition(".")[0] == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
