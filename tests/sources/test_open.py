"""From settings to sources: secrets, discovered members, and what the fleet is told of them."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from config.schema import (
    AlertmanagerSource,
    Auth,
    Basic,
    PrometheusSource,
    Settings,
    Sources,
    Tls,
)
from console.model.failure import Failure, FailureKind
from console.model.reading import PrometheusReading
from console.model.snapshot import SourceKind
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.secret import SecretSource
from console.safety.text import Raw
from console.sources.alertmanager.settings import inherited, watched_cluster
from console.sources.open import Opened, discovered_members, merge_watched, open_sources
from tests.safety.loopback import answer, saying, serving

CLOCK = SystemClock()
SLOW_TO_IMPORT = ("httpx", "requests", "prometheus_api_client")
OK = saying(answer(b'{"status":"success","data":{"alerts":[]}}'))


def settings_of(*prometheuses: PrometheusSource, **more: object) -> Settings:
    return Settings(sources=Sources(prometheus=prometheuses, **more))  # type: ignore[arg-type]


async def test_a_secret_that_is_missing_costs_its_own_source_only(
    http_client: HttpClient, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    async with serving(OK) as server:
        opened = await open_sources(
            settings_of(
                PrometheusSource(
                    name="secret",
                    url=server.url(""),
                    auth=Auth(bearer=SecretSource(file=str(token))),
                ),
                PrometheusSource(name="open", url=server.url("")),
            ),
            http_client,
            CLOCK,
        )
        (failure,) = opened.failures
        assert (failure.source, failure.kind) == ("secret", FailureKind.SETTINGS)
        assert "token" in failure.cause
        secret, plain = opened.prometheuses
        assert isinstance((await plain.poll(0)).alerts, tuple)
        refused = (await secret.poll(0)).alerts
        assert isinstance(refused, Failure) and refused.kind is FailureKind.SETTINGS
        assert not any(b"Authorization" in head for head in server.heads)

        token.write_text("t0ken\n")
        token.chmod(0o600)
        assert isinstance((await secret.poll(1)).alerts, tuple)
        assert b"Authorization: Bearer t0ken" in server.heads[-1]


async def test_a_secret_that_the_server_refuses_is_looked_up_again(
    http_client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "old")
    async with serving(saying(answer(b"", "401 Unauthorized"))) as server:
        source = PrometheusSource(
            name="prom", url=server.url(""), auth=Auth(bearer=SecretSource(env="TOKEN"))
        )
        opened = await open_sources(settings_of(source), http_client, CLOCK)
        await opened.prometheuses[0].poll(1)
        monkeypatch.setenv("TOKEN", "new")
        before = len(server.heads)
        await opened.prometheuses[0].poll(2)
        assert b"Bearer old" in server.heads[0]
        assert all(b"Bearer new" in head for head in server.heads[before:])


async def test_the_fleet_is_told_of_every_source(http_client: HttpClient) -> None:
    cluster = AlertmanagerSource(
        name="am",
        members=("http://am-1:9093", "https://am-2:9093/prefix/"),
        tls=Tls(insecure_skip_verify=True),
        interval=timedelta(seconds=20),
    )
    prometheus = PrometheusSource(name="prom", url="http://prom:9090")
    opened = await open_sources(
        settings_of(prometheus, alertmanager=(cluster,)), http_client, CLOCK
    )
    assert [(each.name, each.kind) for each in opened.watched] == [
        ("prom", SourceKind.PROMETHEUS),
        ("am", SourceKind.ALERTMANAGER),
        ("health", SourceKind.HEALTH),
    ]
    assert opened.watched[1].members == ("am-1:9093", "am-2:9093/prefix")
    assert opened.watched[1].degraded == "certificate not verified"
    assert opened.watched[1].page == "http://am-1:9093"
    assert [member.key for member in opened.alertmanagers] == [
        "am/am-1:9093",
        "am/am-2:9093/prefix",
    ]


def discovered(
    settings: Settings, http: HttpClient, *urls: str, known: frozenset[str] = frozenset()
) -> Opened:
    reading = PrometheusReading(
        source=settings.sources.prometheus[0].name,
        at=CLOCK.now(),
        took=timedelta(0),
        alerts=(),
        rules=(),
        targets=(),
        alertmanagers=tuple(map(Raw, urls)),
    )
    return discovered_members(settings, reading, known=known, http=http, clock=CLOCK)


async def test_members_are_taken_once_and_join_their_cluster(http_client: HttpClient) -> None:
    settings = settings_of(PrometheusSource(name="prom", url="http://prom:9090"))
    first = discovered(settings, http_client, "http://am-1:9093", "http://am-1:9093")
    assert [member.key for member in first.alertmanagers] == ["alertmanager/am-1:9093"]
    known = frozenset(member.key for member in first.alertmanagers)
    second = discovered(settings, http_client, "http://am-1:9093", "http://am-2:9093", known=known)
    assert [member.key for member in second.alertmanagers] == ["alertmanager/am-2:9093"]
    (watched,) = merge_watched(first.watched, second.watched)
    assert watched.members == ("am-1:9093", "am-2:9093")
    assert watched.page == "http://am-2:9093"


async def test_settings_that_name_alertmanagers_are_not_added_to(http_client: HttpClient) -> None:
    prometheus = PrometheusSource(name="prom", url="http://prom:9090")
    named = settings_of(
        prometheus, alertmanager=(AlertmanagerSource(name="am", members=("http://am",)),)
    )
    assert discovered(named, http_client, "http://am-1:9093") == Opened()
    shy = settings_of(
        PrometheusSource(name="prom", url="http://prom:9090", discover_alertmanagers=False)
    )
    assert discovered(shy, http_client, "http://am-1:9093") == Opened()


@pytest.mark.parametrize(
    "url",
    [
        "http://user:pw@am:9093",
        "http://am:9093/\x1b[2J",
        "file:///etc/passwd",
        "http://am:9093?x=y",
        "http://am 9093",
        "http://am:9093/#x",
        "",
    ],
)
async def test_an_address_that_is_more_than_an_address_is_left(
    url: str, http_client: HttpClient
) -> None:
    settings = settings_of(PrometheusSource(name="prom", url="http://prom:9090"))
    assert discovered(settings, http_client, url) == Opened()


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://prom.example:9093", True),
        ("https://elsewhere.example:9093", False),
        ("http://prom.example:9093", False),
    ],
)
def test_credentials_go_only_to_the_host_that_they_are_for(url: str, trusted: bool) -> None:
    prometheus = PrometheusSource(
        name="prom",
        url="https://prom.example",
        auth=Auth(basic=Basic(user="kai", password=SecretSource(env="PW"))),
        headers={
            "X-Scope-OrgID": "team-a",
            "X-Token": SecretSource(env="T"),
            "Cookie": "session=1",
        },
        tls=Tls(ca="/etc/ca.pem"),
        timeout=timedelta(seconds=3),
    )
    found = inherited(prometheus, url)
    assert (found.auth.basic is not None) is trusted
    assert ("X-Token" in found.headers) is trusted
    assert ("Cookie" in found.headers) is trusted
    assert found.headers["X-Scope-OrgID"] == "team-a"
    assert (found.tls.ca, found.timeout) == ("/etc/ca.pem", timedelta(seconds=3))


def test_nothing_slow_is_imported_before_a_source_is_asked() -> None:
    look = f"import sys, console.sources.open; print(set({SLOW_TO_IMPORT!r}) & set(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "set()"


def test_the_page_that_links_lead_to_has_no_credentials_in_it() -> None:
    source = AlertmanagerSource(name="am", members=("https://mei:s3cret@am/prefix/",))
    assert watched_cluster(source).page == "https://am/prefix"
