"""A host and a namespace in words: columns of the matrix, and lines of a detail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from console.fleet.batch import is_whole
from console.fleet.memory import STALE_FLOOR_S, stale_after_s
from console.model.failure import Failure
from console.model.host import Container, HostFacts, Interface, Mount, Unit
from console.model.registry import Host, Thresholds
from console.model.report import Runner
from console.model.snapshot import Cell, HostState, NamespaceState
from console.model.state import State
from console.model.words import age_text, clock_time, count_text
from console.model.workload import Workload
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from widgets.detail import Field
from widgets.paint import STATE_INKS, Span
from widgets.theme import Ink

COLUMNS: Final = (("CPU%", 4), ("MEM%", 4), ("DISK", 4), ("LOAD", 5), ("UP", 5))
"""Titles and cells; DISK is the mount that is nearest to full."""
WRONG: Final = "!"
"""Behind a value that is over its threshold, so that it is told without colour."""
INODES_LIMIT: Final = 90.0
_BAR_CELLS: Final = 10
_FAILED: Final = Raw("failed")
_SMALL_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_SHOWN: Final = 200
"""Containers, units or interfaces that are listed; what is more is said as a number."""


# The row in the matrix


def column_spans(facts: HostFacts, limits: Thresholds) -> tuple[Span, ...]:
    """The facts of a host, one span a column."""
    fullest = facts.fullest
    load = facts.load
    return (
        _percent(facts.cpu_percent, limits.cpu_percent),
        _percent(facts.memory_percent, limits.memory_percent),
        _percent(fullest.used_percent if fullest else None, limits.disk_percent),
        _UNKNOWN if load is None else (_load(load[0]), Ink.PLAIN),
        _UNKNOWN if facts.uptime is None else (age_text(facts.uptime), Ink.PLAIN),
    )


def note_of(state: HostState) -> tuple[str, Ink]:
    """Why a host has no facts; empty where it has some."""
    if state.facts is not None:
        return "", Ink.MUTED
    if state.failure is not None:
        return f"? {state.failure.cause}", Ink.UNKNOWN
    if not state.host.is_reached:
        return "no SSH", Ink.MUTED
    return "not looked at" if state.cell is None else "not looked at yet", Ink.MUTED


def namespace_note(namespace: NamespaceState) -> str:
    """`31 of 33 pods, 9 of 11 workloads`: how many are ready, how many whole.

    What runs to an end has no pods that it should have.
    """
    whole = sum(_is_whole(work, namespace.as_of.wall) for work in namespace.workloads)
    told = f"{whole} of {count_text(len(namespace.workloads))} workloads"
    lasting = [work for work in namespace.workloads if not work.kind.is_batch]
    ready = [work.ready for work in lasting]
    desired = [work.desired for work in lasting]
    if None in ready or None in desired:
        return told
    pods = sum(one or 0 for one in ready), sum(one or 0 for one in desired)
    return f"{count_text(pods[0])} of {count_text(pods[1])} pods, {told}"


def _is_whole(work: Workload, at: datetime) -> bool:
    if work.kind.is_batch:
        return is_whole(work, at)
    return work.desired is not None and work.ready is not None and work.ready >= work.desired


def old_after_s(own: Cell | None) -> float:
    """From which age on a host's facts are old: two intervals of the look, 60 s at least."""
    for report in own.reports if own is not None else ():
        if report.runner is Runner.HOST:
            return stale_after_s(report.interval)
    return 2 * STALE_FLOOR_S


# Below the matrix


def host_brief(state: HostState, now: Instant) -> Iterator[Field]:
    """A host in four lines."""
    facts = state.facts
    if state.failure is not None:
        yield Field("look failed", state.failure.cause, Ink.UNKNOWN)
    if facts is None:
        yield Field("facts", note_of(state)[0] or "none", Ink.MUTED)
        return
    limits = state.host.thresholds
    age = "" if state.as_of is None else f", {age_text(now.since(state.as_of))} ago"
    yield Field("facts", ", ".join(_usage_words(facts, limits)), note=f"{facts.means.value}{age}")
    mounts = sorted(facts.mounts or (), key=lambda mount: -mount.used_percent)
    if mounts:
        words = [
            f"{visible(one.path)} {_short(one.used_percent, limits.disk_percent)}"
            for one in mounts[:6]
        ]
        wrong = mounts[0].used_percent > limits.disk_percent
        yield Field("disks", "  ".join(words), Ink.FIRING if wrong else Ink.PLAIN)
    yield from _brief_lists(facts)
    for missing in facts.missing:
        yield Field("missing", missing, Ink.UNKNOWN)


