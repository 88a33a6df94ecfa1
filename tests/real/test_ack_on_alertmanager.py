"""Acks and silences on real Alertmanagers, read back as karma and kthxbye would read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from config.schema import Silences
from console.actions.acks.local_acks import LocalAcks
from console.actions.changing import in_place
from console.actions.saying import Missed
from console.model.acting import Ended
from console.model.labels import Matcher
from console.model.snapshot import Snapshot
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    RestoreWish,
    SilenceWish,
    UnackWish,
)
from console.model.worklist import Part
from console.safety.clock import SystemClock
from console.safety.text import Raw
from tests.actions.on_servers import desks, fire, later_than, listed, make, running
from tests.servers import Program, delete, ended, free_port, start_alertmanager
from tests.waiting import until

pytestmark = pytest.mark.real("prometheus-alertmanager")

DB1 = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"}
DB2 = {"alertname": "DiskFull", "instance": "db2:9100", "severity": "critical"}
WEB = {"alertname": "Slow", "instance": "web", "severity": "warning"}


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    program = start_alertmanager(tmp_path / "am")
    with ended(program):
        yield program


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_an_ack_is_one_silence_in_the_form_that_karma_writes(am: Program) -> None:
    fire(am.url, DB1, DB2)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        effected = await kai.act(AckWish(seen.alerts, note="looking"), seen)
        outcome = effected.outcome
        assert outcome.ended is Ended.DONE, outcome
        assert outcome.text.startswith("acked 2 alerts with 1 silence until ")
        (silence,) = listed(am.url)
        matchers = {one["name"]: one for one in silence["matchers"]}
        assert matchers["alertname"]["value"] == "DiskFull" and not matchers["alertname"]["isRegex"]
        assert matchers["instance"]["value"] == "(db1:9100|db2:9100)"
        assert matchers["instance"]["isRegex"] and matchers["instance"]["isEqual"]
        assert silence["createdBy"] == "kai"
        assert silence["comment"] == "ACK! kai: looking [oncall 0000000000000001]"
        assert silence["status"]["state"] == "active"
        assert outcome.silences == (("am", silence["id"]),)
        lasts = moment(silence["endsAt"]) - moment(silence["startsAt"])
        assert abs(lasts - timedelta(hours=1)) < timedelta(seconds=2)
        after = await kai.look()
        assert all(one.ack is not None and one.ack.owner == Raw("kai") for one in after.alerts)


async def test_an_ack_is_taken_back_by_its_inverse_and_that_by_its_own(am: Program) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        acked = await kai.act(AckWish(seen.alerts), seen)
        assert isinstance(acked.inverse, UnackWish)
        given_up = await kai.act(acked.inverse)
        assert given_up.outcome.ended is Ended.DONE, given_up.outcome
        assert given_up.outcome.text == "gave 1 ack up: nobody holds it now"
        assert running(am.url) == []
        again = await kai.act(acked.inverse)
        assert again.outcome.ended is Ended.DONE and "had ended already" in again.outcome.text
        assert isinstance(given_up.inverse, RestoreWish)
        restored = await kai.act(given_up.inverse)
        assert restored.outcome.ended is Ended.DONE, restored.outcome
        assert any("with a new id" in line for line in restored.outcome.details)
        (silence,) = running(am.url)
        assert silence["createdBy"] == "kai" and silence["id"] != acked.outcome.silences[0][1]
        assert silence["comment"].startswith("ACK! kai: acknowledged [oncall ")


async def test_in_a_cluster_an_ack_is_seen_by_the_other_member(tmp_path: Path) -> None:
    gossip = free_port(), free_port()
    one = start_alertmanager(tmp_path / "a", gossip=gossip[0])
    two = start_alertmanager(tmp_path / "b", gossip=gossip[1], peers=[gossip[0]])
    with ended(one, two):
        fire(one.url, DB1)
        fire(two.url, DB1)
        async with desks({"am": [one.url, two.url]}, "kai") as (kai,):
            await until(partial(kai.clusters["am"].status), lambda status: len(status.peers) == 2)
            seen = await kai.look()
            acked = await kai.act(AckWish(seen.alerts), seen)
            assert acked.outcome.ended is Ended.DONE, acked.outcome

            async def at_the_other() -> list[object]:
                return [each["id"] for each in running(two.url)]

            assert await until(at_the_other, bool) == [acked.outcome.silences[0][1]]
            one.kill()
            seen = await kai.look()
            given = await kai.act(HandOverWish(tuple(filter(None, [seen.alerts[0].ack])), "mei"))
            assert given.outcome.ended is Ended.DONE, given.outcome
            (silence,) = running(two.url)
            assert silence["createdBy"] == "mei" and silence["id"] == acked.outcome.silences[0][1]


async def test_of_two_who_ack_at_once_the_earlier_has_it_and_the_later_is_told(
    am: Program,
) -> None:
    fire(am.url, DB1, DB2)
    async with desks({"am": [am.url]}, "mei", "kai") as (mei, kai):
        seen = await kai.look()
        first = await mei.act(AckWish(seen.alerts), seen)
        await later_than(am.url)
        second = await kai.act(AckWish(seen.alerts[:1]), seen)
        assert first.outcome.ended is Ended.DONE
        assert second.outcome.ended is Ended.FAILED
        assert re.match(r"mei was (a moment|\d+s) earlier: that ack stands", second.outcome.text)
        assert second.inverse is None
        (silence,) = running(am.url)
        assert silence["createdBy"] == "mei"
        seen = await kai.look()
        third = await kai.act(AckWish(seen.alerts), seen)
        assert third.outcome.ended is Ended.FAILED
        assert third.outcome.text.startswith("mei has it since ")


async def test_what_is_mine_already_is_not_acked_twice(am: Program) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        first = await kai.act(AckWish(seen.alerts), seen)
        seen = await kai.look()
        again = await kai.act(AckWish(seen.alerts), seen)
        assert again.outcome.ended is Ended.DONE
        assert again.outcome.text.startswith("you have it already, until ")
        assert again.inverse is None and len(listed(am.url)) == 1
        # What was given up since the last look is free to be taken.
        delete(f"{am.url}/api/v2/silence/{first.outcome.silences[0][1]}")
        anew = await kai.act(AckWish(seen.alerts), seen)
        assert anew.outcome.ended is Ended.DONE and len(running(am.url)) == 1, anew.outcome


async def test_what_somebody_else_holds_only_in_part_is_acked(am: Program) -> None:
    fire(am.url, DB1, DB2)
    async with desks({"am": [am.url]}, "mei", "kai") as (mei, kai):
        seen = await kai.look()
        await mei.act(AckWish(seen.alerts[:1]), seen)
        second = await kai.act(AckWish(seen.alerts), seen)
        assert second.outcome.ended is Ended.DONE, second.outcome
        assert {one["createdBy"] for one in running(am.url)} == {"mei", "kai"}


async def test_a_server_that_is_away_has_its_acks_kept_here(am: Program, tmp_path: Path) -> None:
    fire(am.url, DB1)
    local = LocalAcks(tmp_path, SystemClock())
    servers = {"am": [am.url], "gone": [f"http://127.0.0.1:{free_port()}"]}
    async with desks(servers, "kai", local=local) as (kai,):
        seen = await kai.look()
        elsewhere = msgspec.structs.replace(
            seen.alerts[0].alert, cluster="gone", fingerprint="00000000000000ff"
        )
        lost = msgspec.structs.replace(seen.alerts[0], alert=elsewhere)
        am.kill()
        kept = await kai.act(AckWish((seen.alerts[0],), note="mine"), seen)
        assert kept.outcome.ended is Ended.KEPT, kept.outcome
        assert "1 ack kept here, not sent yet" in kept.outcome.text
        assert "refused the connection" in kept.outcome.text
        assert "sent when am answers again" in kept.outcome.text
        (ack,) = local.load()
        assert ack.silence_id == f"alert:{seen.alerts[0].key}" and ack.note == Raw("mine")
        assert ack.unsent and ack.is_local
        both = await kai.act(AckWish((lost,)), seen)
        assert both.outcome.ended is Ended.KEPT
        assert isinstance(kept.inverse, UnackWish)
        undone = await kai.act(kept.inverse, seen)
        assert undone.outcome.ended is Ended.DONE, undone.outcome
        assert [one.silence_id for one in local.load()] == ["alert:00000000000000ff"]


async def test_one_silence_that_fails_does_not_stop_the_others(am: Program, tmp_path: Path) -> None:
    fire(am.url, DB1)
    other = start_alertmanager(tmp_path / "b")
    with ended(other):
        fire(other.url, WEB)
        async with desks({"am": [am.url], "two": [other.url]}, "kai") as (kai,):
            seen = await kai.look()
            other.kill()
            effected = await kai.act(AckWish(seen.alerts), seen)
            outcome = effected.outcome
            assert outcome.ended is Ended.PARTLY, outcome
            assert outcome.text.startswith("acked 1 alert with 1 silence until ")
            assert outcome.details[0] == "1 of 2 silences made"
            assert any("refused the connection" in line for line in outcome.details)
            assert any("no folder to keep it in" in line for line in outcome.details)
            assert effected.touched == ("am",) and len(running(am.url)) == 1


async def test_handing_over_keeps_the_silence_and_its_id(am: Program) -> None:
    fire(am.url, DB1, WEB)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        acked = await kai.act(AckWish(seen.alerts, note="on it"), seen)
        assert isinstance(acked.inverse, UnackWish)
        before = {one["id"]: one for one in running(am.url)}
        given = await kai.act(HandOverWish(acked.inverse.acks, "mei"))
        assert given.outcome.ended is Ended.DONE, given.outcome
        assert given.outcome.text == "2 acks handed over to mei"
        for silence in running(am.url):
            assert silence["createdBy"] == "mei"
            assert silence["comment"].startswith("ACK! mei: on it (from kai) [oncall ")
            assert silence["startsAt"] == before[silence["id"]]["startsAt"]
            assert silence["endsAt"] == before[silence["id"]]["endsAt"]
        assert {one["id"] for one in listed(am.url)} == before.keys()
        stale = await kai.act(HandOverWish(acked.inverse.acks, "zoe"))
        assert stale.outcome.ended is Ended.FAILED and "mei's meanwhile" in stale.outcome.text
        assert isinstance(given.inverse, RestoreWish)
        back = await kai.act(given.inverse)
        assert back.outcome.ended is Ended.DONE, back.outcome
        assert [one["createdBy"] for one in running(am.url)] == ["kai", "kai"]
        assert {one["id"] for one in listed(am.url)} == before.keys()


async def test_what_ended_meanwhile_is_not_handed_over_and_not_made_again(am: Program) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        acked = await kai.act(AckWish(seen.alerts), seen)
        assert isinstance(acked.inverse, UnackWish)
        delete(f"{am.url}/api/v2/silence/{acked.outcome.silences[0][1]}")
        given = await kai.act(HandOverWish(acked.inverse.acks, "mei"))
        assert given.outcome.ended is Ended.FAILED
        assert "had ended already: nothing to hand over" in given.outcome.text
        assert running(am.url) == [] and len(listed(am.url)) == 1


async def test_a_change_that_loses_its_race_makes_no_second_silence(am: Program) -> None:
    fire(am.url, DB1)
    first = make(am.url, "ACK! mei: looking")
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        delete(f"{am.url}/api/v2/silence/{first}")
        # Between the reading of it and the change somebody else was quicker.
        lost = await in_place(kai.doing(seen), seen.silences[0], created_by="kai")
        assert isinstance(lost, Missed) and not lost.fine
        assert "ended or changed by somebody meanwhile" in lost.why
        assert running(am.url) == []


async def test_an_extension_is_taken_back_after_its_old_end(am: Program) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        make(am.url, "short", matchers={"job": "a"}, minutes=60)
        seen = await kai.look()
        former = msgspec.structs.replace(seen.silences[0], ends_at=seen.at.wall)
        back = await kai.act(RestoreWish((former,)), seen)
        assert back.outcome.ended is Ended.DONE, back.outcome
        assert any("it would have ended at" in line for line in back.outcome.details)
        assert running(am.url) == []


async def test_an_ack_of_karma_can_be_handed_over(am: Program) -> None:
    fire(am.url, DB1)
    made = make(am.url, "ACK! This alert was acknowledged using karma on Tue", by="karma")
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        ack = seen.alerts[0].ack
        assert ack is not None
        given = await kai.act(HandOverWish((ack,), "kai"), seen)
        assert given.outcome.ended is Ended.DONE, given.outcome
        (silence,) = running(am.url)
        assert silence["id"] == made and silence["createdBy"] == "kai"
        assert "(from karma) [oncall " in silence["comment"]


def of(name: str, value: str, *, regex: bool = False) -> Matcher:
    return Matcher(name, Raw(value), regex)


def wish_for(seen: Snapshot, *matchers: Matcher, hours: float = 2) -> SilenceWish:
    ends = seen.at.wall + timedelta(hours=hours)
    return SilenceWish(("am",), matchers, None, ends, "patch night")


async def test_a_silence_is_made_with_the_id_of_its_record(am: Program) -> None:
    fire(am.url, DB1, DB2)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        made = await kai.act(wish_for(seen, of("alertname", "DiskFull")), seen)
        assert made.outcome.ended is Ended.DONE, made.outcome
        assert made.outcome.text.startswith("silenced on am until ")
        assert made.outcome.text.endswith(": holds 2 alerts now")
        (silence,) = running(am.url)
        assert silence["comment"] == "patch night [oncall 0000000000000001]"
        assert isinstance(made.inverse, ExpireWish)
        undone = await kai.act(made.inverse)
        assert undone.outcome.text == "ended 1 silence" and running(am.url) == []


async def test_changed_matchers_make_a_new_silence_and_undo_brings_the_old_ones_back(
    am: Program,
) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        first = make(am.url, "backup", matchers={"job": "backup"})
        seen = await kai.look()
        (before,) = seen.silences
        wish = msgspec.structs.replace(wish_for(seen, of("job", "restore")), edits=before)
        changed = await kai.act(wish, seen)
        assert changed.outcome.ended is Ended.DONE, changed.outcome
        assert "made a new one of it, the old one ended" in changed.outcome.text
        (silence,) = running(am.url)
        assert silence["id"] != first and silence["matchers"][0]["value"] == "restore"
        assert silence["createdBy"] == "mei"
        assert isinstance(changed.inverse, RestoreWish)
        back = await kai.act(changed.inverse)
        assert back.outcome.ended is Ended.DONE, back.outcome
        (silence,) = running(am.url)
        assert silence["matchers"][0]["value"] == "backup" and silence["createdBy"] == "mei"


async def test_a_changed_end_keeps_the_silence_in_place(am: Program) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        first = make(am.url, "backup", matchers={"job": "backup"})
        seen = await kai.look()
        wish = wish_for(seen, of("job", "backup"), hours=5)
        changed = await kai.act(msgspec.structs.replace(wish, edits=seen.silences[0]), seen)
        assert changed.outcome.ended is Ended.DONE and "new one" not in changed.outcome.text
        (silence,) = listed(am.url)
        assert silence["id"] == first


async def test_an_edit_that_the_server_refuses_leaves_the_old_silence_standing(
    am: Program,
) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        first = make(am.url, "backup", matchers={"job": "backup"})
        seen = await kai.look()
        wish = wish_for(seen, of("job", "backup"), of("host", "(a", regex=True))
        refused = await kai.act(msgspec.structs.replace(wish, edits=seen.silences[0]), seen)
        assert refused.outcome.ended is Ended.FAILED
        assert refused.outcome.text.startswith("the silence was not changed: am/")
        (silence,) = listed(am.url)
        assert silence["id"] == first and silence["status"]["state"] == "active"


async def test_a_silence_that_ended_while_the_form_was_open_is_not_changed(am: Program) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        first = make(am.url, "backup", matchers={"job": "backup"})
        seen = await kai.look()
        delete(f"{am.url}/api/v2/silence/{first}")
        wish = wish_for(seen, of("job", "restore"))
        late = await kai.act(msgspec.structs.replace(wish, edits=seen.silences[0]), seen)
        assert late.outcome.ended is Ended.FAILED
        assert "ended while the form was open: nothing was changed" in late.outcome.text
        assert "new silence" in late.outcome.details[0]
        assert running(am.url) == [] and late.inverse is None


async def test_a_silence_that_somebody_changed_while_the_form_was_open_is_not_changed(
    am: Program,
) -> None:
    async with desks({"am": [am.url]}, "kai", "mei") as (kai, mei):
        make(am.url, "backup", matchers={"job": "backup"})
        seen = await kai.look()
        wish = wish_for(seen, of("job", "backup"))
        hers = msgspec.structs.replace(wish, edits=seen.silences[0], comment="hers")
        assert (await mei.act(hers, seen)).outcome.ended is Ended.DONE
        mine = msgspec.structs.replace(hers, comment="mine")
        late = await kai.act(mine, seen)
        assert late.outcome.ended is Ended.FAILED
        assert "was changed by somebody while the form was open" in late.outcome.text
        (silence,) = running(am.url)
        assert silence["comment"].startswith("hers [oncall ")


async def test_an_ack_that_became_an_ordinary_silence_is_left_alone(am: Program) -> None:
    fire(am.url, DB1)
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        acked = await kai.act(AckWish(seen.alerts), seen)
        assert isinstance(acked.inverse, UnackWish)
        edited = wish_for(seen, *(await kai.look()).silences[0].matchers)
        ordinary = msgspec.structs.replace(edited, edits=(await kai.look()).silences[0])
        assert (await kai.act(ordinary)).outcome.ended is Ended.DONE
        given_up = await kai.act(acked.inverse)
        assert given_up.outcome.ended is Ended.FAILED and "it stays" in given_up.outcome.text
        handed = await kai.act(HandOverWish(acked.inverse.acks, "mei"))
        assert handed.outcome.ended is Ended.FAILED and "this is no ack" in handed.outcome.text
        assert [one["createdBy"] for one in running(am.url)] == ["kai"]


async def test_an_ack_that_the_folder_keeps_is_given_up_handed_over_and_restored(
    am: Program, tmp_path: Path
) -> None:
    local = LocalAcks(tmp_path, SystemClock())
    part = Part("source:prom", "prom")
    async with desks({"am": [am.url]}, "kai", "mei", local=local) as (kai, mei):
        acked = await kai.act(AckWish(parts=(part,), note="disk"))
        assert acked.outcome.ended is Ended.DONE, acked.outcome
        assert acked.outcome.text == "acked 1 here, as no Alertmanager holds it"
        second = await mei.act(AckWish(parts=(part,)))
        assert second.outcome.ended is Ended.FAILED
        assert second.outcome.text.startswith("kai has it since ")
        given = await kai.act(HandOverWish(local.load(), "mei"))
        assert given.outcome.text == "1 ack handed over to mei"
        (ack,) = local.load()
        assert (ack.owner, ack.note) == (Raw("mei"), Raw("disk (from kai)"))
        assert isinstance(given.inverse, RestoreWish)
        back = await kai.act(given.inverse)
        assert back.outcome.ended is Ended.DONE, back.outcome
        assert local.load()[0].owner == Raw("kai")
        assert acked.inverse is not None
        assert (await kai.act(acked.inverse)).outcome.text.startswith("gave 1 ack up")
        assert local.load() == () and listed(am.url) == []


async def test_a_matcher_that_the_server_refuses_is_told_in_its_words(am: Program) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        seen = await kai.look()
        refused = await kai.act(
            wish_for(seen, of("job", "backup"), of("host", "a(?!b)", regex=True)), seen
        )
        assert refused.outcome.ended is Ended.FAILED
        assert "regular expression" in refused.outcome.text, refused.outcome
        assert listed(am.url) == []


async def test_silences_are_extended_in_bulk_and_no_further_than_allowed(am: Program) -> None:
    longest = Silences(longest=timedelta(hours=2))
    async with desks({"am": [am.url]}, "kai", silences=longest) as (kai,):
        short = make(am.url, "short", matchers={"job": "a"}, minutes=10)
        long = make(am.url, "long", matchers={"job": "b"}, minutes=110)
        gone = make(am.url, "gone", matchers={"job": "c"})
        seen = await kai.look()
        delete(f"{am.url}/api/v2/silence/{gone}")
        before = {one["id"]: one["endsAt"] for one in listed(am.url)}
        extended = await kai.act(ExtendWish(seen.silences, timedelta(hours=1)), seen)
        outcome = extended.outcome
        assert outcome.ended is Ended.PARTLY and outcome.details[0] == "2 of 3 silences extended"
        assert any("had ended already" in line for line in outcome.details)
        assert any("only until" in line for line in outcome.details)
        after = {one["id"]: moment(one["endsAt"]) for one in running(am.url)}
        assert after.keys() == {short, long}
        assert after[short] - moment(before[short]) == timedelta(hours=1)
        assert after[long] <= datetime.now(UTC) + timedelta(hours=2)
        assert isinstance(extended.inverse, RestoreWish)
        back = await kai.act(extended.inverse)
        assert back.outcome.ended is Ended.DONE, back.outcome
        assert {one["id"]: one["endsAt"] for one in running(am.url)} == {
            short: before[short], long: before[long],
        }  # fmt: skip


async def test_silences_are_ended_in_bulk_and_had_again(am: Program) -> None:
    async with desks({"am": [am.url]}, "kai") as (kai,):
        for job in "abc":
            make(am.url, f"job {job}", matchers={"job": job})
        seen = await kai.look()
        over = await kai.act(ExpireWish(seen.silences), seen)
        assert over.outcome.ended is Ended.DONE and over.outcome.text == "ended 3 silences"
        assert running(am.url) == [] and len(over.outcome.silences) == 3
        assert isinstance(over.inverse, RestoreWish)
        back = await kai.act(over.inverse)
        assert back.outcome.ended is Ended.DONE, back.outcome
        assert back.outcome.text == "restored 3 silences"
        assert {one["matchers"][0]["value"] for one in running(am.url)} == set("abc")
