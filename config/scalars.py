"""One scalar of the settings as the type that is asked for."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec.inspect as inspect

from config.durations import EXPECTED, duration_of, duration_text
from config.fault import meant, quoted
from config.kinds import LONGEST
from config.yaml_nodes import Scalar

_TRUE: Final = frozenset(["true", "yes", "on"])
_FALSE: Final = frozenset(["false", "no", "off"])
_WHOLE: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


class UnfitError(Exception):
    """The scalar is not what was asked for; the text says what was, and what stands there."""


def words(kind: inspect.Type, meta: inspect.Metadata | None) -> str:
    """What `kind` is called after "expected": `a port number 1 to 65535`."""
    title = str(meta.extra_json_schema["title"]) if meta and meta.extra_json_schema else None
    if isinstance(kind, inspect.UnionType):
        inner = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        return " or ".join(words(*bare(each)) for each in inner)
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        name = title or ("a whole number" if isinstance(kind, inspect.IntType) else "a number")
        if kind.le is None or kind.le >= 1e9:
            return name if kind.ge is None else f"{name}, {kind.ge} or more"
        return f"{name} {kind.ge} to {kind.le}"
    if isinstance(kind, inspect.LiteralType):
        return title or "one of " + ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.EnumType):
        return title or "one of " + ", ".join(map(str, kind.cls))
    if isinstance(kind, inspect.TimeDeltaType):
        least = _least(meta)
        return EXPECTED if least < timedelta(seconds=1) else f"{EXPECTED}, 1s or more"
    return title or _WORDS.get(type(kind), "a value")


def convert(
    node: Scalar, kind: inspect.Type, meta: inspect.Metadata | None, folder: Path | None
) -> object:
    """The value of `node` as `kind`.

    Args:
        folder: what a relative file name is relative to.

    Raises:
        UnfitError: it is no such value.
    """
    if node.is_null:
        raise _unfit(node, kind, meta)
    if isinstance(kind, inspect.StrType):
        return _text(node, kind, meta, folder)
    if isinstance(kind, inspect.LiteralType):
        if node.text in kind.values:
            return node.text
        hint = meant(node.text, map(str, kind.values))
        raise UnfitError(f"expected {words(kind, meta)}, got {quoted(node.text)}{hint}")
    if isinstance(kind, inspect.EnumType):
        named = {str(each): each for each in kind.cls}
        if node.text in named:
            return named[node.text]
        hint = meant(node.text, named)
        raise UnfitError(f"expected {words(kind, meta)}, got {quoted(node.text)}{hint}")
    if not node.plain and not isinstance(
        kind, inspect.TimeDeltaType | inspect.DateType | inspect.DateTimeType
    ):
        text = quoted(node.text)
        raise UnfitError(f"expected {words(kind, meta)}, got the text {text}: leave out the quotes")
    value = _typed(node.text, kind, meta)
    if value is None:
        raise _unfit(node, kind, meta)
    return value


def from_folder(name: str, folder: Path | None) -> str:
    """The file `name` as a full path: `~` is the home, relative ones lie in `folder`."""
    path = Path(name)
    if name.startswith("~"):
        try:
            return str(path.expanduser())
        except RuntimeError:
            return name
    return str(folder / path) if folder is not None and not path.is_absolute() else name


def _text(
    node: Scalar, kind: inspect.StrType, meta: inspect.Metadata | None, folder: Path | None
) -> str:
    extra = (meta.extra or {}) if meta else {}
    if "\0" in node.text:
        raise UnfitError(f"expected {words(kind, meta)}, got a NUL character in it")
    if extra.get("file"):
        if not node.text:
            raise _unfit(node, kind, meta)
        return from_folder(node.text, folder)
    fault_of = extra.get("fault_of")
    if fault_of is not None:
        fault = fault_of(node.text)
        if fault is not None:
            raise UnfitError(fault)
    elif kind.pattern is not None and not re.fullmatch(kind.pattern, node.text):
        raise _unfit(node, kind, meta)
    return node.text


def _typed(text: str, kind: inspect.Type, meta: inspect.Metadata | None) -> object | None:
    if isinstance(kind, inspect.BoolType):
        lower = text.lower()
        return True if lower in _TRUE else False if lower in _FALSE else None
    if isinstance(kind, inspect.IntType):
        number = int(text) if _WHOLE.fullmatch(text) else None
        return number if number is not None and _within(number, kind) else None
    if isinstance(kind, inspect.FloatType):
        decimal = float(text) if _DECIMAL.fullmatch(text) else None
        return decimal if decimal is not None and _within(decimal, kind) else None
    if isinstance(kind, inspect.TimeDeltaType):
        return _duration(text, meta)
    if isinstance(kind, inspect.DateTimeType):
        return _moment(text)
    if isinstance(kind, inspect.DateType):
        return _date(text)
    raise TypeError(f"the settings have no values of type {type(kind).__name__}")


def _duration(text: str, meta: inspect.Metadata | None) -> timedelta | None:
    duration = duration_of(text)
    if duration is None:
        return None
    least = _least(meta)
    if duration < least or duration > LONGEST:
        limits = f"{duration_text(least)} to {duration_text(LONGEST)}"
        raise UnfitError(f"expected a duration of {limits}, got {quoted(text)}")
    return duration


def _moment(text: str) -> datetime | None:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, time, zone = match.groups()
    if zone is None:
        raise UnfitError(
            f"expected a time with its zone (`{day}T{time}+08:00`), got {quoted(text)}"
        )
    try:
        return datetime.fromisoformat(f"{day}T{time}{zone.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _within(number: float, kind: inspect.IntType | inspect.FloatType) -> bool:
    return (kind.ge is None or number >= kind.ge) and (kind.le is None or number <= kind.le)


def _least(meta: inspect.Metadata | None) -> timedelta:
    least = (meta.extra or {}).get("at_least") if meta else None
    return least if isinstance(least, timedelta) else timedelta(milliseconds=1)


def _unfit(node: Scalar, kind: inspect.Type, meta: inspect.Metadata | None) -> UnfitError:
    if node.is_null:
        written = f" ({node.text})" if node.text else ""
        return UnfitError(f"expected {words(kind, meta)}, got nothing{written}")
    hint = ""
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        digits = node.text.replace("_", "").lstrip("0")
        if digits.isdecimal() and digits != node.text:
            hint = f"; write {digits}"
    elif isinstance(kind, inspect.TimeDeltaType) and node.text.isdecimal():
        hint = f"; write {node.text}s for seconds"
    return UnfitError(f"expected {words(kind, meta)}, got {quoted(node.text)}{hint}")


def bare(kind: inspect.Type) -> tuple[inspect.Type, inspect.Metadata | None]:
    """`kind` without what is annotated to it, and that."""
    return (kind.type, kind) if isinstance(kind, inspect.Metadata) else (kind, None)


_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.DateType: "a date such as 2026-11-22",
    inspect.DateTimeType: "a time such as 2026-11-22T09:00:00+08:00",
    inspect.StructType: "keys with values",
    inspect.DictType: "keys with values",
    inspect.VarTupleType: "a list",
}
