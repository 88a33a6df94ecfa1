"""Prometheus' answers, and those of what speaks its API."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.schema import Auth, Basic, PrometheusSource
from console.model.alert import AlertState, RuleHealth, TargetHealth
from console.model.failure import Failure, FailureKind
from console.model.query import InstantAnswer, RangeAnswer
from console.model.reading import PrometheusReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.secret import SecretSource
from console.sources.answer import Unusable
from console.sources.prometheus.decode import (
    Answered,
    alertmanagers_in,
    alerts_in,
    answered,
    rules_in,
    targets_in,
)
from console.sources.prometheus.decode_query import instant_in
from console.sources.prometheus.poll import Prometheus
from console.sources.prometheus.settings import external_labels_in, watched_prometheus
from tests.safety.loopback import Loopback, Talk, answer, serving
from tests.sources.documents import RULE, RULE_ALERT, RULE_GROUP, TARGET, encoded

NOW = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)


def test_pending_and_firing_series_are_read() -> None:
    firing = RULE_ALERT | {"state": "firing", "keepFiringSince": None}
    pending, active = alerts_in(encoded({"alerts": [RULE_ALERT, firing]}))
    assert (pending.state, active.state) == (AlertState.PENDING, AlertState.ACTIVE)
    assert pending.active_at == datetime(2026, 11, 22, 3, 13, 0, 842095, UTC)
    assert pending.value.exact == "9e+00"


def test_a_rule_that_cannot_be_evaluated_is_told_apart() -> None:
    recording = {"type": "recording", "name": "job:up", "query": "sum(up)", "health": "ok"}
    never = RULE | {"health": "unknown", "lastEvaluation": "0001-01-01T00:00:00Z"}
    broken, unknown = rules_in(
        encoded({"groups": [RULE_GROUP | {"rules": [RULE, recording, never]}]})
    )
    assert broken.health is RuleHealth.ERR
    assert broken.last_error.exact.startswith("many-to-many")
    assert (broken.duration, broken.interval) == (timedelta(minutes=5), timedelta(seconds=15))
    assert (unknown.health, unknown.last_evaluation) == (RuleHealth.UNKNOWN, None)


def test_the_rules_of_thanos_mimir_and_vmalert_are_read() -> None:
    thanos = RULE_GROUP | {"partialResponseStrategy": "ABORT"}
    mimir = RULE_GROUP | {"sourceTenants": ["team-a"], "rules": [RULE | {"alerts": None}]}
    vmalert = {
        "name": "node",
        "id": "1",
        "rules": [
            {
                "id": "7",
                "name": "HighLoad",
                "query": "node_load1 > 8",
                "health": "no match",
                "type": "alerting",
                "duration": 0.5,
                "lastSamples": 3,
                "debug": False,
            }
        ],
    }
    for group, health in (
        (thanos, RuleHealth.ERR),
        (mimir, RuleHealth.ERR),
        (vmalert, RuleHealth.UNKNOWN),
    ):
        (rule,) = rules_in(encoded({"groups": [group]}))
        assert (rule.name.exact, rule.health) == ("HighLoad", health)
    assert rules_in(encoded({"groups": None})) == ()


def test_a_target_that_is_down_says_why() -> None:
    fresh = TARGET | {"health": "unknown", "lastScrape": "0001-01-01T00:00:00Z", "lastError": ""}
    down, unknown = targets_in(encoded({"activeTargets": [TARGET, fresh]}))
    assert (down.health, down.last_error.exact) == (TargetHealth.DOWN, "connection refused")
    assert down.scrape_duration == timedelta(microseconds=8900)
    assert (unknown.health, unknown.last_scrape) == (TargetHealth.UNKNOWN, None)


def test_alertmanagers_are_named_by_their_base_once() -> None:
    urls = ["http://am:9093/api/v2/alerts", "https://h/prefix/api/v2/alerts"] * 2
    found = alertmanagers_in(encoded({"activeAlertmanagers": [{"url": url} for url in urls]}))
    assert [url.exact for url in found] == ["http://am:9093", "https://h/prefix"]


def test_an_error_wins_over_the_data_that_comes_with_it() -> None:
    body = encoded(
        {"status": "error", "errorType": "execution", "error": "\x1b[2J boom", "data": {}}
    )
    with pytest.raises(Unusable) as caught:
        answered(body)
    assert caught.value.kind is FailureKind.STATUS
    assert "execution: ^[[2J boom" in caught.value.cause


def test_warnings_of_every_kind_are_kept() -> None:
    told = answered(
        encoded(
            {
                "status": "success",
                "data": {},
                "warnings": ["store-1 is away"],
                "infos": ["not a counter"],
                "isPartial": True,
            }
        )
    )
    assert [warning.exact.split(":")[0] for warning in told.warnings] == [
        "store-1 is away",
        "not a counter",
        "isPartial",
    ]
    assert answered(b'{"status":"success","isPartial":false,"data":[]}').warnings == ()


def queried(result: dict[str, Any], limit: int = 10) -> InstantAnswer:
    return instant_in(Answered(encoded(result), ()), limit)


def test_values_are_numbers_also_where_they_are_none() -> None:
    values = ["NaN", "+Inf", "-Inf", "1.5e+00"]
    items = [{"metric": {"n": v}, "value": [1795353041.25, v]} for v in values]
    found = queried({"resultType": "vector", "result": items})
    assert math.isnan(found.samples[0].value)
    assert [sample.value for sample in found.samples[1:]] == [math.inf, -math.inf, 1.5]
    assert found.samples[0].at == datetime(2026, 11, 22, 13, 10, 41, 250000, UTC)


def test_a_cap_on_samples_does_not_lie() -> None:
    items = [{"metric": {"n": str(n)}, "value": [1, "1"]} for n in range(25)]
    found = queried({"resultType": "vector", "result": items})
    assert (len(found.samples), found.total) == (10, 25)


def test_native_histograms_are_left_out_and_counted() -> None:
    items = [
        {"metric": {}, "histogram": [1, {"count": "3", "sum": "2", "buckets": []}]},
        {"metric": {}, "value": [1, "1"]},
    ]
    found = queried({"resultType": "vector", "result": items})
    assert len(found.samples) == 1
    assert found.warnings[0].exact.startswith("1 native histogram")


@pytest.mark.parametrize("kind", ["matrix", "string"])
def test_an_instant_query_that_gives_something_else_is_refused(kind: str) -> None:
    with pytest.raises(Unusable, match=kind):
        queried({"resultType": kind, "result": []})


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        (
            "global:\n  scrape_interval: 15s\n  external_labels:\n    a: b\n    'c d': \"e\"\n"
            "rule_files: [x]\n",
            (("a", "b"), ("c d", "e")),
        ),
        ("global: {external_labels: {a: b, deep: {x: y}, list: [1, 2]}}", (("a", "b"),)),
        ("scrape_configs:\n  - global: {external_labels: {a: b}}\n", ()),
        ("global:\n  other: {external_labels: {a: b}}\n  external_labels: {c: d}\n", (("c", "d"),)),
        ("global: {}\n", ()),
        ("", ()),
        ("[" * 100_000, ()),
        ("a: &x [*x, *x]\nglobal: {external_labels: *x}", ()),
        ("\x00", ()),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_external_labels_are_found_in_a_servers_own_settings(
    config: str, labels: tuple[tuple[str, str], ...]
) -> None:
    assert external_labels_in(config) == labels


def test_the_fleet_knows_a_server_without_its_credentials() -> None:
    source = PrometheusSource(
        name="prom",
        url="http://prom:9090/p/",
        external_labels={"b": "2", "a": "1"},
        generator_urls=("http://other",),
    )
    watched = watched_prometheus(source)
    assert watched.external_labels == (("a", "1"), ("b", "2"))
    assert watched.generator_urls == ("http://prom:9090/p", "http://other")


USUAL = {
    "/api/v1/alerts": {"alerts": [RULE_ALERT]},
    "/api/v1/rules": {"groups": [RULE_GROUP]},
    "/api/v1/targets": {"activeTargets": [TARGET]},
    "/api/v1/alertmanagers": {"activeAlertmanagers": [{"url": "http://am/api/v2/alerts"}]},
    "/api/v1/status/config": {"yaml": "global: {external_labels: {cluster: eu, x: y}}"},
    "/api/v1/status/buildinfo": {"version": "3.14.0"},
}


def prometheus_with(**answers: bytes) -> Talk:
    """A Prometheus; `answers` by the last part of their path in place of the usual ones."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ")[1].partition(b"?")[0].decode()
        content = answers.get(path.rpartition("/")[2])
        if content is None:
            content = answer(encoded({"status": "success", "data": USUAL.get(path, {})}))
        writer.write(content)
        await writer.drain()

    return talk


