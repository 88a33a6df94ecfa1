"""The other lists of the seven days, and the objectives as rows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.model.summary import Figure, Response, Verdict, Week
from console.model.words import count_text
from console.reports.judged import all_figures
from console.reports.telling import Telling
from console.safety.clock import Instant
from screens.summary_words import (
    NONE,
    VERDICT_INKS,
    before_text,
    plain,
    seconds_cell,
    target_text,
    telling_of,
    value_cell,
)
from widgets.columns import Column
from widgets.paint import Span, Spans
from widgets.theme import Ink

_NOTHING: Final[Spans] = ((NONE, Ink.MUTED),)


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
    rows = [_figure_row(one, telling) for one in all_figures(week)]
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
        Column("TARGET", lambda row, _: plain(row.target), width=9, priority=95, align="right"),
        Column("VERDICT", _figure_verdict, width=15, priority=97),
        Column("BEFORE", lambda row, _: plain(row.before), width=9, priority=80, align="right"),
        Column("SOURCE", _figure_source, width=10, flex=2, most=60, priority=70),
    )


def _figure_name(row: FigureRow, _: Instant) -> Spans:
    return ((row.figure.name, Ink.STRONG),)


def _figure_service(row: FigureRow, _: Instant) -> Spans:
    return plain(row.figure.service) if row.figure.service else (("all", Ink.MUTED),)


def _figure_value(row: FigureRow, _: Instant) -> Spans:
    missed = row.figure.verdict is Verdict.MISSED
    return plain(row.value, Ink.FIRING if missed else Ink.PLAIN)


def _figure_verdict(row: FigureRow, _: Instant) -> Spans:
    figure = row.figure
    if figure.above is None and figure.below is None and figure.value is not None:
        return _NOTHING  # it is only told
    word = figure.verdict.upper() if figure.verdict is Verdict.MISSED else figure.verdict
    return ((word, VERDICT_INKS[figure.verdict]),)


def _figure_source(row: FigureRow, _: Instant) -> Spans:
    figure = row.figure
    return plain(figure.source, Ink.MUTED) if figure.source else plain(figure.why_not, Ink.MUTED)


# Noise


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
