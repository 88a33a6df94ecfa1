"""Answers to PromQL queries."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.model.labels import Labels
from console.safety.text import Raw


class Sample(msgspec.Struct, frozen=True):
    """One series at one moment. The value may be NaN or infinite."""

    labels: Labels
    at: datetime
    value: float


class Series(msgspec.Struct, frozen=True):
    """One series over a range: pairs of Unix seconds and value, oldest first."""

    labels: Labels
    points: tuple[tuple[float, float], ...]


class InstantAnswer(msgspec.Struct, frozen=True):
    """What an instant query said. A scalar is one sample without labels."""

    samples: tuple[Sample, ...]
    warnings: tuple[Raw, ...] = ()
    total: int = 0
    """How many there were before any cap."""


class RangeAnswer(msgspec.Struct, frozen=True):
    """What a range query said."""

    series: tuple[Series, ...]
    warnings: tuple[Raw, ...] = ()
    total: int = 0
    """How many series there were before any cap."""
