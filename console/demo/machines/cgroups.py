"""The cgroups of a machine's containers and units, and the stand-in for what reads them."""

from __future__ import annotations

from console.demo.machines.containers import boxes_on
from console.demo.machines.lives import hex_of
from console.demo.machines.numbers import Numbers
from console.demo.machines.said import Call, Said, not_in_this_world
from console.demo.machines.units import units_on
from console.demo.machines.usage import Usage, usage_of
from console.demo.world import World

ROOT = "/sys/fs/cgroup"
"""By this word among an `awk`'s the stand-in is asked; any other `awk` is the real one."""

_MIB = 1 << 20
_FILES_BYTES = 300 * _MIB
"""Of files that were read: the kernel takes them back first, and nobody uses them."""


def awk(world: World, call: Call) -> Said:
    """The one program by which a look at a host reads cgroups.

    Its words are the program's text, the root, the ids of containers and the paths of units. It
    is answered for these, whatever its text says: a line each of those that run.
    """
    if len(call.args) < 2 or call.args[1] != ROOT:
        raise not_in_this_world("this awk program")
    numbers = Numbers(world, call.host)
    running = {
        box.id: (usage_of(world, box), box.life.began_s)
        for box in boxes_on(world, call.host)
        if box.life.runs
    }
    for unit in units_on(world, call.host):
        if unit.states[0] == "active":
            memory = (24 + int(hex_of(f"memory {unit.name}", 2), 16)) * _MIB
            usage = Usage(memory, None, int(hex_of(f"cpu {unit.name}", 2), 16) / 100)
            running[unit.cgroup] = (usage, unit.life.began_s)
    lines = [f"up {numbers.uptime_s:.2f} 0"]
    for name in call.args[2:]:
        if name in running:
            usage, began_s = running[name]
            lines.append(f"{_line(usage, numbers.at_s - began_s)} {name}")
    return Said("".join(f"{line}\n" for line in lines))


def _line(usage: Usage, ran_s: float) -> str:
    """As of version 2: bytes in use, limit, files, microseconds of processors, quota, period."""
    limit = "max" if usage.limit_bytes is None else str(usage.limit_bytes)
    worked_us = int(ran_s * usage.cpu_percent * 10_000)
    return f"2 {usage.memory_bytes + _FILES_BYTES} {limit} {_FILES_BYTES} {worked_us} max 100000"
