"""Answers to PromQL queries, decoded. Values are strings there: `NaN` and `+Inf` are numbers."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from msgspec import Raw as Skipped

from console.model.failure import FailureKind
from console.model.query import InstantAnswer, RangeAnswer, Sample, Series
from console.safety.text import Raw, visible
from console.sources.answer import Unusable, decoded, label_set
from console.sources.prometheus.decode import Answered, Unused, out_of_range


class _Item(msgspec.Struct, gc=False):
    metric: dict[str, str] = {}
    value: tuple[float, str] | UnsetType = UNSET
    values: list[tuple[float, str]] | UnsetType = UNSET
    histogram: Unused = UNSET
    histograms: Unused = UNSET


class _Query(msgspec.Struct, rename="camel"):
    result_type: str
    result: Skipped
    stats: Unused = UNSET
    analysis: Unused = UNSET
    explanation: Unused = UNSET


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant_in(answer: Answered, limit: int) -> InstantAnswer:
    """What an instant query said, `limit` samples of it at most.

    Native histograms have no one value: they are left out, and a warning says how many.

    Raises:
        Unusable: it is no vector and no scalar.
    """
    wire = decoded(answer.content, _Query)
    result = bytes(wire.result)
    try:
        if wire.result_type == "scalar":
            moment, value = decoded(result, tuple[float, str])
            return InstantAnswer((_sample({}, moment, value),), answer.warnings, 1)
        if wire.result_type != "vector":
            raise _other_type(wire.result_type, "a vector or a scalar")
        items = decoded(result, list[_Item])
        samples = tuple(
            _sample(item.metric, *item.value)
            for item in items[:limit]
            if not isinstance(item.value, UnsetType)
        )
    except (OverflowError, ValueError):
        raise out_of_range() from None
    left_out = sum(1 for item in items[:limit] if isinstance(item.value, UnsetType))
    return InstantAnswer(samples, (*answer.warnings, *_left_out(left_out)), len(items))


def range_of(result: object, warnings: tuple[Raw, ...], limit: int) -> RangeAnswer:
    """What a range query said, `limit` series of it at most.

    Args:
        result: The `result` list of its answer, as `json` decodes it.

    Raises:
        Unusable: it is no matrix.
    """
    try:
        items = msgspec.convert(result, list[_Item])
        series = tuple(
            Series(
                label_set(item.metric),
                tuple([(_finite(moment), float(value)) for moment, value in item.values]),
            )
            for item in items[:limit]
            if not isinstance(item.values, UnsetType)
        )
    except ValueError:
        raise no_result() from None
    left_out = sum(1 for item in items[:limit] if isinstance(item.values, UnsetType))
    return RangeAnswer(series, (*warnings, *_left_out(left_out)), len(items))


def no_result() -> Unusable:
    """An answer that says success and holds no series."""
    return Unusable(FailureKind.SCHEMA, "got an answer that holds no series over time")


def _sample(metric: dict[str, str], moment: float, value: str) -> Sample:
    # Not `fromtimestamp`, which raises three kinds of errors for a moment out of range.
    at = _EPOCH + timedelta(seconds=_finite(moment))
    return Sample(label_set(metric), at, float(value))


def _finite(moment: float) -> float:
    if not math.isfinite(moment):
        raise ValueError("a moment that is no number")
    return moment


def _left_out(count: int) -> tuple[Raw, ...]:
    if not count:
        return ()
    return (Raw(f"{count} native histograms have no single value and are left out"),)


def _other_type(came: str, expected: str) -> Unusable:
    return Unusable(
        FailureKind.SCHEMA,
        f"the query gave a {visible(came, cells=20)}",
        expected=expected,
        remedy="change the query",
    )
