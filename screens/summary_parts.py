"""The other lists of the seven days: objectives, noise, incidents and changes."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from console.model.incident import IncidentState
from console.model.state import Priority
from console.model.summary import ChangeLine, Figure, IncidentLine, Noise, Response, Verdict, Week
from console.model.words import count_text
from console.reports.telling import Telling
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.summary_words import (
    NONE,
    VERDICT_INKS,
    before_text,
    figures_of,
    local_text,
    local_zone,
    seconds_cell,
    target_text,
    telling_of,
    value_cell,
)
from widgets.columns import Column
from widgets.paint import PRIORITY_INKS, Glyphs, Span, Spans
from widgets.theme import Ink

_NOTHING: Final[Spans] = ((NONE, Ink.MUTED),)
_STEPS: Final = " ▁▂▃▄▅▆▇█"
_ASCII_STEPS: Final = " .:-=+*#@"


class Part(enum.StrEnum):
    """What of the days is shown."""

    SERVICES = "services"
    OBJECTIVES = "objectives"
    NOISE = "noise"
    DOCUMENTS = "incidents, changes"

    @property
    def following(self) -> Part:
        """The next one, from the first again after the last."""
        order = list(Part)
        return order[(order.index(self) + 1) % len(order)]


def part_line(shown: Part, counts: dict[Part, int], key: str, position: str = "") -> Spans:
    """`>services 3/80   objectives 2   noise 9   tab`, the one that is shown standing out.

    Args:
        position: which row of how many, of the one that is shown; empty where all are in sight.
    """
    spans: list[Span] = []
    for one in Part:
        count = f" {count_text(counts[one])}" if one in counts else ""
        if one is shown and position:
            count = f" {position}"
        ink = Ink.STRONG if one is shown else Ink.MUTED
        spans += [(f"{'>' if one is shown else ' '}{one}{count}", ink), ("  ", Ink.PLAIN)]
    return (*spans, (key, Ink.KEY))


# Objectives


@dataclass(frozen=True, eq=False)
class FigureRow:
    """An objective, of all together or of one service."""

    figure: Figure
    key: str
    value: str
    target: str
    before: str


def figure_rows(week: Week) -> tuple[FigureRow, ...]:
    """Every objective, measured or not: the missed ones first."""
    telling = telling_of(week)
    rows = [_figure_row(one, telling) for one in figures_of(week)]
    order = list(_FIGURE_ORDER)
    return tuple(sorted(rows, key=lambda row: order.index(row.figure.verdict)))


_FIGURE_ORDER: Final = (
    *(Verdict.MISSED, Verdict.NOT_ENOUGH_DATA, Verdict.MET, Verdict.NOT_MEASURED),
)


def _figure_row(figure: Figure, telling: Telling) -> FigureRow:
    return FigureRow(
        figure,
        f"figure {figure.name} {figure.service}",
        value_cell(figure, telling),
        target_text(figure, telling),
        before_text(figure, telling),
    )


def figure_columns() -> tuple[Column[FigureRow], ...]:
    """The columns of the objectives."""
    return (
        Column("OBJECTIVE", _figure_name, width=16, flex=2, most=36, priority=99),
        Column("OF", _figure_service, width=11, flex=1, most=24, priority=90),
        Column("VALUE", _figure_value, width=9, priority=98, align="right"),
        Column("TARGET", lambda row, _: _plain(row.target), width=9, priority=95, align="right"),
        Column("VERDICT", _figure_verdict, width=15, priority=97),
        Column("BEFORE", lambda row, _: _plain(row.before), width=9, priority=80, align="right"),
        Column("SOURCE", _figure_source, width=10, flex=2, most=60, priority=70),
    )


def _plain(text: str, ink: Ink = Ink.PLAIN) -> Spans:
    return _NOTHING if text in ("", NONE) else ((text, ink),)


def _figure_name(row: FigureRow, _: Instant) -> Spans:
    return ((row.figure.name, Ink.STRONG),)


def _figure_service(row: FigureRow, _: Instant) -> Spans:
    return _plain(row.figure.service) if row.figure.service else (("all", Ink.MUTED),)


def _figure_value(row: FigureRow, _: Instant) -> Spans:
    missed = row.figure.verdict is Verdict.MISSED
    return _plain(row.value, Ink.FIRING if missed else Ink.PLAIN)


def _figure_verdict(row: FigureRow, _: Instant) -> Spans:
    figure = row.figure
    if figure.above is None and figure.below is None and figure.value is not None:
        return _NOTHING  # it is only told
    word = figure.verdict.upper() if figure.verdict is Verdict.MISSED else figure.verdict
    return ((word, VERDICT_INKS[figure.verdict]),)


def _figure_source(row: FigureRow, _: Instant) -> Spans:
    figure = row.figure
    return _plain(figure.source, Ink.MUTED) if figure.source else _plain(figure.why_not, Ink.MUTED)


# Noise


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
    return _plain(count_text(row.noise.acked) if row.noise.acked else "")


def _noise_incidents(row: NoiseRow, _: Instant) -> Spans:
    return _plain(str(len(row.noise.incidents)) if row.noise.incidents else "", Ink.WARNING)


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


def response_pieces(responses: Sequence[Response], before: Sequence[Response]) -> Sequence[Spans]:
    """How the alerts of all priorities together were answered."""
    if not responses or not responses[0].count:
        return ((("no alert fired on these days", Ink.MUTED),),)
    one = responses[0]
    was = before[0] if before else Response(None)
    late = one.late_acks + one.late_ends
    taken = f"{mean_text(one.mtta_s, one.mtta_of)} of {count_text(one.count - one.untold)}"
    over = mean_text(one.mttr_s, one.mttr_of)
    return (
        ((f"MTTA {taken}{_was(was.mtta_s)}", Ink.MUTED),),
        ((f"MTTR {over}{_was(was.mttr_s)}", Ink.MUTED),),
        ((f"{count_text(late)} late", Ink.WARNING if late else Ink.MUTED),),
    )


def mean_text(mean_s: float | None, of: int) -> str:
    """`2h16m over 21`: a mean says of how many it is one."""
    shown = NONE if mean_s is None else seconds_cell(mean_s)
    return f"{shown} over {count_text(of)}"


def _was(before_s: float | None) -> str:
    return "" if before_s is None else f" (was {seconds_cell(before_s)})"


# Incidents and changes


@dataclass(frozen=True, eq=False)
class DocumentRow:
    """An incident or a change."""

    line: IncidentLine | ChangeLine
    zone: tzinfo

    @property
    def key(self) -> str:
        """Its id."""
        return self.line.id

    @property
    def severity(self) -> Priority | None:
        """Of an incident."""
        return self.line.severity if isinstance(self.line, IncidentLine) else None


def document_rows(week: Week) -> tuple[DocumentRow, ...]:
    """All of them, the latest first."""
    zone = local_zone(week.zone)
    lines: list[IncidentLine | ChangeLine] = [*week.incidents, *week.changes]

    def begun(line: IncidentLine | ChangeLine) -> datetime:
        return line.start or week.start

    return tuple(DocumentRow(one, zone) for one in sorted(lines, key=begun, reverse=True))


def document_columns() -> tuple[Column[DocumentRow], ...]:
    """The columns of incidents and changes."""
    return (
        Column("WHEN", _document_when, width=12, priority=97, align="right"),
        Column("FOR", _document_for, width=6, priority=80, align="right"),
        Column("P", _document_severity, width=2, priority=90),
        Column("STATE", _document_state, width=11, priority=92),
        Column("ID", lambda row, _: ((row.line.id, Ink.MUTED),), width=16, priority=88),
        Column("TITLE", lambda row, _: ((row.line.title, Ink.STRONG),), width=18, flex=3,
               priority=99),
        Column("SERVICES", _document_services, width=12, flex=2, most=48, priority=60),
    )  # fmt: skip


def _document_when(row: DocumentRow, _: Instant) -> Spans:
    start = row.line.start
    return _NOTHING if start is None else ((local_text(start, row.zone), Ink.PLAIN),)


def _document_for(row: DocumentRow, now: Instant) -> Spans:
    line = row.line
    if line.start is None or (isinstance(line, ChangeLine) and line.is_planned):
        return _NOTHING
    end = line.end or now.wall
    ink = Ink.PLAIN if line.end is not None else Ink.WARNING
    return ((seconds_cell(max(0.0, (end - line.start).total_seconds())), ink),)


def _document_severity(row: DocumentRow, _: Instant) -> Spans:
    if isinstance(row.line, ChangeLine):
        return _NOTHING
    severity = row.severity
    if severity is None:
        return (("?", Ink.UNKNOWN),)
    return ((str(severity), PRIORITY_INKS[severity]),)


def _document_state(row: DocumentRow, _: Instant) -> Spans:
    state = row.line.state
    if isinstance(row.line, ChangeLine) and row.line.is_planned:
        return (("planned", Ink.MUTED),)
    word = "post-mortem" if state is IncidentState.POST_MORTEM_DUE else state.value
    return ((word, Ink.FIRING if state is IncidentState.OPEN else Ink.PLAIN),)


def _document_services(row: DocumentRow, _: Instant) -> Spans:
    return _plain(visible(", ".join(row.line.services), cells=200), Ink.MUTED)
