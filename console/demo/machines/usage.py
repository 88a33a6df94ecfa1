"""What a container of a machine takes: `docker stats` and its cgroup tell the same."""

from __future__ import annotations

import msgspec

from console.demo.machines.containers import Box
from console.demo.machines.numbers import GIB, Numbers
from console.demo.world import World

LIMIT_GIB = 8
"""Of a container for which nothing else is said."""
REDIS_GIB = 6.5
"""Of redis, and its `maxmemory`."""

_MIB = 1 << 20


class Usage(msgspec.Struct, frozen=True):
    """What one takes now."""

    memory_bytes: int
    limit_bytes: int | None
    """`None`: none of its own."""
    cpu_percent: float
    """Of one processor, as `docker stats` counts."""


def usage_of(world: World, box: Box) -> Usage:
    """What a container that runs takes: where the world's metrics tell of it, their numbers."""
    numbers = Numbers(world, box.spec.place)
    leaking = {name for name, cause in world.scenario.remedies
               if cause == "memory" and not world.is_mended(cause)}  # fmt: skip
    used, limit = (120 + int(box.id[3:6], 16)) * _MIB, LIMIT_GIB * GIB
    cpu_percent = int(box.id[:2], 16) / 20
    if box.spec.name in leaking:
        return Usage(int(numbers.memory_kib[0] * 1024 * 0.55), None, cpu_percent)
    if box.spec.name == "redis":
        used, limit = redis_bytes(world), int(REDIS_GIB * GIB)
    return Usage(used, limit, cpu_percent)


def redis_bytes(world: World) -> int:
    """How much of its memory redis has filled."""
    share = next(one for one in world.series if one.family == "=redis_memory")
    return int(world.value(share, float(world.now_s())) * REDIS_GIB * GIB)
