"""10,000 alerts from bytes to a worklist, beside `json.loads` of the same bytes.

Decoding, deduplication, grouping, clocks and order are counted; a poll that brings all of them
again is what happens every 15 seconds, the first one comes once. The pause is what a loop on
another thread of the same process sees while that goes on, as the screens' loop would.
"""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from datetime import timedelta

from console.fleet.fleet import Fleet
from console.model.alert import ClusterStatus
from console.model.reading import AlertmanagerReading
from console.model.worklist import Worklist
from console.safety.text import Raw
from console.sources.alertmanager.decode import alerts_in
from console.triage.triage import Triage
from tests.bench.bench_fleet import START, a_fleet, at, wire
from tests.bench.figure import Figure, hand_over, median

ALERTS = 10_000
ROUNDS = 9


class Console:
    """The part of the engine that makes a worklist of bytes."""

    def __init__(self) -> None:
        self.fleet: Fleet = a_fleet(62, ("a",))
        self.triage = Triage(self.fleet.policy)
        self.round = 0

    def polled(self, content: bytes) -> Worklist:
        """What one poll costs, from its bytes on."""
        moment = at(15.0 * self.round)
        self.round += 1
        status = ClusterStatus("ready", (), Raw("0.27"), START - timedelta(days=1), Raw(""))
        alerts = alerts_in(content, "am", "a")
        took = timedelta(milliseconds=200)
        self.fleet.take(AlertmanagerReading("am", "a", moment, took, alerts, (), status))
        return self.triage.worklist(self.fleet.snapshot(moment))


def cost_ms(content: bytes) -> tuple[float, float, float]:
    """CPU milliseconds of the first poll, of later ones, and of `json.loads`."""
    first, later, bare = [], [], []
    for _ in range(3):
        console = Console()
        began = time.process_time()
        shown = console.polled(content)
        first.append(time.process_time() - began)
        assert shown.counts.total == ALERTS
    for _ in range(ROUNDS):
        began = time.process_time()
        console.polled(content)
        later.append(time.process_time() - began)
        began = time.process_time()
        json.loads(content)
        bare.append(time.process_time() - began)
    return median(first) * 1000, median(later) * 1000, median(bare) * 1000


async def longest_pause_ms(content: bytes) -> float:
    """The longest time for which this loop answers nothing while another thread polls."""
    console = Console()
    over = threading.Event()

    def poll() -> None:
        for _ in range(ROUNDS):
            console.polled(content)
            time.sleep(0.05)
        over.set()

    worst = 0.0
    thread = threading.Thread(target=poll)
    thread.start()
    while not over.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        worst = max(worst, time.perf_counter() - began - 0.002)
    thread.join()
    return worst * 1000


def main() -> None:
    """Measure and hand over."""
    content = wire(ALERTS)
    # As the console does once it has settled.
    gc.collect()
    gc.freeze()
    gc.disable()
    first, later, bare = cost_ms(content)
    pause = asyncio.run(longest_pause_ms(content))
    size = f"{len(content) / 1e6:.1f} MB"
    hand_over(
        [
            Figure(f"10,000 alerts to a worklist / json.loads, {size}", later, "ms", bare, 10.0),
            Figure("  the same for the very first poll", first, "ms", bare, 10.0),
            Figure("  longest pause of another thread's loop", pause, "ms", None, 50.0),
        ]
    )


if __name__ == "__main__":
    main()
