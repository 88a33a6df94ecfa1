"""Text from outside in Markdown: it is no markup, no mention, no link and no HTML there.

It stands in code spans and fences that are longer than any run of backticks in it, so that it
ends none of them, in CommonMark and in the dialects of chats alike, of which some know no
backslash. What the team itself wrote in its settings is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from console.safety.text import Raw, visible

_MEANT: Final = re.compile(r"[\\`*_{}\[\]<>#|~&!$]")
_BACKTICKS: Final = re.compile("`+")


def escaped(text: str) -> str:
    """`text` on one line, in which no character means anything to Markdown."""
    return _MEANT.sub(r"\\\g<0>", visible(text))


def code(text: Raw | str) -> str:
    """`text` as a code span on one line, whatever backticks it has; `""` in one for an empty."""
    shown = visible(text)
    if not shown:
        return '`""`'
    fence = "`" * (_longest_run(shown) + 1)
    # A reader takes one space off each end of a span that has one at both.
    spaced = shown[0] == " " and shown[-1] == " " and shown.strip(" ")
    pad = " " if spaced or shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(lines: Iterable[str]) -> Iterator[str]:
    """`lines`, safe to show, as a block of plain text."""
    lines = list(lines)
    fence = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    yield f"{fence}text"
    yield from lines
    yield fence


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
