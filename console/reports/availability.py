"""How long a service was up: seconds of what was observed, cut at days and at what is excluded.

Inside it is whole milliseconds, so that days add up to their week exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from console.model.history import Sight, Stretch
from console.model.names import folded
from console.model.saying import Saying
from console.model.summary import Availability, Exclusion, Outage
from console.model.unix import milliseconds, moment

# To look one of them up in its class takes longer than all else that is done with a stretch.
_SLOW: Final = Sight.SLOW
_DOWN: Final = Sight.DOWN
_UNKNOWN: Final = Sight.UNKNOWN


class Span(msgspec.Struct, frozen=True, gc=False):
    """Some excluded time, from `start_ms` on and before `end_ms`."""

    start_ms: int
    end_ms: int
    by: Saying
    """Of several at once, the one that began first; of these the first by name."""


class Slots:
    """Consecutive stretches of time, and how much of each is excluded. For any service for which
    the same is excluded."""

    def __init__(self, edges: Sequence[datetime], excluded: Iterable[Exclusion] = ()) -> None:
        """
        Args:
            edges: where each begins, and where the last one ends; in order.
            excluded: may overlap each other.
        """
        self.edges: Final = [milliseconds(edge) for edge in edges]
        self.excluded: Final = disjoint(excluded)
        self.excluded_ms: Final = self._within()

    def __len__(self) -> int:
        return max(0, len(self.edges) - 1)

    def _within(self) -> list[int]:
        sums = [0] * len(self)
        slot = 0
        for span in self.excluded:
            while slot < len(self) and self.edges[slot + 1] <= span.start_ms:
                slot += 1
            index = slot
            while index < len(self) and self.edges[index] < span.end_ms:
                low = max(span.start_ms, self.edges[index])
                sums[index] += max(0, min(span.end_ms, self.edges[index + 1]) - low)
                index += 1
        return sums


class Reckoned(msgspec.Struct, frozen=True):
    """What one service came to."""

    total: Availability
    slots: tuple[Availability, ...]
    outages: tuple[Outage, ...]
    """In order, all of them."""


class Grid:
    """The same slots for every service, each with what is excluded for it."""

    def __init__(self, edges: Sequence[datetime], exclusions: Iterable[Exclusion]) -> None:
        self._edges = edges
        self._for_all: list[tuple[int, Exclusion]] = []
        self._by_service: dict[str, list[tuple[int, Exclusion]]] = {}
        for index, one in enumerate(exclusions):
            if not one.services:
                self._for_all.append((index, one))
            for name in {folded(each) for each in one.services}:
                self._by_service.setdefault(name, []).append((index, one))
        self._kept: dict[tuple[int, ...], Slots] = {}

    def of(self, service: str) -> Slots:
        """Those of `service`; names that look the same are the same."""
        own = self._by_service.get(folded(service), ()) if self._by_service else ()
        key = tuple(index for index, _ in own)
        if key not in self._kept:
            excluded = [one for _, one in (*self._for_all, *own)]
            self._kept[key] = Slots(self._edges, excluded)
        return self._kept[key]


def disjoint(exclusions: Iterable[Exclusion]) -> list[Span]:
    """What is excluded by any of them, in order, without overlap; neighbours of one name that
    touch are one."""
    found: list[Span] = []
    ordered = [
        (milliseconds(one.start), one.name, milliseconds(one.end), one) for one in exclusions
    ]
    for start, _, end, one in sorted(ordered, key=lambda each: each[:3]):
        low = max(start, found[-1].end_ms) if found else start
        if low >= end:
            continue
        if found and found[-1].by == one.by and found[-1].end_ms == low:
            found[-1] = Span(found[-1].start_ms, end, one.by)
        else:
            found.append(Span(low, end, one.by))
    return found


def reckoned(stretches: Iterable[Stretch], slots: Slots) -> Reckoned:
    """Availability of each slot and of all of them, in one pass.

    Args:
        stretches: in order and without overlap, as `Observed.stretches` has them.
    """
    count = len(slots)
    known, down, slow, raw_known, raw_down = ([0] * count for _ in range(5))
    edges, spans = slots.edges, slots.excluded
    outages = _Outages(spans)
    slot = span = 0
    for stretch in stretches:
        sight = stretch.sight
        if sight == _UNKNOWN or not count:
            continue
        start, end = max(stretch.start_ms, edges[0]), min(stretch.end_ms, edges[-1])
        if start >= end:
            continue
        is_down = sight == _DOWN
        while edges[slot + 1] <= start:
            slot += 1
        while span < len(spans) and spans[span].end_ms <= start:
            span += 1
        if is_down:
            outages.add(start, end, span)
        while start < end:
            until = min(end, edges[slot + 1])
            lasted = until - start
            counted = lasted
            while span < len(spans) and spans[span].start_ms < until:
                counted -= min(until, spans[span].end_ms) - max(start, spans[span].start_ms)
                if spans[span].end_ms > until:
                    break
                span += 1
            raw_known[slot] += lasted
            known[slot] += counted
            if is_down:
                raw_down[slot] += lasted
                down[slot] += counted
            elif sight == _SLOW:
                slow[slot] += counted
            start = until
            if until == edges[slot + 1] and slot + 1 < count:
                slot += 1
    whole = [after - edge for edge, after in itertools.pairwise(edges)]
    columns = (whole, slots.excluded_ms, known, down, slow, raw_known, raw_down)
    return Reckoned(
        _availability([sum(column) for column in columns]),
        tuple(_availability(row) for row in zip(*columns, strict=True)),
        outages.made,
    )


def _availability(sums_ms: Iterable[int]) -> Availability:
    return Availability(*(one / 1000 for one in sums_ms))


class _Outages:
    """Outages as they come, cut at the edges of what is excluded."""

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._found: list[tuple[int, int, Saying | None]] = []

    def add(self, start: int, end: int, span: int) -> None:
        """Down from `start` to `end`, in order; `span` is the first that ends after `start`."""
        while start < end:
            inside = span < len(self._spans) and self._spans[span].start_ms <= start
            by: Saying | None = None
            if inside:
                until, by = min(end, self._spans[span].end_ms), self._spans[span].by
                span += 1
            else:
                following = self._spans[span].start_ms if span < len(self._spans) else end
                until = min(end, following)
            self._add(start, until, by)
            start = until

    def _add(self, start: int, end: int, by: Saying | None) -> None:
        if self._found and self._found[-1][1:] == (start, by):
            self._found[-1] = self._found[-1][0], end, by
        else:
            self._found.append((start, end, by))

    @property
    def made(self) -> tuple[Outage, ...]:
        return tuple(Outage(moment(start), moment(end), by) for start, end, by in self._found)
