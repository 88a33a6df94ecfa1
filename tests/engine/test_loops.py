"""How often sources and probes are asked, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from console.engine.loops import poll_forever, probe_forever
from console.engine.pause import Pause
from console.engine.unanswered import by_fault, no_probe_reading
from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.reading import AlertmanagerReading, ProbeReading, PrometheusReading, Reading
from console.safety.clock import Instant, ManualClock
from tests.build import T0, failure
from tests.fleet.world import am_reading


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(10):
        await asyncio.sleep(0)


class Source:
    """Fails as often as `fails` says, then answers; raises where that is negative."""

    key = "am/a"
    interval = timedelta(seconds=15)

    def __init__(self, clock: ManualClock, fails: int) -> None:
        self._clock = clock
        self._left = fails
        self.asked_at: list[float] = []

    async def poll(self, round: int) -> AlertmanagerReading | PrometheusReading:  # noqa: A002
        self.asked_at.append(self._clock.now().mono)
        if self._left < 0:
            raise KeyError("a bug")
        if self._left > 0:
            self._left -= 1
            return broken()
        return am_reading(0)


def broken() -> AlertmanagerReading:
    fault = failure("am")
    return AlertmanagerReading("am", "a", Instant(T0, 0.0), timedelta(0), fault, fault, fault)


async def waits_of(source: Source, clock: ManualClock, polls: int) -> list[float]:
    """Seconds between the polls."""
    tries: list[Instant] = []

    async def poll() -> None:
        await poll_forever(
            source,
            unread=lambda error: (broken(),),
            take=lambda readings: None,
            next_try=lambda key, at: tries.append(at),
            pause=Pause(clock),
            clock=clock,
            jitter=random.Random(1),
        )

    polling = asyncio.create_task(poll())
    for _ in range(polls):
        await settle()
        clock.advance(tries[-1].mono - clock.now().mono)
    polling.cancel()
    times = source.asked_at
    return [later - earlier for earlier, later in itertools.pairwise(times)]


async def test_a_source_that_answers_is_asked_at_its_interval() -> None:
    clock = ManualClock(T0)
    for wait_s in await waits_of(Source(clock, 0), clock, 8):
        assert 13.5 <= wait_s <= 16.5


async def test_a_source_that_fails_is_asked_less_and_less_often_up_to_a_minute() -> None:
    clock = ManualClock(T0)
    waits = await waits_of(Source(clock, 99), clock, 7)
    for wait_s, expected_s in zip(waits, (15, 30, 60, 60, 60), strict=False):
        assert expected_s * 0.9 <= wait_s <= expected_s * 1.1


async def test_a_source_that_answers_again_is_asked_at_its_interval_again() -> None:
    clock = ManualClock(T0)
    waits = await waits_of(Source(clock, 3), clock, 7)
    assert waits[2] > 50
    assert max(waits[3:]) <= 16.5


async def test_a_bug_in_a_poll_costs_a_reading_and_not_the_polling() -> None:
    clock = ManualClock(T0)
    source = Source(clock, -1)
    assert len(await waits_of(source, clock, 5)) >= 3


class Prober:
    """Answers at once, or only when it is told to; counts what runs at the same time."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.asked_at: dict[str, list[float]] = {}
        self.running: Counter[str] = Counter()
        self.most = 0
        self.gate: asyncio.Event | None = None
        self.bug: str | None = None

    async def ask(self, probe: Probe) -> ProbeReading:
        self.asked_at.setdefault(probe.key, []).append(self._clock.now().mono)
        self.running[probe.key] += 1
        self.most = max(self.most, self.running[probe.key])
        try:
            if self.bug == probe.key:
                raise KeyError("a bug")
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.running[probe.key] -= 1
        return ProbeReading("health", self._clock.now(), ProbeResult(probe, Verdict.HEALTHY, "200"))


INTERVAL_S = 30.0
PROBES = [
    Probe(
        f"service-{number}",
        ProbeKind.HTTP,
        "http://127.0.0.1/",
        timedelta(seconds=INTERVAL_S),
        timedelta(seconds=5),
    )
    for number in range(200)
]


