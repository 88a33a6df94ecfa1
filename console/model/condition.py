"""What a result must satisfy, one comparison a line: `[STATUS] == 200`, `[BODY].queue < 10`.

The grammar is gatus' (https://github.com/TwiN/gatus, `config/endpoint/condition.go`), so that
its lines can be taken over. What differs, differs towards refusing: what is not understood is
an error when it is read, and what is missing, cut or no number fails when it is judged, where
gatus takes it for 0. In `pat()` only `*` stands for something else than itself.
"""

from __future__ import annotations

import enum
import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

MAX_CHARS: Final = 1_000
"""The longest condition."""
MAX_PATH: Final = 64
"""The most steps of a path into the body."""
MAX_CONDITIONS: Final = 100
"""The most lines of a block."""


class Placeholder(enum.StrEnum):
    """What of a result is looked at."""

    STATUS = "STATUS"
    BODY = "BODY"
    HEADER = "HEADER"
    RESPONSE_TIME = "RESPONSE_TIME"
    CERTIFICATE_EXPIRATION = "CERTIFICATE_EXPIRATION"
    CONNECTED = "CONNECTED"
    IP = "IP"
    REDIRECTS = "REDIRECTS"
    EXIT = "EXIT"
    STDOUT = "STDOUT"
    STDERR = "STDERR"


class Operator(enum.StrEnum):
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="

    @property
    def orders(self) -> bool:
        """Whether it asks which of two numbers is larger."""
        return self not in (Operator.EQUAL, Operator.NOT_EQUAL)


class Asked(enum.StrEnum):
    """What is asked of the thing that is looked at."""

    VALUE = ""
    LENGTH = "len"
    """Characters of a text, items of a list, keys of an object."""
    PRESENCE = "has"
    """Whether it is there at all: the one question that a missing thing can answer."""


class Pattern(msgspec.Struct, frozen=True):
    """`pat(v2.*)`: the texts between the `*`."""

    parts: tuple[str, ...]

    def matches(self, text: str) -> bool:
        """Whether all of `text` is so. The time it takes grows as the length of `text`."""
        first, *rest = self.parts
        if not rest:
            return text == first
        *middle, last = rest
        if not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end) if at <= end else -1
            if found < 0:
                return False
            at = found + len(part)
        return at <= end


Option = str | Pattern


class Condition(msgspec.Struct, frozen=True):
    """One comparison, read and understood."""

    text: str
    """As it was written, without the spaces around it."""
    asked: Asked
    placeholder: Placeholder
    header: str
    """The header's name, in lower case; empty but for `[HEADER]`."""
    path: tuple[str | int, ...]
    """The keys and positions into the body; empty for all of it."""
    operator: Operator
    options: tuple[Option, ...]
    """What it is compared with: more than one for `any()`, numbers and durations as written."""
    number: Decimal | None = None
    """The number that it is ordered by; durations in milliseconds."""
    left: str = ""
    """What stands left of the operator, as written."""
    right: str = ""


class ConditionError(Exception):
    """A condition that is not understood; the text says where and what was expected."""

    def __init__(self, column: int, expected: str) -> None:
        super().__init__(f"column {column}: {expected}")
        self.column = column
        """From 1, in characters."""
        self.expected = expected
        """Safe to show."""


class ConditionFault(msgspec.Struct, frozen=True):
    """What is wrong with one line of a block."""

    line: int
    """Which condition, from 0; -1 for the block as a whole."""
    column: int
    """From 1, in characters; 0 for the block as a whole."""
    expected: str


class Block(msgspec.Struct, frozen=True):
    """Conditions that all have to hold, or why they cannot be used."""

    conditions: tuple[Condition, ...]
    faults: tuple[ConditionFault, ...] = ()
    """Where there is any, nothing may be judged by the block."""


_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_DURATION: Final = re.compile(r"((?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?)(ms|s|m|h|d)?", re.ASCII)
_WORTH: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def number_of(text: str) -> Decimal | None:
    """The number that `text` writes as JSON does, to the last digit; `None` for anything else."""
    if _NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent past what can be computed with
        return None


def milliseconds_of(duration: timedelta) -> Decimal:
    """`duration` in milliseconds, exact."""
    return Decimal(duration // timedelta(microseconds=1)) / 1000


def duration_of(written: str, *, bare: bool) -> Decimal | None:
    """The milliseconds that `written` says: `800ms`, `1.5s`, `48h`; `None` for anything else.

    Args:
        bare: whether a number alone is taken, for milliseconds.
    """
    found = _DURATION.fullmatch(written)
    if found is None or (found[2] is None and not bare):
        return None
    return Decimal(found[1]) * _WORTH[found[2] or "ms"]
