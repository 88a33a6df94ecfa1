"""Reading conditions from what a person wrote. The grammar: `console.model.condition`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from console.model.condition import (
    MAX_CHARS,
    MAX_CONDITIONS,
    MAX_PATH,
    Asked,
    Block,
    Condition,
    ConditionError,
    ConditionFault,
    Operator,
    Option,
    Pattern,
    Placeholder,
    duration_of,
    number_of,
)
from console.safety.text import visible

_PLACEHOLDER: Final = re.compile(r"\[([A-Z_]*)\]?")
_FUNCTION: Final = re.compile(r"([A-Za-z_]\w*)\(")
_STEP: Final = re.compile(r"\.([^\s.\[\]()<>=!,]+)|\[(0|[1-9][0-9]{0,8})\]")
_HEADER: Final = re.compile(r"\.([A-Za-z0-9!#$%&'*+.^_`|~-]+)")
_OPERATOR: Final = re.compile(r"[=!<>~&|]+|[^\s\w]?")
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_SECOND: Final = re.compile(r"\s(?:==|!=|<=?|>=?|&&|\|\|)\s")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_WHOLE_NUMBERS: Final = frozenset([Placeholder.STATUS, Placeholder.EXIT, Placeholder.REDIRECTS])
_DURATIONS: Final = frozenset([Placeholder.RESPONSE_TIME, Placeholder.CERTIFICATE_EXPIRATION])
_TEXTS: Final = frozenset(
    [Placeholder.BODY, Placeholder.HEADER, Placeholder.STDOUT, Placeholder.STDERR]
)
_PROOFS: Final = frozenset([Placeholder.STATUS, Placeholder.EXIT])


def parse(text: str) -> Condition:
    """The condition that `text` writes.

    Raises:
        ConditionError: anything in it is not understood.
    """
    return _Reader(text).condition()


def parse_block(texts: Iterable[str]) -> Block:
    """The conditions of one block, of which all have to hold, or every fault in them.

    A block without a condition asserts nothing and is a fault. So is `[RESPONSE_TIME]` without
    `[STATUS]` or `[EXIT]` beside it: a refused connection answers quickly.
    """
    found: list[Condition] = []
    faults: list[ConditionFault] = []
    for line, text in enumerate(texts):
        if line == MAX_CONDITIONS:
            faults.append(ConditionFault(-1, 0, f"expected {MAX_CONDITIONS} conditions at most"))
            break
        try:
            found.append(parse(text))
        except ConditionError as error:
            faults.append(ConditionFault(line, error.column, error.expected))
    if not found and not faults:
        faults.append(ConditionFault(-1, 0, "expected at least one condition"))
    if not faults and not any(one.placeholder in _PROOFS for one in found):
        for line, one in enumerate(found):
            if one.placeholder is Placeholder.RESPONSE_TIME:
                expected = "expected [STATUS] or [EXIT] beside it: a refusal is quick, too"
                faults.append(ConditionFault(line, 1, expected))
    return Block(() if faults else tuple(found), tuple(faults))


class _Reader:
    """Reads a condition from left to right."""

    def __init__(self, text: str) -> None:
        self._lead = len(text) - len(text.lstrip())
        self._text = text.strip()
        self._at = 0

    def condition(self) -> Condition:
        if len(self._text) > MAX_CHARS:
            raise self._error(f"expected {MAX_CHARS:,} characters at most", MAX_CHARS)
        if not self._text:
            raise self._error("expected a condition such as [STATUS] == 200")
        unseen = _UNSEEN.search(self._text)
        if unseen is not None:
            got = visible(unseen.group())
            raise self._error(f"expected readable characters, got {got}", unseen.start())
        asked, placeholder, header, path = self._left()
        left = self._text[: self._at]
        operator = self._operator(asked, placeholder)
        right = self._text[self._at :]
        plain = Condition(
            self._text, asked, placeholder, header, path, operator, (), None, left, right
        )
        options = self._options(plain)
        number = self._number(plain) if operator.orders else None
        return msgspec.structs.replace(plain, options=options, number=number)

    def _left(self) -> tuple[Asked, Placeholder, str, tuple[str | int, ...]]:
        function = _FUNCTION.match(self._text)
        if function is None:
            return (Asked.VALUE, *self._place())
        try:
            asked = Asked(function[1])
        except ValueError:
            asked = Asked.VALUE
        if asked is Asked.VALUE:
            raise self._error(f"expected len( or has(, got {visible(function.group(), cells=40)}")
        self._at = function.end()
        start = self._at
        placeholder, header, path = self._place()
        if self._text[self._at : self._at + 1] != ")":
            raise self._error(f"expected a ) for this {asked}(")
        if asked is Asked.LENGTH and placeholder not in _TEXTS:
            raise self._error("expected [BODY], [HEADER].name, [STDOUT] or [STDERR]", start)
        if asked is Asked.PRESENCE and not path and not header:
            raise self._error("expected [BODY].path or [HEADER].name", start)
        self._at += 1
        return asked, placeholder, header, path

    def _place(self) -> tuple[Placeholder, str, tuple[str | int, ...]]:
        found = _PLACEHOLDER.match(self._text, self._at)
        names = ", ".join(f"[{each}]" for each in Placeholder)
        if found is None or found[1] not in Placeholder.__members__ or found.group()[-1] != "]":
            got = visible(self._text[self._at : self._at + 24].split(" ")[0] or "nothing")
            raise self._error(f"expected one of {names}; got {got}")
        placeholder = Placeholder(found[1])
        self._at = found.end()
        if placeholder is Placeholder.HEADER:
            name = _HEADER.match(self._text, self._at)
            if name is None:
                raise self._error("expected the header's name: [HEADER].content-type")
            self._at = name.end()
            return placeholder, name[1].lower(), ()
        return placeholder, "", self._path() if placeholder is Placeholder.BODY else ()

    def _path(self) -> tuple[str | int, ...]:
        steps: list[str | int] = []
        while (found := _STEP.match(self._text, self._at)) is not None:
            steps.append(found[1] if found[1] is not None else int(found[2]))
            self._at = found.end()
            if len(steps) > MAX_PATH:
                raise self._error(f"expected {MAX_PATH} steps at most")
        if self._text[self._at : self._at + 1] in ("[", "."):
            raise self._error("expected a key (.name) or a position ([0])")
        return tuple(steps)

    def _operator(self, asked: Asked, placeholder: Placeholder) -> Operator:
        spaces = len(self._text[self._at :]) - len(self._text[self._at :].lstrip())
        at = self._at + spaces
        found = _OPERATOR.match(self._text, at)
        written = found.group() if found is not None else ""
        end = at + len(written)
        known = written in {str(each) for each in Operator}
        if not known or not spaces or (end < len(self._text) and self._text[end] != " "):
            got = visible(self._text[at : at + 24].split(" ")[0] or "nothing")
            listed = " ".join(Operator)
            raise self._error(f"expected one of {listed} between spaces, got {got}", at)
        operator = Operator(written)
        if operator.orders and (
            asked is Asked.PRESENCE or placeholder in (Placeholder.CONNECTED, Placeholder.IP)
        ):
            raise self._error(f"expected == or !=, got {operator}", at)
        self._at = end + len(self._text[end:]) - len(self._text[end:].lstrip())
        return operator

    def _options(self, plain: Condition) -> tuple[Option, ...]:
        right = plain.right
        if not right:
            raise self._error("expected a value")
        function = _FUNCTION.match(right)
        if function is None:
            return (self._literal(plain, right, self._at),)
        if function[1] not in ("any", "pat"):
            got = visible(function.group(), cells=40)
            raise self._error(f"expected a value, any( or pat(, got {got}")
        if plain.operator.orders or plain.asked is not Asked.VALUE:
            raise self._error(f"expected a plain value, got {function.group()}")
        if not right.endswith(")"):
            raise self._error(f"expected a ) at the end for this {function.group()}")
        inside, start = right[function.end() : -1], self._at + function.end()
        if function[1] == "pat":
            return (self._pattern(plain, inside, start),)
        options: list[Option] = []
        for part in inside.split(","):
            at = start + len(part) - len(part.lstrip())
            one = part.strip()
            if one.startswith("pat(") and one.endswith(")"):
                options.append(self._pattern(plain, one[4:-1], at + 4))
            else:
                options.append(self._literal(plain, one, at))
            start += len(part) + 1
        return tuple(options)

    def _pattern(self, plain: Condition, written: str, at: int) -> Pattern:
        if plain.placeholder in _DURATIONS or plain.placeholder is Placeholder.CONNECTED:
            raise self._error(f"expected a plain value for [{plain.placeholder}]", at)
        if not written:
            raise self._error("expected a pattern such as pat(v2.*)", at)
        for index, character in enumerate(written):
            if character in "?[\\":
                message = f"expected no {character} in a pattern: only * stands for any characters"
                raise self._error(message, at + index)
        return Pattern(tuple(re.sub(r"\*+", "*", written).split("*")))

    def _literal(self, plain: Condition, written: str, at: int) -> str:
        if not written:
            raise self._error("expected a value", at)
        if plain.asked is Asked.LENGTH or plain.placeholder in _WHOLE_NUMBERS:
            if _WHOLE.fullmatch(written) is None:
                raise self._error(f"expected a whole number, got {_got(written)}", at)
        elif plain.asked is Asked.PRESENCE or plain.placeholder is Placeholder.CONNECTED:
            if written not in ("true", "false"):
                raise self._error(f"expected true or false, got {_got(written)}", at)
        elif plain.placeholder in _DURATIONS:
            self._milliseconds(plain, written, at)
        elif written[0] == "[":
            raise self._error(f"expected a value, got {_got(written)}", at)
        elif len(written) > 1 and written[0] in "\"'" and written[-1] == written[0]:
            raise self._error(f"expected the value without quotes, got {_got(written)}", at)
        elif (second := _SECOND.search(written)) is not None:
            message = "expected one comparison a line: the next belongs on its own"
            raise self._error(message, at + second.start() + 1)
        elif written.startswith(("any(", "pat(", "len(", "has(")):
            raise self._error(f"expected a plain value, got {_got(written)}", at)
        return written

    def _number(self, plain: Condition) -> Decimal:
        if plain.placeholder in _DURATIONS:
            return self._milliseconds(plain, plain.right, self._at)
        number = number_of(plain.right)
        if number is None:
            raise self._error(f"expected a number, got {_got(plain.right)}")
        return number

    def _milliseconds(self, plain: Condition, written: str, at: int) -> Decimal:
        # gatus reads a bare number as milliseconds, of a certificate's life too: a trap.
        bare = plain.placeholder is Placeholder.RESPONSE_TIME
        duration = duration_of(written, bare=bare)
        if duration is None:
            example = "800ms, 1.5s or 2m" if bare else "48h or 30d"
            raise self._error(f"expected a duration such as {example}, got {_got(written)}", at)
        return duration

    def _error(self, expected: str, at: int | None = None) -> ConditionError:
        return ConditionError(self._lead + (self._at if at is None else at) + 1, expected)


def _got(written: str) -> str:
    return visible(written, cells=40)
