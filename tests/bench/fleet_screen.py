"""How quick the fleet screen is with 500 hosts of 40 services, beside 5 hosts of 12.

    python -m tests.bench.fleet_screen

The console runs on a pseudo-terminal with an engine that publishes pictures of the world, each
with twenty cells asked anew and one of another state: twice a second while idle is measured, the
process's own CPU time; every four seconds while keys are, as in `bench_list`, since what a
picture changes right after a key would be counted as the key's.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, cast

from tests.bench.bench_list import Running, p95
from tests.bench.figure import Figure, hand_over

LARGE: Final = (500, 40)
SMALL: Final = (5, 12)
IDLE_S: Final = 15.0
MOVES: Final = {LARGE: "jjjljjjl", SMALL: "jkjlkhlh"}
"""Keys that always move something: in the large fleet they scroll."""
PAGES: Final = ("\x1b[6~", "\x1b[6~", "\x1b[5~", "\x1b[5~")


class Published:
    """An engine that changes a little of a large world, over and over."""

    def __init__(
        self, publish: Callable[..., None], hosts: int, services: int, pause_s: float
    ) -> None:
        from tests.bench.large_fleet import LargeFleet

        self._publish = publish
        self._pause_s = pause_s
        self._world = LargeFleet(hosts, services)

    async def run(self) -> None:
        number = 0
        while True:
            self._publish(self._world.update(number))
            number += 1
            await asyncio.sleep(self._pause_s)


def show(hosts: int, services: int, pause_s: float) -> None:
    """The program that is measured."""
    from config.identity import Identity
    from config.load import Loaded
    from config.schema import Settings
    from console.engine.engine import Engine
    from console.model.policy import Policy
    from console.model.registry import Registry
    from screens.app import OncallApp, OpenWith

    loaded = Loaded(Settings(environment="bench"), Registry(), Policy(), None)
    OncallApp(
        OpenWith(
            loaded=loaded,
            make_engine=lambda publish: cast(Engine, Published(publish, hosts, services, pause_s)),
            who=Identity("bench", ""),
            theme="dark",
            ascii=False,
        )
    ).run(mouse=False)


class RunningFleet(Running):
    """The program above, on its fleet screen."""

    PROGRAM = ("-m", "tests.bench.fleet_screen")

    def __init__(self, shape: tuple[int, int], pause_s: float) -> None:
        super().__init__(["--show", *(str(one) for one in (*shape, pause_s))])
        self.read_for(2.0)
        os.write(self.fd, b"2")
        self.read_for(2.0)


def keys_to_paint(shape: tuple[int, int], keys: Sequence[str], presses: int = 96) -> list[float]:
    """Seconds from a key to the last byte of what it changes."""
    running = RunningFleet(shape, 4.0)
    try:
        return [running.press(keys[number % len(keys)])[0] for number in range(presses)]
    finally:
        running.close()


def idle_percent(shape: tuple[int, int]) -> float:
    """CPU of one core while nobody touches a key."""
    running = RunningFleet(shape, 0.5)
    try:
        running.read_for(3)
        before = running.cpu_s()
        running.read_for(IDLE_S)
        return (running.cpu_s() - before) / IDLE_S * 100
    finally:
        running.close()


def main() -> None:
    """Measure and print; or be what is measured."""
    if sys.argv[1:2] == ["--show"]:
        show(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
        return
    words = "500 x 40 / 5 x 12"
    large, small = (p95(keys_to_paint(shape, MOVES[shape])) * 1000 for shape in (LARGE, SMALL))
    pages = p95(keys_to_paint(LARGE, PAGES)) * 1000
    hand_over(
        [
            Figure(f"fleet, key to paint, p95: {words}", large, "ms", small, 1.3),
            Figure("fleet, page to paint, p95: 500 x 40", pages, "ms", None, 20.0),
            Figure("fleet, idle, 500 x 40", idle_percent(LARGE), "%", None, 3.0),
            Figure("fleet, idle, 5 x 12", idle_percent(SMALL), "%", None, 3.0),
        ]
    )


if __name__ == "__main__":
    main()
