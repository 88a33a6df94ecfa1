"""How a runbook has done: what is said follows from its runs, and nothing without enough."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.model.run import BookHealth, PastRun
from console.runbook.health import health_of
from console.safety.text import Raw
from tests.runbook.runs import NIGHT


def _run(
    day: int,
    minutes: float | None = 10,
    *,
    passed: bool = True,
    skipped: tuple[str, ...] = (),
    name: str = "cache-down",
) -> PastRun:
    began = NIGHT + timedelta(days=day)
    ended = None if minutes is None else began + timedelta(minutes=minutes)
    return PastRun(
        f"RUN-{began:%Y%m%d}-7f3",
        "",
        name,
        Raw(""),
        began,
        ended,
        Raw("kai"),
        skipped=skipped,
        passed=passed,
    )


def test_a_runbook_that_never_ran_has_nothing_to_say() -> None:
    assert health_of("cache-down", [_run(0, name="disk-full")]) == BookHealth()


def test_the_last_run_and_the_last_that_passed_are_two_things() -> None:
    health = health_of("cache-down", [_run(5, passed=False), _run(2), _run(1)])
    assert health.runs == 3
    assert health.last == NIGHT + timedelta(days=5)
    assert health.last_passed == NIGHT + timedelta(days=2)


@pytest.mark.parametrize(
    ("runs", "median"),
    [
        ([_run(0, 4), _run(1, 8), _run(2, 90)], 8),
        ([_run(0, 4), _run(1, 9)], 6.5),
        ([_run(0, 4, passed=False)], None),
        ([_run(0, None)], None),
        ([_run(0, -5)], None),
        ([_run(0, 0)], 0),
    ],
)
def test_the_median_is_of_runs_that_passed_and_ended(
    runs: list[PastRun], median: float | None
) -> None:
    assert health_of("cache-down", runs).median_minutes == median


def test_steps_are_often_skipped_from_half_of_three_runs_on() -> None:
    two = [_run(0, skipped=("look",)), _run(1, skipped=("look",))]
    assert health_of("cache-down", two).often_skipped == ()
    four = [*two, _run(2, skipped=("tidy",)), _run(3)]
    assert health_of("cache-down", four).often_skipped == ("look",)
    many = [*two, _run(2, skipped=("look", "tidy")), _run(3, skipped=("tidy",))]
    assert health_of("cache-down", many).often_skipped == ("look", "tidy")
