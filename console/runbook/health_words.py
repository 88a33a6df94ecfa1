"""How a runbook has done, in words: for its line in a list, and for whoever picks one."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from console.model.run import BookHealth, Shelved
from console.model.words import age_text, count_text, many
from console.safety.text import visible

_NAMED: Final = 3
"""Steps that are named one by one."""


def short_text(book: Shelved, now: datetime) -> str:
    """`9 steps, last passed 12 d ago`; safe to show."""
    return f"{many(book.steps, 'step')}, {passed_text(book.health, now)}"


def passed_text(health: BookHealth, now: datetime) -> str:
    """`last passed 12 d ago`, `run 3 times, never passed`, `never run`."""
    if health.last_passed is not None:
        return f"last passed {_ago(health.last_passed, now)}"
    if health.runs:
        return f"run {_times(health.runs)}, never passed"
    return "never run"


def whole_text(health: BookHealth, now: datetime) -> str:
    """All of it in one sentence; safe to show."""
    if not health.runs:
        return "no run of it is in the journal"
    said = [f"run {_times(health.runs)}"]
    if health.last is not None:
        said.append(f"the last time {_ago(health.last, now)}")
    passed = health.last_passed
    said.append("never passed" if passed is None else f"last passed {_ago(passed, now)}")
    if health.median_minutes is not None:
        said.append(f"median {minutes_text(health.median_minutes)} min")
    if health.often_skipped:
        names = ", ".join(visible(one, cells=40) for one in health.often_skipped[:_NAMED])
        more = len(health.often_skipped) - _NAMED
        said.append(f"often skipped: {names}{f' and {more} more' if more > 0 else ''}")
    return "; ".join(said)


def minutes_text(minutes: float) -> str:
    """`9`, `0.5`: whole where that is exact enough."""
    return f"{minutes:.1f}" if minutes < 1 else count_text(round(minutes))


def _ago(at: datetime, now: datetime) -> str:
    return f"{age_text(now - at, coarse=True)} ago"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count_text(count)} times"
