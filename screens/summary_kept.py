"""The rows of one week: all of them, and those that the filter and the switches leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from console.model.summary import Verdict, Week
from console.triage.filter import Filter
from console.triage.filter_facts import Facts
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
        self.is_made = False
        """That there is no row is so: they were made without a fault."""
        self._together: tuple[ServiceRow, ...] = ()

    def take(self, week: Week | None) -> None:
        """Make the rows of `week`; none where there is none."""
        self.all, self.is_made = dict.fromkeys(Part, ()), False
        if week is None:
            return
        self.all = {
            Part.SERVICES: rows_of(week),
            Part.OBJECTIVES: figure_rows(week),
            Part.NOISE: tuple(NoiseRow(one) for one in week.noise),
            Part.DOCUMENTS: document_rows(week),
        }
        self._together = (all_row(week),)
        self.is_made = True

    def of(self, part: Part, wanted: Filter) -> tuple[Any, ...]:
        """The rows of a part that are left, in their order."""
        facts = _FACTS[part]
        left = [one for one in self.all[part] if not wanted or wanted.matches_facts(facts(one))]
        if part is Part.SERVICES:
            if self.only_missed:
                left = list(filter(has_missed, left))
            together = () if wanted or self.only_missed or not left else self._together
            return (*together, *self.sort.sorted(left))
        if part is Part.OBJECTIVES:
            return tuple(filter(self._is_shown, left))
        return tuple(left)

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

    def _is_shown(self, row: FigureRow) -> bool:
        if _is_unmeasured(row) and not self.with_unmeasured:
            return False
        return not self.only_missed or row.figure.verdict is Verdict.MISSED


def _is_unmeasured(row: FigureRow) -> bool:
    return row.figure.verdict is Verdict.NOT_MEASURED and row.figure.value is None


_FACTS: Final[dict[Part, Callable[[Any], Facts]]] = {
    Part.SERVICES: lambda row: facts_of_service(row.service),
    Part.OBJECTIVES: lambda row: facts_of_figure(row.figure),
    Part.NOISE: lambda row: facts_of_noise(row.noise),
    Part.DOCUMENTS: lambda row: facts_of_document(row.line),
}
