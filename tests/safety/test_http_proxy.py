"""`proxy:` through a proxy that really connects: plain forwarding, and CONNECT."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from config.schema import PrometheusSource, Tls
from console.model.failure import Failure, FailureKind
from console.model.reading import PrometheusReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient, HttpFailure, HttpFault, HttpOptions, TlsOptions
from console.sources.prometheus.poll import Prometheus
from tests.safety.loopback import answer, saying, serving
from tests.servers import free_port, start_prometheus


class Proxy:
    """An HTTP proxy as they are: it forwards what has a whole URL, and tunnels CONNECT."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says = b""
        """Sent in place of an answer."""
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        if self.says:
            writer.write(self.says)
            await writer.drain()
            writer.close()
            return
        parts = urlsplit(target if "://" in target else f"//{target}")
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        else:
            path = target.split(str(parts.netloc), 1)[1]
            plain = head.replace(target.encode(), path.encode(), 1)
            far_writer.write(plain.replace(b"Connection: keep-alive", b"Connection: close"))
            far_writer.write(await reader.read(65_536) if method == "POST" else b"")
            await _pump(far_reader, writer)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await source.read(65_536):
            sink.write(part)
            await sink.drain()
    sink.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    found = Proxy()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


def by(proxy: Proxy, tls: TlsOptions = TlsOptions()) -> HttpOptions:  # noqa: B008
    return HttpOptions(timeout_s=20, proxy=proxy.url, tls=tls)


async def failure_of(client: HttpClient, url: str, options: HttpOptions) -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        await client.get(url, options)
    return caught.value


async def test_http_and_https_go_through_it(
    client: HttpClient, proxy: Proxy, tmp_path: Path
) -> None:
    ca = trustme.CA()
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    trusting = by(proxy, TlsOptions(ca_file=str(path)))
    async with serving(saying(answer(b"plain"))) as server:
        assert (await client.get(server.url("/x?y=1"), by(proxy))).body == b"plain"
        assert server.heads[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert proxy.asked == [f"GET http://127.0.0.1:{server.port}/x?y=1"]
    async with serving(saying(answer(b"secure")), context) as server:
        for _ in range(2):
            got = await client.get(server.url(host="localhost", scheme="https"), trusting)
            assert got.body == b"secure"
        assert server.connections == 1
        assert proxy.asked[1:] == [f"CONNECT localhost:{server.port}"]
        # The certificate is the target's, and so are the words about it.
        failure = await failure_of(client, server.url(scheme="https"), trusting)
        assert failure.kind is HttpFault.TLS_NAME
        assert f"127.0.0.1:{server.port}" in failure.message


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("says", "words"),
    [
        (answer(b"", "407 Proxy Authentication Required"), "407"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "by way of the proxy"),
        (b"\x00\xff" * 50 + b"\r\n\r\n", "by way of the proxy"),
    ],
)
async def test_what_the_proxy_does_wrong_is_said_to_be_the_proxy_s(
    client: HttpClient, proxy: Proxy, says: bytes, words: str, scheme: str
) -> None:
    proxy.says = says
    failure = await failure_of(client, f"{scheme}://target.example/x", by(proxy))
    assert failure.kind is HttpFault.PROXY
    assert words in failure.message
    assert f"127.0.0.1:{proxy.port}" in failure.message


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_down_is_named(client: HttpClient, scheme: str) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    failure = await failure_of(client, f"{scheme}://target.example/", HttpOptions(proxy=gone))
    assert failure.kind is HttpFault.PROXY
    assert "refused the connection at" in failure.message


async def test_a_407_without_a_proxy_is_the_target_s_own_answer(client: HttpClient) -> None:
    async with serving(saying(answer(b"", "407 What"))) as server:
        assert (await client.get(server.url(), HttpOptions())).status == 407


@pytest.mark.real("prometheus")
async def test_a_source_is_polled_and_drawn_through_it_and_never_well_without_it(
    client: HttpClient, proxy: Proxy, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(start_prometheus, tmp_path)
    try:
        settings = PrometheusSource(name="p", url=server.url, proxy=proxy.url, tls=Tls())
        source = Prometheus(settings, client, SystemClock(), discover=False)
        assert not (await source.poll(0)).failed
        minute, step, now = timedelta(minutes=1), timedelta(seconds=15), datetime.now(UTC)
        drawn = await source.range("vector(1)", now - minute, now, step)
        assert not isinstance(drawn, Failure)
        assert any("query_range" in each for each in proxy.asked)
        for says in (
            answer(b"", "407 Who are you"),
            b"garbage\r\n\r\n",
            answer(b"", "502 Bad Gateway"),
            answer(b"<html>please log in</html>"),
        ):
            proxy.says = says
            found = await source.poll(0)
            assert _failure(found), says
        proxy.says = answer(b"", "407 Who are you")
        failure = _failure(await source.poll(0))
        assert failure is not None
        assert failure.kind is FailureKind.UNREACHABLE
        assert "proxy" in failure.cause
        assert "proxy" in failure.remedy
        proxy.says = b""
        assert not (await source.poll(0)).failed
    finally:
        await asyncio.to_thread(server.end)


def _failure(reading: PrometheusReading) -> Failure | None:
    return reading.alerts if isinstance(reading.alerts, Failure) else None
