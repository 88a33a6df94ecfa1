"""What an open console does for acks on real Alertmanagers; its clock is moved by hand."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from console.actions.acks.keeper import AckKeeper, Kept
from console.actions.acks.local_acks import LocalAcks
from console.model.acting import Ended, Extender
from console.model.event import EventKind
from console.model.snapshot import Snapshot
from console.model.wish import AckWish, HandOverWish, UnackWish
from console.safety.clock import ManualClock
from tests.actions.on_servers import Desk, desks, fire, later_than, listed, make, running
from tests.servers import Program, delete, ended, free_port, post_json, start_alertmanager
from tests.waiting import until

pytestmark = pytest.mark.real("prometheus-alertmanager")

DB1 = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"}
DB2 = {"alertname": "DiskFull", "instance": "db2:9100", "severity": "warning"}
HOUR = timedelta(hours=1)


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    program = start_alertmanager(tmp_path / "am")
    with ended(program):
        yield program


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


async def looked_after(desk: Desk, keeper: AckKeeper, seen: Snapshot | None = None) -> Kept:
    seen = seen or await desk.look()
    kept = await keeper.look_after(desk.doing(seen), desk.record, acts=True)
    desk.kthxbye = keeper.kthxbye
    return kept


def end_of(silence: dict[str, str]) -> datetime:
    return datetime.fromisoformat(silence["endsAt"])


async def test_an_ack_that_holds_something_is_extended_in_place(
    am: Program, clock: ManualClock
) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", clock=clock) as (kai,):
        seen = await kai.look()
        await kai.act(AckWish(seen.alerts, note="mine"), seen)
        keeper = AckKeeper()
        (before,) = running(am.url)
        kept = await looked_after(kai, keeper)
        assert not kai.recorded and kept.held[0].extended_by is Extender.CONSOLE
        clock.advance(56 * 60)
        kept = await looked_after(kai, keeper)
        assert len(kai.recorded) == 1 and kai.recorded[0].startswith("extend 1 ack until ")
        assert kept.touched == ("am",) and kept.events == ()
        (after,) = listed(am.url)
        assert abs(end_of(after) - end_of(before) - timedelta(minutes=56)) < timedelta(seconds=1)
        for unchanged in ("id", "matchers", "startsAt", "createdBy", "comment"):
            assert after[unchanged] == before[unchanged]
        await looked_after(kai, keeper)
        assert len(kai.recorded) == 1


async def test_an_ack_that_holds_nothing_is_left_to_end(am: Program, clock: ManualClock) -> None:
    async with desks({"am": [am.url]}, "kai", clock=clock) as (kai,):
        make(am.url, "ACK! kai: mine [oncall 0a1b2c3d]", by="kai")
        clock.advance(56 * 60)
        kept = await looked_after(kai, AckKeeper())
        assert not kai.recorded and kept.held[0].extended_by is Extender.NOBODY


async def test_what_was_given_up_meanwhile_does_not_come_back(
    am: Program, clock: ManualClock
) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", clock=clock) as (kai,):
        seen = await kai.look()
        acked = await kai.act(AckWish(seen.alerts), seen)
        stale = await kai.look()
        delete(f"{am.url}/api/v2/silence/{acked.outcome.silences[0][1]}")
        clock.advance(56 * 60)
        kept = await looked_after(kai, AckKeeper(), stale)
        assert kai.recorded and kept.events == ()
        assert running(am.url) == [] and len(listed(am.url)) == 1


async def test_what_was_handed_over_meanwhile_is_left_to_whom_it_belongs(
    am: Program, clock: ManualClock
) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", clock=clock) as (kai,):
        seen = await kai.look()
        acked = await kai.act(AckWish(seen.alerts), seen)
        assert isinstance(acked.inverse, UnackWish)
        stale = await kai.look()
        await kai.act(HandOverWish(acked.inverse.acks, "mei"))
        (before,) = running(am.url)
        clock.advance(56 * 60)
        kept = await looked_after(kai, AckKeeper(), stale)
        assert running(am.url) == [before] and kept.events == ()


async def test_two_consoles_of_one_person_extend_one_silence(
    am: Program, clock: ManualClock
) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", "kai", clock=clock) as (one, other):
        seen = await one.look()
        await one.act(AckWish(seen.alerts), seen)
        stale = await one.look()
        clock.advance(56 * 60)
        await looked_after(one, AckKeeper(), stale)
        kept = await looked_after(other, AckKeeper(), stale)
        assert len(listed(am.url)) == 1 and kept.events == () and kept.touched == ()


async def test_an_inhibited_alert_keeps_its_ack(am: Program, clock: ManualClock) -> None:
    same = {"instance": "db1", "severity": "warning"}
    fire(am.url, {"alertname": "Load", **same}, {**DB1, "instance": "db1"})
    async with desks({"am": [am.url]}, "kai", clock=clock) as (kai,):
        seen = await kai.look()
        (load,) = [one for one in seen.alerts if one.alert.name.exact == "Load"]
        assert load.alert.inhibited_by
        await kai.act(AckWish((load,)), seen)
        clock.advance(56 * 60)
        await looked_after(kai, AckKeeper())
        assert len(kai.recorded) == 1


async def test_a_second_ack_gives_way_as_soon_as_the_first_is_heard_of(
    am: Program, clock: ManualClock
) -> None:
    fire(am.url, DB1, DB2)
    make(am.url, "ACK! mei: looking", by="mei")
    await later_than(am.url)
    # As two members of a cluster take them that have not heard of each other.
    make(am.url, "ACK! kai: me too [oncall 0a1b2c3d]", by="kai", matchers={"instance": "db1:9100"})
    async with desks({"am": [am.url]}, "kai", "mei", clock=clock) as (kai, mei):
        kept = await looked_after(mei, AckKeeper())
        assert not mei.recorded and len(running(am.url)) == 2
        kept = await looked_after(kai, AckKeeper())
        assert kai.recorded == ["withdraw 1 ack: somebody was earlier"]
        (event,) = kept.events
        assert event.kind is EventKind.UNACKED and event.subject == "DiskFull"
        assert event.text.startswith("mei was ") and "yours was withdrawn" in event.text
        assert [one["createdBy"] for one in running(am.url)] == ["mei"]


async def test_two_who_ack_at_two_members_at_once_end_with_one_ack(tmp_path: Path) -> None:
    gossip = free_port(), free_port()
    one = start_alertmanager(tmp_path / "a", gossip=gossip[0])
    two = start_alertmanager(tmp_path / "b", gossip=gossip[1], peers=[gossip[0]])
    with ended(one, two):
        for program in (one, two):
            fire(program.url, DB1, DB2)
        async with (
            desks({"am": [one.url, two.url]}, "mei") as (mei,),
            desks({"am": [two.url, one.url]}, "kai") as (kai,),
        ):
            await until(partial(mei.clusters["am"].status), lambda status: len(status.peers) == 2)
            seen = await mei.look()
            await asyncio.gather(
                mei.act(AckWish(seen.alerts), seen), kai.act(AckWish(seen.alerts), seen)
            )

            async def both_listed() -> bool:
                ids = [{each["id"] for each in listed(program.url)} for program in (one, two)]
                return len(ids[0]) == 2 and ids[0] == ids[1]

            await until(both_listed, bool)
            first = min(listed(one.url), key=lambda each: (each["startsAt"], each["id"]))
            keepers = AckKeeper(), AckKeeper()

            async def left() -> list[list[str]]:
                await looked_after(mei, keepers[0])
                await looked_after(kai, keepers[1])
                return [[each["id"] for each in running(program.url)] for program in (one, two)]

            await until(left, lambda ids: ids == [[first["id"]]] * 2)


async def test_an_ack_that_was_kept_here_is_sent_when_its_server_answers_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    local = LocalAcks(tmp_path, clock)
    first = start_alertmanager(tmp_path / "am")
    with ended(first):
        fire(first.url, DB1, DB2)
        async with desks({"am": [first.url]}, "kai", local=local, clock=clock) as (kai,):
            seen = await kai.look()
            first.kill()
            acked = await kai.act(AckWish(seen.alerts, note="on it"), seen)
            assert acked.outcome.ended is Ended.KEPT, acked.outcome
            keeper = AckKeeper()
            away = await looked_after(kai, keeper, seen)
            assert away.waiting == 2 and len(local.load()) == 2 and len(kai.recorded) == 1
            await looked_after(kai, keeper, seen)
            assert len(kai.recorded) == 1  # it was away a moment ago
            second = start_alertmanager(tmp_path / "am", port=first.port)
            with ended(second):
                fire(second.url, DB1, DB2)
                clock.advance(61)
                kept = await looked_after(kai, keeper)
                assert kept.waiting == 0 and local.load() == ()
                (silence,) = running(second.url)
                assert silence["comment"].startswith("ACK! kai: on it [oncall ")
                assert {event.kind for event in kept.events} == {EventKind.ACKED}
                assert all("sent to am now" in event.text for event in kept.events)
                await looked_after(kai, keeper)
                assert len(listed(second.url)) == 1


async def test_where_kthxbye_extends_acks_they_are_short_and_left_to_it(
    am: Program, clock: ManualClock
) -> None:
    fire(am.url, DB1, DB2)
    made = make(am.url, "ACK! by karma", matchers={"instance": "db1:9100"}, minutes=4)
    async with desks({"am": [am.url]}, "kai", clock=clock) as (kai,):
        keeper = AckKeeper()
        await looked_after(kai, keeper)
        assert not keeper.kthxbye
        extend_as_kthxbye_does(am.url, made)
        kept = await looked_after(kai, keeper)
        assert keeper.kthxbye == {"am"} and kept.held[0].extended_by is Extender.KTHXBYE
        seen = await kai.look()
        (free,) = [one for one in seen.alerts if one.ack is None]
        acked = await kai.act(AckWish((free,)), seen)
        mine = next(one for one in running(am.url) if one["createdBy"] == "kai")
        lasts = end_of(mine) - datetime.fromisoformat(mine["startsAt"])
        assert abs(lasts - timedelta(minutes=15)) < timedelta(seconds=2), acked.outcome
        clock.advance(11 * 60)
        await looked_after(kai, keeper)
        assert not kai.recorded
        clock.advance(90)  # it should have extended it by now
        await looked_after(kai, keeper)
        assert len(kai.recorded) == 1
        mine = next(one for one in running(am.url) if one["createdBy"] == "kai")
        assert abs(end_of(mine) - clock.now().wall - HOUR) < timedelta(seconds=2)


def extend_as_kthxbye_does(url: str, silence_id: str) -> None:
    """The silence read back, with nothing but another end."""
    with urllib.request.urlopen(f"{url}/api/v2/silence/{silence_id}", timeout=10) as answer:
        silence = json.loads(answer.read())
    silence["endsAt"] = (datetime.now(UTC) + timedelta(minutes=15)).isoformat()
    assert post_json(f"{url}/api/v2/silences", silence) == {"silenceID": silence_id}
