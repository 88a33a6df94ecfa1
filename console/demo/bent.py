"""The world's series: those of a quiet day, as a scenario and what was done bend them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from console.demo.history import Dips
from console.demo.inventory import BY_NAME
from console.demo.metrics import CORE, Series, build_family, build_labels
from console.demo.script import Scenario
from console.demo.shape import step

SEEN_BY = ("up", "redis_up", "pg_up", "rabbitmq_up")
"""Families of which a series with a service's label tells whether it is there."""

Stops = Mapping[str, Sequence[tuple[float, float]]]
"""When each service that somebody stopped was not there."""


def bent(
    base: Sequence[Series],
    scenario: Scenario,
    mended: Mapping[str, float],
    stops: Stops,
    past: Dips,
) -> list[Series]:
    """The series of `base`, bent.

    Args:
        mended: each cause that was put right, and when.
        past: what happened to each before the script begins.
    """
    by_family: dict[str, list[int]] = {}
    series = list(base)
    for place, one in enumerate(series):
        by_family.setdefault(one.family, []).append(place)
    for bend in scenario.bends:
        mended_s = mended.get(bend.cause)
        for place in by_family.get(bend.family, ()):
            rest = base[place]
            if not rest.has(bend.want):
                continue
            shape = bend.shape
            if mended_s is not None:
                shape = shape.healed(mended_s, rest.shape.at(mended_s), bend.recovery_s)
            series[place] = msgspec.structs.replace(series[place], shape=shape)
    for place in (place for family in SEEN_BY for place in by_family.get(family, ())):
        one = series[place]
        shape = one.shape
        for start_s, end_s in stops.get(dict(one.labels).get("service", ""), ()):
            shape = shape.dipped(start_s, end_s, 0)
        series[place] = msgspec.structs.replace(one, shape=shape)
    for place, dips in past.items():
        shape = series[place].shape
        for dip in dips:
            shape = shape.dipped(dip.start_s, dip.end_s, dip.value)
        series[place] = msgspec.structs.replace(series[place], shape=shape)
    return series


def more_series(scenario: Scenario, mended: Mapping[str, float]) -> list[Series]:
    """The scenario's own series, put right where their cause has been."""
    mended_s = mended.get(scenario.more_cause)
    if mended_s is None:
        return list(scenario.more_series)
    return [
        msgspec.structs.replace(one, shape=one.shape.healed(mended_s, one.shape.at(-1e6), 0))
        for one in scenario.more_series
    ]


def release_series(scenario: Scenario, mended: Mapping[str, float]) -> list[Series]:
    """`*_build_info` of the versions that a release brought."""
    found = []
    for release in scenario.releases:
        spec = BY_NAME[release.service]
        labels = build_labels(spec, release.version)
        mended_s = mended.get(release.service)
        shape = step(release.at_s, 0, 1)
        if mended_s is not None:
            shape = shape.healed(mended_s, 0, 0)
        told = build_family(spec)
        found.append(Series(CORE, told, labels, shape, whole=True, absent_at_zero=True))
    return found
