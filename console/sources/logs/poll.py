"""Reading and following the log of one service, wherever it is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from config.schema import KubernetesSource
from console.model.failure import Failure, FailureKind
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.registry import Registry
from console.safety.clock import Clock
from console.safety.ssh import SshFailure
from console.safety.text import Raw, visible
from console.sources.answer import Unusable
from console.sources.ended import refuse_unfinished
from console.sources.fault import Asked, failure_of
from console.sources.logs import errors
from console.sources.logs.client import (
    MAX_BYTES,
    Reading,
    following_of,
    following_words,
    reading_of,
    unit_of,
)
from console.sources.logs.decode import (
    Lines,
    Output,
    in_order,
    line_of,
    output_of,
    taken_apart,
    within,
)
from console.sources.logs.place import ContainerOf, Keeper, LogPlace, Places
from console.sources.reach import Reach

READ_S: Final = 20.0
"""From the wish to the last byte, connecting included."""
START_S: Final = 15.0
UNIT_S: Final = 5.0
SLACK_BYTES: Final = 4096
SAID_KEPT: Final = 20

Batch = tuple[LogLine, ...]


class Logs:
    """The logs of everything in a registry that is run by something the console can ask."""

    def __init__(
        self,
        reach: Reach,
        registry: Registry,
        clock: Clock,
        kubernetes: tuple[KubernetesSource, ...],
        container_of: ContainerOf | None = None,
    ) -> None:
        """`container_of`: as `Places` takes it."""
        self._reach = reach
        self._places = Places(registry, kubernetes, container_of)
        self._clock = clock

    def why_not(self, service: str) -> str:
        """Why `service` has no log that can be read; empty where it has one."""
        place = self._places.place_of(service)
        return place if isinstance(place, str) else ""

    async def read(self, request: LogRequest) -> LogAnswer | Failure:
        """The lines that `request` asks for. Raises nothing."""
        place = self._places.place_of(request.service)
        if isinstance(place, str):
            return self._nowhere(request.service, place)
        reading = reading_of(place, request)
        typed = self._reach.typed(place.host, reading.argv)
        try:
            return await self._read(place, reading, request, typed)
        except Exception as error:
            return failure_of(error, errors.asked(place, typed), self._now)

    @contextlib.asynccontextmanager
    async def follow(self, request: LogRequest) -> AsyncIterator[AsyncIterator[Batch | Failure]]:
        """Lines after `since` (now where it is `None`) as they come, those of a moment together.

        A `Failure` is the last thing that comes: following ends by itself only where it
        cannot go on. Leaving the context ends the program on the host too. `until` and
        `tail` are not looked at.
        """
        place = self._places.place_of(request.service)
        if isinstance(place, str):
            yield _only(self._nowhere(request.service, place))
            return
        since = request.since or self._now
        asked = errors.asked(place, self._reach.typed(place.host, following_words(place, since)))
        following = self._reach.follow(
            place.host, following_of(place, since), start_timeout_s=START_S
        )
        try:
            parts = await following.__aenter__()
        except Exception as error:
            yield _only(failure_of(error, asked, self._now))
            return
        try:
            async with contextlib.aclosing(self._followed(parts, place, since, asked)) as batches:
                yield batches
        finally:
            # What went wrong on the way has been told as the last thing that came.
            with contextlib.suppress(SshFailure):
                await following.__aexit__(None, None, None)

    # Reading

    async def _read(
        self, place: LogPlace, reading: Reading, request: LogRequest, typed: str
    ) -> LogAnswer:
        before = self._previous(place, request)
        output, earlier = await asyncio.gather(self._output(place, reading), before)
        lines = [*earlier, *within(output.lines, request.since, request.until)]
        said = ""
        try:
            errors.refuse(place, output.said, output.status)
        except Unusable as error:
            if not lines:
                raise
            said = error.cause
        if place.keeper is Keeper.JOURNAL and not lines:
            await self._look_for_unit(place)
        if place.keeper is Keeper.KUBERNETES:
            lines = in_order(lines)
        more = len(lines) > reading.tail
        kept = lines[-reading.tail :] if reading.from_the_end else lines[: reading.tail]
        return LogAnswer(
            lines=tuple(kept),
            truncated=more or output.cut,
            command=typed,
            source=place.source,
            said=said,
        )

    async def _output(self, place: LogPlace, reading: Reading) -> Output:
        result = await self._reach.run(
            place.host, reading.command, timeout_s=READ_S, max_bytes=MAX_BYTES + SLACK_BYTES
        )
        if result.timed_out:
            raise Unusable(
                FailureKind.TIMEOUT,
                f"the log was not read within {READ_S:g} s",
                remedy="take a shorter time; the host may be loaded, or the log very large",
            )
        output = output_of(result.stdout, place.keeper)
        if not output.lines and output.status is None:
            told = result.stderr[:1000].decode("utf-8", "replace").strip()
            words = (*output.said, *(Raw(line) for line in told.splitlines()))
            errors.refuse(place, words, result.exit_status)
            refuse_unfinished(result, READ_S)
            # A stretch whose end was cut off has lost its status, and had lines.
            raise errors.no_log(words)
        return output

    async def _previous(self, place: LogPlace, request: LogRequest) -> list[LogLine]:
        """What the container before the present one wrote: why it crashed stands there."""
        if place.keeper is not Keeper.KUBERNETES:
            return []
        reading = reading_of(place, request, previous=True)
        try:
            output = await self._output(place, reading)
        except (SshFailure, Unusable):
            return []  # the present container's lines, or why there are none, tell more
        return list(within(output.lines, request.since, request.until))

    async def _look_for_unit(self, place: LogPlace) -> None:
        """journalctl has nothing to say of a unit that does not exist.

        Raises:
            Unusable: it does not exist.
        """
        with contextlib.suppress(SshFailure):
            told = await self._reach.run(place.host, unit_of(place), timeout_s=UNIT_S)
            if b"LoadState=not-found" in told.stdout:
                raise errors.no_unit(place)

    # Following

    async def _followed(
        self, parts: AsyncIterator[bytes], place: LogPlace, since: datetime, asked: Asked
    ) -> AsyncGenerator[Batch | Failure, None]:
        cutter = Lines()
        said: list[Raw] = []
        try:
            async for data in parts:
                found = (line_of(raw, size, place.keeper) for raw, size in cutter.feed(data))
                lines, words = taken_apart(found, place.keeper)
                said = [*said, *words][-SAID_KEPT:]
                # The line at `since` itself is there already.
                new = tuple(line for line in lines if line.at is None or line.at > since)
                if new:
                    yield new
            lines, words = taken_apart((line_of(*cutter.rest(), place.keeper),), place.keeper)
            if lines:
                yield tuple(lines)
            errors.refuse(place, (*said, *words), None)
            raise Unusable(FailureKind.RESET, _ended(place, [*said, *words]))
        except Exception as error:
            yield failure_of(error, asked, self._now)

    # Words

    @property
    def _now(self) -> datetime:
        return self._clock.now().wall

    def _nowhere(self, service: str, why: str) -> Failure:
        asked = Asked(visible(service, cells=80), "logs", errors.EXPECTED, errors.REMEDY, "")
        error = Unusable(FailureKind.SETTINGS, why, remedy="look at it in services.yaml")
        return failure_of(error, asked, self._now)


def _ended(place: LogPlace, said: Sequence[Raw]) -> str:
    told = f": {visible(said[-1], cells=errors.SAID_CELLS)}" if said else ""
    what = {
        Keeper.DOCKER: "the container has ended, and its log with it",
        Keeper.KUBERNETES: "the pod has ended, and its log with it",
    }.get(place.keeper, "journalctl has ended")
    return f"{what}{told}"


async def _only(failure: Failure) -> AsyncIterator[Batch | Failure]:
    yield failure
