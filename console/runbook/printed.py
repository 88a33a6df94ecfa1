"""What a program has printed, line by line: no line and no number of lines is without end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.model.words import count_text
from console.safety.text import Raw

MAX_LINES: Final = 10_000
"""Of one stream; where there are more, those in the middle are only counted."""
MAX_CHARS: Final = 4_096
"""Of one line."""


def printed_lines(text: Raw) -> Iterator[tuple[Raw, bool]]:
    """Every line, and whether it is the program's: else it says how many are not shown."""
    lines = text.exact.removesuffix("\n").split("\n") if text else []
    hidden = len(lines) - MAX_LINES
    first = MAX_LINES // 2 if hidden > 0 else len(lines)
    yield from ((_capped(line), True) for line in lines[:first])
    if hidden > 0:
        yield Raw(f"... {count_text(hidden)} lines are not shown here"), False
        yield from ((_capped(line), True) for line in lines[first + hidden :])


def _capped(line: str) -> Raw:
    line = line.removesuffix("\r")
    if len(line) <= MAX_CHARS:
        return Raw(line)
    return Raw(f"{line[:MAX_CHARS]}... {count_text(len(line) - MAX_CHARS)} characters more")
