"""Strict YAML, read so that every key and every value knows its line.

The tree is built from libyaml's events, never by its own composer: that one recurses in C and
ends the process on some 200 kB of `[`, while the events stop at `MAX_DEPTH`. What makes YAML
treacherous is refused: anchors and aliases (bombs), merge keys, tags, duplicate keys (the
last one silently wins), a second document, characters that cannot be seen.

A scalar keeps its text and whether it was plain; nothing is guessed from how it looks
(YAML 1.1 reads `no` as false, `012` as 10, `12:30` as 750 and `60_000` as a number). Who asks
for a value says which type it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
import yaml

from config.fault import Fault, quoted
from console.safety.text import visible

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 1_000_000
"""More values than this are refused: 8 MiB of `- ` would be 2.8 million objects."""
MAX_FAULTS: Final = 100
"""Reading a file stops at this many; nobody reads further."""

NULLS: Final = frozenset(["", "~", "null", "Null", "NULL"])
"""What an unset value may be written as, when plain."""

# Written as what is refused: as what is taken it would take 3.6 ms to compile.
_UNREADABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """One value without parts."""

    text: str
    plain: bool
    """Written without quotes and not as a block, so that it may be more than text."""
    line: int
    column: int
    end_line: int

    @property
    def is_null(self) -> bool:
        """Nothing, or one of YAML's words for it."""
        return self.plain and self.text in NULLS


class Sequence(msgspec.Struct, frozen=True):
    """A list."""

    items: list[Node]
    line: int
    column: int
    flow: bool
    """Written as `[a, b]`."""
    end_line: int


class Mapping(msgspec.Struct, frozen=True):
    """Keys with values, in the order in which they stand there; no key stands twice."""

    entries: list[tuple[Scalar, Node]]
    line: int
    column: int
    flow: bool
    """Written as `{a: b}`."""
    end_line: int

    def value_of(self, key: str) -> Node | None:
        """The value under `key`, or `None`."""
        for name, value in self.entries:
            if name.text == key:
                return value
        return None


Node = Scalar | Sequence | Mapping


