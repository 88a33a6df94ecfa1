"""A handover as Markdown, for a chat or a file."""

from __future__ import annotations

from collections.abc import Iterator

from console.engine.handover import Handover
from console.engine.handover_lines import Words
from console.engine.handover_words import sections_of
from console.model.markdown import code, escaped
from console.safety.text import Raw


def markdown_of(handover: Handover) -> str:
    """The whole handover; ends without a line break."""
    at = f"{handover.at:%Y-%m-%d %H:%M} UTC"
    return "\n".join([f"# Handover of {escaped(handover.environment)}, {at}", *_lines(handover)])


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