class Asking:
    """All of `PROBES`, asked for ever."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.pause = Pause(self.clock)
        self.prober = Prober(self.clock)
        self.readings: list[Reading] = []
        self.task = asyncio.create_task(
            probe_forever(
                self.prober,
                PROBES,
                unread=lambda probe, error: no_probe_reading(
                    probe, by_fault(probe.key, "health", error, self.clock.now()), self.clock.now()
                ),
                take=self.readings.append,
                pause=self.pause,
                clock=self.clock,
            )
        )

    async def go_on(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            await settle()
            self.clock.advance(0.1)
        await settle()


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    asking = Asking()
    yield asking
    asking.task.cancel()
    await asyncio.gather(asking.task, return_exceptions=True)


def in_each_second(asking: Asking, first_s: float, last_s: float) -> list[int]:
    """How many probes were asked in each of these seconds."""
    start = ManualClock(T0).now().mono
    times = [at - start for asked in asking.prober.asked_at.values() for at in asked]
    counted = Counter(int(at) for at in times if first_s <= at < last_s)
    return [counted[second] for second in range(int(first_s), int(last_s))]


async def test_every_service_is_asked_within_two_seconds_of_the_start(asking: Asking) -> None:
    await asking.go_on(2.2)
    assert len(asking.prober.asked_at) == len(PROBES)


async def test_from_then_on_probes_are_spread_over_the_whole_interval(asking: Asking) -> None:
    await asking.go_on(3 * INTERVAL_S)
    counted = in_each_second(asking, INTERVAL_S * 1.5, INTERVAL_S * 2.5)
    even = len(PROBES) / INTERVAL_S
    assert max(counted) < 3 * even
    assert sum(count > 0 for count in counted) > 0.9 * INTERVAL_S
    assert sum(counted) == len(PROBES)


async def test_no_probe_waits_longer_than_an_interval_and_a_half(asking: Asking) -> None:
    await asking.go_on(4 * INTERVAL_S)
    for asked in asking.prober.asked_at.values():
        gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
        assert len(gaps) >= 2
        assert max(gaps) <= 1.5 * INTERVAL_S + 0.2


async def test_a_refresh_asks_all_and_makes_no_burst_of_every_later_round(asking: Asking) -> None:
    await asking.go_on(2 * INTERVAL_S)
    before = sum(map(len, asking.prober.asked_at.values()))
    asking.pause.wake()
    await settle()
    assert sum(map(len, asking.prober.asked_at.values())) == before + len(PROBES)
    await asking.go_on(2 * INTERVAL_S)
    counted = in_each_second(asking, 2 * INTERVAL_S + 1, 4 * INTERVAL_S)
    assert max(counted) < 3 * len(PROBES) / INTERVAL_S


async def test_a_probe_that_is_still_being_asked_is_not_asked_beside_itself(
    asking: Asking,
) -> None:
    asking.prober.gate = asyncio.Event()
    await asking.go_on(2 * INTERVAL_S)
    asking.pause.wake()
    await asking.go_on(INTERVAL_S)
    assert asking.prober.most == 1
    assert asking.readings == []
    asking.prober.gate.set()
    await settle()
    assert len(asking.readings) == len(PROBES)
    await asking.go_on(1.5 * INTERVAL_S)
    assert len(asking.readings) >= 2 * len(PROBES)


async def test_a_bug_in_one_probe_is_its_own_answer_and_costs_no_other(asking: Asking) -> None:
    asking.prober.bug = PROBES[7].key
    await asking.go_on(3)
    results = {
        one.result.probe.key: one.result for one in asking.readings if isinstance(one, ProbeReading)
    }
    assert len(results) == len(PROBES)
    bad = results.pop(PROBES[7].key)
    assert bad.verdict is Verdict.NO_ANSWER
    assert bad.failure is not None and bad.failure.kind is FailureKind.INTERNAL
    assert "KeyError" in bad.said and "a bug" not in bad.said
    assert {one.verdict for one in results.values()} == {Verdict.HEALTHY}


async def test_the_end_leaves_no_probe_running() -> None:
    asking = Asking()
    asking.prober.gate = asyncio.Event()
    await asking.go_on(3)
    assert asking.prober.running.total() == len(PROBES)
    asking.task.cancel()
    await asyncio.gather(asking.task, return_exceptions=True)
    assert asking.prober.running.total() == 0
