"""What the reader refuses, and that it says where."""

from __future__ import annotations

import re

import pytest

from config.fault import Fault
from config.yaml_nodes import MAX_BYTES, Mapping, Node, Scalar, Sequence, read


def faults_of(content: bytes) -> list[str]:
    found = read(content, "x.yaml")
    assert isinstance(found, tuple), "expected faults"
    assert all(isinstance(each, Fault) for each in found)
    return [str(each) for each in found]


def plain_value(node: Node) -> object:
    """`node` as lists, dicts and scalars by YAML 1.2's core schema."""
    if isinstance(node, Sequence):
        return [plain_value(each) for each in node.items]
    if isinstance(node, Mapping):
        return {key.text: plain_value(value) for key, value in node.entries}
    if node.is_null:
        return None
    if not node.plain:
        return node.text
    if node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", node.text):
        return int(node.text)
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", node.text):
        return float(node.text)
    return node.text


def value_of(content: bytes) -> object:
    found = read(content, "x.yaml")
    assert isinstance(found, Mapping), found
    return plain_value(found)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: &x 1\nb: *x\n", ["x.yaml:1:4: anchors (&name)", "x.yaml:2:4: aliases (*name)"]),
        (b"a: 1\n<<: {b: 2}\n", ["x.yaml:2:1: merge keys"]),
        (b"a: 1\nb: 2\na: 3\n", ['x.yaml:3:1: "a" stands here already, in line 1']),
        (b"a:\n  b: 1\n  'b': 2\n", ['x.yaml:3:3: "b" stands here already, in line 2']),
        (b"a: !!python/object:os.system x\n", ["x.yaml:1:4: tags (!name)"]),
        (b"a: 1\n---\nb: 2\n", ["x.yaml:2:1: expected one document"]),
        (b"- 1\n- 2\n", ["x.yaml:1:1: expected keys with values"]),
        (b"just words\n", ['x.yaml:1:1: expected keys with values (`environment: prod`), got "j']),
        (b"? [a, b]\n: 1\n", ["x.yaml:1:3: expected a word as key"]),
        (b"a:\n\t- b\n", ["x.yaml:2:1: expected spaces for indentation, got a tab"]),
        (b"a: b: c\n", ["x.yaml:1:5: expected no `: ` inside a value"]),
        (b"a: 'b\n", ["x.yaml:2:1: expected the closing quote"]),
        (b"a: [1, 2\n", ["x.yaml:2:1: expected `,` or `]`"]),
        (b"ab: 1\nc: \xff\n", ["x.yaml:2:4: expected UTF-8, got byte 0xff"]),
        (b"a: 1\nb: x\x00y\n", ["x.yaml:2:5: expected readable characters, got ^@"]),
        (b"a: \x1b[2J\n", ["x.yaml:1:4: expected readable characters, got ^["]),
        ("a: x\ufeffy\n".encode(), ["x.yaml:1:5: expected readable characters, got <U+FEFF>"]),
        ("a: 1\n".encode("utf-16"), ["x.yaml:1:1: expected UTF-8, got byte 0xff"]),
    ],
)
def test_what_is_treacherous_is_refused_where_it_stands(
    content: bytes, expected: list[str]
) -> None:
    found = faults_of(content)
    assert len(found) == len(expected)
    for fault, start in zip(found, expected, strict=True):
        assert fault.startswith(start)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[" * 200_000, "32 levels"),
        (b"{" * 200_000, "32 levels"),
        (b"- " * 4_000_000, "32 levels"),
        (b"".join(b" " * depth + b"a:\n" for depth in range(2_000)), "32 levels"),
        (b"- a\n" * 2_000_000, "1,000,000 values"),
        (b"a: " + b"x" * (MAX_BYTES + 1024 * 1024), "at most 8,388,608 bytes, got 9,437,187"),
        (b"a: &a [x,x]\n" + b"".join(b"b%d: [*a,*a]\n" % n for n in range(40)), "aliases"),
        (b"a: &a {x: 1}\n" + b"b: {<<: [*a, *a]}\n", "merge keys"),
    ],
    ids=["brackets", "braces", "dashes", "staircase", "values", "9 MiB", "aliases", "merges"],
)
def test_a_bomb_is_refused(content: bytes, expected: str) -> None:
    assert any(expected in fault for fault in faults_of(content))


def test_a_file_with_very_many_faults_stops_at_a_hundred() -> None:
    assert len(faults_of(b"a: 1\n" * 5_000)) == 100


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"---\n", b"---\n...\n", b"~\n", b"\n\n"])
def test_a_file_with_nothing_in_it_is_an_empty_one(content: bytes) -> None:
    assert value_of(content) == {}


def test_every_key_and_value_knows_its_place() -> None:
    root = read("名: 值\nlist:\n  - one\n  - {k: 'v'}\n".encode(), "x.yaml")
    assert isinstance(root, Mapping)
    (first, shown), (name, listed) = root.entries
    assert (first.line, first.column, shown.line, shown.column) == (1, 1, 1, 4)
    assert (name.line, name.column) == (2, 1)
    assert isinstance(listed, Sequence)
    assert [(item.line, item.column) for item in listed.items] == [(3, 5), (4, 5)]
    inner = listed.items[1]
    assert isinstance(inner, Mapping)
    key, value = inner.entries[0]
    assert (key.column, value.column, inner.flow) == (6, 9, True)


def test_a_scalar_stays_as_it_was_written() -> None:
    words = ["no", "Yes", "on", "012", "60_000", "12:30", "2026-01-02", "1e3", "0x1F", ".inf"]
    root = read("".join(f"k{n}: {word}\n" for n, word in enumerate(words)).encode(), "x.yaml")
    assert isinstance(root, Mapping)
    values: list[Node] = [value for _, value in root.entries]
    assert [value.text for value in values if isinstance(value, Scalar)] == words


def test_without_types_only_the_words_of_yaml_1_2_are_more_than_text() -> None:
    content = b"a: [true, no, 12, 012, 1.5, '1', null, ~, 12:30, 1_000, -3]\nb: {c: }\n"
    assert value_of(content) == {
        "a": [True, "no", 12, "012", 1.5, "1", None, None, "12:30", "1_000", -3],
        "b": {"c": None},
    }


def test_a_byte_order_mark_at_the_start_is_taken() -> None:
    assert value_of(b"\xef\xbb\xbfa: 1\n") == {"a": 1}


def test_crlf_lines_read_as_the_others_do() -> None:
    assert value_of(b"a: 1\r\nb:\r\n  - x\r\n") == {"a": 1, "b": ["x"]}
