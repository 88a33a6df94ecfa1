"""The demo in a thread of its own, for a process whose own loop draws the screen."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import threading
from pathlib import Path

from console.demo.fleet import DemoFleet
from console.demo.scenarios import DEFAULT, scenario_names
from console.demo.settings import Endpoints
from console.safety.clock import Clock

__all__ = ["DemoHandle", "scenario_names", "start_demo"]

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


class DemoHandle:
    """A running demo. Any thread may use it; `stop()` may be called twice."""

    def __init__(self, fleet: DemoFleet) -> None:
        self._fleet = fleet
        self._loop: asyncio.AbstractEventLoop | None = None
        self._enough: asyncio.Event | None = None
        self._ready: concurrent.futures.Future[Endpoints] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, name="oncall demo", daemon=True)
        self._thread.start()
        self.endpoints: Endpoints = self._ready.result(START_TIMEOUT_S)
        self.settings_dir: Path = fleet.settings_dir
        atexit.register(self.stop)

    def stop(self) -> None:
        """Shut the servers, remove the temporary settings, and wait until that is done."""
        atexit.unregister(self.stop)
        if self._loop is not None and self._enough is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._enough.set)
        self._thread.join(STOP_TIMEOUT_S)

    def restore(self, cause: str) -> bool:
        """Put right what a service suffers from; whether there was anything to put right."""
        if self._loop is None or not self._thread.is_alive():
            return False

        async def put_right() -> bool:
            return self._fleet.world.restore(cause)

        return asyncio.run_coroutine_threadsafe(put_right(), self._loop).result(STOP_TIMEOUT_S)

    @property
    def messages(self) -> tuple[str, ...]:
        """What came to the team's chat."""
        return tuple(self._fleet.chat.texts)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._enough = asyncio.Event()
        try:
            endpoints = await self._fleet.start()
        except Exception as error:
            # Told to the thread that asked for the demo, which raises it.
            self._ready.set_exception(error)
            return
        self._ready.set_result(endpoints)
        try:
            await self._enough.wait()
        finally:
            await self._fleet.stop()


def start_demo(
    scenario: str = DEFAULT,
    speed: float = 1.0,
    clock: Clock | None = None,
    *,
    settings_dir: Path | None = None,
    base_port: int | None = None,
    history_after_s: float | None = None,
) -> DemoHandle:
    """Start the demo in a daemon thread; returns once its ports are open.

    Args:
        scenario: one of `scenario_names()`.
        speed: how many times as fast the script runs.
        clock: the machine's when not given.
        settings_dir: where to write the settings; a temporary folder when not given.
        base_port: the first of a row of ports, one a service; free ones when not given.
        history_after_s: when the history of the days before is written, see `DemoFleet`.

    Raises:
        KeyError: no scenario has that name.
        ValueError: `speed` is not a positive number.
        OSError: a port is taken.
        FileError: the settings cannot be written.
    """
    return DemoHandle(
        DemoFleet(
            scenario,
            clock=clock,
            speed=speed,
            settings_dir=settings_dir,
            base_port=base_port,
            history_after_s=history_after_s,
        )
    )
