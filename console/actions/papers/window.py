"""The window of a change as a person types it: from when, until when, in which zone. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from config.durations import duration_of, duration_text
from config.kinds import zone_fault
from config.rota import zone_of
from console.model.freeze import Period
from console.safety.text import visible

START: Final = "start"
END: Final = "end"
ZONE: Final = "timezone"
EXPECTED_START: Final = "expected a day and a time: 2026-11-23 02:00"
EXPECTED_END: Final = "expected 04:00, +2h or 2026-11-23 04:00"

_OF_DAY: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)"
    r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)


class WindowFault(Exception):  # noqa: N818 - a person's typing fault, shown as it is
    """A window that cannot be read; the text says what was expected, safe to show."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(expected)
        self.field = field
        """`START`, `END` or `ZONE`."""


def window_of(start: str, end: str, zone: str) -> Period | None:
    """The window that is typed; `None` where nothing is.

    Args:
        start: `2026-11-23 02:00`, in `zone` unless an offset (`Z`, `+08:00`) stands behind it.
        end: the same, or `04:00` for the first time after the start that clocks in `zone` show
            it, or `+2h` counted from the start.
        zone: IANA name; empty is UTC.

    Raises:
        WindowFault: one of them cannot be read, or no time passes between them.
    """
    start, end = " ".join(start.split()), " ".join(end.split())
    where = _zone(zone)
    if not start and not end:
        return None
    if not start:
        raise WindowFault(START, EXPECTED_START)
    begins = _moment(start, where, START, EXPECTED_START)
    if not end:
        raise WindowFault(END, EXPECTED_END)
    ends = _end(end, begins, where)
    if ends <= begins:
        raise WindowFault(END, "expected an end that is after the start")
    return Period(begins, ends)


def window_text(window: Period | None, zone: str) -> tuple[str, str]:
    """Start and end as `window_of` reads them, exact to the second; empty where there is none."""
    if window is None:
        return "", ""
    try:
        where = _zone(zone)
    except WindowFault:
        where = None  # it is of the file, and cannot be read: the times say where they are meant
    return _written(window.start, where), _written(window.end, where)


def window_words(window: Period) -> str:
    """`2026-11-22 18:00 to 20:00 UTC, 2h`."""
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    lasts = duration_text(end - start) if end > start else "no time at all"
    return f"{start:%Y-%m-%d %H:%M} to {until} UTC, {lasts}"


def _zone(name: str) -> tzinfo:
    name = name.strip() or "UTC"
    fault = zone_fault(name)
    if fault is not None:
        raise WindowFault(ZONE, visible(fault, cells=120))
    return UTC if name == "UTC" else zone_of(name)


def _end(text: str, begins: datetime, where: tzinfo) -> datetime:
    if text.startswith("+"):
        lasts = duration_of(text[1:].replace(" ", ""))
        if lasts is None:
            raise WindowFault(END, EXPECTED_END)
        try:
            return begins + lasts
        except OverflowError:
            raise WindowFault(END, "expected a time that a calendar has") from None
    of_day = _OF_DAY.fullmatch(text)
    if of_day is None:
        return _moment(text, where, END, EXPECTED_END)
    wanted = time(int(of_day[1]), int(of_day[2]))
    day = begins.astimezone(where).date()
    try:
        today = _local(day, wanted, where, END)
        return today if today > begins else _local(day + timedelta(days=1), wanted, where, END)
    except OverflowError:
        raise WindowFault(END, "expected a time that a calendar has") from None


def _moment(text: str, where: tzinfo, field: str, expected: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise WindowFault(field, expected)
    offset = (found[3] or "").upper()
    try:
        day, of_day = date.fromisoformat(found[1]), time.fromisoformat(found[2].zfill(5))
        if not offset:
            return _local(day, of_day, where, field)
        if offset in ("Z", "UTC"):
            return datetime.combine(day, of_day, UTC)
        at = f"{day.isoformat()}T{of_day.isoformat()}{offset}"
        return datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise WindowFault(field, f"there is no such day or time; {expected}") from None


def _local(day: date, of_day: time, where: tzinfo, field: str) -> datetime:
    """The one moment at which clocks in `where` show it; a day on which they skip it or show it
    twice is not guessed at."""
    first = datetime.combine(day, of_day, where).astimezone(UTC)
    second = datetime.combine(day, of_day.replace(fold=1), where).astimezone(UTC)
    shown = datetime.combine(day, of_day)
    if first.astimezone(where).replace(tzinfo=None, fold=0) != shown:
        raise WindowFault(field, f"the clocks skip {of_day:%H:%M} on that day; take another time")
    if first != second:
        ways = " or ".join(_written(one, None, where) for one in (first, second))
        raise WindowFault(field, f"the clocks show it twice on that day: write {ways}")
    return first


def _written(at: datetime, where: tzinfo | None, offset_of: tzinfo | None = None) -> str:
    try:
        local = at.astimezone(where or offset_of or UTC)
    except OverflowError:  # the first or the last hours of the calendar
        where, local = None, at.astimezone(UTC)
    text = f"{local:%Y-%m-%d %H:%M}" if not local.second else f"{local:%Y-%m-%d %H:%M:%S}"
    # `%Y` of glibc has no zeros in front of a year before 1000.
    text = text.rjust(len("2026-11-23 02:00:00" if local.second else "2026-11-23 02:00"), "0")
    if where is None:
        return f"{text}Z" if offset_of is None else f"{text}{_offset(local)}"
    again = local.replace(tzinfo=None, fold=0)
    other = datetime.combine(again.date(), again.time().replace(fold=1 - local.fold), where)
    if other.utcoffset() != local.utcoffset():
        return f"{text}{_offset(local)}"
    return text


def _offset(local: datetime) -> str:
    return f"{local:%z}"
