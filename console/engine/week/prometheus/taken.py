"""What Prometheus servers tell of the past, written into the history file, a day at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from console.engine.week.prometheus.fold import USUAL_EVERY_MS
from console.engine.week.prometheus.plan import Plan
from console.engine.week.prometheus.seen import Drawing, OfServer
from console.history.intake import take_in
from console.model.history import Bout, Origin, Recording
from console.model.saying import Saying, texts_of
from console.model.unix import milliseconds
from console.sources.prometheus.past import PastServer


class TakenIn(msgspec.Struct, frozen=True):
    """What was written into history. Texts are safe to show."""

    days: int
    """That were written of at least one server."""
    services: int
    samples: int
    bouts: int
    notices: tuple[str, ...] = ()


async def taken_in(
    folder: Path,
    servers: Sequence[PastServer],
    plan: Plan,
    bouts: Sequence[Bout],
    notices: Iterable[Saying],
    progress: Callable[[str], None],
) -> TakenIn:
    """Write what the servers tell of the time of `plan`.

    Raises:
        HistoryError: the file cannot be written.
    """
    said = dict.fromkeys(texts_of(notices))
    services: set[str] = set()
    days: set[datetime] = set()
    samples = written = 0
    for first, last in utc_days(plan.start, plan.end):
        for server in servers:
            told = await Drawing(server, plan, first, last).told()
            said |= dict.fromkeys(texts_of(told.notices))
            if not told.is_whole:
                said[f"{server.name}: {first:%Y-%m-%d} did not come whole and was not taken in"] = (
                    None
                )
                continue
            begun = _begun(bouts, server.name, first, last, is_first=first == plan.start)
            if not told.observed and not begun:
                continue
            await asyncio.to_thread(_write, folder, server.name, told, begun, first, last)
            services |= told.observed.keys()
            samples += sum(one.samples for one in told.observed.values())
            written += len(begun)
            days.add(first)
            progress(
                f"{server.name}: {first:%Y-%m-%d}, {len(told.observed)} services, "
                f"{len(begun)} episodes"
            )
    return TakenIn(len(days), len(services), samples, written, tuple(said))


def utc_days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time cut at every UTC midnight: latencies are kept by whole UTC hours."""
    while start < end:
        midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        cut = min(end, midnight + timedelta(days=1))
        yield start, cut
        start = cut


def _begun(
    bouts: Sequence[Bout], server: str, first: datetime, last: datetime, *, is_first: bool
) -> list[Bout]:
    """The episodes that a server tells and that began on a day, on the first one also those
    that began before."""
    return [
        one
        for one in bouts
        if one.source == server and one.start < last and (is_first or one.start >= first)
    ]


def _write(
    folder: Path,
    server: str,
    told: OfServer,
    bouts: Sequence[Bout],
    first: datetime,
    last: datetime,
) -> None:
    # Only as far as anything is told: what a server has dropped by now may stand in the file.
    seen = [one for each in told.observed.values() for one in each.stretches]
    start_ms = min((one.start_ms for one in seen), default=milliseconds(first))
    end_ms = max((one.end_ms for one in seen), default=milliseconds(last))
    recording = Recording(Origin.PROMETHEUS, server, start_ms, told.every_ms or USUAL_EVERY_MS)
    take_in(folder, recording, told.observed.values(), bouts, start_ms=start_ms, end_ms=end_ms)
