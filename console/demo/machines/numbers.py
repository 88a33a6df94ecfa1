"""A machine's load, memory and disks: what node_exporter tells of it, as the kernel would."""

from __future__ import annotations

import math

import msgspec

from console.demo.inventory import DISKS_GIB, HOSTS, HostSpec, traffic_per_s, uptime_s
from console.demo.machines.lives import number_of
from console.demo.metrics import Series
from console.demo.shape import jitter
from console.demo.world import World

GIB = 1 << 30
TICKS = 100
"""Kernel ticks a second (`USER_HZ`)."""

HOST = {host.name: host for host in HOSTS}


class Disk(msgspec.Struct, frozen=True):
    """One file system, in kibibytes."""

    device: str
    path: str
    size_kib: int
    free_kib: int
    inodes: int
    inodes_free: int

    @property
    def used_percent(self) -> int:
        """As `df` rounds it: up."""
        return math.ceil(100 * (1 - self.free_kib / self.size_kib))


class Numbers:
    """The numbers of one machine now."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self.host: HostSpec = HOST[host]
        self.at_s = world.script_s(world.now().timestamp())
        """Now, with fractions of a second."""

    @property
    def cpus(self) -> int:
        """How many processors it has."""
        return self.host.cpus

    @property
    def uptime_s(self) -> float:
        """Since it was started."""
        back = [t.end_s for t in self._world.troubles.get(self.host.name, ())
                if t.refuse and t.end_s <= self.at_s]  # fmt: skip
        return self.at_s - max(back, default=-uptime_s(self.host.name))

    @property
    def cpu_percent(self) -> float:
        """Of all processors."""
        return self._value("=cpu")

    @property
    def memory_kib(self) -> tuple[int, int]:
        """All of it, and what is available."""
        total = self.host.memory_gib * GIB // 1024
        return total, int(total * (1 - self._value("=memory") / 100))

    @property
    def load(self) -> tuple[float, float, float]:
        """Over 1, 5 and 15 minutes."""
        one = self._value("node_load1")
        rest = self._series("node_load1").shape.at(self.at_s - 600)
        return one, (2 * one + rest) / 3, rest

    def disks(self) -> list[Disk]:
        """Its file systems."""
        found = []
        for number, (path, gib) in enumerate(DISKS_GIB.items()):
            size = gib * GIB // 1024
            used = self._value("=disk", path) / 100
            inodes = gib * 65536
            taken = 0.02 + number_of(f"inodes {self.host.name} {path}", 10) / 100
            found.append(
                Disk(f"/dev/vd{'ab'[number]}1", path, size, round(size * (1 - min(1, used))),
                     inodes, int(inodes * (1 - taken)))
            )  # fmt: skip
        return found

    def ticks(self) -> tuple[int, int]:
        """Busy and idle kernel ticks of all processors since it was started."""
        shape = self._series("=cpu").shape
        since_s = self.at_s - self.uptime_s
        # The counter and the gauge agree: one is the integral of the other.
        busy = shape.area(since_s, self.at_s) / 100 * self.cpus * TICKS
        return int(busy), int(self.uptime_s * self.cpus * TICKS - busy)

    def traffic(self) -> tuple[int, int]:
        """Bytes received and sent since it was started."""
        received, sent = traffic_per_s(self.host.name)
        return int(self.uptime_s * received), int(self.uptime_s * sent)

    def _series(self, family: str, mountpoint: str | None = None) -> Series:
        for one in self._world.series:
            if one.family != family or ("host", self.host.name) not in one.labels:
                continue
            if mountpoint is None or ("mountpoint", mountpoint) in one.labels:
                return one
        raise KeyError(family)

    def _value(self, family: str, mountpoint: str | None = None) -> float:
        series = self._series(family, mountpoint)
        plain = series.shape.at(self.at_s)
        if mountpoint is not None:
            return plain
        return plain * (1 + series.wobble * jitter(self._world.seed, family, self.at_s))
