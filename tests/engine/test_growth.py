"""What an engine holds after many updates is what it held after a few."""

from __future__ import annotations

import asyncio
import contextlib
import gc

from console.engine.engine import Engine
from console.model.update import Update
from console.safety.clock import SystemClock
from tests.engine.peers import alertmanager, listed, prometheus, up
from tests.soak import trials
from tests.watching import on_urls

UPDATES = trials(usual=150, soak=5000)
WARM = 50


async def test_many_updates_leave_no_growth() -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url, firing=("DiskFull",))
    came = asyncio.Event()
    count = 0

    def publish(update: Update) -> None:
        nonlocal count
        count = update.number
        came.set()

    engine = Engine(on_urls([prom.url]), clock=SystemClock(), publish=publish, state=None)
    async with up(am, prom):
        life = asyncio.create_task(engine.run())

        async def reach(number: int) -> int:
            while count < number:
                came.clear()
                # What changes is what could be kept by mistake.
                am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed(f"Alert{count % 7}")]
                engine.refresh()
                engine.resort()
                await came.wait()
            gc.collect()
            return len(gc.get_objects())

        warm = await reach(WARM)
        end = await reach(WARM + UPDATES)
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
    # The event log fills up to its limit meanwhile, and that is all.
    assert end - warm < 2000, f"{end - warm} objects more after {UPDATES} updates"
