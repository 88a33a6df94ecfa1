"""A document as it stands in its file: front matter, body, and every byte of both.

Nothing here is read and written again as a whole. The text keeps its byte-order mark, its line
breaks, its trailing blanks and bytes that are no UTF-8; what the console owns is put in place
of what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from config.fault import Fault
from config.yaml_nodes import Mapping, read

MAX_FRONT_CHARS: Final = 2 * 1024 * 1024
MAX_CHARS: Final = 8 * 1024 * 1024
FENCE: Final = "---"

_OPENING: Final = re.compile(r"\ufeff?---[ \t]*\r?\n")
_CLOSING: Final = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
# YAML breaks lines there, and no editor's line numbers do.
_ODD_BREAK: Final = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


class DocumentFaults(Exception):  # noqa: N818 - it is named for what it carries
    """A document cannot be written as wished; its text stays as it is."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class Document(msgspec.Struct, frozen=True):
    """One file. `text` is all of it; bytes that are no UTF-8 stand in it as lone surrogates."""

    text: str
    file: str
    """The file's name, for faults."""
    front: Mapping | None = None
    """The front matter's keys, with their places in the file; `None` where `faults` says why."""
    front_start: int = 0
    """Where in `text` the first line of the front matter begins."""
    front_end: int = 0
    """Where the line that ends it begins."""
    body_start: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def newline(self) -> str:
        """How its lines end: as the first one does."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    @property
    def body(self) -> str:
        """Everything below the front matter."""
        return self.text[self.body_start :]

    @property
    def body_line(self) -> int:
        """In which line of the file the body begins."""
        return self.text.count("\n", 0, self.body_start) + 1

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        return self.text.encode("utf-8", "surrogateescape")

    def with_body(self, body: str) -> Document:
        """The same front matter above `body`."""
        return document_of(self.text[: self.body_start] + body, self.file)

    def with_front(self, front: str) -> Document:
        """`front`, whole lines, in place of those between the fences."""
        text = self.text[: self.front_start] + front + self.text[self.front_end :]
        return document_of(text, self.file)


def read_document(content: bytes, file: str) -> Document:
    """The document in `content`; what is wrong with its front matter stands in `faults`."""
    return document_of(content.decode("utf-8", "surrogateescape"), file)


def document_of(text: str, file: str) -> Document:
    """As `read_document`, of a text."""
    if len(text) > MAX_CHARS:
        message = f"expected at most {MAX_CHARS:,} characters, got {len(text):,}"
        return Document(text, file, faults=(Fault(file, 0, 0, "", message),))
    opening = _OPENING.match(text)
    if opening is None:
        message = "expected front matter: a line --- at the top, keys, and a line --- below them"
        return Document(text, file, faults=(Fault(file, 1, 1, "", message),))
    start = opening.end()
    closing = _CLOSING.search(text, start, start + MAX_FRONT_CHARS)
    if closing is None:
        message = f"expected a line --- that ends it, within {MAX_FRONT_CHARS:,} characters"
        return Document(text, file, faults=(Fault(file, 1, 1, "", message),))
    end, body = closing.start(), min(closing.end() + 1, len(text))
    odd = _ODD_BREAK.search(text, start, end)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        column = odd.start() - text.rfind("\n", 0, odd.start())
        code = f"U+{ord(odd.group()):04X}"
        message = f"expected ordinary line breaks in the front matter, got {code}"
        fault = Fault(file, line, column, "", message)
        return Document(text, file, None, start, end, body, (fault,))
    # The fence's line is left empty, so that lines are counted as in the file.
    found = read(("\n" + text[start:end]).encode("utf-8", "surrogateescape"), file)
    if isinstance(found, tuple):
        return Document(text, file, None, start, end, body, found)
    return Document(text, file, found, start, end, body)
