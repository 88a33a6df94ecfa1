"""A day as a strip of half hours, by the clock on the wall of one time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from console.model.freeze import Period
from widgets.paint import Span, Spans
from widgets.theme import Ink

FROM_CELLS: Final = 120
"""A screen of so many cells has room for it."""
HALVES: Final = 48
HALF: Final = timedelta(minutes=30)
LEAD: Final = "        "
_INKS: Final = {
    "F": Ink.BREACHED,
    "f": Ink.WARNING,
    "C": Ink.STRONG,
    "w": Ink.OK,
    ".": Ink.MUTED,
    " ": Ink.MUTED,
}
HARD: Final = "F"
SOFT: Final = "f"
WINDOW: Final = "w"
CHANGE: Final = "C"
ORDER: Final = " .wCfF"
"""What lies on top of what, the topmost last: a freeze beats a window."""


class Band(NamedTuple):
    """Something that lasts: `F` a hard freeze, `f` a soft one, `w` a window, `C` a change."""

    sign: str
    period: Period


def strip(
    day: Period, bands: Iterable[Band], zone: tzinfo, now: datetime | None, *, ruled: bool
) -> Callable[[int], Sequence[Spans]]:
    """What a document draws of a day; nothing where it is too narrow.

    Args:
        now: marked where it lies in the day.
        ruled: the hours stand above it, and what the signs mean beside it.
    """
    bands = tuple(bands)

    def draw(width: int) -> Sequence[Spans]:
        if width < FROM_CELLS:
            return ()
        lines: list[Spans] = []
        if ruled:
            hours = "".join(f"{hour:02d}{'':4}" for hour in range(0, 24, 3))
            lines.append(((LEAD + hours, Ink.MUTED),))
        changes = [one for one in bands if one.sign == CHANGE]
        held = [one for one in bands if one.sign != CHANGE]
        spans: list[Span] = [(LEAD, Ink.PLAIN), *_inked(halves(day, held, zone))]
        if ruled:
            spans.append(("   F hard freeze  f soft  w window  C change", Ink.MUTED))
        lines.append(spans)
        if changes:
            signs = halves(day, changes, zone).replace(".", " ")
            lines.append([(LEAD, Ink.PLAIN), *_inked(signs)])
        if now is not None and day.holds(now):
            at = _half_of(now, zone)
            lines.append(((LEAD + " " * at + "^ now", Ink.KEY),))
        return lines

    return draw


def halves(day: Period, bands: Iterable[Band], zone: tzinfo) -> str:
    """One sign for each half hour that the clock shows; a blank where it skips one.

    An hour that comes twice has the sign of the stronger of the two.
    """
    bands = tuple(bands)
    cells = [" "] * HALVES
    at = day.start
    while at < day.end:
        half = Period(at, min(at + HALF, day.end))
        signs = [one.sign for one in bands if one.period.overlaps(half)]
        sign = max(signs, key=ORDER.index, default=".")
        place = _half_of(at, zone)
        cells[place] = max(cells[place], sign, key=ORDER.index)
        at += HALF
    return "".join(cells)


def _half_of(at: datetime, zone: tzinfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 2 + local.minute // 30


def _inked(signs: str) -> Iterator[Span]:
    start = 0
    for place in range(1, len(signs) + 1):
        if place == len(signs) or signs[place] != signs[start]:
            yield signs[start:place], _INKS[signs[start]]
            start = place
