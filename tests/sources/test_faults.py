"""24 faults x {Prometheus, Alertmanager, health}: never a clean reading, and clean after it.

Between the console's sources and the real programs stands the proxy of `tests/faults.py`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.schema import AlertmanagerSource, HealthSource, PrometheusSource
from console.model.failure import Failure, FailureKind
from console.model.probe import Probe, ProbeKind, Verdict
from console.model.reading import AlertmanagerReading, ProbeReading, PrometheusReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.probes.poll import Prober
from console.sources.prometheus.poll import Prometheus
from console.sources.server import AT_ONCE
from tests.faults import CARRIED, FAULTS, EmptyOrPartial, OffByAnHour
from tests.proxy import Fault, FaultProxy, proxied, resolving
from tests.safety.loopback import serving, silent
from tests.servers import Program
from tests.waiting import until

DEADLINE = timedelta(milliseconds=500)
MAX_BYTES = 1024 * 1024
SENT_AT_MOST = 48 * 1024 * 1024
"""By the proxy in one poll: what the client took, and what loopback's buffers hold."""
HANGS_S = 30.0

HttpReading = AlertmanagerReading | PrometheusReading | ProbeReading
Poll = Callable[[], Awaitable[HttpReading]]


@pytest.fixture(
    params=[
        pytest.param("prometheus", marks=pytest.mark.real("prometheus", "prometheus-alertmanager")),
        pytest.param("alertmanager", marks=pytest.mark.real("prometheus-alertmanager")),
        "health",
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def upstream_port(kind: str, request: pytest.FixtureRequest) -> int:
    if kind == "health":
        port: int = request.getfixturevalue("health_server")
        return port
    program: Program = request.getfixturevalue(f"real_{kind}")
    return program.port


def poll_of(kind: str, url: str, http: HttpClient) -> Poll:
    clock = SystemClock()
    if kind == "prometheus":
        source = PrometheusSource(name="prom", url=url, timeout=DEADLINE, max_bytes=MAX_BYTES)
        prometheus = Prometheus(source, http, clock)
        return lambda: prometheus.poll(0)
    if kind == "alertmanager":
        cluster = AlertmanagerSource(
            name="am", members=(url,), timeout=DEADLINE, max_bytes=MAX_BYTES
        )
        member = AlertmanagerMember("am", url, cluster, http, clock)
        return lambda: member.poll(0)
    prober = Prober(http, clock, HealthSource(max_bytes=MAX_BYTES))
    probe = Probe(
        service="api",
        kind=ProbeKind.HTTP,
        target=f"{url}/health",
        interval=timedelta(seconds=30),
        timeout=DEADLINE,
        json_body=True,
    )
    return lambda: prober.ask(probe)


def parts_of(reading: HttpReading) -> tuple[object, ...]:
    if isinstance(reading, AlertmanagerReading):
        return (reading.alerts, reading.silences, reading.status, reading.groups)
    if isinstance(reading, PrometheusReading):
        return (reading.alerts, reading.rules, reading.targets, reading.alertmanagers)
    return (reading.result.failure,)


def failures_of(reading: HttpReading) -> list[Failure]:
    return list(reading.failures)


def is_clean(reading: HttpReading) -> bool:
    """Whether the reading gives a claim of green all that it needs."""
    if isinstance(reading, ProbeReading):
        return reading.result.verdict is Verdict.HEALTHY
    if failures_of(reading) or not reading.alerts or abs(reading.skew or DEADLINE * 0) >= DEADLINE:
        return False
    return not (isinstance(reading, PrometheusReading) and reading.warnings)


async def clean_reading(poll: Poll) -> HttpReading:
    """The first clean reading: a server that has just started, or a busy machine, needs a few."""
    return await until(poll, is_clean)


def assert_tells_of_failure(reading: HttpReading) -> None:
    """Every part has failed, in words that a person can use and a terminal may be sent."""
    if isinstance(reading, ProbeReading):
        result = reading.result
        assert result.verdict in (Verdict.UNHEALTHY, Verdict.NO_ANSWER)
        assert result.said and result.said.isprintable()
        assert (result.verdict is Verdict.NO_ANSWER) == (result.failure is not None)
    else:
        assert all(isinstance(part, Failure) for part in parts_of(reading)), parts_of(reading)
    for failure in failures_of(reading):
        for text in (failure.cause, failure.expected, failure.remedy, failure.curl):
            assert text and text.isprintable() and text.isascii()
        assert failure.kind is not FailureKind.INTERNAL, failure.cause
        assert failure.retry_after_s is None or 0 < failure.retry_after_s <= 300
        assert failure.curl.startswith("curl ")


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_never_gives_a_clean_reading_and_heals(
    name: str,
    kind: str,
    upstream_port: int,
    http_client: HttpClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forms = FAULTS[name]
    async with proxied(upstream_port, scheme=forms[0].scheme) as proxy:
        monkeypatch.setattr(socket, "getaddrinfo", resolving(proxy, socket.getaddrinfo))
        trust(proxy, tmp_path, monkeypatch)
        poll = poll_of(kind, proxy.url, http_client)
        good = await clean_reading(poll)
        for form in forms:
            await proxy.suffer(form)
            async with asyncio.timeout(HANGS_S):
                reading = await poll()
            assert proxy.sent < SENT_AT_MOST
            if name in CARRIED and not isinstance(reading, ProbeReading):
                assert_carried(form, reading, good)
            else:
                assert_tells_of_failure(reading)
            await proxy.heal()
            assert is_clean(await clean_reading(poll))


@pytest.mark.parametrize("of", ["prometheus", "alertmanager"])
async def test_a_server_that_hangs_is_waited_for_once_and_not_once_for_each_part(
    of: str, http_client: HttpClient
) -> None:
    async with serving(silent) as server:
        reading = await poll_of(of, server.url(""), http_client)()
        connections = server.connections
    assert_tells_of_failure(reading)
    assert {failure.kind for failure in failures_of(reading)} == {FailureKind.TIMEOUT}
    # Of the parts that wait for their turn one may have got it at the very end.
    assert AT_ONCE <= connections <= AT_ONCE + 1


def trust(proxy: FaultProxy, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine trust the proxy's authority, as one does by installing it."""
    file = folder / "authority.pem"
    proxy.ca.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def assert_carried(
    form: Fault, reading: AlertmanagerReading | PrometheusReading, good: HttpReading
) -> None:
    """The server's own word is passed on, with what is needed to doubt it."""
    assert not failures_of(reading) or isinstance(form, EmptyOrPartial)
    if isinstance(form, OffByAnHour):
        assert reading.skew is not None
        assert abs(reading.skew - form.by) < timedelta(minutes=1)
        assert isinstance(reading, type(good)) and isinstance(reading.alerts, tuple)
        if isinstance(reading, AlertmanagerReading):
            moved = [each.replace(microsecond=0) + form.by for each in started(good)]
            assert [each.replace(microsecond=0) for each in started(reading)] == moved
    elif isinstance(reading, PrometheusReading):
        assert [warning.exact for warning in reading.warnings] == [EmptyOrPartial.WARNING]
        assert reading.alerts
    else:
        assert (reading.alerts, reading.silences) == ((), ())
        assert isinstance(reading.status, Failure)
    assert not is_clean(reading)


def started(reading: HttpReading) -> list[datetime]:
    assert isinstance(reading, AlertmanagerReading) and isinstance(reading.alerts, tuple)
    return sorted(alert.starts_at for alert in reading.alerts)


def test_there_are_24_faults() -> None:
    assert len(FAULTS) == 24
