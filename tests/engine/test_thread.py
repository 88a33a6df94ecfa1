"""The engine on a thread of its own: it polls whatever the screen does, and ends when told."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from console.engine.engine import Engine
from console.engine.saved import EPISODES, StateFolder
from console.engine.thread import EngineThread, MakeEngine
from console.model.update import Update
from console.safety.clock import SystemClock
from console.safety.process import run
from tests.engine.peers import Peer, alertmanager, hanging, up
from tests.waiting import until
from tests.watching import names_in, on_urls

ENDS_S = 2.0
"""A person who leaves does not wait for servers: they time out after five times as long."""


def maker(*urls: str, state: StateFolder | None = None) -> MakeEngine:
    def make(publish: Callable[[Update], None]) -> Engine:
        loaded = on_urls([], urls)
        return Engine(loaded, clock=SystemClock(), publish=publish, state=state)

    return make


def not_expected(error: BaseException) -> None:
    raise error


async def asked_again(peer: Peer) -> None:
    before = peer.asked.total()

    async def count() -> int:
        return peer.asked.total()

    await until(count, lambda now: now > before + 3)


async def test_polling_goes_on_while_nobody_looks_at_what_is_handed_over() -> None:
    stalled: queue.SimpleQueue[Update] = queue.SimpleQueue()
    am = alertmanager("DiskFull")
    async with up(am):
        thread = EngineThread(maker(am.url), publish=stalled.put, crashed=not_expected)
        thread.start()
        await asked_again(am)
        await asked_again(am)
        assert thread.running
        # What nobody takes does not pile up; whoever takes it gets the newest at once.
        assert stalled.qsize() == 1
        assert stalled.get().number == 0
        thread.received()
        assert stalled.get(timeout=30).number > 0
        assert await asyncio.to_thread(thread.stop, ENDS_S)


async def test_whoever_keeps_up_gets_every_update() -> None:
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    am = alertmanager("DiskFull")

    def publish(update: Update) -> None:
        numbers.put(update.number)
        thread.received()

    async with up(am):
        thread = EngineThread(maker(am.url), publish=publish, crashed=not_expected)
        thread.start()
        came = [await asyncio.to_thread(numbers.get, True, 30) for _ in range(4)]
        assert await asyncio.to_thread(thread.stop, ENDS_S)
    assert came == [0, 1, 2, 3]


async def test_it_ends_in_time_and_saves_while_servers_hang(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    came = threading.Event()

    def publish(update: Update) -> None:
        thread.received()
        if names_in(update) == ["DiskFull"]:
            came.set()

    am = alertmanager("DiskFull")
    async with up(am), hanging() as one, hanging() as other:
        make = maker(am.url, one, other, state=StateFolder(folder))
        thread = EngineThread(make, publish=publish, crashed=not_expected)
        thread.start()
        assert await asyncio.to_thread(came.wait, 30)
        assert await asyncio.to_thread(thread.stop, ENDS_S)
    assert (folder / EPISODES).exists()
    assert not thread.running


async def test_it_ends_in_time_right_after_it_was_started() -> None:
    async with hanging() as url:
        thread = EngineThread(maker(url), publish=lambda update: None, crashed=not_expected)
        thread.start()
        assert await asyncio.to_thread(thread.stop, ENDS_S)


def test_stopping_what_was_never_started_is_no_fault() -> None:
    thread = EngineThread(maker(), publish=lambda update: None, crashed=not_expected)
    assert thread.stop(ENDS_S)


async def test_questions_and_wishes_run_on_the_engines_loop() -> None:
    ready = threading.Event()
    am = alertmanager("DiskFull")
    async with up(am):
        thread = EngineThread(
            maker(am.url), publish=lambda update: ready.set(), crashed=not_expected
        )
        assert thread.ask(lambda engine: engine.reload_settings()) is None
        thread.start()
        assert await asyncio.to_thread(ready.wait, 30)
        asked = thread.ask(lambda engine: engine.reload_settings())
        assert asked is not None
        faults = await asyncio.wrap_future(asked)
        assert isinstance(faults, tuple)
        thread.tell(lambda engine: engine.refresh())
        assert await asyncio.to_thread(thread.stop, ENDS_S)


def test_an_engine_that_cannot_be_made_is_told_and_not_swallowed() -> None:
    told: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def make(publish: Callable[[Update], None]) -> Engine:
        raise RuntimeError("no engine today")

    thread = EngineThread(make, publish=lambda update: None, crashed=told.put)
    thread.start()
    assert str(told.get(timeout=30)) == "no engine today"
    assert thread.stop(ENDS_S)
    assert not thread.running


class Doomed:
    """An engine that breaks as soon as it is told to."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def run(self) -> None:
        await self.told.wait()
        raise RuntimeError("injected fault")


@pytest.mark.parametrize("is_left", [False, True], ids=["awaited", "left to end by itself"])
@pytest.mark.parametrize("turns", range(4))
def test_a_program_that_is_just_being_started_keeps_no_crash_back(
    turns: int, is_left: bool
) -> None:
    crashes: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def make(publish: Callable[[Update], None]) -> Engine:
        return cast("Engine", Doomed())

    async def question(engine: Engine) -> None:
        started = asyncio.ensure_future(run(("sleep", "30"), timeout_s=60))
        for _ in range(turns):
            await asyncio.sleep(0)
        cast("Doomed", engine).told.set()
        try:
            await (asyncio.Event().wait() if is_left else started)
        finally:
            started.cancel()

    thread = EngineThread(make, publish=not_expected_update, crashed=crashes.put)
    thread.start()
    while (asked := thread.ask(question)) is None:
        assert thread._thread.is_alive()
    assert str(crashes.get(timeout=10)) == "injected fault"
    assert asked.cancelled()
    assert thread.stop(ENDS_S)


def not_expected_update(update: Update) -> None:
    raise AssertionError(f"update {update.number} was not expected")
