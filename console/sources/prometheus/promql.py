"""As much of PromQL as it takes to draw an alert's expression beside its threshold."""

from __future__ import annotations

import re

import msgspec

_NUMBER = re.compile(r"^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|Inf|NaN)$", re.IGNORECASE)
_SET_OPERATOR = re.compile(r"(?:and|or|unless)\b", re.IGNORECASE)
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Comparison(msgspec.Struct, frozen=True):
    """`left operator threshold`, as the last step of an alert's expression."""

    left: str
    operator: str
    threshold: float


def comparison_of(query: str) -> Comparison | None:
    """The comparison with a number that `query` ends in; `None` where it does not.

    An alert's expression has a value only while it is true, so that its own graph is a gap
    until it fires. What stands left of the comparison has one all the time. Expressions joined
    by `and`, `or` or `unless` at the top are left alone, since neither half is the whole.
    """
    depth: list[str] = []
    quote = ""
    found: tuple[int, str] | None = None
    i = 0
    while i < len(query):
        char = query[i]
        if quote:
            if char == "\\" and quote != "`":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "\"'`":
            quote = char
        elif char == "#":
            return None
        elif char in _CLOSING:
            depth.append(_CLOSING[char])
        elif depth and char == depth[-1]:
            depth.pop()
        elif not depth:
            if _SET_OPERATOR.match(query, i) and _word_starts(query, i):
                return None
            operator = next((op for op in _OPERATORS if query.startswith(op, i)), None)
            if operator is not None:
                if found is not None:
                    return None
                found = (i, operator)
                i += len(operator) - 1
        i += 1
    if found is None or depth or quote:
        return None
    at, operator = found
    left, right = query[:at].strip(), query[at + len(operator) :].strip()
    if not left or not _NUMBER.match(right):
        return None
    return Comparison(left, operator, float(right))


def _word_starts(query: str, at: int) -> bool:
    return at == 0 or not (query[at - 1].isalnum() or query[at - 1] in "_:")
