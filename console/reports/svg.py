"""The charts of a week, as SVG that stands within HTML: colours are the page's, by class.

Nothing is told by colour alone: every cell has a pattern and a sign, every bar its figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Final

from console.model.summary import ServiceWeek, Slot, Verdict, Week
from console.reports.judged import is_lacking
from console.reports.telling import Telling
from console.safety.text import Raw, cell_width, visible

NAME_CELLS: Final = 26
"""Of a service's name in a chart; the whole stands in its title."""
KINDS: Final = ("clean", "some", "missed", "unjudged", "lacking", "excluded", "future")
"""How a service was on a day: class and sign of a cell."""
_SIGNS: Final = {"clean": "✓", "lacking": "?", "excluded": "–", "future": ""}
_NAME_PX: Final = 190
_CELL_PX: Final = 74
_ROW_PX: Final = 22
_GAP_PX: Final = 3
_HEAD_PX: Final = 40


def text_of(text: Raw | str, cells: int | None = None) -> str:
    """`text` for HTML and SVG."""
    return escape(visible(text, cells=cells))


def defs() -> str:
    """The patterns and cells that all charts of a page use, once."""
    size = f'width="{_CELL_PX - _GAP_PX}" height="{_ROW_PX - _GAP_PX}" rx="3"'
    cells = "".join(
        f'<symbol id="c-{kind}" overflow="visible"><rect class="k-{kind}" {size}/>'
        + (f'<rect fill="url(#p-{kind})" {size}/>' if kind in _HATCHED else "")
        + "</symbol>"
        for kind in KINDS
    )
    patterns = "".join(_pattern(kind, path) for kind, path in _HATCHED.items())
    return f'<svg class="defs" aria-hidden="true"><defs>{patterns}{cells}</defs></svg>'


_HATCHED: Final = {
    "some": "M0 8L8 0",
    "missed": "M0 8L8 0M0 0L8 8",
    "unjudged": "M4 0V8",
    "lacking": "M4 3.2V4.8",
}


def _pattern(kind: str, path: str) -> str:
    return (
        f'<pattern id="p-{kind}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path class="hatch" d="{path}"/></pattern>'
    )


def kind_of(slot: Slot, target: float | None, least_coverage: float, now: datetime) -> str:
    """How a service was on a day, one of `KINDS`."""
    seen = slot.availability
    if slot.start >= now:
        return "future"
    if seen.wanted_s <= 0 and seen.whole_s > 0:
        return "excluded"
    if seen.ratio is not None and target is not None and seen.ratio < target:
        return "missed"
    if seen.ratio is None or is_lacking(seen, least_coverage):
        return "lacking"
    if not seen.down_s:
        return "clean"
    return "unjudged" if target is None else "some"


def strip(week: Week, services: Iterable[ServiceWeek], telling: Telling, label: str) -> str:
    """A row a service, a column a day; above each day its incidents (!) and changes (C)."""
    services = tuple(services)
    days = max((one.days for one in services), key=len, default=())
    width = _NAME_PX + len(days) * _CELL_PX
    height = _HEAD_PX + len(services) * _ROW_PX
    parts = [_open(width, height, label)]
    for column, slot in enumerate(days):
        parts.append(_day_head(week, slot, _NAME_PX + column * _CELL_PX, telling))
    for row, one in enumerate(services):
        parts += _row(week, one, _HEAD_PX + row * _ROW_PX, telling)
    parts.append("</svg>")
    return "".join(parts)


def _open(width: int, height: int, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-label="{escape(label)}">'
    )


def _day_head(week: Week, slot: Slot, x: int, telling: Telling) -> str:
    middle = x + (_CELL_PX - _GAP_PX) // 2
    incidents, changes = happened(week, slot)
    marks = _marks(len(incidents), len(changes))
    ids = telling.say("and").join((*incidents, *changes))
    return (
        f"<g><title>{text_of(ids or telling.day(slot.start))}</title>"
        f'<text class="mark" x="{middle}" y="14">{marks}</text>'
        f'<text class="mid" x="{middle}" y="32">{telling.day(slot.start)}</text></g>'
    )


