from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from console.demo.fleet import DemoFleet
from console.demo.inventory import SERVICES
from console.demo.serve import start_demo
from console.demo.server import LOOPBACK, HttpListener, Listener
from console.demo.settings import Endpoints
from console.demo.wire import Answer, Request
from console.safety.clock import ManualClock, SystemClock

from .demo_world import START


@contextlib.asynccontextmanager
async def running(
    scenario: str, clock: ManualClock
) -> AsyncIterator[tuple[DemoFleet, Endpoints, httpx.AsyncClient]]:
    fleet = DemoFleet(scenario, clock=clock)
    endpoints = await fleet.start()
    trust = ssl.create_default_context(cafile=str(endpoints.ca))
    async with httpx.AsyncClient(trust_env=False, timeout=5, verify=trust) as client:
        try:
            yield fleet, endpoints, client
        finally:
            await fleet.stop()


def refuses(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex((LOOPBACK, port)) != 0


async def driven(client: httpx.AsyncClient, clock: ManualClock, url: str) -> httpx.Response:
    """The answer to GET from a service that takes its time."""
    asked = asyncio.ensure_future(client.get(url))
    while not asked.done():
        clock.advance(0.5)
        await asyncio.sleep(0)
    return asked.result()


async def test_every_service_answers_on_its_own_port_on_a_calm_day() -> None:
    clock = ManualClock(START)
    async with running("calm", clock) as (_, endpoints, client):
        assert len({port for _, port in endpoints.ports}) == len(SERVICES)
        for service in SERVICES:
            if service.health is None:
                assert not refuses(endpoints.port_of(service.name))
                continue
            for path in (service.health, service.ready):
                if path is not None:
                    answer = await client.get(endpoints.url_of(service.name) + path)
                    assert answer.status_code in service.expect, (service.name, path)


async def test_a_port_is_closed_while_its_service_is_down_and_the_same_one_after() -> None:
    clock = ManualClock(START)
    async with running("redis-down", clock) as (fleet, endpoints, client):
        port = endpoints.port_of("redis")
        assert refuses(port)
        ready = await driven(client, clock, endpoints.url_of("api") + "/ready")
        assert (ready.status_code, ready.json()["redis"]) == (503, "connection refused")
        fleet.world.restore("redis")
        await fleet.follow()
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"+PONG\r\n"
        writer.close()
        ready = await driven(client, clock, endpoints.url_of("api") + "/ready")
        assert (ready.status_code, ready.json()["redis"]) == (200, "ok")


async def test_a_source_goes_and_comes_back_when_the_script_says_so() -> None:
    clock = ManualClock(START)
    async with running("source-lost", clock) as (fleet, endpoints, client):
        url = endpoints.url_of("prometheus-edge")
        assert (await client.get(url + "/-/healthy")).status_code == 200
        for at_s, is_there in ((61, False), (421, True)):
            clock.advance(at_s - fleet.world.now_s())
            await fleet.follow()
            assert refuses(endpoints.port_of("prometheus-edge")) is not is_there
        assert (await client.get(url + "/-/ready")).status_code == 200


async def test_the_script_is_followed_without_being_asked() -> None:
    clock = ManualClock(START)
    async with running("source-lost", clock) as (_, endpoints, _client):
        reader, writer = await asyncio.open_connection(
            LOOPBACK, endpoints.port_of("prometheus-edge")
        )
        await asyncio.sleep(0)
        clock.advance(60.1)
        assert await reader.read() == b""  # the server hung up on those who were connected
        writer.close()


async def test_an_answer_is_held_back_as_long_as_the_service_is_slow() -> None:
    clock = ManualClock(START)
    async with running("redis-down", clock) as (_, endpoints, client):
        asked = asyncio.ensure_future(client.get(endpoints.url_of("api") + "/api/v1/health"))
        other = await client.get(endpoints.url_of("cart") + "/health")
        assert other.status_code == 200
        assert not asked.done()
        while not asked.done():
            clock.advance(0.5)
            await asyncio.sleep(0)
        assert asked.result().status_code == 200


async def test_the_date_header_is_the_worlds_clock() -> None:
    async with running("calm", ManualClock(START)) as (_, endpoints, client):
        answer = await client.get(endpoints.alertmanager[0] + "/-/healthy")
        assert answer.headers["date"] == "Sun, 22 Nov 2026 03:16:42 GMT"


async def test_queries_can_be_posted_as_a_form() -> None:
    async with running("redis-down", ManualClock(START)) as (_, endpoints, client):
        url = endpoints.prometheus[0][1] + "/api/v1/query"
        answer = await client.post(url, data={"query": "redis_up == 0"})
        assert len(answer.json()["data"]["result"]) == 1
        refused = await client.put(url)
        assert refused.status_code == 405


async def test_pages_and_endpoints_do_as_the_edge_prometheus_measures() -> None:
    clock = ManualClock(START)
    async with running("bad-deploy", clock) as (fleet, endpoints, client):

        async def status(service: str, path: str) -> int:
            return (await driven(client, clock, endpoints.url_of(service) + path)).status_code

        assert await status("api", "/api/v1/products") == 200
        assert await status("storefront", "/account") == 302
        assert (await client.get(endpoints.url_of("api") + "/api/v1/orders")).status_code == 405
        clock.advance(170 - fleet.world.now_s())
        assert await status("api", "/api/v1/products") == 500


async def test_what_is_not_http_is_told_so_and_the_server_lives_on() -> None:
    async def spoken(port: int, text: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(text)
        writer.write_eof()
        said = await reader.read()
        writer.close()
        return said

    def handler(request: Request) -> Answer:
        return Answer(200, request.body, "text/plain")

    listener = HttpListener(handler, SystemClock(), lambda: START)
    await listener.open()
    try:
        assert b" 400 " in await spoken(listener.port, b"nonsense\r\n\r\n")
        assert b" 400 " in await spoken(listener.port, b"GET / HTTP/1.1\r\nHost: x\r\n")
        two = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok" * 2
        said = await spoken(listener.port, two)
        assert said.count(b"200") == 2
        head = await spoken(listener.port, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert head.endswith(b"\r\n\r\n")
    finally:
        await listener.release()


async def test_a_port_that_is_taken_is_an_error_and_nothing_stays_open() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            Listener(port)
        fleet = DemoFleet("calm", clock=ManualClock(START), base_port=port - 3)
        with pytest.raises(OSError, match="in use"):
            await fleet.start()
    assert all(refuses(port - back) for back in (1, 2, 3))


def test_a_demo_in_a_thread_leaves_nothing_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    demo = start_demo("redis-down")
    started = {one.name for one in set(threading.enumerate()) - before}
    # Its loop may keep threads for what would block; they end with it.
    assert {name for name in started if not name.startswith("asyncio_")} == {"oncall demo"}
    folder = demo.settings_dir
    assert (folder / "oncall.yaml").is_file()
    assert folder.stat().st_mode & 0o777 == 0o700
    url = demo.endpoints.alertmanager[0]
    assert httpx.get(url + "/-/ready", trust_env=False).text == "OK"
    assert demo.restore("redis") is True
    assert demo.restore("redis") is False
    demo.stop()
    demo.stop()
    assert set(threading.enumerate()) <= before
    assert not folder.exists()
    assert all(refuses(port) for _, port in demo.endpoints.ports)
    kept = start_demo("calm", settings_dir=tmp_path / "settings")
    kept.stop()
    assert (tmp_path / "settings" / "services.yaml").is_file()


def test_a_demo_that_cannot_start_says_why_to_who_asked(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with pytest.raises(KeyError, match="alert-storm"):
        start_demo("storm")
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="file"):
        start_demo("calm", settings_dir=tmp_path / "file")
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before
