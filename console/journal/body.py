"""The body of a document: headings that carry a mark, and what stands between them.

`## Why <!-- oncall:why -->` is the section `why` in whatever language; a team's own headings
carry no mark and belong to the section above them. What the console generates ends in a line
`<!-- oncall:end timeline -->`. Nobody sees these comments in rendered Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from config.fault import Fault
from console.journal.document import Document, DocumentFaults

TITLE: Final = "title"
GENERATED: Final = frozenset({"facts", "actions", "plan", "timeline"})
"""What the console writes anew each time."""
_MARK: Final = re.compile(
    r"^(?:(?P<level>#{1,6})[ \t][^\n]*)?<!-- oncall:(?P<end>end )?(?P<name>[a-z][a-z-]*) -->"
    r"[ \t]*\r?(?:\n|\Z)",
    re.MULTILINE,
)
_HINT: Final = re.compile(r"<!-- \? (?:(?!-->).)*-->", re.DOTALL)
_WRITTEN: Final = re.compile(r"<!-- oncall(\\*):")
_ESCAPED: Final = re.compile(r"<!-- oncall\\(\\*):")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _Mark(msgspec.Struct, frozen=True):
    name: str
    is_end: bool
    start: int
    """Where its line begins, in the body."""
    end: int
    """Where the line after it begins."""


class _Marks:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.body = document.body
        self.all: list[_Mark] = []
        for found in _MARK.finditer(self.body):
            if (found["level"] is None) is (found["end"] is not None):
                mark = _Mark(found["name"], bool(found["end"]), found.start(), found.end())
                self.all.append(mark)

    def heading(self, name: str) -> _Mark | None:
        """The one heading of that name.

        Raises:
            DocumentFaults: there are two.
        """
        found = [mark for mark in self.all if mark.name == name and not mark.is_end]
        if len(found) > 1:
            first = self.line(found[0])
            message = f"the heading `{name}` stands here already, in line {first}"
            raise DocumentFaults([self.fault(found[1], message)])
        return found[0] if found else None

    def after(self, mark: _Mark) -> int:
        """Where what belongs to the heading `mark` is over."""
        return min(
            (each.start for each in self.all if each.start >= mark.end), default=len(self.body)
        )

    def end_of(self, heading: _Mark) -> _Mark:
        """The line that ends what is generated below `heading`.

        Raises:
            DocumentFaults: there is none before the next heading.
        """
        end = next((mark for mark in self.all if mark.start >= heading.end), None)
        if end is None or not end.is_end or end.name != heading.name:
            message = f"expected a line {_end_mark(heading.name)} below this heading, "
            raise DocumentFaults([self.fault(heading, message + "before the next one")])
        return end

    def line(self, mark: _Mark) -> int:
        return self.document.body_line + self.body.count("\n", 0, mark.start)

    def fault(self, mark: _Mark, message: str) -> Fault:
        return Fault(self.document.file, self.line(mark), 1, "", message)


def section_of(document: Document, name: str) -> str:
    """The text of the section `name`, its lines ended by `\\n`; empty where nobody wrote any.

    Raises:
        DocumentFaults: two headings carry that name.
    """
    marks = _Marks(document)
    heading = marks.heading(name)
    if heading is None:
        return ""
    text = marks.body[heading.end : marks.after(heading)].replace("\r\n", "\n")
    stripped = _stripped(text)
    while (hint := _HINT.match(stripped)) is not None:
        stripped = _stripped(stripped[hint.end() :])
    return _ESCAPED.sub(r"<!-- oncall\1:", stripped)


def with_section(document: Document, name: str, text: str, heading: str) -> Document:
    """`document` with `text` as its section `name`, where it is not that already.

    Args:
        heading: of a section that has to be added.

    Raises:
        DocumentFaults: two headings carry that name.
    """
    if section_of(document, name) == text:
        return document
    marks = _Marks(document)
    safe = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n"))
    safe = _stripped(_WRITTEN.sub(r"<!-- oncall\\\1:", safe))
    found = marks.heading(name)
    if found is None:
        return _appended(document, f"## {heading} <!-- oncall:{name} -->\n\n{safe}\n")
    end = marks.after(found)
    inside = f"\n{safe}\n" if safe else ""
    if end < len(marks.body):
        inside += "\n"
    return _replaced(document, found.end, end, inside)


def with_generated(document: Document, name: str, lines: Iterable[str], heading: str) -> Document:
    """`document` with `lines` between the heading `name` and its end mark; added if need be.

    Raises:
        DocumentFaults: two headings carry that name, or the end mark is missing.
    """
    marks = _Marks(document)
    text = _WRITTEN.sub(r"<!-- oncall\\\1:", "".join(f"{line}\n" for line in lines))
    inside = f"\n{text}\n" if text else "\n"
    found = marks.heading(name)
    if found is None:
        whole = f"## {heading} <!-- oncall:{name} -->\n{inside}{_end_mark(name)}\n"
        return _appended(document, whole)
    return _replaced(document, found.end, marks.end_of(found).start, inside)


def with_title(document: Document, title: str) -> Document:
    """`document` with `title`, Markdown on one line, in its marked first heading, if any.

    Raises:
        DocumentFaults: two headings are marked as that.
    """
    marks = _Marks(document)
    found = marks.heading(TITLE)
    if found is None:
        return document
    line = marks.body[found.start : found.end]
    level = line[: len(line) - len(line.lstrip("#"))]
    return _replaced(document, found.start, found.end, f"{level} {title} <!-- oncall:{TITLE} -->\n")


def mark_faults(document: Document) -> tuple[Fault, ...]:
    """What is wrong with the marked headings: one stands there twice, or has no end."""
    marks = _Marks(document)
    faults: list[Fault] = []
    for name in dict.fromkeys(mark.name for mark in marks.all if not mark.is_end):
        try:
            heading = marks.heading(name)
            if heading is not None and name in GENERATED:
                marks.end_of(heading)
        except DocumentFaults as error:
            faults += error.faults
    return tuple(faults)


def has_heading(document: Document, name: str) -> bool:
    """Whether a heading carries that name."""
    return any(mark.name == name and not mark.is_end for mark in _Marks(document).all)


def _end_mark(name: str) -> str:
    return f"<!-- oncall:end {name} -->"


def _replaced(document: Document, start: int, end: int, text: str) -> Document:
    body = document.body
    written = text.replace("\n", document.newline)
    if start and not body[:start].endswith("\n"):
        written = document.newline + written  # the heading is the file's last line
    if body[start:end] == written:
        return document
    return document.with_body(body[:start] + written + body[end:])


def _appended(document: Document, text: str) -> Document:
    body = document.body
    gap = "" if not body or body.endswith("\n") else "\n"
    gap += "\n" if body.strip() else ""
    return document.with_body(body + (gap + text).replace("\n", document.newline))


def _stripped(text: str) -> str:
    """`text` without blank lines around it."""
    lines = text.split("\n")
    first, past = 0, len(lines)
    while first < past and not lines[first].strip():
        first += 1
    while past > first and not lines[past - 1].strip():
        past -= 1
    return "\n".join(lines[first:past])
