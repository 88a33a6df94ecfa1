"""The rows of one week: all of them, and those that the filter and the switches leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.model.summary import Verdict, Week
from console.triage.filter import Filter
from console.triage.filter_summary import (
    facts_of_document,
    facts_of_figure,
    facts_of_noise,
    facts_of_service,
)
from screens.summary_documents import document_rows
from screens.summary_noise import NoiseRow
from screens.summary_parts import FigureRow, Part, figure_rows
from screens.summary_rows import ServiceRow, Sort, all_row, has_missed, rows_of


class KeptRows:
    """Made anew for each week; the switches stay as they are."""

    def __init__(self) -> None:
        self.sort = Sort()
        self.only_missed = False
        self.with_unmeasured = False
        self.all: dict[Part, tuple[Any, ...]] = dict.fromkeys(Part, ())
        """All rows there are, by part."""
        self._together: tuple[ServiceRow, ...] = ()

    def take(self, week: Week | None) -> None:
        """Make the rows of `week`; none where there is none."""
        if week is None:
            self.all = dict.fromkeys(Part, ())
            return
        self.all = {
            Part.SERVICES: rows_of(week),
            Part.OBJECTIVES: figure_rows(week),
            Part.NOISE: tuple(NoiseRow(one) for one in week.noise),
            Part.DOCUMENTS: document_rows(week),
        }
        self._together = (all_row(week),)

    def of(self, part: Part, wanted: Filter) -> tuple[Any, ...]:
        """The rows of a part that are left, in their order."""
        rows = self.all[part]
        if part is Part.SERVICES:
            return self._services(wanted)
        if part is Part.OBJECTIVES:
            return tuple(one for one in rows if self._is_shown(one, wanted))
        if not wanted:
            return rows
        facts: Callable[[Any], Any] = _facts_of_noise if part is Part.NOISE else _facts_of_line
        return tuple(one for one in rows if wanted.matches_facts(facts(one)))

    @property
    def measured(self) -> int:
        """How many objectives somebody measures."""
        return sum(
            one.figure.verdict is not Verdict.NOT_MEASURED for one in self.all[Part.OBJECTIVES]
        )

    @property
    def unmeasured(self) -> int:
        """How many objectives have neither verdict nor value."""
        return sum(map(_is_unmeasured, self.all[Part.OBJECTIVES]))

    def _services(self, wanted: Filter) -> tuple[ServiceRow, ...]:
        rows: tuple[ServiceRow, ...] = self.all[Part.SERVICES]
        left = [
            one
            for one in rows
            if (not self.only_missed or has_missed(one))
            and (not wanted or wanted.matches_facts(facts_of_service(one.service)))
        ]
        together = () if wanted or self.only_missed or not rows else self._together
        return (*together, *self.sort.sorted(left))

    def _is_shown(self, row: FigureRow, wanted: Filter) -> bool:
        if _is_unmeasured(row) and not self.with_unmeasured:
            return False
        if self.only_missed and row.figure.verdict is not Verdict.MISSED:
            return False
        return not wanted or wanted.matches_facts(facts_of_figure(row.figure))


def _is_unmeasured(row: FigureRow) -> bool:
    return row.figure.verdict is Verdict.NOT_MEASURED and row.figure.value is None
