"""The noise of the seven days as rows: what fired the most, and for what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.model.summary import Noise
from console.model.words import count_text
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.summary_words import (
    NONE,
    plain,
    seconds_cell,
)
from widgets.columns import Column
from widgets.paint import Glyphs, Spans
from widgets.theme import Ink

_NOTHING: Final[Spans] = ((NONE, Ink.MUTED),)
_STEPS: Final = " ▁▂▃▄▅▆▇█"
_ASCII_STEPS: Final = " .:-=+*#@"


@dataclass(frozen=True, eq=False)
class NoiseRow:
    """One alert of one service."""

    noise: Noise

    @property
    def key(self) -> str:
        """What stays the same from one summary to the next."""
        noise = self.noise
        # Two names may be shown alike, and are two rows.
        return f"noise {hash((noise.alert, noise.where, noise.service))} {visible(noise.alert)}"


def noise_columns(days: int, glyphs: Glyphs) -> tuple[Column[NoiseRow], ...]:
    """The columns of the noisiest alerts."""

    def by_day(row: NoiseRow, _: Instant) -> Spans:
        return ((sparkline(row.noise.by_day, ascii_only=glyphs.ascii_only), Ink.GRAPH),)

    def count(row: NoiseRow, _: Instant) -> Spans:
        return ((count_text(row.noise.count), Ink.STRONG),)

    def before(row: NoiseRow, _: Instant) -> Spans:
        return _against(row.noise, glyphs)

    return (
        Column("N", count, width=5, priority=98, align="right"),
        Column("BY DAY", by_day, width=max(6, days), priority=94),
        Column(
            "ALERT",
            lambda row, _: ((row.noise.alert, Ink.STRONG),),
            width=16,
            flex=3,
            most=44,
            priority=99,
        ),
        Column("ON", _noise_on, width=10, flex=2, most=32, priority=92),
        Column("TOTAL", _noise_total, width=7, priority=88, align="right"),
        Column("ALONE", _noise_untouched, width=6, priority=90, align="right"),
        Column("ACKED", _noise_acked, width=5, priority=70, align="right"),
        Column("INC", _noise_incidents, width=3, priority=84, align="right"),
        Column("BEFORE", before, width=6, priority=82, align="right"),
        Column("MEDIAN", _noise_median, width=7, priority=50, align="right"),
        Column("LONGEST", _noise_longest, width=7, priority=48, align="right"),
    )


def sparkline(counts: Sequence[int], *, ascii_only: bool) -> str:
    """One character a day, as tall as the day was loud; a blank where there was nothing."""
    steps = _ASCII_STEPS if ascii_only else _STEPS
    most = max(counts, default=0)
    if most <= 0:
        return " " * len(counts)
    return "".join(steps[math.ceil(one / most * (len(steps) - 1))] for one in counts)


def _noise_on(row: NoiseRow, _: Instant) -> Spans:
    where: Raw | str = row.noise.where if row.noise.where else row.noise.service
    return ((where, Ink.PLAIN),) if where else _NOTHING


def _noise_total(row: NoiseRow, _: Instant) -> Spans:
    return ((seconds_cell(row.noise.total_s), Ink.PLAIN),)


def _noise_untouched(row: NoiseRow, _: Instant) -> Spans:
    noise = row.noise
    told = noise.count - noise.untold
    if not told:
        return _NOTHING  # only history knows who touched what
    share = 100 * noise.untouched / told
    return ((f"{share:.0f} %", Ink.WARNING if share >= 50 else Ink.PLAIN),)


def _noise_acked(row: NoiseRow, _: Instant) -> Spans:
    return plain(count_text(row.noise.acked) if row.noise.acked else "")


def _noise_incidents(row: NoiseRow, _: Instant) -> Spans:
    return plain(str(len(row.noise.incidents)) if row.noise.incidents else "", Ink.WARNING)


def _against(noise: Noise, glyphs: Glyphs) -> Spans:
    before = noise.before
    if before is None:
        return _NOTHING
    sign, ink = "=", Ink.MUTED
    if before != noise.count:
        worse = noise.count > before
        sign, ink = (glyphs.up, Ink.WARNING) if worse else (glyphs.down, Ink.OK)
    return ((f"{count_text(before)}{sign}", ink),)


def _noise_median(row: NoiseRow, _: Instant) -> Spans:
    median = row.noise.median_s
    return _NOTHING if median is None else ((seconds_cell(median), Ink.MUTED),)


def _noise_longest(row: NoiseRow, _: Instant) -> Spans:
    longest = row.noise.longest_s
    return _NOTHING if longest is None else ((seconds_cell(longest), Ink.MUTED),)
