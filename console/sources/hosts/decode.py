"""From the parts of a look to facts: what is there is read, what is not is said in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

import msgspec

from console.model.failure import Failure
from console.model.host import Container, HostFacts, Interface, Means, Mount, Unit
from console.safety.clock import Instant
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.ended import last_line
from console.sources.hosts import decode_proc as proc
from console.sources.hosts.decode_disks import kinds_in, mounts_in
from console.sources.hosts.decode_docker import containers_in
from console.sources.hosts.decode_proc import CpuTime, Gap
from console.sources.hosts.decode_units import units_in
from console.sources.hosts.decode_uses import Measured, UseOf, Uses, uses_in
from console.sources.hosts.parts import Part, Parts
from console.sources.hosts.settings import Wanted

_DATE: Final = re.compile(rb"\s*(\d{1,11})(?:\.(\d{9}))?")
_NOT_FOR_US: Final = re.compile(
    rb"permission denied|operation not permitted|no such file", re.IGNORECASE
)
"""Of other users' mounts, and of those of containers that went while `df` was at work."""

Refused = Callable[[str, Unusable], Failure]
"""A part of the facts, `containers` or `units`, that the host would not tell, as a value."""
Fact = TypeVar("Fact")


class Asked(msgspec.Struct, frozen=True):
    """One look, as far as its answer depends on how it was asked."""

    wanted: Wanted
    means: Means
    limit_s: int
    sent: Instant
    received: Instant


class Counters(msgspec.Struct, frozen=True):
    """What one look leaves to the next, since only two of them make a rate."""

    at: Instant
    uptime: timedelta | None = None
    cpu: CpuTime | None = None
    interfaces: tuple[Interface, ...] = ()
    uses: Uses = Uses()


class Told(msgspec.Struct, frozen=True):
    """A look that was read."""

    facts: HostFacts
    counters: Counters


class _Missing:
    """Reads parts, and keeps in words what could not be read."""

    def __init__(self, parts: Parts, system: str) -> None:
        self.words: list[str] = []
        self._parts = parts
        self._system = system
        self._without_proc: list[str] = []

    def read(self, fact: str, part: str, read: Callable[[bytes], Fact]) -> Fact | None:
        """What `read` makes of `part`, or `None` with an entry under `fact`."""
        given = self._parts.get(part)
        if given is None:
            self.words.append(f"{fact}: the host did not tell")
        elif given.status != 0:
            if self._system not in ("", "Linux"):
                self._without_proc.append(fact)
            else:
                self.words.append(f"{fact}: {given.said or f'ended with status {given.status}'}")
        else:
            try:
                return read(given.out)
            except Gap as gap:
                self.words.append(f"{fact}: {gap}")
        return None

    def all(self) -> tuple[str, ...]:
        """Every entry; one for all that a system without /proc does not have."""
        if not self._without_proc:
            return tuple(self.words)
        system = visible(self._system, cells=20)
        return (f"{', '.join(self._without_proc)}: there is no /proc on {system}", *self.words)


def facts_in(parts: Parts, asked: Asked, before: Counters | None, refused: Refused) -> Told:
    """What the host told, with rates against the look `before`. Raises nothing."""
    system, kernel = proc.system_in(_out(parts, "kernel"))
    missing = _Missing(parts, system)
    stat, again = _out(parts, "stat"), parts.get("again")
    first = missing.read("cpu", "stat", proc.cpu_time_in)
    last = first if again is None else missing.read("cpu", "again", proc.cpu_time_in)
    memory = missing.read("memory", "memory", proc.memory_in)
    memory = None if memory is None else proc.limited(memory, _out(parts, "cgroup"))
    uptime, load = _uptime_and_load(parts, missing)
    interfaces = missing.read("network", "network", proc.interfaces_in)
    uses = uses_in(_out(parts, "uses"))
    latest = uses if parts.get("usesagain") is None else uses_in(_out(parts, "usesagain"))
    counters = Counters(asked.received, uptime, last, interfaces or (), latest)
    since = _since(before, counters)
    offset, error = _clock(parts, asked, missing)
    cpus = proc.cpus_in(_out(parts, "cpus"), stat)
    earlier = uses if latest is not uses else since.uses if since is not None else Uses()
    total = None if memory is None else memory.total
    use_of = Measured(latest, earlier, cpus, total).use_of
    facts = HostFacts(
        means=asked.means,
        uptime=uptime,
        cpus=cpus,
        cpu_percent=_cpu(first, last) if again is not None else _cpu(_cpu_before(since), last),
        load=load,
        memory_total_bytes=total,
        memory_available_bytes=None if memory is None else memory.available,
        swap_total_bytes=None if memory is None else memory.swap_total,
        swap_free_bytes=None if memory is None else memory.swap_free,
        mounts=_mounts(parts, missing, asked.limit_s),
        interfaces=_with_rates(interfaces, since, counters),
        clock_offset=offset,
        clock_error=error,
        kernel=kernel,
        containers=_containers(parts, asked, refused, use_of),
        units=_units(parts, asked, refused, use_of),
    )
    return Told(msgspec.structs.replace(facts, missing=missing.all()), counters)


