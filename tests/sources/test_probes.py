"""Health checks: a no is told apart from no answer, and green needs a proof."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from config.schema import HealthSource
from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.probes.decode import told_by
from console.sources.probes.poll import Prober
from tests.safety.loopback import Talk, answer, saying, serving
from tests.servers import free_port


def probe_of(target: str, **more: Any) -> Probe:
    usual: dict[str, Any] = {
        "service": "api",
        "kind": ProbeKind.HTTP,
        "target": target,
        "interval": timedelta(seconds=30),
        "timeout": timedelta(seconds=5),
        "json_body": True,
    }
    return Probe(**(usual | more))


async def asked(http: HttpClient, probe: Probe) -> ProbeResult:
    return (await Prober(http, SystemClock(), HealthSource()).ask(probe)).result


async def asked_of(talk: Talk, http: HttpClient, **more: Any) -> ProbeResult:
    async with serving(talk) as server:
        return await asked(http, probe_of(server.url("/health"), **more))


def healthy(content: object, status: str = "200 OK") -> Talk:
    return saying(answer(json.dumps(content).encode(), status))


async def test_a_healthy_body_tells_what_runs(http_client: HttpClient) -> None:
    content = {
        "status": "ok",
        "version": "2.14.0",
        "git_sha": "0a1b2c3",
        "build_time": "2026-11-20T10:00:00Z",
        "db": "up",
        "redis": True,
        "dependencies": {"smtp": {"healthy": False}},
    }
    result = await asked_of(healthy(content), http_client)
    assert result.verdict is Verdict.HEALTHY
    assert result.status == 200
    assert result.said.startswith("200 in ")
    assert result.said.endswith("ms, but smtp false")
    facts = result.facts
    assert [facts.status, facts.version, facts.git_sha] == [
        Raw("ok"),
        Raw("2.14.0"),
        Raw("0a1b2c3"),
    ]
    assert facts.build_time == Raw("2026-11-20T10:00:00Z")
    assert {each.name.exact: each.ok for each in facts.dependencies} == {
        "smtp": False,
        "db": True,
        "redis": True,
    }
    assert result.latency is not None and result.latency > timedelta(0)


@pytest.mark.parametrize(
    "word", ["down", "FAIL", "error", "unhealthy", "Degraded", "not ready", "out-of-service", False]
)
async def test_a_body_that_says_no_is_unhealthy_even_with_200(
    word: object, http_client: HttpClient
) -> None:
    result = await asked_of(healthy({"status": word}), http_client)
    assert result.verdict is Verdict.UNHEALTHY
    assert result.said.startswith("200, but it says ")
    assert result.failure is None


async def test_a_service_that_is_alive_may_lack_something_but_is_not_ready(
    http_client: HttpClient,
) -> None:
    content = {"status": "ok", "checks": {"db": {"status": "up"}, "redis": {"status": "down"}}}
    alive = await asked_of(healthy(content), http_client)
    ready = await asked_of(healthy(content), http_client, kind=ProbeKind.READY)
    without_word = await asked_of(healthy({"checks": content["checks"]}), http_client)
    assert [alive.verdict, ready.verdict, without_word.verdict] == [
        Verdict.HEALTHY,
        Verdict.UNHEALTHY,
        Verdict.UNHEALTHY,
    ]
    assert ready.said == "200, but redis down"


async def test_the_statuses_that_were_asked_for_are_healthy_and_no_others(
    http_client: HttpClient,
) -> None:
    moved = saying(answer(b"", "302 Found", "Location: /login"))
    page: dict[str, Any] = {"json_body": False}
    as_expected = await asked_of(moved, http_client, expect_status=(200, 302), **page)
    not_expected = await asked_of(moved, http_client, **page)
    overloaded = await asked_of(
        healthy({"status": "ok", "redis": "down"}, "503 Overloaded"),
        http_client,
        expect_status=(200, 204, 302),
    )
    assert as_expected.verdict is Verdict.HEALTHY
    assert (not_expected.verdict, not_expected.said) == (Verdict.UNHEALTHY, "302, expected 200")
    assert overloaded.verdict is Verdict.UNHEALTHY
    assert overloaded.said == "503, expected 200, 204 or 302; redis down"


async def test_a_page_needs_no_json_and_a_health_endpoint_does(http_client: HttpClient) -> None:
    page = saying(answer(b"<html>Welcome</html>"))
    assert (await asked_of(page, http_client, json_body=False)).verdict is Verdict.HEALTHY
    result = await asked_of(page, http_client)
    assert result.verdict is Verdict.NO_ANSWER
    assert result.failure is not None
    assert result.failure.kind is FailureKind.SCHEMA
    assert "an HTML page (login?)" in result.said
    assert result.failure.expected == "status 200 with a JSON body"


async def test_head_asks_for_no_body(http_client: HttpClient) -> None:
    head = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    async with serving(head) as server:
        result = await asked(http_client, probe_of(server.url(), method="HEAD"))
        assert server.heads[0].startswith(b"HEAD / ")
    assert result.verdict is Verdict.HEALTHY


async def test_an_answer_that_is_too_slow_is_unhealthy(http_client: HttpClient) -> None:
    result = await asked_of(healthy({"status": "ok"}), http_client, slow=timedelta(microseconds=1))
    assert result.verdict is Verdict.UNHEALTHY
    assert "slower than" in result.said
    assert result.too_slow


async def test_a_body_that_says_down_is_no_matter_of_time(http_client: HttpClient) -> None:
    down = healthy({"status": "down"})
    result = await asked_of(down, http_client, slow=timedelta(microseconds=1))
    assert (result.verdict, result.too_slow) == (Verdict.UNHEALTHY, False)


async def test_a_health_body_from_a_cache_proves_nothing(http_client: HttpClient) -> None:
    old = saying(answer(b'{"status":"ok"}', "200 OK", "Age: 4000"))
    result = await asked_of(old, http_client)
    assert result.verdict is Verdict.NO_ANSWER
    assert result.said == "got an answer dated 67 min ago"
    assert (await asked_of(old, http_client, json_body=False)).verdict is Verdict.HEALTHY


async def test_refused_is_a_no_and_silence_is_none(http_client: HttpClient) -> None:
    refused = await asked(http_client, probe_of(f"http://127.0.0.1:{free_port()}/"))
    assert refused.verdict is Verdict.UNHEALTHY
    assert refused.failure is None
    assert refused.said.startswith("refused the connection")

    async def hang(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    silent = await asked_of(hang, http_client, timeout=timedelta(milliseconds=100))
    assert silent.verdict is Verdict.NO_ANSWER
    assert silent.failure is not None and silent.failure.kind is FailureKind.TIMEOUT
    assert silent.failure.curl.startswith("curl ")


async def test_a_port_that_takes_connections_is_healthy(http_client: HttpClient) -> None:
    async with serving(saying(b"")) as server:
        up = await asked(http_client, probe_of(f"127.0.0.1:{server.port}", kind=ProbeKind.TCP))
    down = await asked(http_client, probe_of(f"127.0.0.1:{server.port}", kind=ProbeKind.TCP))
    assert (up.verdict, down.verdict) == (Verdict.HEALTHY, Verdict.UNHEALTHY)
    assert up.said.startswith("connected in ")


@pytest.mark.parametrize(
    ("days", "verdict", "words"),
    [
        (400, Verdict.HEALTHY, "certificate good for 399 days"),
        (9.5, Verdict.UNHEALTHY, "certificate expires in 9 days"),
        (-2.5, Verdict.UNHEALTHY, "certificate expired 2 days ago"),
    ],
)
async def test_the_days_of_a_certificate_are_counted(
    days: float, verdict: Verdict, words: str, http_client: HttpClient
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime.now(UTC) + timedelta(days=days)
    trustme.CA().issue_cert(
        "127.0.0.1", not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=end
    ).configure_cert(context)
    async with serving(saying(b""), context) as server:
        result = await asked(http_client, probe_of(f"127.0.0.1:{server.port}", kind=ProbeKind.TLS))
    assert (result.verdict, result.said) == (verdict, words)
    assert result.tls_expires is not None
    assert abs(result.tls_expires - end) < timedelta(seconds=1)


@pytest.mark.parametrize("target", ["nowhere", "host:port", "", "http://x:99999"])
async def test_a_target_that_is_none_is_no_answer(target: str, http_client: HttpClient) -> None:
    for kind in (ProbeKind.TCP, ProbeKind.HTTP, ProbeKind.COMMAND):
        result = await asked(http_client, probe_of(target, kind=kind))
        assert result.verdict is Verdict.NO_ANSWER
        assert result.failure is not None
        assert result.failure.kind is not FailureKind.INTERNAL


async def test_what_a_body_says_cannot_drive_the_terminal(http_client: HttpClient) -> None:
    content = {"status": "down", "db\x1b[2J": "x", "checks": {"\x1b]0;t\x07\u202e": "down"}}
    result = await asked_of(healthy(content), http_client)
    assert result.said.isprintable()
    assert "\u202e" not in result.said and "^[]0;t" in result.said


@pytest.mark.parametrize(
    ("body", "ok", "dependencies"),
    [
        (b'{"status":"UP","components":{"db":{"status":"DOWN"}}}', True, {"db": False}),
        (b'{"checks":{"r:t":[{"status":"pass"},{"status":"fail"}]}}', None, {"r:t": False}),
        (b'{"Status":"Healthy","entries":{"sql":{"status":"Healthy"}}}', True, {"sql": True}),
        (b'{"state":"running","dependencies":[{"name":"s3","ok":true}]}', True, {"s3": True}),
        (b'{"ok":1,"redis":{"latency":3},"db":"who knows"}', None, {"redis": None, "db": None}),
        (b'{"status":"banana"}', None, {}),
        (b'"ok"', True, {}),
        (b"false", False, {}),
    ],
)
def test_health_bodies_of_many_makers_are_read(
    body: bytes, ok: bool | None, dependencies: dict[str, bool | None]
) -> None:
    told = told_by(body, must_be_json=True)
    assert told.ok is ok
    assert {each.name.exact: each.ok for each in told.facts.dependencies} == dependencies
