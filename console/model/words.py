"""Durations and states in words, for the screens and for the plain command line alike.

A time that counts down is rounded down and a time that has passed is rounded down too, so
that neither ever claims more than is true. Seconds are drawn one by one only where a person
acts on them (under two minutes); coarser steps keep a slow terminal quiet.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from console.model.state import State

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


def countdown_text(left: timedelta) -> str:
    """How much is left: `01:29`, `02:10`, `48m`, `1h12m`, `3 d`; overdue as `-00:42`.

    Under two minutes by the second, under ten by ten seconds, then by the minute, past a day
    by the hour, past three by the day.
    """
    seconds = left.total_seconds()
    sign = "-" if seconds < 0 else ""
    whole = _floored(abs(seconds))
    if whole < 10 * _MINUTE:
        return f"{sign}{whole // _MINUTE:02d}:{whole % _MINUTE:02d}"
    return sign + _long(whole)


def age_text(age: timedelta, *, coarse: bool = False) -> str:
    """How long ago, or for how long: `42s`, `2m42s`, `48m`, `3h05m`, `41 d`.

    `coarse` steps by ten seconds below two minutes, `<10s` first, and then by the minute, for
    lists in which many ages stand. A negative age, which a clock that was set back can make,
    reads as none.
    """
    seconds = max(0.0, age.total_seconds())
    whole = _floored_age(seconds, coarse)
    if whole == 0 and coarse:
        return "<10s"
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < (2 if coarse else 10) * _MINUTE:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    return _long(whole)


def breach_text(left: timedelta) -> str:
    """A deadline in a sentence: `due in 48m`, or `breached by 2m42s` once it has passed."""
    if left < timedelta(0):
        return f"breached by {age_text(-left)}"
    return f"due in {age_text(left)}"


def clock_time(at: datetime, now: datetime) -> str:
    """A moment as a person reads it: the time of day, with the date when it is not today."""
    try:
        local, today = at.astimezone(), now.astimezone()
    except OverflowError:  # a year 9999 that somebody wrote down by hand
        return f"{at:%Y-%m-%d %H:%M}"
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M}"


def count_text(count: int) -> str:
    """A count that a person reads: `1,903`."""
    return f"{count:,}"


def many(count: int, noun: str) -> str:
    """`1 silence`, `1,903 alerts`."""
    return f"{count_text(count)} {noun}{'' if count == 1 else 's'}"


def state_shape(state: State, ascii_only: bool = False) -> str:
    """One character, one cell wide in every locale, by which a state is told without colour."""
    return (_ASCII_SHAPES if ascii_only else _SHAPES)[state]


# None of these has an ambiguous width (Unicode's East_Asian_Width is N or Na for each).
_SHAPES: Final = {
    State.OK: "✓",
    State.FIRING: "✖",
    State.UNKNOWN: "?",
    State.STALE: "~",
    State.LOST: "⊘",
}
_ASCII_SHAPES: Final = {
    State.OK: "+",
    State.FIRING: "!",
    State.UNKNOWN: "?",
    State.STALE: "~",
    State.LOST: "x",
}


def _step(seconds: float) -> int:
    if seconds < 2 * _MINUTE:
        return 1
    if seconds < 10 * _MINUTE:
        return 10
    return _long_step(seconds)


def _age_step(seconds: float, coarse: bool) -> int:
    if seconds < (2 if coarse else 10) * _MINUTE:
        return 10 if coarse else 1
    return _long_step(seconds)


def _long_step(seconds: float) -> int:
    if seconds < _DAY:
        return _MINUTE
    return _HOUR if seconds < 3 * _DAY else _DAY


def _floored(seconds: float) -> int:
    step = _step(seconds)
    return math.floor(seconds / step) * step


def _floored_age(seconds: float, coarse: bool) -> int:
    step = _age_step(seconds, coarse)
    return math.floor(seconds / step) * step


def _long(whole: int) -> str:
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    if whole < 3 * _DAY:
        return f"{whole // _HOUR}h"
    return f"{whole // _DAY} d"
