from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from console.safety.clock import SystemClock
from console.safety.http import HttpClient, HttpFailure, HttpFault, HttpOptions, TlsOptions
from tests.safety.loopback import answer, saying, serving, silent

END = datetime(2049, 5, 6, 7, 8, 9, tzinfo=UTC)
PAST = datetime(2020, 1, 2, tzinfo=UTC)
OK = saying(answer(b"ok"))


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(ca: trustme.CA, tmp_path: Path) -> HttpOptions:
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return HttpOptions(tls=TlsOptions(ca_file=str(file)))


def server_with(ca: trustme.CA, *names: str, end: datetime = END) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(
        *names, not_after=end, not_before=datetime(2019, 1, 1, tzinfo=UTC)
    ).configure_cert(context)
    return context


async def failure_of_get(client: HttpClient, url: str, options: HttpOptions) -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        await client.get(url, options)
    assert caught.value.message.isprintable()
    return caught.value


async def test_a_trusted_certificate_tells_its_end(
    client: HttpClient, ca: trustme.CA, trusting: HttpOptions
) -> None:
    async with serving(OK, server_with(ca, "127.0.0.1")) as server:
        got = await client.get(server.url(scheme="https"), trusting)
        assert (got.body, got.certificate_expires) == (b"ok", END)
        again = await client.get(server.url(scheme="https"), trusting)
        assert again.certificate_expires == END
        assert server.connections == 1


async def test_expired_wrong_name_and_untrusted_are_told_apart(
    client: HttpClient, ca: trustme.CA, trusting: HttpOptions
) -> None:
    async with serving(OK, server_with(ca, "127.0.0.1", end=PAST)) as server:
        failure = await failure_of_get(client, server.url(scheme="https"), trusting)
        assert failure.kind is HttpFault.TLS_EXPIRED
        assert "has expired" in failure.message
    async with serving(OK, server_with(ca, "other.example")) as server:
        failure = await failure_of_get(client, server.url(scheme="https"), trusting)
        assert failure.kind is HttpFault.TLS_NAME
    async with serving(OK, server_with(ca, "127.0.0.1")) as server:
        failure = await failure_of_get(client, server.url(scheme="https"), HttpOptions())
        assert failure.kind is HttpFault.TLS_UNTRUSTED


async def test_verification_is_off_only_where_it_was_asked_for(
    client: HttpClient, ca: trustme.CA
) -> None:
    blind = HttpOptions(tls=TlsOptions(insecure_skip_verify=True))
    async with serving(OK, server_with(ca, "other.example", end=PAST)) as server:
        got = await client.get(server.url(scheme="https"), blind)
        assert (got.body, got.certificate_expires) == (b"ok", PAST)
        failure = await failure_of_get(client, server.url(scheme="https"), HttpOptions())
        assert failure.kind is HttpFault.TLS_UNTRUSTED


async def test_another_name_can_be_asked_for(
    client: HttpClient, ca: trustme.CA, trusting: HttpOptions
) -> None:
    named = HttpOptions(tls=TlsOptions(ca_file=trusting.tls.ca_file, server_name="other.example"))
    async with serving(OK, server_with(ca, "other.example")) as server:
        assert (await client.get(server.url(scheme="https"), named)).body == b"ok"


async def test_the_client_shows_its_own_certificate(
    client: HttpClient, ca: trustme.CA, trusting: HttpOptions, tmp_path: Path
) -> None:
    context = server_with(ca, "127.0.0.1")
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    mine = ca.issue_cert("kai@example.org")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    mine.cert_chain_pems[0].write_to_path(str(cert))
    mine.private_key_pem.write_to_path(str(key))
    with_cert = HttpOptions(
        tls=TlsOptions(ca_file=trusting.tls.ca_file, client_cert=str(cert), client_key=str(key))
    )
    async with serving(OK, context) as server:
        assert (await client.get(server.url(scheme="https"), with_cert)).body == b"ok"
        failure = await failure_of_get(client, server.url(scheme="https"), trusting)
        assert failure.kind in (HttpFault.TLS_OTHER, HttpFault.RESET)


async def test_certificate_files_that_can_not_be_used_are_named(
    client: HttpClient, tmp_path: Path
) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    for name, words in (("missing.pem", "No such file"), ("junk.pem", "cannot be used")):
        for tls in (
            TlsOptions(ca_file=str(tmp_path / name)),
            TlsOptions(client_cert=str(tmp_path / name)),
        ):
            failure = await failure_of_get(client, "https://127.0.0.1:1/", HttpOptions(tls=tls))
            assert failure.kind is HttpFault.TLS_OTHER
            assert name in failure.message
            assert words in failure.message


async def test_plain_http_on_a_tls_port_and_the_other_way_round_are_said(
    client: HttpClient, ca: trustme.CA
) -> None:
    def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "400 Bad Request"))

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        failure = await failure_of_get(client, f"https://127.0.0.1:{port}/", HttpOptions())
        assert failure.kind is HttpFault.TLS_OTHER
        assert "is it http:// there?" in failure.message
    async with serving(OK, server_with(ca, "127.0.0.1")) as server:
        failure = await failure_of_get(client, server.url(), HttpOptions())
        assert failure.kind in (HttpFault.RESET, HttpFault.PROTOCOL)


async def test_the_end_of_any_certificate_can_be_read(client: HttpClient, ca: trustme.CA) -> None:
    for end in (END, PAST):
        async with serving(silent, server_with(ca, "other.example", end=end)) as server:
            assert await client.tls_expiry("127.0.0.1", server.port, 5) == end
            assert await client.tls_expiry("127.0.0.1", server.port, 5, "other.example") == end
    with pytest.raises(HttpFailure) as caught:
        await client.tls_expiry("127.0.0.1", server.port, 5)
    assert caught.value.kind is HttpFault.REFUSED


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An HTTP proxy that knows CONNECT."""
    head = await reader.readuntil(b"\r\n\r\n")
    host, port = head.split()[1].decode().split(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while part := await source.read(65_536):
            sink.write(part)
            await sink.drain()
        sink.close()

    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)


async def test_tls_goes_through_a_proxy_s_tunnel_and_is_still_checked(
    client: HttpClient, ca: trustme.CA, trusting: HttpOptions
) -> None:
    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as proxy:
        address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        options = HttpOptions(tls=trusting.tls, proxy=address, keep_alive=False)
        async with serving(OK, server_with(ca, "127.0.0.1")) as server:
            got = await client.get(server.url(scheme="https"), options)
            assert (got.body, got.certificate_expires) == (b"ok", END)
        async with serving(OK, server_with(ca, "127.0.0.1", end=PAST)) as server:
            failure = await failure_of_get(client, server.url(scheme="https"), options)
            assert failure.kind is HttpFault.TLS_EXPIRED
