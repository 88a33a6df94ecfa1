"""How long a service was up: seconds of what was observed, cut at days and at what is excluded.

Inside it is whole milliseconds, so that days add up to their week exactly.
"""

from __future__ import annotations

import copy
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
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
_MOST_KEPT: Final = 64
"""Where each service has a change of its own, each would keep all of the maintenance."""


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
        self.edges: Sequence[int] = [milliseconds(edge) for edge in edges]
        self.excluded: Sequence[Span] = disjoint(excluded)
        self.excluded_ms: Sequence[int] = self._within(self.excluded)

    def __len__(self) -> int:
        return max(0, len(self.edges) - 1)

    def changed(self, low_ms: int, high_ms: int, spans: Iterable[Span]) -> Slots:
        """The same with `spans`, in order and without overlap, as all that is excluded from
        `low_ms` to `high_ms`."""
        own = self.excluded
        first = bisect_right(own, low_ms, key=lambda one: one.end_ms)
        after = bisect_left(own, high_ms, key=lambda one: one.start_ms)
        # With a neighbour on both sides: what touches and has one name is one.
        first, after = max(0, first - 1), min(len(own), after + 1)
        was = own[first:after]
        before = (Span(one.start_ms, min(one.end_ms, low_ms), one.by) for one in was)
        behind = (Span(max(one.start_ms, high_ms), one.end_ms, one.by) for one in was)
        among = _joined([*before, *spans, *behind])
        made = copy.copy(self)
        made.excluded = [*own[:first], *among, *own[after:]]
        sums = zip(self.excluded_ms, self._within(was), self._within(among), strict=True)
        made.excluded_ms = [whole - old + new for whole, old, new in sums]
        return made

    def _within(self, spans: Iterable[Span]) -> list[int]:
        sums = [0] * len(self)
        slot = 0
        for span in spans:
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


Timed = tuple[int, str, int, Saying]
"""What is excluded: from when on, its name, before when, and by what; in milliseconds."""


class Grid:
    """The same slots for every service, each with what is excluded for it."""

    def __init__(self, edges: Sequence[datetime], exclusions: Iterable[Exclusion]) -> None:
        alike: dict[tuple[str, ...], list[Exclusion]] = {}
        for one in exclusions:
            if one.start < edges[-1] and one.end > edges[0]:
                alike.setdefault(one.services, []).append(one)
        self._for_all = Slots(edges, alike.get((), ()))
        self._timed = _timed(alike.pop((), ()))
        self._groups = [_timed(each) for each in alike.values()]
        self._by_service: dict[str, list[int]] = {}
        for index, services in enumerate(alike):
            for name in set(map(folded, services)):
                self._by_service.setdefault(name, []).append(index)
        self._kept: dict[tuple[int, ...], Slots] = {}

    def of(self, service: str) -> Slots:
        """Those of `service`; names that look the same are the same."""
        key = tuple(self._by_service.get(folded(service), ())) if self._by_service else ()
        if not key:
            return self._for_all
        if key not in self._kept:
            while len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self._with([one for each in key for one in self._groups[each]])
        return self._kept[key]

    def _with(self, own: Sequence[Timed]) -> Slots:
        """Those with `own` besides: work for what it adds, not for all the maintenance there is."""
        low, high = min(one[0] for one in own), max(one[2] for one in own)
        # By what a moment is excluded only those decide that cover it.
        around = [one for one in self._timed if one[0] < high and one[2] > low]
        apart = _apart(sorted([*around, *own], key=_in_order))
        among = (Span(max(low, one.start_ms), min(high, one.end_ms), one.by) for one in apart)
        return self._for_all.changed(low, high, among)


def disjoint(exclusions: Iterable[Exclusion]) -> list[Span]:
    """What is excluded by any of them, in order, without overlap; neighbours of one name that
    touch are one."""
    return _joined(_apart(_timed(exclusions)))


def _timed(exclusions: Iterable[Exclusion]) -> list[Timed]:
    timed = (
        (milliseconds(one.start), one.name, milliseconds(one.end), one.by) for one in exclusions
    )
    return sorted(timed, key=_in_order)


def _in_order(one: Timed) -> tuple[int, str, int]:
    return one[:3]


def _apart(timed: Iterable[Timed]) -> Iterator[Span]:
    """Of `timed`, which is in order, each without what those before it cover."""
    until: int | None = None
    for start, _, end, by in timed:
        low = start if until is None else max(start, until)
        if low < end:
            yield Span(low, end, by)
            until = end


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Without those that are empty; neighbours of one name that touch are one."""
    found: list[Span] = []
    for one in spans:
        if one.start_ms >= one.end_ms:
            continue
        if found and found[-1].by == one.by and found[-1].end_ms == one.start_ms:
            found[-1] = Span(found[-1].start_ms, one.end_ms, one.by)
        else:
            found.append(one)
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

    def __init__(self, spans: Sequence[Span]) -> None:
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
