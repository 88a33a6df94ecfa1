"""What is asked by way of an SSH host: through a bastion to a second one, both real."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import pytest
import trustme

from config.schema import HealthSource, PrometheusSource
from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind, Verdict
from console.safety.clock import SystemClock
from console.safety.files import make_scratch_dir, remove_scratch_dir
from console.safety.http import (
    HttpClient,
    HttpFailure,
    HttpFault,
    HttpOptions,
    TlsOptions,
    curl_for,
)
from console.safety.process import run
from console.safety.secret import Secret
from console.safety.ssh import SshFailure, SshFault, SshRoute
from console.safety.ssh.client import SshClient
from console.sources.probes.poll import Prober
from console.sources.prometheus.poll import Prometheus
from tests.safety.loopback import answer, saying, serving, silent
from tests.servers import free_port, start_prometheus
from tests.sshd import Sshd, options_for, running_sshd, start_sshd

pytestmark = pytest.mark.real("sshd")

END = datetime(2049, 1, 1, tzinfo=UTC)
VIA = HttpOptions(timeout_s=20, via="inner")
Transport = Literal["asyncssh", "openssh"]


class Net(NamedTuple):
    """A bastion, a host behind it, and the client that goes by way of them."""

    bastion: Sshd
    inner: Sshd
    client: HttpClient


@asynccontextmanager
async def networked(folder: Path, transport: Transport) -> AsyncIterator[Net]:
    bastion = start_sshd(folder / "bastion")
    inner = start_sshd(folder / "inner", identity=bastion.identity)
    ssh = SshClient(SystemClock(), options_for(bastion, inner))
    routes: dict[str, SshRoute] = {}
    by = msgspec.structs.replace(bastion.route("bastion"), transport=transport)
    routes["bastion"] = by
    routes["inner"] = msgspec.structs.replace(inner.route("inner", jump=by), transport=transport)

    async def tunnel(via: str, host: str, port: int, timeout_s: float) -> socket.socket:
        return await ssh.tunnel(routes[via], host, port, timeout_s=timeout_s)

    client = HttpClient(SystemClock(), tunnel=tunnel)
    try:
        yield Net(bastion, inner, client)
    finally:
        await client.aclose()
        await ssh.aclose()
        inner.end()
        bastion.end()


@pytest.fixture(params=["asyncssh", "openssh"])
async def net(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Net]:
    short = make_scratch_dir("oncall-")  # a socket's path has few characters
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    async with networked(tmp_path, request.param) as found:
        yield found
    remove_scratch_dir(short)


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


def served_by(ca: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name, not_after=END).configure_cert(context)
    return context


async def failure_of(net: Net, url: str, options: HttpOptions = VIA) -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        await net.client.get(url, options)
    return caught.value


async def test_a_request_goes_through_the_tunnel_and_keeps_its_connection(net: Net) -> None:
    body = b"x" * 200_000
    async with serving(saying(answer(body))) as server:
        for _ in range(3):
            assert (await net.client.get(server.url(), VIA)).body == body
        assert server.connections == 1
        once = msgspec.structs.replace(VIA, keep_alive=False)
        assert (await net.client.get(server.url(), once)).body == body
        assert server.connections == 2
        # The name is one that the far host knows.
        assert (await net.client.get(server.url(host="localhost"), VIA)).status == 200
    assert (net.bastion.connections(), net.inner.connections()) == (1, 1)


async def test_a_kept_connection_that_the_server_closes_is_no_failure(net: Net) -> None:
    async with serving(saying(answer(b"ok"), close=True)) as server:
        for _ in range(3):
            assert (await net.client.get(server.url(), VIA)).body == b"ok"


async def test_https_is_checked_against_our_own_authority_and_the_right_name(
    net: Net, ca: trustme.CA, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    trusting = msgspec.structs.replace(VIA, tls=TlsOptions(ca_file=str(path)))
    body = b"x" * 2_000_000
    large = msgspec.structs.replace(trusting, max_bytes=4_000_000)
    async with serving(saying(answer(body)), served_by(ca, "localhost")) as server:
        url = server.url(host="localhost", scheme="https")
        for _ in range(2):
            got = await net.client.get(url, large)
            assert (got.body, got.certificate_expires) == (body, END)
        assert server.connections == 1
        wrong = await failure_of(net, server.url(scheme="https"), trusting)
        assert wrong.kind is HttpFault.TLS_NAME
        named = msgspec.structs.replace(
            large, tls=TlsOptions(ca_file=str(path), server_name="localhost")
        )
        assert (await net.client.get(server.url(scheme="https"), named)).status == 200
        assert (await failure_of(net, url)).kind is HttpFault.TLS_UNTRUSTED

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "400 Bad Request"))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as spoken:
        port = spoken.sockets[0].getsockname()[1]
        failure = await failure_of(net, f"https://127.0.0.1:{port}/")
        assert failure.kind is HttpFault.TLS_OTHER


async def test_ports_and_certificates_are_looked_at_from_there(net: Net, ca: trustme.CA) -> None:
    async with serving(saying(answer()), served_by(ca, "localhost")) as server:
        assert await net.client.tcp_connect("localhost", server.port, 20, via="inner") > 0
        assert await net.client.tls_expiry("localhost", server.port, 20, via="inner") == END
        port = server.port
    with pytest.raises(HttpFailure) as caught:
        await net.client.tcp_connect("127.0.0.1", port, 20, via="inner")
    assert caught.value.kind is HttpFault.REFUSED
    assert "seen from inner" in caught.value.message


async def test_what_the_target_says_is_told_from_what_the_way_says(net: Net) -> None:
    refused = await failure_of(net, f"http://127.0.0.1:{free_port()}/")
    assert refused.kind is HttpFault.REFUSED
    unknown = await failure_of(net, "http://no-such-host.invalid/")
    assert unknown.kind is HttpFault.VIA
    assert "inner" in unknown.message
    net.inner.end()
    down = await failure_of(net, f"http://127.0.0.1:{free_port()}/")
    assert down.kind is HttpFault.VIA
    assert "by way of the host inner: " in down.message
    assert down.remedy


async def test_the_deadline_holds_for_the_tunnel_too(net: Net) -> None:
    async with serving(silent) as server:
        quick = msgspec.structs.replace(VIA, timeout_s=1.0)
        assert (await failure_of(net, server.url(), quick)).kind is HttpFault.TIMEOUT
        net.bastion.freeze()
        assert (await failure_of(net, server.url(), quick)).kind is HttpFault.TIMEOUT
        net.bastion.thaw()


async def test_a_bastion_that_dies_is_no_answer_and_heals(net: Net, tmp_path: Path) -> None:
    began = asyncio.Event()

    async def hanging(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
        await writer.drain()
        began.set()
        await asyncio.Event().wait()

    async with serving(hanging) as server:
        asking = asyncio.create_task(failure_of(net, server.url()))
        await began.wait()
        net.bastion.drop()
        assert (await asking).kind in (HttpFault.RESET, HttpFault.PROTOCOL, HttpFault.VIA)
    async with serving(saying(answer(b"ok"))) as server:
        net.bastion.end()
        assert (await failure_of(net, server.url())).kind is HttpFault.VIA
        with running_sshd(
            tmp_path / "again",
            port=net.bastion.port,
            identity=net.bastion.identity,
            host_key=net.bastion.host_key,
        ):
            assert (await net.client.get(server.url(), VIA)).body == b"ok"


def probe(kind: ProbeKind, target: str, via: str = "inner") -> Probe:
    return Probe(
        service="s",
        kind=kind,
        target=target,
        interval=timedelta(seconds=30),
        timeout=timedelta(seconds=20),
        via=via,
    )


async def test_probes_go_the_same_way_and_only_the_service_s_own_no_is_a_no(
    net: Net, ca: trustme.CA
) -> None:
    prober = Prober(net.client, SystemClock(), HealthSource())
    async with (
        serving(saying(answer(b"{}"))) as server,
        serving(saying(answer()), served_by(ca, "x")) as secure,
    ):
        address = f"127.0.0.1:{server.port}"
        for asked in (
            probe(ProbeKind.HTTP, server.url()),
            probe(ProbeKind.TCP, address),
            probe(ProbeKind.TLS, f"127.0.0.1:{secure.port}"),
        ):
            assert (await prober.ask(asked)).result.verdict is Verdict.HEALTHY
    gone = probe(ProbeKind.TCP, address)
    assert (await prober.ask(gone)).result.verdict is Verdict.UNHEALTHY
    net.inner.end()
    lost = (await prober.ask(gone)).result
    assert lost.verdict is Verdict.NO_ANSWER
    assert lost.failure is not None
    assert lost.failure.kind is FailureKind.UNREACHABLE
    assert "inner" in lost.failure.cause


@pytest.mark.real("prometheus")
async def test_a_prometheus_behind_it_is_polled_and_drawn(net: Net, tmp_path: Path) -> None:
    folder = tmp_path / "prometheus"
    folder.mkdir()
    server = await asyncio.to_thread(start_prometheus, folder)
    try:
        settings = PrometheusSource(
            name="p", url=server.url, via="inner", timeout=timedelta(seconds=20)
        )
        source = Prometheus(settings, net.client, SystemClock(), discover=False)
        reading = await source.poll(0)
        assert not reading.failed
        now = datetime.now(UTC)
        drawn = await source.range(
            "vector(1)", now - timedelta(minutes=1), now, timedelta(seconds=15)
        )
        assert not hasattr(drawn, "cause")
    finally:
        await asyncio.to_thread(server.end)


async def test_a_metadata_service_is_refused_over_there_too(net: Net) -> None:
    for host in ("169.254.169.254", "metadata.google.internal", "0xa9fea9fe"):
        failure = await failure_of(net, f"http://{host}/")
        assert failure.kind is HttpFault.FORBIDDEN_ADDRESS
        with pytest.raises(HttpFailure) as caught:
            await net.client.tcp_connect(host, 80, 5, via="inner")
        assert caught.value.kind is HttpFault.FORBIDDEN_ADDRESS
    assert net.bastion.connections() == 0


async def test_a_way_that_can_not_be_gone_is_said(tmp_path: Path) -> None:
    client = HttpClient(SystemClock())
    with pytest.raises(HttpFailure, match="opens no SSH") as caught:
        await client.get("http://127.0.0.1:1/", VIA)
    assert caught.value.kind is HttpFault.SETTINGS
    with pytest.raises(HttpFailure, match="opens no SSH"):
        await client.tcp_connect("127.0.0.1", 1, 5, via="inner")
    both = msgspec.structs.replace(VIA, proxy="http://127.0.0.1:1")
    with pytest.raises(HttpFailure, match="only one way") as caught:
        await client.get("http://127.0.0.1:1/", both)
    assert caught.value.kind is HttpFault.SETTINGS

    async def nowhere(via: str, host: str, port: int, timeout_s: float) -> socket.socket:
        raise SshFailure(SshFault.SETTINGS, "there is no SSH to it", host=via, remedy="do this")

    client = HttpClient(SystemClock(), tunnel=nowhere)
    with pytest.raises(HttpFailure, match="there is no SSH to it") as caught:
        await client.get("http://127.0.0.1:1/", VIA)
    assert (caught.value.kind, caught.value.remedy) == (HttpFault.SETTINGS, "do this")


async def test_the_curl_command_goes_the_same_way(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\n[ "$1 $2" = "inner --" ] && shift 2 && exec sh -c "$*"\n')
    ssh.chmod(0o755)
    options = msgspec.structs.replace(
        VIA, bearer=Secret("hunter2"), headers=(("X-Scope-OrgID", "a 'b' $(id)"),)
    )
    async with serving(saying(answer(b"ok"))) as server:
        line = curl_for(server.url("/x?q=up{a='b'}"), options)
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ONCALL_TOKEN": "t"}
        result = await run(["sh", "-c", line], timeout_s=20, env=env)
        assert result.stdout == b"ok", result.stderr
    assert line.startswith("ssh inner -- 'curl ")
    assert "hunter2" not in line
    assert b"Authorization: Bearer t\r\n" in server.heads[0]
    assert b"X-Scope-OrgID: a 'b' $(id)\r\n" in server.heads[0]
