"""A Prometheus that a report waits for, but not for long.

Past a deadline, and after two answers in a row that did not come in time, it is asked nothing
more: what it told until then is used, and the rest reads as what failed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Final, TypeVar

from console.engine.pause import within
from console.model.failure import Failure, FailureKind
from console.model.query import InstantAnswer
from console.safety.clock import Clock
from console.sources.prometheus.client import MAX_SAMPLES
from console.sources.prometheus.decode_raw import RawAnswer
from console.sources.prometheus.past import MOST_SILENCES, PastServer

Answer = TypeVar("Answer")

_REMEDY: Final = "what it did not tell by then is missing; look at its load, or ask again"


class Deadline:
    """A moment until which something is waited for."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds
        """As its reader is told of it."""
        self._until_s = clock.now().mono + seconds

    @property
    def left_s(self) -> float:
        """How long it is yet; 0 past it."""
        return max(0.0, self._until_s - self.clock.now().mono)

    def part(self, seconds: float) -> Deadline:
        """One so much from now, or this one where that is earlier."""
        part = Deadline(self.clock, min(seconds, self.left_s))
        part.seconds = seconds
        return part


class Timely:
    """One server, for one report."""

    def __init__(self, server: PastServer, deadline: Deadline, hung: Failure | None = None) -> None:
        """`hung`: what it said when it hung a moment ago; it is not asked at all then."""
        self._server = server
        self._deadline = deadline
        self._silences = 0
        self.hung = hung
        """What it said last, where it is asked no more because it hangs."""

    @property
    def name(self) -> str:
        return self._server.name

    @property
    def external_labels(self) -> tuple[tuple[str, str], ...]:
        return self._server.external_labels

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = MAX_SAMPLES
    ) -> InstantAnswer | Failure:
        refused = self._refused()
        if refused is not None:
            return refused
        return await self._in_time(self._server.instant(query, at, limit))

    async def raw(self, query: str, at: datetime) -> RawAnswer | Failure:
        refused = self._refused()
        if refused is not None:
            return refused
        return await self._in_time(self._server.raw(query, at))

    async def look_at_itself(self) -> None:
        if self._refused() is None:
            await self._in_time(self._looked())

    def _refused(self) -> Failure | None:
        """What is said without asking."""
        if self.hung is None and self._deadline.left_s <= 0:
            return self._late()
        return self.hung

    async def _looked(self) -> None:
        await self._server.look_at_itself()

    async def _in_time(self, coming: Awaitable[Answer | Failure]) -> Answer | Failure:
        try:
            answer = await within(coming, self._deadline.clock, self._deadline.left_s)
        except TimeoutError:
            answer = self._late()
        is_silence = isinstance(answer, Failure) and answer.kind is FailureKind.TIMEOUT
        self._silences = self._silences + 1 if is_silence else 0
        if isinstance(answer, Failure) and self._silences >= MOST_SILENCES:
            self.hung = answer
        return answer

    def _late(self) -> Failure:
        return Failure(
            source=self.name,
            part="query",
            kind=FailureKind.TIMEOUT,
            cause=f"did not tell all of it in the {self._deadline.seconds:g} s that a report waits",
            expected="all that a report is made from",
            remedy=_REMEDY,
            at=self._deadline.clock.now().wall,
        )
