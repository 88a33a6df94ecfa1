"""The polling loops: one a source, and one for all probes."""

from __future__ import annotations

import asyncio
import heapq
import math
import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Protocol

from console.engine.pause import Pause
from console.model.failure import Failure
from console.model.probe import Probe
from console.model.reading import ProbeReading, Reading
from console.safety.clock import Clock, Instant
from console.sources.pace import delay_after, offset_of

Take = Callable[[Reading], None]
"""Receives every reading, on the engine's loop."""
TakeAll = Callable[[tuple[Reading, ...]], None]
"""Receives what one poll gave: one reading, or some for what tells of many."""

FIRST_ROUND = timedelta(seconds=2)

NextTry = Callable[[str, Instant], None]
"""Receives a source's name and when it will be asked again."""


class Polled(Protocol):
    """A source that answers for itself at every poll and never raises."""

    @property
    def key(self) -> str:
        """Unique among all loops; the name under which the next try is announced."""
        ...

    @property
    def interval(self) -> timedelta: ...

    async def poll(  # the word all sources agree on
        self,
        round: int,  # noqa: A002
    ) -> Reading | tuple[Reading, ...]: ...


class Server(Polled, Protocol):
    """A source that also says what its reading is when a poll ended without one."""

    def unread(self, failure: Failure, at: Instant) -> tuple[Reading, ...]: ...


async def poll_forever(
    source: Polled,
    *,
    unread: Callable[[Exception], tuple[Reading, ...]],
    take: TakeAll,
    next_try: NextTry,
    pause: Pause,
    clock: Clock,
    jitter: random.Random,
    first_s: float = 0.0,
) -> None:
    """Poll `source` at its interval, and less often while its main part fails.

    Args:
        unread: what to take in place of a reading that ended in a bug of ours.
        take: raises nothing.
        first_s: seconds until the first poll.
    """
    failed_in_a_row = 0
    round_number = 0
    if first_s > 0:
        await pause.sleep(first_s)
    while True:
        try:
            told = await source.poll(round_number)
            readings = told if isinstance(told, tuple) else (told,)
        except Exception as error:  # costs this source its reading, and the others nothing
            readings = unread(error)
        failed = bool(readings) and all(reading.failed for reading in readings)
        failed_in_a_row = failed_in_a_row + 1 if failed else 0
        take(readings)
        failures = [failure for reading in readings for failure in reading.failures]
        retry_after_s = max((failure.retry_after_s or 0.0 for failure in failures), default=0.0)
        delay_s = delay_after(
            failed_in_a_row, source.interval, retry_after_s or None, jitter=jitter
        )
        next_try(source.key, clock.now().plus(delay_s))
        await pause.sleep(delay_s)
        round_number += 1


class Asker(Protocol):
    """Asks one probe, with a total deadline; never raises."""

    async def ask(self, probe: Probe) -> ProbeReading: ...


async def probe_forever(
    asker: Asker,
    probes: Iterable[Probe],
    *,
    unread: Callable[[Probe, Exception], ProbeReading],
    take: Take,
    pause: Pause,
    clock: Clock,
    first_round: timedelta = FIRST_ROUND,
) -> None:
    """Ask every probe at its interval, spread evenly so that they never come as a burst.

    The first round is not spread over the interval but over `first_round` at most, so that a
    person who has just opened the console does not look at unknown cells. From then on every
    probe has its own place in the interval, which it goes back to after it was asked out of
    turn. One that is still being asked when its turn comes is passed over.

    Args:
        unread: the reading to take in place of one that ended in a bug of ours.
        take: raises nothing.
    """
    start = clock.now().mono
    due: list[tuple[float, str, Probe]] = []
    for probe in probes:
        spread = offset_of(probe.key, min(probe.interval, first_round))
        due.append((start + spread, probe.key, probe))
    heapq.heapify(due)
    asked_now: dict[str, asyncio.Task[None]] = {}

    async def ask(probe: Probe) -> None:
        try:
            reading = await asker.ask(probe)
        except Exception as error:  # costs this probe its answer, and the others nothing
            reading = unread(probe, error)
        finally:
            del asked_now[probe.key]
        take(reading)

    try:
        while due:
            wait_s = due[0][0] - clock.now().mono
            if wait_s > 0:
                woken = await pause.sleep(wait_s)
                if woken:
                    due = [(clock.now().mono, key, probe) for _, key, probe in due]
                    heapq.heapify(due)
                continue
            _, key, probe = heapq.heappop(due)
            heapq.heappush(due, (turn_after(clock.now().mono, probe, start), key, probe))
            if key not in asked_now:
                asked_now[key] = asyncio.create_task(ask(probe), name=f"probe {key}")
    finally:
        running = tuple(asked_now.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def turn_after(now_s: float, probe: Probe, start_s: float) -> float:
    """The next turn of `probe`: half an interval from now at least, one and a half at most.

    Turns lie at the probe's own place in every interval, counted from `start_s`; all three
    are seconds on the monotonic clock.
    """
    interval_s = probe.interval.total_seconds()
    first_s = start_s + offset_of(probe.key, probe.interval)
    passed = math.ceil((now_s + interval_s / 2 - first_s) / interval_s)
    return first_s + passed * interval_s
