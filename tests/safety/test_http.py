from __future__ import annotations

import asyncio
import errno
import gzip
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.safety.clock import SystemClock
from console.safety.http import (
    BasicAuth,
    HttpClient,
    HttpFailure,
    HttpFault,
    HttpOptions,
    curl_for,
)
from console.safety.process import run
from console.safety.secret import Secret
from console.safety.text import Raw
from tests.safety.loopback import (
    Talk,
    answer,
    dripping,
    endless,
    reset_in_the_body,
    saying,
    serving,
    silent,
)

PATIENT = HttpOptions(max_bytes=100_000)
QUICK = HttpOptions(timeout_s=0.4, max_bytes=100_000)


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


GZIP = "Content-Encoding: gzip"


def gzipped(body: bytes, header: str = GZIP) -> bytes:
    return answer(gzip.compress(body), "200 OK", header)


async def test_an_answer_comes_with_status_headers_body_and_its_time(client: HttpClient) -> None:
    async with serving(saying(answer(b'{"a":1}', "503 Down", "X-Who: \x1b[2J"))) as server:
        got = await client.get(server.url("/x?b=2"), PATIENT, params=(("query", 'up{a="ü"}'),))
    assert got.status == 503
    assert got.body == b'{"a":1}'
    assert got.header("x-WHO") == Raw("\x1b[2J")
    assert got.header("x-missing") is None
    assert got.took_s > 0
    assert got.certificate_expires is None
    assert server.heads[0].startswith(b"GET /x?b=2&query=up%7Ba%3D%22%C3%BC%22%7D HTTP/1.1\r\n")


FAULTS: list[tuple[str, Talk, HttpFault]] = [
    ("silence", silent, HttpFault.TIMEOUT),
    ("header drip", dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), HttpFault.TIMEOUT),
    (
        "body drip",
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", b"x"),
        HttpFault.TIMEOUT,
    ),
    ("100 for ever", dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), HttpFault.TIMEOUT),
    ("endless body", endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), HttpFault.TOO_BIG),
    ("endless header", endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 999), HttpFault.PROTOCOL),
    ("too big", saying(answer(b"x" * 100_001)), HttpFault.TOO_BIG),
    (
        "promised too big",
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        HttpFault.TOO_BIG,
    ),
    ("gzip bomb", saying(gzipped(b"\0" * 200_000_000)), HttpFault.TOO_BIG),
    ("lying gzip", saying(answer(b"plain", "200 OK", GZIP)), HttpFault.ENCODING),
    ("gzip cut", saying(answer(gzip.compress(b"x" * 999)[:-9], "200 OK", GZIP)),
     HttpFault.ENCODING),
    ("garbage after gzip", saying(answer(gzip.compress(b"x") + b"junk", "200 OK", GZIP)),
     HttpFault.ENCODING),
    ("nested", saying(gzipped(gzip.compress(b"x"), "Content-Encoding: gzip, gzip")),
     HttpFault.ENCODING),
    ("nested in two headers", saying(
        gzipped(gzip.compress(b"x"), "Content-Encoding: gzip\r\nContent-Encoding: gzip")
    ), HttpFault.ENCODING),
    ("brotli", saying(answer(b"x", "200 OK", "Content-Encoding: br")), HttpFault.ENCODING),
    ("deflate", saying(answer(zlib.compress(b"x"), "200 OK", "Content-Encoding: deflate")),
     HttpFault.ENCODING),
    ("cut length", saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxy", close=True),
     HttpFault.PROTOCOL),
    ("cut chunk", saying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", close=True
    ), HttpFault.PROTOCOL),
    ("bad chunk", saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
     HttpFault.PROTOCOL),
    ("two lengths", saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
     HttpFault.PROTOCOL),
    ("no HTTP", saying(b"SSH-2.0-OpenSSH_9.2\r\n\x1b[2J\r\n\r\n"), HttpFault.PROTOCOL),
    ("hangs up", saying(b"", close=True), HttpFault.RESET),
    ("reset", reset_in_the_body, HttpFault.RESET),
]  # fmt: skip


