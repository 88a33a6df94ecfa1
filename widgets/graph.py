"""A time series as lines of text: quarter blocks, or signs where the terminal has only ASCII.

Drawn here rather than by textual-plotext: that draws on a figure shared by the whole process,
knows neither gaps nor our inks, and its own escape sequences would have to be parsed back.
Quarter blocks rather than braille, which several monospaced fonts do not have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

import msgspec

from console.safety.text import Marks, Raw
from widgets.paint import GLYPHS, Glyphs, Span, Spans, width_of
from widgets.theme import Ink

_DOTS_ACROSS: Final = 2
_DOTS_DOWN: Final = 2
_BLOCKS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
_AXIS_CELLS: Final = 7
_INKS: Final = (Ink.GRAPH, Ink.P1, Ink.OK, Ink.UNKNOWN)


class Curve(msgspec.Struct, frozen=True):
    """One series."""

    name: Raw | str
    points: tuple[tuple[float, float], ...]
    """Unix seconds and value, in order of time; what is not finite is a gap."""


class Chart(msgspec.Struct, frozen=True):
    """What to draw."""

    curves: tuple[Curve, ...]
    start: datetime
    end: datetime
    step: timedelta = timedelta(minutes=1)
    """Points further apart than two of these are not joined: in between nothing is known."""
    threshold: float | None = None
    """Where the rule begins to fire."""
    partial: bool = False
    """The answer came with a warning that parts are missing."""


def plot(
    chart: Chart, width: int, height: int, *, glyphs: Glyphs = GLYPHS, zone: tzinfo | None = None
) -> list[Spans]:
    """`chart` as `height` lines of at most `width` cells: curves, axes, and a legend.

    Without a single point: one line that says so. `height` is 4 at least. Of the curves four
    are drawn, and the legend says how many there are.
    """
    drawn = [curve for curve in chart.curves if _finite(curve)][: len(_INKS)]
    if not drawn:
        return [(("no data", Ink.UNKNOWN), (f" {_range_text(chart, zone)}", Ink.MUTED))]
    width, height = max(width, _AXIS_CELLS + 10), max(height, 4)
    rows, columns = height - 2, width - _AXIS_CELLS - 1
    threshold = chart.threshold
    if threshold is not None and not _usable(threshold):
        threshold = None
    low, high = _bounds(drawn, threshold)
    canvas = _Canvas(columns, rows, glyphs)
    start, end = chart.start.timestamp(), chart.end.timestamp()
    span = max(1.0, end - start)

    def across(moment: float) -> int:
        return round((moment - start) / span * (columns * _DOTS_ACROSS - 1))

    def down(value: float) -> int:
        return round((high - _bounded(value)) / (high - low) * (rows * _DOTS_DOWN - 1))

    for number, curve in enumerate(drawn):
        before: tuple[float, float] | None = None
        for moment, value in curve.points:
            if not (_usable(value) and start <= moment <= end):
                before = None
                continue
            if before is None or moment - before[0] > 2 * chart.step.total_seconds():
                before = (moment, value)
            canvas.join(across(before[0]), down(before[1]), across(moment), down(value), number)
            before = (moment, value)
    line = None if threshold is None else down(threshold) // _DOTS_DOWN
    labels = {0: high, rows - 1: low, rows // 2: (high + low) / 2}
    if line is not None and threshold is not None:
        labels[line] = threshold
    lines: list[Spans] = [_legend(chart, drawn, threshold, glyphs.marks)]
    for row in range(rows):
        label = number_text(labels[row]) if row in labels else ""
        ink = Ink.BREACHED if row == line else Ink.MUTED
        axis: Span = (f"{label:>{_AXIS_CELLS}}", Ink.WARNING if ink is Ink.BREACHED else ink)
        lines.append([axis, (glyphs.bar, Ink.MUTED), *canvas.row(row, line == row)])
    lines.append(_time_axis(chart, columns, zone))
    return lines


class _Canvas:
    """Cells with dots in them, each in the ink of the last curve that touched it."""

    def __init__(self, columns: int, rows: int, glyphs: Glyphs) -> None:
        self._columns = columns
        self._dots = [[0] * columns for _ in range(rows)]
        self._inks = [[Ink.PLAIN] * columns for _ in range(rows)]
        self._glyphs = glyphs

    def join(self, x1: int, y1: int, x2: int, y2: int, number: int) -> None:
        steps = max(abs(x2 - x1), abs(y2 - y1), 1)
        for step in range(steps + 1):
            x = round(x1 + (x2 - x1) * step / steps)
            y = round(y1 + (y2 - y1) * step / steps)
            row, column = y // _DOTS_DOWN, x // _DOTS_ACROSS
            if 0 <= row < len(self._dots) and 0 <= column < self._columns:
                self._dots[row][column] |= 1 << (y % _DOTS_DOWN * _DOTS_ACROSS + x % _DOTS_ACROSS)
                self._inks[row][column] = _INKS[number]

    def row(self, row: int, threshold: bool) -> list[Span]:
        spans: list[Span] = []
        for dots, ink in zip(self._dots[row], self._inks[row], strict=True):
            if dots:
                spans.append((self._sign(dots), ink))
            else:
                spans.append((self._glyphs.rule, Ink.WARNING) if threshold else (" ", Ink.PLAIN))
        return spans

    def _sign(self, dots: int) -> str:
        if not self._glyphs.ascii_only:
            return _BLOCKS[dots]
        top, bottom = dots & 0b0011, dots & 0b1100
        return ":" if top and bottom else "'" if top else "."


def number_text(value: float) -> str:
    """A value in at most seven cells: `0.25`, `98`, `4.1k`, `12M`, `2e-06`."""
    size = abs(value)
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scale = 1e3 if unit == "k" else limit
            return f"{value / scale:.4g}{unit}" if size < 1e15 else f"{value:.0e}"
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if size >= 0.01 else f"{value:.0e}"


def _finite(curve: Curve) -> bool:
    return any(_usable(value) for _, value in curve.points)


def _usable(value: float) -> bool:
    return math.isfinite(value)


def _bounded(value: float) -> float:
    """The difference of two of these is still a number."""
    return max(-1e300, min(value, 1e300))


def _bounds(curves: Sequence[Curve], threshold: float | None) -> tuple[float, float]:
    values = [_bounded(value) for curve in curves for _, value in curve.points if _usable(value)]
    if threshold is not None:
        values.append(_bounded(threshold))
    low, high = min(values), max(values)
    if low > 0 and low < high / 2:
        low = 0.0
    if low == high:
        room = abs(low) / 2 or 1.0
        return low - room, high + room
    return low, high


def _legend(chart: Chart, drawn: Sequence[Curve], threshold: float | None, marks: Marks) -> Spans:
    spans: list[Span] = []
    if chart.partial:
        spans.append(("partial  ", Ink.WARNING))
    for number, curve in enumerate(drawn):
        last = [value for _, value in curve.points if _usable(value)][-1]
        text = f" {number_text(last)}  "
        spans += [(curve.name, _INKS[number]), (text, Ink.STRONG)]
    hidden = len(chart.curves) - len(drawn)
    if hidden:
        spans.append((f"{len(drawn)} of {len(chart.curves)} series  ", Ink.WARNING))
    if threshold is not None:
        spans.append((f"threshold {number_text(threshold)}", Ink.WARNING))
    return spans if width_of(spans, marks) else [("", Ink.PLAIN)]


def _range_text(chart: Chart, zone: tzinfo | None) -> str:
    return f"{chart.start.astimezone(zone):%H:%M} to {chart.end.astimezone(zone):%H:%M}"


def _time_axis(chart: Chart, columns: int, zone: tzinfo | None) -> Spans:
    middle = chart.start + (chart.end - chart.start) / 2
    first, centre, last = (
        f"{moment.astimezone(zone):%H:%M}" for moment in (chart.start, middle, chart.end)
    )
    text = first.ljust(columns)
    at = columns // 2 - len(centre) // 2
    if columns >= 3 * len(first) + 4:
        text = text[:at] + centre + text[at + len(centre) :]
    text = text[: columns - len(last)] + last if columns >= 2 * len(first) + 1 else text
    return ((" " * (_AXIS_CELLS + 1) + text, Ink.MUTED),)