def _brief_lists(facts: HostFacts) -> Iterator[Field]:
    if isinstance(facts.containers, Failure):
        yield Field("docker", facts.containers.cause, Ink.UNKNOWN)
    elif facts.containers:
        bad = [visible(one.name) for one in facts.containers if not one.runs]
        told = _many(len(facts.containers), "container") + (
            f", not running: {', '.join(bad)}" * bool(bad)
        )
        yield Field("docker", told, Ink.FIRING if bad else Ink.PLAIN)
    if isinstance(facts.units, Failure):
        yield Field("units", facts.units.cause, Ink.UNKNOWN)
    elif facts.units:
        bad = [visible(one.name) for one in facts.units if one.active == _FAILED]
        told = _many(len(facts.units), "unit") + (f", failed: {', '.join(bad)}" * bool(bad))
        yield Field("units", told, Ink.FIRING if bad else Ink.PLAIN)


def _usage_words(facts: HostFacts, limits: Thresholds) -> Iterator[str]:
    yield f"cpu {_short(facts.cpu_percent, limits.cpu_percent)}"
    yield f"mem {_short(facts.memory_percent, limits.memory_percent)}"
    if facts.load is not None:
        cpus = f" on {facts.cpus}" if facts.cpus else ""
        yield f"load {_load(facts.load[0])}{cpus}"
    if facts.uptime is not None:
        yield f"up {age_text(facts.uptime)}"


# The host's own screen


def identity_fields(host: Host) -> Iterator[Field]:
    """Where it is, and how it is reached."""
    yield Field("name", host.name)
    yield Field("address", host.address or "not written down", _known(host.address))
    if host.is_reached and not host.is_local:
        yield Field("user", host.user or "as the SSH client configuration says")
        if host.port is not None:
            yield Field("port", str(host.port))
        if host.jump is not None:
            yield Field("jump", host.jump)
        yield Field("transport", host.transport + (", with sudo" if host.sudo else ""))
    elif not host.is_reached:
        yield Field("reached", "no SSH: nothing can be run on it", Ink.MUTED)
    if host.via is not None:
        yield Field("via", host.via)
    if host.roles:
        yield Field("roles", ", ".join(host.roles))
    for name, value in host.labels:
        yield Field(name, value)


def usage_fields(facts: HostFacts, limits: Thresholds) -> Iterator[Field]:
    """Processors, load, memory and swap."""
    ink = _percent(facts.cpu_percent, limits.cpu_percent)[1]
    cpu = _short(facts.cpu_percent, limits.cpu_percent)
    cpus = f" of {facts.cpus} processors" if facts.cpus else ""
    yield Field("cpu", f"{cpu}{cpus}, wrong over {limits.cpu_percent:g}%", ink)
    if facts.load is None:
        yield Field("load", "?", Ink.UNKNOWN)
    else:
        yield Field("load", "  ".join(map(_load, facts.load)), note="over 1, 5 and 15 minutes")
    ink = _percent(facts.memory_percent, limits.memory_percent)[1]
    memory = _short(facts.memory_percent, limits.memory_percent)
    total, free = facts.memory_total_bytes, facts.memory_available_bytes
    words = f"{memory}, wrong over {limits.memory_percent:g}%"
    if total is not None and free is not None:
        words = f"{words}; {bytes_text(free)} of {bytes_text(total)} to be had"
    yield Field("memory", words, ink)
    if facts.swap_total_bytes:
        left = facts.swap_free_bytes
        used = "?" if left is None else bytes_text(facts.swap_total_bytes - left)
        yield Field("swap", f"{used} of {bytes_text(facts.swap_total_bytes)} in use")
    elif facts.swap_total_bytes == 0:
        yield Field("swap", "none", Ink.MUTED)


def machine_fields(facts: HostFacts) -> Iterator[Field]:
    """For how long it runs, its kernel, and its clock."""
    if facts.uptime is None:
        yield Field("up", "?", Ink.UNKNOWN)
    else:
        yield Field("up", age_text(facts.uptime))
    yield Field("kernel", facts.kernel or "?", Ink.PLAIN if facts.kernel else Ink.UNKNOWN)
    if facts.clock_offset is not None:
        seconds = facts.clock_offset.total_seconds()
        error = facts.clock_error.total_seconds() if facts.clock_error is not None else 0.0
        wrong = facts.is_clock_off
        words = f"{seconds:+.1f} s beside ours" + (f", give or take {error:.1f} s" * bool(error))
        yield Field("clock", f"{words} {WRONG}" if wrong else words, _wrong(wrong))


