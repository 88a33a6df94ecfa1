"""Histories to test with, and the rule of `console.model.history` told a second at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from console.history.fault import HistoryFault
from console.history.reader import Reader, open_reader
from console.history.writer import Writer, open_writer
from console.model.history import HOLD, Bout, Observed, Origin, Past, Sample, Sight
from console.model.state import Priority
from console.safety.clock import ManualClock
from console.safety.text import Raw

EVERY_MS: Final = 60_000
MIDNIGHT_MS: Final = 1_795_046_400_000
"""2026-11-19T00:00:00Z."""
NOW: Final = datetime(2026, 11, 23, 4, 12, tzinfo=UTC)
BELIEVED: Final = (Sight.DOWN, Sight.SLOW, Sight.UP, Sight.UNKNOWN)


def writer_in(folder: Path, by: str = "kai@laptop-1", origin: Origin = Origin.CONSOLE) -> Writer:
    """Whoever records in `folder`."""
    writer = open_writer(folder, origin, by, clock=ManualClock(NOW))
    assert isinstance(writer, Writer), writer
    return writer


def reader_in(folder: Path) -> Reader:
    """Whoever reads in `folder`."""
    reader = open_reader(folder)
    assert isinstance(reader, Reader), reader
    return reader


def seen(folder: Path, start_ms: int, end_ms: int) -> dict[str, Observed]:
    """What is known of each service."""
    reader = reader_in(folder)
    try:
        return {one.service: one for one in reader.observed(start_ms, end_ms)}
    finally:
        reader.close()


def fault_in(folder: Path, by: str = "mei@ops-1") -> HistoryFault:
    """Why nobody can record in `folder`."""
    fault = open_writer(folder, Origin.RECORDER, by, clock=ManualClock(NOW))
    assert isinstance(fault, HistoryFault)
    return fault


def week(
    count: int, services: Sequence[str] = ("api", "db"), start_ms: int = MIDNIGHT_MS
) -> list[list[Sample]]:
    """Samples a minute, with a short outage of each service now and then."""
    return [
        [
            Sample(
                service,
                start_ms + minute * EVERY_MS,
                Sight.DOWN if (minute + place) % 37 < 2 else Sight.UP,
                None if minute % 11 == 0 else 5.0 + (minute * 7 + place) % 90,
            )
            for place, service in enumerate(services)
        ]
        for minute in range(count)
    ]


def bout(minute: int, key: str = "f00d", **more: object) -> Bout:
    """An episode that began so many minutes after midnight."""
    fields: dict[str, object] = {
        "key": key,
        "alert": Raw("ServiceDown\x1b[2J\ud800"),
        "where": Raw("redis@data-1"),
        "service": "redis",
        "priority": Priority.P0,
        "start": at(minute),
        **more,
    }
    return Bout(**fields)  # type: ignore[arg-type]


def past(minute: int) -> Past:
    """An event so many minutes after midnight."""
    return Past(at(minute), "acked", "redis", f"took it at minute {minute}", "kai", "f00d")


def at(minute: float) -> datetime:
    """So many minutes after midnight."""
    return datetime.fromtimestamp((MIDNIGHT_MS + round(minute * 60_000)) / 1000, UTC)


Told = tuple[int, Sequence[tuple[int, Sight]]]
"""An interval, and the samples of one recording in order; milliseconds."""


def second_by_second(recordings: Iterable[Told], start_ms: int, end_ms: int) -> list[Sight | None]:
    """What is believed at each second, by the words of the rule alone."""
    found: list[set[Sight]] = [set() for _ in range(start_ms, end_ms, 1000)]
    for every_ms, samples in recordings:
        for place, (moment, sight) in enumerate(samples):
            following = samples[place + 1][0] if place + 1 < len(samples) else None
            if following is not None and following - moment <= HOLD * every_ms:
                until_ms = following
            else:
                until_ms = moment + every_ms
            for second in _seconds(moment, until_ms, start_ms, end_ms):
                found[second].add(sight)
    return [next((one for one in BELIEVED if one in sights), None) for sights in found]


def by_seconds(observed: Observed | None, start_ms: int, end_ms: int) -> list[Sight | None]:
    """The same of what the file tells."""
    found: list[Sight | None] = [None] * len(range(start_ms, end_ms, 1000))
    stretches = observed.stretches if observed else ()
    for earlier, later in itertools.pairwise(stretches):
        assert earlier.end_ms <= later.start_ms
        assert earlier.end_ms < later.start_ms or earlier.sight != later.sight
    for stretch in stretches:
        for second in _seconds(stretch.start_ms, stretch.end_ms, start_ms, end_ms):
            found[second] = stretch.sight
    return found


def _seconds(from_ms: int, until_ms: int, start_ms: int, end_ms: int) -> range:
    """The seconds of `[start_ms, end_ms)`, counted from its start, within a time."""
    first = -(-(max(from_ms, start_ms) - start_ms) // 1000)
    return range(first, -(-(min(until_ms, end_ms) - start_ms) // 1000))