def happened(week: Week, slot: Slot) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The incidents and the changes that began within `slot`."""
    incidents = tuple(one.id for one in week.incidents if slot.start <= one.start < slot.end)
    changes = tuple(
        one.id
        for one in week.changes
        if not one.is_planned and one.start is not None and slot.start <= one.start < slot.end
    )
    return incidents, changes


def _marks(incidents: int, changes: int) -> str:
    told = [f"!{incidents}"] if incidents else []
    return " ".join(told + ([f"C{changes}"] if changes else []))


def _row(week: Week, one: ServiceWeek, y: int, telling: Telling) -> Iterator[str]:
    name = visible(one.service, cells=NAME_CELLS)
    yield (
        f'<g><title>{text_of(one.service)}</title><text x="0" y="{y + 14}"'
        f"{_squeezed(name, _NAME_PX - 8)}>{escape(name)}</text></g>"
    )
    for column, slot in enumerate(one.days):
        yield _cell(week, one, slot, _NAME_PX + column * _CELL_PX, y, telling)


def _squeezed(name: str, most_px: int) -> str:
    # The page's letters are at most 7.2 px wide for each cell of a terminal.
    return f' textLength="{most_px}"' if cell_width(name) * 7.2 > most_px else ""


def _cell(week: Week, one: ServiceWeek, slot: Slot, x: int, y: int, telling: Telling) -> str:
    kind = kind_of(slot, one.target, week.least_coverage, week.made_at)
    seen = slot.availability
    title = telling.say(
        "cell-title",
        day=telling.day(slot.start),
        availability=telling.availability(seen, one.target),
        coverage=telling.coverage(seen),
        downtime=telling.downtime(seen),
    )
    if slot.incidents or slot.changes:
        ids = telling.say("and").join((*slot.incidents, *slot.changes))
        title = f"{title}{telling.say('semicolon')}{ids}"
    sign = _SIGNS.get(kind)
    shown = _tiny(seen.down_s) if sign is None else sign
    marks = ("!" if slot.incidents else "") + ("C" if slot.changes else "")
    right = x + _CELL_PX - _GAP_PX - 4
    middle = x + (_CELL_PX - _GAP_PX) // 2
    return (
        f'<g role="img"><title>{text_of(title)}</title><use href="#c-{kind}" x="{x}" y="{y}"/>'
        + (f'<text class="mid" x="{middle}" y="{y + 14}">{shown}</text>' if shown else "")
        + (f'<text class="mark end" x="{right}" y="{y + 14}">{marks}</text>' if marks else "")
        + "</g>"
    )


def _tiny(seconds: float) -> str:
    """Downtime in a cell, rounded up: `400ms`, `27m`, `3h`."""
    if seconds < 1:
        return f"{max(1, math.ceil(seconds * 1_000))}ms"
    for unit, worth, most in (("s", 1, 120), ("m", 60, 7_200), ("h", 3_600, math.inf)):
        if seconds <= most:
            return f"{math.ceil(seconds / worth)}{unit}"
    return ""


def scale_of(services: Iterable[ServiceWeek]) -> float:
    """Where the scale of the bars begins, 0 to 1, so that all of them can be told apart."""
    ratios = [one.total.ratio for one in services if one.total.ratio is not None]
    targets = [one.target for one in services if one.target is not None]
    least = min([*ratios, *targets], default=0.0)
    return next((edge for edge in (0.99, 0.95, 0.9, 0.5) if least > edge), 0.0)


def bars(services: Iterable[ServiceWeek], telling: Telling, label: str) -> str:
    """Availability of each service, with a line where its objective is."""
    services = tuple(services)
    least = scale_of(services)
    whole = 420
    parts = [_open(_NAME_PX + whole + 130, len(services) * _ROW_PX + 4, label)]
    for row, one in enumerate(services):
        parts.append(_bar(one, row * _ROW_PX, least, whole, telling))
    parts.append("</svg>")
    return "".join(parts)


_BARS: Final = {
    Verdict.MET: "clean",
    Verdict.MISSED: "missed",
    Verdict.NOT_ENOUGH_DATA: "lacking",
    Verdict.NOT_MEASURED: "unjudged",
}


def _bar(one: ServiceWeek, y: int, least: float, whole: int, telling: Telling) -> str:
    def at(ratio: float) -> float:
        return round(max(0.0, (ratio - least) / (1 - least)) * whole, 1)

    name = visible(one.service, cells=NAME_CELLS)
    ratio, target = one.total.ratio, one.target
    shown = telling.availability(one.total, target)
    objective = telling.missing("no-target") if target is None else telling.exact_percent(target)
    title = telling.say(
        "bar-title",
        service=visible(one.service),
        availability=shown,
        coverage=telling.coverage(one.total),
        target=objective,
    )
    kind = _BARS[one.verdict]
    size = f'x="{_NAME_PX}" y="{y + 2}" width="{0 if ratio is None else at(ratio)}" height="15"'
    parts = [
        f'<g role="img"><title>{text_of(title)}</title>',
        f'<text x="0" y="{y + 14}"{_squeezed(name, _NAME_PX - 8)}>{escape(name)}</text>',
        f'<rect class="k-future" x="{_NAME_PX}" y="{y + 2}" width="{whole}" height="15"/>',
        f'<rect class="b-{kind}" {size}/>',
    ]
    if kind in _HATCHED:
        parts.append(f'<rect fill="url(#p-{kind})" {size}/>')
    if target is not None:
        x = _NAME_PX + at(target)
        parts.append(f'<path class="target" d="M{x} {y}V{y + 19}"/>')
    tail = f"{shown} ({telling.coverage(one.total)})" if ratio is not None else shown
    parts.append(f'<text x="{_NAME_PX + whole + 8}" y="{y + 14}">{text_of(tail)}</text></g>')
    return "".join(parts)


def alerts(week: Week, telling: Telling, label: str) -> str:
    """Alerts a day, with what began on it written above: incidents (!) and changes (C)."""
    days = max((one.days for one in week.services), key=len, default=())
    counts = [
        sum(one.by_day[n] for one in week.noise if n < len(one.by_day)) for n in range(len(days))
    ]
    most = max(counts, default=0) or 1
    tall = 90
    parts = [_open(len(days) * _CELL_PX, tall + 56, label)]
    for column, (slot, count) in enumerate(zip(days, counts, strict=True)):
        x = column * _CELL_PX
        middle = x + _CELL_PX // 2
        high = round(count / most * tall, 1)
        top = 34 + tall - high
        incidents, changes = happened(week, slot)
        title = telling.say(
            "day-title",
            day=telling.day(slot.start),
            alerts=telling.many("alert", count),
            incidents=len(incidents),
            changes=len(changes),
        )
        marks = _marks(len(incidents), len(changes))
        size = f'x="{x + 12}" y="{top}" width="{_CELL_PX - 24}" height="{high}"'
        parts.append(
            f'<g role="img"><title>{text_of(title)}</title><rect class="b-alerts" {size}/>'
            f'<text class="mark" x="{middle}" y="12">{marks}</text>'
            f'<text class="mid" x="{middle}" y="{round(top - 4, 1)}">{count:,}</text>'
            f'<text class="mid" x="{middle}" y="{tall + 50}">{telling.day(slot.start)}</text></g>'
        )
    parts.append("</svg>")
    return "".join(parts)
