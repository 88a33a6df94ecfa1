"""From samples, a piece at a time, to stretches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.model.history import HOLD, Sight, Stretch

USUAL_EVERY_MS: Final = 60_000
"""Between two samples of a series of which no two are known."""
FEW: Final = 5
"""Of fewer samples the median may be that of the gaps between them."""
_COMPARED: Final = 1000
_SIGHTS: Final = {1.0: Sight.UP, 0.0: Sight.DOWN}


class Fold:
    """One series. Its interval is what most of its samples lie apart, piece by piece."""

    __slots__ = ("_begin", "_every", "_fixed", "_found", "_last", "_sight")

    def __init__(self, every_ms: int | None = None) -> None:
        """`every_ms`: its interval, where it is not to be found out."""
        self._fixed = every_ms is not None
        self._every = every_ms or USUAL_EVERY_MS
        self._found: list[Stretch] = []
        self._begin = 0
        self._last: int | None = None
        self._sight = Sight.UNKNOWN

    @property
    def every_ms(self) -> int:
        """Between two of its samples, as last seen."""
        return self._every

    @property
    def last_ms(self) -> int | None:
        """Of its last sample."""
        return self._last

    def take(self, at_ms: Sequence[int], sights: Sequence[Sight]) -> None:
        """More of it. Samples that are not after those before are passed over."""
        held = self._every
        if not self._fixed:
            self._every = self._inferred(at_ms)
        hold = HOLD * self._every
        last, begin, sight = self._last, self._begin, self._sight
        for at, seen in zip(at_ms, sights, strict=True):
            if last is None:
                begin, sight = at, seen
            elif at <= last:
                continue
            elif at - last > hold:
                self._found.append(Stretch(begin, last + held, sight))
                begin, sight = at, seen
            elif seen is not sight:
                self._found.append(Stretch(begin, at, sight))
                begin, sight = at, seen
            held = self._every
            last = at
        self._last, self._begin, self._sight = last, begin, sight

    def _inferred(self, at_ms: Sequence[int]) -> int:
        found = every_of(at_ms)
        if found is None or (len(at_ms) < FEW and self._last is not None):
            return self._every
        return found if len(at_ms) >= FEW else min(found, USUAL_EVERY_MS)

    def stretches(self, start_ms: int, end_ms: int) -> list[Stretch]:
        """All of it within a time; the last sample holds for one interval."""
        found = self._found
        if self._last is not None:
            found = [*found, Stretch(self._begin, self._last + self._every, self._sight)]
        return [
            Stretch(max(one.start_ms, start_ms), min(one.end_ms, end_ms), one.sight)
            for one in found
            if one.end_ms > start_ms and one.start_ms < end_ms
        ]


def every_of(at_ms: Sequence[int]) -> int | None:
    """The median distance of some moments; `None`: fewer than two."""
    count = min(len(at_ms), _COMPARED)
    apart = sorted(at_ms[n] - at_ms[n - 1] for n in range(1, count))
    return max(1, apart[len(apart) // 2]) if apart else None


def sights_of(values: Sequence[float]) -> list[Sight]:
    """1 is up and 0 is down; anything else, `NaN` too, is no answer."""
    return [_SIGHTS.get(value, Sight.UNKNOWN) for value in values]
