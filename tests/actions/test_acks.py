"""How the end of an ack is told: what was got, what was not, and what takes it back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from config.schema import Acks, Silences
from console.actions.acks.taken import Posted, Taken, Unposted, effect_of
from console.actions.doing import Doing, Effected
from console.actions.saying import Done, Missed, Result, summed, until_text
from console.actions.sending import each_of
from console.model.acting import Ended, PlannedSilence
from console.model.alert import Ack, Silence, SilenceState
from console.model.failure import FailureKind
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.wish import UnackWish
from console.safety.clock import ManualClock
from console.safety.text import Raw
from console.sources.alertmanager.cluster import EffectFailed, Sent
from tests.build import T0, alert, failure, snapshot

MATCHERS = (Matcher("alertname", Raw("ServiceDown")),)


def posted(*covers: str, joins: bool = False, strangers: int = 0, cluster: str = "am") -> Posted:
    others = tuple(alert(instance=str(number)) for number in range(strangers))
    made = Silence(
        f"s-{'-'.join(covers)}",
        cluster,
        SilenceState.ACTIVE,
        MATCHERS,
        T0,
        T0 + timedelta(hours=1),
        Raw("kai"),
        Raw("ACK! kai: on it [oncall 0a1b2c]"),
    )
    return Posted(PlannedSilence(cluster, MATCHERS, covers, others, joins=joins), made)


def unposted(*covers: str, sent: Sent = Sent.NO, cluster: str = "am") -> Unposted:
    return Unposted(PlannedSilence(cluster, MATCHERS, covers), EffectFailed(failure(cluster), sent))


def local(key: str, unsent: str = "") -> Ack:
    return Ack(Raw("kai"), T0, T0 + timedelta(hours=24), Raw(""), key, "", "0a1b2c", unsent)


def told(taken: Taken) -> Effected:
    doing = Doing(
        clusters={},
        clock=ManualClock(T0),
        who="kai",
        acks=Acks(),
        silences=Silences(),
        policy=Policy(),
        local=None,
        kthxbye=frozenset(),
        snapshot=snapshot(),
        intent="0a1b2c",
    )
    return effect_of(taken, doing)


MADE = (posted("a", "b"),)
GONE = (unposted("c"),)
UNSURE = (unposted("c", sent=Sent.MAYBE),)
WAITS = (local("alert:c", "refused; sent when am answers again"),)
HERE = (local("source:am"),)


@pytest.mark.parametrize(
    ("taken", "ended", "text"),
    [
        (Taken(MADE), Ended.DONE, "acked 2 alerts with 1 silence until 04:16 UTC"),
        (
            Taken((posted("a", joins=True), posted("b", "c"))),
            Ended.DONE,
            "acked 3 alerts with 2 silences until 04:16 UTC; mutes what joins it later",
        ),
        (Taken(kept=HERE), Ended.DONE, "acked 1 here, as no Alertmanager holds it"),
        (
            Taken(MADE, kept=HERE),
            Ended.DONE,
            "acked 2 alerts with 1 silence until 04:16 UTC; 1 here, as no Alertmanager holds it",
        ),
        (
            Taken(unposted=GONE, kept=WAITS),
            Ended.KEPT,
            "1 ack kept here, not sent yet: refused; sent when am answers again",
        ),
        (Taken(unposted=(*GONE, unposted("d")), kept=WAITS), Ended.PARTLY, "1 ack kept here"),
        (Taken(unposted=UNSURE, kept=WAITS), Ended.UNKNOWN, "1 ack kept here"),
        (Taken(unposted=UNSURE), Ended.UNKNOWN, "not acked: 1 silence may be made or not"),
        (Taken(unposted=GONE), Ended.FAILED, "not acked: 1 silence not made: am: refused"),
        (Taken(MADE, unposted=GONE), Ended.PARTLY, "acked 2 alerts"),
        (Taken(MADE, unposted=GONE, kept=WAITS), Ended.PARTLY, "acked 2 alerts"),
        (Taken(lost=("mei has it",)), Ended.FAILED, "mei has it"),
        (Taken(MADE, lost=("mei has it",)), Ended.PARTLY, "acked 2 alerts"),
        (Taken(already=("you have it",)), Ended.DONE, "you have it"),
        (Taken(left_out=("X: a label was cut",)), Ended.DENIED, "not acked: X: a label was cut"),
        (Taken(MADE, left_out=("X: a label was cut",)), Ended.PARTLY, "acked 2 alerts"),
        (Taken(), Ended.DENIED, "not acked: there was nothing to take"),
    ],
)
def test_an_ack_ends_as_it_did(taken: Taken, ended: Ended, text: str) -> None:
    outcome = told(taken).outcome
    assert (outcome.ended, outcome.text[: len(text)]) == (ended, text)
    assert outcome.text not in outcome.details


def test_what_was_not_got_is_told_after_what_was() -> None:
    strangers = posted("a", strangers=3)
    taken = Taken(
        (strangers, posted("b")),
        GONE,
        lost=("mei has it",) * 2,
        left_out=("X: cut",),
        remarks=("later",),
    )
    outcome = told(taken).outcome
    assert outcome.details[0] == "2 of 3 silences made"
    assert outcome.details[1].startswith("1 silence not made: am: refused the connection")
    assert outcome.details[2:] == (
        "mei has it (2 times)",
        "X: cut",
        "also mutes 3 alerts that nobody marked",
        "later",
    )
    assert outcome.failures == (failure(),)
    assert outcome.silences == (("am", "s-a"), ("am", "s-b"))


def test_what_was_got_is_what_is_taken_back() -> None:
    effected = told(Taken(MADE, kept=HERE))
    assert isinstance(effected.inverse, UnackWish)
    sent, kept = effected.inverse.acks
    assert (sent.silence_id, sent.owner, sent.note, sent.intent) == (
        "s-a-b", Raw("kai"), Raw("on it"), "0a1b2c",
    )  # fmt: skip
    assert kept == HERE[0]
    assert told(Taken(lost=("mei has it",))).inverse is None


def test_clusters_that_may_have_changed_are_read_again() -> None:
    assert told(Taken(MADE, unposted=(unposted("c", cluster="b"),))).touched == ("am",)
    doubtful = unposted("c", sent=Sent.MAYBE, cluster="b")
    assert told(Taken(MADE, unposted=(doubtful,))).touched == ("am", "b")


NO = EffectFailed(failure(), Sent.NO)
MAYBE = EffectFailed(failure(), Sent.MAYBE)
FINE = Missed("had ended already", fine=True)
LACKING = Missed("left alone")
OK = Done(posted("a").silence)


@pytest.mark.parametrize(
    ("results", "ended"),
    [
        ([], Ended.DONE),
        ([OK, OK], Ended.DONE),
        ([OK, FINE], Ended.DONE),
        ([FINE], Ended.DONE),
        ([OK, LACKING], Ended.PARTLY),
        ([FINE, NO], Ended.PARTLY),
        ([OK, MAYBE], Ended.PARTLY),
        ([LACKING], Ended.FAILED),
        ([NO, LACKING], Ended.FAILED),
        ([NO, MAYBE], Ended.UNKNOWN),
    ],
)
def test_many_parts_end_as_one(results: list[Result], ended: Ended) -> None:
    assert summed(results, "silence", "made").ended is ended


def test_failures_of_one_cause_are_one_line() -> None:
    total = summed([OK, *[NO] * 40, MAYBE], "silence", "extended")
    assert total.details[0] == "1 of 42 silences extended"
    assert total.details[1].startswith("40 silences not extended: am: refused")
    assert "1 silence may be extended or not, the answer was lost" in total.details[2]
    assert len(total.failures) == 1


def test_an_end_on_another_day_has_its_date() -> None:
    assert until_text(T0 + timedelta(hours=1), T0) == "04:16 UTC"
    assert until_text(T0 + timedelta(hours=24), T0) == "23 Nov 03:16 UTC"


def test_a_cluster_that_is_away_is_not_asked_a_thousand_times() -> None:
    tried: list[str] = []

    async def do(part: str) -> str:
        tried.append(part)
        await asyncio.sleep(0)
        if part.startswith("am"):
            raise EffectFailed(failure(), Sent.MAYBE)
        if part == "b3":
            refused = msgspec.structs.replace(failure("b"), kind=FailureKind.STATUS)
            raise EffectFailed(refused, Sent.NO)
        return part

    parts = [f"am{number}" for number in range(100)] + [f"b{number}" for number in range(9)]
    results = asyncio.run(each_of(parts, lambda part: part.rstrip("0123456789"), do))
    assert sorted(tried)[:2] == ["am0", "am1"] and len(tried) == 2 + 9
    failed = [one for one in results if isinstance(one, EffectFailed)]
    assert [one.sent for one in failed] == [Sent.MAYBE] * 2 + [Sent.NO] * 98 + [Sent.NO]
    assert [one for one in results[100:] if isinstance(one, str)] == [
        one for one in parts[100:] if one != "b3"
    ]


def test_no_more_than_two_parts_of_a_cluster_are_under_way() -> None:
    under_way: dict[str, int] = {}
    most: dict[str, int] = {}

    async def do(cluster: str) -> None:
        under_way[cluster] = under_way.get(cluster, 0) + 1
        most[cluster] = max(most.get(cluster, 0), under_way[cluster])
        await asyncio.sleep(0)
        under_way[cluster] -= 1

    asyncio.run(each_of(["a", "b"] * 20, str, do))
    assert most == {"a": 2, "b": 2}
