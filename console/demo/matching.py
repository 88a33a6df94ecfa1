"""Matchers exactly as Alertmanager has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from console.demo import re2

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_FILTER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r'(?:[^"\\]|\\.|\\\Z)*', re.DOTALL)


class BadMatcherError(ValueError):
    """A matcher that Alertmanager would refuse; the text is its message."""


class Matcher:
    """`name = value`, `!=`, `=~` or `!~`; a regular expression is anchored at both ends."""

    __slots__ = ("_pattern", "is_equal", "is_regex", "name", "value")

    def __init__(self, name: str, value: str, *, is_regex: bool, is_equal: bool = True) -> None:
        self.name = name
        self.value = value
        self.is_regex = is_regex
        self.is_equal = is_equal
        self._pattern = compiled(value) if is_regex else None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the label set passes. A missing label is the empty string."""
        have = labels.get(self.name, "")
        if self._pattern is None:
            return (have == self.value) is self.is_equal
        return (self._pattern.fullmatch(have) is not None) is self.is_equal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matcher) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    @property
    def parts(self) -> tuple[str, str, bool, bool]:
        """What makes two matchers the same."""
        return self.name, self.value, self.is_regex, self.is_equal


def compiled(value: str) -> re.Pattern[str]:
    """The regular expression, to be matched with the whole of a text.

    Raises:
        BadMatcherError: it cannot be parsed.
    """
    try:
        return re2.compiled(value)
    except re2.BadPatternError as error:
        raise BadMatcherError(str(error)) from error


def anchored(value: str) -> re.Pattern[str]:
    """The same, refused in the words with which a query's expression is: it has its anchors.

    Raises:
        BadMatcherError: it cannot be parsed.
    """
    try:
        return re2.compiled(value)
    except re2.BadPatternError as bare:
        try:
            re2.compiled(f"^(?:{value})$")
        except re2.BadPatternError as error:
            raise BadMatcherError(str(error)) from error
        raise BadMatcherError(str(bare)) from bare


def parse_filter(text: str) -> Matcher:
    """One `filter=` parameter, as Alertmanager 0.25 reads it.

    Raises:
        BadMatcherError: it is not a matcher, or its expression does not compile.
    """
    found = _FILTER.fullmatch(text)
    if found is None:
        raise BadMatcherError(f"bad matcher format: {text}")
    name, operator, written = found.groups()
    value = _unquoted(written)
    is_regex = operator.endswith("~")
    if is_regex:
        anchored(value)
    return Matcher(name, value, is_regex=is_regex, is_equal=not operator.startswith("!"))


def _unquoted(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    if quoted is None and not _BARE.fullmatch(value):
        raise BadMatcherError(f"matcher value contains unescaped double quote: {value}")
    inner = value if quoted is None else quoted[1]
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), inner, flags=re.DOTALL)
