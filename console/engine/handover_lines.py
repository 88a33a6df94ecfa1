"""What a handover in words is made of: sections of lines, and times told on two clocks.

Text from outside stays apart as `Raw`, so that the screen and the Markdown can each make it
harmless in their own way.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import msgspec

from console.model.words import age_text, count_text
from console.safety.text import Raw, visible

Words = tuple[Raw | str, ...]
"""A sentence; what is not `Raw` is the console's own or stands in the team's settings."""


class Line(msgspec.Struct, frozen=True):
    """One entry of a section."""

    head: str
    """What it begins with: `P1`, `now`, a time."""
    words: Words
    under: tuple[Words, ...] = ()
    """What belongs to it, a line each."""
    is_late: bool = False
    """Somebody has to act on it."""


class Section(msgspec.Struct, frozen=True):
    """One part of the handover."""

    title: str
    lines: tuple[Line, ...]
    none: str = ""
    """What is said where there is no line."""
    more: int = 0
    """Lines that are left out behind those."""


def joined(words: Words) -> str:
    """`words` as one line that is safe to show."""
    return "".join(visible(word) for word in words)


def left_out(count: int, most: int | None) -> int:
    """How many of `count` lines do not stand there where at most `most` do."""
    return 0 if most is None else max(0, count - most)


def counted(title: str, count: int) -> str:
    """`title` with how many stand below it."""
    return f"{title}: {count_text(count)}" if count else title


class ShiftClock(msgspec.Struct, frozen=True):
    """Tells times beside one another: in the rota's zone, and in UTC."""

    now: datetime
    zone: tzinfo

    def time(self, at: datetime) -> str:
        """`Mon 23:00 (15:00 UTC)`; with the date where it is more than six days off."""
        try:
            local = at.astimezone(self.zone)
        except OverflowError:  # a year 9999 that somebody wrote down by hand
            return f"{at:%Y-%m-%d %H:%M} UTC"
        far = abs(at - self.now) > timedelta(days=6)
        told = f"{local:%a %d %b %H:%M}" if far else f"{local:%a %H:%M}"
        if local.utcoffset() == timedelta(0):
            return f"{told} UTC"
        other_day = local.date() != at.date()
        return f"{told} ({at:%a %H:%M} UTC)" if other_day else f"{told} ({at:%H:%M} UTC)"

    def left(self, at: datetime) -> str:
        """How far off it is: `in 7h12m`."""
        return f"in {age_text(at - self.now, coarse=True)}"

    def ago(self, at: datetime) -> str:
        """How long ago it was: `48m`."""
        return age_text(self.now - at, coarse=True)

    def both(self, at: datetime) -> str:
        """`Mon 23:00 (15:00 UTC), in 7h12m`."""
        return f"{self.time(at)}, {self.left(at)}"
