"""node_exporter's series as the facts of hosts.

Source: node_exporter 1.0 to 1.9, on Linux. A series that is not there is a fact that is not
known; where the fact has a threshold, its want is said.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec

from console.model.host import HostFacts, Interface, Means, Mount
from console.model.labels import Labels
from console.model.query import Sample
from console.sources.answer import capped

_GAUGES: Final = (
    *("node_load1", "node_load5", "node_load15"),
    *("node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes"),
    *("node_memory_SwapTotal_bytes", "node_memory_SwapFree_bytes"),
    *("node_boot_time_seconds", "node_time_seconds", "node_uname_info"),
)
_DISKS: Final = (
    *("node_filesystem_size_bytes", "node_filesystem_avail_bytes", "node_filesystem_free_bytes"),
    *("node_filesystem_files", "node_filesystem_files_free", "node_filesystem_readonly"),
)
_NETWORK: Final = ("node_network_receive_bytes_total", "node_network_transmit_bytes_total")

_NO_DISKS: Final = (
    "tmpfs|devtmpfs|ramfs|rootfs|overlay|aufs|squashfs|iso9660|erofs|cramfs|udf|nsfs|autofs|"
    "rpc_pipefs|fuse.lxcfs|fuse.snapfuse|fuse.portal|fuse.gvfsd-fuse"
)
"""What holds nothing, and images that are full from the day on which they are made."""
_NO_INTERFACES: Final = "lo|(veth|cali|cni|flannel|lxc|tap|vnet|virbr|docker|br-|ifb|dummy).*"
_OF_DISKS: Final = f'fstype!~"{_NO_DISKS}"'
_OF_NETWORK: Final = f'device!~"{_NO_INTERFACES}"'

SERIES: Final = (
    '{__name__=~"' + "|".join((*_GAUGES, *_DISKS, *_NETWORK)) + f'",{_OF_DISKS},{_OF_NETWORK}}}'
)
"""Everything that is as it is scraped. A series without a label passes what is said of it."""
BUSY: Final = '100 * (1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode="idle"}[5m])))'
PROCESSORS: Final = 'count without (cpu, mode) (node_cpu_seconds_total{mode="idle"})'
RECEIVED: Final = f"rate(node_network_receive_bytes_total{{{_OF_NETWORK}}}[5m])"
SENT: Final = f"rate(node_network_transmit_bytes_total{{{_OF_NETWORK}}}[5m])"
AGE: Final = "time() - timestamp(node_time_seconds)"
"""Seconds since the scrape, all by the clock of Prometheus."""
OFFSET: Final = "node_time_seconds - timestamp(node_time_seconds)"
"""The host's clock less that of Prometheus, by up to a scrape's length too much."""

_OF_SERIES: Final = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "exported_")
    for name in (
        *("__name__", "device", "device_error", "fstype", "mountpoint", "cpu", "mode"),
        *("domainname", "machine", "nodename", "release", "sysname", "version"),
    )
)


class Derived(NamedTuple):
    """What Prometheus worked out, one series a target and, for the network, a device."""

    busy: Iterable[Sample] = ()
    processors: Iterable[Sample] = ()
    received: Iterable[Sample] = ()
    sent: Iterable[Sample] = ()
    age: Iterable[Sample] = ()
    offset: Iterable[Sample] = ()


class Node:
    """One target that is a node_exporter, and its series."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        """Of the target: `instance`, `job`, and what else its series have in common."""
        self.nodename = ""
        self.release = ""
        self.values: dict[str, float] = {}
        self.disks: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        """By device and mount point."""
        self.network: dict[str, dict[str, float]] = defaultdict(dict)


def nodes_in(series: Iterable[Sample], derived: Derived) -> tuple[Node, ...]:
    """Every node_exporter that has series now, in the order of `instance`.

    What `derived` says of a target of which `series` has nothing is passed over.
    """
    found: dict[Labels, Node] = {}
    for sample in series:
        key = sample.labels.without(_OF_SERIES)
        node = found.get(key)
        if node is None:
            node = found[key] = Node(key)
        _take(node, sample)
    for name, samples in zip(Derived._fields, derived, strict=True):
        for sample in samples:
            node = found.get(sample.labels.without(_OF_SERIES))
            if node is None or not math.isfinite(sample.value):
                continue
            if name in ("received", "sent"):
                node.network[_own(sample.labels, "device")][name] = sample.value
            else:
                node.values[name] = sample.value
    return tuple(sorted(found.values(), key=lambda node: sorted(node.labels.exact_items())))


def _take(node: Node, sample: Sample) -> None:
    labels, value = sample.labels, sample.value
    name = labels.exact("__name__")
    if not math.isfinite(value) or value < 0:
        return
    if name == "node_uname_info":
        node.nodename, node.release = _own(labels, "nodename"), _own(labels, "release")
    elif name in _DISKS:
        node.disks[_own(labels, "device"), _own(labels, "mountpoint")][name] = value
    elif name in _NETWORK:
        node.network[_own(labels, "device")][name] = value
    else:
        node.values[name] = value


def facts_of(
    node: Node, *, clock_skew: timedelta | None = None, clock_error: timedelta | None = None
) -> HostFacts:
    """What its series say of a host.

    Args:
        clock_skew: the clock of Prometheus less ours; `None`: not known.
        clock_error: by how much that may be wrong.
    """
    values = node.values
    now, boot = values.get("node_time_seconds"), values.get("node_boot_time_seconds")
    loads = [values.get(f"node_load{minutes}") for minutes in (1, 5, 15)]
    known = [load for load in loads if load is not None]
    mounts = _mounts(node)
    offset = values.get("offset")
    told = HostFacts(
        means=Means.NODE_EXPORTER,
        uptime=_seconds(now - boot) if now is not None and boot and now >= boot else None,
        cpus=_count(values.get("processors")),
        cpu_percent=_percent(values.get("busy")),
        load=(known[0], known[1], known[2]) if len(known) == 3 else None,
        memory_total_bytes=_count(values.get("node_memory_MemTotal_bytes")),
        memory_available_bytes=_count(values.get("node_memory_MemAvailable_bytes")),
        swap_total_bytes=_count(values.get("node_memory_SwapTotal_bytes")),
        swap_free_bytes=_count(values.get("node_memory_SwapFree_bytes")),
        mounts=mounts or None,
        interfaces=_interfaces(node) or None,
        clock_offset=_sum(_seconds(offset), clock_skew),
        clock_error=clock_error if offset is not None and clock_skew is not None else None,
        kernel=capped(node.release) if node.release else None,
    )
    return _with_wants(told)


def _with_wants(told: HostFacts) -> HostFacts:
    missing = []
    if told.cpu_percent is None:
        missing.append("cpu: no rate of node_cpu_seconds_total over 5 minutes")
    if told.memory_percent is None:
        missing.append("memory: node_memory_MemAvailable_bytes is not there")
    if told.mounts is None:
        missing.append("disks: node_filesystem_size_bytes is not there")
    return msgspec.structs.replace(told, missing=tuple(missing))


def _mounts(node: Node) -> tuple[Mount, ...]:
    """One a device, at its shortest path: the others show the same disk again."""
    found: dict[str, Mount] = {}
    for (device, path), values in sorted(
        node.disks.items(), key=lambda each: (len(each[0][1]), each[0][1])
    ):
        mount = _mount(path, values)
        if mount is not None:
            found.setdefault(device or path, mount)
    return tuple(sorted(found.values(), key=lambda mount: mount.path))


def _mount(path: str, values: dict[str, float]) -> Mount | None:
    size = values.get("node_filesystem_size_bytes")
    avail = values.get("node_filesystem_avail_bytes")
    if not path or not size or avail is None:
        return None
    used = max(0.0, size - values.get("node_filesystem_free_bytes", avail))
    files, files_free = (
        values.get("node_filesystem_files"),
        values.get("node_filesystem_files_free"),
    )
    read_only = values.get("node_filesystem_readonly")
    return Mount(
        path=capped(path),
        size_bytes=int(size),
        free_bytes=int(avail),
        used_percent=100 * used / (used + avail) if used + avail > 0 else 100.0,
        inodes_percent=_percent(100 * (1 - files_free / files))
        if files and files_free is not None
        else None,
        read_only=read_only == 1 if read_only is not None else None,
    )


def _interfaces(node: Node) -> tuple[Interface, ...]:
    received, sent = _NETWORK
    return tuple(
        Interface(
            name=capped(device),
            received_bytes=int(values[received]),
            sent_bytes=int(values[sent]),
            received_per_s=values.get("received"),
            sent_per_s=values.get("sent"),
        )
        for device, values in sorted(node.network.items())
        if received in values and sent in values
    )


def _own(labels: Labels, name: str) -> str:
    """The metric's own label: Prometheus moves it aside where the target has one of that name."""
    return labels.exact(f"exported_{name}") or labels.exact(name)


def _count(value: float | None) -> int | None:
    return int(value) if value is not None else None


def _percent(value: float | None) -> float | None:
    return min(100.0, max(0.0, value)) if value is not None else None


def _seconds(value: float | None) -> timedelta | None:
    try:
        return timedelta(seconds=value) if value is not None else None
    except OverflowError:
        return None


def _sum(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    try:
        return one + other if one is not None and other is not None else None
    except OverflowError:
        return None
