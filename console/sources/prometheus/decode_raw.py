"""Samples as they were scraped, decoded: many, so that they are kept in arrays."""

from __future__ import annotations

from array import array

import msgspec
from msgspec import UNSET, UnsetType
from msgspec import Raw as Skipped

from console.model.failure import FailureKind
from console.model.labels import Labels
from console.safety.text import Raw, visible
from console.sources.answer import Unusable, decoded, label_set
from console.sources.prometheus.decode import Answered, Unused, out_of_range

MOST_MS = 1 << 53
"""What lies further from 1970 is no moment."""


class RawSeries(msgspec.Struct, frozen=True):
    """The samples of one series, each with the time of its own scrape, oldest first."""

    labels: Labels
    at_ms: array[int]
    values: array[float]
    """As many; they may be NaN or infinite."""


class RawAnswer(msgspec.Struct, frozen=True):
    """What a range selector gave. There are no stale markers in it: a gap is a gap."""

    series: tuple[RawSeries, ...]
    warnings: tuple[Raw, ...] = ()


class _Series(msgspec.Struct, gc=False):
    metric: dict[str, str] = {}
    values: list[tuple[float, str]] | UnsetType = UNSET
    value: Unused = UNSET
    histogram: Unused = UNSET
    histograms: Unused = UNSET


class _Matrix(msgspec.Struct, rename="camel"):
    result_type: str
    result: Skipped
    stats: Unused = UNSET
    analysis: Unused = UNSET
    explanation: Unused = UNSET


def raw_in(answer: Answered) -> tuple[RawSeries, ...]:
    """The series in the `data` of a query; those that hold native histograms have no samples.

    Raises:
        Unusable: it is no matrix.
    """
    wire = decoded(answer.content, _Matrix)
    if wire.result_type != "matrix":
        raise Unusable(
            FailureKind.SCHEMA,
            f"the query gave a {visible(wire.result_type, cells=20)}",
            expected="samples over a time",
        )
    try:
        return tuple(
            _series(one.metric, [] if isinstance(one.values, UnsetType) else one.values)
            for one in decoded(bytes(wire.result), list[_Series])
        )
    except (OverflowError, ValueError):
        raise out_of_range() from None


def _series(metric: dict[str, str], values: list[tuple[float, str]]) -> RawSeries:
    at_ms = array("q", [round(moment * 1000) for moment, _ in values])
    if at_ms and not -MOST_MS < min(at_ms) <= max(at_ms) < MOST_MS:
        raise OverflowError
    return RawSeries(label_set(metric), at_ms, array("d", [float(value) for _, value in values]))
