"""The times that programs are told (`--since`) and the forms in which they tell times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from console.demo.machines.said import RefusedError
from console.demo.world import World

_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Zµ]+)\s*")
_UNITS_S = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hour": 3600,
    "hours": 3600, "d": 86400, "day": 86400, "days": 86400, "w": 604800, "week": 604800,
    "weeks": 604800,
}  # fmt: skip


def script_s(world: World, text: str) -> float:
    """The script second that `text` means: RFC 3339, `2026-11-22 03:12:51`, `@1732…`, a Unix
    time, `10m`, `-1h`, `5 min ago`, `today`, `now`. Without a zone it is UTC.

    Raises:
        RefusedError: it is none of these.
    """
    said = text.strip()
    now = world.now()
    if said in ("now", ""):
        return world.script_s(now.timestamp())
    if said in ("today", "yesterday"):
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        back = timedelta(days=1 if said == "yesterday" else 0)
        return world.script_s((day - back).timestamp())
    if re.fullmatch(r"@?\d{9,}(\.\d+)?", said):
        return world.script_s(float(said.removeprefix("@")))
    bare = said.removeprefix("-").removesuffix("ago").strip()
    parts = _PARTS.findall(bare)
    if parts and _PARTS.sub("", bare) == "" and all(unit in _UNITS_S for _, unit in parts):
        back_s = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
        return world.script_s(now.timestamp() - back_s)
    # Python 3.11 takes six digits of a second at most.
    whole = re.sub(r"(\.\d{6})\d+", r"\1", said.removesuffix("UTC").strip())
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        raise RefusedError(f"Failed to parse timestamp: {text}") from None
    return world.script_s((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def nano(moment: datetime) -> str:
    """`2026-11-22T03:12:51.123456000Z`, as Go writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def seconds(moment: datetime) -> str:
    """`2026-11-22T03:12:51Z`, as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(span_s: float) -> str:
    """`3 minutes`, as docker says it."""
    for unit, size_s in (("weeks", 1209600), ("days", 172800), ("hours", 7200), ("minutes", 120)):
        if span_s >= size_s:
            return f"{int(span_s / _UNITS_S[unit])} {unit}"
    if span_s >= 60:
        return "About a minute"
    return f"{max(0, int(span_s))} seconds"


def short(span_s: float) -> str:
    """`3m12s`, as kubectl says it."""
    whole = max(0, int(span_s))
    if whole < 120:
        return f"{whole}s"
    if whole < 600:
        return f"{whole // 60}m{whole % 60}s" if whole % 60 else f"{whole // 60}m"
    if whole < 10800:
        return f"{whole // 60}m"
    if whole < 172800:
        return f"{whole // 3600}h"
    return f"{whole // 86400}d"