def at(server: Loopback, http: HttpClient, **settings: Any) -> Prometheus:
    source = PrometheusSource(name="prom", url=server.url("/"), **settings)
    return Prometheus(source, http, SystemClock())


async def polled(talk: Talk, http: HttpClient, **settings: Any) -> PrometheusReading:
    async with serving(talk) as server:
        return await at(server, http, **settings).poll(0)


async def test_parts_fail_apart_and_name_what_is_missing(http_client: HttpClient) -> None:
    missing = answer(b"404 page not found\n", "404 Not Found")
    reading = await polled(prometheus_with(rules=missing, alertmanagers=missing), http_client)
    assert isinstance(reading.rules, Failure) and isinstance(reading.alertmanagers, Failure)
    assert reading.rules.kind is FailureKind.NOT_SERVED
    assert "vmalert" in reading.rules.remedy
    assert "discover_alertmanagers: false" in reading.alertmanagers.remedy
    assert isinstance(reading.alerts, tuple) and isinstance(reading.targets, tuple)


PROBED = {
    **TARGET,
    "labels": {"job": "blackbox", "instance": "https://shop/"},
    "scrapeUrl": "http://bb:9115/probe?module=http_2xx&target=https%3A%2F%2Fshop%2F",
    "health": "up",
    "lastError": "",
}


