"""The kernel's own words: `/proc/stat`, `meminfo`, `loadavg`, `uptime`, `net/dev`.

Each function reads one part or says, by `Gap`, why it cannot. The numbers are a host's own
and may be anything: digits past what a counter can hold are refused, never computed with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from console.model.host import Interface
from console.safety.text import Raw
from console.sources.answer import capped

MAX_INTERFACES: Final = 64
MAX_CPUS: Final = 65_536
MAX_UPTIME_S: Final = 200 * 365 * 86_400.0

_COUNT: Final = re.compile(rb"\d{1,20}\Z")
_DECIMAL: Final = re.compile(rb"\d{1,12}(?:\.\d{1,12})?\Z")
_MEMORY: Final = re.compile(rb"^(\w+):[ \t]+(\d{1,15})(?: kB)?[ \t]*$", re.MULTILINE)
_CACHE: Final = re.compile(rb"^(?:total_)?inactive_file (\d{1,19})$", re.MULTILINE)
"""What the kernel takes back first. Version 1 tells of all below by `total_`, further down."""
_PROCESSOR: Final = re.compile(rb"^cpu\d+ ", re.MULTILINE)
_VIRTUAL: Final = re.compile(r"lo$|veth|cali|lxc|ifb|dummy|tunl|nodelocaldns")
"""The loopback, and the near ends of what leads into containers."""
_LOAD: Final = re.compile(
    rb"load averages?: *(\d{1,9}[.,]\d{1,4}),? +(\d{1,9}[.,]\d{1,4}),? +(\d{1,9}[.,]\d{1,4})"
)
_UP: Final = re.compile(
    rb"\bup +(?:(\d{1,6}) days?,? *)?(?:(\d{1,2}):(\d\d)|(\d{1,2}) (mins?|hrs?|secs?))?\b"
)


class Gap(Exception):  # noqa: N818 - it becomes an entry of `HostFacts.missing`
    """A fact cannot be read. Its text is safe to show: `/proc/meminfo has no MemTotal`."""


class CpuTime(msgspec.Struct, frozen=True):
    """How long all processors together have worked, in ticks since the host came up."""

    total: int
    idle: int
    """Waiting for disks is idle, too."""


class Memory(msgspec.Struct, frozen=True):
    """In bytes."""

    total: int
    available: int
    swap_total: int | None
    swap_free: int | None


def count(word: bytes) -> int | None:
    """A counter of the kernel; `None` for what is none."""
    return int(word) if _COUNT.match(word) and len(word.lstrip(b"0")) < 20 else None


def decimal(word: bytes) -> float | None:
    """A number with a point, as the kernel prints load and uptime."""
    return float(word) if _DECIMAL.match(word) else None


def cpu_time_in(stat: bytes) -> CpuTime:
    """The line `cpu` of /proc/stat.

    Eight fields since Linux 2.6.11; `guest` and `guest_nice` behind them are part of `user`
    and `nice` already.
    """
    for line in stat.splitlines():
        words = line.split()
        if words[:1] == [b"cpu"]:
            ticks = [count(word) for word in words[1:9]]
            known = [tick for tick in ticks if tick is not None]
            if len(known) < 4 or len(known) != len(ticks):
                break
            return CpuTime(total=sum(known), idle=known[3] + (known[4] if len(known) > 4 else 0))
    raise Gap("/proc/stat has no line of all processors")


def cpu_percent(before: CpuTime, now: CpuTime) -> float | None:
    """How busy the processors were in between; `None` where a counter began anew."""
    total = now.total - before.total
    if total <= 0:
        return None
    # The time of waiting for disks may go back a little (proc(5)), so that idle may as well.
    idle = min(max(now.idle - before.idle, 0), total)
    return 100 * (total - idle) / total


def cpus_in(nproc: bytes, stat: bytes) -> int | None:
    """How many processors there are, by `nproc`, else by /proc/stat."""
    told = count(nproc.strip())
    counted = told if told else len(_PROCESSOR.findall(stat))
    return counted if 0 < counted <= MAX_CPUS else None


def load_in(loadavg: bytes) -> tuple[float, float, float]:
    """`0.07 0.07 0.38 2/93 24243`."""
    words = [decimal(word) for word in loadavg.split()[:3]]
    if len(words) == 3 and words[0] is not None and words[1] is not None and words[2] is not None:
        return words[0], words[1], words[2]
    raise Gap("/proc/loadavg has no three numbers")


def memory_in(meminfo: bytes) -> Memory:
    """`MemTotal:       24683656 kB` and its like."""
    sizes = {name: int(size) * 1024 for name, size in _MEMORY.findall(meminfo)}
    total = sizes.get(b"MemTotal")
    if not total:
        raise Gap("/proc/meminfo has no MemTotal" if meminfo.strip() else "/proc/meminfo is empty")
    available = sizes.get(b"MemAvailable")
    if available is None:  # before Linux 3.14
        older = [sizes.get(name) for name in (b"MemFree", b"Buffers", b"Cached")]
        if None in older:
            raise Gap("/proc/meminfo has no MemAvailable")
        available = sum(size for size in older if size is not None)
    if available > total:
        raise Gap("/proc/meminfo has more memory available than there is")
    swap_total, swap_free = sizes.get(b"SwapTotal"), sizes.get(b"SwapFree")
    if swap_total is None or swap_free is None or swap_free > swap_total:
        swap_total = swap_free = None
    return Memory(total, available, swap_total, swap_free)


def limited(memory: Memory, cgroup: bytes) -> Memory:
    """What is left of the machine's `memory` to a host that is a container with a limit.

    Args:
        cgroup: the limit, the bytes in use and `memory.stat` of the cgroup that it is in; of
            version 1 or 2. As it is on a machine, without a limit below its memory, or when it
            cannot be read, the machine's own word stands.
    """
    words = cgroup.split(None, 2)
    limit, used = (count(word) for word in words[:2]) if len(words) > 1 else (None, None)
    if not limit or used is None or limit >= memory.total:
        return memory
    cached = _CACHE.findall(cgroup)
    left = limit - max(used - int(cached[-1]) if cached else used, 0)
    available = max(0, min(left, memory.available))
    return msgspec.structs.replace(memory, total=limit, available=available)


def uptime_in(uptime: bytes) -> timedelta:
    """`12345.67 23456.78`: the first is the time since it came up."""
    words = uptime.split()
    seconds = decimal(words[0]) if words else None
    if seconds is None or seconds > MAX_UPTIME_S:
        raise Gap("/proc/uptime has no number")
    return timedelta(seconds=seconds)


def interfaces_in(dev: bytes) -> tuple[Interface, ...]:
    """/proc/net/dev without the loopback and the near ends of containers, 64 at most."""
    found = tuple(_interfaces(dev))[:MAX_INTERFACES]
    if not found and b"|bytes" not in dev:
        raise Gap("/proc/net/dev has no interface")
    return found


def _interfaces(dev: bytes) -> Iterator[Interface]:
    for line in dev.splitlines():
        name, colon, numbers = line.rpartition(b":")
        columns = [count(word) for word in numbers.split()]
        if not colon or len(columns) != 16 or columns[0] is None or columns[8] is None:
            continue
        shown = name.strip().decode("utf-8", "replace")
        if shown and not _VIRTUAL.match(shown):
            yield Interface(capped(shown), received_bytes=columns[0], sent_bytes=columns[8])


def rates(
    now: tuple[Interface, ...], before: tuple[Interface, ...], seconds: float
) -> tuple[Interface, ...]:
    """The interfaces with what they carried a second since `before`; none where one began anew."""
    earlier = {one.name: one for one in before}
    return tuple(_with_rates(one, earlier.get(one.name), seconds) for one in now)


def _with_rates(now: Interface, before: Interface | None, seconds: float) -> Interface:
    if before is None or seconds <= 0 or not math.isfinite(seconds):
        return now
    received = now.received_bytes - before.received_bytes
    sent = now.sent_bytes - before.sent_bytes
    if received < 0 or sent < 0:
        return now
    return msgspec.structs.replace(
        now, received_per_s=received / seconds, sent_per_s=sent / seconds
    )


def plain_uptime_in(said: bytes) -> tuple[timedelta | None, tuple[float, float, float] | None]:
    """What `uptime` says in words, for hosts without /proc: `up 3 days, 2:01 … 1.2 1.3 1.4`."""
    up: timedelta | None = None
    found = _UP.search(said)
    if found is not None and any(found.groups()):
        days, hours, minutes, number, unit = found.groups()
        up = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0))
        if number is not None:
            spans = {b"m": timedelta(minutes=1), b"h": timedelta(hours=1)}
            up += int(number) * spans.get(unit[:1], timedelta(seconds=1))
    averages = _LOAD.search(said)
    if averages is None:
        return up, None
    one, five, fifteen = (float(word.replace(b",", b".")) for word in averages.groups())
    return up, (one, five, fifteen)


def system_in(uname: bytes) -> tuple[str, Raw | None]:
    """`Linux 6.1.0-18-amd64` as the system's name and its kernel."""
    name, _, release = uname.strip().decode("utf-8", "replace").partition(" ")
    return name, capped(release) if release else None
