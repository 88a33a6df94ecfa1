"""What an open console remembers: how every service was, to the second."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from config.history import History
from console.engine.saved import StateFolder
from console.engine.week import writing
from console.engine.week.precedence import claim_of
from console.history import database
from console.history.database import history_file
from console.history.reader import Reader, open_reader
from console.model.event import EventKind
from console.model.history import Origin, Sight
from console.model.probe import Verdict
from console.model.remembering import Holder, Remembering
from console.safety.clock import ManualClock, SystemClock
from tests.engine.peers import alertmanager, prometheus, up
from tests.engine.remembering import (
    LATENCY_MS,
    NAMES,
    Told,
    World,
    named,
    observed,
    past,
    recordings,
    stretches,
)
from tests.fleet.world import START
from tests.watching import on_urls, running

DOWN = {"api": Verdict.UNHEALTHY}


async def test_every_service_has_a_sample_a_minute_and_not_one_a_look(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    await world.watch(600)
    await world.memory.close()
    found = observed(tmp_path)
    assert {name: one.samples for name, one in found.items()} == dict.fromkeys(NAMES, 11)
    assert stretches(tmp_path) == [Told(0, 660, Sight.UP)]


async def test_a_service_that_goes_down_between_two_samples_stands_there_with_its_second(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    await world.look()
    await world.watch(60)
    world.clock.advance(7)
    world.hear(DOWN)
    world.clock.advance(1)
    world.show()
    world.clock.advance(14)
    await world.look()
    await world.watch(60)
    await world.memory.close()
    assert stretches(tmp_path)[:2] == [Told(0, 67, Sight.UP), Told(67, 82, Sight.DOWN)]
    assert stretches(tmp_path, "redis") == [Told(0, 182, Sight.UP)]


async def test_before_every_source_was_asked_nothing_is_remembered(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.show()
    await world.memory.settled()
    assert open_reader(tmp_path) is None


async def test_what_an_earlier_console_saved_is_nothing_that_was_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.hear()
    update = world.show()
    fresh = World(tmp_path / "fresh")
    restored = msgspec.structs.replace(update.snapshot, restored=True)
    fresh.memory.take(msgspec.structs.replace(update, snapshot=restored))
    await fresh.memory.settled()
    assert open_reader(tmp_path / "fresh") is None
    await world.memory.close()


async def test_with_record_off_an_open_console_writes_nothing_and_the_recorder_does(
    tmp_path: Path,
) -> None:
    off = History(record=False)
    console = World(tmp_path, history=off)
    await console.look()
    assert open_reader(tmp_path) is None
    recorder = World(tmp_path, history=off, origin=Origin.RECORDER, by="svc@ops-1")
    await recorder.look()
    console.clock.advance(5)
    await console.look()
    assert console.memory.standing.writer == "svc@ops-1 (recorder)"
    await recorder.memory.close()
    await console.memory.close()
    assert [one.origin for one in recordings(tmp_path)] == [Origin.RECORDER]


async def test_a_console_that_is_opened_again_leaves_a_gap_of_the_time_between(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    await world.look()
    await world.watch(60)
    await world.memory.close()
    world.clock.advance(600)
    again = World(tmp_path, clock=world.clock)
    await again.look()
    await again.memory.close()
    assert stretches(tmp_path) == [Told(0, 120, Sight.UP), Told(660, 720, Sight.UP)]


@pytest.mark.parametrize("jump_s", [3600, -3600, 3, -3])
async def test_a_clock_that_jumps_ends_the_recording_and_says_why(
    tmp_path: Path, jump_s: int
) -> None:
    world = World(tmp_path)
    await world.look()
    await world.watch(60)
    world.clock.advance(5, wall_jump=jump_s)
    await world.look()
    await world.watch(60)
    await world.memory.close()
    earlier, later = sorted(recordings(tmp_path), key=lambda one: not one.why_ended)
    assert earlier.why_ended == f"the clock jumped by {jump_s:+d} s"
    assert later.began_ms == round((START.timestamp() + 65 + jump_s) * 1000)


async def test_a_machine_that_slept_claims_nothing_of_that_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    world.clock.advance(2, wall_jump=7200)  # the monotonic clock does not count it
    world.show()  # nothing was asked yet since it woke
    await world.memory.settled()
    await world.watch(60)
    await world.memory.close()
    known = [one for one in stretches(tmp_path) if one.sight is not Sight.UNKNOWN]
    assert known == [Told(0, 60, Sight.UP), Told(7207, 7322, Sight.UP)]


async def test_a_small_step_back_of_the_clock_costs_no_sample(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    world.clock.advance(0.5, wall_jump=-1)
    await world.look(DOWN)
    await world.watch(60, DOWN)
    await world.memory.close()
    assert len(recordings(tmp_path)) == 1
    assert stretches(tmp_path)[-1].sight is Sight.DOWN


async def test_another_interval_begins_another_recording(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    world.set(History(every=timedelta(seconds=30)))
    await world.watch(60)
    await world.memory.close()
    found = recordings(tmp_path)
    assert [one.every_ms for one in found] == [60_000, 30_000]
    assert found[0].why_ended == "the settings changed"


async def test_an_answer_counts_once_for_the_latency(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    world.clock.advance(60)
    world.show()  # a sample of the same answer
    await world.watch(120)
    await world.memory.close()
    found = observed(tmp_path)["api"]
    assert found.samples == 4
    assert [latencies.total for _, latencies in found.hours] == [3]
    assert found.hours[0][1].percentile_ms(50) == pytest.approx(LATENCY_MS, rel=0.01)


async def test_events_are_kept_once_and_none_of_before_the_start(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    await world.watch(10, DOWN)
    await world.watch(120)
    await world.memory.close()
    cells = [one for one in past(tmp_path) if one.kind == EventKind.CELL]
    assert [one.text.partition(":")[0] for one in cells] == ["OK to FIRING", "FIRING to OK"]
    again = World(tmp_path, clock=world.clock)
    again.log.add(reversed(world.log.latest))
    await again.look()
    await again.memory.close()
    assert [one for one in past(tmp_path) if one.kind == EventKind.CELL] == cells


# When it cannot be written.


async def test_a_file_that_cannot_be_made_is_a_badge_and_nothing_is_lost_once_it_can(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    history_file(tmp_path).symlink_to(elsewhere)
    await world.look()
    await world.watch(120)
    (badge,) = world.trouble.badges
    assert "history is not recorded" in badge.text and "symbolic link" in badge.text
    assert not badge.is_row
    standing = world.memory.standing
    assert standing.fault and not standing.writer
    history_file(tmp_path).unlink()
    await world.watch(60)
    assert world.trouble.badges == ()
    assert world.memory.standing.writer == "this console"
    await world.memory.close()
    assert stretches(tmp_path) == [Told(0, 240, Sight.UP)]


async def test_a_folder_that_goes_and_comes_back_costs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    world = World(folder)
    await world.look()
    folder.rename(tmp_path / "away")
    folder.write_text("no folder")
    await world.watch(120)
    assert [badge.source for badge in world.trouble.badges] == ["history"]
    folder.unlink()
    (tmp_path / "away").rename(folder)
    await world.watch(60)
    assert world.trouble.badges == ()
    await world.memory.close()
    assert stretches(folder) == [Told(0, 240, Sight.UP)]


async def test_what_is_too_much_to_keep_is_let_go_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_SAMPLES", 6)
    world = World(tmp_path)
    history_file(tmp_path).symlink_to(tmp_path / "elsewhere")
    await world.look()
    await world.watch(300)
    history_file(tmp_path).unlink()
    await world.watch(15)
    await world.memory.close()
    said = [event.text for event in world.log.latest if event.kind is EventKind.CONSOLE]
    assert "12 samples could not be kept while it was not written" in said
    assert stretches(tmp_path) == [Told(240, 360, Sight.UP)]


async def test_a_damaged_file_is_set_aside_by_name_and_recording_goes_on(tmp_path: Path) -> None:
    history_file(tmp_path).write_bytes(b"no database " * 1000)
    world = World(tmp_path)
    await world.look()
    await world.watch(60)
    await world.memory.close()
    (aside,) = named(tmp_path, "history.db.damaged-")
    said = [event.text for event in world.log.latest if event.kind is EventKind.CONSOLE]
    assert any(aside in text for text in said)
    assert stretches(tmp_path) == [Told(0, 120, Sight.UP)]


async def test_a_long_import_beside_it_is_a_badge_and_costs_neither_a_sample_nor_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    world = World(tmp_path)
    await world.look()
    importing = sqlite3.connect(history_file(tmp_path), isolation_level=None)
    importing.execute("BEGIN IMMEDIATE")
    await world.watch(120, DOWN)
    (badge,) = world.trouble.badges
    assert "kept locked by another process" in badge.text
    importing.execute("COMMIT")
    importing.close()
    await world.watch(60)
    assert world.trouble.badges == ()
    await world.memory.close()
    assert len(recordings(tmp_path)) == 1
    assert stretches(tmp_path) == [
        Told(0, 5, Sight.UP), Told(5, 125, Sight.DOWN), Told(125, 240, Sight.UP)
    ]  # fmt: skip


async def test_a_newer_file_is_left_alone_and_said(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look()
    await world.memory.close()
    with sqlite3.connect(history_file(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = history_file(tmp_path).read_bytes()
    newer = World(tmp_path, clock=world.clock)
    await newer.watch(60)
    (badge,) = newer.trouble.badges
    assert "version 99" in badge.text
    await newer.memory.close()
    assert history_file(tmp_path).read_bytes() == before


async def test_a_clock_that_every_server_contradicts_makes_nothing_old_however_long_it_records(
    tmp_path: Path,
) -> None:
    far = timedelta(days=500)
    world = World(tmp_path, history=History(every=timedelta(hours=12)))

    async def two_days() -> None:
        for _ in range(4):
            world.clock.advance(12 * 3600)
            await world.look()

    await two_days()
    world.clock.advance(5, wall_jump=far.total_seconds())
    before, world.skew = stretches(tmp_path), -far
    await two_days()
    assert before and stretches(tmp_path) == before
    world.skew = timedelta(0)  # it is the time
    await two_days()
    await world.memory.close()
    assert observed(tmp_path) == {}


# Several of them.


async def test_of_two_consoles_one_writes_and_the_other_takes_over_without_a_gap(
    tmp_path: Path,
) -> None:
    clock = ManualClock(START)
    kai, mei = World(tmp_path, clock=clock), World(tmp_path, clock=clock, by="mei@laptop-2")
    for _ in range(24):
        clock.advance(5)
        await kai.look()
        await mei.look()
    assert kai.memory.standing.writer == "this console"
    assert mei.memory.standing.writer == "kai@laptop-1 (console)"
    await kai.memory.close()
    await mei.watch(60)
    assert mei.memory.standing.writer == "this console"
    assert mei.trouble.badges == ()
    await mei.memory.close()
    assert [one.by for one in recordings(tmp_path)] == ["kai@laptop-1", "mei@laptop-2"]
    (whole,) = stretches(tmp_path)
    assert whole.sight is Sight.UP and whole.start_s == 5 and whole.end_s >= 185


async def test_a_console_leaves_the_file_to_the_recorder_and_takes_it_back(tmp_path: Path) -> None:
    clock = ManualClock(START)
    console = World(tmp_path, clock=clock)
    await console.look()
    claim = claim_of(tmp_path)
    claim.acquire()
    recorder = World(tmp_path, clock=clock, origin=Origin.RECORDER, by="svc@ops-1")
    for _ in range(12):
        clock.advance(5)
        await recorder.look()
        await console.look()
    assert console.memory.standing.writer == "svc@ops-1 (recorder)"
    await recorder.memory.close()
    claim.release()
    await console.watch(60)
    assert console.memory.standing.writer == "this console"
    await console.memory.close()
    first, second, third = recordings(tmp_path)
    assert first.why_ended == "`oncall record` took over"
    assert [first.origin, second.origin, third.origin] == [
        Origin.CONSOLE, Origin.RECORDER, Origin.CONSOLE,
    ]  # fmt: skip
    (whole,) = stretches(tmp_path)
    assert (whole.start_s, whole.sight) == (0, Sight.UP)


async def test_a_recorder_that_lives_and_writes_nothing_is_a_badge_in_the_console(
    tmp_path: Path,
) -> None:
    console = World(tmp_path)
    await console.look()
    claim = claim_of(tmp_path)
    claim.acquire()
    await console.watch(45)
    assert not [one.text for one in console.trouble.badges], "it may have begun just now"
    await console.watch(60)
    (badge,) = console.trouble.badges
    assert "`oncall record` runs and writes nothing" in badge.text
    claim.release()
    await console.watch(60)
    assert len(console.trouble.badges) == 0
    assert console.memory.standing.writer == "this console"
    await console.memory.close()


async def test_a_console_that_is_stopped_with_the_file_in_its_hands_is_a_badge_in_the_others(
    tmp_path: Path,
) -> None:
    clock, often = ManualClock(START), History(every=timedelta(seconds=20))
    kai = World(tmp_path, clock=clock, history=often)
    mei = World(tmp_path, clock=clock, history=often, by="mei@laptop-2")
    for _ in range(6):
        clock.advance(15)
        await kai.look()
        await mei.look()
    assert not [one.text for one in mei.trouble.badges], "it writes every 20 s"
    holder = mei.memory.standing.holder
    assert holder == Holder("kai@laptop-1 (console)", os.getpid(), START + timedelta(seconds=15))
    await mei.watch(30)
    assert not [one.text for one in mei.trouble.badges], "it may be late"
    await mei.watch(45)
    (badge,) = mei.trouble.badges
    assert "kai@laptop-1 (console) holds the file and writes nothing" in badge.text
    assert f"`kill -CONT {os.getpid()}`" in badge.text
    await kai.look()
    await mei.watch(20)
    assert len(mei.trouble.badges) == 0
    for one in (kai, mei):
        await one.memory.close()


# The engine.


async def test_an_engine_that_runs_remembers_and_ends_its_recording_when_it_closes(
    tmp_path: Path,
) -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    state = StateFolder(tmp_path / "state")
    async with up(am, prom):
        async with running(on_urls([prom.url]), state=state) as (engine, seen):
            await seen.until(lambda update: update.snapshot.complete)
            await seen.until(lambda _: bool(engine.remembering.writer))
            assert engine.remembering.writer == "this console"
            assert engine.remembering.path == str(history_file(state.folder))
        async with running(on_urls([prom.url]), state=state) as (engine, seen):
            await seen.until(lambda _: bool(engine.remembering.writer))
    reader = open_reader(state.folder)
    assert isinstance(reader, Reader)
    now = SystemClock().now().wall
    now_ms = round(now.timestamp() * 1000)
    assert [one.service for one in reader.observed(0, now_ms + 120_000)] == ["web/web-1:9100"]
    assert len(reader.recordings(0, now_ms + 120_000)) == 2
    (bout,) = reader.bouts(now - timedelta(days=1), now)
    assert bout.alert.exact == "DiskFull"
    reader.close()


async def test_an_engine_without_a_folder_remembers_nothing_and_says_so() -> None:
    prom = prometheus()
    async with up(prom), running(on_urls([prom.url])) as (engine, seen):
        await seen.until(lambda update: update.snapshot.complete)
        await seen.more(2)
        assert engine.remembering == Remembering()
