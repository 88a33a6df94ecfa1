"""Values written as YAML that every reader of YAML takes for the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*")
# Words that YAML 1.1 reads as something else than text.
_WORDS: Final = frozenset(
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"]
)
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def entry_lines(entry: Sequence[tuple[str, object]]) -> Iterator[str]:
    """One entry of a list, a line a key: `- name: web-1`, `  port: 22`."""
    for index, (key, value) in enumerate(entry):
        yield f"{'- ' if index == 0 else '  '}{key}: {yaml_value(value)}"


def yaml_value(value: object) -> str:
    """`value` on one line: text, a number, a yes or no, a list, or keys with values.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return yaml_string(value)
    if isinstance(value, Mapping):
        inner = (f"{yaml_string(str(key))}: {yaml_value(each)}" for key, each in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(yaml_value, value)) + "]"
    raise TypeError(f"no YAML form for {type(value).__name__}")


def yaml_string(text: str) -> str:
    """`text` without quotes where no reader can mistake it, else between double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if code == 0 or 0xD800 <= code < 0xE000:
        return "\\uFFFD"  # half a character has no UTF-8, and NUL no place in settings
    if character.isprintable():
        return character
    return f"\\U{code:08X}"
