"""What stands between httpx and the network. Imports httpx, so it is imported late."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpcore
import httpx

from console.safety.http.address import NEXT_ADDRESS_S, require_allowed, resolve
from console.safety.http.failure import ATTEMPT
from console.safety.http.options import HttpOptions
from console.safety.http.stream import TunnelStream
from console.safety.http.tunnel import Tunnel, through

KEPT_CONNECTIONS: Final = 20
KEPT_S: Final = 55.0
"""Longer than the usual interval of a source, shorter than the idle time of usual servers."""


def client_for(
    options: HttpOptions, context: ssl.SSLContext, tunnel: Tunnel | None = None
) -> httpx.AsyncClient:
    """A client whose connections are all made as `options` say, and nothing else decides."""
    backend = _JudgedBackend(options, tunnel)
    kept = KEPT_CONNECTIONS if options.keep_alive else 0
    pool: httpcore.AsyncConnectionPool
    if options.proxy is None:
        pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=KEPT_S,
            network_backend=backend,
        )
    else:
        user = options.proxy_auth
        pool = httpcore.AsyncHTTPProxy(
            proxy_url=options.proxy,
            proxy_auth=(user.user, user.password.reveal()) if user else None,
            ssl_context=context,
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=KEPT_S,
            network_backend=backend,
        )
    return httpx.AsyncClient(
        transport=_Transport(pool, options.allow_addresses),
        trust_env=False,
        follow_redirects=False,
        timeout=None,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


class _JudgedBackend(httpcore.AsyncNetworkBackend):
    """Resolves once, judges every address, and connects to one that was judged.

    By way of a host names are looked up there, so that only what is written can be judged.
    """

    def __init__(self, options: HttpOptions, tunnel: Tunnel | None) -> None:
        self._allowed = options.allow_addresses
        self._via = options.via
        self._tunnel = tunnel
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        attempt = ATTEMPT.get()
        attempt.connected = True
        if self._via:
            require_allowed(host, self._allowed, attempt.url)
            far = await through(self._tunnel, self._via, host, port, attempt)
            tunnelled = await TunnelStream.over(far)
            attempt.doing = "waiting for the answer"
            return tunnelled
        attempt.doing = "looking up the name"
        addresses = await resolve(host, port, self._allowed, attempt.url)
        attempt.doing = "connecting"
        *others, last = addresses
        for address in others:
            try:
                stream = await self._inner.connect_tcp(address, port, NEXT_ADDRESS_S)
                break
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        else:
            stream = await self._inner.connect_tcp(last, port, timeout)
        attempt.doing = "waiting for the answer"
        return stream


class _Transport(httpx.AsyncBaseTransport):
    """httpx's own transport has no door for a network backend; this is that one with it."""

    def __init__(self, pool: httpcore.AsyncConnectionPool, allowed: tuple[str, ...]) -> None:
        self._pool = pool
        self._allowed = allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        # Judged here for proxies, which look the name up themselves.
        require_allowed(url.raw_host.decode("ascii"), self._allowed, str(url))
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(response.stream, AsyncIterable)
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, parts: AsyncIterable[bytes]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            yield part

    async def aclose(self) -> None:
        if hasattr(self._parts, "aclose"):
            await self._parts.aclose()
