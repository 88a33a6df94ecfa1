"""What outlives a console, what it is worth, and what happens when it cannot be kept."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.engine.events import EventLog
from console.engine.keeper import Keeper
from console.engine.saved import EPISODES, EVENTS, SNAPSHOT, StateFolder, together
from console.engine.trouble import Trouble
from console.fleet.fleet import Fleet
from console.model.action import Effect
from console.model.event import Carried, Event, EventKind
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.run import StepState
from console.model.snapshot import BadgeKind
from console.model.update import Update
from console.model.worklist import Worklist
from console.safety.clock import ManualClock
from tests.build import T0, ago, snapshot
from tests.engine.peers import alertmanager, listed, up
from tests.spawn import PROJECT
from tests.waiting import until
from tests.watching import badges_of, names_in, on_urls, running


def since_of(update: Update) -> dict[str, object]:
    return {row.title.exact: row.since for row in update.worklist.rows}


async def test_clocks_survive_a_restart_of_console_and_prometheus(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    am = alertmanager("DiskFull")
    async with up(am):
        async with running(on_urls([], [am.url]), state=state) as (_, seen):
            before = await seen.until(lambda update: names_in(update) == ["DiskFull"])
        # A restarted Prometheus sends the alert with a later start.
        entry = listed("DiskFull")
        entry["startsAt"] = entry["updatedAt"]
        am.answers["/api/v2/alerts"] = [entry]
        async with running(on_urls([], [am.url]), state=state) as (_, seen):
            after = await seen.until(lambda update: update.snapshot.complete)
    assert since_of(after) == since_of(before)
    assert after.worklist.rows[0].clocks == before.worklist.rows[0].clocks


CHILD = """
import asyncio, pathlib, sys
from console.engine.saved import StateFolder
from tests.watching import on_urls, running

async def main():
    state = StateFolder(pathlib.Path(sys.argv[2]))
    async with running(on_urls([], [sys.argv[1]]), state=state):
        await asyncio.Event().wait()

asyncio.run(main())
"""


def console_of_its_own(url: str, folder: Path) -> subprocess.Popen[bytes]:
    """An engine in another process, which the caller ends."""
    return subprocess.Popen([sys.executable, "-c", CHILD, url, str(folder)], cwd=PROJECT)


async def test_a_console_that_is_killed_leaves_its_clocks_and_its_last_picture(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    am = alertmanager("DiskFull")
    async with up(am):
        child = console_of_its_own(am.url, folder)
        try:

            async def files() -> set[str]:
                return {path.name for path in folder.glob("*.json")} if folder.exists() else set()

            await until(files, lambda found: found == {EPISODES, SNAPSHOT, EVENTS})
        finally:
            child.kill()
            assert await asyncio.to_thread(child.wait, 30) == -signal.SIGKILL
    async with running(on_urls([], [am.url]), state=StateFolder(folder)) as (_, seen):
        first = await seen.until(lambda _: True)
        assert first.snapshot.restored
        assert names_in(first) == ["DiskFull"]
        assert first.worklist.rows[0].clocks is not None


async def test_two_consoles_on_one_folder_keep_what_each_of_them_saw(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    one, other = alertmanager("DiskFull"), alertmanager("HighLoad")
    async with (
        up(one, other),
        running(on_urls([], [one.url]), state=state) as (_, first),
        running(on_urls([], [other.url]), state=state) as (_, second),
    ):
        await first.until(lambda update: update.snapshot.complete)
        await second.until(lambda update: update.snapshot.complete)
        one.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("NewHere")]
        other.answers["/api/v2/alerts"] = [listed("HighLoad"), listed("NewThere")]
        await first.until(lambda update: "NewHere" in names_in(update))
        await second.until(lambda update: "NewThere" in names_in(update))
    saved = state.load()
    assert saved.notices == ()
    assert len(saved.episodes) == 4
    fired = {event.subject for event in saved.events if event.kind is EventKind.FIRED}
    assert fired == {"NewHere", "NewThere"}


@pytest.mark.parametrize("name", [EPISODES, SNAPSHOT, EVENTS])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[1]", b'{"version": 99}', b"[" * 100_000, b"null"],
    ids=["empty", "torn", "binary", "wrong", "newer", "deep", "null"],
)
async def test_a_damaged_file_is_set_aside_by_name_and_said(
    tmp_path: Path, name: str, content: bytes
) -> None:
    folder = tmp_path / "state"
    am = alertmanager("DiskFull")
    async with up(am):
        async with running(on_urls([], [am.url]), state=StateFolder(folder)) as (_, seen):
            await seen.until(lambda update: update.snapshot.complete)
        (folder / name).write_bytes(content)
        async with running(on_urls([], [am.url]), state=StateFolder(folder)) as (engine, seen):
            first = await seen.until(lambda _: True)
            assert any(name in notice for notice in engine.notices)
            assert any(name in event.text for event in first.events)
            update = await seen.until(lambda update: update.snapshot.complete)
            assert names_in(update) == ["DiskFull"]
    assert (folder / f"{name}.damaged").read_bytes() == content
    assert StateFolder(folder).load().notices == ()


def test_a_log_that_would_reach_the_terminal_is_damaged(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    evil = Event(T0, EventKind.FIRED, "\x1b]0;owned\x07", "began to fire")
    told = Carried("RUN-20261122-7f3", "start", StepState.PASSED, host="\x1b]0;owned\x07")
    for one in (evil, Event(T0, EventKind.STEP, "runbook x", "start: passed", carried=told)):
        state.save((), None, (one,))
        saved = StateFolder(tmp_path).load()
        assert saved.events == ()
        assert any(EVENTS in notice for notice in saved.notices)


def test_what_a_step_came_to_outlives_the_console(tmp_path: Path) -> None:
    told = Carried("RUN-20261122-7f3", "start", StepState.PASSED, Effect.DISRUPTIVE, "redis")
    event = Event(T0, EventKind.STEP, "runbook x", "start: passed", carried=told)
    StateFolder(tmp_path).save((), None, (event,))
    assert StateFolder(tmp_path).load().events == (event,)


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Every write into a file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_said_and_costs_only_the_saving(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    am = alertmanager("DiskFull")
    async with up(am):
        with no_room():
            async with running(on_urls([], [am.url]), state=StateFolder(folder)) as (_, seen):
                update = await seen.until(
                    lambda update: any(
                        "state not saved" in one for one in badges_of(update, BadgeKind.CONSOLE)
                    )
                )
                assert any("state not saved" in event.text for event in update.events)
                am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
                await seen.until(lambda update: len(update.snapshot.alerts) == 2)
        assert list(folder.glob("*.json")) == []
        assert list(folder.glob(".*.tmp")) == []


async def test_a_folder_that_cannot_be_made_is_said_and_costs_only_the_saving(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("a file stands where the folder would be")
    am = alertmanager("DiskFull")
    state = StateFolder(tmp_path / "state")
    async with up(am), running(on_urls([], [am.url]), state=state) as (_, seen):
        update = await seen.until(lambda update: bool(badges_of(update, BadgeKind.CONSOLE)))
        assert names_in(update) == ["DiskFull"]
        assert not any(badge.is_row for badge in update.snapshot.badges)


class Kept:
    """A keeper with a fleet of nothing, on a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(T0)
        self.trouble = Trouble(self.clock, EventLog())
        fleet = Fleet(Registry(), (), Policy(), "test")
        fleet.snapshot(self.clock.now())
        self.file = folder / EPISODES
        self.keeper = Keeper(StateFolder(folder), fleet, self.clock, self.trouble)

    async def saves(self, *, complete: bool = True, restored: bool = False) -> bool:
        """Whether the next update makes it save."""
        self.file.unlink(missing_ok=True)
        now = self.clock.now()
        world = snapshot(now=now, complete=complete, restored=restored)
        self.keeper.keep(Update(0, world, Worklist(now)), ())
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
        return self.file.exists()


