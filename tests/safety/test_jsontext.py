from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from console.safety.jsontext import json_line, json_text
from console.safety.secret import Secret
from console.safety.text import Raw
from tests.hostile import hostile_count, hostile_strings


class Colour(enum.StrEnum):
    RED = "red"


class Names(Mapping[str, Raw]):
    def __getitem__(self, key: str) -> Raw:
        return Raw(key + "\x1b")

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class Row(msgspec.Struct, frozen=True):
    name: Raw
    token: Secret
    at: datetime
    age: timedelta
    colour: Colour
    labels: Names
    file: Path
    ratio: float
    missing: int | None


ROW = Row(
    name=Raw("api\x1b]0;x\x07\u202e\U0001f600"),
    token=Secret("hunter2"),
    at=datetime(2026, 11, 22, 3, 16, 42, tzinfo=UTC),
    age=timedelta(seconds=90, milliseconds=500),
    colour=Colour.RED,
    labels=Names(),
    file=Path("a/b"),
    ratio=float("nan"),
    missing=None,
)


def test_a_struct_leaves_as_ascii_json_that_reads_back_exactly() -> None:
    line = json_line(ROW)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {
        "name": "api\x1b]0;x\x07\u202e\U0001f600",
        "token": "***",
        "at": "2026-11-22T03:16:42Z",
        "age": "PT90.5S",
        "colour": "red",
        "labels": {"a": "a\x1b"},
        "file": "a/b",
        "ratio": None,
        "missing": None,
    }


def test_indented_json_says_the_same() -> None:
    text = json_text(ROW)
    assert json.loads(text) == json.loads(json_line(ROW))
    assert "\n  " in text


def test_hostile_strings_reach_a_program_exactly_and_the_terminal_not_at_all() -> None:
    for text in hostile_strings(hostile_count()):
        line = json_line({"v": Raw(text), "w": (text, float("inf"))})
        assert line.isascii()
        assert line.isprintable()
        back = json.loads(line)
        # A pair of surrogates that stand side by side is one character in JSON.
        expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        assert back == {"v": expected, "w": [expected, None]}


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON form for object"):
        json_line({"x": object()})


def test_half_a_character_is_no_end_of_indented_json() -> None:
    text = json_text({"title": "half \udcff", "of": ["\ud800"]})
    assert text.isascii() and "\n  " in text
    assert json.loads(text) == {"title": "half \udcff", "of": ["\ud800"]}
