"""Time intervals as Alertmanager's configuration writes them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from datetime import UTC, tzinfo
from typing import Final

from config.yaml_nodes import Mapping, Node, Scalar, Sequence
from console.engine.time_intervals import MINUTES_A_DAY, Interval, Named, Range
from console.safety.text import Raw, visible

_WEEKDAYS: Final = (
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
)  # fmt: skip
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
MOST_PARTS: Final = 200
"""Of one interval; more are not looked through for when it begins or ends."""


class _UnreadError(Exception):
    """What cannot be judged, in words that are safe to show."""


def intervals_of(tree: Mapping) -> Iterator[Named]:
    """Those under `time_intervals` and, as 0.22 and 0.23 had it, `mute_time_intervals`."""
    for key in ("time_intervals", "mute_time_intervals"):
        for node in _items(tree.value_of(key)):
            if not isinstance(node, Mapping):
                continue
            name = node.value_of("name")
            called = Raw(name.text if isinstance(name, Scalar) else "")
            try:
                found = tuple(_interval(one) for one in _parts(node.value_of("time_intervals")))
            except _UnreadError as error:
                yield Named(called, (), str(error))
            else:
                yield Named(called, found)


def _interval(node: Node) -> Interval:
    if not isinstance(node, Mapping):
        raise _UnreadError("it is not written as keys with values")
    return Interval(
        minutes=tuple(_minutes(one) for one in _parts(node.value_of("times"))),
        weekdays=_ranges(node, "weekdays", _WEEKDAYS, 0),
        days=_ranges(node, "days_of_month"),
        months=_ranges(node, "months", _MONTHS, 1),
        years=_ranges(node, "years"),
        zone=_zone(node.value_of("location")),
    )


def _minutes(node: Node) -> Range:
    if not isinstance(node, Mapping):
        raise _UnreadError("a time of day is not written as keys with values")
    return _minute(node.value_of("start_time")), _minute(node.value_of("end_time"))


def _minute(node: Node | None) -> int:
    written = node.text if isinstance(node, Scalar) else ""
    hour, colon, minute = written.partition(":")
    if not (colon and len(written) <= 5 and _is_number(hour) and _is_number(minute)):
        raise _UnreadError(f"{visible(written, cells=20)} is no time of day")
    total = int(hour) * 60 + int(minute)
    if total > MINUTES_A_DAY or int(minute) > 59:
        raise _UnreadError(f"{written} is no time of day")
    return total


def _ranges(node: Mapping, key: str, words: Items[str] = (), base: int = 0) -> tuple[Range, ...]:
    found = []
    for item in _parts(node.value_of(key)):
        written = item.text if isinstance(item, Scalar) else ""
        first, colon, last = written.partition(":")
        low = _number(first, words, base)
        found.append((low, _number(last, words, base) if colon else low))
    return tuple(found)


def _number(written: str, words: Items[str], base: int) -> int:
    word = written.strip().casefold()
    if word in words:
        return words.index(word) + base
    if len(word) > 5 or not _is_number(word.removeprefix("-")):
        raise _UnreadError(f"{visible(written, cells=20)} is no day, month or year")
    return int(word)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _zone(node: Node | None) -> tzinfo:
    name = node.text if isinstance(node, Scalar) else ""
    if name in ("", "UTC"):
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise _UnreadError(f"the time zone {visible(name, cells=40)} is not known here") from None


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []


def _parts(node: Node | None) -> list[Node]:
    found = _items(node)
    if len(found) > MOST_PARTS:
        raise _UnreadError(f"it has {len(found):,} parts, and more than {MOST_PARTS} are too many")
    return found
