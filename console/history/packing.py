"""Counts of latencies as a few bytes: about two for each bucket that is not empty."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping
from typing import Final

from console.model.latency import Latencies, bucket_of

MOST_BUCKET: Final = 1000
"""On either side of 0: those of `LEAST_MS` and `MOST_MS` lie well within."""
_NARROW: Final = 0
_WIDE: Final = 1
_FIRST: Final = struct.Struct("<Bh")
_PAIR: Final = struct.Struct("<hQ")


def packed(counts: Mapping[int, int]) -> bytes:
    """Some buckets and their counts, none of which is 0; nothing for none."""
    if not counts:
        return b""
    buckets = sorted(counts)
    gaps = [0, *(later - earlier for earlier, later in itertools.pairwise(buckets))]
    if max(gaps) < 256 and max(counts.values()) < 256:
        return (
            _FIRST.pack(_NARROW, buckets[0])
            + bytes(gaps)
            + bytes(counts[bucket] for bucket in buckets)
        )
    return bytes([_WIDE]) + b"".join(_PAIR.pack(bucket, counts[bucket]) for bucket in buckets)


def unpacked(blob: bytes) -> Latencies:
    """The counts that `packed` made bytes of.

    Raises:
        ValueError: it made no such bytes.
    """
    if not blob:
        return _NONE
    if blob[0] == _NARROW and len(blob) > _FIRST.size and len(blob) % 2:
        first = _FIRST.unpack_from(blob)[1]
        half = (len(blob) + _FIRST.size) // 2
        # All of it in C: a week of 62 services has some 300,000 pairs.
        buckets = itertools.accumulate(blob[_FIRST.size + 1 : half], initial=first)
        found = tuple(zip(buckets, blob[half:], strict=True))
    elif blob[0] == _WIDE and len(blob) % _PAIR.size == 1:
        found = tuple(_PAIR.iter_unpack(blob[1:]))
        if any(one[0] >= other[0] for one, other in itertools.pairwise(found)):
            raise ValueError("buckets out of order")
    else:
        raise ValueError("no counts of latencies")
    if not found or found[0][0] < -MOST_BUCKET or found[-1][0] > MOST_BUCKET:
        raise ValueError("a bucket of no time")
    return Latencies(found)


_NONE: Final = Latencies()


def bucket_of_us(took_us: int) -> int:
    """The bucket of an answer that took so many microseconds."""
    return bucket_of(took_us / 1000)