@pytest.mark.parametrize(
    ("told", "health"),
    [
        (["1"], TargetHealth.UP),
        (["0"], TargetHealth.DOWN),
        (["1", "0"], TargetHealth.DOWN),
        ([], TargetHealth.UNKNOWN),
        (None, TargetHealth.UNKNOWN),
    ],
)
async def test_a_probed_page_is_as_its_probe_says_and_not_as_its_exporter(
    told: list[str] | None, health: TargetHealth, http_client: HttpClient
) -> None:
    labels = {"__name__": "probe_success", "job": "blackbox", "instance": "https://shop/"}
    result = [
        {"metric": labels | {"module": str(n)}, "value": [1, value]}
        for n, value in enumerate(told or ())
    ]
    data = {"resultType": "vector", "result": result}
    query = answer(encoded({"status": "success", "data": data}))
    if told is None:
        query = answer(b"overloaded", "503 Service Unavailable")
    targets = answer(encoded({"status": "success", "data": {"activeTargets": [PROBED, TARGET]}}))
    reading = await polled(prometheus_with(targets=targets, query=query), http_client)
    assert isinstance(reading.targets, tuple)
    page, plain = reading.targets
    assert page.health is health
    assert ("probe" in page.last_error.exact) is (health is not TargetHealth.UP)
    assert plain == targets_in(encoded({"activeTargets": [TARGET]}))[0]


async def test_settings_that_may_not_be_read_are_no_failure(http_client: HttpClient) -> None:
    forbidden = answer(b"", "403 Forbidden")
    reading = await polled(
        prometheus_with(config=forbidden, buildinfo=forbidden),
        http_client,
        external_labels={"cluster": "us"},
    )
    assert isinstance(reading.alerts, tuple)
    assert reading.external_labels == (("cluster", "us"),)
    assert reading.version is None


async def test_labels_in_the_settings_win_over_the_servers_own(http_client: HttpClient) -> None:
    reading = await polled(prometheus_with(), http_client, external_labels={"cluster": "us"})
    assert reading.external_labels == (("cluster", "us"), ("x", "y"))
    assert reading.version is not None and reading.version.exact == "3.14.0"


@pytest.mark.parametrize(
    ("stopping", "words"), [("false", "is starting"), ("true", "is stopping"), (None, "starting")]
)
async def test_a_server_that_starts_or_stops_says_so(
    stopping: str | None, words: str, http_client: HttpClient
) -> None:
    headers = () if stopping is None else (f"X-Prometheus-Stopping: {stopping}",)
    busy = answer(b"Service Unavailable", "503 Service Unavailable", *headers)
    reading = await polled(prometheus_with(alerts=busy), http_client)
    assert isinstance(reading.alerts, Failure)
    assert reading.alerts.kind is FailureKind.STARTING
    assert words in reading.alerts.cause


async def test_an_error_with_status_200_is_a_failure(http_client: HttpClient) -> None:
    lying = answer(encoded({"status": "error", "errorType": "internal", "error": "no"}))
    async with serving(prometheus_with(alerts=lying, query=lying, query_range=lying)) as server:
        prometheus = at(server, http_client)
        reading = await prometheus.poll(0)
        instant = await prometheus.instant("up")
        drawn = await prometheus.range("up", NOW, NOW + timedelta(hours=1), timedelta(minutes=1))
    for each in (reading.alerts, instant, drawn):
        assert isinstance(each, Failure)
        assert "internal: no" in each.cause