@pytest.mark.parametrize(
    ("talk", "kind"), [each[1:] for each in FAULTS], ids=[f[0] for f in FAULTS]
)
async def test_a_server_s_fault_is_named_and_nothing_is_left_behind(
    talk: Talk, kind: HttpFault, client: HttpClient
) -> None:
    options = QUICK if kind is HttpFault.TIMEOUT else PATIENT
    async with serving(talk) as server:
        with pytest.raises(HttpFailure) as caught:
            await client.get(server.url(), options)
    failure = caught.value
    assert failure.kind is kind
    assert failure.message.isprintable()
    assert failure.detail.isprintable()
    async with serving(saying(answer(b"alive"))) as server:
        assert (await client.get(server.url(), PATIENT)).body == b"alive"


async def test_gzip_is_read_also_in_several_members(client: HttpClient) -> None:
    body = gzip.compress(b"a" * 50_000) + gzip.compress(b"b")
    async with serving(saying(answer(body, "200 OK", "Content-Encoding: x-gzip"))) as server:
        assert (await client.get(server.url(), PATIENT)).body == b"a" * 50_000 + b"b"
    async with serving(saying(gzipped(b"x" * 100_000))) as server:
        assert (await client.get(server.url(), PATIENT)).body == b"x" * 100_000


async def test_a_refused_port_and_an_unknown_name_are_told_apart(client: HttpClient) -> None:
    async with serving(silent) as server:
        port = server.port
    with pytest.raises(HttpFailure, match=f"refused the connection at 127.0.0.1:{port}") as refused:
        await client.get(f"http://127.0.0.1:{port}/", PATIENT)
    assert refused.value.kind is HttpFault.REFUSED


async def test_a_body_of_a_status_that_is_not_wanted_is_kept_short(client: HttpClient) -> None:
    async with serving(saying(answer(b"x" * 200_000, "502 Bad"))) as server:
        got = await client.get(server.url(), PATIENT, accept_status={200})
    assert (got.status, got.body) == (502, b"x" * 4096)


def redirecting(location: str) -> Talk:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith((b"GET /end", b"HEAD /end")):
            writer.write(answer(b"" if head.startswith(b"HEAD") else b"end"))
        else:
            writer.write(answer(b"", "302 Found", f"Location: {location}"))

    return talk


FOLLOW = HttpOptions(timeout_s=2, redirects=True, bearer=Secret("hunter2"))


async def test_a_redirect_is_an_answer_unless_following_was_asked_for(client: HttpClient) -> None:
    async with serving(redirecting("/end")) as server:
        assert (await client.get(server.url(), PATIENT)).status == 302
        got = await client.get(server.url(), FOLLOW)
        assert (got.status, got.body, got.final_url.exact) == (200, b"end", server.url("/end"))
        assert (await client.head(server.url(), FOLLOW)).status == 200
        assert (await client.post(server.url(), FOLLOW, json=b"{}")).status == 302


@pytest.mark.parametrize(
    "location",
    ["https://127.0.0.1:{port}/end", "http://localhost:{port}/end", "http://127.0.0.1:1/end",
     "//evil.example/end", "http://a:b@127.0.0.1:{port}/end", "http:////evil", "file:///etc/passwd",
     "http://169.254.169.254/latest", "/loop", "http://127.0.0.1:99999/"],
)  # fmt: skip
async def test_a_redirect_never_leads_elsewhere_and_never_for_ever(
    client: HttpClient, location: str
) -> None:
    async with serving(silent) as gone:
        port = gone.port
    async with serving(redirecting(location.format(port=port))) as server:
        with pytest.raises(HttpFailure) as caught:
            await client.get(server.url(), FOLLOW)
    assert caught.value.kind is HttpFault.REDIRECT
    assert len(server.heads) <= 4


TRICKS = [
    "", "http://", "http:///x", "http:////127.0.0.1/", "http:/127.0.0.1/", "http:127.0.0.1",
    "127.0.0.1:80", "//127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://x/",
    "javascript:alert(1)", "http://user@127.0.0.1/", "http://user:pass@127.0.0.1/",
    "http://127.0.0.1@evil/", "http://a@b@127.0.0.1/", "http://127.0.0.1\\@evil/",
    "http:\\\\127.0.0.1\\", "http://127.0.0.1 /", "http://127.0.0.1\t/",
    "http://127.0.0.1\r\nX: y/",
    "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/\x00", "http://\x1b[2J/", "http://\u202e/",
    "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://127.0.0.1:-1/", "http://[::1/",
    "http://[zz]/", "http://::1/", "http://?x", "http://#x", "http://.", "http://a..b/",
    "http://" + "a" * 300 + "/",
]  # fmt: skip
METADATA = [
    "http://169.254.169.254/", "http://169.254.169.254.:80/", "http://169.254.0.1/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://0xa9.0xfe.0xa9.0xfe/",
    "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://169.16689662/",
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[fe80::1]/",
    "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::1]/", "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/", "http://METADATA.google.internal./", "http://metadata/",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://instance-data/",
    "http://metadata.azure.internal/", "http://[fe80::1%25eth0]/",
]  # fmt: skip


