"""Durations as the settings write them: `30s`, `5m`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

PATTERN: Final = r"^(?=.)([0-9]{1,7}d)?([0-9]{1,7}h)?([0-9]{1,7}m)?([0-9]{1,7}s)?([0-9]{1,7}ms)?$"
"""What is taken, as a regular expression of ECMA 262 and of Python alike."""
EXPECTED: Final = "a duration such as 30s, 5m, 2h, 7d or 1h30m"

_UNITS: Final = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
    ("ms", timedelta(milliseconds=1)),
)
_WRITTEN: Final = re.compile(PATTERN)


def duration_of(text: str) -> timedelta | None:
    """The duration that `text` writes; `None` where it writes none."""
    match = _WRITTEN.fullmatch(text)
    if match is None or not text.isascii():
        return None
    total = timedelta()
    for (unit, worth), part in zip(_UNITS, match.groups(), strict=True):
        if part:
            total += worth * int(part.removesuffix(unit))
    return total


def duration_text(duration: timedelta) -> str:
    """`duration` as it would be written, to the millisecond: `1h30m`."""
    out = []
    rest = duration
    for unit, worth in _UNITS:
        count, rest = divmod(rest, worth)
        if count:
            out.append(f"{count}{unit}")
    return "".join(out) or "0s"
