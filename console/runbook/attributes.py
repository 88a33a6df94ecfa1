"""What stands behind a fence: a language and flat attributes, in runme's form.

Its rules: JSON is tried first, `{ k=v }` then, and the first `}` ends it
(https://github.com/runmedev/runme, `document/attributes.go`). Where runme makes silent garbage
of what it cannot read, it is a fault here.
"""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from config.fault import quoted
from console.safety.text import visible

MAX_CHARS: Final = 2_000
_PAIR: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=(\S*)")


class Info(msgspec.Struct, frozen=True):
    """The words behind a fence, read."""

    language: str
    """In lower case; empty where there is none."""
    attributes: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    """What is wrong with the attributes, of which there are none then; safe to show."""
    column: int = 0
    """Where it is wrong, in the info string, from 0."""

    def value_of(self, key: str) -> str | None:
        """The attribute of that name; `None` where there is none."""
        return next((value for name, value in self.attributes if name == key), None)


class _FaultyError(Exception):
    """The attributes cannot be read; the text says what was expected."""


def read_info(info: str) -> Info:
    """What `info` says; never raises."""
    start = info.find("{")
    language = (info if start < 0 else info[:start]).strip().split(" ")[0].lower()
    if start < 0:
        return Info(language)
    try:
        return Info(language, _attributes(info[start:]))
    except _FaultyError as fault:
        return Info(language, (), str(fault), start)


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    if len(text) > MAX_CHARS:
        raise _FaultyError(f"expected attributes of at most {MAX_CHARS:,} characters")
    end = text.find("}")
    if end < 0:
        raise _FaultyError("expected a } at the end of the attributes")
    rest = text[end + 1 :].strip()
    if rest:
        got = visible(rest, cells=30)
        message = f"expected nothing behind the first }}, which ends the attributes; got {got}"
        raise _FaultyError(message)
    written = text[: end + 1]
    if "{" in written[1:]:
        raise _FaultyError("expected flat attributes: no { inside of them")
    return _from_json(written) if re.match(r'\{\s*(?:"|\})', written) else _from_pairs(written)


def _from_json(written: str) -> tuple[tuple[str, str], ...]:
    try:
        pairs = json.loads(written, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise _FaultyError(f'expected {{"key":"value"}}: {said}{where}') from error
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in found:
            raise _FaultyError(f"{quoted(key)} stands here twice")
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            raise _FaultyError(f"expected a text as value of {quoted(key)}")
        found[key] = value
    return tuple(found.items())


def _from_pairs(written: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for word in written[1:-1].split():
        pair = _PAIR.fullmatch(word)
        if pair is None:
            message = 'expected {"key":"value"} or { key=value }'
            raise _FaultyError(f"{message}, got {quoted(word)}; runme would make garbage of it")
        if pair[1] in found:
            raise _FaultyError(f"{quoted(pair[1])} stands here twice")
        found[pair[1]] = pair[2]
    return tuple(found.items())
