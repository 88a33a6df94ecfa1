"""A runbook's Markdown as it is read on a terminal: its words, not its signs. Nothing is obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from console.safety.text import Raw, visible
from widgets.detail import Blank, Paragraph, Part
from widgets.theme import Ink

_FENCE: Final = re.compile(r"[ \t]*(```+|~~~+)")
_QUOTE: Final = re.compile(r"^[ \t]*>[ \t]?")
_ITEM: Final = re.compile(r"^[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+")
_HEADING: Final = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+")
# None of these looks back over what another try has read: a hostile line costs its length.
_BOLD: Final = re.compile(r"\*\*([^*\n]+)\*\*")
_LINK: Final = re.compile(r"!?\[([^\[\]\n]*)\]\(([^()\s]*)\)")
_NOTE: Final = re.compile(r"^\[!([A-Z]{2,20})\][ \t]*")
_WARNS: Final = ("warning", "caution", "danger", "important")


def plain_parts(text: Raw) -> tuple[Part, ...]:
    """Paragraphs with their soft line breaks undone; lists, quotations and code keep their lines.

    A quotation that warns is drawn as a warning.
    """
    return tuple(_parts(visible(text, lines=True)))


def first_words(text: Raw) -> Raw:
    """The first line that says anything, without its signs."""
    for line in visible(text, lines=True).split("\n"):
        bare = _QUOTE.sub("", line, count=1)
        bare = _HEADING.sub("", _ITEM.sub("", bare, count=1), count=1)
        if bare.strip() and not _FENCE.match(line):
            return Raw(_inline(bare.strip()))
    return Raw("")


def _parts(text: str) -> Iterator[Part]:
    open_: list[str] = []
    fence = ""
    for line in text.split("\n"):
        sign = _FENCE.match(line)
        if fence:
            if sign and sign[1].startswith(fence):
                fence = ""
            else:
                yield Paragraph(Raw(f"    {line}"), Ink.PLAIN)
            continue
        if sign:
            yield from _flushed(open_)
            fence = sign[1]
        elif not line.strip():
            yield from _flushed(open_)
            yield Blank()
        elif _begins(line, open_):
            yield from _flushed(open_)
            open_.append(line)
        else:
            open_.append(line)
    yield from _flushed(open_)


def _begins(line: str, open_: list[str]) -> bool:
    """Whether a line is no continuation of those that are open."""
    if not open_:
        return False
    if bool(_QUOTE.match(line)) != bool(_QUOTE.match(open_[0])):
        return True
    bare = _QUOTE.sub("", line, count=1)
    return (
        not bare.strip()
        or bool(_ITEM.match(bare) or _HEADING.match(bare))
        or bare.lstrip().startswith("|")
        or open_[-1].endswith(("  ", "\\"))
    )


def _flushed(open_: list[str]) -> Iterator[Part]:
    if not open_:
        return
    quoted = bool(_QUOTE.match(open_[0]))
    lines = [_QUOTE.sub("", one, count=1) if quoted else one for one in open_]
    open_.clear()
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())] if _ITEM.match(lines[0]) else ""
    said = " ".join(one.strip().removesuffix("\\") for one in lines)
    ink = Ink.PLAIN
    if _HEADING.match(said):
        said, ink = _HEADING.sub("", said, count=1), Ink.HEADING
    said = _inline(_NOTE.sub(lambda found: f"{found[1].capitalize()}: ", said, count=1))
    if quoted:
        if said.casefold().startswith(_WARNS):
            ink = Ink.WARNING
        said = f"  {said}"
    yield Paragraph(Raw(indent + said), ink)


def _inline(said: str) -> str:
    said = _BOLD.sub(r"\1", said)
    return _LINK.sub(lambda found: _linked(found[1], found[2]), said)


def _linked(label: str, to: str) -> str:
    return label if not to or label == to else f"{label} ({to})"
