"""Several values in one matcher: `(a|b\\.c)`, as karma writes it and every ack has it.

Written with karma's escapes (`SilenceFormStore.ts`), and read back without RE2, whose patterns
come from outside: what is no plain list of values is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SPECIAL: Final = "-/\\^$*+?.()|[]{}"
"""What is escaped in a value."""

_ESCAPES: Final = str.maketrans({sign: "\\" + sign for sign in SPECIAL})
_LIST: Final = re.compile(r"\(?((?:[^\\()\[\]{}*+?.^$|]|\\[^\w\s]|\|)*)\)?")
_ONE: Final = re.compile(r"(?:[^\\|]|\\.)*")


def escaped(value: str) -> str:
    """A pattern that `value` matches, and nothing else."""
    return value.translate(_ESCAPES)


def one_of(values: Iterable[str]) -> str:
    """`(a|b)`: a pattern that any of `values` matches, and nothing else."""
    return f"({'|'.join(map(escaped, values))})"


def values_of(pattern: str) -> tuple[str, ...] | None:
    """The values that `pattern` lists; `None` where it is more than a list of them."""
    listed = _LIST.fullmatch(pattern)
    if listed is None or pattern.startswith("(") is not pattern.endswith(")"):
        return None
    inside, at = listed[1], 0
    found = []
    while at <= len(inside):
        one = _ONE.match(inside, at)
        assert one is not None
        found.append(re.sub(r"\\(.)", r"\1", one[0]))
        at = one.end() + 1
    return tuple(found)
