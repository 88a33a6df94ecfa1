"""The services of the seven days as rows: a heat strip, figures, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from console.model.band import Band, band_of
from console.model.summary import Availability, ServiceWeek, Slot, Verdict, Week, summed
from console.reports.judged import is_lacking
from console.safety.clock import Instant
from console.safety.text import visible
from screens.summary_words import (
    NONE,
    percent_cell,
    seconds_cell,
    took_cell,
    trend_points,
    trend_spans,
    verdict_spans,
)
from widgets.columns import Column
from widgets.heat_strip import Cell, strip_spans, titles
from widgets.paint import Glyphs, Spans
from widgets.theme import Ink

ALL: Final = "all services"
_RANKS: Final = {
    Verdict.MISSED: 0,
    Verdict.NOT_ENOUGH_DATA: 1,
    Verdict.MET: 2,
    Verdict.NOT_MEASURED: 3,
}


@dataclass(frozen=True, eq=False)
class ServiceRow:
    """One line of the strip: a service, or all of them together."""

    name: str
    """`redis@data-1`; safe to show."""
    total: Availability
    days: tuple[Cell, ...]
    trend: float | None
    """Percentage points against the days before."""
    least: float
    service: ServiceWeek | None = None
    """`None`: all together."""
    low: bool = False
    """Too little of it was observed."""

    @property
    def key(self) -> str:
        """What stays the same from one summary to the next."""
        return "" if self.service is None else f"service {self.service.service}"


def rows_of(week: Week) -> tuple[ServiceRow, ...]:
    """Every service in the order of the summary."""
    return tuple(_row(one, week) for one in week.services)


def _row(service: ServiceWeek, week: Week) -> ServiceRow:
    least = week.least_coverage
    return ServiceRow(
        name_of(service),
        service.total,
        tuple(cell_of(slot, service.target, least) for slot in service.days),
        trend_points(service.total, service.before, least),
        least,
        service,
        is_lacking(service.total, least),
    )


def name_of(service: ServiceWeek) -> str:
    """`redis@data-1`; safe to show."""
    place = f"@{visible(service.place)}" if service.place else ""
    return f"{visible(service.service)}{place}"


def cell_of(slot: Slot, target: float | None, least: float) -> Cell:
    """One day or hour of a service."""
    of = slot.availability
    return Cell(band_of(of, target, least), bool(slot.incidents), bool(slot.changes), of.down_s > 0)


def all_row(week: Week) -> ServiceRow:
    """All services together, with whatever incidents and changes there were by their days."""
    targets = [one.target for one in week.services if one.target is not None]
    # Together they cannot be asked to be better than the least that is asked of one.
    target = min(targets, default=None)
    least = week.least_coverage
    columns: dict[int, list[Slot]] = {}
    for service in week.services:
        for number, slot in enumerate(service.days):
            columns.setdefault(number, []).append(slot)
    cells = []
    for number in sorted(columns):
        slots = columns[number]
        of = summed(slot.availability for slot in slots)
        start, end = slots[0].start, slots[0].end
        cells.append(
            Cell(
                band_of(of, target, least),
                any(one.start < end and (one.end or end) > start for one in week.incidents),
                any(
                    one.start is not None
                    and not one.is_planned
                    and one.start < end
                    and (one.end or one.start) >= start
                    for one in week.changes
                ),
                of.down_s > 0,
            )
        )
    coverage = week.total.coverage
    return ServiceRow(
        ALL,
        week.total,
        tuple(cells),
        trend_points(week.total, week.before, least),
        least,
        low=coverage is None or coverage < least,
    )


def has_missed(row: ServiceRow) -> bool:
    """Whether it did not reach what it ought to, on the whole or on one of the days."""
    service = row.service
    if service is None:
        return False
    return (
        service.verdict is Verdict.MISSED
        or any(one.verdict is Verdict.MISSED for one in service.figures)
        or any(one.band in (Band.MISSED, Band.FAR) for one in row.days)
    )


# Order


class Sort(msgspec.Struct, frozen=True):
    """By what the services are sorted."""

    word: str = "worst"
    reverse: bool = False

    @property
    def typed(self) -> str:
        """As it is typed: `-p95`."""
        return f"-{self.word}" if self.reverse else self.word

    def sorted(self, rows: Iterable[ServiceRow]) -> tuple[ServiceRow, ...]:
        """`rows` in this order; what is not known stands last, whichever way round."""
        key = _KEYS[self.word]
        having: list[tuple[tuple[float | str, ...], ServiceRow]] = []
        lacking: list[ServiceRow] = []
        for row in rows:
            value = None if row.service is None else key(row, row.service)
            if value is None:
                lacking.append(row)
            else:
                having.append((value, row))
        having.sort(key=lambda pair: pair[0], reverse=self.reverse)
        return (*(row for _, row in having), *lacking)


Key = Callable[[ServiceRow, ServiceWeek], tuple[float | str, ...] | None]


def _worst(row: ServiceRow, service: ServiceWeek) -> tuple[float | str, ...]:
    burn = service.budget.burn if service.budget is not None else None
    down = 0.0 if row.total.ratio is None else 1 - row.total.ratio
    return (_RANKS[service.verdict], -(burn or 0.0), -down)


def _known(value: float | None) -> tuple[float | str, ...] | None:
    return None if value is None else (value,)


_KEYS: Final[Mapping[str, Key]] = {
    "name": lambda row, _: (row.name.casefold(),),
    "worst": _worst,
    "coverage": lambda row, _: _known(row.total.coverage),
    "p95": lambda _, service: None if service.p95_ms is None else (-service.p95_ms,),
    "budget": lambda _, service: _known(service.budget.left_s if service.budget else None),
    "trend": lambda row, _: _known(row.trend),
}
SORTS: Final = tuple(_KEYS)


def sort_of(typed: str) -> Sort | str:
    """What `:sort` means, the usual order without a word; a text where it means nothing."""
    word = typed.strip().casefold()
    name = word.removeprefix("-")
    if not word:
        return Sort()
    if name not in _KEYS:
        return f"no sort by {visible(typed, cells=30)}; there are: {', '.join(SORTS)}"
    return Sort(name, word.startswith("-"))


# Columns


def cell_cells(width: int) -> int:
    """How wide a day is on a screen of `width` columns."""
    return 2 if width < 70 else 3 if width < 120 else 4 if width < 180 else 7


def day_labels(days: Sequence[date], cells: int) -> list[str]:
    """The dates over the strip: `16`; with the day of the week where there is room,
    that alone where there is none."""
    if cells < 3:
        return [f"{day:%a}"[0] for day in days]
    return [f"{day:%a} {day.day}" if cells >= 7 else f"{day.day:2d}" for day in days]


def service_columns(
    days: Sequence[date], width: int, glyphs: Glyphs
) -> tuple[Column[ServiceRow], ...]:
    """The columns on a screen of `width` columns."""
    cells = cell_cells(width)
    title = titles(day_labels(days, cells), cells).rstrip()
    wide = width >= 120

    def strip(row: ServiceRow, _: Instant) -> Spans:
        return strip_spans(row.days, cells, ascii_only=glyphs.ascii_only)

    return (
        Column("SERVICE", _name, width=18, flex=1, most=44, priority=99),
        Column(title, strip, width=max(1, cells * len(days)), priority=98),
        Column("AVAIL %", _avail, width=7, priority=97, align="right"),
        Column("TREND", lambda row, _: trend_spans(row.trend, glyphs), width=6, priority=80,
               align="right"),
        Column("LEFT", _left, width=6, priority=75, align="right"),
        Column("P95", _p95, width=6, priority=70, align="right"),
        Column("VERDICT", lambda row, _: _verdict(row, wide=wide), width=15 if wide else 7,
               priority=90),
        Column("COVER", _cover, width=6, priority=60, align="right"),
        Column("DOWN", _down, width=7, priority=58, align="right"),
        Column("OUT", _outages, width=4, priority=50, align="right"),
        Column("RAW %", _raw, width=7, priority=56, align="right"),
        Column("P50", _p50, width=6, priority=44, align="right"),
        Column("P99", _p99, width=6, priority=45, align="right"),
        Column("TARGET", _target, width=7, priority=42, align="right"),
        Column("OWNER", _owner, width=8, flex=1, most=16, priority=40),
        Column("SOURCE", _source, width=12, flex=1, most=40, priority=30),
    )  # fmt: skip


def _name(row: ServiceRow, _: Instant) -> Spans:
    if row.service is None:
        return ((row.name, Ink.HEADING),)
    return ((row.name, Ink.STRONG),)


def _avail(row: ServiceRow, _: Instant) -> Spans:
    text = percent_cell(row.total.ratio)
    if row.low:
        return ((f"{text}?" if text != NONE else text, Ink.UNKNOWN),)
    missed = row.service is not None and row.service.verdict is Verdict.MISSED
    return ((text, Ink.FIRING if missed else Ink.MUTED if text == NONE else Ink.PLAIN),)


def _left(row: ServiceRow, _: Instant) -> Spans:
    budget = None if row.service is None else row.service.budget
    if budget is None:
        return ((NONE, Ink.MUTED),)
    ink = Ink.FIRING if budget.left_s < 0 else Ink.PLAIN
    return ((seconds_cell(budget.left_s, up=False), ink),)


def _took(took_ms: float | None) -> Spans:
    return ((took_cell(took_ms), Ink.MUTED if took_ms is None else Ink.PLAIN),)


def _p95(row: ServiceRow, _: Instant) -> Spans:
    return _took(None if row.service is None else row.service.p95_ms)


def _p50(row: ServiceRow, _: Instant) -> Spans:
    return _took(None if row.service is None else row.service.p50_ms)


def _p99(row: ServiceRow, _: Instant) -> Spans:
    return _took(None if row.service is None else row.service.p99_ms)


def _verdict(row: ServiceRow, *, wide: bool) -> Spans:
    return () if row.service is None else verdict_spans(row.service, row.least, wide=wide)


def _cover(row: ServiceRow, _: Instant) -> Spans:
    coverage = row.total.coverage
    if coverage is None:
        return ((NONE, Ink.MUTED),)
    # Rounded down: what is not whole never reads as whole.
    shown = "100" if coverage >= 1 else f"{int(coverage * 1000) / 10:.1f}"
    return ((shown, Ink.UNKNOWN if row.low else Ink.MUTED),)


def _down(row: ServiceRow, _: Instant) -> Spans:
    if row.total.known_s <= 0:
        return ((NONE, Ink.MUTED),)
    down = row.total.down_s
    return ((seconds_cell(down), Ink.PLAIN if down else Ink.MUTED),)


def _outages(row: ServiceRow, _: Instant) -> Spans:
    return ((NONE if row.service is None else str(row.service.outage_count), Ink.MUTED),)


def _raw(row: ServiceRow, _: Instant) -> Spans:
    return ((percent_cell(row.total.raw_ratio), Ink.MUTED),)


def _target(row: ServiceRow, _: Instant) -> Spans:
    target = None if row.service is None else row.service.target
    return ((NONE if target is None else f"{target * 100:.6g}", Ink.MUTED),)


def _owner(row: ServiceRow, _: Instant) -> Spans:
    owner = "" if row.service is None else visible(row.service.owner)
    return ((owner or NONE, Ink.MUTED),)


def _source(row: ServiceRow, _: Instant) -> Spans:
    source = "" if row.service is None else row.service.source
    return ((source or NONE, Ink.MUTED),)
