"""The line about the machine on which a row's service lives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic
from console.model.host import HostFacts
from console.model.registry import Thresholds
from console.model.snapshot import Cell, HostState, Snapshot
from console.model.words import age_text, clock_time
from console.model.worklist import Row
from console.safety.text import visible

_HOST_LABELS = ("host", "node", "nodename", "instance")


def host_line(row: Row, cell: Cell | None, snapshot: Snapshot) -> Iterator[EvidenceLine]:
    """How the host of `row` is, or why that is not known; nothing where it has none."""
    state = _host_of(row, cell, snapshot)
    if state is None:
        return
    name = visible(state.host.name, cells=30)
    failure, facts = state.failure, state.facts
    if failure is not None:
        since = state.failing_since
        when = f" since {clock_time(since, snapshot.at.wall)}" if since is not None else ""
        dark = Piece(f"{name} dark{when}: {failure.cause}", Tone.UNKNOWN)
        yield EvidenceLine(Topic.HOST, (dark,))
        if facts is not None:
            last = (
                Piece("it was: ", Tone.MUTED),
                *_pieces(facts, state.host.thresholds, marked=False),
            )
            yield EvidenceLine(Topic.HOST, last, at=state.as_of, by=facts.means.value, rank=1)
    elif facts is not None:
        pieces = _pieces(facts, state.host.thresholds, marked=True)
        bad = any(piece.tone is Tone.BAD for piece in pieces)
        yield EvidenceLine(
            Topic.HOST,
            pieces,
            at=state.as_of,
            by=facts.means.value,
            proof="host" if bad else "",
        )
    else:
        why = "has not been looked at yet" if state.host.is_reached else "has no SSH, nobody looks"
        yield EvidenceLine(Topic.HOST, (Piece(f"{name} {why}", Tone.MUTED),), rank=2)


def host_name_of(row: Row, cell: Cell | None, snapshot: Snapshot) -> str | None:
    """The name of the host that `row` is about."""
    state = _host_of(row, cell, snapshot)
    return state.host.name if state is not None else None


def _host_of(row: Row, cell: Cell | None, snapshot: Snapshot) -> HostState | None:
    held = {state.host.name: state for state in snapshot.host_states}
    names: list[str] = []
    if cell is not None:
        names += [name for name in (cell.service.host, cell.service.place) if name]
    elif row.alerts:
        labels = row.alerts[0].alert.labels
        for label in _HOST_LABELS:
            value = labels.exact(label)
            names += [value, value.rpartition(":")[0]]
    return next((held[name] for name in names if name in held), None)


def _pieces(facts: HostFacts, limits: Thresholds, *, marked: bool) -> tuple[Piece, ...]:
    """Up, load, processor, memory, disk; a value over its limit says so in words."""
    found: list[Piece] = []

    def percent(name: str, value: float | None, limit: float) -> None:
        if value is None:
            return
        over = marked and value > limit
        text = f"{name} {value:.0f}%" + (f" (over {limit:g}%)" if over else "")
        found.append(Piece(text, Tone.BAD if over else Tone.PLAIN))

    if facts.uptime is not None:
        young = facts.uptime < timedelta(hours=1)
        found.append(Piece(f"up {age_text(facts.uptime)}", Tone.WARNING if young else Tone.PLAIN))
    if facts.load is not None:
        of = f"/{facts.cpus}" if facts.cpus else ""
        found.append(Piece(f"load {facts.load[0]:.1f}{of}"))
    percent("cpu", facts.cpu_percent, limits.cpu_percent)
    percent("mem", facts.memory_percent, limits.memory_percent)
    fullest = facts.fullest
    if fullest is not None:
        path = visible(fullest.path, cells=20)
        percent(f"disk {path}", fullest.used_percent, limits.disk_percent)
        if fullest.read_only and marked:
            found.append(Piece("read-only", Tone.BAD))
    for mount in facts.mounts or () if marked else ():
        inodes = mount.inodes_percent
        if inodes is not None and inodes > limits.disk_percent:
            percent(f"inodes {visible(mount.path, cells=20)}", inodes, limits.disk_percent)
    if facts.missing:
        found.append(Piece("; ".join(facts.missing), Tone.UNKNOWN))
    spaced: list[Piece] = []
    for piece in found:
        spaced += [Piece("  ")] if spaced else []
        spaced.append(piece)
    return tuple(spaced)
