"""The gaps of one service's history, filled from what Prometheus tells of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from console.model.history import AND, HISTORY, KnownBy, Observed, Sight, Stretch, together
from console.model.latency import Latencies

_HOUR_S: Final = 3600

Pair = tuple[int, int]
"""From one moment on and before another, in milliseconds since 1970."""


def filled(own: Observed, other: Observed, start_ms: int, end_ms: int) -> Observed:
    """`own`, and `other` where `own` was not observed within `[start_ms, end_ms)`.

    No moment is told by both. Latencies are counted by the hour: of an hour that both tell of
    the counts of that one stand which observed more of it, and the other's where it timed
    nothing.
    """
    holes = tuple(holes_of(own.stretches, start_ms, end_ms))
    cut = tuple(within(other.stretches, holes))
    added_ms = _known_ms(cut)
    if not added_ms:
        return own
    own_ms = own.known_ms
    if not own_ms:
        notices = tuple(dict.fromkeys((*own.notices, *other.notices)))
        return msgspec.structs.replace(other, notices=notices)
    share = added_ms / max(1, other.known_ms)
    return Observed(
        own.service,
        together([list(own.stretches), list(cut)]),
        tuple(_hours(own, other, cut)),
        own.samples + round(other.samples * share),
        AND.join(dict.fromkeys((own.source or HISTORY, other.source))),
        other.query,
        tuple(dict.fromkeys((*own.notices, *other.notices))),
        (KnownBy(own.source or HISTORY, own_ms), KnownBy(other.source, added_ms)),
    )


def holes_of(stretches: Sequence[Stretch], start_ms: int, end_ms: int) -> Iterator[Pair]:
    """When within a time nothing was observed; in order.

    Args:
        stretches: as `Observed.stretches` has them.
    """
    for one in stretches:
        if one.sight == Sight.UNKNOWN or one.end_ms <= start_ms:
            continue
        if one.start_ms >= end_ms:
            break
        if start_ms < one.start_ms:
            yield start_ms, one.start_ms
        start_ms = one.end_ms
    if start_ms < end_ms:
        yield start_ms, end_ms


def within(stretches: Sequence[Stretch], spans: Sequence[Pair]) -> Iterator[Stretch]:
    """What of `stretches` lies in `spans`; both in order and without overlap."""
    starts = [one.start_ms for one in stretches]
    for start_ms, end_ms in spans:
        place = max(0, bisect_right(starts, start_ms) - 1)
        while place < len(stretches) and stretches[place].start_ms < end_ms:
            one = stretches[place]
            low, high = max(one.start_ms, start_ms), min(one.end_ms, end_ms)
            if low < high:
                yield Stretch(low, high, one.sight)
            place += 1


def _known_ms(stretches: Sequence[Stretch]) -> int:
    return sum(one.end_ms - one.start_ms for one in stretches if one.sight != Sight.UNKNOWN)


def _hours(
    own: Observed, other: Observed, cut: Sequence[Stretch]
) -> Iterator[tuple[int, Latencies]]:
    mine, theirs = dict(own.hours), dict(other.hours)
    for at_s in sorted({*mine, *theirs}):
        hour = ((at_s * 1000, (at_s + _HOUR_S) * 1000),)
        added_ms = _known_ms(tuple(within(cut, hour)))
        own_ms = _known_ms(tuple(within(own.stretches, hour))) if added_ms else 1
        first, second = (mine, theirs) if own_ms >= added_ms else (theirs, mine)
        found = first.get(at_s)
        if found is None and added_ms:
            found = second.get(at_s)
        if found is not None:
            yield at_s, found
