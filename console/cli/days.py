"""Days as they are typed behind an option."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import Final

from console.cli.chosen import EXIT_USAGE, narrate
from console.safety.text import visible

_BACK: Final = {"today": 0, "yesterday": 1}


def day_or_exit(text: str, today: date, option: str) -> date:
    """The day that was written behind `option`; ends the process where it is none, or has yet to
    begin."""
    shown = visible(text, cells=40)
    if text in _BACK:
        return today - timedelta(days=_BACK[text])
    try:
        day = date.fromisoformat(text)
    except ValueError:
        narrate(f"{option} {shown}: expected today, yesterday or a day: 2026-11-22")
        sys.exit(EXIT_USAGE)
    if day > today:
        narrate(f"{option} {shown}: expected a day that has begun; today is {today.isoformat()}")
        sys.exit(EXIT_USAGE)
    return day
