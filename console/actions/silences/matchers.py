"""Matchers as a person types them, one a line, and as the form fills them in."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Sequence
from typing import Final

from console.model.alternatives import one_of
from console.model.labels import Labels, Matcher
from console.safety.text import MAX_VALUE_CHARS, Raw, quoted

FEW_VALUES: Final = 8
"""More values of one label than this make no `(a|b)`: nobody could read it."""
MAX_MATCHER_CHARS: Final = 4096
MAX_DEPTH: Final = 100
MAX_COUNT: Final = 1000

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_WORD: Final = re.compile(r"[^\s=!~]*")
_OPERATOR: Final = re.compile(r"\s*(=~|!~|!=|=)\s*")
_BARE: Final = re.compile(r"[^\s\"{},]+")
_SHORT: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_UNLIKE: Final = (
    *("qZ7_-.:\u00e9", "7-:\u00e9qZ_.", "_q.7\u00e9-Z:", ":.\u00e9_Z7-q"),
    *("\u00e9:7q_.Z-", "-\u00e9.Z:q7_", "Zq7:-_\u00e9.", "._Z-q:7\u00e9"),
    *("qwjkz", "QWJKZ", "70415", "-_-._:", "\u00e9\u00df\u6d77"),
)
"""Of every kind of character, each of which stands first in one, and alone in another."""
_MOST_TRIED: Final = 200
_MOST_GROUPS: Final = 4
_EVERYTHING: Final = re.compile(r"(?:\(\?[ims]+\))?\^?\(?(?:\?:)?(?:\.[*+]\??)+\)?\$?")


class MatcherFault(Exception):  # noqa: N818 - a person's typing fault, shown as it is
    """A matcher that cannot be read; the text says where and what was expected."""

    def __init__(self, position: int, expected: str) -> None:
        super().__init__(f"column {position + 1}: {expected}")
        self.position = position
        """Of the first character that does not fit; 0 is the first."""


def matcher_of(text: str) -> Matcher:
    """The matcher that `text` writes: `job="backup"`, `instance=~"db-.*"`, `env!=dev`.

    A value without quotes goes up to the end and has no spaces in it. Escapes are those that
    `quoted()` writes. A regular expression is read as RE2 has it as far as its shape goes; the
    server knows the rest.

    Raises:
        MatcherFault: with the position, and what was expected there.
    """
    if len(text) > MAX_MATCHER_CHARS:
        raise MatcherFault(MAX_MATCHER_CHARS, f"expected {MAX_MATCHER_CHARS} characters at most")
    at = len(text) - len(text.lstrip())
    name, at = _name_at(text, at)
    operator = _OPERATOR.match(text, at)
    if operator is None:
        raise MatcherFault(at, f'expected = != =~ or !~ after {name}, as in {name}="value"')
    value, start, end = _value_at(text, operator.end())
    if text[end:].strip():
        raise MatcherFault(end, "expected the end: one matcher a line")
    sign = operator.group(1)
    if "~" in sign:
        try:
            matches_empty(value)
        except MatcherFault as fault:
            said = str(fault).partition(": ")[2]
            raise MatcherFault(start + fault.position, said) from fault
    return Matcher(name, Raw(value), is_regex="~" in sign, is_equal=sign.startswith("="))


def written(matcher: Matcher) -> str:
    """`matcher` as `matcher_of` reads it, exact: what cannot be seen stands as an escape.

    Every character of it is printable, so that an input takes it as it is.
    """
    name = matcher.name if _NAME.fullmatch(matcher.name) else quoted(matcher.name)
    text = f"{name}{matcher.operator}{quoted(matcher.value)}"
    if text.isprintable():
        return text
    # Spaces other than the usual one: shown as they are, and not printable to Python.
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def prefilled(alerts: Sequence[Labels], ignored: frozenset[str]) -> tuple[Matcher, ...]:
    """Matchers that hold for all of `alerts`: of every label that all of them have.

    One value gives `=`, a few give `=~"(a|b)"`, more leave the label out. Labels in `ignored`,
    and values that were cut at ingest, are left out too. The alert's name stands first.
    """
    if not alerts:
        return ()
    names = set(alerts[0]).intersection(*(set(labels) for labels in alerts[1:])) - ignored
    found = []
    for name in sorted(names, key=lambda name: (name != "alertname", name)):
        values = list(dict.fromkeys(labels.exact(name) for labels in alerts))
        if "" in values or any(len(value) >= MAX_VALUE_CHARS for value in values):
            continue
        if len(values) == 1:
            found.append(Matcher(name, Raw(values[0])))
        elif len(values) <= FEW_VALUES:
            found.append(Matcher(name, Raw(one_of(sorted(values))), is_regex=True))
    return tuple(found)


def holds_for_empty(matcher: Matcher) -> bool:
    """Whether the matcher is true of an alert that lacks the label, which reads as empty."""
    value = matcher.value.exact
    said = matches_empty(value) if matcher.is_regex else not value
    return said is matcher.is_equal


def narrows(matcher: Matcher) -> bool:
    """Whether the matcher leaves out more than the alerts that lack the label."""
    if not matcher.is_equal or holds_for_empty(matcher):
        return False
    return not (matcher.is_regex and matches_anything(matcher.value.exact))


@functools.lru_cache(maxsize=256)
def matches_anything(pattern: str) -> bool:
    """Whether `pattern` matches whatever a label may have: `.+`, and its disguises such as
    `a*.+` or `[^x]+|x.*`, told by values that have nothing in common.

    Patterns are read as Python has them; one that it cannot read, and one with so many groups
    that trying it could take long, is judged by its shape alone.
    """
    if _EVERYTHING.fullmatch(pattern):
        return True
    if len(pattern) > _MOST_TRIED or pattern.count("(") > _MOST_GROUPS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return all(compiled.fullmatch(value) for value in _UNLIKE)


def set_fault(matchers: Sequence[Matcher]) -> str:
    """Why no silence is to be made of `matchers` together; empty where one may be.

    Alertmanager itself refuses a set that holds for an alert without any label
    (`silence/silence.go`, `validateSilence`). A set of which each matches whatever has the
    label, and one that can match nothing, are refused here: nobody means them.
    """
    if not matchers:
        return "expected at least one matcher: without any it would match everything"
    if all(holds_for_empty(one) for one in matchers):
        return "it would match everything: expected a matcher that the empty value fails"
    if not any(narrows(one) for one in matchers):
        return "it would match everything that has the label: expected a value"
    values: dict[str, str] = {}
    for one in matchers:
        if one.is_regex or not one.is_equal:
            continue
        before = values.setdefault(one.name, one.value.exact)
        if before != one.value.exact:
            return f"it can match nothing: {one.name} cannot have two values at once"
    return ""


# Values


def _name_at(text: str, at: int) -> tuple[str, int]:
    """A label name, and where it ends."""
    if text[at : at + 1] == '"':
        name, end = _quoted_at(text, at)
        if not name:
            raise MatcherFault(at, "expected a label name between the quotes")
        return name, end
    word = _WORD.match(text, at)
    plain = _NAME.match(text, at)
    if word is None or plain is None:
        raise MatcherFault(at, 'expected a label name, as in job="backup"')
    if plain.end() != word.end():
        raise MatcherFault(
            plain.end(), "expected a label name of letters, digits and _; quote any other"
        )
    return plain.group(), plain.end()


def _value_at(text: str, at: int) -> tuple[str, int, int]:
    """A value, where its first character stands, and where it ends."""
    if text[at : at + 1] == '"':
        value, end = _quoted_at(text, at)
        return value, at + 1, end
    bare = _BARE.match(text, at)
    if bare is None:
        raise MatcherFault(at, 'expected a value in quotes; "" where it is empty')
    return bare.group(), at, bare.end()


def _quoted_at(text: str, at: int) -> tuple[str, int]:
    out: list[str] = []
    start = at
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] != "\\":
            out.append(text[at])
            at += 1
            continue
        following = text[at + 1 : at + 2]
        cells = {"u": 4, "U": 8}.get(following)
        if cells is not None:
            out.append(_character(text, at, cells))
            at += 2 + cells
        elif following in _SHORT:
            out.append(_SHORT[following])
            at += 2
        elif following:
            # As Alertmanager reads it: `\d` needs no doubling.
            out.append("\\" + following)
            at += 2
        else:
            break
    if at >= len(text) or text[at] != '"':
        raise MatcherFault(len(text), f'expected a " at the end, for the one at column {start + 1}')
    return "".join(out), at + 1


def _character(text: str, at: int, digits: int) -> str:
    code = text[at + 2 : at + 2 + digits]
    try:
        return chr(int(code, 16)) if len(code) == digits else _no_character(at, digits)
    except (ValueError, OverflowError):
        return _no_character(at, digits)


def _no_character(at: int, digits: int) -> str:
    raise MatcherFault(at, f"expected {digits} hexadecimal digits after this")


# Regular expressions, as far as their shape tells. Source: RE2's syntax page, Go's regexp.

_COUNT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_OPENING: Final = re.compile(r"\(\?(?:P?<[A-Za-z_]\w*>|[imsU]*(?:-[imsU]+)?:)")
_FLAGS: Final = re.compile(r"\(\?[imsU]*(?:-[imsU]+)?\)")
_LETTERS: Final = frozenset("AbBzdDsSwWpPaftnrvx")
_EDGES: Final = frozenset(["^", "$", r"\A", r"\z", r"\B"])


def matches_empty(pattern: str) -> bool:
    """Whether `pattern`, over the whole value, matches the empty one.

    Raises:
        MatcherFault: no server can read it; the position is in the pattern.
    """
    reader = _Reader(pattern)
    empty = reader.alternatives()
    reader.expect_end()
    return empty


class _Reader:
    """Reads a pattern from left to right; each method says whether its part can be empty."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def alternatives(self) -> bool:
        empty = self._sequence()
        while self._peek() == "|":
            self._at += 1
            empty = self._sequence() or empty
        return empty

    def expect_end(self) -> None:
        """Nothing but a `)` too many can be left."""
        if self._at < len(self._pattern):
            raise MatcherFault(self._at, "expected a ( before this )")

    def _sequence(self) -> bool:
        empty = True
        while self._peek() not in ("", "|", ")"):
            empty = self._repeated() and empty
        return empty

    def _repeated(self) -> bool:
        empty = self._item()
        start = self._at
        least = self._quantifier()
        if least is None:
            return empty
        again = self._at
        if self._quantifier() is not None:
            raise MatcherFault(again, f"expected one repetition only after {self._text(start)}")
        return empty or least == 0

    def _quantifier(self) -> int | None:
        """The fewest times of a repetition that stands here; `None` where none does."""
        sign = self._peek()
        if sign and sign in "*+?":
            self._at += 1
            least = int(sign == "+")
        else:
            count = _COUNT.match(self._pattern, self._at)
            if count is None:
                return None
            least, most = int(count[1]), int(count[3] or count[1])
            if max(least, most) > MAX_COUNT or (count[3] and most < least):
                raise MatcherFault(self._at, f"expected counts up to {MAX_COUNT}, the lower first")
            self._at = count.end()
        if self._peek() == "?":
            self._at += 1
        return least

    def _item(self) -> bool:
        start = self._at
        sign = self._pattern[start]
        if sign == "(":
            return self._group()
        if sign == "[":
            self._skip_class()
            return False
        if sign in "*+?" or _COUNT.match(self._pattern, start):
            raise MatcherFault(start, f"expected something to repeat before {sign}")
        if sign == "\\":
            return self._escape()
        self._at += 1
        return sign in _EDGES

    def _escape(self) -> bool:
        start = self._at
        following = self._pattern[start + 1 : start + 2]
        if not following:
            raise MatcherFault(start, r"expected a character after \ ".rstrip())
        if following == "Q":
            end = self._pattern.find(r"\E", start + 2)
            self._at = len(self._pattern) if end < 0 else end + 2
            return self._at - start in (2, 4)
        if following in "123456789":
            raise MatcherFault(start, "expected no back-reference: Alertmanager knows none")
        if following.isascii() and following.isalpha() and following not in _LETTERS:
            raise MatcherFault(start, rf"expected no \{following}; there are \d \w \s \b")
        self._at = start + 2
        if following in "pPx" and self._peek() == "{":
            end = self._pattern.find("}", self._at)
            if end < 0:
                raise MatcherFault(self._at, "expected a } for this {")
            self._at = end + 1
        return self._pattern[start : self._at] in _EDGES

    def _group(self) -> bool:
        start = self._at
        flags = _FLAGS.match(self._pattern, start)
        if flags is not None:
            self._at = flags.end()
            return True
        opening = _OPENING.match(self._pattern, start)
        if opening is not None:
            self._at = opening.end()
        elif self._pattern.startswith("(?", start):
            raise MatcherFault(start, "expected a plain group: Alertmanager knows no look-around")
        else:
            self._at += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise MatcherFault(start, f"expected groups at most {MAX_DEPTH} deep")
        empty = self.alternatives()
        self._depth -= 1
        if self._peek() != ")":
            raise MatcherFault(start, "expected a ) for this (")
        self._at += 1
        return empty

    def _skip_class(self) -> None:
        start = self._at
        at = start + 1
        if self._pattern[at : at + 1] == "^":
            at += 1
        first = True
        while at < len(self._pattern) and (first or self._pattern[at] != "]"):
            first = False
            if self._pattern.startswith("[:", at):
                end = self._pattern.find(":]", at + 2)
                at = end + 2 if end >= 0 else at + 1
            else:
                at += 2 if self._pattern[at] == "\\" else 1
        if at >= len(self._pattern):
            raise MatcherFault(start, "expected a ] for this [")
        self._at = at + 1

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _text(self, start: int) -> str:
        return self._pattern[start : self._at]
