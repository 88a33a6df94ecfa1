"""The episodes of alerts as they stand in the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from console.engine.week.bouts import BoutBook
from console.model.alert import Alert, AlertState
from console.model.history import Bout
from console.model.policy import Policy
from console.model.probe import Verdict
from console.model.state import Priority
from console.triage.triage import Triage
from tests.engine.remembering import World, bouts
from tests.fleet.world import START, alert, silence

WELL: dict[str, Verdict] = {}


def fired(name: str = "HighLoad", **labels: Any) -> Alert:
    """Since the start of the test's world."""
    return alert(name, starts_s=0, updated_s=0, ends_s=86400, **labels)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def called(found: tuple[Bout, ...], name: str = "HighLoad") -> Bout:
    (one,) = [bout for bout in found if bout.alert.exact == name]
    return one


async def test_an_episode_stands_with_its_place_priority_and_deadlines(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look(WELL, fired(service="api", severity="critical"))
    await world.memory.close()
    bout = called(bouts(tmp_path))
    sla = Policy().sla[bout.priority]
    assert (bout.service, bout.where.exact) == ("api", "api@web-1")
    assert bout.priority is Priority.P0
    assert bout.start == START
    assert bout.respond_by == START + sla.respond
    assert bout.resolve_by == START + sla.resolve
    assert (bout.acked_at, bout.silenced_at, bout.resolved_at) == (None, None, None)
    assert bout.source == "history"
    assert bout.fingerprint == fired(service="api", severity="critical").fingerprint


async def test_an_ack_a_silence_and_the_end_are_written_when_they_come(tmp_path: Path) -> None:
    world = World(tmp_path)
    high = fired(instance="web-9")
    await world.look(WELL, high)
    world.clock.advance(60)
    ack = silence("a1", "ACK! mine", ("alertname", "HighLoad"), by="mei", ends_s=7200)
    ack = msgspec.structs.replace(ack, starts_at=START + after(50))
    held = msgspec.structs.replace(high, state=AlertState.SUPPRESSED, silenced_by=("a1",))
    await world.look(WELL, held, silences=(ack,))
    world.clock.advance(60)
    quiet = silence("s1", "known", ("alertname", "HighLoad"), ends_s=7200)
    quiet = msgspec.structs.replace(quiet, starts_at=START + after(110))
    both = msgspec.structs.replace(held, silenced_by=("a1", "s1"))
    await world.look(WELL, both, silences=(ack, quiet))
    for _ in range(120):
        world.clock.advance(5)
        await world.look(WELL)
    await world.memory.close()
    bout = called(bouts(tmp_path))
    assert (bout.acked_at, bout.acked_by) == (START + after(50), "mei")
    assert bout.silenced_at == START + after(110)
    assert bout.resolved_at is not None and bout.resolved_at > START + after(120)
    assert bout.respond_by == START + Policy().sla[bout.priority].respond
    assert bout.seen_at == START + after(120)


async def test_every_alert_of_a_group_and_of_what_is_folded_stands_for_itself(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    group = [fired("Down", instance=f"web-{n}", rack="r12") for n in range(30)]
    old = msgspec.structs.replace(
        fired("Ancient", instance="web-1", severity="warning"), starts_at=START - timedelta(days=30)
    )
    update = await world.look(WELL, *group, old)
    assert len(update.worklist.rows) < 31
    await world.memory.close()
    found = bouts(tmp_path)
    assert sorted(one.alert.exact for one in found) == ["Ancient", *["Down"] * 30]
    assert called(found, "Ancient").start == START - timedelta(days=30)


async def test_a_pending_alert_is_no_episode_yet(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.look(WELL, msgspec.structs.replace(fired(), state=AlertState.PENDING))
    await world.memory.close()
    assert bouts(tmp_path) == ()


async def test_only_what_is_new_of_an_episode_is_written_again() -> None:
    world = World(Path("/nowhere"))
    world.memory.take = lambda update: None  # type: ignore[method-assign]
    world.hear(WELL, fired(service="api"), fired("Other"))
    update = world.show()
    book = BoutBook()
    first = tuple(book.news(update.snapshot, update.worklist, Policy()))
    assert len(first) == 2
    book.written(first)
    assert tuple(book.news(update.snapshot, update.worklist, Policy())) == ()


async def test_what_ended_while_nobody_recorded_has_its_end_once_a_console_knows_it(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    await world.look(WELL, fired())
    await world.memory.close()
    episodes = world.show().worklist.episodes
    world.clock.advance(1800)
    later = World(tmp_path, clock=world.clock)
    later._triage = Triage(Policy(), episodes)
    for _ in range(90):
        later.clock.advance(5)
        await later.look(WELL)
    await later.memory.close()
    bout = called(bouts(tmp_path))
    assert bout.start == START
    assert bout.resolved_at is not None


async def test_a_start_that_turns_out_to_be_earlier_makes_no_second_episode(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    later = msgspec.structs.replace(fired(), starts_at=START)
    await world.look(WELL, later)
    world.clock.advance(60)
    earlier = msgspec.structs.replace(fired(), starts_at=START - after(300))
    await world.look(WELL, earlier)
    await world.memory.close()
    assert called(bouts(tmp_path)).start == START
