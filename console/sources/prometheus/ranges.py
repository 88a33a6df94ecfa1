"""Queries over a time, by prometheus-api-client in a few threads of its own.

The library is synchronous and, as it comes, retries for six seconds, waits without end,
follows redirects, reads `~/.netrc` and drops the server's warnings. So its session gets an
adapter that has no socket: it hands every request to `HttpClient` on the event loop, which
has the total deadline, the byte cap, the certificates and the secrets.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

from console.model.query import RangeAnswer
from console.safety.http import HttpAnswer, HttpClient, HttpFailure, HttpFault
from console.sources.access import Access
from console.sources.prometheus import decode, decode_query, decode_raw, errors
from console.sources.prometheus.decode_raw import RawAnswer
from console.sources.server import OK, Params

if TYPE_CHECKING:
    import requests
    from prometheus_api_client import PrometheusConnect

RANGE: Final = "/api/v1/query_range"
THREADS: Final = 4
LONG_URL_CHARS: Final = 4000
MAX_SERIES: Final = 500
MAX_BYTES: Final = 16 * 1024 * 1024
GRACE_S: Final = 2.0
"""A thread is let go this long after the deadline even when the loop has died under it."""

Fetch = Callable[[str, Params | None], HttpAnswer]
"""Takes an address, and a form when it is to be posted; waits in a thread."""
Told = TypeVar("Told")


def range_params(query: str, start: datetime, end: datetime, step: timedelta) -> Params:
    """The parameters of a range query. The library rounds both ends to seconds."""
    return (
        ("query", query),
        ("start", str(round(start.timestamp()))),
        ("end", str(round(end.timestamp()))),
        ("step", f"{step.total_seconds():g}"),
    )


class Ranges:
    """Range queries, and range selectors, to one server."""

    def __init__(self, http: HttpClient, base: str, access: Access) -> None:
        self._http = http
        self._base = base
        self._access = access
        self._threads: concurrent.futures.ThreadPoolExecutor | None = None

    async def ask(self, query: str, start: datetime, end: datetime, step: timedelta) -> RangeAnswer:
        """What the server says.

        Raises:
            HttpFailure: no answer came.
            Unusable: it is no range answer, or a secret cannot be had.
        """
        return await self._in_thread(lambda fetch: _ask(self._base, fetch, query, start, end, step))

    async def raw(self, query: str, at: datetime, timeout: timedelta) -> RawAnswer:
        """The samples of `query`, a range selector, that end at `at`; raises as `ask` does."""
        return await self._in_thread(lambda fetch: _raw(self._base, fetch, query, at, timeout))

    async def _in_thread(self, ask: Callable[[Fetch], Told]) -> Told:
        options = await self._access.options()
        loop = asyncio.get_running_loop()
        running: list[concurrent.futures.Future[HttpAnswer]] = []

        def fetch(url: str, form: Params | None) -> HttpAnswer:
            max_bytes = min(options.max_bytes, MAX_BYTES)
            if form is None:
                coming = self._http.get(url, options, max_bytes=max_bytes, accept_status=OK)
            else:
                coming = self._http.post(
                    url, options, form=form, max_bytes=max_bytes, accept_status=OK
                )
            future = asyncio.run_coroutine_threadsafe(coming, loop)
            running.append(future)
            return future.result(timeout=options.timeout_s + GRACE_S)

        if self._threads is None:
            self._threads = concurrent.futures.ThreadPoolExecutor(THREADS, "range query")
        try:
            async with asyncio.timeout(options.timeout_s + 2 * GRACE_S):
                return await loop.run_in_executor(self._threads, ask, fetch)
        except TimeoutError:
            raise HttpFailure(
                HttpFault.TIMEOUT,
                f"the range query was not done within {options.timeout_s:g} s",
                url=self._base,
            ) from None
        finally:
            # A wish that was given up must not keep a thread until the deadline.
            for future in running:
                future.cancel()


def _ask(
    base: str, fetch: Fetch, query: str, start: datetime, end: datetime, step: timedelta
) -> RangeAnswer:
    envelopes: list[decode.Answered] = []

    def ask(client: PrometheusConnect) -> object:
        return client.custom_query_range(
            query,
            start_time=start.astimezone(UTC),
            end_time=end.astimezone(UTC),
            step=f"{step.total_seconds():g}",
        )

    result = _by_library(base, fetch, ask, envelopes.append)
    return decode_query.range_of(result, envelopes[-1].warnings, MAX_SERIES)


def _raw(base: str, fetch: Fetch, query: str, at: datetime, timeout: timedelta) -> RawAnswer:
    answers: list[RawAnswer] = []

    def keep(envelope: decode.Answered) -> list[object]:
        # A hundred thousand samples take the library's own decoder four times as long, and
        # ten times the memory: it is told that there are none.
        answers.append(RawAnswer(decode_raw.raw_in(envelope), envelope.warnings))
        return []

    moment = {"time": f"{at.timestamp():.3f}", "timeout": f"{timeout.total_seconds():g}s"}
    _by_library(base, fetch, lambda client: client.custom_query(query, moment), keep)
    return answers[-1]


def _by_library(
    base: str,
    fetch: Fetch,
    ask: Callable[[PrometheusConnect], object],
    look: Callable[[decode.Answered], list[object] | None],
) -> object:
    """In a thread: the first call imports the library, some 60 ms.

    Args:
        look: is given each answer before the library is, which knows no warnings, and for an
            error with status 200 has only a KeyError. What it returns the library takes for
            the result; `None`: the library decodes it.
    """
    import requests
    from prometheus_api_client import PrometheusConnect
    from requests.adapters import BaseAdapter
    from urllib3.util.retry import Retry

    class Decoded(requests.Response):
        def __init__(self, result: list[object]) -> None:
            super().__init__()
            self._result = result

        def json(self, **_kwargs: Any) -> Any:
            return {"data": {"result": self._result}}

    class ByHttpClient(BaseAdapter):
        def send(
            self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any
        ) -> requests.Response:
            answer = fetch(*_address_and_form(request.url or ""))
            errors.refuse(answer, "query")
            result = look(decode.answered(answer.body))
            response = requests.Response() if result is None else Decoded(result)
            return _response(response, request, answer)

        def close(self) -> None:
            pass

    with requests.Session() as session:
        session.trust_env = False
        client = PrometheusConnect(url=base, session=session, retry=Retry(total=0))
        session.mount(base, ByHttpClient())
        try:
            return ask(client)
        except (KeyError, TypeError, ValueError, requests.RequestException):
            raise decode_query.no_result() from None


def _address_and_form(url: str) -> tuple[str, Params | None]:
    """A long query goes as a form: the library puts it into the address even for POST."""
    if len(url) <= LONG_URL_CHARS:
        return url, None
    address, _, query = url.partition("?")
    return address, parse_qsl(query, keep_blank_values=True)


def _response(
    response: requests.Response, request: requests.PreparedRequest, answer: HttpAnswer
) -> requests.Response:
    response.status_code = answer.status
    response.url = request.url or ""
    response.request = request
    response.encoding = "utf-8"
    response.raw = io.BytesIO(answer.body)
    return response
