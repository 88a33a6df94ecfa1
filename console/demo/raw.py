"""The samples behind a selector, as a Prometheus gives them: raw, or counted.

`up{…}[1d]` at one moment, `last_over_time(up{…}[60s])[1d:60s]` and `count_over_time(up{…}[1d])`.
A day of sixty series is 360,000 samples, so that what does not change is written out once.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from console.demo.inventory import DAY_S
from console.demo.promql import Line, QueryRefusedError, selected
from console.demo.targets import SCRAPE_S
from console.demo.world import World

MAX_SAMPLES = 50_000_000
"""What Prometheus loads for one query at most."""
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S}
_LENGTH = r"\[(\d+)([smhd])\]"
_RANGE = re.compile(rf"([^\[\]]*?){_LENGTH}", re.DOTALL)
_COUNT = re.compile(rf"count_over_time\(([^\[\]]*?){_LENGTH}\)", re.DOTALL)
_EACH = re.compile(
    rf"last_over_time\(([^\[\]]*?){_LENGTH}\)\[(\d+)([smhd]):(\d+)([smhd])\]", re.DOTALL
)


_AWAKE = re.compile(r"count\(([a-z_]+)\)\[(\d+)([smhd]):(\d+)([smhd])\]")


class Sampled(msgspec.Struct, frozen=True):
    """One series of a result."""

    metric: dict[str, str]
    values: msgspec.Raw
    """`[[1700000000,"1"],…]`."""


def sampled(world: World, server: str, query: str, unix_s: float) -> list[Sampled] | None:
    """What a range selector yields at a moment; `None`: the query is none.

    Raises:
        QueryRefusedError: it cannot be parsed, is about a metric that this world does not have,
            or is too much.
    """
    text = query.strip()
    awake = _AWAKE.fullmatch(text)
    if awake is not None:
        selector, count, unit, step, step_unit = awake.groups()
        length_s, every_s = float(count) * _UNITS_S[unit], float(step) * _UNITS_S[step_unit]
        return _numbers(world, server, selector, _Grid(unix_s, length_s, every_s))
    each = _EACH.fullmatch(text)
    if each is not None:
        selector, _, _, count, unit, step, step_unit = each.groups()
        every_s = float(step) * _UNITS_S[step_unit]
    else:
        found = _RANGE.fullmatch(text)
        if found is None:
            return None
        selector, count, unit = found.groups()
        every_s = SCRAPE_S
    grid = _Grid(unix_s, float(count) * _UNITS_S[unit], every_s)
    answer = []
    for line in _lines(world, server, selector, grid):
        values = grid.written(world, line)
        if values:
            answer.append(Sampled(line.metric, msgspec.Raw(f"[{values}]".encode())))
    return answer


def _numbers(world: World, server: str, selector: str, grid: _Grid) -> list[Sampled]:
    """How many series there were, at every moment at which there was one."""
    totals = [0] * len(grid.moments)
    for line in _lines(world, server, selector, grid):
        for left, right, _ in grid.pieces(world, line, line.edges):
            for number in range(left, right):
                totals[number] += 1
    told = zip(grid.moments, totals, strict=True)
    values = ",".join(f'[{moment:.10g},"{total}"]' for moment, total in told if total)
    return [Sampled({}, msgspec.Raw(f"[{values}]".encode()))] if values else []


def counts(
    world: World, server: str, query: str, unix_s: float
) -> list[tuple[dict[str, str], int]] | None:
    """What `count_over_time` of a range selector yields; `None`: the query is something else.

    Raises:
        QueryRefusedError: as `sampled`.
    """
    found = _COUNT.fullmatch(query.strip())
    if found is None:
        return None
    selector, count, unit = found.groups()
    grid = _Grid(unix_s, float(count) * _UNITS_S[unit], SCRAPE_S)
    answer = []
    for line in _lines(world, server, selector, grid):
        number = sum(right - left for left, right, _ in grid.pieces(world, line, line.edges))
        if number:
            metric = {name: value for name, value in line.metric.items() if name != "__name__"}
            answer.append((metric, number))
    return answer


def _lines(world: World, server: str, selector: str, grid: _Grid) -> list[Line]:
    lines = selected(world, server, selector.strip())
    if lines is None:
        said = f"the demo answers only the queries that the console sends, not: {selector}"
        raise QueryRefusedError("execution", said)
    if len(lines) * len(grid.moments) > MAX_SAMPLES:
        said = "query processing would load too many samples into memory in query execution"
        raise QueryRefusedError("execution", said)
    return lines


class _Grid:
    """The moments of scrapes within some time; its bounds count, as in Prometheus 2."""

    def __init__(self, unix_s: float, length_s: float, every_s: float) -> None:
        first = math.ceil((unix_s - length_s) / every_s - 1e-9)
        last = math.floor(unix_s / every_s + 1e-9)
        self.moments = [number * every_s for number in range(first, last + 1)]
        self._seconds: list[float] | None = None
        self._texts: dict[float, list[str]] = {}

    def pieces(
        self, world: World, line: Line, edges: tuple[float, ...] | None
    ) -> Iterator[tuple[int, int, float]]:
        """From which moment on and before which one it had which value.

        Args:
            edges: where to look; `None`: at every moment.
        """
        if self._seconds is None:
            self._seconds = [world.script_s(moment) for moment in self.moments]
        seconds = self._seconds
        if edges is None:
            cuts = list(range(len(seconds) + 1))
        else:
            inside = {bisect_left(seconds, edge) for edge in edges}
            cuts = sorted(inside | {0, len(seconds)})
        for left, right in pairwise(cuts):
            value = line.value_at(seconds[left])
            if value is not None:
                yield left, right, value

    def written(self, world: World, line: Line) -> str:
        """Its samples as JSON, without the brackets around them."""
        if line.is_level:
            found = self.pieces(world, line, line.edges)
            texts = (self._text(value)[left:right] for left, right, value in found)
            return ",".join(text for several in texts for text in several)
        moments = self.moments
        return ",".join(
            f'[{moments[left]:.10g},"{value:.6g}"]'
            for left, _, value in self.pieces(world, line, None)
        )

    def _text(self, value: float) -> list[str]:
        if value not in self._texts:
            said = repr(value) if value != int(value) else str(int(value))
            self._texts[value] = [f'[{moment:.10g},"{said}"]' for moment in self.moments]
        return self._texts[value]
