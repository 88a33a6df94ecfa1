"""How each service is seen at one moment, as history keeps it: up, slow, down, or not observed.

Judged from what answers for a service, never from alerts: an alert about a processor is no
downtime. What decides, the first that there is:

1. its health checks of kinds http, ready, tcp, command and file. A no is DOWN, and what is only
   slower than it should be is SLOW. A check of a certificate counts for nothing: one near its end
   keeps nobody out, and an expired one fails the https check itself, which then is DOWN;
2. what runs it: a container, unit or workload that says no is DOWN, unless some of its replicas
   still serve. A host is UP where it was reached, however full its disks are;
3. its scrape targets: UP where one of them is up, DOWN where all are down.

Taking an answer away never makes it greener.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from console.fleet.memory import stale_after_s
from console.fleet.ways import Ways, is_fresh, way_of
from console.model.alert import TargetHealth
from console.model.failure import FailureKind
from console.model.history import Sight
from console.model.probe import ProbeKind, ProbeResult, Verdict
from console.model.registry import Service, ServiceType
from console.model.report import Report, Runner
from console.model.snapshot import Cell, Snapshot
from console.safety.clock import Instant
from console.safety.text import visible

_NAME_CELLS: Final = 120
_ORDER: Final = (Sight.DOWN, Sight.UNKNOWN, Sight.SLOW, Sight.UP)
"""Of several checks of one service the first of these that there is."""
_TIMED: Final = (ProbeKind.HTTP, ProbeKind.READY, ProbeKind.TCP, ProbeKind.COMMAND)
"""Whose time is the service's: that of the first of these. To look for a file takes as long as
the way to its host."""
_SILENCE: Final = frozenset({FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.RESET})
"""Nothing came from where the service should be. All else is a fault of ours: a name that is not
known, settings, a body that cannot be read."""


class Seen(NamedTuple):
    """How one service is seen."""

    sight: Sight
    took_ms: float | None = None
    """How long its answer took; `None`: there is none, or it is a no."""
    at: Instant | None = None
    """When the answer that decides came; `None`: there is none."""


UNSEEN: Final = Seen(Sight.UNKNOWN)


def sights_of(snapshot: Snapshot, before: Mapping[str, Sight] | None = None) -> dict[str, Seen]:
    """How every cell of `snapshot` is seen, by the name under which history keeps it.

    Silence is a service's own only where others were heard by the same way since it was asked:
    else this machine may be cut off, and nothing was observed. Once it has been DOWN it stays so
    for as long as it is silent and most others are heard.

    Args:
        before: how they were seen last, by the same names.
    """
    was = before or {}
    ways = Ways(snapshot)
    found: dict[str, Seen] = {}
    for cell in snapshot.cells:
        name = name_of(cell)
        if name not in found:
            found[name] = sight_of(cell, ways, was.get(name))
    return found


def sight_of(cell: Cell, ways: Ways, before: Sight | None = None) -> Seen:
    """How one cell is seen; see the head of this file."""
    answers = zip(cell.probes, cell.probe_ages, strict=True)
    probes = [
        _of_probe(result, at, ways, before)
        for result, at in answers
        if result.probe.kind is not ProbeKind.TLS
    ]
    seen = _first(probes, _ORDER)
    is_host = cell.service.type is ServiceType.HOST
    reports = [
        _of_report(one, ways.now) for one in cell.reports if (one.runner is Runner.HOST) == is_host
    ]
    if seen is None:
        seen = _first(reports, (Sight.DOWN, Sight.UP, Sight.UNKNOWN))
        by_targets = _of_targets(cell, ways)
        if seen is None or (is_host and seen.sight is Sight.UNKNOWN):
            seen = by_targets or seen
    elif seen.sight is Sight.UNKNOWN:
        # Nothing usable came from itself, and what runs it says that it does not run.
        seen = _first(reports, (Sight.DOWN,)) or seen
    if seen is None:
        return UNSEEN
    took = _took_ms(cell, ways.now) if seen.sight in (Sight.UP, Sight.SLOW) else None
    return Seen(seen.sight, took, seen.at)


def name_of(cell: Cell) -> str:
    """Under which name history keeps a cell. Safe to show."""
    return kept_name(cell.service)


def kept_name(service: Service) -> str:
    """Under which name history keeps a service: its own; of a scrape target that nobody wrote
    down `job/instance`, since what it is called here changes with those beside it. Safe to show."""
    if service.type is not ServiceType.TARGET or len(service.instances) != 1:
        return service.name
    job = dict(service.labels).get("job", "")
    return visible(f"{job}/{service.instances[0]}", cells=_NAME_CELLS)


def _of_probe(result: ProbeResult, at: Instant, ways: Ways, before: Sight | None) -> Seen:
    if not is_fresh(at, stale_after_s(result.probe.interval), ways.now):
        return UNSEEN
    if result.verdict is Verdict.HEALTHY:
        return Seen(Sight.UP, at=at)
    if result.verdict is Verdict.UNHEALTHY:
        return Seen(Sight.SLOW if result.too_slow else Sight.DOWN, at=at)
    failure = result.failure
    if failure is None or failure.kind not in _SILENCE:
        return Seen(Sight.UNKNOWN, at=at)
    way = way_of(result.probe)
    if way.by_ssh and failure.kind is FailureKind.UNREACHABLE:
        return Seen(Sight.UNKNOWN, at=at)
    asked_s = at.mono - result.probe.timeout.total_seconds()
    heard = ways.heard_since(way, asked_s) or before is Sight.DOWN
    is_down = heard and not ways.is_cut_off(way)
    return Seen(Sight.DOWN if is_down else Sight.UNKNOWN, at=at)


def _of_report(report: Report, now: Instant) -> Seen:
    if not is_fresh(report.at, stale_after_s(report.interval), now):
        return UNSEEN
    at = report.at
    if report.runner is Runner.HOST:
        # Over its thresholds, or without some of its facts: it was reached all the same.
        return Seen(Sight.UP if report.failure is None else Sight.UNKNOWN, at=at)
    if report.runs:
        return Seen(Sight.UP, at=at)
    if report.verdict is Verdict.UNHEALTHY:
        return Seen(Sight.UP if report.partly else Sight.DOWN, at=at)
    return Seen(Sight.UP if report.verdict is Verdict.HEALTHY else Sight.UNKNOWN, at=at)


def _of_targets(cell: Cell, ways: Ways) -> Seen | None:
    """`None`: it has none."""
    if not cell.targets:
        return None
    if cell.as_of is None or not ways.targets_are_fresh(cell):
        return UNSEEN
    healths = {target.health for target in cell.targets}
    for health, sight in (
        (TargetHealth.UP, Sight.UP),
        (TargetHealth.UNKNOWN, Sight.UNKNOWN),
        (TargetHealth.DOWN, Sight.DOWN),
    ):
        if health in healths:
            return Seen(sight, at=cell.as_of)
    return UNSEEN


def _first(seen: Iterable[Seen], order: tuple[Sight, ...]) -> Seen | None:
    """The worst by `order`; of those alike the one that came last, but the first no."""
    found = list(seen)
    for sight in order:
        alike = [one for one in found if one.sight is sight]
        dated = [one for one in alike if one.at is not None]
        if dated:
            pick = min if sight is Sight.DOWN else max
            return pick(dated, key=lambda one: one.at.mono if one.at is not None else 0.0)
        if alike:
            return alike[0]
    return None


def _took_ms(cell: Cell, now: Instant) -> float | None:
    found = {
        result.probe.kind: result.latency
        for result, at in zip(cell.probes, cell.probe_ages, strict=True)
        if result.latency is not None
        and result.verdict is not Verdict.NO_ANSWER
        and is_fresh(at, stale_after_s(result.probe.interval), now)
    }
    for kind in _TIMED:
        if kind in found:
            return found[kind].total_seconds() * 1000
    return None
