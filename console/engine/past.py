"""What the series of a Prometheus tell of the past: earlier firings, and new versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from console.engine.questions import Firing, NewVersion, Today
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.query import Series
from console.safety.text import Raw, quoted

STEP: Final = timedelta(minutes=5)
"""A point holds for five minutes, so that a coarser step would step over short episodes."""
WINDOW: Final = timedelta(days=30)
"""8,640 steps, and points only where the alert fired; a server takes up to 11,000."""
DAY: Final = timedelta(hours=24)
DAY_STEP: Final = timedelta(seconds=15)
"""5,760 steps, fine enough to tell two firings of an alert that flaps apart."""
RELEASES_WINDOW: Final = timedelta(hours=6)
RELEASES_STEP: Final = timedelta(minutes=1)
"""A release of three minutes ago is told as that, and not as of this moment."""
MOST_MATCHERS: Final = 20
MOST_VALUE_CHARS: Final = 200
MOST_SERVICES: Final = 20

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_PASSING: Final = frozenset(
    ["alertname", "alertstate", "pod", "pod_name", "uid", "pod_uid", "container_id", "id"]
)
"""Labels that an earlier episode of the same alert need not share, and the two set here."""
_VERSION_LABELS: Final = ("version", "app_version", "tag", "image_tag", "revision", "git_sha")


def firing_query(labels: Labels) -> str:
    """`ALERTS` of an alert and of its earlier episodes.

    A label may be missing there: the server that evaluates does not have the external labels
    that Alertmanager is told.
    """
    ignored = _PASSING | Policy().ignore_labels
    matchers = [f"alertname={quoted(labels.value_of('alertname'))}", 'alertstate="firing"']
    for name, value in sorted(labels.exact_items()):
        if len(matchers) - 2 == MOST_MATCHERS:
            break
        if name not in ignored and _NAME.fullmatch(name) and 0 < len(value) <= MOST_VALUE_CHARS:
            matchers.append(f"{name}=~{quoted(f'{re.escape(value)}|')}")
    return f"ALERTS{{{','.join(matchers)}}}"


def firings_in(series: Iterable[Series], before: datetime, step: timedelta) -> tuple[Firing, ...]:
    """Episodes that were over before `before`, the newest first.

    Points of several series are one episode where they overlap. Two points of a gap are none:
    a scrape may have failed between them.
    """
    limit = before - step
    return tuple(one for one in _runs(series, step) if one.end < limit)


def today_in(series: Iterable[Series], now: datetime, step: timedelta) -> Today:
    """How often it fired up to `now`; what was there at the last two steps goes on."""
    runs = _runs(series, step)
    return Today(len(runs), tuple(one for one in runs if one.end < now - 2 * step))


def _runs(series: Iterable[Series], step: timedelta) -> tuple[Firing, ...]:
    """Stretches of points without a gap, the newest first."""
    gap_s = 2 * step.total_seconds()
    moments = sorted({moment for one in series for moment, value in one.points if value})
    if not moments:
        return ()
    runs: list[list[float]] = [[moments[0], moments[0]]]
    for earlier, later in pairwise(moments):
        if later - earlier > gap_s:
            runs.append([later, later])
        runs[-1][1] = later
    return tuple(Firing(_moment(start), _moment(end)) for start, end in reversed(runs))


def builds_query(label: str, services: Iterable[str]) -> str:
    """Every `*_build_info` series of some services."""
    names = "|".join(re.escape(name) for name in services)
    return f'{{__name__=~".+_build_info",{label}=~{quoted(names)}}}'


def versions_in(
    series: Iterable[Series], label: str, start: datetime, step: timedelta
) -> tuple[tuple[str, ...], tuple[NewVersion, ...]]:
    """The services that have such series, and every version that came up after `start`."""
    seen: dict[tuple[str, str], dict[str, tuple[float, float]]] = {}
    for one in series:
        version = next(
            (one.labels.exact(name) for name in _VERSION_LABELS if one.labels.exact(name)), ""
        )
        moments = [moment for moment, value in one.points if value]
        if not version or not moments:
            continue
        metric = one.labels.exact("__name__").removesuffix("_build_info")
        versions = seen.setdefault((one.labels.exact(label), metric), {})
        first, last = versions.get(version, (moments[0], moments[-1]))
        versions[version] = (min(first, moments[0]), max(last, moments[-1]))
    # What is there at the first steps was there before, as far as anybody can tell.
    begun_s = start.timestamp() + 2 * step.total_seconds()
    found: list[NewVersion] = []
    for (service, metric), versions in seen.items():
        for version, (first, _) in versions.items():
            if first <= begun_s:
                continue
            earlier = [(held, name) for name, held in versions.items() if held[0] < first]
            before = Raw(max(earlier)[1]) if earlier else None
            found.append(NewVersion(service, Raw(metric), Raw(version), before, _moment(first)))
    found.sort(key=lambda one: one.at, reverse=True)
    return tuple(dict.fromkeys(service for service, _ in seen)), tuple(found)


def label_of(labels: Labels, service: str) -> str:
    """The label by which a service's series are told from others: as its alert has it."""
    names = [name for name, value in labels.exact_items() if value == service]
    usable = [name for name in names if _NAME.fullmatch(name)]
    return "service" if "service" in usable or not usable else min(usable)


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
