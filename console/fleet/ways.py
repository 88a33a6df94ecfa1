"""By which way each service is asked, and whether anybody is heard by it.

A time-out says as much about the network of this machine as about the service. So it is held
against what else was asked by the same way: straight, over the loopback, or by SSH through one
host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from console.fleet.badges import NO_WORD
from console.fleet.memory import stale_after_s
from console.model.host import Means
from console.model.probe import Probe, ProbeKind, Verdict
from console.model.snapshot import BadgeKind, Cell, Snapshot, SourceHealth, SourceKind
from console.model.state import State
from console.safety.clock import Instant

JUMP_S: Final = 2.0
"""By how much wall clock and monotonic clock may part before it is a jump."""
_ON_HOST: Final = (ProbeKind.COMMAND, ProbeKind.FILE)
_BY_SSH: Final = frozenset({Means.SSH.value, Means.LOCAL.value})
_HOST: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]*)", re.I)
_LOOPBACK: Final = re.compile(r"^(?:127\.\d+\.\d+\.\d+|::1|localhost|.*\.localhost)$", re.I)


class Way(NamedTuple):
    """One way on which things are asked, and what stands at its end."""

    host: str
    """Whose SSH it is; empty: none."""
    is_here: bool
    """It does not leave this machine: what answers there proves nothing about the network."""
    place: str
    """What is asked: straight a machine, since one that is dark takes all with it that it runs;
    else each service for itself."""

    @property
    def by_ssh(self) -> bool:
        return bool(self.host)

    @property
    def road(self) -> tuple[str, bool]:
        """What all that goes the same way has in common."""
        return self.host, self.is_here


class Heard(NamedTuple):
    """That a place answered, or was silent."""

    way: Way
    answered: bool
    at: Instant


def is_fresh(at: Instant, limit_s: float, now: Instant) -> bool:
    """Whether an answer of `at` still tells how things are at `now`.

    A clock that was set since, or a machine that slept, parts the two clocks: what came before
    that is old, whatever its age.
    """
    age_s = now.mono - at.mono
    jumped_s = abs((now.wall - at.wall).total_seconds() - age_s)
    return age_s <= limit_s and jumped_s <= JUMP_S


def way_of(probe: Probe) -> Way:
    """The way of one health check."""
    if probe.kind in _ON_HOST:
        return Way(probe.host, False, probe.key)
    if probe.via:
        return Way(probe.via, False, probe.key)
    return _straight(probe.target, probe.key)


class Ways:
    """Who was heard lately, and by which way; of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.now = snapshot.at
        self._cut_off = any(badge.kind is BadgeKind.CUT_OFF for badge in snapshot.badges)
        self._prometheus_tells = any(
            one.kind is SourceKind.PROMETHEUS and one.state is State.OK
            for one in snapshot.whole_sources
        )
        intervals = (one.interval for one in snapshot.sources if one.kind is SourceKind.PROMETHEUS)
        self._targets_limit_s = max(map(stale_after_s, intervals), default=0.0)
        self._last_heard: dict[tuple[str, bool], float] = {}
        places: dict[tuple[str, bool], dict[str, bool]] = {}
        for heard in self._all(snapshot):
            road = heard.way.road
            known = places.setdefault(road, {})
            known[heard.way.place] = known.get(heard.way.place, False) or heard.answered
            if heard.answered:
                before = self._last_heard.get(road, float("-inf"))
                self._last_heard[road] = max(before, heard.at.mono)
        self._mostly_silent = {
            road for road, known in places.items() if sum(known.values()) * 2 < len(known)
        }

    def heard_since(self, way: Way, mono: float) -> bool:
        """Whether anything answered by the same way at or after `mono`."""
        return self._last_heard.get(way.road, float("-inf")) >= mono

    def is_cut_off(self, way: Way) -> bool:
        """Whether most of what is asked by that way is silent."""
        return way.road in self._mostly_silent or (
            self._cut_off and not way.by_ssh and not way.is_here
        )

    def targets_are_fresh(self, cell: Cell) -> bool:
        """Whether what is known of the scrape targets of `cell` still holds."""
        if cell.probes or cell.reports or cell.as_of is None:
            return self._prometheus_tells
        # Then its age is that of the word on its targets.
        return is_fresh(cell.as_of, self._targets_limit_s, self.now)

    def _all(self, snapshot: Snapshot) -> Iterator[Heard]:
        for cell in snapshot.cells:
            for result, at in zip(cell.probes, cell.probe_ages, strict=True):
                if not is_fresh(at, stale_after_s(result.probe.interval), self.now):
                    continue
                failure = result.failure
                if result.verdict is not Verdict.NO_ANSWER:
                    yield Heard(way_of(result.probe), True, at)
                elif failure is not None and failure.kind in NO_WORD:
                    yield Heard(way_of(result.probe), False, at)
            for report in cell.reports:
                told = report.by in _BY_SSH and report.failure is None
                if told and is_fresh(report.at, stale_after_s(report.interval), self.now):
                    way = Way(report.place, False, f"report/{cell.service.name}")
                    yield Heard(way, True, report.at)
        for source in snapshot.sources:
            yield from self._of_source(source)

    def _of_source(self, source: SourceHealth) -> Iterator[Heard]:
        if not source.url:
            return
        way = _straight(source.url, source.name)
        if source.state is State.OK and source.last_ok is not None:
            yield Heard(way, True, source.last_ok)
        elif source.failures and all(one.kind in NO_WORD for one in source.failures):
            yield Heard(way, False, self.now)


def _straight(target: str, key: str) -> Way:
    found = _HOST.match(target)
    host = (found[1] if found else target).strip("[]").casefold()
    is_here = bool(_LOOPBACK.match(host))
    return Way("", is_here, key if is_here else host)
