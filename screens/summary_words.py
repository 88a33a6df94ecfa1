"""Figures of the seven days in a few cells, and the lines above the lists."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from config.rota import zone_of
from console.journal.language import Language
from console.model.summary import (
    Availability,
    Exclusion,
    Figure,
    Gap,
    Noise,
    Outage,
    ServiceWeek,
    Unit,
    Verdict,
    Week,
)
from console.model.words import age_text, count_text
from console.reports.judged import all_figures, is_lacking
from console.reports.telling import Telling, percent_number
from widgets.chunks import Chunk
from widgets.paint import Glyphs, Spans
from widgets.theme import Ink

NONE: Final = "-"
BAD_DAY: Final = "expected a day, such as 2026-11-22; without one it is today"
VERDICT_INKS: Final = {
    Verdict.MET: Ink.OK,
    Verdict.MISSED: Ink.FIRING,
    Verdict.NOT_ENOUGH_DATA: Ink.UNKNOWN,
    Verdict.NOT_MEASURED: Ink.MUTED,
}
_DAY_S: Final = 86_400
_STEPS: Final = ((600, 1), (_DAY_S, 60), (3 * _DAY_S, 3_600))
"""Up to how many seconds a length is told in steps of how many, as `age_text` does."""
SMALLEST_POINT: Final = 0.0005
"""Percentage points below which two availabilities are alike."""


def telling_of(week: Week) -> Telling:
    """Its figures in the words of its reports."""
    return Telling(week, Language.ENGLISH)


@lru_cache(maxsize=8)
def local_zone(name: str) -> tzinfo:
    """The zone of a report; UTC where this machine has no such zone."""
    try:
        return zone_of(name)
    except (OSError, ValueError, KeyError):  # that no such zone is there is a KeyError
        return zone_of("UTC")


def percent_cell(ratio: float | None) -> str:
    """`99.931`: rounded down, and 100 only of a whole; `-` where nothing is known."""
    return NONE if ratio is None else percent_number(ratio, 3)


def plain(text: str, ink: Ink = Ink.PLAIN) -> Spans:
    """A cell of one text; muted where there is none."""
    return ((NONE, Ink.MUTED),) if text in ("", NONE) else ((text, ink),)


def points_text(points: float) -> str:
    """A difference of percentages, without its sign: `0.04`, `1.2`."""
    size = abs(points)
    return f"{size:.3f}" if size < 0.01 else f"{size:.2f}" if size < 10 else f"{size:.0f}"


def trend_points(now: Availability, before: Availability | None, least: float) -> float | None:
    """By how many percentage points it is better than before; `None`: one of the two is not
    known well enough."""
    if before is None or now.ratio is None or before.ratio is None:
        return None
    if min(now.coverage or 0.0, before.coverage or 0.0) < least:
        return None
    return (now.ratio - before.ratio) * 100


def trend_spans(points: float | None, glyphs: Glyphs) -> Spans:
    """`↓0.04`, `=`."""
    if points is None:
        return ((NONE, Ink.MUTED),)
    if abs(points) < SMALLEST_POINT:
        return (("=", Ink.MUTED),)
    sign, ink = (glyphs.up, Ink.OK) if points > 0 else (glyphs.down, Ink.WARNING)
    return ((f"{sign}{points_text(points)}", ink),)


def seconds_cell(seconds: float, *, up: bool = True) -> str:
    """How long, with its sign: `8m12s`, `-28m`; as reports round it, to the worse side.

    Args:
        up: longer is worse, as of downtime; of what is left of a budget it is not.
    """
    size = round(abs(seconds), 6)
    step = next((each for most, each in _STEPS if size < most), _DAY_S)
    is_longer = up == (seconds >= 0)
    whole = (math.ceil if is_longer else math.floor)(size / step) * step
    text = age_text(timedelta(seconds=whole))
    return f"-{text}" if seconds < 0 and whole else text


def touched_text(noise: Noise) -> str:
    """`41 ended untouched, 2 acked`; what nobody knows never reads as none."""
    if 0 < noise.count == noise.untold:
        return "only history knows who touched them"
    return f"{count_text(noise.untouched)} ended untouched, {count_text(noise.acked)} acked"


def lasting_s(one: Gap | Outage | Exclusion) -> float:
    """How long it was, in seconds."""
    return (one.end - one.start).total_seconds()


def took_cell(took_ms: float | None) -> str:
    """`88ms`, `1.24s`, `3m05s`."""
    if took_ms is None:
        return NONE
    if took_ms < 999.5:
        return f"{took_ms:.0f}ms" if took_ms >= 1 else "<1ms"
    return (
        f"{took_ms / 1000:.2f}s" if took_ms < 99_995 else age_text(timedelta(milliseconds=took_ms))
    )


def value_text(figure: Figure, telling: Telling) -> str:
    """What it came to, with its unit; `-` where it is not known."""
    if figure.value is None or not math.isfinite(figure.value):
        return NONE
    return telling.figure(figure)


def value_cell(figure: Figure, telling: Telling) -> str:
    """The same without how much of the time was observed."""
    if figure.value is None or not math.isfinite(figure.value):
        return NONE
    return telling.in_unit(figure.value, figure)


def before_text(figure: Figure, telling: Telling) -> str:
    """The same over the days before."""
    if figure.before is None or not math.isfinite(figure.before):
        return NONE
    return telling.figure_before(figure)


def target_text(figure: Figure, telling: Telling) -> str:
    """`>= 98 %`, `< 2 s`; `-` where there is none."""
    if figure.above is None and figure.below is None:
        return NONE
    return telling.bound(figure).replace("≥", ">=")


def unit_hint(unit: Unit) -> str:
    """In what a figure is typed."""
    return {Unit.PERCENT: "%", Unit.SECONDS: "s", Unit.PER_SECOND: "/s"}.get(unit, "")


def days_text(week: Week) -> str:
    """`16-22 Nov 2026`, `29 Nov-5 Dec 2026`."""
    first, last = week.first, week.last
    if first == last:
        return f"{last.day} {last:%b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}-{last.day} {last:%b %Y}"
    year = f" {first:%Y}" if first.year != last.year else ""
    return f"{first.day} {first:%b}{year}-{last.day} {last:%b %Y}"


def local_text(at: datetime, zone: tzinfo, *, year: bool = False) -> str:
    """`19 Nov 03:12`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y %H:%M}" if year else f"{local.day} {local:%b %H:%M}"


