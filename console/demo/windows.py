"""What the team's objectives ask of a whole window: a share, a rate, a mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from console.demo.inventory import DAY_S
from console.demo.judged import API_ERRORS, ORDER_ERRORS, PROCESSORS, THROUGHPUT
from console.demo.metrics import CORE, Series
from console.demo.week import LocalDays
from console.demo.world import World

REQUESTS_PER_S = 184.0
"""In an ordinary hour."""
_UNITS_S = {"w": 7 * DAY_S, "d": DAY_S, "h": 3600.0, "m": 60.0, "s": 1.0}


def _asked(query: str) -> re.Pattern[str]:
    """The query as it is sent: with a window, and with a service."""
    text = re.escape(query)
    text = text.replace(re.escape("$window"), r"(?P<window>(?:\d+[wdhms])+)", 1)
    text = text.replace(re.escape("$window"), r"(?P=window)")
    text = text.replace(re.escape("$service"), r"(?P<service>[^\"]+)", 1)
    return re.compile(text.replace(re.escape("$service"), r"(?P=service)"))


_API_ERRORS = _asked(API_ERRORS)
_ORDER_ERRORS = _asked(ORDER_ERRORS)
_THROUGHPUT = _asked(THROUGHPUT)
_PROCESSORS = _asked(PROCESSORS)


def over_window(world: World, server: str, query: str) -> Callable[[float], float | None] | None:
    """The value of such a query at a script second; `None`: it is none of them."""
    for pattern, find in (
        (_API_ERRORS, lambda _: _picked(world, "=error_ratio", "service", "api")),
        (_ORDER_ERRORS, lambda name: _picked(world, "=endpoint_errors", "endpoint", name)),
        (_PROCESSORS, lambda _: _picked(world, "=cpu", "job", "")),
        (_THROUGHPUT, lambda _: None),
    ):
        found = pattern.fullmatch(query)
        if found is None:
            continue
        window_s = sum(
            float(number) * _UNITS_S[unit]
            for number, unit in re.findall(r"(\d+)([wdhms])", found["window"])
        )
        if server != CORE:
            return lambda _: None
        series = find(found.groupdict().get("service") or "")
        percent = 1.0 if pattern is _PROCESSORS else 100.0
        return lambda at_s: _mean(world, series, at_s, window_s, percent)
    return None


def _picked(world: World, family: str, label: str, value: str) -> list[Series]:
    return [
        one
        for one in world.series
        if one.family == family and re.fullmatch(value, dict(one.labels).get(label, ""))
    ]


def _mean(
    world: World,
    series: Sequence[Series] | None,
    at_s: float,
    window_s: float,
    percent: float,
) -> float | None:
    """Over as much of the window as there was a world; `None`: nothing of it, or no series.

    Args:
        series: `None` asks for requests, which follow the hours of the day.
    """
    days = LocalDays(world.start.wall)
    start_s = max(at_s - window_s, days.first_s)
    lasting_s = at_s - start_s
    if lasting_s <= 0:
        return None
    if series is None:
        count = max(1, round(lasting_s / 3600))
        hours = (at_s - lasting_s * (number + 0.5) / count for number in range(count))
        return REQUESTS_PER_S * sum(days.rhythm(one) for one in hours) / count
    means = [one.shape.area(start_s, at_s) / lasting_s for one in series]
    return percent * sum(means) / len(means) if means else None