def is_empty(facts: HostFacts) -> bool:
    """Whether nothing in it was learned of the host's own state."""
    known = (facts.uptime, facts.load, facts.memory_total_bytes, facts.cpu_percent)
    return all(fact is None for fact in known) and not facts.mounts and not facts.interfaces


def _out(parts: Parts, name: str) -> bytes:
    part = parts.get(name)
    return part.out if part is not None and part.status == 0 else b""


def _uptime_and_load(
    parts: Parts, missing: _Missing
) -> tuple[timedelta | None, tuple[float, float, float] | None]:
    plain = parts.get("plain")
    if plain is None or plain.status != 0:
        uptime = missing.read("uptime", "uptime", proc.uptime_in)
        return uptime, missing.read("load", "load", proc.load_in)
    return proc.plain_uptime_in(plain.out)


def _since(before: Counters | None, now: Counters) -> Counters | None:
    """The look before, unless the host has come up anew in between."""
    if before is None or before.uptime is None or now.uptime is None:
        return before
    return before if now.uptime >= before.uptime else None


def _cpu_before(since: Counters | None) -> CpuTime | None:
    return None if since is None else since.cpu


def _cpu(before: CpuTime | None, now: CpuTime | None) -> float | None:
    return None if before is None or now is None else proc.cpu_percent(before, now)


def _with_rates(
    interfaces: tuple[Interface, ...] | None, since: Counters | None, now: Counters
) -> tuple[Interface, ...] | None:
    if interfaces is None or since is None:
        return interfaces
    # The host's own clock where it has one: ours adds how long the answer was on its way.
    if since.uptime is not None and now.uptime is not None:
        passed = now.uptime - since.uptime
    else:
        passed = now.at.since(since.at)
    return proc.rates(interfaces, since.interfaces, passed.total_seconds())


def _clock(
    parts: Parts, asked: Asked, missing: _Missing
) -> tuple[timedelta | None, timedelta | None]:
    """The host's clock less ours, and how far that may be off.

    It was asked twice, first and last of all. Its first word came after we sent, its last
    before we received: the offset lies between, in the middle at best.
    """
    first, last = _moment(_out(parts, "now")), _moment(_out(parts, "then"))
    if first is None or last is None:
        missing.words.append("clock: date printed no time")
        return None, None
    sent_s = asked.sent.wall.timestamp()
    received_s = sent_s + asked.received.since(asked.sent).total_seconds()
    most = first[1] - sent_s
    least = last[0] - received_s
    if least > most or last[1] < first[0]:
        missing.words.append("clock: it was set while the host was looked at")
        return None, None
    return timedelta(seconds=(most + least) / 2), timedelta(seconds=(most - least) / 2)


def _moment(date: bytes) -> tuple[float, float] | None:
    """The earliest and the latest that `date +%s.%N` may mean; busybox has no `%N`."""
    found = _DATE.match(date)
    if found is None:
        return None
    seconds = float(found.group(1))
    if found.group(2) is None:
        return seconds, seconds + 1
    exact = seconds + int(found.group(2)) / 1e9
    return exact, exact


def _mounts(parts: Parts, missing: _Missing, limit_s: int) -> tuple[Mount, ...] | None:
    kinds = kinds_in(_out(parts, "mounts"))
    disks = parts.get("disks")
    if disks is not None and disks.timed_out:
        missing.words.append(
            f"disks: df gave no answer within {limit_s} s, as on a dead network mount"
        )
        disks = parts.get("near")
        if disks is None or not disks.out.strip():
            return None
    if disks is None:
        missing.words.append("disks: the host did not tell")
        return None
    inodes = parts.get("inodes")
    try:
        mounts = mounts_in(disks.out, b"" if inodes is None else inodes.out, kinds)
    except Gap as gap:
        missing.words.append(f"disks: {disks.said or gap}")
        return None
    # `df` ends with 1 for a single mount of which it could not tell.
    sick = [line for line in disks.err.splitlines() if not _NOT_FOR_US.search(line)]
    said = last_line(b"\n".join(sick))
    if disks.status != 0 and said:
        missing.words.append(f"disks: {said}")
    return mounts


def _containers(
    parts: Parts, asked: Asked, refused: Refused, use_of: UseOf
) -> tuple[Container, ...] | Failure | None:
    part = parts.get("docker")
    if part is None and not asked.wanted.docker:
        return None
    try:
        return containers_in(part or Part(127, b""), asked.limit_s, use_of)
    except Unusable as error:
        # Where the registry has no container, nobody asked: no fault of the host.
        return refused("containers", error) if asked.wanted.docker else None


def _units(
    parts: Parts, asked: Asked, refused: Refused, use_of: UseOf
) -> tuple[Unit, ...] | Failure | None:
    failed = parts.get("failed")
    if failed is None and not asked.wanted.units:
        return None
    try:
        return units_in(parts.get("units"), failed, asked.wanted.units, asked.limit_s, use_of)
    except Unusable as error:
        return refused("units", error) if asked.wanted.units else None