def day_called(typed: str) -> date | str | None:
    """The day that was typed; `None` where nothing was, a text where it is no day."""
    word = typed.strip()
    try:
        return date.fromisoformat(word) if word else None
    except ValueError:
        return BAD_DAY


def verdicts_of(of: Iterable[ServiceWeek | Figure]) -> Counter[Verdict]:
    """How many of those that have an objective came out how."""
    return Counter(one.verdict for one in of if _has_objective(one))


def _has_objective(one: ServiceWeek | Figure) -> bool:
    if isinstance(one, ServiceWeek):
        return one.target is not None
    return one.above is not None or one.below is not None


def objectives_chunks(week: Week) -> list[Chunk]:
    """`services 58 met 2 missed 1 lacks data`, and `objectives 9 met 0 missed` with `4 not
    measured` behind it: the availability of each service, and whatever else was to be reached."""
    services, figures = verdicts_of(week.services), verdicts_of(all_figures(week))
    chunks = [Chunk(_outcome("services", services), 99), Chunk(_outcome("objectives", figures), 94)]
    unmeasured = figures[Verdict.NOT_MEASURED]
    if unmeasured:
        text = f"{count_text(unmeasured)} {Verdict.NOT_MEASURED}"
        chunks.append(Chunk(((text, VERDICT_INKS[Verdict.NOT_MEASURED]),), 50))
    return chunks


def _outcome(of: str, counts: Counter[Verdict]) -> Spans:
    """Nothing where nothing was to be reached."""
    lacking = counts[Verdict.NOT_ENOUGH_DATA]
    if not any(counts.values()):
        return ()
    spans = [(of, Ink.MUTED)]
    for verdict in (Verdict.MET, Verdict.MISSED):
        count = counts[verdict]
        spans.append(
            (f" {count_text(count)} {verdict}", VERDICT_INKS[verdict] if count else Ink.MUTED)
        )
    if lacking:
        text = f" {count_text(lacking)} {'lacks' if lacking == 1 else 'lack'} data"
        spans.append((text, VERDICT_INKS[Verdict.NOT_ENOUGH_DATA]))
    return tuple(spans)


def observation_text(week: Week) -> str:
    """`day 3 of 7`: which day of the observation window the last one is; empty for none."""
    observation = week.observation
    day = None if observation is None else observation.day(week.last)
    return "" if observation is None or day is None else f"day {day} of {observation.days}"


def verdict_spans(service: ServiceWeek, least: float, *, wide: bool) -> Spans:
    """`met`, `MISSED`; where little is known how much of the time that is about."""
    verdict = service.verdict
    if verdict is Verdict.NOT_ENOUGH_DATA or (
        verdict is not Verdict.MISSED and is_lacking(service.total, least)
    ):
        if wide:
            return ((Verdict.NOT_ENOUGH_DATA, Ink.UNKNOWN),)
        share = percent_number(service.total.coverage or 0.0, 0)
        return ((f"? {share} %", Ink.UNKNOWN),)
    if verdict is Verdict.NOT_MEASURED:
        return ((verdict if wide else NONE, Ink.MUTED),)
    word = verdict.upper() if verdict is Verdict.MISSED else str(verdict)
    return ((word, VERDICT_INKS[verdict]),)
