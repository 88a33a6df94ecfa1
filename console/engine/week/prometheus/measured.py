"""Objectives that are PromQL queries: filled in, asked at the end of a window, one number each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from config.history import ObjectiveEntry
from console.model.failure import Failure, FailureKind
from console.model.query import InstantAnswer
from console.model.registry import Service
from console.model.saying import Saying, listed, saying, verbatim
from console.reports.material import Measured
from console.safety.text import visible
from console.sources.prometheus.past import MOST_SILENCES, PastServer, harmless, said_of, warned_of

LARGEST: Final = 1e15
"""As a figure. Beyond it a float tells no digit behind the point, and a report cannot round it."""
_DAY_S: Final = 86_400
_PLACE: Final = re.compile(r"\$(service|window)\b")
_SHOWN: Final = 3


class UnfitError(ValueError):
    """A query into which a service's name cannot be put."""

    def __init__(self, why: Saying) -> None:
        self.why = why
        super().__init__(why.text)


async def measured_of(
    servers: Sequence[PastServer],
    entries: Sequence[ObjectiveEntry],
    services: Sequence[Service],
    start: datetime,
    end: datetime,
) -> tuple[Measured, ...]:
    """What the queries of `entries` give at `end`. Raises nothing."""
    known = {one.name for one in services}
    silences = {one.name: _Silences() for one in servers}
    # One after the other: of the few requests that a server is sent at once the polls need some.
    return tuple(
        [
            await _one(servers, entry, service, known, start, end, silences)
            for entry in entries
            if entry.query is not None
            for service in entry.services or ("",)
        ]
    )


class _Silences:
    """How often in a row a server has let a query time out."""

    def __init__(self) -> None:
        self._count = 0
        self._last: Failure | None = None

    async def instant(
        self, server: PastServer, query: str, at: datetime
    ) -> InstantAnswer | Failure:
        """What it says, unless it hangs: then what it said to the query before."""
        if self._last is not None and self._count >= MOST_SILENCES:
            return self._last
        answer = await server.instant(query, at)
        is_silence = isinstance(answer, Failure) and answer.kind is FailureKind.TIMEOUT
        self._count = self._count + 1 if is_silence else 0
        self._last = answer if isinstance(answer, Failure) else None
        return answer


async def _one(
    servers: Sequence[PastServer],
    entry: ObjectiveEntry,
    service: str,
    known: set[str],
    start: datetime,
    end: datetime,
    silences: dict[str, _Silences],
) -> Measured:
    query = entry.query or ""
    asked = [one for one in servers if entry.source in (None, one.name)]
    names = [entry.source] if entry.source else [one.name for one in servers]
    source = listed(verbatim(visible(one)) for one in names)
    try:
        query = filled(query, service, end - start)
    except UnfitError as unfit:
        return Measured(entry.name, service, None, source, query, unfit.why)
    if service and service not in known:
        why = saying("no service {name} is registered", name=visible(service, cells=60))
        return Measured(entry.name, service, None, source, query, why)
    if not asked:
        why = saying("no Prometheus is among the sources")
        if entry.source is not None:
            name = visible(entry.source, cells=60)
            why = saying("no Prometheus {name} is among the sources", name=name)
        return Measured(entry.name, service, None, source, query, why)
    whys = []
    for server in asked:
        found = value_of(await silences[server.name].instant(server, query, end), server.name)
        if isinstance(found, float):
            return Measured(entry.name, service, found, verbatim(server.name), query)
        if len(asked) > 1 and not found.text.startswith(server.name):
            found = saying("{by}: {why}", by=server.name, why=found)
        whys.append(found)
    why_not = listed(whys[:_SHOWN], apart=True)
    return Measured(entry.name, service, None, source, query, why_not)


def value_of(answer: InstantAnswer | Failure, server: str) -> float | Saying:
    """The one number that an answer holds; else why it is none."""
    if isinstance(answer, Failure):
        return said_of(answer)
    partial = warned_of(server, answer.warnings)
    if partial:
        return partial[0]
    if not answer.samples:
        if answer.total:
            return saying("the query gives histograms, expected one number")
        return saying("no data")
    if answer.total != 1:
        return saying("{n} series, expected one number", n=answer.total)
    value = answer.samples[0].value
    if math.isnan(value):
        return saying("the query gives NaN, as where nothing is divided by nothing")
    if not math.isfinite(value):
        return saying("the query gives an infinite number")
    return value if abs(value) <= LARGEST else saying("the query gives a number beyond all figures")


def filled(query: str, service: str, window: timedelta) -> str:
    """`query` with `$service` and `$window` in their places.

    A service's name matches itself and nothing else, whichever quotes it stands in, and as
    what it is behind `=` as well as behind `=~`.

    Raises:
        UnfitError: `$service` stands outside of quotes, or there is no service to put there.
    """
    length = window_text(window)
    parts: list[str] = []
    for text, quote, is_regex in _strings(query):
        name = _inside(service, quote, is_regex=is_regex)

        def put(found: re.Match[str], name: str = name, quote: str = quote) -> str:
            if found[1] == "window":
                return length
            if not quote:
                raise UnfitError(
                    saying('`$service` stands outside of quotes: write service=~"$service"')
                )
            if not service:
                raise UnfitError(
                    saying("the query has `$service`, and the objective names no `services:`")
                )
            return name

        parts.append(_PLACE.sub(put, text))
    return "".join(parts)


def window_text(window: timedelta) -> str:
    """As PromQL writes it: `7d`, or seconds where it is no whole number of days."""
    seconds = max(1, round(window.total_seconds()))
    return f"{seconds // _DAY_S}d" if seconds % _DAY_S == 0 else f"{seconds}s"


def _inside(service: str, quote: str, *, is_regex: bool) -> str:
    text = harmless(service) if is_regex else service
    if quote == "`":
        if "`" in text:
            raise UnfitError(
                saying("the service's name has a ` in it: write the query with other quotes")
            )
        return text
    escaped = text.replace("\\", "\\\\").replace(quote or '"', "\\" + (quote or '"'))
    return escaped.replace("\n", "\\n")


def _strings(query: str) -> Iterator[tuple[str, str, bool]]:
    """The query in pieces: text, the quote that it stands in, whether it is a regex's."""
    begin, i = 0, 0
    quote = ""
    is_regex = False
    while i < len(query):
        char = query[i]
        if quote:
            if char == "\\" and quote != "`":
                i += 1
            elif char == quote:
                yield query[begin:i], quote, is_regex
                begin, quote = i, ""
        elif char in "\"'`":
            is_regex = _is_regex_at(query, i)
            yield query[begin : i + 1], "", False
            begin, quote = i + 1, char
        elif char == "#":
            newline = query.find("\n", i)
            i = len(query) - 1 if newline < 0 else newline
        i += 1
    yield query[begin:], quote, is_regex


def _is_regex_at(query: str, i: int) -> bool:
    """Whether what begins at `i` stands behind `=~` or `!~`."""
    while i > 0 and query[i - 1].isspace():
        i -= 1
    return query[max(0, i - 2) : i] in ("=~", "!~")
