"""Judging a result by conditions. Whatever cannot be known fails: there is no third answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from console.model.condition import (
    Asked,
    Condition,
    Operator,
    Pattern,
    Placeholder,
    duration_of,
    milliseconds_of,
    number_of,
)
from console.safety.text import Raw, visible

T = TypeVar("T")
SHOWN_CELLS: Final = 80
"""Of what came, in what is said about a check."""


class Output(msgspec.Struct, frozen=True):
    """What a program or a server wrote."""

    text: Raw
    is_cut: bool = False
    """Not all of it was read: nothing is true of what was not seen."""


class Result(msgspec.Struct, frozen=True):
    """What came of a request or a command. `None`: that was not learnt."""

    status: int | None = None
    body: Output | None = None
    headers: tuple[tuple[str, Raw], ...] | None = None
    response_time: timedelta | None = None
    certificate_left: timedelta | None = None
    """How long the certificate is still valid; negative for one that is not any more."""
    connected: bool | None = None
    ip: Raw | None = None
    redirects: int | None = None
    exit: int | None = None
    stdout: Output | None = None
    stderr: Output | None = None


class Checked(msgspec.Struct, frozen=True):
    """One condition and what became of it. All texts are safe to show."""

    passed: bool
    left: str
    actual: str
    """What came, or why that cannot be said."""
    operator: str
    right: str
    shown: str
    """`[STATUS] (503) == 200`."""


def evaluate(condition: Condition, result: Result) -> Checked:
    """Whether `condition` holds for `result`."""
    return _Facts(result).checked(condition)


def evaluate_all(conditions: Iterable[Condition], result: Result) -> tuple[Checked, ...]:
    """`evaluate` of each; the body is read as JSON once."""
    facts = _Facts(result)
    return tuple(facts.checked(each) for each in conditions)


class _UnknownError(Exception):
    """The condition fails whatever it asks; the text says why, and is safe to show."""


class _Number(str):
    """A number of a JSON text, exactly as it was written there."""

    __slots__ = ()


_Value = str | bool | None | list["_Value"] | dict[str, "_Value"]
_TYPES: Final = {list: "a list", dict: "keys with values", bool: "true or false"}


class _Facts:
    def __init__(self, result: Result) -> None:
        self._result = result
        self._json: _Value = None
        self._unread: str | None = None
        self._is_read = False

    def checked(self, condition: Condition) -> Checked:
        try:
            actual, passed = self._judged(condition)
        except _UnknownError as error:
            actual, passed = str(error), False
        left, right = visible(condition.left), visible(condition.right)
        operator = str(condition.operator)
        shown = f"{left} ({actual}) {operator} {right}"
        return Checked(passed, left, str(actual), operator, right, shown)

    def _judged(self, condition: Condition) -> tuple[str, bool]:
        if condition.asked is Asked.PRESENCE:
            there = self._is_there(condition)
            return _word(there), _compared(_word(there), condition)
        if condition.asked is Asked.LENGTH:
            length = self._length(condition)
            return str(length), _compared(_Number(length), condition)
        value = self._value(condition)
        if isinstance(value, timedelta):
            return _seconds(value), _compared_duration(value, condition)
        if isinstance(value, list | dict):
            raise _UnknownError(f"{_TYPES[type(value)]}; ask len() or has()")
        if condition.operator.orders and not isinstance(value, str):
            raise _UnknownError(f"not a number: {_word(value)}")
        text = value if isinstance(value, str) else _word(value)
        return visible(text, cells=SHOWN_CELLS) or '""', _compared(text, condition)

    def _value(self, condition: Condition) -> _Value | timedelta:
        result = self._result
        match condition.placeholder:
            case Placeholder.STATUS:
                return _Number(_known(result.status))
            case Placeholder.EXIT:
                return _Number(_known(result.exit))
            case Placeholder.REDIRECTS:
                return _Number(_known(result.redirects))
            case Placeholder.CONNECTED:
                return _word(_known(result.connected))
            case Placeholder.RESPONSE_TIME:
                return _known(result.response_time)
            case Placeholder.CERTIFICATE_EXPIRATION:
                return _known(result.certificate_left)
            case Placeholder.IP:
                return _known(result.ip).exact
            case Placeholder.STDOUT:
                return _whole(result.stdout)
            case Placeholder.STDERR:
                return _whole(result.stderr)
            case Placeholder.HEADER:
                found = self._headers(condition.header)
                if not found:
                    raise _UnknownError("missing")
                return ", ".join(found)
        if not condition.path:
            return _whole(result.body)
        there, value = self._at(condition.path)
        if not there:
            raise _UnknownError("missing")
        return value

    def _is_there(self, condition: Condition) -> bool:
        if condition.placeholder is Placeholder.HEADER:
            return bool(self._headers(condition.header))
        return self._at(condition.path)[0]

    def _length(self, condition: Condition) -> int:
        value = self._value(condition)
        if condition.placeholder is Placeholder.BODY and not condition.path:
            # A list that is cut short or broken is not taken for so many characters.
            if isinstance(value, str) and value[:1] in ("[", "{"):
                value = self._read()
        elif isinstance(value, _Number):
            raise _UnknownError(f"no length: {visible(value, cells=SHOWN_CELLS)}")
        if isinstance(value, str | list | dict):
            return len(value)
        raise _UnknownError(f"no length: {_word(bool(value) if value is not None else None)}")

    def _headers(self, name: str) -> list[str]:
        headers = _known(self._result.headers)
        return [value.exact.strip() for each, value in headers if each.lower() == name]

    def _at(self, path: tuple[str | int, ...]) -> tuple[bool, _Value]:
        value = self._read()
        for step in path:
            if isinstance(step, int):
                if not isinstance(value, list) or step >= len(value):
                    return False, None
                value = value[step]
            else:
                if not isinstance(value, dict) or step not in value:
                    return False, None
                value = value[step]
        return True, value

    def _read(self) -> _Value:
        if not self._is_read:
            self._is_read = True
            try:
                self._json = _json_of(_whole(self._result.body))
            except _UnknownError as error:
                self._unread = str(error)
        if self._unread is not None:
            raise _UnknownError(self._unread)
        return self._json


def _json_of(text: str) -> _Value:
    try:
        # Numbers stay as written: nothing is rounded, and one of a million digits costs nothing.
        value: _Value = json.loads(
            text.removeprefix("\ufeff"),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise _UnknownError("the body is nested too deeply") from None
    except ValueError:
        raise _UnknownError("the body is not JSON") from None
    return value


def _no_constant(name: str) -> _Value:
    raise _UnknownError(f"the body is not JSON: it has {name}")


def _object(pairs: list[tuple[str, _Value]]) -> dict[str, _Value]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Which of the two counts differs from reader to reader.
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _UnknownError(f"the body has the key {visible(key, cells=40)} twice")
            seen.add(key)
    return found


def _compared(actual: str, condition: Condition) -> bool:
    if condition.number is not None and condition.operator.orders:
        number = number_of(actual)
        if number is None:
            got = visible(actual, cells=SHOWN_CELLS) or '""'
            raise _UnknownError(f"not a number: {got}")
        return _ordered(number, condition.operator, condition.number)
    is_one = any(_is_option(actual, option) for option in condition.options)
    return is_one is (condition.operator is Operator.EQUAL)


def _is_option(actual: str, option: str | Pattern) -> bool:
    if isinstance(option, Pattern):
        return option.matches(actual)
    if isinstance(actual, _Number):
        number, wanted = number_of(actual), number_of(option)
        if number is not None and wanted is not None:
            return number == wanted
    return actual == option


def _compared_duration(actual: timedelta, condition: Condition) -> bool:
    taken = milliseconds_of(actual)
    if condition.number is not None and condition.operator.orders:
        return _ordered(taken, condition.operator, condition.number)
    wanted = [duration_of(one, bare=True) for one in condition.options if isinstance(one, str)]
    return (taken in wanted) is (condition.operator is Operator.EQUAL)


def _ordered(number: Decimal, operator: Operator, limit: Decimal) -> bool:
    match operator:
        case Operator.LESS:
            return number < limit
        case Operator.AT_MOST:
            return number <= limit
        case Operator.MORE:
            return number > limit
        case _:
            return number >= limit


def _known(value: T | None) -> T:
    if value is None:
        raise _UnknownError("not known")
    return value


def _whole(output: Output | None) -> str:
    if output is None:
        raise _UnknownError("not known")
    if output.is_cut:
        raise _UnknownError(f"only its first {len(output.text):,} characters were read")
    return output.text.exact.strip()


def _word(value: bool | None) -> str:
    return "null" if value is None else "true" if value else "false"


def _seconds(duration: timedelta) -> str:
    if abs(duration) >= timedelta(hours=1):
        return f"{duration / timedelta(hours=1):.1f}h"
    if abs(duration) >= timedelta(seconds=10):
        return f"{duration / timedelta(seconds=1):.1f}s"
    return f"{milliseconds_of(duration).normalize():f}ms"
