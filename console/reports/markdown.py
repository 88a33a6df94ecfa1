"""Reports as Markdown: CommonMark with GitHub's tables and task lists.

What somebody else wrote stands in code spans or is escaped, also for a cell of a table, where
a `|` would end it even in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from config.history import Form
from console.journal.language import Language
from console.model.daily import AnyReport
from console.model.markdown import code, escaped, fenced
from console.model.summary import Verdict
from console.reports.page import (
    Badge,
    Block,
    Code,
    Fold,
    Items,
    Line,
    Listing,
    Page,
    Para,
    Picture,
    Section,
    Strong,
    Table,
    Tasks,
)
from console.reports.pages import page_of
from console.safety.text import visible

MOST_CELLS: Final = 400
"""Of one text from outside; the rest is cut, with a mark."""
SIGNS: Final = {
    Verdict.MET: "✓",
    Verdict.MISSED: "✗",
    Verdict.NOT_ENOUGH_DATA: "?",
    Verdict.NOT_MEASURED: "–",
}
"""By which a verdict is told without colour."""
_BEGINS: Final = re.compile(r"^(\d*)([-+=.)])")
"""A list or the underline of a heading: `escaped()` leaves these, as they mean nothing within."""


def markdown_of(report: AnyReport, form: Form, language: Language) -> str:
    """`report` as Markdown, with a line break at its end."""
    return "\n".join(_page(page_of(report, form, language))) + "\n"


def _page(page: Page) -> Iterator[str]:
    yield f"# {escaped(page.title)}"
    yield from _blocks(page.lead, 2)
    for section in page.sections:
        yield from _section(section)
    if page.end:
        yield from ("", "---")
        yield from _blocks(page.end, 2)


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {escaped(section.title)}")
    yield from _blocks(section.blocks, 3)


def _blocks(blocks: tuple[Block, ...], level: int) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, level)


def _block(block: Block, level: int) -> Iterator[str]:
    if isinstance(block, Picture):
        return
    yield ""
    if isinstance(block, Para):
        yield line_text(block.line)
    elif isinstance(block, Items):
        yield from (f"- {line_text(one)}" for one in block.lines)
    elif isinstance(block, Tasks):
        yield from (f"- [{'x' if one.done else ' '}] {line_text(one.line)}" for one in block.tasks)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Listing):
        yield from fenced(visible(block.text, lines=True).split("\n"))
    elif isinstance(block, Fold):
        yield f"{'#' * level} {escaped(block.title)}"
        yield from _blocks(block.blocks, level + 1)


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(escaped(column.title) for column in table.columns)} |"
    yield f"|{'|'.join('---:' if column.is_number else '---' for column in table.columns)}|"
    for row in table.rows:
        yield f"| {' | '.join(_cell(line) for line in row)} |"


def _cell(line: Line) -> str:
    return "".join(_span(span, in_table=True) for span in line)


def line_text(line: Line) -> str:
    """One line of Markdown; what stands first in it begins no list, heading or quote."""
    text = "".join(_span(span) for span in line).strip()
    return _BEGINS.sub(r"\g<1>\\\g<2>", text)


def _span(span: object, in_table: bool = False) -> str:
    if isinstance(span, Code):
        shown = visible(span.text, cells=MOST_CELLS)
        # GitHub ends a cell at a bar even in code, unless it is escaped, which all others show.
        if in_table and ("|" in shown or "\\" in shown):
            return escaped(shown)
        return code(shown)
    if isinstance(span, Strong):
        return f"**{escaped(span.text).strip()}**"
    if isinstance(span, Badge):
        shown = escaped(visible(span.text, cells=MOST_CELLS)).strip()
        is_bad = span.verdict is Verdict.MISSED
        return f"{SIGNS[span.verdict]} {f'**{shown}**' if is_bad else shown}"
    return escaped(visible(str(span), cells=4 * MOST_CELLS))
