"""When a source is asked next: steady while it answers, less and less often while it fails."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta
from typing import Final

from console.sources.answer import MAX_RETRY_AFTER_S

JITTER: Final = 0.1
"""Consoles that were started together must not ask together for ever."""
MAX_INTERVALS: Final = 4
MAX_BACKOFF_S: Final = 60.0


def delay_after(
    failures_in_a_row: int,
    interval: timedelta,
    retry_after_s: float | None,
    jitter: random.Random,
) -> float:
    """Seconds until the next try, never under 0.1.

    The interval, give or take a tenth. From the second failure in a row on it doubles, up to
    four intervals or a minute, whichever comes first, and never under one interval: the first
    failure is looked at again at the usual time, so that a hiccup costs nothing. A longer wait
    that the server asked for is kept to, for five minutes at most and never cut by jitter.
    """
    usual_s = interval.total_seconds()
    most_s = max(usual_s, min(usual_s * MAX_INTERVALS, MAX_BACKOFF_S))
    doubled = usual_s * 2.0 ** min(max(failures_in_a_row - 1, 0), 16)
    wait_s = min(doubled, most_s) * jitter.uniform(1 - JITTER, 1 + JITTER)
    if retry_after_s is not None:
        asked_s = min(retry_after_s, MAX_RETRY_AFTER_S)
        wait_s = max(wait_s, asked_s * jitter.uniform(1, 1 + JITTER))
    return max(wait_s, 0.1)


def offset_of(key: str, interval: timedelta) -> float:
    """Seconds into `interval` at which `key` has its turn: from 0 up to the interval.

    The same for the same key in every console and after every restart, and evenly spread
    over many keys.
    """
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 * interval.total_seconds()