@pytest.mark.parametrize("url", TRICKS)
async def test_a_tricky_address_is_refused_in_words(url: str, client: HttpClient) -> None:
    with pytest.raises(HttpFailure) as caught:
        await client.get(url, PATIENT)
    assert caught.value.kind in (HttpFault.BAD_URL, HttpFault.DNS)
    assert str(caught.value).isprintable()
    assert caught.value.url.isprintable()


@pytest.mark.parametrize("url", METADATA)
@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:1"])
async def test_a_metadata_service_is_refused_in_every_spelling(
    url: str, proxy: str | None, client: HttpClient
) -> None:
    with pytest.raises(HttpFailure) as caught:
        await client.get(url, HttpOptions(timeout_s=2, proxy=proxy))
    assert caught.value.kind in (HttpFault.FORBIDDEN_ADDRESS, HttpFault.BAD_URL)


async def test_a_name_is_looked_up_once_and_its_addresses_are_judged(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = iter(["127.0.0.1", "169.254.169.254"])

    def rebinding(host: str, port: int, *args: object, **kwargs: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(addresses), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    options = HttpOptions(timeout_s=2, keep_alive=False)
    async with serving(saying(answer(b"ok"))) as server:
        got = await client.get(server.url(host="rebind.example"), options)
        assert got.body == b"ok"
        with pytest.raises(HttpFailure, match=r"169\.254\.169\.254") as caught:
            await client.get(server.url(host="rebind.example"), options)
    assert caught.value.kind is HttpFault.FORBIDDEN_ADDRESS


async def test_a_listed_metadata_address_is_allowed(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def local(host: str, port: int, *args: object, **kwargs: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", local)
    async with serving(saying(answer(b"ok"))) as server:
        options = HttpOptions(timeout_s=2, allow_addresses=("metadata",))
        assert (await client.get(server.url(host="metadata"), options)).body == b"ok"


async def test_credentials_are_sent_and_the_environment_is_not_asked(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc password netrc")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with serving(saying(answer(b"", "200 OK", "Set-Cookie: a=b"))) as server:
        await client.get(server.url(), PATIENT)
        basic = HttpOptions(basic=BasicAuth("kai", Secret("hunter2")))
        await client.get(server.url(), basic)
        headers = (("X-Scope-OrgID", "team-a"), ("X-Key", Secret("hunter2")))
        await client.get(server.url(), HttpOptions(bearer=Secret("t"), headers=headers))
        await client.post(server.url(), PATIENT, form=(("query", "up & down"),))
    plain, with_basic, with_bearer, posted = server.heads[:4]
    assert b"authorization" not in plain.lower()
    assert b"Authorization: Basic a2FpOmh1bnRlcjI=\r\n" in with_basic
    assert b"Authorization: Bearer t\r\n" in with_bearer
    assert b"X-Scope-OrgID: team-a\r\nX-Key: hunter2\r\n" in with_bearer
    assert b"application/x-www-form-urlencoded" in posted
    assert not any(b"cookie" in head.lower() for head in server.heads)


@pytest.mark.parametrize("value", ["hunter2\r\nX: y", "hunter2\u4e2d", "hunter2\x00"])
async def test_a_header_that_can_not_be_sent_is_refused_without_showing_it(
    client: HttpClient, value: str
) -> None:
    async with serving(saying(answer())) as server:
        with pytest.raises(HttpFailure) as caught:
            await client.get(server.url(), HttpOptions(timeout_s=2, bearer=Secret(value)))
    assert caught.value.kind is HttpFault.BAD_URL
    assert "hunter2" not in f"{caught.value} {caught.value.detail} {caught.value.__cause__}"
    assert server.heads == []


async def test_a_proxy_that_is_set_is_used(client: HttpClient) -> None:
    async with serving(saying(answer(b"by way of"))) as proxy:
        auth = BasicAuth("kai", Secret("hunter2"))
        options = HttpOptions(timeout_s=2, proxy=proxy.url(""), proxy_auth=auth)
        assert (await client.get("http://inside.example/x", options)).body == b"by way of"
        assert proxy.heads[0].startswith(b"GET http://inside.example/x HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic a2FpOmh1bnRlcjI=" in proxy.heads[0]
    with pytest.raises(HttpFailure) as caught:
        await client.get("http://inside.example/x", HttpOptions(proxy=proxy.url("")))
    assert caught.value.kind is HttpFault.PROXY
    async with serving(saying(answer(b"", "407 Who are you"))) as proxy:
        with pytest.raises(HttpFailure, match="407") as caught:
            await client.get("https://inside.example/x", HttpOptions(proxy=proxy.url("")))
    assert caught.value.kind is HttpFault.PROXY


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "proxy:3128", "http://u:p@proxy:1"])
async def test_a_proxy_s_address_that_can_not_be_used_is_said(
    client: HttpClient, proxy: str
) -> None:
    with pytest.raises(HttpFailure, match="the proxy's") as caught:
        await client.get("http://inside.example/x", HttpOptions(proxy=proxy))
    assert caught.value.kind is HttpFault.PROXY


async def test_the_next_address_of_a_name_is_tried(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(host: str, port: int, *args: object, **kwargs: object) -> object:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.3", "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    async with serving(saying(answer(b"ok"))) as server:
        assert (await client.get(server.url(host="two.example"), PATIENT)).body == b"ok"
        assert await client.tcp_connect("two.example", server.port, 5) > 0


async def test_a_header_of_the_settings_takes_the_place_of_ours(client: HttpClient) -> None:
    async with serving(saying(answer())) as server:
        await client.get(server.url(), HttpOptions(headers=(("accept", "text/plain"),)))
    assert server.heads[0].lower().count(b"accept:") == 1
    assert b"accept: text/plain" in server.heads[0]


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EHOSTUNREACH, HttpFault.UNREACHABLE, "no route to the host"),
        (errno.ENETUNREACH, HttpFault.UNREACHABLE, "no route to the network"),
        (errno.ETIMEDOUT, HttpFault.TIMEOUT, "no sign of life"),
        (errno.ECONNRESET, HttpFault.RESET, "reset the connection"),
        (errno.EMFILE, HttpFault.LOCAL, "Too many open files"),
    ],
)
async def test_what_the_network_says_is_put_in_words(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, number: int, kind: HttpFault, words: str
) -> None:
    async def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refuse)
    for attempt in (client.get("http://127.0.0.1:1/"), client.tcp_connect("127.0.0.1", 1, 2)):
        with pytest.raises(HttpFailure, match=words) as caught:
            await attempt
        assert caught.value.kind is kind


async def test_a_kept_connection_that_the_server_closes_is_no_failure(client: HttpClient) -> None:
    closed = False

    async def once_each(head: bytes, writer: asyncio.StreamWriter) -> None:
        # Answers the first request of a connection, and hangs up on the second.
        nonlocal closed
        if b"/second" in head and not closed:
            closed = True
            writer.transport.abort()
            return
        writer.write(answer(b"ok"))

    async with serving(once_each) as server:
        assert (await client.get(server.url("/first"), PATIENT)).body == b"ok"
        assert (await client.get(server.url("/second"), PATIENT)).body == b"ok"
        assert closed
        assert server.connections == 2


async def test_waiting_for_a_slot_is_never_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.safety.http.slots.PATIENCE_S", 60.0)
    client = HttpClient(SystemClock(), slots=1)
    async with serving(silent) as hanging, serving(saying(answer(b"ok"))) as living:
        first = asyncio.create_task(client.get(hanging.url(), HttpOptions(timeout_s=0.6)))
        second = asyncio.create_task(client.get(living.url(), HttpOptions(timeout_s=0.3)))
        assert (await second).body == b"ok"
        with pytest.raises(HttpFailure):
            await first
    await client.aclose()


async def test_targets_that_hang_do_not_starve_those_that_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.safety.http.slots.PATIENCE_S", 0.01)
    client = HttpClient(SystemClock(), slots=2, doubtful_slots=1)
    options = HttpOptions(timeout_s=60)
    async with serving(silent) as hanging, serving(saying(answer(b"ok"))) as living:
        stuck = [
            asyncio.create_task(client.get(hanging.url(f"/{number}"), options))
            for number in range(30)
        ]
        await asyncio.sleep(0)
        assert (await client.get(living.url(), options)).body == b"ok"
        assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
    await client.aclose()


async def test_what_failed_last_time_waits_in_a_lane_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.safety.http.slots.PATIENCE_S", 60.0)
    client = HttpClient(SystemClock(), slots=2, doubtful_slots=1)
    async with serving(silent) as hanging, serving(saying(answer(b"ok"))) as living:
        urls = [hanging.url(f"/{number}") for number in range(4)]
        tries = (client.get(url, HttpOptions(timeout_s=0.05)) for url in urls)
        await asyncio.gather(*tries, return_exceptions=True)
        stuck = [asyncio.create_task(client.get(url, HttpOptions(timeout_s=60))) for url in urls]
        await asyncio.sleep(0)
        assert (await client.get(living.url(), PATIENT)).body == b"ok"
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
    await client.aclose()


async def test_a_connect_is_timed_or_refused(client: HttpClient) -> None:
    async with serving(silent) as server:
        assert await client.tcp_connect("127.0.0.1", server.port, 2) > 0
    with pytest.raises(HttpFailure) as caught:
        await client.tcp_connect("127.0.0.1", server.port, 2)
    assert caught.value.kind is HttpFault.REFUSED
    with pytest.raises(HttpFailure) as caught:
        await client.tcp_connect("169.254.169.254", 80, 2)
    assert caught.value.kind is HttpFault.FORBIDDEN_ADDRESS


async def test_the_curl_command_repeats_the_request() -> None:
    options = HttpOptions(
        headers=(("X-Scope-OrgID", "team $(id) 'a'"), ("X-Key", Secret("hunter2"))),
        basic=BasicAuth("kai", Secret("hunter2")),
        timeout_s=5,
        redirects=True,
    )
    async with serving(saying(answer(b"ok"))) as server:
        url = server.url('/a b?q=up{x="\'y"}&z=\x1b[2J\u4e2d`id`')
        command = curl_for(url, options)
        env = {"PATH": "/usr/bin:/bin", "ONCALL_PASSWORD": "p w", "ONCALL_HEADER": "h"}
        result = await run(["sh", "-c", command], timeout_s=10, env=env)
        assert result.stdout == b"ok", result.stderr
    assert command.isascii()
    assert command.isprintable()
    assert "hunter2" not in command
    head = server.heads[0]
    assert head.startswith(b"GET /a%20b?q=up{x=%22%27y%22}&z=%1B[2J%E4%B8%AD%60id%60 HTTP/1.1\r\n")
    assert b"Authorization: Basic a2FpOnAgdw==\r\n" in head
    assert b"X-Scope-OrgID: team $(id) 'a'\r\nX-Key: h\r\n" in head


def test_the_curl_command_says_everything_and_no_secret() -> None:
    from console.safety.http import TlsOptions

    options = HttpOptions(
        bearer=Secret("hunter2"),
        tls=TlsOptions(
            ca_file="/etc/my ca.pem", client_cert="c.pem", client_key="k.pem",
            insecure_skip_verify=True,
        ),
        proxy="http://u:hunter2@proxy:3128",
        proxy_auth=BasicAuth("u", Secret("hunter2")),
        timeout_s=2.5,
    )  # fmt: skip
    assert curl_for("https://kai:hunter2@prom/x?token=hunter2", options, method="HEAD") == (
        'curl -q -sS -g --max-time 2.5 -I -x http://proxy:3128 -U u:"$ONCALL_PROXY_PASSWORD" '
        "-k --cacert '/etc/my ca.pem' --cert c.pem --key k.pem "
        "-H \"Authorization: Bearer $ONCALL_TOKEN\" 'https://prom/x?token=***'"
    )


def test_importing_the_client_costs_no_httpx() -> None:
    code = "import sys, console.safety.http; print({'httpx', 'httpcore', 'rich'} & {*sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "set()\n"
