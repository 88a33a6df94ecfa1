"""Percentiles out of counts: near the true ones, and the same however the counts are added up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.latency import (
    ACCURACY,
    LEAST_MS,
    MOST_MS,
    Latencies,
    added,
    bucket_of,
    counted,
    middle_of,
)
from tests.soak import trials

took_ms = st.lists(st.floats(LEAST_MS, MOST_MS), max_size=40)


@given(took_ms.filter(bool), st.floats(0.1, 100))
@settings(max_examples=trials(usual=80, soak=5_000), deadline=None)
def test_a_percentile_is_within_one_percent_of_the_true_one(
    took: list[float], percent: float
) -> None:
    exact = sorted(took)[max(1, math.ceil(percent / 100 * len(took) - 1e-9)) - 1]

    found = counted(took).percentile_ms(percent)

    assert found is not None
    assert abs(found - exact) <= exact * ACCURACY * (1 + 1e-9)


@given(took_ms, took_ms, took_ms)
@settings(max_examples=trials(usual=50, soak=2_000), deadline=None)
def test_counts_add_up_in_any_order_to_those_of_everything(
    some: list[float], more: list[float], rest: list[float]
) -> None:
    one, two, three = counted(some), counted(more), counted(rest)

    whole = counted([*some, *more, *rest])

    assert added([added([one, two]), three]) == whole
    assert added([one, added([three, two])]) == whole
    assert added([one, Latencies()]) == one
    assert whole.total == len(some) + len(more) + len(rest)


def test_percentiles_of_two_hours_are_those_of_all_their_answers_and_no_mean() -> None:
    quick, slow = counted([10.0] * 99), counted([1_000.0])

    assert added([quick, slow]).percentile_ms(95) == pytest.approx(10, rel=ACCURACY)
    assert slow.percentile_ms(95) == pytest.approx(1_000, rel=ACCURACY)


def test_no_answer_has_no_percentile() -> None:
    assert Latencies().percentile_ms(95) is None
    assert counted([math.nan, math.inf, -math.inf]) == Latencies()


def test_what_is_out_of_bounds_counts_as_the_bound() -> None:
    assert counted([-1.0, 0.0, 1e-300]) == Latencies(((bucket_of(LEAST_MS), 3),))
    assert middle_of(bucket_of(1e300)) == pytest.approx(MOST_MS, rel=2 * ACCURACY)


def test_every_answer_counts_at_the_hundredth_percentile() -> None:
    assert counted([1.0, 2.0, 500.0]).percentile_ms(100) == pytest.approx(500, rel=ACCURACY)
