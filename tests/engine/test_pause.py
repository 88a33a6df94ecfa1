"""A sleep that ends by time or by a person's wish."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from console.engine.pause import Pause
from console.safety.clock import ManualClock

START = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_pause_ends_when_its_time_has_come() -> None:
    clock = ManualClock(START)
    pause = Pause(clock)
    sleeping = asyncio.create_task(pause.sleep(15))
    await _settle()
    clock.advance(14)
    await _settle()
    assert not sleeping.done()
    clock.advance(1)
    await _settle()
    assert sleeping.done()
    assert sleeping.result() is False


async def test_a_wish_wakes_every_sleeper_and_only_those_that_sleep_already() -> None:
    pause = Pause(ManualClock(START))
    sleepers = [asyncio.create_task(pause.sleep(60)) for _ in range(3)]
    await _settle()
    pause.wake()
    late = asyncio.create_task(pause.sleep(60))
    await _settle()
    assert [sleeper.result() for sleeper in sleepers] == [True, True, True]
    assert not late.done()
    late.cancel()


async def test_a_cancelled_pause_leaves_no_task_behind() -> None:
    before = len(asyncio.all_tasks())
    sleeping = asyncio.create_task(Pause(ManualClock(START)).sleep(60))
    await _settle()
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    await _settle()
    assert len(asyncio.all_tasks()) == before