async def test_the_state_is_saved_when_all_are_heard_and_every_half_minute(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "state")
    assert not await kept.saves(complete=False)
    assert await kept.saves()
    kept.clock.advance(29)
    assert not await kept.saves()
    kept.clock.advance(1)
    assert await kept.saves()
    kept.clock.advance(30)
    assert await kept.saves(complete=False)


async def test_what_was_saved_on_the_way_out_is_not_replaced_by_what_was_to_be_saved_before(
    tmp_path: Path,
) -> None:
    kept = Kept(tmp_path / "state")
    now = kept.clock.now()
    update = Update(0, snapshot(now=now), Worklist(now))
    kept.keeper.keep(update, ())  # its thread has not begun yet
    assert kept.keeper.keep_now(update, ()) == ""
    kept.file.unlink()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert not kept.file.exists()


async def test_a_half_of_the_first_picture_does_not_replace_what_was_saved(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    state.save((), b"the last picture", ())
    kept = Kept(tmp_path)
    now = kept.clock.now()
    kept.keeper.keep_now(Update(0, snapshot(now=now, complete=False), Worklist(now)), ())
    assert (tmp_path / EPISODES).exists()
    assert (tmp_path / SNAPSHOT).read_bytes() == b"the last picture"


def happened(seconds_ago: float, text: str = "began to fire") -> Event:
    return Event(ago(seconds_ago), EventKind.FIRED, "DiskFull", text)


async def test_what_earlier_consoles_saw_stands_in_the_log_newest_first(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    happened = [Event(ago(n), EventKind.CELL, "redis", f"{n} s ago") for n in (1, 60, 3600)]
    state.save((), None, happened)
    am = alertmanager()
    async with up(am), running(on_urls([], [am.url]), state=state) as (_, seen):
        update = await seen.until(lambda update: update.snapshot.complete)
    assert [event for event in update.events if event.kind is EventKind.CELL] == happened


def test_what_two_consoles_saw_happen_stands_in_the_log_once() -> None:
    mine = (happened(10), happened(400))
    theirs = (happened(15), happened(200), happened(405))
    assert together(mine, theirs) == (happened(10), happened(200), happened(400))


def test_what_happened_twice_in_one_console_stays_twice() -> None:
    mine = (happened(10), happened(20, "resolved"), happened(30))
    assert together(mine, mine) == mine
