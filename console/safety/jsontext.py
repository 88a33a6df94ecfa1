"""JSON for standard output: exact, and harmless on a terminal all the same.

Everything past printable ASCII leaves as `\\uXXXX`, so that a label with an escape sequence
in it can neither drive the terminal nor lose a character on its way into `jq`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

import msgspec

from console.safety.secret import MASK, Secret
from console.safety.text import Raw

_UNSAFE: Final = re.compile(r"[^\n\x20-\x7e]")


def json_line(value: object) -> str:
    """`value` as one line of printable-ASCII JSON, without a line break at its end.

    Takes what msgspec takes (structs, enums, tuples, sets, …) and `Raw` (its exact text),
    `Secret` (`***`), mappings such as label sets, and paths. An aware datetime becomes RFC
    3339, a timedelta an ISO 8601 duration (`PT90.5S`), NaN and the infinities `null`.

    Raises:
        TypeError: some part of `value` is of a type that has no JSON form here.
    """
    return _ascii(_encoded(value))


def json_text(value: object, indent: int = 2) -> str:
    """`json_line(value)` spread over lines, `indent` spaces a level."""
    encoded = _encoded(value)
    try:
        return _ascii(msgspec.json.format(encoded, indent=indent))
    except msgspec.DecodeError:  # a lone surrogate again
        return _ascii(json.dumps(json.loads(encoded), indent=indent))


def _encoded(value: object) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=_plain).decode()
    except UnicodeEncodeError:
        # msgspec writes UTF-8 and so has no way to say a lone surrogate; json does.
        builtin = msgspec.to_builtins(value, enc_hook=_plain, str_keys=True)
        return json.dumps(_finite(builtin), separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, Raw):
        return value.exact
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Mapping):
        return dict(value.items())
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


def _ascii(encoded: str) -> str:
    return _UNSAFE.sub(_escaped, encoded)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
