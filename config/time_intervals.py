"""Time intervals as Alertmanager's configuration writes them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from config.fault import Fault, quoted
from config.yaml_nodes import Mapping, Node, Scalar, Sequence
from console.model.time_interval import MINUTES_A_DAY, Interval, Named, Range
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
_LEAP_YEAR: Final = datetime(2028, 1, 1, tzinfo=UTC)


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


_KEYS: Final = ("times", "weekdays", "days_of_month", "months", "years", "location")


def checked_interval(node: Node, file: str, path: str) -> Interval | tuple[Fault, ...]:
    """One interval of the team's own, as strictly as Alertmanager's configuration is read.

    What Alertmanager sent is judged leniently, since it has taken it already. Here an interval
    that never holds would be a freeze that forbids nothing.
    """
    if not isinstance(node, Mapping) or not node.entries:
        message = f"expected keys with values: {', '.join(_KEYS)}"
        return (Fault(file, node.line, node.column, path, message),)
    faults = []
    for key, value in node.entries:
        alone = Mapping([(key, value)], key.line, key.column, False, value.end_line)
        place = f"{path}.{key.text}" if key.text in _KEYS else path
        if key.text not in _KEYS:
            message = f"unknown key {quoted(key.text)}; expected one of {', '.join(_KEYS)}"
            faults.append(Fault(file, key.line, key.column, place, message))
            continue
        try:
            _require_holds(key.text, value, _interval(alone))
        except _UnreadError as error:
            faults.append(Fault(file, value.line, value.column, place, str(error)))
    if faults:
        return tuple(faults)
    found = _interval(node)
    if not _ever_holds(found):
        message = "expected days_of_month that some of its months have: it never holds"
        return (Fault(file, node.line, node.column, path, message),)
    return found


def _ever_holds(interval: Interval) -> bool:
    if not interval.days:
        return True
    alone = Interval(days=interval.days, months=interval.months)
    return any(alone.holds(_LEAP_YEAR + timedelta(days=number)) for number in range(366))


def _require_holds(key: str, value: Node, read: Interval) -> None:
    if key == "location":
        if not isinstance(value, Scalar):
            raise _UnreadError("expected a time zone such as Asia/Taipei")
        return
    if not _items(value):
        raise _UnreadError("expected a list")
    for low, high in read.minutes:
        if low >= high:
            raise _UnreadError(
                "expected a start_time before its end_time; past midnight, write two: "
                "22:00 to 24:00 and 00:00 to 06:00"
            )
    for low, high in read.days:
        if not (1 <= low <= high <= 31 or -31 <= low <= high <= -1):
            raise _UnreadError("expected days 1 to 31, or -31 to -1 from the end, first to last")
    limits = ((read.weekdays, 0, 6, "weekdays"), (read.months, 1, 12, "months"))
    for ranges, least, most, words in (*limits, (read.years, 1, 9999, "years")):
        if any(not least <= low <= high <= most for low, high in ranges):
            raise _UnreadError(f"expected {words} from {least} to {most}, first to last")


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
        expected = f"a name such as {words[0]}, or a number" if words else "a number"
        raise _UnreadError(f"expected {expected}, got {visible(written, cells=20)}")
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
