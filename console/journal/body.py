"""The body of a document: headings that carry a mark, and what stands between them.

`## Why <!-- oncall:why -->` is the section `why` in whatever language; a team's own headings
carry no mark and belong to the section above them. What the console generates ends in a line
`<!-- oncall:end timeline -->`. Between `<!-- oncall:from events -->` and `<!-- oncall:to here -->`
stands what the events tell, in a section that is a person's otherwise. Nobody sees these comments
in rendered Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from config.fault import Fault
from console.journal.document import Document, DocumentFaults

TITLE: Final = "title"
GENERATED: Final = frozenset({"facts", "actions", "plan", "timeline", "items"})
"""What the console writes anew each time."""
_MARK: Final = re.compile(
    r"^(?:(?P<level>#{1,6})[ \t][^\n]*)?<!-- oncall:(?P<end>end )?(?P<name>[a-z][a-z-]*) -->"
    r"[ \t]*\r?(?:\n|\Z)",
    re.MULTILINE,
)
_FROM: Final = "<!-- oncall:from events -->"
_TO: Final = "<!-- oncall:to here -->"
_ACCOUNT: Final = re.compile(rf"^({_FROM}|{_TO})[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
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

    def account(self, heading: _Mark) -> tuple[int, int] | None:
        """Where what the events tell begins and ends in the section; `None`: there is none.

        Raises:
            DocumentFaults: one of its two lines is missing, or stands there twice.
        """
        found = list(_ACCOUNT.finditer(self.body, heading.end, self.after(heading)))
        if not found:
            return None
        if [each[1] for each in found] != [_FROM, _TO]:
            line = self.document.body_line + self.body.count("\n", 0, found[0].start())
            message = f"expected one line {_FROM} and below it one {_TO}, in the same section"
            raise DocumentFaults([Fault(self.document.file, line, 1, "", message)])
        return found[0].start(), found[1].end()

    def line(self, mark: _Mark) -> int:
        return self.document.body_line + self.body.count("\n", 0, mark.start)

    def fault(self, mark: _Mark, message: str) -> Fault:
        return Fault(self.document.file, self.line(mark), 1, "", message)


def section_of(document: Document, name: str) -> str:
    """What people wrote in the section `name`, its lines ended by `\\n`; empty where nobody did.

    Raises:
        DocumentFaults: two headings carry that name, or its account is broken.
    """
    marks = _Marks(document)
    heading = marks.heading(name)
    if heading is None:
        return ""
    return "\n\n".join(filter(None, _around(marks, heading)))


def _around(marks: _Marks, heading: _Mark) -> tuple[str, str]:
    """What people wrote above what the events tell, and below it; above, where that misses."""
    end = marks.after(heading)
    start, stop = marks.account(heading) or (end, end)
    return _prose(marks.body[heading.end : start]), _prose(marks.body[stop:end])


def _prose(text: str) -> str:
    stripped = _stripped(text.replace("\r\n", "\n"))
    while (hint := _HINT.match(stripped)) is not None:
        stripped = _stripped(stripped[hint.end() :])
    return _ESCAPED.sub(r"<!-- oncall\1:", stripped)


def with_section(document: Document, name: str, text: str, heading: str) -> Document:
    """`document` with `text` as its section `name`, where it is not that already.

    Args:
        heading: of a section that has to be added.

    Raises:
        DocumentFaults: two headings carry that name, or its account is broken.
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
    account = marks.account(found)
    if account is not None:
        told = marks.body[slice(*account)].replace("\r\n", "\n").rstrip("\n")
        above, below = _around(marks, found)
        inside = f"{inside}\n{told}\n" if above and not below else f"\n{told}\n{inside}"
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


def told_below(document: Document, name: str) -> tuple[str, ...]:
    """The lines of what the console generated, or the events tell, below the heading `name`.

    Raises:
        DocumentFaults: two headings carry that name, or what is told there has no end.
    """
    marks = _Marks(document)
    heading = marks.heading(name)
    if heading is None:
        return ()
    if name in GENERATED:
        inside = marks.body[heading.end : marks.end_of(heading).start]
    else:
        start, stop = marks.account(heading) or (heading.end, heading.end)
        inside = _ACCOUNT.sub("", marks.body[start:stop])
    lines = inside.replace("\r\n", "\n").split("\n")
    return tuple(_ESCAPED.sub(r"<!-- oncall\1:", line) for line in lines if line.strip())


def with_account(document: Document, name: str, lines: Iterable[str]) -> Document:
    """`document` with `lines` as what the events tell in its section `name`.

    Where that stands already it is put in its place; where it does not, and nobody has written
    anything, it is added. What people wrote stays.

    Raises:
        DocumentFaults: two headings carry that name, or the account there is broken.
    """
    marks = _Marks(document)
    heading = marks.heading(name)
    text = _WRITTEN.sub(r"<!-- oncall\\\1:", "".join(f"{line}\n" for line in lines))
    whole = f"{_FROM}\n\n{text}\n{_TO}\n" if text else f"{_FROM}\n\n{_TO}\n"
    if heading is None:
        return document
    account = marks.account(heading)
    if account is not None:
        return _replaced(document, *account, whole)
    if not text or any(_around(marks, heading)):
        return document
    hints = marks.body[heading.end : marks.after(heading)].rstrip()
    at = heading.end
    if hints:
        at = (marks.body.find("\n", at + len(hints)) + 1) or len(marks.body)
    return _replaced(document, at, at, f"\n{whole}")


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
            elif heading is not None:
                marks.account(heading)
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
