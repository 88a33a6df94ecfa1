"""What a command line fills into the fields of a document's form."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Final

from console.actions.papers.fields import Field, FieldFault
from console.cli.chosen import EXIT_USAGE
from console.cli.papers import Stop
from console.safety.text import visible

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of one value from stdin, and of one document that is read in."""


def typed_value(value: str) -> str:
    """`value`, or for `-` what stands on stdin, without the line break at its end.

    Raises:
        Stop: that is no text, or too long.
    """
    if value != "-":
        return value
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Stop(EXIT_USAGE, f"stdin: expected at most {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise Stop(EXIT_USAGE, f"stdin: expected UTF-8; byte {error.start + 1:,} is not") from error


def set_fields(
    typed: Mapping[str, str], sets: Iterable[tuple[str, str]], fields: Iterable[Field]
) -> dict[str, str]:
    """`typed` with those values in the place of its own.

    Raises:
        Stop: a field is not one of `fields`.
    """
    names = [field.name for field in fields]
    filled = dict(typed)
    for name, value in sets:
        if name not in names:
            known = ", ".join(names)
            raise Stop(EXIT_USAGE, f"{visible(name, cells=80)}: expected one of the fields {known}")
        filled[name] = typed_value(value)
    return filled


def pairs_of(words: Iterable[str]) -> list[tuple[str, str]]:
    """Every `FIELD=VALUE` as a pair.

    Raises:
        Stop: one is not written so.
    """
    found = []
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name.strip():
            raise Stop(EXIT_USAGE, f"--set {visible(word, cells=80)}: expected FIELD=VALUE")
        found.append((name.strip(), value))
    return found


def require_no_faults(faults: Iterable[FieldFault]) -> None:
    """End where a field has a fault.

    Raises:
        Stop: with each fault, by field and line.
    """
    lines = []
    for fault in faults:
        place = f"{fault.field}, line {fault.line + 1}" if fault.line else fault.field
        lines.append(f"{visible(place)}: {fault.text}")
    if lines:
        raise Stop(EXIT_USAGE, *lines)
