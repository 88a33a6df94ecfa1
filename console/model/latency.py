"""How long answers took, in counts that can be added up: percentiles of any hours together.

A count is kept for each bucket of a geometric series, as in DDSketch (Masson, Rim, Lee 2019):
a percentile that is read from it is within `ACCURACY` of the true one. Percentiles are never
averaged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

ACCURACY: Final = 0.01
"""By which share a percentile may be off."""
_GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GAMMA: Final = math.log(_GAMMA)
LEAST_MS: Final = 0.01
"""What is quicker counts as this."""
MOST_MS: Final = 86_400_000.0
"""What is slower counts as this."""


class Latencies(msgspec.Struct, frozen=True):
    """How many answers fell into which bucket."""

    counts: tuple[tuple[int, int], ...] = ()
    """Bucket and count, by bucket; no count is 0."""

    @property
    def total(self) -> int:
        """How many answers there are."""
        return sum(count for _, count in self.counts)

    def percentile_ms(self, percent: float) -> float | None:
        """The time in which `percent` of the answers came, in milliseconds; `None`: none came.

        Args:
            percent: above 0, up to 100. The answer of rank `ceil(percent / 100 * total)`.
        """
        total = self.total
        if not total:
            return None
        rank = max(1, math.ceil(percent / 100 * total - 1e-9))
        for bucket, count in self.counts:
            rank -= count
            if rank <= 0:
                return middle_of(bucket)
        return middle_of(self.counts[-1][0])


def bucket_of(took_ms: float) -> int:
    """The bucket of an answer that took `took_ms`; a finite number."""
    return math.ceil(math.log(min(max(took_ms, LEAST_MS), MOST_MS)) / _LOG_GAMMA)


def middle_of(bucket: int) -> float:
    """The time that stands for a bucket, in milliseconds."""
    return float(2 * _GAMMA**bucket / (_GAMMA + 1))


def counted(took_ms: Iterable[float]) -> Latencies:
    """The counts of some answers; what is no finite number is left out."""
    counts: dict[int, int] = {}
    for one in took_ms:
        if math.isfinite(one):
            bucket = bucket_of(one)
            counts[bucket] = counts.get(bucket, 0) + 1
    return Latencies(tuple(sorted(counts.items())))


def added(several: Iterable[Latencies]) -> Latencies:
    """All of them together."""
    counts: dict[int, int] = {}
    for one in several:
        for bucket, count in one.counts:
            counts[bucket] = counts.get(bucket, 0) + count
    return Latencies(tuple(sorted(counts.items())))
