"""Markdown as blocks with their lines. Only its blocks are parsed: nothing is ever rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_NEVER: Final = ("inline", "text_join")
"""What stands inside of a line is not looked into; a hostile line costs nothing."""


class Heading(msgspec.Struct, frozen=True):
    """`## Meaning`."""

    text: str
    level: int
    line: int
    """From 1, as everywhere here."""


class Code(msgspec.Struct, frozen=True):
    """A fenced block, or an indented one."""

    info: str
    """Behind the fence, without the spaces around it; empty for an indented one."""
    text: str
    line: int
    """The fence's, or an indented block's first."""
    text_line: int
    end_line: int
    is_closed: bool


class Text(msgspec.Struct, frozen=True):
    """Anything that is read: a paragraph, a table, a quotation, as it stands in the file."""

    text: str
    line: int
    end_line: int


class Item(msgspec.Struct, frozen=True):
    """One entry of a list at the top of the page."""

    text: str
    """Without its marker and without the blocks of code in it."""
    line: int
    end_line: int
    is_numbered: bool
    codes: tuple[Code, ...] = ()


Block = Heading | Code | Text | Item


def blocks_of(lines: Sequence[str], offset: int = 0) -> Iterator[Block]:
    """The blocks of the page that `lines` are, in their order.

    Args:
        offset: how many lines of the file stand above it.
    """
    tokens = _parser().parse("\n".join(lines))
    at = 0
    while at < len(tokens):
        past = _past(tokens, at)
        yield from _Reader(lines, offset).blocks(tokens[at:past])
        at = past


class _Reader:
    def __init__(self, lines: Sequence[str], offset: int) -> None:
        self._lines = lines
        self._offset = offset

    def blocks(self, tokens: Sequence[Token]) -> Iterator[Block]:
        """Those of `tokens`: one block at the top of the page, with all that is in it."""
        first = tokens[0]
        start, end = first.map or (0, 0)
        if first.type == "heading_open":
            yield Heading(tokens[1].content, int(first.tag[1:]), start + self._offset + 1)
        elif first.type in ("fence", "code_block"):
            yield self._code(first)
        elif first.type in ("ordered_list_open", "bullet_list_open"):
            yield from self._items(tokens)
        elif first.type != "hr":
            yield self._text(start, end)

    def _text(self, start: int, end: int) -> Text:
        text = "\n".join(self._lines[start:end]).rstrip()
        return Text(text, start + self._offset + 1, end + self._offset)

    def _items(self, tokens: Sequence[Token]) -> Iterator[Item]:
        at = 1
        while at < len(tokens) - 1:
            past = _past(tokens, at)
            token = tokens[at]
            start, end = token.map or (0, 0)
            inside = tokens[at:past]
            codes = tuple(self._code(one) for one in inside if one.type in ("fence", "code_block"))
            yield Item(
                self._item_text(inside, start, end),
                start + self._offset + 1,
                end + self._offset,
                tokens[0].type == "ordered_list_open",
                codes,
            )
            at = past

    def _item_text(self, tokens: Sequence[Token], start: int, end: int) -> str:
        skipped: set[int] = set()
        for token in tokens:
            if token.type in ("fence", "code_block") and token.map:
                skipped.update(range(*token.map))
        kept = [self._lines[at] for at in range(start, end) if at not in skipped]
        if kept:
            marker = kept[0].lstrip().partition(" ")
            kept[0] = marker[2]
        indent = min((len(one) - len(one.lstrip()) for one in kept[1:] if one.strip()), default=0)
        return "\n".join([*(one.strip() for one in kept[:1]), *(one[indent:] for one in kept[1:])]).strip()  # fmt: skip # noqa: E501

    def _code(self, token: Token) -> Code:
        start, end = token.map or (0, 0)
        fenced = token.type == "fence"
        last = self._lines[end - 1].strip() if end - 1 > start else ""
        closed = not fenced or (
            len(last) >= len(token.markup) and set(last) == set(token.markup[:1])
        )
        line = start + self._offset + 1
        return Code(
            token.info.strip(),
            token.content.removesuffix("\n"),
            line,
            line + fenced,
            end + self._offset,
            closed,
        )


def _past(tokens: Sequence[Token], at: int) -> int:
    """Where the block that begins at `at` has ended."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += tokens[index].nesting
        if depth <= 0:
            return index + 1
    return len(tokens)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # late: 40 ms that the first frame does not have

    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable(list(_NEVER))
    # Quadratic on a page of nothing else, and links are not followed here.
    parser.block.ruler.disable("reference")
    return parser
