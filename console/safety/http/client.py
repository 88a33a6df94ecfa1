"""The client that every HTTP request, TCP connect and look at a certificate goes through."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from console.safety.clock import Clock
from console.safety.http.address import require_address
from console.safety.http.body import capped, too_big
from console.safety.http.connect import Place, connected
from console.safety.http.curl import curl_for
from console.safety.http.failure import (
    ATTEMPT,
    Attempt,
    failure_of,
    timed_out,
    wants_proxy_auth,
)
from console.safety.http.options import (
    MAX_REDIRECTS,
    HttpAnswer,
    HttpFailure,
    HttpFault,
    HttpOptions,
    TlsOptions,
)
from console.safety.http.request import (
    Params,
    headers_for,
    limited,
    peer_of,
    redirect_target,
    with_params,
)
from console.safety.http.slots import DOUBTFUL_SLOTS, SLOTS, Slots
from console.safety.http.tls import blind_context, certificate_end, context_for
from console.safety.http.tunnel import Tunnel, require_way
from console.safety.text import Raw, visible

if TYPE_CHECKING:
    import ssl

    import httpx

MAX_ERROR_BYTES: Final = 4096
"""Kept of the body of a status that the caller does not accept."""
MAX_REUSE_TRIES: Final = 3
KEPT_SERVERS: Final = 256
"""To more servers than this no connection is kept: a process may hold 1,024 files open."""
PLAIN: Final = HttpOptions()

_REDIRECTS: Final = frozenset([301, 302, 303, 307, 308])
_OUR_OWN: Final = frozenset(
    [HttpFault.BAD_URL, HttpFault.FORBIDDEN_ADDRESS, HttpFault.LOCAL, HttpFault.SETTINGS]
)


class HttpClient:
    """One for a process; it belongs to the event loop in which it is first used.

    Every method raises `HttpFailure` where no answer came, and never for a status. Time spent
    waiting for a slot counts against no deadline, so that a busy console never reads as a
    target that is down.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        slots: int = SLOTS,
        doubtful_slots: int = DOUBTFUL_SLOTS,
        tunnel: Tunnel | None = None,
        login: Callable[[str], str] | None = None,
    ) -> None:
        """
        Args:
            tunnel: makes the connections of what is asked `via` a host; else none can be.
            login: how a person logs in at that host, `ssh kai@db-3`, safe to show.
        """
        self._clock = clock
        self._tunnel = tunnel
        self._login = login
        self._slots = Slots(slots, doubtful_slots)
        self._contexts: dict[TlsOptions, ssl.SSLContext] = {}
        self._clients: dict[tuple[HttpOptions, str], httpx.AsyncClient] = {}
        self._blind: ssl.SSLContext | None = None

    def curl(self, url: str, options: HttpOptions, *, method: str = "GET") -> str:
        """The command with which a person repeats the request: `curl_for()`, by their own way."""
        login = self._login(options.via) if self._login is not None and options.via else ""
        return curl_for(url, options, method=method, login=login)

    async def get(
        self,
        url: str,
        options: HttpOptions = PLAIN,
        *,
        params: Params = (),
        max_bytes: int | None = None,
        timeout_s: float | None = None,
        accept_status: Collection[int] | None = None,
    ) -> HttpAnswer:
        """GET `url` with `params` added to its query.

        Args:
            max_bytes, timeout_s: In place of those in `options`.
            accept_status: Of an answer with another status only the first 4 KiB are kept.
        """
        url = with_params(url, params)
        options = limited(options, max_bytes, timeout_s)
        return await self._fetch("GET", url, options, b"", "", accept_status)

    async def head(
        self, url: str, options: HttpOptions = PLAIN, *, timeout_s: float | None = None
    ) -> HttpAnswer:
        """HEAD `url`."""
        return await self._fetch("HEAD", url, limited(options, None, timeout_s), b"", "", None)

    async def post(
        self,
        url: str,
        options: HttpOptions = PLAIN,
        *,
        form: Params | None = None,
        json: bytes | None = None,
        params: Params = (),
        max_bytes: int | None = None,
        timeout_s: float | None = None,
        accept_status: Collection[int] | None = None,
    ) -> HttpAnswer:
        """POST a form, or JSON that is encoded already. Never tried twice, never redirected."""
        if form is not None:
            content, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        else:
            content, kind = json or b"", "application/json"
        url = with_params(url, params)
        options = limited(options, max_bytes, timeout_s)
        return await self._fetch("POST", url, options, content, kind, accept_status)

    async def delete(
        self, url: str, options: HttpOptions = PLAIN, *, timeout_s: float | None = None
    ) -> HttpAnswer:
        """DELETE `url`. Never tried twice, never redirected."""
        return await self._fetch("DELETE", url, limited(options, None, timeout_s), b"", "", None)

    async def tcp_connect(
        self,
        host: str,
        port: int,
        timeout_s: float,
        *,
        allow_addresses: tuple[str, ...] = (),
        via: str = "",
    ) -> float:
        """Connect and hang up; the seconds that it took, the name's lookup included."""
        url = f"tcp://{host}:{port}"
        async with self._try(url, f"{host}:{port}", timeout_s) as attempt:
            began = self._clock.now().mono
            place = Place(host, port, allow_addresses, via)
            _, writer = await connected(attempt, place, self._tunnel)
            took_s = self._clock.now().mono - began
            writer.transport.abort()
        return took_s

    async def tls_expiry(
        self,
        host: str,
        port: int,
        timeout_s: float,
        server_name: str | None = None,
        *,
        allow_addresses: tuple[str, ...] = (),
        via: str = "",
    ) -> datetime:
        """When the server's certificate ends, whether or not anybody should trust it."""
        url = f"tls://{host}:{port}"
        self._blind = self._blind or blind_context()
        async with self._try(url, f"{host}:{port}", timeout_s) as attempt:
            name = server_name or host
            place = Place(host, port, allow_addresses, via)
            tls = (self._blind, name)
            _, writer = await connected(attempt, place, self._tunnel, tls)
            end = certificate_end(writer.get_extra_info("ssl_object"))
            writer.transport.abort()
        if end is None:
            raise HttpFailure(HttpFault.TLS_OTHER, f"{attempt.peer} shows no certificate", url=url)
        return end

    async def aclose(self) -> None:
        """Close every kept connection."""
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.aclose()

    async def _fetch(
        self,
        method: str,
        url: str,
        options: HttpOptions,
        content: bytes,
        content_kind: str,
        accept_status: Collection[int] | None,
    ) -> HttpAnswer:
        require_address(url)
        require_way(options, self._tunnel, url)
        headers = headers_for(options, content_kind)
        async with self._try(url, peer_of(url, options), options.timeout_s) as attempt:
            if options.proxy is not None:
                attempt.behind_proxy(peer_of(url, PLAIN))
            client = self._client(options, url)
            began = self._clock.now().mono
            for _ in range(MAX_REDIRECTS + 1):
                response = await self._sent(client, method, url, options, headers, content)
                try:
                    if attempt.proxied and response.status_code == 407:
                        raise wants_proxy_auth(attempt)
                    location = response.headers.get("location")
                    follow = options.redirects and method in ("GET", "HEAD")
                    if not follow or response.status_code not in _REDIRECTS or location is None:
                        return await self._answer(
                            response, attempt, url, options, accept_status, began
                        )
                finally:
                    await response.aclose()
                url = redirect_target(url, location)
            raise HttpFailure(
                HttpFault.REDIRECT, f"redirects more than {MAX_REDIRECTS} times", url=url
            )

    async def _sent(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        options: HttpOptions,
        headers: list[tuple[str, str]],
        content: bytes,
    ) -> httpx.Response:
        attempt = ATTEMPT.get()
        name = options.tls.server_name
        extensions = {"sni_hostname": name} if name else {}
        for left in reversed(range(MAX_REUSE_TRIES)):
            attempt.connected = False
            attempt.doing = "waiting for the answer"
            request = client.build_request(
                method, url, headers=headers, content=content or None, extensions=extensions
            )
            try:
                return await client.send(request, stream=True)
            except Exception as error:
                # The server may close a kept connection in the moment in which we use it.
                failure = failure_of(error, attempt)
                reused = not attempt.connected and method in ("GET", "HEAD")
                if not (left and reused and failure.kind is HttpFault.RESET):
                    raise failure from None
        raise AssertionError("the last try returns or raises")

    async def _answer(
        self,
        response: httpx.Response,
        attempt: Attempt,
        url: str,
        options: HttpOptions,
        accept_status: Collection[int] | None,
        began: float,
    ) -> HttpAnswer:
        attempt.doing = "reading the body"
        accepted = accept_status is None or response.status_code in accept_status
        max_bytes = options.max_bytes if accepted else min(options.max_bytes, MAX_ERROR_BYTES)
        headers = tuple(
            (name.decode("latin-1").lower(), Raw(value.decode("latin-1")))
            for name, value in response.headers.raw
        )
        if response.request.method == "HEAD":
            body = b""
        else:
            promised = response.headers.get("content-length", "")
            if accepted and promised.isdecimal() and int(promised[:19]) > max_bytes:
                raise too_big(max_bytes, url)
            encoding = ", ".join(response.headers.get_list("content-encoding"))
            body = await capped(response.aiter_raw(), encoding, max_bytes, url, cut=not accepted)
        end = None
        if url[:8].lower() == "https://":
            connection = response.extensions["network_stream"].get_extra_info("ssl_object")
            end = certificate_end(connection) if connection is not None else None
        return HttpAnswer(
            status=response.status_code,
            headers=headers,
            body=body,
            took_s=self._clock.now().mono - began,
            final_url=Raw(url),
            certificate_expires=end,
        )

    @contextlib.asynccontextmanager
    async def _try(self, url: str, peer: str, timeout_s: float) -> AsyncIterator[Attempt]:
        """A slot, a total deadline, and every exception as a failure in words."""
        target = url.partition("?")[0]
        slot = await self._slots.take(target)
        attempt = Attempt(url, visible(peer), timeout_s)
        token = ATTEMPT.set(attempt)
        failed = False
        try:
            async with asyncio.timeout(timeout_s) as deadline:
                yield attempt
        except HttpFailure as failure:
            failed = failure.kind not in _OUR_OWN
            raise
        except Exception as error:
            failed = True
            # The kernel's own ETIMEDOUT is a TimeoutError as well.
            if isinstance(error, TimeoutError) and deadline.expired():
                raise timed_out(attempt, timeout_s) from None
            # Without its cause: h11 quotes the header that it refuses, token and all.
            raise failure_of(error, attempt) from None
        finally:
            ATTEMPT.reset(token)
            slot.release()
            self._slots.note(target, failed=failed)

    def _client(self, options: HttpOptions, url: str) -> httpx.AsyncClient:
        shared = HttpOptions(
            tls=options.tls,
            proxy=options.proxy,
            proxy_auth=options.proxy_auth,
            via=options.via,
            allow_addresses=options.allow_addresses,
            keep_alive=options.keep_alive,
        )
        # One pool a server: httpcore looks at every connection of a pool, twice for each
        # request, which for 60 servers in one pool was a third of all that a round cost.
        server = "" if options.proxy else urlsplit(url).netloc
        client = self._clients.get((shared, server))
        if client is None:
            # Where rich is installed httpx imports its own command line too, which takes as
            # long as all the rest of it; without that module it goes on without.
            sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
            if importlib.util.find_spec("sniffio") is None:
                # httpcore looks for it anew at every request, in every folder of the path.
                sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
            from console.safety.http.network import client_for

            tls = msgspec.structs.replace(options.tls, server_name=None)
            context = self._contexts.get(tls)
            if context is None:
                context = self._contexts[tls] = context_for(tls, url)
            kept = shared.keep_alive and len(self._clients) < KEPT_SERVERS
            kept_options = msgspec.structs.replace(shared, keep_alive=kept)
            client = client_for(kept_options, context, self._tunnel)
            self._clients[(shared, server)] = client
        return client
