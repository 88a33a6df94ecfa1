from __future__ import annotations

import pytest

from console.demo.metrics import CORE, EDGE

from .demo_world import START, Demo, read

NOW = START.timestamp()


@pytest.fixture
def demo() -> Demo:
    return Demo("redis-down")


def names(demo: Demo, server: str, query: str) -> set[str]:
    return {metric.get("service", "") for metric, _ in demo.value_now(server, query)}


def test_selectors_take_all_four_matchers(demo: Demo) -> None:
    assert names(demo, CORE, 'up{service="api"}') == {"api"}
    assert names(demo, CORE, 'up{job="services",service=~"a.*i"}') == {"api"}
    assert "api" not in names(demo, CORE, 'up{job="services",service!="api"}')
    assert "api" not in names(demo, CORE, 'up{job="services",service!~"api|cart",}')
    assert names(demo, CORE, '{__name__="redis_up"}') == {"redis"}
    assert len(demo.value_now(EDGE, "probe_success")) == 12


def test_comparisons_filter_and_keep_the_name(demo: Demo) -> None:
    ((metric, value),) = demo.value_now(CORE, "redis_up == 0")
    assert (metric["__name__"], value) == ("redis_up", 0)
    assert demo.value_now(CORE, "redis_up == 1") == []
    ((metric, value),) = demo.value_now(CORE, "redis_up == bool 0")
    assert ("__name__" in metric, value) == (False, 1)


def test_alerts_are_series_too(demo: Demo) -> None:
    firing = demo.value_now(CORE, 'ALERTS{alertstate="firing"}')
    assert len(firing) == len(demo.firing(CORE))
    ((metric, since),) = demo.value_now(CORE, 'ALERTS_FOR_STATE{alertname="ServiceDown"}')
    assert metric["service"] == "redis"
    assert since == NOW - 222


def test_an_alert_leaves_its_trace_in_the_last_hour(demo: Demo) -> None:
    params = (("start", str(NOW - 600)), ("end", str(NOW)), ("step", "1m"))
    query = 'ALERTS{alertname="ServiceDown"}'
    lines = demo.facts(CORE, "/query_range", ("query", query), *params)["result"]
    seen = {one["metric"]["alertstate"]: len(one["values"]) for one in lines}
    assert seen == {"pending": 1, "firing": 3}


def test_a_server_that_was_away_has_a_gap_in_its_graphs() -> None:
    demo = Demo("source-lost").at(500)
    start = str(NOW - 300)
    params = (("start", start), ("end", str(NOW + 500)), ("step", "10"))
    (line,) = demo.facts(EDGE, "/query_range", ("query", 'up{job="blackbox"}'), *params)["result"]
    moments = [moment - NOW for moment, _ in line["values"]]
    assert not any(60 <= moment < 420 for moment in moments)
    assert len(moments) == 81 - 36


def test_nothing_is_known_of_the_future(demo: Demo) -> None:
    found = demo.facts(CORE, "/query", ("query", "up"), ("time", str(NOW + 3600)))
    assert found["result"] == []


@pytest.mark.parametrize(
    "query",
    [
        "sum(up)", "rate(up[5m])", "count(ALERTS)", "up offset 5m", "nobody_knows_this",
        "redis_up == 0 and up == 0", "up + 1", "changes(ALERTS_FOR_STATE[1h])",
    ],
)  # fmt: skip
def test_any_other_query_is_refused_with_422(demo: Demo, query: str) -> None:
    for path in ("/query", "/query_range"):
        more = (("start", str(NOW)), ("end", str(NOW)), ("step", "1"))
        answer = demo.prometheus(CORE, path, ("query", query), *more)
        assert answer.status == 422
        said = read(answer)
        assert (said["status"], said["errorType"]) == ("error", "execution")
        assert query in said["error"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/query", {"query": ""}),
        ("/query", {"query": "up{"}),
        ("/query", {"query": 'up{job=~"("}'}),
        ("/query", {"query": "up", "time": "zzz"}),
        ("/query_range", {}),
        ("/query_range", {"query": "up", "start": "1", "end": "0", "step": "1"}),
        ("/query_range", {"query": "up", "start": "1", "end": "2"}),
        ("/query_range", {"query": "up", "start": "1", "end": "2", "step": "0"}),
        ("/query_range", {"query": "up", "start": "1", "end": "20000", "step": "1"}),
        ("/rules", {"type": "foo"}),
        ("/series", {}),
        ("/label/9x/values", {}),
    ],
)
def test_a_request_that_no_prometheus_could_read_is_bad_data(
    demo: Demo, path: str, params: dict[str, str]
) -> None:
    answer = demo.prometheus(CORE, path, *params.items())
    assert answer.status == 400
    assert read(answer)["errorType"] == "bad_data"


def test_rules_tell_their_expression_and_when_they_were_looked_at(demo: Demo) -> None:
    groups = demo.facts(CORE, "/rules", ("type", "alert"))["groups"]
    rules = {(rule["name"], rule["query"]): rule for group in groups for rule in group["rules"]}
    rule = rules[("ServiceDown", "redis_up == 0")]
    assert (rule["state"], rule["duration"], rule["health"]) == ("firing", 60, "ok")
    assert rule["alerts"][0]["value"] == "0e+00"
    assert rule["annotations"]["summary"] == (
        "no PING reply from {{ $labels.service }} on {{ $labels.host }}"
    )
    assert rules[("Watchdog", "vector(1)")]["state"] == "firing"


def test_targets_say_which_scrape_fails() -> None:
    demo = Demo("alert-storm").at(60)
    targets = demo.facts(CORE, "/targets", ("state", "active"))["activeTargets"]
    down = {one["labels"]["host"] for one in targets if one["health"] == "down"}
    assert "web-2" in down
    assert "web-1" not in down
    assert all(one["lastError"] for one in targets if one["health"] == "down")


def test_a_server_tells_of_itself(demo: Demo) -> None:
    assert demo.facts(CORE, "/status/buildinfo")["version"].startswith("2.42")
    assert "cluster: core" in demo.facts(CORE, "/status/config")["yaml"]
    known = demo.facts(CORE, "/alertmanagers")["activeAlertmanagers"]
    assert known == [{"url": "http://a.example/api/v2/alerts"}]
    assert {"alertname", "service", "rack"} <= set(demo.facts(CORE, "/labels"))
    assert "api" in demo.facts(CORE, "/label/service/values")
    (series,) = demo.facts(CORE, "/series", ("match[]", "redis_up"))
    assert series["service"] == "redis"
    assert demo.prometheus(CORE, "/nope").status == 404
