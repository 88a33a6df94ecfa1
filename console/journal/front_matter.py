"""The front matter's keys that the console owns: read against their types, and put in place.

Only what differs is written; other keys, comments, order and blank lines stay as they are. A
comment behind a value of one line stays too.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

import msgspec

from config.durations import duration_text
from config.fault import Fault, quoted
from config.validate import Checked
from config.yaml_nodes import Mapping as YamlMapping
from config.yaml_nodes import Node, Scalar
from config.yaml_nodes import Sequence as YamlList
from config.yaml_text import yaml_string
from console.journal.document import MAX_FRONT_CHARS, Document, DocumentFaults
from console.journal.language import Language, language_of

T = TypeVar("T", bound=msgspec.Struct)
APART: Final = "prose"
"""The field that stands in the body."""
_WIDTH: Final = 100
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'')
_BROKEN: Final = re.compile("[\x00\ud800-\udfff]")
_COMMENT: Final = re.compile(r"[ \t]+#[^\n\r]*")


def read_front(document: Document, kind: type[T]) -> tuple[T | None, tuple[Fault, ...]]:
    """The keys of `document` that `kind` has as fields, and all that is wrong with them.

    Other keys are somebody else's; a key without a value is not there. The value is given even
    where one key of it is faulty, so that a list can show the rest; where there are faults it
    must not be written back.
    """
    if document.front is None:
        return None, document.faults
    checked = Checked(document.file, _owned(document.front, kind), kind)
    return checked.value, tuple(checked.faults)


def with_front(document: Document, values: msgspec.Struct) -> Document:
    """`document` with those of `values` that differ from what stands there.

    Raises:
        DocumentFaults: its front matter cannot be read, or cannot be written key by key.
    """
    root = document.front
    if root is None:
        raise DocumentFaults(document.faults)
    if root.flow:
        message = "expected one key a line, got `{...}`"
        raise DocumentFaults([Fault(document.file, root.line, root.column, "", message)])
    values = _settled(values)
    old: msgspec.Struct | None = None
    if _owned(root, type(values)).entries:
        old, faults = read_front(document, type(values))
        if faults:
            raise DocumentFaults(faults)
    front = _edited(document, root, old, values)
    if len(front) > MAX_FRONT_CHARS:
        message = f"expected front matter of at most {MAX_FRONT_CHARS:,} characters, not "
        message += f"{len(front):,}: what is longer belongs into the text"
        raise DocumentFaults([Fault(document.file, 1, 1, "", message)])
    written = document.with_front(front)
    now, faults = read_front(written, type(values))
    names = _names(type(values))
    kept = now is not None and all(getattr(now, one) == getattr(values, one) for one in names)
    if not kept or faults or _others(written, names) != _others(document, names):
        message = "the front matter cannot be written without changing what else stands there"
        raise DocumentFaults([Fault(document.file, 1, 1, "", message), *faults])
    return written


class _Language(msgspec.Struct, frozen=True):
    language: str = ""


class _Id(msgspec.Struct, frozen=True):
    id: str


def written_in(document: Document) -> Language:
    """The language that the front matter names; English where it names none that is known."""
    found, _ = read_front(document, _Language)
    return (language_of(found.language) if found is not None else None) or Language.ENGLISH


def in_language(document: Document, language: Language) -> Document:
    """`document` with `language` in its front matter."""
    return with_front(document, _Language(str(language)))


def require_id(document: Document, wanted: str) -> None:
    """Refuse a document that is broken, or of another id.

    Raises:
        DocumentFaults: it is.
    """
    found, faults = read_front(document, _Id)
    if found is None or faults:
        raise DocumentFaults(faults)
    if found.id != wanted:
        message = f"expected the document of {quoted(wanted)}, got that of {quoted(found.id)}"
        raise DocumentFaults([Fault(document.file, 1, 1, "id", message)])


def _names(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name != APART)


def _owned(root: YamlMapping, kind: type[msgspec.Struct]) -> YamlMapping:
    names = _names(kind)
    entries = [(key, _filled_in(value)) for key, value in root.entries if key.text in names]
    entries = [(key, value) for key, value in entries if not _is_null(value)]
    return YamlMapping(entries, root.line, root.column, root.flow, root.end_line)


def _filled_in(node: Node) -> Node:
    if isinstance(node, YamlMapping):
        entries = [(key, _filled_in(value)) for key, value in node.entries if not _is_null(value)]
        return YamlMapping(entries, node.line, node.column, node.flow, node.end_line)
    if isinstance(node, YamlList):
        items = [_filled_in(each) for each in node.items]
        return YamlList(items, node.line, node.column, node.flow, node.end_line)
    return node


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _settled(struct: T) -> T:
    """`struct` as it comes back from the file: whole characters, seconds, milliseconds."""
    values = {name: _settled_value(getattr(struct, name)) for name in struct.__struct_fields__}
    return type(struct)(**values)


def _settled_value(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return _BROKEN.sub("\ufffd", value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0)
    if isinstance(value, timedelta):
        return timedelta(milliseconds=value // timedelta(milliseconds=1))
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, tuple):
        return tuple(map(_settled_value, value))
    return _settled(value) if isinstance(value, msgspec.Struct) else value


Edit = tuple[int, int, list[str]]
"""From which line of the front matter, counted from 0, up to before which, and what comes there."""


def _edited(
    document: Document, root: YamlMapping, old: msgspec.Struct | None, values: msgspec.Struct
) -> str:
    lines = document.text[document.front_start : document.front_end].splitlines(keepends=True)
    edits = sorted(_edits(root, lines, (0, len(lines)), old, values), key=lambda edit: edit[:2])
    # From the last to the first, so that positions above stay true: a person may have put the
    # keys into another order.
    for first, past, new in reversed(edits):
        lines[first:past] = [line + document.newline for line in new]
    return "".join(lines)


def _edits(
    mapping: YamlMapping,
    lines: Sequence[str],
    span: tuple[int, int],
    old: msgspec.Struct | None,
    values: msgspec.Struct,
) -> Iterator[Edit]:
    """What makes `mapping`, which has the lines of `span`, say `values` where it said `old`."""
    indent = " " * (mapping.entries[0][0].column - 1 if mapping.entries else 0)
    at, end = span
    spans = _spans(mapping, lines, end)
    for name in _names(type(values)):
        value = getattr(values, name)
        before = getattr(old, name) if old is not None else None
        there = spans.get(name)
        at = at if there is None else there[1]
        if old is not None and before == value:
            continue
        new = [indent + each if each else "" for each in _entry(yaml_string(name), value)]
        if there is None:
            yield at, at, new
            continue
        node = mapping.value_of(name)
        if isinstance(value, msgspec.Struct) and isinstance(node, YamlMapping) and not node.flow:
            same = before if isinstance(before, type(value)) else None
            first = node.entries[0][0].line - 2
            yield from _edits(node, lines, (first, there[1]), same, value)
            continue
        if len(new) == 1 and there[1] == there[0] + 1 and isinstance(node, Scalar):
            new[0] += _comment_behind(node, lines[there[0]])
        yield *there, new


def _spans(mapping: YamlMapping, lines: Sequence[str], end: int) -> dict[str, tuple[int, int]]:
    """From which line up to before which each key stands, blank lines below it left out."""
    spans = {}
    starts = [key.line - 2 for key, _ in mapping.entries] + [end]
    for (key, value), start, following in zip(mapping.entries, starts, starts[1:], strict=False):
        past = min(max(start, value.end_line - 2) + 1, following)
        while past > start + 1 and not lines[past - 1].strip():
            past -= 1
        spans[key.text] = (start, past)
    return spans


def _comment_behind(node: Scalar, line: str) -> str:
    start = node.column - 1
    quoted = _QUOTED.match(line, start) if not node.plain else None
    if not node.plain and quoted is None:
        return ""
    end = quoted.end() if quoted is not None else start + len(node.text)
    comment = _COMMENT.fullmatch(line[end:].rstrip("\r\n"))
    return comment.group() if comment is not None else ""


def _others(document: Document, names: Sequence[str]) -> list[tuple[str, object]]:
    entries = document.front.entries if document.front is not None else []
    return [(key.text, _bare(value)) for key, value in entries if key.text not in names]


def _bare(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text, node.plain
    if isinstance(node, YamlMapping):
        return [(key.text, _bare(value)) for key, value in node.entries]
    return [_bare(each) for each in node.items]


def _entry(key: str, value: object) -> Iterator[str]:
    """`key: value` as lines without line breaks; what is below the key is indented by two."""
    if isinstance(value, msgspec.Struct):
        value = _filled(value)
    if value is None or value == {} or value == "":
        yield f"{key}:"
    elif isinstance(value, str):
        if _is_block(value):
            yield f"{key}: |-"
            yield from (f"  {line}" if line else "" for line in value.split("\n"))
        else:
            yield f"{key}: {yaml_string(value)}"
    elif isinstance(value, Mapping):
        yield f"{key}:"
        for name, each in value.items():
            yield from (f"  {line}" if line else "" for line in _entry(yaml_string(name), each))
    elif isinstance(value, Sequence):
        yield from _list(key, value)
    else:
        yield f"{key}: {_scalar(value)}"


def _list(key: str, items: Sequence[object]) -> Iterator[str]:
    if all(isinstance(each, str) for each in items):
        words = [yaml_string(str(each)) for each in items]
        flow = f"{key}: [{', '.join(words)}]"
        if len(flow) <= _WIDTH and not any(word.startswith('"') for word in words):
            yield flow
            return
        yield f"{key}:"
        yield from (f"  - {word}" for word in words)
        return
    yield f"{key}:"
    for each in items:
        filled = _filled(each) if isinstance(each, msgspec.Struct) else {}
        lines = [line for name, part in filled.items() for line in _entry(name, part)] or ["{}"]
        for index, line in enumerate(lines):
            yield (f"  - {line}" if index == 0 else f"    {line}") if line else ""


def _filled(struct: msgspec.Struct) -> dict[str, object]:
    found = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return {name: value for name, value in found.items() if not _is_blank(value)}


def _is_blank(value: object) -> bool:
    if isinstance(value, msgspec.Struct):
        return not _filled(value)
    return value is None or value in ("", ())


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"no form in front matter for {type(value).__name__}")


def _is_block(text: str) -> bool:
    """Whether `text` can stand line by line, as it is, and come back the same."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and all(line.replace("\t", " ").isprintable() for line in lines)
        and not any(line and line.isspace() for line in lines)
        and bool(lines[0])
        and bool(lines[-1])
        and lines[0][0] not in " \t"
    )
