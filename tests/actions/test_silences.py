"""What is refused before anything is sent, and what an intent's id does to a comment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from config.schema import Acks, Silences
from console.actions.carry_out import Doing, Effected, carry_out
from console.actions.silences.refusals import refused_matchers, rejects_empty
from console.model.ack_comment import with_record
from console.model.acting import Ended
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.wish import AckWish, ExtendWish, HandOverWish, SilenceWish, Wish
from console.safety.clock import ManualClock, SystemClock
from console.safety.text import Raw
from console.sources.alertmanager.cluster import AlertmanagerCluster
from tests.build import T0, known, snapshot


def m(name: str, operator: str, value: str) -> Matcher:
    return Matcher(name, Raw(value), "~" in operator, operator.startswith("="))


@pytest.mark.parametrize(
    ("operator", "value", "rejects"),
    [
        ("=", "redis", True),
        ("=", "", False),
        ("!=", "", True),
        ("!=", "redis", False),
        ("=~", "redis", True),
        ("=~", "", False),
        ("=~", ".*", False),
        ("=~", ".+", True),
        ("=~", "()", False),
        ("=~", "a*", False),
        ("=~", "a|", False),
        ("=~", "(a|b)", True),
        ("=~", "^$", False),
        ("=~", "db-[0-9]+", True),
        ("=~", "(" + "|".join(f"host\\-{n}\\.example:9100" for n in range(200)) + ")", True),
        ("!~", "redis", False),
        ("!~", ".+", False),
        ("!~", ".*", True),
        ("=~", "(?i)redis", True),
        ("=~", r"\pL+", True),
        ("=~", r"\B", False),
        ("!~", "(?i)redis", False),
        # What no server can read counts as matching everything.
        ("=~", "(", False),
        ("=~", r"a(?=b)", False),
    ],
)
def test_only_what_surely_rejects_the_empty_value_counts(
    operator: str, value: str, rejects: bool
) -> None:
    assert rejects_empty(m("x", operator, value)) is rejects
    refused = refused_matchers([m("x", operator, value)])
    assert bool(refused) is not rejects
    assert refused_matchers([m("x", operator, value), m("job", "=", "backup")]) == []


def test_no_matchers_would_silence_everything() -> None:
    assert refused_matchers([]) == ["no matchers: that would silence everything"]


def test_a_value_that_was_cut_makes_no_matcher() -> None:
    (reason,) = refused_matchers([m("blob", "=", "x" * 4096)])
    assert "was cut at 4,096 characters" in reason
    assert refused_matchers([m("", "=", "x")]) == ["a matcher without a label name"]


def test_the_mark_of_a_record_stands_once_at_the_end() -> None:
    assert with_record("patch night", "0a1b2c") == "patch night [oncall 0a1b2c]"
    assert with_record("patch night [oncall ffffff]", "0a1b2c") == "patch night [oncall 0a1b2c]"
    assert with_record("", "0a1b2c") == "[oncall 0a1b2c]"


CLUSTER = AlertmanagerCluster("am", [], SystemClock())


def done(wish: Wish) -> Effected:
    doing = Doing(
        clusters={"am": CLUSTER},
        clock=ManualClock(T0),
        who="kai",
        acks=Acks(),
        silences=Silences(longest=timedelta(hours=8)),
        policy=Policy(),
        local=None,
        kthxbye=frozenset(),
        snapshot=snapshot(),
        intent="0a1b2c",
    )
    return asyncio.run(carry_out(wish, doing))


GOOD = SilenceWish(("am",), (m("job", "=", "x"),), None, T0 + timedelta(hours=1), "why")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends_at": T0}, "it would end at 03:16 UTC, which is over"),
        ({"ends_at": T0 + timedelta(hours=9)}, "longer than 8h"),
        ({"starts_at": T0 + timedelta(hours=2)}, "before it begins"),
        ({"matchers": ()}, "no matchers: that would silence everything"),
        ({"matchers": (m("job", "=~", ".*"),)}, "match everything"),
        ({"clusters": ()}, "no Alertmanager to send it to"),
        ({"clusters": ("am", "\x1bevil")}, "no Alertmanager to send it to: ^[evil"),
    ],
)
def test_what_must_not_be_made_is_refused_before_anything_is_sent(
    changes: dict[str, object], said: str
) -> None:
    effected = done(msgspec.structs.replace(GOOD, **changes))
    assert effected.outcome.ended is Ended.DENIED
    assert said in effected.outcome.text
    assert effected.inverse is None and effected.touched == ()


def test_a_later_start_lets_a_later_end_be() -> None:
    later = T0 + timedelta(hours=20)
    wish = msgspec.structs.replace(GOOD, starts_at=later, ends_at=later + timedelta(hours=8))
    assert done(wish).outcome.ended is Ended.FAILED  # sent, to a cluster without members


def test_senseless_wishes_are_denied_in_words() -> None:
    assert done(ExtendWish((), timedelta(0))).outcome.ended is Ended.DENIED
    assert "name the person" in done(HandOverWish((), "  ")).outcome.text
    assert "nothing in it to take" in done(AckWish()).outcome.text
    too_long = AckWish((known(),), lasts=timedelta(days=2))
    assert "8h at most" in done(too_long).outcome.text


def test_a_fault_of_ours_ends_as_not_known() -> None:
    broken = msgspec.structs.replace(GOOD, ends_at=None)
    effected = done(broken)
    assert effected.outcome.ended is Ended.UNKNOWN
    assert "it may have been done or not" in effected.outcome.text
