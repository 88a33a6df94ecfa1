"""A handover as Markdown, for a chat or a file.

Text from outside stands in code spans: nothing in it is a link, a mention, HTML or emphasis
there, in CommonMark and in the dialects of chats alike, of which some know no backslash. What
the team itself wrote in its settings is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from console.engine.handover import Handover
from console.engine.handover_words import Words, sections_of
from console.safety.text import Raw, visible

_MEANT: Final = re.compile(r"[\\`*_{}\[\]<>#|~&!$]")
_BACKTICKS: Final = re.compile(r"`+")


def markdown_of(handover: Handover) -> str:
    """The whole handover; ends without a line break."""
    at = f"{handover.at:%Y-%m-%d %H:%M} UTC"
    return "\n".join([f"# Handover of {escaped(handover.environment)}, {at}", *_lines(handover)])


def escaped(text: str) -> str:
    """`text` on one line, in which no character means anything to Markdown."""
    return _MEANT.sub(r"\\\g<0>", visible(text))


def code(text: Raw | str) -> str:
    """`text` on one line as a code span; nothing for an empty text."""
    shown = visible(text)
    if not shown:
        return ""
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    # A reader takes one space off each end of a span that has one at both.
    spaced = shown.startswith(" ") and shown.endswith(" ") and shown.strip(" ")
    inside = f" {shown} " if spaced or shown[0] == "`" or shown[-1] == "`" else shown
    return f"{fence}{inside}{fence}"


def _lines(handover: Handover) -> Iterator[str]:
    for section in sections_of(handover):
        yield f"\n## {escaped(section.title)}\n"
        for line in section.lines:
            head = f"**{escaped(line.head)}** "
            yield f"- {head}{_written(line.words)}"
            for words in line.under:
                yield f"  - {_written(words)}"
        if not section.lines:
            yield section.none


def _written(words: Words) -> str:
    return "".join(code(word) if isinstance(word, Raw) else escaped(word) for word in words)
