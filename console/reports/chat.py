"""Reports as plain text for a chat. Who sends it escapes it for that chat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config.history import Form
from console.journal.language import Language
from console.model.daily import AnyReport
from console.reports.markdown import MOST_CELLS, SIGNS
from console.reports.page import (
    Badge,
    Block,
    Code,
    Fold,
    Items,
    Line,
    Listing,
    Para,
    Picture,
    Span,
    Strong,
    Table,
    Tasks,
)
from console.reports.pages import page_of
from console.reports.words import said
from console.safety.text import visible

MOST_CHARS: Final = 12_000
"""Of one message; chats take between 20,000 and 40,000."""


def chat_text(report: AnyReport, form: Form, language: Language) -> str:
    """`report` without any markup. Of a long one the end is cut, which the last line says."""
    page = page_of(report, form, language)
    lines = [visible(page.title, cells=MOST_CELLS), ""]
    lines += (line for block in page.lead for line in _block(block))
    for section in page.sections:
        if section.key != "made":
            lines += ("", section.title)
            lines += (line for block in section.blocks for line in _block(block))
    return _cut(lines, said("cut-for-chat", language))


def _cut(lines: list[str], note: str) -> str:
    kept: list[str] = []
    left = MOST_CHARS
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return "\n".join((*kept, note))
        kept.append(line)
    return "\n".join(kept)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Para):
        yield _line(block.line)
    elif isinstance(block, Items):
        yield from (f"• {_line(one)}" for one in block.lines)
    elif isinstance(block, Tasks):
        yield from (f"{'☑' if one.done else '☐'} {_line(one.line)}" for one in block.tasks)
    elif isinstance(block, Table):
        yield " | ".join(column.title for column in block.columns)
        yield from (" | ".join(map(_line, row)) for row in block.rows)
    elif isinstance(block, Listing):
        yield visible(block.text, cells=MOST_CELLS)
    elif isinstance(block, Fold):
        yield block.title
        yield from (line for each in block.blocks for line in _block(each))
    else:
        assert isinstance(block, Picture)


def _line(line: Line) -> str:
    return "".join(map(_span, line)).strip()


def _span(span: Span) -> str:
    if isinstance(span, Badge):
        return f"{SIGNS[span.verdict]} {visible(span.text, cells=MOST_CELLS)}"
    if isinstance(span, Code | Strong):
        return visible(span.text, cells=MOST_CELLS)
    return visible(span, cells=MOST_CELLS)