def matrix(values: list[tuple[float, str]], **more: object) -> bytes:
    series = {"metric": {"job": "node"}, "values": values}
    return answer(
        encoded({"status": "success", "data": {"resultType": "matrix", "result": [series]}} | more)
    )


async def drawn_from(
    content: bytes, http: HttpClient, step: timedelta = timedelta(seconds=30)
) -> RangeAnswer | Failure:
    async with serving(prometheus_with(query_range=content)) as server:
        return await at(server, http).range("up", NOW - timedelta(hours=1), NOW, step)


async def test_a_range_answer_keeps_its_warnings(http_client: HttpClient) -> None:
    found = await drawn_from(
        matrix([(1.0, "1"), (2.5, "NaN")], warnings=["store-1 is away"]), http_client
    )
    assert isinstance(found, RangeAnswer)
    assert [warning.exact for warning in found.warnings] == ["store-1 is away"]
    assert found.series[0].points[0] == (1.0, 1.0)
    assert math.isnan(found.series[0].points[1][1])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (answer(b"<html>Log in"), FailureKind.SCHEMA),
        (answer(b'{"status":"success"}'), FailureKind.SCHEMA),
        (answer(b'{"status":"success","data":{}}'), FailureKind.SCHEMA),
        (answer(b'{"status":"success","data":[]}'), FailureKind.SCHEMA),
        (answer(b'{"status":"success","data":{"result":{"a":1}}}'), FailureKind.SCHEMA),
        (answer(b'{"status":"success","data":{"result":[[1,2]]}}'), FailureKind.SCHEMA),
        (matrix([(1.0, "one")]), FailureKind.SCHEMA),
        (answer(b"", "302 Found", "Location: http://127.0.0.1:1/login"), FailureKind.STATUS),
        (answer(b"", "429 Too Many Requests", "Retry-After: 1"), FailureKind.RATE),
        (answer(b"", "502 Bad Gateway"), FailureKind.STATUS),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", FailureKind.TOO_BIG),
    ],
    ids=lambda value: repr(value[-40:]) if isinstance(value, bytes) else str(value),
)
async def test_every_bad_range_answer_is_a_failure_at_once(
    content: bytes, kind: FailureKind, http_client: HttpClient
) -> None:
    found = await drawn_from(content, http_client)
    assert isinstance(found, Failure)
    assert found.kind is kind, found


async def test_a_range_query_is_sent_once_with_the_sources_own_credentials(
    http_client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROM_PASSWORD", "s3cret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    auth = Auth(basic=Basic(user="kai", password=SecretSource(env="PROM_PASSWORD")))
    busy = answer(b"", "503 Service Unavailable")
    async with serving(prometheus_with(query_range=busy)) as server:
        prometheus = at(server, http_client, auth=auth, headers={"X-Scope-OrgID": "team-a"})
        found = await prometheus.range("up", NOW, NOW + timedelta(hours=1), timedelta(minutes=1))
        assert isinstance(found, Failure)
        (head,) = server.heads
    assert b"X-Scope-OrgID: team-a" in head
    assert b"Authorization: Basic a2FpOnMzY3JldA==" in head
    assert b"GET /api/v1/query_range?query=up&" in head
    assert "s3cret" not in found.curl and "a2FpOnM" not in found.curl


async def test_a_range_query_to_a_server_that_hangs_ends_at_the_deadline(
    http_client: HttpClient,
) -> None:
    async def hang(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await asyncio.Event().wait()

    async with serving(hang) as server:
        prometheus = at(server, http_client, timeout=timedelta(milliseconds=200))
        async with asyncio.timeout(10):
            found = await asyncio.gather(
                *(prometheus.range("up", NOW, NOW, timedelta(minutes=1)) for _ in range(8))
            )
    assert all(isinstance(each, Failure) and each.kind is FailureKind.TIMEOUT for each in found)


async def test_a_range_that_is_too_fine_is_refused_before_it_is_sent(
    http_client: HttpClient,
) -> None:
    found = await drawn_from(matrix([]), http_client, step=timedelta(milliseconds=10))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.SETTINGS
    assert "11,000" in found.expected
