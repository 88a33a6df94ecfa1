"""A report as a page: what stands on it and in what order, before it is Markdown, HTML or chat.

No text on a page is escaped yet. Who writes it down does that, for its own form, so that
nobody's text can be markup in any of them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from console.model.summary import Verdict
from console.safety.text import Raw


class Code(msgspec.Struct, frozen=True):
    """A name that somebody gave, a command, an id: set apart from our own words."""

    text: Raw | str


class Strong(msgspec.Struct, frozen=True):
    """What must not be overlooked."""

    text: str


class Badge(msgspec.Struct, frozen=True):
    """A verdict: a sign and a word, so that colour is not needed."""

    verdict: Verdict
    text: str


Span: TypeAlias = str | Code | Strong | Badge
Line: TypeAlias = tuple[Span, ...]


class Column(msgspec.Struct, frozen=True):
    """The head of a column."""

    title: str
    is_number: bool = False


class Para(msgspec.Struct, frozen=True):
    """A paragraph."""

    line: Line


class Items(msgspec.Struct, frozen=True):
    """A list."""

    lines: tuple[Line, ...]


class Task(msgspec.Struct, frozen=True):
    """One line of a checklist."""

    done: bool
    line: Line


class Tasks(msgspec.Struct, frozen=True):
    """A checklist."""

    tasks: tuple[Task, ...]


class Table(msgspec.Struct, frozen=True):
    """Rows of as many cells as there are columns. The first cell names its row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]


class Listing(msgspec.Struct, frozen=True):
    """Some lines exactly as they are: a query, a formula."""

    text: str


class Picture(msgspec.Struct, frozen=True):
    """A chart. Only HTML shows it: what it tells stands in a table too."""

    svg: str
    """Whole, and escaped already."""
    caption: str
    kinds: tuple[str, ...] = ()
    """Of `console.reports.svg.KINDS`, those that it shows: what a legend tells of."""


class Fold(msgspec.Struct, frozen=True):
    """What is opened by who wants to see it, where a form can fold; else it stands below its
    title."""

    title: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Para | Items | Tasks | Table | Listing | Picture | Fold


class Section(msgspec.Struct, frozen=True):
    """Some blocks below a heading."""

    key: str
    """Unique on the page: what an anchor is made of."""
    title: str
    blocks: tuple[Block, ...]


class Page(msgspec.Struct, frozen=True):
    """A whole report."""

    title: str
    lead: tuple[Block, ...]
    """What is read first: the verdict before all."""
    sections: tuple[Section, ...]
    end: tuple[Block, ...] = ()
    """What made it, and when."""