class _RefusedError(Exception):
    """Reading cannot go on after the fault that was noted."""


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.nodes = 0

    def refuse(self, event: yaml.Event, message: str) -> None:
        self.faults.append(Fault(self.file, *_start(event), "", message))
        if len(self.faults) >= MAX_FAULTS:
            raise _RefusedError

    def document(self, events: Iterator[yaml.Event]) -> Mapping:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.refuse(event, "expected one document; a second begins here")
                    raise _RefusedError
                root = self.node(next(events), events, 1)
        if root is None or (isinstance(root, Scalar) and root.is_null):
            return Mapping([], 1, 1, False, 1)
        if not isinstance(root, Mapping):
            what = "a list" if isinstance(root, Sequence) else quoted(root.text)
            message = f"expected keys with values (`environment: prod`), got {what}"
            self.faults.append(Fault(self.file, root.line, root.column, "", message))
            raise _RefusedError
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            limit = f"{MAX_DEPTH} levels" if depth > MAX_DEPTH else f"{MAX_NODES:,} values"
            self.refuse(event, f"expected at most {limit}")
            raise _RefusedError
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, "aliases (*name) are not taken; write the value out")
            line, column = _start(event)
            return Scalar("", False, line, column, line)
        self.refuse_properties(event)
        if isinstance(event, yaml.ScalarEvent):
            line, column = _start(event)
            return Scalar(event.value, not event.style, line, column, _last_line(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(event, events, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(event, events, depth)
        raise _RefusedError  # an end where libyaml's grammar has none

    def refuse_properties(self, event: yaml.Event) -> None:
        if getattr(event, "anchor", None) is not None:
            self.refuse(event, "anchors (&name) are not taken; write the value out")
        if getattr(event, "tag", None) is not None:
            self.refuse(event, "tags (!name) are not taken; leave it out")

    def sequence(
        self, start: yaml.CollectionStartEvent, events: Iterator[yaml.Event], depth: int
    ) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self.node(event, events, depth + 1))
        flow = bool(start.flow_style)
        end = _end(event)[0] if flow or not items else items[-1].end_line
        return Sequence(items, *_start(start), flow, end)

    def mapping(
        self, start: yaml.CollectionStartEvent, events: Iterator[yaml.Event], depth: int
    ) -> Mapping:
        entries: list[tuple[Scalar, Node]] = []
        first_lines: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self.refuse(event, "expected a word as key, got a list or keys")
                continue
            if key.plain and key.text == "<<":
                self.refuse(event, "merge keys (<<) are not taken; write the keys out")
                continue
            if key.text in first_lines:
                first = first_lines[key.text]
                name = quoted(key.text)
                self.refuse(event, f"{name} stands here already, in line {first}")
                continue
            first_lines[key.text] = key.line
            entries.append((key, value))
        flow = bool(start.flow_style)
        end = _end(event)[0] if flow or not entries else entries[-1][1].end_line
        return Mapping(entries, *_start(start), flow, end)


def read(content: bytes, file: str) -> Mapping | tuple[Fault, ...]:
    """The one document in `content` as a tree, or everything that is wrong with it.

    An empty file, or one with comments only, is an empty mapping. libyaml stops at its first
    error of grammar, so that there is never more than one of those; it never raises.
    """
    if len(content) > MAX_BYTES:
        message = f"expected at most {MAX_BYTES:,} bytes, got {len(content):,}"
        return (Fault(file, 0, 0, "", message),)
    text = _decoded(content, file)
    if isinstance(text, Fault):
        return (text,)
    reader = _Reader(file)
    try:
        root = reader.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        reader.faults.append(_grammar(error, text, file))
    except yaml.YAMLError as error:
        words = visible(str(error), cells=120)
        reader.faults.append(Fault(file, 0, 0, "", f"expected YAML: {words}"))
    except _RefusedError:
        pass
    else:
        if not reader.faults:
            return root
    return tuple(reader.faults)


def _start(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _end(event: yaml.Event) -> tuple[int, int]:
    mark = event.end_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _last_line(event: yaml.ScalarEvent) -> int:
    # A block scalar (`|`) ends at the start of the line after it.
    line, column = _end(event)
    return line - 1 if column == 1 and line > _start(event)[0] else line


def _decoded(content: bytes, file: str) -> str | Fault:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place_of(content[: error.start].decode("utf-8", "replace"))
        return Fault(
            file, line, column, "", f"expected UTF-8, got byte 0x{content[error.start]:02x}"
        )
    wrong = _UNREADABLE.search(text)
    if wrong is None:
        return text
    line, column = _place_of(text[: wrong.start()])
    return Fault(
        file, line, column, "", f"expected readable characters, got {visible(wrong.group())}"
    )


def _place_of(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("found character that cannot start any token", "expected a value; quote it"),
    ("mapping values are not allowed", "expected no `: ` inside a value without quotes"),
    ("could not find expected ':'", "expected `key: value`"),
    ("did not find expected key", "expected a key at the indentation of the ones above"),
    ("did not find expected '-' indicator", "expected `- ` at the indentation of those above"),
    ("did not find expected ',' or ']'", "expected `,` or `]`"),
    ("did not find expected ',' or '}'", "expected `,` or `}`"),
    ("found unexpected end of stream", "expected the closing quote before the file's end"),
    ("found unknown escape character", "expected no such escape between double quotes"),
    ("found undefined", "expected no tag or alias"),
)


def _grammar(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    problem = visible(error.problem or error.context or "not YAML", cells=120)
    lines = text.split("\n")
    if 0 < line <= len(lines) and lines[line - 1][: column + 1].lstrip(" ").startswith("\t"):
        return Fault(file, line, column, "", "expected spaces for indentation, got a tab")
    said = next((ours for theirs, ours in _WORDS if theirs in problem), "expected YAML")
    return Fault(file, line, column, "", f"{said} ({problem})")
