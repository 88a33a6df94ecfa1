"""What somebody else did to a silence meanwhile stays done, whatever is taken back or given up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console.actions.acks.local_acks import LocalAcks
from console.model.acting import Ended
from console.model.alert import Silence
from console.model.labels import Matcher
from console.model.snapshot import Snapshot
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    SilenceWish,
    UnackWish,
)
from console.model.worklist import Part
from console.safety.clock import SystemClock
from console.safety.text import Raw
from tests.actions.on_servers import Desk, desks, fire, make, running
from tests.servers import Program, ended, start_alertmanager

pytestmark = pytest.mark.real("prometheus-alertmanager")

DB1 = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"}


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    program = start_alertmanager(tmp_path / "am")
    with ended(program):
        yield program


async def only(desk: Desk) -> Silence:
    (silence,) = (await desk.look()).silences
    return silence


async def test_an_ack_that_somebody_took_over_is_not_ended_by_taking_it_back(am: Program) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", "mei") as (kai, mei):
        acked = await kai.act(AckWish((await kai.look()).alerts))
        held = (await mei.look()).alerts[0].ack
        assert held is not None and isinstance(acked.inverse, UnackWish)
        await mei.act(HandOverWish((held,), "mei"))
        undone = (await kai.act(acked.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        assert "it is mei's meanwhile" in undone.text
        (left,) = running(am.url)
        assert left["createdBy"] == "mei"


async def test_an_ack_in_the_folder_that_somebody_took_over_is_not_ended_either(
    tmp_path: Path,
) -> None:
    local = LocalAcks(tmp_path, SystemClock())
    part = Part("source:am", "am")
    async with desks({}, "kai", "mei", local=local) as (kai, mei):
        acked = await kai.act(AckWish(parts=(part,), note="mine"))
        assert isinstance(acked.inverse, UnackWish)
        await mei.act(HandOverWish(local.load(), "mei"))
        undone = (await kai.act(acked.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        assert "mei's meanwhile" in undone.text
        (left,) = local.load()
        assert left.owner == Raw("mei")


async def test_what_somebody_acked_in_the_folder_since_is_not_overwritten_by_taking_back(
    tmp_path: Path,
) -> None:
    local = LocalAcks(tmp_path, SystemClock())
    part = Part("source:am", "am")
    async with desks({}, "kai", "mei", local=local) as (kai, mei):
        await kai.act(AckWish(parts=(part,), note="mine"))
        given_up = await kai.act(UnackWish(local.load()))
        await mei.act(AckWish(parts=(part,), note="hers"))
        assert given_up.inverse is not None
        undone = (await kai.act(given_up.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        (left,) = local.load()
        assert left.owner == Raw("mei") and left.note == Raw("hers")


async def test_a_hand_over_in_the_folder_is_taken_back_only_from_whom_it_went_to(
    tmp_path: Path,
) -> None:
    local = LocalAcks(tmp_path, SystemClock())
    async with desks({}, "kai", "mei", local=local) as (kai, mei):
        await kai.act(AckWish(parts=(Part("source:am", "am"),)))
        given = await kai.act(HandOverWish(local.load(), "mei"))
        assert given.inverse is not None
        await mei.act(HandOverWish(local.load(), "lin"))
        undone = (await kai.act(given.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        assert [one.owner.exact for one in local.load()] == ["lin"]
        again = await kai.act(HandOverWish(local.load(), "mei"))
        assert again.inverse is not None
        assert (await kai.act(again.inverse)).outcome.ended is Ended.DONE
        assert [one.owner.exact for one in local.load()] == ["lin"]


async def test_a_hand_over_that_went_on_to_a_third_is_not_taken_back_from_them(
    am: Program,
) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", "mei") as (kai, mei):
        await kai.act(AckWish((await kai.look()).alerts))
        mine = (await kai.look()).alerts[0].ack
        assert mine is not None
        given = await kai.act(HandOverWish((mine,), "mei"))
        hers = (await mei.look()).alerts[0].ack
        assert hers is not None and given.inverse is not None
        await mei.act(HandOverWish((hers,), "lin"))
        undone = (await kai.act(given.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        assert "changed by somebody meanwhile" in undone.text
        (left,) = running(am.url)
        assert left["createdBy"] == "lin"


async def test_an_extension_is_not_taken_back_once_somebody_wrote_something_else_into_it(
    am: Program,
) -> None:
    make(am.url, "night work")
    async with desks({"am": [am.url]}, "kai", "mei") as (kai, mei):
        extended = await kai.act(ExtendWish((await only(kai),), timedelta(hours=2)))
        held = await only(mei)
        later = held.ends_at + timedelta(hours=1)
        edit = SilenceWish(("am",), held.matchers, None, later, "until the disk is new", held)
        assert (await mei.act(edit)).outcome.ended is Ended.DONE
        assert extended.inverse is not None
        undone = (await kai.act(extended.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        left = await only(kai)
        assert left.comment.exact.startswith("until the disk is new")
        assert left.ends_at == later


async def test_an_ack_that_was_handed_over_since_it_was_painted_is_not_given_up(
    am: Program,
) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai", "mei") as (kai, mei):
        await kai.act(AckWish((await kai.look()).alerts))
        painted = (await kai.look()).alerts[0].ack
        assert painted is not None
        await mei.act(HandOverWish((painted,), "mei"))
        outcome = (await kai.act(UnackWish((painted,)))).outcome
        assert outcome.ended is Ended.FAILED, outcome
        assert len(running(am.url)) == 1


async def test_a_new_silence_that_somebody_made_theirs_is_not_ended_by_taking_it_back(
    am: Program,
) -> None:
    async with desks({"am": [am.url]}, "kai", "mei") as (kai, mei):
        matchers = (Matcher("job", Raw("backup")),)
        ends_at = kai.doing(Snapshot(at=SystemClock().now(), environment="test")).now
        made = await kai.act(
            SilenceWish(("am",), matchers, None, ends_at + timedelta(hours=1), "patch night")
        )
        assert isinstance(made.inverse, ExpireWish)
        held = await only(mei)
        await mei.act(
            SilenceWish(("am",), held.matchers, None, held.ends_at, "kept for the restore", held)
        )
        undone = (await kai.act(made.inverse)).outcome
        assert undone.ended is Ended.FAILED, undone
        assert len(running(am.url)) == 1


async def test_nobody_is_said_to_hold_it_only_where_no_other_ack_does(am: Program) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        make(am.url, "ACK! kai: the first try", by="kai")
        make(am.url, "ACK! mei: too", by="mei")
        painted = (await kai.look()).alerts[0].ack
        assert painted is not None and painted.owner == Raw("kai")
        outcome = (await kai.act(UnackWish((painted,)))).outcome
        assert outcome.text == "gave 1 ack up: another ack, of mei, holds it still"
        hers = (await kai.look()).alerts[0].ack
        assert hers is not None
        assert (await kai.act(UnackWish((hers,)))).outcome.text.endswith("nobody holds it now")
