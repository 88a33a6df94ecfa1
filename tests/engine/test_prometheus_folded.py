"""Samples to stretches, a piece at a time, and names put into queries."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.week.prometheus.fold import Fold
from console.engine.week.prometheus.measured import UnfitError, filled
from console.engine.week.prometheus.seen import any_up
from console.model.history import HOLD, Sight, Stretch
from tests.soak import trials

EVERY_MS = 1000
UP, DOWN, UNKNOWN, SLOW = Sight.UP, Sight.DOWN, Sight.UNKNOWN, Sight.SLOW


def folded(samples: list[tuple[int, Sight]], *cuts: int) -> list[Stretch]:
    fold = Fold(EVERY_MS)
    for first, last in itertools.pairwise((0, *sorted(cuts), len(samples))):
        # The border of two pieces comes with both of them.
        some = samples[max(0, first - 1) : last]
        fold.take([at for at, _ in some], [sight for _, sight in some])
    return fold.stretches(0, 10**9)


def at_each_moment(stretches: list[Stretch], until_ms: int) -> dict[int, Sight]:
    return {
        at: one.sight
        for one in stretches
        for at in range(one.start_ms, min(one.end_ms, until_ms), 100)
    }


@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from(Sight)), max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
)
@settings(max_examples=trials(100, 2000), deadline=None)
def test_a_sample_holds_until_the_next_or_for_one_interval(
    steps: list[tuple[int, Sight]], cuts: list[int]
) -> None:
    samples: list[tuple[int, Sight]] = []
    at = 0
    for step, sight in steps:
        at += step * 100
        samples.append((at, sight))
    expected: dict[int, Sight] = {}
    for n, (begin, sight) in enumerate(samples):
        after = samples[n + 1][0] if n + 1 < len(samples) else 10**9
        end = after if after - begin <= HOLD * EVERY_MS else begin + EVERY_MS
        expected |= dict.fromkeys(range(begin, end, 100), sight)
    found = folded(samples, *(min(cut, len(samples)) for cut in cuts))
    assert at_each_moment(found, 10**9) == expected
    assert all(one.end_ms <= two.start_ms for one, two in itertools.pairwise(found))


def test_the_interval_is_what_most_samples_lie_apart() -> None:
    fold = Fold()
    moments = [n * 15_000 for n in range(20) if n not in (7, 8, 9)]
    fold.take(moments, [UP] * len(moments))
    assert fold.every_ms == 15_000
    first, second = fold.stretches(0, 10**9)
    assert (first.end_ms, second.start_ms) == (7 * 15_000, 10 * 15_000)


def test_two_samples_far_apart_are_no_interval() -> None:
    fold = Fold()
    fold.take([0, 3_600_000], [UP, UP])
    assert sum(one.end_ms - one.start_ms for one in fold.stretches(0, 10**9)) <= 120_000


def test_a_service_of_several_instances_is_down_only_where_all_are() -> None:
    first = (Stretch(0, 10, UP), Stretch(10, 30, DOWN), Stretch(30, 40, UNKNOWN))
    second = (Stretch(0, 20, DOWN), Stretch(20, 25, SLOW), Stretch(25, 50, DOWN))
    assert any_up([first, second]) == (
        Stretch(0, 10, UP), Stretch(10, 20, DOWN), Stretch(20, 25, SLOW), Stretch(25, 30, DOWN),
        Stretch(30, 40, UNKNOWN), Stretch(40, 50, DOWN),
    )  # fmt: skip


WEEK = timedelta(days=7)
NASTY = 'a.b"c\\d'


@pytest.mark.parametrize(
    ("query", "service", "expected"),
    [
        ('x{s=~"$service"}[$window]', "web", 'x{s=~"web"}[7d]'),
        ('x{s=~"$service"}', "a.b", 'x{s=~"a\\\\.b"}'),
        ('x{s="$service"}', "a.b", 'x{s="a.b"}'),
        ("x{s=~`$service`}", "a.b", "x{s=~`a\\.b`}"),
        ('x{s !~ "^$service$"}', "web", 'x{s !~ "^web$"}'),
        ('x{s="$service"}', NASTY, 'x{s="a.b\\"c\\\\d"}'),
        ("x{s='$service'}", "it's", "x{s='it\\'s'}"),
        ('x{s="\\"$service"}', "web", 'x{s="\\"web"}'),
        ('x{s="$services"}', "web", 'x{s="$services"}'),
        ('x{s="it$window"}', "web", 'x{s="it7d"}'),
        ('x # "\ny{s="$service"}', "web", 'x # "\ny{s="web"}'),
    ],
)
def test_a_name_stands_in_a_query_as_itself(query: str, service: str, expected: str) -> None:
    assert filled(query, service, WEEK) == expected


@pytest.mark.parametrize(
    ("query", "service", "why"),
    [
        ("x_$service", "web", "outside of quotes"),
        ('x{s="$service"}', "", "names no `services:`"),
        ("x{s=`$service`}", "a`b", "other quotes"),
    ],
)
def test_a_name_that_cannot_stand_there_is_refused(query: str, service: str, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        filled(query, service, WEEK)


def test_a_window_that_is_no_whole_number_of_days_is_told_in_seconds() -> None:
    assert filled("x[$window]", "", timedelta(days=7, hours=1)) == "x[608400s]"
