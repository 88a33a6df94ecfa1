"""How well some time of a service went, in one of a few words: what a heat strip draws."""

from __future__ import annotations

import enum
from typing import Final

from console.model.summary import Availability

FAR: Final = 10.0
"""So many times the allowed downtime is far off: at 99.9 % a quarter of an hour on a day."""
USUAL_TARGET: Final = 0.999
"""By which far off is told where nobody set an objective."""


class Band(enum.Enum):
    """From the best to the worst, then what cannot be told."""

    UP = "up"
    DOWN = "down"
    """For less than the objective allows, or there is no objective."""
    MISSED = "missed"
    FAR = "far"
    """It was down for `FAR` times as long as is allowed, or longer."""
    UNKNOWN = "unknown"
    """Not enough of it was observed."""
    NOTHING = "nothing"
    """None of it counts: it is excluded, or has not begun."""


def band_of(of: Availability, target: float | None, least_coverage: float) -> Band:
    """The band of some time.

    Args:
        target: the availability that it ought to have, 0 to 1; `None`: nobody set one.
        least_coverage: the share of the time, 0 to 1, that has to be observed.
    """
    if of.wanted_s <= 0:
        return Band.NOTHING
    coverage = of.coverage
    if of.known_s <= 0 or coverage is None or coverage < least_coverage:
        return Band.UNKNOWN
    if of.down_s <= 0:
        return Band.UP
    down = of.down_s / of.known_s
    allowed = 1 - (USUAL_TARGET if target is None else target)
    if down >= FAR * max(allowed, 1 - USUAL_TARGET):
        return Band.FAR
    # As the verdict has it: what is exactly as good as wanted is good enough.
    return Band.MISSED if target is not None and 1 - down < target else Band.DOWN


WORST_FIRST: Final = (Band.FAR, Band.MISSED, Band.UNKNOWN, Band.DOWN, Band.UP, Band.NOTHING)
"""Of several in one place the first of these is shown."""
