"""Reports as HTML: one file that asks nothing of any server, runs nothing, and prints.

Every text passes `console.reports.svg.text_of()`, so that none of it is markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.journal.language import Language
from console.model.daily import AnyReport
from console.model.summary import Verdict
from console.reports.markdown import MOST_CELLS, SIGNS
from console.reports.page import (
    Badge,
    Block,
    Code,
    Column,
    Fold,
    Items,
    Line,
    Listing,
    Page,
    Para,
    Picture,
    Section,
    Span,
    Strong,
    Table,
    Tasks,
)
from console.reports.pages import page_of
from console.reports.style import CSS
from console.reports.svg import defs, text_of
from console.reports.telling import MISSING
from console.reports.words import said
from console.safety.text import visible

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for it: nothing but the style within."""
_CLASSES: Final = {
    Verdict.MET: "v-met",
    Verdict.MISSED: "v-missed",
    Verdict.NOT_ENOUGH_DATA: "v-lacking",
    Verdict.NOT_MEASURED: "v-none",
}


def html_of(report: AnyReport, language: Language) -> bytes:
    """`report`, detailed, with charts, in UTF-8."""
    page = page_of(report, "detailed", language, pictures=True)
    return "\n".join(_document(page, language)).encode()


def _document(page: Page, language: Language) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield f'<html lang="{language}">'
    yield '<head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{text_of(page.title, MOST_CELLS)}</title>"
    yield f"<style>{CSS}</style></head>"
    yield "<body>"
    if any(isinstance(block, Picture | Fold) for one in page.sections for block in one.blocks):
        yield defs()
    yield f"<header><h1>{text_of(page.title, MOST_CELLS)}</h1>"
    for number, block in enumerate(page.lead):
        yield from _lead(block) if number == 0 else _block(block, language)
    yield "</header>"
    yield f'<nav aria-label="{said("contents", language)}">'
    yield from (f'<a href="#{one.key}">{text_of(one.title)}</a>' for one in page.sections)
    yield "</nav><main>"
    for section in page.sections:
        yield from _section(section, language)
    yield "</main><footer>"
    for block in page.end:
        yield from _block(block, language)
    yield "</footer></body></html>\n"


def _lead(block: Block) -> Iterator[str]:
    assert isinstance(block, Para)
    first = block.line[0]
    kind = _CLASSES[first.verdict] if isinstance(first, Badge) else "v-none"
    yield f'<p class="verdict {kind}">{_line(block.line)}</p>'


def _section(section: Section, language: Language) -> Iterator[str]:
    yield f'<section id="{section.key}"><h2>{text_of(section.title)}</h2>'
    for block in section.blocks:
        yield from _block(block, language)
    yield "</section>"


def _block(block: Block, language: Language) -> Iterator[str]:
    if isinstance(block, Para):
        yield f"<p>{_line(block.line)}</p>"
    elif isinstance(block, Items):
        yield "<ul>"
        yield from (f"<li>{_line(one)}</li>" for one in block.lines)
        yield "</ul>"
    elif isinstance(block, Tasks):
        yield '<ul class="tasks">'
        for task in block.tasks:
            sign = said("yes" if task.done else "no", language)
            box = f'<span class="box" aria-label="{sign}">{"☑" if task.done else "☐"}</span>'
            yield f"<li>{box}{_line(task.line)}</li>"
        yield "</ul>"
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Listing):
        lines = visible(block.text, lines=True).split("\n")
        yield f"<pre><code>{'&#10;'.join(map(text_of, lines))}</code></pre>"
    elif isinstance(block, Fold):
        yield f"<details><summary>{text_of(block.title)}</summary>"
        for each in block.blocks:
            yield from _block(each, language)
        yield "</details>"
    else:
        yield from _picture(block, language)


def _picture(picture: Picture, language: Language) -> Iterator[str]:
    yield "<figure>"
    if picture.caption:
        yield f"<figcaption>{text_of(picture.caption)}</figcaption>"
    if picture.kinds:
        yield '<ul class="legend">'
        for kind in picture.kinds:
            cell = f'<svg width="71" height="19" aria-hidden="true"><use href="#c-{kind}"/></svg>'
            yield f"<li>{cell}{said(f'legend-{kind}', language)}</li>"
        yield "</ul>"
    yield f'<div class="wide">{picture.svg}</div></figure>'


def _table(table: Table) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    yield from (f'<th scope="col"{_of(one)}>{text_of(one.title)}</th>' for one in table.columns)
    yield "</tr></thead><tbody>"
    for row in table.rows:
        cells = [f'<th scope="row">{_line(row[0])}</th>'] if row else []
        cells += (
            f"<td{_of(column)}>{_line(line)}</td>"
            for column, line in zip(table.columns[1:], row[1:], strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _of(column: Column) -> str:
    return ' class="n"' if column.is_number else ""


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    if isinstance(span, Code):
        return f"<code>{text_of(span.text, MOST_CELLS)}</code>"
    if isinstance(span, Strong):
        return f"<strong>{text_of(span.text, MOST_CELLS)}</strong>"
    if isinstance(span, Badge):
        shown = f"{SIGNS[span.verdict]} {text_of(span.text, MOST_CELLS)}"
        return f'<span class="b {_CLASSES[span.verdict]}">{shown}</span>'
    if span.startswith(MISSING) and len(span) > 1:
        why = text_of(span[1:], MOST_CELLS)
        return f"{MISSING}<small>{why}</small>"
    return text_of(span, 4 * MOST_CELLS)
