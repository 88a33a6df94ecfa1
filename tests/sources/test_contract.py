"""What the console relies on, asked of the demo's servers and of the real programs alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from config.schema import AlertmanagerSource, PrometheusSource, Settings, Sources
from console.demo.serve import start_demo
from console.model.alert import AlertState, RuleHealth, SilenceState, TargetHealth
from console.model.failure import Failure, FailureKind
from console.model.query import InstantAnswer, RangeAnswer
from console.model.reading import AlertmanagerReading, PrometheusReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.open import discovered_members, open_sources, targets_once
from console.sources.prometheus.poll import Prometheus
from tests.servers import Program, delete, post_json
from tests.waiting import until


class World(NamedTuple):
    """One Prometheus that sends to one Alertmanager."""

    prometheus: str
    alertmanager: str


@pytest.fixture(scope="session")
def demo_world() -> Iterator[World]:
    demo = start_demo("calm")
    yield World(demo.endpoints.prometheus[0][1], demo.endpoints.alertmanager[0])
    demo.stop()


@pytest.fixture(
    params=[
        "demo",
        pytest.param("real", marks=pytest.mark.real("prometheus", "prometheus-alertmanager")),
    ]
)
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "demo":
        demo: World = request.getfixturevalue("demo_world")
        return demo
    prometheus: Program = request.getfixturevalue("real_prometheus")
    alertmanager: Program = request.getfixturevalue("real_alertmanager")
    return World(prometheus.url, alertmanager.url)


@pytest.fixture
def prometheus(world: World, http_client: HttpClient) -> Prometheus:
    return Prometheus(
        PrometheusSource(name="prom", url=world.prometheus), http_client, SystemClock()
    )


@pytest.fixture
def member(world: World, http_client: HttpClient) -> AlertmanagerMember:
    cluster = AlertmanagerSource(name="am", members=(world.alertmanager,))
    return AlertmanagerMember("am", world.alertmanager, cluster, http_client, SystemClock())


async def settled(prometheus: Prometheus) -> PrometheusReading:
    """A reading of a server that has evaluated and scraped once, and knows where it sends."""

    def is_settled(reading: PrometheusReading) -> bool:
        targets = reading.targets
        return (
            bool(reading.alerts and reading.rules and reading.alertmanagers)
            and isinstance(targets, tuple)
            and any(target.health is TargetHealth.UP for target in targets)
        )

    return await until(lambda: prometheus.poll(0), is_settled)


async def test_every_part_of_prometheus_is_read(prometheus: Prometheus) -> None:
    reading = await settled(prometheus)
    assert isinstance(reading.alerts, tuple) and isinstance(reading.rules, tuple)
    watchdog = next(a for a in reading.alerts if a.labels.exact("alertname") == "Watchdog")
    assert watchdog.state is AlertState.ACTIVE
    assert watchdog.active_at.tzinfo is UTC
    rule = next(rule for rule in reading.rules if rule.name.exact == "Watchdog")
    assert rule.health is RuleHealth.OK
    assert rule.interval > timedelta(0)
    assert rule.last_evaluation is not None
    assert isinstance(reading.targets, tuple)
    up = next(target for target in reading.targets if target.health is TargetHealth.UP)
    assert up.labels.exact("instance") and up.labels.exact("job")
    assert up.scrape_url.exact.startswith("http")
    assert up.last_scrape is not None and up.last_error.exact == ""


async def test_prometheus_tells_of_itself(prometheus: Prometheus, world: World) -> None:
    reading = await settled(prometheus)
    assert reading.version is not None and reading.version.exact[0].isdigit()
    assert dict(reading.external_labels)["cluster"]
    assert reading.warnings == ()
    assert reading.skew is not None and abs(reading.skew) < timedelta(seconds=30)
    assert reading.took > timedelta(0)
    assert isinstance(reading.alertmanagers, tuple)
    assert world.alertmanager in [url.exact for url in reading.alertmanagers]


async def test_what_changes_seldom_is_asked_seldom(prometheus: Prometheus) -> None:
    await settled(prometheus)
    again = await prometheus.poll(1)
    assert again.alertmanagers is None
    assert again.version is not None and again.external_labels


async def test_an_instant_query_gives_samples(prometheus: Prometheus) -> None:
    await settled(prometheus)
    answer = await until(
        lambda: prometheus.instant("up"), lambda a: isinstance(a, InstantAnswer) and a.total > 0
    )
    assert isinstance(answer, InstantAnswer)
    assert {sample.value for sample in answer.samples} <= {0.0, 1.0}
    assert all(sample.labels.exact("job") for sample in answer.samples)
    assert answer.total == len(answer.samples) > 0
    assert answer.warnings == ()


async def test_a_scalar_is_one_sample_without_labels(prometheus: Prometheus) -> None:
    answer = await prometheus.instant("1")
    assert isinstance(answer, InstantAnswer)
    assert [(len(s.labels), s.value) for s in answer.samples] == [(0, 1.0)]


async def test_a_query_too_long_for_an_address_is_asked_all_the_same(
    prometheus: Prometheus,
) -> None:
    await settled(prometheus)
    query = 'up{job=~".+|' + "x" * 20_000 + '"}'
    short = await until(
        lambda: prometheus.instant("up"), lambda a: isinstance(a, InstantAnswer) and a.total > 0
    )
    instant = await prometheus.instant(query)
    assert isinstance(short, InstantAnswer) and isinstance(instant, InstantAnswer)
    assert instant.total == short.total
    now = datetime.now(UTC)
    drawn = await prometheus.range(query, now - timedelta(minutes=5), now, timedelta(seconds=5))
    assert isinstance(drawn, RangeAnswer)
    assert drawn.total == short.total


async def test_a_range_query_gives_points_in_order(prometheus: Prometheus) -> None:
    end = datetime.now(UTC)
    start = end - timedelta(minutes=5)
    answer = await until(
        lambda: prometheus.range("up", start, datetime.now(UTC), timedelta(seconds=1)),
        lambda a: isinstance(a, RangeAnswer) and a.total > 0,
    )
    assert isinstance(answer, RangeAnswer)
    for series in answer.series:
        moments = [moment for moment, _ in series.points]
        assert moments == sorted(set(moments))
        assert start.timestamp() - 1 <= moments[0]
        assert {value for _, value in series.points} <= {0.0, 1.0}


async def test_a_query_that_is_wrong_is_a_failure_with_the_servers_words(
    prometheus: Prometheus,
) -> None:
    now = datetime.now(UTC)
    for answer in (
        await prometheus.instant("up{"),
        await prometheus.range("up{", now - timedelta(minutes=1), now, timedelta(seconds=1)),
    ):
        assert isinstance(answer, Failure)
        assert answer.kind is FailureKind.STATUS
        assert "up{" in answer.cause or "parse error" in answer.cause
        assert "query" in answer.curl


async def test_a_path_that_is_wrong_names_the_remedy(world: World, http_client: HttpClient) -> None:
    source = PrometheusSource(name="prom", url=f"{world.prometheus}/prefix")
    reading = await Prometheus(source, http_client, SystemClock()).poll(0)
    assert isinstance(reading.targets, Failure)
    assert reading.targets.kind is FailureKind.NOT_SERVED
    assert reading.targets.cause.startswith("answered 404 Not Found")
    assert "path prefix" in reading.targets.remedy


async def test_every_part_of_an_alertmanager_is_read(
    prometheus: Prometheus, member: AlertmanagerMember
) -> None:
    told = await settled(prometheus)
    reading = await with_watchdog(member)
    assert isinstance(reading.alerts, tuple) and isinstance(told.alerts, tuple)
    sent = next(a for a in reading.alerts if a.name.exact == "Watchdog")
    rule = next(a for a in told.alerts if a.labels.exact("alertname") == "Watchdog")
    assert sent.labels.covers(rule.labels)
    assert sent.starts_at.tzinfo is UTC
    assert sent.ends_at is not None and sent.ends_at > sent.starts_at
    assert len(sent.fingerprint) == 16
    assert sent.receivers and sent.generator_url.exact.startswith("http")
    assert (sent.cluster, sent.members) == ("am", (member.member,))
    assert not isinstance(reading.status, Failure)
    assert reading.status.gossip in ("ready", "settling", "disabled")
    assert reading.status.version.exact[0].isdigit()
    assert reading.status.started_at is not None
    assert "route:" in reading.status.config.exact


async def test_groups_hold_every_alert_and_come_every_fourth_round(
    prometheus: Prometheus, member: AlertmanagerMember
) -> None:
    await settled(prometheus)
    await with_watchdog(member)
    reading = await until(lambda: member.poll(4), _groups_have_all)
    assert isinstance(reading.groups, tuple)
    assert all(group.receiver for group in reading.groups)
    assert (await member.poll(5)).groups is None


def _groups_have_all(reading: AlertmanagerReading) -> bool:
    assert isinstance(reading.groups, tuple) and isinstance(reading.alerts, tuple)
    grouped = {each for group in reading.groups for each in group.fingerprints}
    return grouped == {alert.fingerprint for alert in reading.alerts}


async def with_watchdog(member: AlertmanagerMember) -> AlertmanagerReading:
    return await until(
        lambda: member.poll(0),
        lambda reading: (
            isinstance(reading.alerts, tuple)
            and any(alert.name.exact == "Watchdog" for alert in reading.alerts)
        ),
    )


async def test_a_silence_is_named_by_what_it_covers_and_gone_when_expired(
    prometheus: Prometheus, member: AlertmanagerMember, world: World
) -> None:
    await settled(prometheus)
    await with_watchdog(member)
    now = datetime.now(UTC)
    answer = post_json(
        f"{world.alertmanager}/api/v2/silences",
        {
            "matchers": [
                {"name": "alertname", "value": "Watch.og", "isRegex": True, "isEqual": True}
            ],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=10)).isoformat(),
            "createdBy": "kai",
            "comment": "ACK! \x1b[2J looking",
        },
    )
    assert isinstance(answer, dict)
    made = answer["silenceID"]

    def covered(reading: AlertmanagerReading) -> bool:
        assert isinstance(reading.alerts, tuple)
        return any(made in alert.silenced_by for alert in reading.alerts)

    reading = await until(lambda: member.poll(1), covered)
    assert isinstance(reading.silences, tuple) and isinstance(reading.alerts, tuple)
    silence = next(each for each in reading.silences if each.id == made)
    assert silence.state is SilenceState.ACTIVE
    assert [(m.name, m.operator, m.value.exact) for m in silence.matchers] == [
        ("alertname", "=~", "Watch.og")
    ]
    assert silence.comment.exact == "ACK! \x1b[2J looking"
    hidden = next(alert for alert in reading.alerts if made in alert.silenced_by)
    assert hidden.state is AlertState.SUPPRESSED

    delete(f"{world.alertmanager}/api/v2/silence/{made}")
    after = await until(lambda: member.poll(1), lambda reading: not covered(reading))
    assert isinstance(after.silences, tuple)
    assert made not in [each.id for each in after.silences]


async def test_zero_settings_find_the_alertmanager_through_prometheus(
    prometheus: Prometheus, world: World, http_client: HttpClient
) -> None:
    clock = SystemClock()
    source = PrometheusSource(name="prom", url=world.prometheus)
    settings = Settings(sources=Sources(prometheus=(source,)))
    opened = await open_sources(settings, http_client, clock)
    reading = await settled(opened.prometheuses[0])
    found = discovered_members(settings, reading, known=frozenset(), http=http_client, clock=clock)
    keys = [member.key for member in found.alertmanagers]
    assert f"alertmanager/{world.alertmanager.removeprefix('http://')}" in keys
    assert found.watched[0].members == tuple(member.member for member in found.alertmanagers)
    readings = [await member.poll(0) for member in found.alertmanagers]
    assert all(isinstance(reading.alerts, tuple) for reading in readings)
    again = discovered_members(
        settings, reading, known=frozenset(keys), http=http_client, clock=clock
    )
    assert again.alertmanagers == ()


async def test_targets_are_there_for_a_first_registry(
    prometheus: Prometheus, world: World, http_client: HttpClient
) -> None:
    await settled(prometheus)
    targets = await targets_once(world.prometheus, http_client, SystemClock())
    assert isinstance(targets, tuple)
    assert all(target.labels.exact("instance") for target in targets) and targets
