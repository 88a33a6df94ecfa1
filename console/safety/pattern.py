"""Regular expressions that a person types, searched in text that somebody else wrote.

`re` backtracks: `(a+)+$` on thirty characters takes minutes and cannot be interrupted, and
the text it runs on comes from outside. So a pattern is read before it is compiled. What can
blow up exponentially is refused with its position; what can only grow polynomially is given
that much less text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

MAX_PATTERN_CHARS: Final = 200
MAX_TEXT_CHARS: Final = (4096, 1024, 256, 128)
"""How much of a text is searched, by how many repetitions of the pattern have to try again
when what follows them does not match: about a hundredth of a second at worst, each."""
MAX_COUNT: Final = 1000
MAX_WAYS: Final = 500
MAX_DEPTH: Final = 20

_SAMPLE: Final = [chr(code) for code in range(0x20, 0x7F)] + ["\t", "\n", "é", "Ж", "漢"]
_COUNT: Final = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_GROUP: Final = re.compile(r"\((\?:|\?P<[A-Za-z_]\w*>)?")
_ESCAPES: Final = frozenset("dDwWsSbBAZnrtfv")
_EDGES: Final = frozenset(["^", "$", r"\b", r"\B", r"\A", r"\Z"])


class PatternError(Exception):
    """A pattern that cannot be used; the text says what was expected instead."""

    def __init__(self, position: int, expected: str) -> None:
        super().__init__(f"character {position + 1} of the pattern: {expected}")
        self.position = position
        """0 is the first character."""
        self.expected = expected


class Pattern:
    """A pattern that is safe to run on text from outside."""

    def __init__(self, compiled: re.Pattern[str], retries: int) -> None:
        self._compiled = compiled
        self._max_chars = MAX_TEXT_CHARS[retries]

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in the first characters of `text`."""
        return self._compiled.search(text, 0, self._max_chars) is not None

    def reads_whole(self, text: str) -> bool:
        """Whether `text` is short enough to be searched in full."""
        return len(text) <= self._max_chars

    def matches_whole(self, text: str) -> bool:
        """Whether it matches all of `text`, as a matcher of Alertmanager does.

        A text that is too long to be searched in full does not match.
        """
        return len(text) <= self._max_chars and self._compiled.fullmatch(text) is not None


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """`pattern` in Python's syntax without look-around, back-references and flags.

    Raises:
        PatternError: it is too long, is no regular expression, or could run for ever.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        raise PatternError(MAX_PATTERN_CHARS, f"expected {MAX_PATTERN_CHARS} characters at most")
    read = _Reader(pattern).alternatives()
    if read.retries >= len(MAX_TEXT_CHARS) or read.ways > MAX_WAYS:
        most = len(MAX_TEXT_CHARS) - 1
        raise PatternError(0, f"expected at most {most} repetitions like .* in one pattern")
    try:
        compiled = re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError) as error:
        position = getattr(error, "pos", None) or 0
        raise PatternError(position, f"expected a regular expression; {error}") from error
    return Pattern(compiled, read.retries)


class _Part(msgspec.Struct, frozen=True):
    """What has been read of a pattern: one item, or items one after the other."""

    starts: frozenset[str] | None
    """The characters of the sample with which it can begin; `None`: with any."""
    can_be_empty: bool = False
    varies: bool = False
    """It can match one text in more than one way."""
    retries: int = 0
    """Repetitions without an end that try again when what follows them does not match."""
    endless: bool = False
    """It has a repetition without an end in it, whether or not that tries again."""
    ways: int = 1
    """In how many ways its alternatives and counted repetitions can be tried."""


_NOTHING: Final = _Part(frozenset(), can_be_empty=True)


class _Reader:
    """Reads a pattern from left to right; `re` itself judges what this lets through."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def alternatives(self) -> _Part:
        """Everything up to the closing parenthesis, or to the end."""
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if self._peek() == ")" and self._depth == 0:
            raise PatternError(self._at, "expected a ( before this )")
        return _Part(
            _union(*(branch.starts for branch in branches)),
            can_be_empty=any(branch.can_be_empty for branch in branches),
            varies=len(branches) > 1 or branches[0].varies,
            retries=max(branch.retries for branch in branches),
            endless=any(branch.endless for branch in branches),
            ways=sum(branch.ways for branch in branches),
        )

    def _sequence(self) -> _Part:
        items: list[tuple[_Part, float]] = []
        while self._peek() not in ("", "|", ")"):
            items.append(self._repeated())
        # From the right: whether a repetition has to try again depends on what follows it.
        after = _NOTHING
        for item, spread in reversed(items):
            # A group hides where its own repetitions end, so that it counts as overlapping.
            again = after is not _NOTHING and (
                item.varies or not _disjoint(item.starts, after.starts)
            )
            endless = item.endless or spread == _ENDLESS
            choices = int(min(spread, MAX_COUNT)) + 1 if again and spread != _ENDLESS else 1
            after = _Part(
                _union(item.starts, after.starts) if item.can_be_empty else item.starts,
                can_be_empty=item.can_be_empty and after.can_be_empty,
                varies=item.varies or after.varies or spread > 0,
                retries=item.retries + after.retries + (again and endless),
                endless=endless or after.endless,
                ways=item.ways * after.ways * choices,
            )
        return after

    def _repeated(self) -> tuple[_Part, float]:
        """One item with its quantifier, and by how much the number of repetitions varies."""
        item = self._item()
        start = self._at
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return item, 0
        if most > 1 and item.varies:
            raise PatternError(
                start, "expected no repetition of what itself repeats or has alternatives"
            )
        if least > MAX_COUNT or (most > MAX_COUNT and most != _ENDLESS):
            raise PatternError(start, f"expected a count of {MAX_COUNT} at most")
        empty = item.can_be_empty or least == 0
        return msgspec.structs.replace(item, can_be_empty=empty), most - least

    def _quantifier(self) -> tuple[int, float]:
        sign = self._peek()
        if sign in _QUANTIFIERS:
            self._at += 1
            least, most = _QUANTIFIERS[sign]
        else:
            count = _COUNT.match(self._pattern, self._at)
            if count is None or count.group() == "{}":
                return 1, 1
            self._at = count.end()
            low, comma, high = count.groups()
            least = int(low or 0)
            most = int(high) if high else _ENDLESS if comma else least
        if self._peek() in ("?", "+"):
            self._at += 1
        return least, most

    def _item(self) -> _Part:
        start = self._at
        sign = self._pattern[start]
        if sign == "(":
            return self._group()
        if sign == "[":
            self._at = self._end_of_class()
        elif sign == "\\":
            following = self._pattern[start + 1 : start + 2]
            if not following:
                raise PatternError(start, r"expected a character after \ ")
            if following.isalnum() and following not in _ESCAPES:
                raise PatternError(start, rf"expected no \{following}; there are \d \w \s \b")
            self._at = start + 2
        elif sign in _QUANTIFIERS:
            raise PatternError(start, f"expected something to repeat before {sign}")
        else:
            self._at = start + 1
        written = self._pattern[start : self._at]
        if written in _EDGES:
            return _Part(None, can_be_empty=True)
        return _Part(_starts_of(written, start))

    def _group(self) -> _Part:
        start = self._at
        opening = _GROUP.match(self._pattern, start)
        assert opening is not None
        self._at = opening.end()
        if self._peek() == "?":
            raise PatternError(start, "expected a plain group ( ) or (?: )")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PatternError(start, f"expected groups at most {MAX_DEPTH} deep")
        inside = self.alternatives()
        self._depth -= 1
        if self._peek() != ")":
            raise PatternError(start, "expected a ) for this (")
        self._at += 1
        return inside

    def _end_of_class(self) -> int:
        at = self._at + 1
        if self._pattern[at : at + 1] == "^":
            at += 1
        at += 1  # a ] that stands first is meant literally
        while at < len(self._pattern) and self._pattern[at] != "]":
            at += 2 if self._pattern[at] == "\\" else 1
        if at >= len(self._pattern):
            raise PatternError(self._at, "expected a ] for this [")
        return at + 1

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]


_ENDLESS: Final = float("inf")
_QUANTIFIERS: Final[dict[str, tuple[int, float]]] = {
    "*": (0, _ENDLESS),
    "+": (1, _ENDLESS),
    "?": (0, 1),
}


def _starts_of(written: str, position: int) -> frozenset[str]:
    try:
        compiled = re.compile(written, re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise PatternError(position, f"expected a regular expression; {error.msg}") from error
    found = frozenset(character for character in _SAMPLE if compiled.fullmatch(character))
    # A rare character that the sample lacks: stands for itself, and is assumed to overlap with
    # every class that takes other letters.
    return found or frozenset("é")


def _union(*sets: frozenset[str] | None) -> frozenset[str] | None:
    known = [each for each in sets if each is not None]
    return frozenset().union(*known) if len(known) == len(sets) else None


def _disjoint(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    return one is not None and other is not None and one.isdisjoint(other)
