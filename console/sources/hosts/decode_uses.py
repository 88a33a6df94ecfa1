"""What containers and units take of their host, out of their cgroups of version 1 or 2.

A line each: the version, the bytes in use, their limit, those of files that the kernel takes back
first, the time of the processors, their quota with its period, and last what it is of. A dash
stands for a file that is not there. Nothing of it is a fault of the host: what cannot be read is
not known of the one container or unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from console.model.host import Use
from console.sources.hosts.decode_proc import count, decimal
from console.sources.hosts.script import MAX_CGROUPS

MIN_SPAN_S: Final = 0.1
"""Below, the grain of /proc/uptime is more than a tenth of it."""

UNKNOWN: Final = Use()

_A_SECOND: Final = {b"1": 1e9, b"2": 1e6}
"""In what the versions count the time of the processors."""
_NO_QUOTA: Final = frozenset([b"max", b"-1", b"-"])
"""A cgroup without one may lack the file, too."""
_NO_LIMIT: Final = 1 << 62
"""Version 1 writes the largest number of whole pages for none."""

UseOf = Callable[[str], Use]
"""By the id of a container, or by the path of a unit's cgroup."""


class Cgroup(msgspec.Struct, frozen=True):
    """One cgroup at one moment; `None`: not known."""

    memory_bytes: int | None
    """Without the files that the kernel takes back first, as `docker stats` counts."""
    limit_bytes: float | None
    """Infinite where it has none of its own."""
    cpu_s: float | None
    """How long all processors together have worked for it."""
    cpus: float | None
    """How many of them it may have; infinite where nothing limits it."""


class Uses(msgspec.Struct, frozen=True):
    """All cgroups that a look asked for."""

    up_s: float | None = None
    """When: seconds since the host came up."""
    cgroups: Mapping[str, Cgroup] = {}


class Measured(msgspec.Struct, frozen=True):
    """Two looks at cgroups, and the host against which they are measured."""

    now: Uses = Uses()
    before: Uses = Uses()
    cpus: int | None = None
    memory_bytes: int | None = None

    def use_of(self, name: str) -> Use:
        """What `name` takes: a container's id, or the path of a unit's cgroup."""
        told = self.now.cgroups.get(name)
        if told is None:
            return UNKNOWN
        limits = (told.limit_bytes, self.memory_bytes)
        least = min((one for one in limits if one is not None), default=math.inf)
        is_known = told.limit_bytes is not None and least < math.inf
        return Use(
            memory_bytes=told.memory_bytes,
            memory_limit_bytes=int(least) if is_known else None,
            cpu_percent=self._cpu_percent(told, self.before.cgroups.get(name)),
        )

    def _cpu_percent(self, told: Cgroup, earlier: Cgroup | None) -> float | None:
        """Of its quota, else of all processors; `None` where it was started in between."""
        if earlier is None or told.cpu_s is None or earlier.cpu_s is None or told.cpus is None:
            return None
        cpus = min(told.cpus, self.cpus or math.inf)
        span_s = (self.now.up_s or 0) - (self.before.up_s or 0)
        worked_s = told.cpu_s - earlier.cpu_s
        if not 0 < cpus < math.inf or self.before.up_s is None or span_s < MIN_SPAN_S:
            return None
        # What was put by for a burst, and the grain of the clock, may go past the quota.
        return None if worked_s < 0 else min(100.0, 100 * worked_s / (span_s * cpus))


def uses_in(output: bytes) -> Uses:
    """What the part tells; lines that cannot be read are passed over."""
    up_s: float | None = None
    found: dict[str, Cgroup] = {}
    for line in output.splitlines()[: MAX_CGROUPS + 1]:
        words = line.split()
        if words[:1] == [b"up"]:
            up_s = decimal(words[1]) if len(words) > 1 else None
        elif len(words) in (7, 8) and words[0] in _A_SECOND:
            found[words[-1].decode("utf-8", "replace")] = _cgroup(words[:-1])
    return Uses(up_s, found)


def _cgroup(words: list[bytes]) -> Cgroup:
    version, current, limit, cached, cpu, *quota = words
    used, taken_back, worked = count(current), count(cached), count(cpu)
    return Cgroup(
        memory_bytes=None if used is None or taken_back is None else max(used - taken_back, 0),
        limit_bytes=_limit(limit),
        cpu_s=None if worked is None else worked / _A_SECOND[version],
        cpus=_cpus(quota),
    )


def _limit(word: bytes) -> float | None:
    if word == b"max":
        return math.inf
    told = count(word)
    if told is not None and told >= _NO_LIMIT:
        return math.inf
    # Of a limit of nothing there is no percentage.
    return told or None


def _cpus(quota: list[bytes]) -> float | None:
    if quota[0] in _NO_QUOTA:
        return math.inf
    share, period = count(quota[0]), count(quota[1]) if len(quota) > 1 else None
    return share / period if share and period else None
