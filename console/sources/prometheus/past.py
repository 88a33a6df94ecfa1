"""The samples of a long time, asked for in pieces that a server and this process can carry."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from console.model.failure import Failure, FailureKind
from console.model.labels import Labels
from console.model.query import InstantAnswer
from console.model.saying import Saying, saying
from console.safety.text import Raw, quoted, visible
from console.sources.prometheus.client import MAX_SAMPLES
from console.sources.prometheus.decode_raw import RawAnswer

PIECE: Final = 60_000
"""Samples in one answer: some 2 MB of JSON, and some 15 MB while it is decoded."""
MOST_SERIES: Final = 20_000
SHORTEST: Final = timedelta(minutes=15)
"""What is refused for so short a time is not asked for in smaller pieces."""
MOST_HALVINGS: Final = 3
"""Of one piece, where it is not plain that its size is what was refused."""
MOST_SILENCES: Final = 2
"""Days in a row that time out; a server that hangs is not waited for seven times over."""
DAY: Final = timedelta(days=1)
MOST_MATCHER_CHARS: Final = 6000
"""VictoriaMetrics takes queries of 16 KiB."""

_PERHAPS_SMALLER: Final = (FailureKind.TIMEOUT, FailureKind.STATUS)
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class PastServer(Protocol):
    """What is asked about the past: a `Prometheus`, or what stands before one."""

    @property
    def name(self) -> str:
        """Unique among all sources."""

    @property
    def external_labels(self) -> tuple[tuple[str, str], ...]:
        """The labels that it adds to what it sends, as far as it told."""

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = MAX_SAMPLES
    ) -> InstantAnswer | Failure:
        """What `query` gives at `at`. Raises nothing."""

    async def raw(self, query: str, at: datetime) -> RawAnswer | Failure:
        """The samples of `query`, a range selector that ends at `at`. Raises nothing."""

    async def look_at_itself(self) -> None:
        """Ask for its external labels, where nobody has yet. Raises nothing."""


class Piece(msgspec.Struct, frozen=True):
    """What came for one piece of the time."""

    start: datetime
    end: datetime
    answer: RawAnswer | Failure


class Counted(msgspec.Struct):
    """Which series there are in some time, and how many samples each has."""

    series: dict[Labels, float] = {}
    """By its labels, those without its name."""
    failures: list[Failure] = []
    has_answered: bool = False
    """For a day at least."""
    warnings: list[Raw] = []
    left_out: int = 0
    """Series over `MOST_SERIES`."""


def days_of(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Pieces of 24 hours, the last one shorter; in order."""
    count = max(0, math.ceil((end - start) / DAY))
    return [(start + n * DAY, min(end, start + (n + 1) * DAY)) for n in range(count)]


def over(selector: str, length: timedelta, step: timedelta | None = None) -> str:
    """All samples of `selector` within `length`; where `step` is given the last one of each."""
    whole = f"{max(1, math.ceil(length.total_seconds()))}s"
    if step is None:
        return f"{selector}[{whole}]"
    every = f"{round(step.total_seconds())}s"
    return f"last_over_time({selector}[{every}])[{whole}:{every}]"


async def counted(server: PastServer, selector: str, start: datetime, end: datetime) -> Counted:
    """Count the samples of every series, a day at a time, the newest first: it comes soonest
    where old blocks lie in an object store. Raises nothing."""
    found = Counted({}, [], False, [])
    silences = 0
    for first, last in reversed(days_of(start, end)):
        query = f"count_over_time({over(selector, last - first)})"
        answer = await server.instant(query, last, MOST_SERIES)
        if isinstance(answer, Failure):
            found.failures.append(answer)
            silences = silences + 1 if answer.kind is FailureKind.TIMEOUT else 0
            if answer.kind not in _PERHAPS_SMALLER or silences >= MOST_SILENCES:
                break
            continue
        silences, found.has_answered = 0, True
        found.warnings += answer.warnings
        found.left_out = max(found.left_out, answer.total - len(answer.samples))
        _add(found.series, answer)
    return found


def _add(series: dict[Labels, float], answer: InstantAnswer) -> None:
    for sample in answer.samples:
        labels = sample.labels.without(_METRIC)
        series[labels] = series.get(labels, 0.0) + sample.value


_METRIC: Final = frozenset({"__name__"})


async def drawn(
    server: PastServer,
    selector: str,
    start: datetime,
    end: datetime,
    expected: float,
    step: timedelta | None = None,
) -> AsyncIterator[Piece]:
    """The samples of `selector` in order of time, in as many pieces as it takes.

    A piece that is refused is asked for again in halves. The first that is refused for good
    is the last that comes. A sample on the border of two pieces may come twice.

    Args:
        expected: how many samples there are.
        step: `None`: all of them; else the last one in each.
    """
    count = max(1, math.ceil(expected / PIECE))
    length = max(SHORTEST, (end - start) / count)
    starts = [start + n * length for n in range(count) if start + n * length < end]
    waiting = [(first, min(end, first + length), 0) for first in reversed(starts)]
    while waiting:
        first, last, halvings = waiting.pop()
        answer = await server.raw(over(selector, last - first, step), last)
        if isinstance(answer, Failure) and _may_help(answer, last - first, halvings):
            middle = first + (last - first) / 2
            waiting += [(middle, last, halvings + 1), (first, middle, halvings + 1)]
            continue
        yield Piece(first, last, answer)
        if isinstance(answer, Failure):
            return


def _may_help(failure: Failure, length: timedelta, halvings: int) -> bool:
    if length < 2 * SHORTEST:
        return False
    if failure.kind is FailureKind.TOO_BIG:
        return True
    return failure.kind in _PERHAPS_SMALLER and halvings < MOST_HALVINGS


def selector_of(metric: str, series: Iterable[Labels]) -> str:
    """A selector of at least all these series, by their job and instance.

    The bare metric where naming them would be too long.
    """
    found = list(series)
    matchers = []
    for name in ("job", "instance"):
        values = sorted({one.exact(name) for one in found})
        if not values or values == [""]:
            continue
        if len(values) == 1:
            matchers.append(f"{name}={quoted(values[0])}")
        else:
            matchers.append(f"{name}=~{quoted('|'.join(map(harmless, values)))}")
    text = ",".join(matchers)
    if not text or len(text) > MOST_MATCHER_CHARS:
        return metric
    return f"{metric}{{{text}}}"


def harmless(text: str) -> str:
    """`text` as a regular expression that matches nothing else."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def said_of(failure: Failure) -> Saying:
    """A failure in one sentence. What came and what to do are English in every language, as the
    console's other screens have them: it is them that a person looks for."""
    return saying(
        "{server} {cause}; {remedy}",
        server=failure.source,
        cause=failure.cause,
        remedy=failure.remedy,
    )


def warned_of(server: str, warnings: Iterable[Raw]) -> list[Saying]:
    """What the warnings of a server's answers say of their completeness.

    Prometheus' hints on style (`PromQL info: …`) say nothing of it.
    """
    found = dict.fromkeys(one for one in warnings if not one.exact.startswith("PromQL info"))
    return [
        saying(
            "{server}: partial answer: {warning}", server=server, warning=visible(one, cells=160)
        )
        for one in found
    ]
