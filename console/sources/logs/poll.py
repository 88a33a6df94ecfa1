"""Reading and following the log of one service, wherever it is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from config.schema import KubernetesSource
from console.model.failure import Failure, FailureKind
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.registry import Registry
from console.model.workload import WorkloadKind
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
    typed_words,
    unit_of,
)
from console.sources.logs.decode import (
    Lines,
    Output,
    in_order,
    line_of,
    output_of,
    tagged,
    taken_apart,
    within,
)
from console.sources.logs.place import ContainerOf, Keeper, LogPlace, Places, Seen
from console.sources.reach import Reach

READ_S: Final = 20.0
"""From the wish to the last byte, connecting included."""
START_S: Final = 15.0
UNIT_S: Final = 5.0
SLACK_BYTES: Final = 4096
SAID_KEPT: Final = 20
GONE: Final = FailureKind.NOT_SERVED
"""Of a pod that is no more."""

Batch = tuple[LogLine, ...]


class _Part(msgspec.Struct, frozen=True):
    """What one command told of a log."""

    lines: tuple[LogLine, ...]
    cut: bool
    said: str
    refused: Unusable | None = None


class Logs:
    """The logs of everything in a registry that is run by something the console can ask."""

    def __init__(
        self,
        reach: Reach,
        registry: Registry,
        clock: Clock,
        kubernetes: tuple[KubernetesSource, ...],
        container_of: ContainerOf | None = None,
        seen: Seen | None = None,
    ) -> None:
        """`container_of` and `seen`: as `Places` takes them."""
        self._reach = reach
        self._places = Places(registry, kubernetes, container_of, seen)
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
        try:
            if place.keeper is not Keeper.KUBERNETES:
                return await self._read(place, request)
            return await self._read_pods(place, request)
        except Exception as error:
            return failure_of(error, errors.asked(place, self._typed(place, request)), self._now)

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

    async def _read(self, place: LogPlace, request: LogRequest) -> LogAnswer:
        reading = reading_of(place, request)
        part = await self._part(place, reading, request)
        if place.keeper is Keeper.JOURNAL and not part.lines:
            await self._look_for_unit(place)
        return self._answer(place, request, reading, part.lines, part.cut, part.said)

    async def _read_pods(self, place: LogPlace, request: LogRequest) -> LogAnswer:
        """What its pods wrote, by time; one that cannot be read costs no other its lines."""
        parts = await asyncio.gather(
            *(self._pod(place, request, target) for target in place.targets),
            return_exceptions=True,
        )
        failed = [one for one in parts if isinstance(one, BaseException)]
        told = [one for one in parts if not isinstance(one, BaseException)]
        if not told:
            gone = [isinstance(one, Unusable) and one.kind is GONE for one in failed]
            if not place.pods or not all(gone) or place.kind is WorkloadKind.CRONJOB:
                raise failed[0]
            # What was last told of its pods is older than they are.
            return await self._read_pods(msgspec.structs.replace(place, pods=()), request)
        if place.kind.is_batch and request.since is not None and not any(p.lines for p in told):
            # A run of last night ended before any time that is asked for: it is read whole.
            whole = await self._read_pods(place, msgspec.structs.replace(request, since=None))
            if not whole.lines:
                return whole
            earlier = "of its last run, before that time"
            return msgspec.structs.replace(
                whole, said="; ".join(filter(None, (earlier, whole.said)))
            )
        lines = in_order(line for part in told for line in part.lines)
        if len({line.by for line in lines if line.by}) > 1:
            lines = tagged(lines, place)
        said = [part.said for part in told if part.said]
        said += [one.cause if isinstance(one, Unusable) else str(one) for one in failed]
        if place.of_pods > len(place.pods) > 0:
            said.insert(0, f"{len(place.pods)} of {place.of_pods} pods")
        words = "; ".join(dict.fromkeys(said))
        cut = any(part.cut for part in told)
        return self._answer(place, request, reading_of(place, request), lines, cut, words)

    async def _pod(self, place: LogPlace, request: LogRequest, target: str) -> _Part:
        """One pod: the lines of its containers, and of those that ran before them."""
        reading = reading_of(place, request, target=target)
        part, earlier = await asyncio.gather(
            self._part(place, reading, request, needed=False),
            self._previous(place, request, target),
        )
        # While a container waits for its next start, both tell of the one that has ended.
        known = {(line.by, line.at, line.text.exact) for line in part.lines}
        before = [one for one in earlier if (one.by, one.at, one.text.exact) not in known]
        if part.refused is not None and not before and not part.lines:
            raise part.refused
        return msgspec.structs.replace(part, lines=(*before, *part.lines))

    async def _part(
        self, place: LogPlace, reading: Reading, request: LogRequest, *, needed: bool = True
    ) -> _Part:
        """What one command told.

        Raises:
            Unusable: no line, and where `needed` why there is none.
        """
        output = await self._output(place, reading)
        lines = tuple(within(output.lines, request.since, request.until))
        refused = None
        try:
            errors.refuse(place, output.said, output.status)
        except Unusable as error:
            if needed and not lines:
                raise
            refused = error
        said = refused.cause if refused is not None else errors.one_of_many(output.said)
        return _Part(lines, output.cut, said, refused)

    def _answer(
        self,
        place: LogPlace,
        request: LogRequest,
        reading: Reading,
        lines: Sequence[LogLine],
        cut: bool,
        said: str,
    ) -> LogAnswer:
        kept = lines[-reading.tail :] if reading.from_the_end else lines[: reading.tail]
        return LogAnswer(
            lines=tuple(kept),
            truncated=len(lines) > reading.tail or cut,
            command=self._typed(place, request),
            source=place.source,
            said=said,
        )

    def _typed(self, place: LogPlace, request: LogRequest) -> str:
        return self._reach.typed(place.host, typed_words(place, request))

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

    async def _previous(self, place: LogPlace, request: LogRequest, target: str) -> list[LogLine]:
        """What the container before the present one wrote: why it crashed stands there."""
        if place.pods and target.removeprefix("pod/") not in place.restarted:
            return []
        reading = reading_of(place, request, target=target, previous=True)
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
        writers: set[str] = set(place.pods) if len(place.pods) > 1 else set()
        try:
            async for data in parts:
                found = (line_of(raw, size, place.keeper) for raw, size in cutter.feed(data))
                lines, words = taken_apart(found, place.keeper)
                said = [*said, *words][-SAID_KEPT:]
                # The line at `since` itself is there already.
                new = tuple(line for line in lines if line.at is None or line.at > since)
                writers.update(line.by for line in new if line.by)
                if new:
                    yield tuple(tagged(new, place)) if len(writers) > 1 else new
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
