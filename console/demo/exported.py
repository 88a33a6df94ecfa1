"""What node_exporter and kube-state-metrics make of the same world, as series of the core server.

Each follows from a series that a rule reads (`=memory`, `=disk`, `=replicas_missing`), so that
a host's facts by Prometheus and by SSH, and a deployment's by `kubectl`, agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from console.demo.inventory import (
    DISKS_GIB,
    HOSTS,
    HostSpec,
    age_s,
    traffic_per_s,
    uptime_s,
)
from console.demo.metrics import CORE, LabelPairs, Series, host_labels, pairs
from console.demo.script import Trouble
from console.demo.shape import Shape, flat, ramp

GIB = float(1 << 30)
KERNEL = "6.1.0-28-amd64"
_FAR_S = 3e7


def exported(
    series: Sequence[Series],
    troubles: Mapping[str, Sequence[Trouble]],
    unix_of: Callable[[float], float],
) -> list[Series]:
    """The exporters' series that belong to `series`.

    Args:
        troubles: what is wrong with each host and service; nothing is scraped from a host
            that is dark.
        unix_of: a script second as a Unix time.
    """
    found: list[Series] = []
    for host in HOSTS:
        own = {(one.family, dict(one.labels).get("mountpoint", "")): one.shape
               for one in series if ("host", host.name) in one.labels}  # fmt: skip
        dark = [trouble for trouble in troubles.get(host.name, ()) if trouble.refuse]
        for one in _of_node(host, own, unix_of):
            shape = one.shape
            for trouble in dark:
                shape = shape.dipped(trouble.start_s, trouble.end_s, 0)
            found.append(Series(one.server, one.family, one.labels, shape, absent_at_zero=True))
    for one in series:
        if one.family == "kube_deployment_status_replicas_available":
            found.extend(_of_deployment(one, unix_of))
    return found


def unscraped(series: Sequence[Series], troubles: Mapping[str, Sequence[Trouble]]) -> list[Series]:
    """`series` without what node_exporter would have told of hosts while they were dark."""
    dark = {host.name: [one for one in troubles.get(host.name, ()) if one.refuse] for host in HOSTS}
    found = []
    for one in series:
        shape = one.shape
        if one.family.startswith("node_"):
            for trouble in dark.get(dict(one.labels).get("host", ""), ()):
                shape = shape.dipped(trouble.start_s, trouble.end_s, 0)
        same = shape is one.shape
        found.append(one if same else replace(one, shape=shape, absent_at_zero=True))
    return found


def _of_node(
    host: HostSpec, own: Mapping[tuple[str, str], Shape], unix_of: Callable[[float], float]
) -> Iterator[Series]:
    def one(family: str, shape: Shape, **more: str) -> Series:
        return Series(CORE, family, host_labels(host, job="node", **more), shape)

    total = host.memory_gib * GIB
    yield one("node_memory_MemTotal_bytes", flat(total))
    yield one("node_memory_MemAvailable_bytes", _left(own["=memory", ""], total))
    # 0 would be taken for no sample at all.
    load = own["node_load1", ""]
    yield one("node_load5", load)
    yield one("node_load15", load)
    yield one("node_boot_time_seconds", flat(unix_of(-uptime_s(host.name))))
    yield one("node_time_seconds", _unix(unix_of))
    yield one("node_uname_info", flat(1), sysname="Linux", release=KERNEL, nodename=host.name,
              machine="x86_64")  # fmt: skip
    for number, (path, gib) in enumerate(DISKS_GIB.items()):
        of = {"device": f"/dev/vd{'ab'[number]}1", "fstype": "ext4", "mountpoint": path}
        left = _left(own["=disk", path], gib * GIB)
        yield one("node_filesystem_size_bytes", flat(gib * GIB), **of)
        yield one("node_filesystem_avail_bytes", left, **of)
        yield one("node_filesystem_free_bytes", left, **of)
    yield one("=node_busy", own["=cpu", ""])
    yield one("=node_processors", flat(host.cpus))
    received, sent = traffic_per_s(host.name)
    since_s = -uptime_s(host.name)
    for family, rate in (("receive", received), ("transmit", sent)):
        counted = ramp((since_s, 0), (_FAR_S, rate * (_FAR_S - since_s)))
        yield one(f"node_network_{family}_bytes_total", counted, device="eth0")
        yield one(f"=node_{family}", flat(rate), device="eth0")
    yield one("=node_age", flat(0.001))
    yield one("=node_offset", flat(0.001))


def _of_deployment(available: Series, unix_of: Callable[[float], float]) -> Iterator[Series]:
    labels = available.labels

    def one(family: str, shape: Shape, more: LabelPairs = ()) -> Series:
        return Series(CORE, family, tuple(sorted((*labels, *more))), shape, whole=True)

    name = dict(labels)["deployment"]
    yield one("kube_deployment_status_replicas_ready", available.shape)
    yield one("kube_deployment_metadata_generation", flat(7))
    yield one("kube_deployment_status_observed_generation", flat(7))
    yield one("kube_deployment_created", flat(unix_of(-age_s(name))))
    yield one("kube_deployment_spec_paused", flat(0))
    rest = available.shape.at(-1e9)
    short = Shape(tuple((at_s, float(value < rest)) for at_s, value in available.shape.knots))
    yield one("kube_deployment_status_condition", short, pairs(condition="Available",
                                                               status="false"))  # fmt: skip


def _left(percent: Shape, whole: float) -> Shape:
    return Shape(tuple((at_s, whole * (1 - used / 100)) for at_s, used in percent.knots))


def _unix(unix_of: Callable[[float], float]) -> Shape:
    return ramp(*((at_s, unix_of(at_s)) for at_s in (-_FAR_S, 0.0, _FAR_S)))
