"""How a value moves over script time: straight lines between knots, and steps.

Whatever the world says about a metric comes from one of these, so that the value that is
served, the moment at which a rule becomes true and the graph of the last hour agree by
construction.
"""

from __future__ import annotations

import math
import operator
import zlib
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

import msgspec

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
"""PromQL's comparisons between a series and a number."""


class Span(msgspec.Struct, frozen=True):
    """A stretch of script time, in seconds; `end_s` may be infinite and does not belong to it."""

    start_s: float
    end_s: float

    def holds(self, at_s: float) -> bool:
        """Whether the moment lies inside."""
        return self.start_s <= at_s < self.end_s


class Shape(msgspec.Struct, frozen=True):
    """A value over script time: `(second, value)` knots in order of time, flat outside them.

    Two knots at one second are a step; the later one counts from that second on.
    """

    knots: tuple[tuple[float, float], ...]

    def at(self, at_s: float) -> float:
        """The value at one moment."""
        after = bisect_right(self.knots, at_s, key=_second_of)
        if after == 0:
            return self.knots[0][1]
        if after == len(self.knots):
            return self.knots[-1][1]
        (left_s, left), (right_s, right) = self.knots[after - 1], self.knots[after]
        return left + (right - left) * (at_s - left_s) / (right_s - left_s)

    @property
    def is_stepped(self) -> bool:
        """Whether it never moves between two knots."""
        return all(
            left[1] == right[1] or left[0] == right[0] for left, right in pairwise(self.knots)
        )

    def spans(self, op: str, threshold: float) -> tuple[Span, ...]:
        """When the comparison with `threshold` holds, earliest first, touching ones joined."""
        compare = COMPARE[op]
        if len(self.knots) == 1:
            whole = Span(-math.inf, math.inf)
            return (whole,) if compare(self.knots[0][1], threshold) else ()
        edges = [-math.inf, *self._edges(threshold), math.inf]
        found: list[Span] = []
        for left_s, right_s in pairwise(edges):
            if not compare(self.at(_between(left_s, right_s)), threshold):
                continue
            if found and found[-1].end_s == left_s:
                found[-1] = Span(found[-1].start_s, right_s)
            else:
                found.append(Span(left_s, right_s))
        return tuple(found)

    def _edges(self, threshold: float) -> list[float]:
        edges = {second for second, _ in self.knots}
        for (left_s, left), (right_s, right) in pairwise(self.knots):
            if (left - threshold) * (right - threshold) < 0 and right_s > left_s:
                edges.add(left_s + (right_s - left_s) * (threshold - left) / (right - left))
        return sorted(edges)

    def healed(self, at_s: float, to: float, over_s: float) -> Shape:
        """The same past, and from `at_s` on a way back to `to` within `over_s` seconds."""
        kept = tuple(knot for knot in self.knots if knot[0] < at_s)
        here = self.at(at_s)
        if over_s <= 0:
            return Shape((*kept, (at_s, here), (at_s, to)))
        return Shape((*kept, (at_s, here), (at_s + over_s, to)))

    def dipped(self, start_s: float, end_s: float, to: float) -> Shape:
        """The same, but `to` from start to end."""
        before = tuple(knot for knot in self.knots if knot[0] < start_s)
        down = ((start_s, self.at(start_s)), (start_s, to))
        if end_s == math.inf:
            return Shape((*before, *down))
        after = tuple(knot for knot in self.knots if knot[0] > end_s)
        return Shape((*before, *down, (end_s, to), (end_s, self.at(end_s)), *after))

    def area(self, start_s: float, end_s: float) -> float:
        """The integral over a stretch: what a counter of this rate has counted."""
        inside = sorted(second for second, _ in self.knots if start_s < second < end_s)
        total = 0.0
        for left_s, right_s in pairwise([start_s, *inside, end_s]):
            # In the middle of a straight line stands its mean.
            total += self.at((left_s + right_s) / 2) * (right_s - left_s)
        return total


def flat(value: float) -> Shape:
    """A value that never moves."""
    return Shape(((0.0, value),))


def step(at_s: float, before: float, after: float) -> Shape:
    """A value that jumps once."""
    return Shape(((at_s, before), (at_s, after)))


def ramp(*knots: tuple[float, float]) -> Shape:
    """A value that moves in straight lines through `(second, value)` points."""
    return Shape(knots)


def pulse(start_s: float, end_s: float, rest: float, high: float) -> Shape:
    """A value that is `high` for one stretch and `rest` at all other times."""
    return Shape(((start_s, rest), (start_s, high), (end_s, high), (end_s, rest)))


def jitter(seed: int, key: str, at_s: float, period_s: float = 15.0) -> float:
    """A number in [-1, 1] that is always the same for one key and one scrape."""
    return jitter_of(key_of_jitter(seed, key), at_s, period_s)


def key_of_jitter(seed: int, key: str) -> int:
    """What `jitter_of` takes for a key that is asked for again and again."""
    return zlib.crc32(f"{seed}/{key}/".encode())


def jitter_of(key: int, at_s: float, period_s: float = 15.0) -> float:
    """`jitter` for one of `key_of_jitter`."""
    return zlib.crc32(b"%d" % math.floor(at_s / period_s), key) / 0x7FFFFFFF - 1.0


def _second_of(knot: tuple[float, float]) -> float:
    return knot[0]


def _between(left_s: float, right_s: float) -> float:
    if left_s == -math.inf:
        return right_s - 1.0
    if right_s == math.inf:
        return left_s + 1.0
    return (left_s + right_s) / 2.0
