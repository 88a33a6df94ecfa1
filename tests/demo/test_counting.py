"""The demo tells how often its alerts came, in the very shape in which the console asks."""

from __future__ import annotations

from datetime import timedelta

from console.demo.metrics import CORE, EDGE
from console.engine.noise import QUERY
from console.engine.past import DAY, DAY_STEP, firing_query, today_in
from console.model.labels import Labels

from .demo_world import START, Demo
from .test_history import series_of


def times(demo: Demo, server: str) -> dict[tuple[str, str], int]:
    """By alert and service, how often it came again within a day."""
    found = demo.facts(server, "/query", ("query", QUERY), ("time", str(START.timestamp())))
    return {
        (one["metric"]["alertname"], one["metric"].get("service", "")): int(one["value"][1])
        for one in found["result"]
    }


def test_what_flaps_came_again_every_minute() -> None:
    found = times(Demo("flapping"), CORE)
    assert found["ServiceDown", "search-api"] >= 15


def test_on_a_quiet_day_nothing_comes_twice() -> None:
    demo = Demo("calm")
    # One comes all the time, and means nothing.
    assert set(times(demo, CORE)) <= {("QueueBacklog", "embedder")}
    assert times(demo, EDGE) == {}


def test_the_counts_agree_with_the_firings_that_the_series_tell_of() -> None:
    demo = Demo("flapping")
    query = firing_query(Labels({"alertname": "PodNotReady", "service": "search-api"}))
    today = today_in(series_of(demo, CORE, query, DAY, DAY_STEP), START, DAY_STEP)
    again = times(demo, CORE)["PodNotReady", "search-api"]
    # Two of a minute apart are told apart; what is over before its `for` has not fired.
    assert 1 <= today.count <= again + 1
    assert all(one.end - one.start < timedelta(minutes=1) for one in today.over)
