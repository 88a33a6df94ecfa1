"""One server that is asked by HTTP: its address, how it is spoken to, and its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from console.model.failure import Failure, FailureKind
from console.safety.clock import Clock
from console.safety.http import Endpoint, HttpAnswer, HttpClient, HttpFailure, HttpOptions
from console.safety.text import strip_credentials
from console.sources.access import Access
from console.sources.answer import Unusable, skew_of
from console.sources.fault import Asked, failure_of

AT_ONCE: Final = 2
"""Requests in flight to one server. Alertmanager answers 503 from `--web.get-concurrency`
(8 by default) on, and is shared with every other client."""
OK: Final = (200,)

Params = Sequence[tuple[str, str]]
Part = TypeVar("Part")


class Server:
    """Asks one server, a few requests at a time."""

    def __init__(
        self, http: HttpClient, clock: Clock, base: str, access: Access, at_once: int = AT_ONCE
    ) -> None:
        self.base = base.rstrip("/")
        self.clock = clock
        self.skew: timedelta | None = None
        """By the newest answer that had a date."""
        self._http = http
        self._access = access
        self._slots = asyncio.Semaphore(at_once)

    @property
    def shown_url(self) -> str:
        """Its address, safe to show."""
        return strip_credentials(self.base)

    async def get(self, path: str, params: Params = ()) -> HttpAnswer:
        """GET `path` under the base.

        Raises:
            HttpFailure: no answer came.
            Unusable: a secret cannot be had.
        """
        options = await self._access.options()
        async with self._slots:
            return await self._timed(
                lambda: self._http.get(
                    self._at(path, options), options, params=params, accept_status=OK
                )
            )

    async def post_form(self, path: str, form: Params) -> HttpAnswer:
        """POST `form` to `path` under the base; raises as `get` does."""
        options = await self._access.options()
        async with self._slots:
            return await self._timed(
                lambda: self._http.post(
                    self._at(path, options), options, form=form, accept_status=OK
                )
            )

    async def post_json(self, path: str, body: bytes) -> HttpAnswer:
        """POST `body`, which is JSON, to `path` under the base; raises as `get` does."""
        options = await self._access.options()
        async with self._slots:
            return await self._timed(
                lambda: self._http.post(
                    self._at(path, options), options, json=body, accept_status=OK
                )
            )

    async def delete(self, path: str) -> HttpAnswer:
        """DELETE `path` under the base; raises as `get` does."""
        options = await self._access.options()
        async with self._slots:
            return await self._timed(lambda: self._http.delete(self._at(path, options), options))

    def refused_secrets(self) -> None:
        """Have the secrets looked up again at the next request: the server refused these."""
        self._access.renew()

    def curl(self, path: str, params: Params = ()) -> str:
        """The command that repeats the request, without secrets."""
        options = self._access.known_options
        query = f"?{urlencode(params)}" if params else ""
        return self._http.curl(self._at(path, options) + query, options)

    async def part(self, asked: Asked, answer: Awaitable[Part]) -> Part | Failure:
        """What `answer` gives, or the failure that it ended in. Raises nothing else."""
        try:
            return await answer
        except (HttpFailure, Unusable) as error:
            failure = failure_of(error, asked, self.clock.now().wall)
            if failure.kind is FailureKind.AUTH:
                self._access.renew()
            return failure
        except Exception as error:  # a bug of ours must cost one part, not the polling
            return failure_of(error, asked, self.clock.now().wall)

    async def _timed(self, ask: Callable[[], Awaitable[HttpAnswer]]) -> HttpAnswer:
        before = self.clock.now()
        answer = await ask()
        skew = skew_of(answer, before, self.clock.now())
        if skew is not None:
            self.skew = skew
        return answer

    def _at(self, path: str, options: HttpOptions) -> str:
        return Endpoint(self.base, options).at(path)


async def beside(
    main: asyncio.Task[Any], name: str, part: Coroutine[Any, Any, Part]
) -> Part | Failure:
    """What `part` of a poll gives; that of `main` where the server let its time pass in silence.

    Parts wait for each other's connections: one after the other, each would wait as long.
    """
    task = asyncio.create_task(part)
    try:
        await asyncio.wait((task, main), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            told = main.result()
            if isinstance(told, Failure) and told.kind is FailureKind.TIMEOUT:
                return msgspec.structs.replace(told, part=name)
        return await task
    finally:
        task.cancel()


async def not_asked() -> None:
    """In the place of a part that this round leaves out."""
