"""A moment of an incident as a person types it, in the zone of the rota. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from config.durations import duration_of

EXPECTED: Final = "expected 03:14, 2026-11-22 03:14, 5m ago or now"
_OF_DAY: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
    r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_AGO: Final = re.compile(r"(.+?) ?ago", re.IGNORECASE)
_IN: Final = re.compile(r"(?:in |\+)(.+)", re.IGNORECASE)
_DAY: Final = timedelta(days=1)


def moment_of(text: str, zone: tzinfo, now: datetime, *, ahead: bool = False) -> datetime | None:
    """The moment that `text` means, aware UTC to the second; `None` where it cannot be read.

    Args:
        zone: for what names none.
        ahead: a time of day alone is the next one, as a meeting's is; else the latest one.
    """
    text = " ".join(text.split())
    try:
        return _read(text, zone, now, ahead)
    except (ValueError, OverflowError):
        return None


def moment_text(at: datetime | None, zone: tzinfo) -> str:
    """`2026-11-22 03:14`, so that `moment_of` reads it back to the second; empty for `None`."""
    if at is None:
        return ""
    at = at.astimezone(UTC)
    try:
        local = at.astimezone(zone)
    except (OverflowError, ValueError):
        local = at
    # Four digits on every platform: strftime writes the year 7 as `7` on Linux.
    said = local.replace(tzinfo=None).isoformat(" ", "seconds" if local.second else "minutes")
    naive = local.replace(tzinfo=None, fold=0)
    if naive.replace(tzinfo=zone).astimezone(UTC) == at:
        return said
    # The hour that comes twice when clocks go back.
    return f"{at.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def _read(text: str, zone: tzinfo, now: datetime, ahead: bool) -> datetime | None:
    if text.casefold() == "now":
        return now.astimezone(UTC).replace(microsecond=0)
    if found := _OF_DAY.fullmatch(text):
        hours, minutes, seconds = (int(one or 0) for one in found.groups())
        of_day = time(hours, minutes, seconds)
        return _of_day(of_day, zone, now, ahead)
    if found := _MOMENT.fullmatch(text):
        day, hour, minute, second, offset = found.groups()
        at = datetime.fromisoformat(f"{day}T{int(hour):02d}:{minute}:{second or '00'}")
        if offset is None:
            return at.replace(tzinfo=zone).astimezone(UTC)
        shift = "+00:00" if offset.upper() in ("Z", "UTC") else offset
        shift = shift if ":" in shift else f"{shift[:3]}:{shift[3:]}"
        return datetime.fromisoformat(f"{at.isoformat()}{shift}").astimezone(UTC)
    for pattern, sign in ((_AGO, -1), (_IN, 1)):
        if found := pattern.fullmatch(text):
            lasts = duration_of(found[1].replace(" ", ""))
            return None if lasts is None else (now + sign * lasts).replace(microsecond=0)
    return None


def _of_day(of_day: time, zone: tzinfo, now: datetime, ahead: bool) -> datetime:
    today = now.astimezone(zone).date()
    days = (0, 1, 2) if ahead else (0, -1, -2)
    # A minute that has begun is not ahead of somebody who types it.
    for day in days:
        at = datetime.combine(today + day * _DAY, of_day, zone).astimezone(UTC)
        if at >= now if ahead else at <= now:
            return at
    return at