def mount_fields(mounts: Iterable[Mount], limits: Thresholds, bar: str) -> Iterator[Field]:
    """Every file system with a bar; `bar` fills it."""
    for mount in mounts:
        full = mount.used_percent > limits.disk_percent
        starved = (mount.inodes_percent or 0.0) > INODES_LIMIT
        filled = max(0, min(_BAR_CELLS, round(mount.used_percent / 100 * _BAR_CELLS)))
        drawn = "[" + bar * filled + " " * (_BAR_CELLS - filled) + "]"
        parts = [f"{drawn} {_short(mount.used_percent, limits.disk_percent):>4}"]
        parts.append(f"{bytes_text(mount.free_bytes)} free of {bytes_text(mount.size_bytes)}")
        if mount.inodes_percent is not None:
            parts.append(f"inodes {mount.inodes_percent:.0f}%{WRONG * starved}")
        if mount.read_only:
            parts.append(f"READ-ONLY{WRONG}")
        yield Field(mount.path, "  ".join(parts), _wrong(full or starved or bool(mount.read_only)))


def interface_fields(interfaces: Iterable[Interface]) -> Iterator[Field]:
    """What comes in and goes out."""
    for one in interfaces:
        received, sent = one.received_per_s, one.sent_per_s
        if received is None or sent is None:
            words = f"in {bytes_text(one.received_bytes)}, out {bytes_text(one.sent_bytes)} so far"
        else:
            words = f"in {bytes_text(received)}/s, out {bytes_text(sent)}/s"
        yield Field(one.name, words)


def container_fields(containers: Iterable[Container], now: datetime) -> Iterator[Field]:
    """Every container: its image, its state, and how it ended."""
    for number, one in enumerate(containers):
        if number == _SHOWN:
            yield Field("", f"{_SHOWN} are shown, there are more", Ink.WARNING)
            return
        yield container_field(one, now)


def container_field(one: Container, now: datetime) -> Field:
    """One container in a line: `redis:7.2.5  running  mem 5.9 of 6 GiB 98 %, cpu 40 %`."""
    words = [visible(one.image), visible(one.state)]
    if one.exit_code is not None and not one.runs:
        words[-1] += f"({one.exit_code})"
    if one.oom_killed:
        words.append("OOM killed")
    if one.health is not None:
        words.append(visible(one.health))
    if one.use.said:
        words.append(one.use.said)
    if one.restarts:
        words.append(f"{one.restarts} restarts")
    since = one.started_at if one.runs else one.finished_at
    if since is not None:
        words.append(f"since {clock_time(since, now)}")
    if one.error:
        words.append(visible(one.error))
    ill = one.health is not None and one.health == Raw("unhealthy")
    wrong = not one.runs or ill
    return Field(one.name, "  ".join(words) + f" {WRONG}" * wrong, _wrong(wrong))


def unit_fields(units: Iterable[Unit], now: datetime) -> Iterator[Field]:
    """Every unit: failed ones first."""
    ordered = sorted(units, key=lambda unit: unit.active != _FAILED)
    for number, one in enumerate(ordered):
        if number == _SHOWN:
            yield Field("", f"{_SHOWN} of {len(ordered)} are shown", Ink.WARNING)
            return
        yield unit_field(one, now)


def unit_field(one: Unit, now: datetime) -> Field:
    """One unit in a line: `failed (failed)  exit-code 1  since 03:12:51`."""
    words = [f"{visible(one.active)} ({visible(one.sub)})"]
    if one.load != Raw("loaded"):
        words.append(visible(one.load))
    if one.result is not None and one.result != Raw("success"):
        status = f" {one.exit_status}" if one.exit_status is not None else ""
        words.append(visible(one.result) + status)
    if one.use.said:
        words.append(one.use.said)
    if one.restarts:
        words.append(f"{one.restarts} restarts")
    if one.since is not None:
        words.append(f"since {clock_time(one.since, now)}")
    wrong = one.active == _FAILED
    return Field(one.name, "  ".join(words) + f" {WRONG}" * wrong, _wrong(wrong))


# Numbers

_UNKNOWN: Final[Span] = ("?", Ink.UNKNOWN)


def bytes_text(count: float) -> str:
    """`6.1 GB`, by thousands."""
    for unit in _SMALL_UNITS:
        if abs(count) < 1000 or unit == _SMALL_UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes whatever is left")


def _percent(value: float | None, limit: float) -> Span:
    """A value over its limit is marked, and never rounded down to it."""
    if value is None:
        return _UNKNOWN
    if value > limit:
        return (f"{min(value, 999):.0f}{WRONG}", Ink.FIRING)
    return (f"{value:.0f}", Ink.PLAIN)


def _short(used: float | None, limit: float) -> str:
    return "?" if used is None else f"{used:.0f}%" + WRONG * (used > limit)


def _load(load: float) -> str:
    return f"{load:.1f}" if load < 100 else f"{load:.0f}"


def _many(count: int, what: str) -> str:
    return f"{count_text(count)} {what}{'s' * (count != 1)}"


def _wrong(wrong: bool) -> Ink:
    return STATE_INKS[State.FIRING] if wrong else Ink.PLAIN


def _known(value: Raw | str | None) -> Ink:
    return Ink.PLAIN if value else Ink.MUTED
