"""A memory at work on a clock that the test moves, and what the file says afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from config.history import History
from config.load import Loaded
from config.schema import Settings
from console.engine.events import EventLog, events_between
from console.engine.trouble import Trouble
from console.engine.week.recording import Memory
from console.fleet.fleet import Fleet
from console.history.reader import Reader, open_reader
from console.model.alert import Alert, Silence
from console.model.history import Bout, Observed, Origin, Past, Recording, Sight
from console.model.policy import Policy
from console.model.probe import ProbeKind, Verdict
from console.model.reading import Reading
from console.model.registry import Registry, Service, ServiceType
from console.model.snapshot import Snapshot
from console.model.update import Update
from console.model.worklist import Worklist
from console.safety.clock import Instant, ManualClock
from console.triage.triage import Triage
from tests.fleet.world import AM, HEALTH, PROM, START, am_reading, probe_reading, prom_reading

NAMES: Final = ("api", "redis", "db")
REGISTRY: Final = Registry(
    (),
    tuple(
        Service(name, ServiceType.EXTERNAL, "web-1", health="/health", health_kind=ProbeKind.HTTP)
        for name in NAMES
    ),
)
DAY: Final = timedelta(days=1)
LATENCY_MS: Final = 20


class Told(NamedTuple):
    """How a service was, in seconds since the start of the test's world."""

    start_s: float
    end_s: float
    sight: Sight


class World:
    """One console, or one recorder, and what it is told."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: ManualClock | None = None,
        origin: Origin = Origin.CONSOLE,
        by: str = "kai@laptop-1",
        history: History = History(),  # noqa: B008  # frozen
    ) -> None:
        self.folder = folder
        self.skew: timedelta | None = None
        """The servers' clocks less this one."""
        self.clock = clock or ManualClock(START)
        self.loaded = Loaded(
            Settings(environment="test", history=history), REGISTRY, Policy(), None
        )
        self.log = EventLog()
        self.trouble = Trouble(self.clock, self.log)
        self.memory = Memory(
            clock=self.clock,
            trouble=self.trouble,
            log=self.log,
            loaded=lambda: self.loaded,
            state=folder,
            origin=origin,
            by=by,
        )
        self._fleet = Fleet(REGISTRY, (AM, PROM, HEALTH), Policy(), "test")
        self._triage = Triage(Policy())
        self._shown: tuple[Snapshot, Worklist] | None = None
        self._number = 0

    def set(self, history: History) -> None:
        """Other settings from now on."""
        settings = msgspec.structs.replace(self.loaded.settings, history=history)
        self.loaded = msgspec.structs.replace(self.loaded, settings=settings)

    def hear(
        self,
        verdicts: Mapping[str, Verdict] | None = None,
        *alerts: Alert,
        silences: tuple[Silence, ...] = (),
    ) -> None:
        """Every source and every service answers now; well where no verdict is given."""
        now = self.clock.now()
        for name in NAMES:
            verdict = (verdicts or {}).get(name, Verdict.HEALTHY)
            asked = probe_reading(0, name, verdict)
            took = timedelta(milliseconds=LATENCY_MS)
            told = msgspec.structs.replace(asked.result, latency=took)
            self._take(msgspec.structs.replace(asked, result=told), now)
        self._take(am_reading(0, *alerts, silences=silences, skew=self.skew), now)
        self._take(prom_reading((now.wall - START).total_seconds(), skew=self.skew), now)

    def _take(self, reading: Reading, now: Instant) -> None:
        self._fleet.take(msgspec.structs.replace(reading, at=now))

    def show(self) -> Update:
        """Make an update of what is known, and have it remembered."""
        now = self.clock.now()
        snapshot = self._fleet.snapshot(now)
        worklist = self._triage.worklist(snapshot)
        before, judged = self._shown or (None, None)
        self.log.add(events_between(before, snapshot, judged, worklist))
        self._shown = snapshot, worklist
        update = Update(self._number, snapshot, worklist, self.log.latest)
        self._number += 1
        self.memory.take(update)
        return update

    async def look(
        self,
        verdicts: Mapping[str, Verdict] | None = None,
        *alerts: Alert,
        silences: tuple[Silence, ...] = (),
    ) -> Update:
        """Hear, show, and wait until that is dealt with."""
        self.hear(verdicts, *alerts, silences=silences)
        update = self.show()
        await self.memory.settled()
        return update

    async def watch(self, seconds: int, verdicts: Mapping[str, Verdict] | None = None) -> None:
        """Let `seconds` pass, with a look every 5 s."""
        for _ in range(seconds // 5):
            self.clock.advance(5)
            await self.look(verdicts)


def open_file(folder: Path) -> Reader:
    reader = open_reader(folder)
    assert isinstance(reader, Reader), reader
    return reader


def observed(folder: Path) -> dict[str, Observed]:
    """All that is known, by service."""
    reader = open_file(folder)
    try:
        return {one.service: one for one in reader.observed(_ms(START - DAY), _ms(START + DAY))}
    finally:
        reader.close()


def stretches(folder: Path, service: str = "api") -> list[Told]:
    """How the service was."""
    return [
        Told(_s(one.start_ms), _s(one.end_ms), one.sight)
        for one in observed(folder)[service].stretches
    ]


def recordings(folder: Path) -> tuple[Recording, ...]:
    reader = open_file(folder)
    try:
        return reader.recordings(_ms(START - DAY), _ms(START + DAY))
    finally:
        reader.close()


def bouts(folder: Path) -> tuple[Bout, ...]:
    reader = open_file(folder)
    try:
        return reader.bouts(START - DAY, START + DAY)
    finally:
        reader.close()


def past(folder: Path) -> tuple[Past, ...]:
    reader = open_file(folder)
    try:
        return reader.past(START - DAY, START + DAY)
    finally:
        reader.close()


def named(folder: Path, beginning: str) -> list[str]:
    """The files in `folder` whose names begin so."""
    return sorted(one.name for one in folder.iterdir() if one.name.startswith(beginning))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _s(at_ms: int) -> float:
    return (at_ms - _ms(START)) / 1000
