"""When a source is asked next."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.sources.pace import delay_after, offset_of

INTERVAL = timedelta(seconds=15)


def delays(failures: int, interval: timedelta, retry_after_s: float | None = None) -> list[float]:
    jitter = random.Random(1)
    return [delay_after(failures, interval, retry_after_s, jitter) for _ in range(200)]


def test_a_healthy_source_is_asked_at_its_interval_give_or_take_a_tenth() -> None:
    found = delays(0, INTERVAL)
    assert 13.5 <= min(found) < 14 and 16 < max(found) <= 16.5


@pytest.mark.parametrize(
    ("failures", "interval_s", "about_s"),
    [
        (1, 15, 15),
        (2, 15, 30),
        (3, 15, 60),
        (4, 15, 60),
        (1000, 15, 60),
        (3, 5, 20),
        (9, 5, 20),
        (5, 30, 60),
        (5, 120, 120),
    ],
)
def test_the_wait_doubles_to_four_intervals_or_a_minute(
    failures: int, interval_s: int, about_s: int
) -> None:
    for delay in delays(failures, timedelta(seconds=interval_s)):
        assert about_s * 0.9 <= delay <= about_s * 1.1


def test_a_wait_that_the_server_asks_for_is_kept_to_for_five_minutes_at_most() -> None:
    assert min(delays(1, INTERVAL, 100)) >= 100
    assert 300 <= min(delays(1, INTERVAL, 86_400)) <= max(delays(1, INTERVAL, 86_400)) <= 330
    assert max(delays(1, INTERVAL, 0.5)) <= 16.5


@given(
    some.integers(-5, 10_000),
    some.floats(0, 10_000),
    some.none() | some.floats(0, 1e12),
    some.integers(0, 2**32),
)
def test_a_wait_is_never_nothing_and_never_endless(
    failures: int, interval_s: float, retry_after_s: float | None, seed: int
) -> None:
    delay = delay_after(failures, timedelta(seconds=interval_s), retry_after_s, random.Random(seed))
    assert 0.1 <= delay <= max(1.1 * interval_s, 330, 66)


def test_probes_are_spread_evenly_and_keep_their_turn() -> None:
    interval = timedelta(seconds=30)
    keys = [f"service-{number}/http" for number in range(600)]
    turns = [offset_of(key, interval) for key in keys]
    assert turns == [offset_of(key, interval) for key in keys]
    assert all(0 <= turn < 30 for turn in turns)
    busiest = max(sum(1 for turn in turns if second <= turn < second + 1) for second in range(30))
    assert busiest <= 40
