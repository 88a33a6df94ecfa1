"""What the demo tells of the weeks before: earlier firings, and what has not been released."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.demo.history import past_of
from console.demo.inventory import BY_NAME, SERVICES
from console.demo.metrics import CORE, EDGE, base_series, build_family
from console.demo.scenarios import scenario_names
from console.engine.past import (
    RELEASES_STEP,
    RELEASES_WINDOW,
    STEP,
    WINDOW,
    builds_query,
    firing_query,
    firings_in,
    versions_in,
)
from console.engine.questions import Firing
from console.model.labels import Labels
from console.model.query import Series

from .demo_world import START, Demo
from .test_slow_scenarios import typed

DAY = timedelta(days=1)


def series_of(
    demo: Demo, server: str, query: str, window: timedelta, step: timedelta
) -> list[Series]:
    """What a range query up to the start of the demo yields."""
    end = START.timestamp()
    found = demo.facts(
        server, "/query_range", ("query", query), ("start", str(end - window.total_seconds())),
        ("end", str(end)), ("step", str(step.total_seconds())),
    )["result"]  # fmt: skip
    return [
        Series(Labels(one["metric"]), tuple((at, float(value)) for at, value in one["values"]))
        for one in found
    ]


def fired_before(demo: Demo, server: str, labels: dict[str, str]) -> tuple[Firing, ...]:
    """Earlier episodes of an alert, as the console asks for them, up to an hour ago."""
    query = firing_query(Labels(labels))
    series = series_of(demo, server, query, WINDOW, STEP)
    return firings_in(series, START - timedelta(hours=1), STEP)


def test_redis_fired_twice_before_and_what_hangs_on_it_did_too() -> None:
    demo = Demo("redis-down")
    (redis,) = (one for one in demo.firing(CORE) if one["alertname"] == "ServiceDown")
    ago = [START - one.start for one in fired_before(demo, CORE, redis)]
    assert [round(one / DAY) for one in ago] == [9, 23]
    (queue,) = (one for one in demo.firing(CORE) if one["alertname"] == "QueueBacklog")
    later = [START - one.start for one in fired_before(demo, CORE, queue)]
    for one in ago:
        assert any(timedelta(0) <= one - other < timedelta(minutes=15) for other in later), later


def test_the_graph_of_a_past_day_has_the_value_that_fired() -> None:
    demo = Demo("calm")
    lows = [
        at
        for one in series_of(demo, CORE, "redis_up", WINDOW, STEP)
        for at, value in one.points
        if value == 0
    ]
    query = 'ALERTS{alertname="ServiceDown",alertstate="firing",service="redis"}'
    fired = [at for one in series_of(demo, CORE, query, WINDOW, STEP) for at, _ in one.points]
    assert fired
    assert set(fired) <= set(lows)


def test_the_container_of_redis_runs_since_it_last_came_back() -> None:
    said = typed(Demo("calm"), "data-1", "docker ps --filter name=redis").out
    assert "Up 8 days" in said
    said = typed(Demo("redis-down"), "data-1", "docker ps -a --filter name=redis").out
    assert "Exited (137)" in said


def test_a_few_other_alerts_fired_now_and_then_and_none_in_the_last_day() -> None:
    base = base_series(2026)
    past = past_of(base, 2026)
    assert past == past_of(base, 2026)
    assert past != past_of(base, 7)
    assert len(base) / 5 < len([one for one in base if one.family == "up"]) + len(past)
    ends = [dip.end_s for dips in past.values() for dip in dips]
    assert max(ends) < -86400
    pages = [base[place] for place in past if base[place].server == EDGE]
    assert 2 < len(pages) < 20


@pytest.mark.parametrize("name", [name for name, _ in scenario_names()])
def test_the_past_says_nothing_of_the_last_day(name: str) -> None:
    with_past, without = Demo(name).world, Demo(name).world
    without._past = {}
    without._rebuild()
    for mine, other in zip(with_past.series, without.series, strict=True):
        for at_s in (-86400.0, -3600.0, 0.0, 300.0):
            assert mine.shape.at(at_s) == pytest.approx(other.shape.at(at_s)), mine


def test_every_service_that_is_ours_tells_its_version_and_calm_has_no_release() -> None:
    ours = [spec.name for spec in SERVICES if spec.place != "external"]
    series = series_of(
        Demo("calm"), CORE, builds_query("service", ours), RELEASES_WINDOW, RELEASES_STEP
    )
    asked, versions = versions_in(series, "service", START - RELEASES_WINDOW, RELEASES_STEP)
    assert set(asked) == set(ours)
    assert versions == ()
    assert build_family(BY_NAME["redis"]) == "redis_build_info"
    assert build_family(BY_NAME["api"]) == "app_build_info"


def test_a_bad_deploy_is_seen_as_a_release_of_three_minutes_ago() -> None:
    series = series_of(
        Demo("bad-deploy"), CORE, builds_query("service", ["api", "redis", "postgres"]),
        RELEASES_WINDOW, RELEASES_STEP,
    )  # fmt: skip
    asked, versions = versions_in(series, "service", START - RELEASES_WINDOW, RELEASES_STEP)
    assert set(asked) == {"api", "redis", "postgres"}
    (api,) = versions
    assert api.before is not None
    assert (api.service, api.before.exact, api.version.exact) == ("api", "2.14.0", "2.15.0")
    assert timedelta(minutes=2) <= START - api.at <= timedelta(minutes=3)
