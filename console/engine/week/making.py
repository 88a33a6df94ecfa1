"""A report made of what the history file and Prometheus know of its days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from config.history import KnownFrom
from console.engine.week.answers import Answers
from console.engine.week.memory_read import (
    NOTHING,
    FromPrometheus,
    Span,
    bouts_of,
    covered,
    endings_of,
    gaps_of,
    look_at,
    reading,
    recorders_of,
)
from console.history.fault import HistoryError
from console.model.history import HISTORY
from console.model.saying import Saying, saying, verbatim
from console.reports.bouts import sources_of
from console.reports.days import before, moments
from console.reports.material import Material, Window

if TYPE_CHECKING:
    from console.engine.week.timely import Deadline

Made = TypeVar("Made")

Covered = frozenset[str] | None
"""The services that Prometheus need not tell of; `None`: it need not be asked."""


class Making:
    """How those of one engine are made. All of it on its loop."""

    def __init__(self, answers: Answers, folder: Callable[[], Path | None]) -> None:
        """`folder`: where the history file is; `None`: nothing is kept."""
        self._answers = answers
        self._folder = folder

    async def made(
        self,
        make: Callable[[Material], Made],
        material: Material,
        source: KnownFrom,
        deadline: Deadline,
    ) -> Made | str:
        """What `make` makes of `material` with all that is known of its days.

        Args:
            source: from where alone; `auto`: from history, its gaps from Prometheus.
            deadline: until when Prometheus is asked.

        A text: why there is none, safe to show.
        """
        window = material.window
        spans = self._span(window, material.now), self._span(before(window), material.now)
        folder = None if source == "prometheus" else self._folder()
        said: tuple[Saying, ...] = ()
        try:
            lacks = await self._lacks(source, folder, spans, material)
            told, notices = await self._told(window, lacks, deadline)
            return await asyncio.to_thread(
                _made, make, material, folder, tuple(zip(spans, told, strict=True)), notices
            )
        except HistoryError as error:
            if source == "history":
                return str(error)
            said = (saying("history is not read: {why}", why=str(error)),)
        # What the file cannot tell, Prometheus may.
        told, notices = await self._told(window, (frozenset(), frozenset()), deadline)
        return await asyncio.to_thread(
            _made, make, material, None, tuple(zip(spans, told, strict=True)), (*said, *notices)
        )

    async def _told(
        self, window: Window, lacks: tuple[Covered, Covered], deadline: Deadline
    ) -> tuple[tuple[FromPrometheus, FromPrometheus], tuple[Saying, ...]]:
        """What Prometheus has of these days and of those before, and what is to be said of it."""
        found = []
        notices: tuple[Saying, ...] = ()
        is_silent = False
        for days, covered_there in zip((window, before(window)), lacks, strict=True):
            if covered_there is None or is_silent:
                found.append(NOTHING)
                continue
            told, more = await self._answers.about(days, deadline, covered_there)
            is_silent = told.is_silent
            found.append(told)
            notices = tuple(dict.fromkeys((*notices, *more)))
        return (found[0], found[1]), notices

    async def _lacks(
        self,
        source: KnownFrom,
        folder: Path | None,
        spans: tuple[Span, Span],
        material: Material,
    ) -> tuple[Covered, Covered]:
        """Of either time what history covers, where it lacks something that is worth asking for."""
        if source == "prometheus":
            return frozenset(), frozenset()
        if source == "history" or not self._answers.can_be_had:
            return None, None
        wanted = frozenset(one.name for one in material.services)
        return await asyncio.to_thread(_lacking, folder, spans, wanted)

    @staticmethod
    def _span(window: Window, now: datetime) -> Span:
        return Span(*moments(window, now))


def _lacking(
    folder: Path | None, spans: tuple[Span, Span], wanted: frozenset[str]
) -> tuple[Covered, Covered]:
    with reading(folder) as reader:
        return covered(reader, spans[0], wanted), covered(reader, spans[1], wanted)


def _made(
    make: Callable[[Material], Made],
    material: Material,
    folder: Path | None,
    told_of: tuple[tuple[Span, FromPrometheus], ...],
    notices: tuple[Saying, ...],
) -> Made:
    """In a thread: the file is read service by service while the report is made.

    Args:
        told_of: the window, and the one before it.

    Raises:
        HistoryError: it cannot be read.
    """
    (span, told), (span_before, told_before) = told_of
    with reading(folder) as reader:
        own = () if reader is None else reader.recordings(span.start_ms, span.end_ms)
        recorders = recorders_of(own)
        prometheus = sorted({one.source for one in told.observed.values() if one.source})
        bouts = bouts_of(reader, told, span)
        bouts_before = bouts_of(reader, told_before, span_before)
        fired = sorted({each for one in bouts for each in sources_of(one)} - {HISTORY})
        gaps = gaps_of(reader, told, span)
        damage = () if reader is None else reader.notices
        return make(
            msgspec.structs.replace(
                material,
                observed=look_at(reader, told, span),
                observed_before=look_at(reader, told_before, span_before),
                bouts=bouts,
                bouts_before=bouts_before,
                gaps=gaps,
                sources=(
                    *material.sources,
                    *(() if recorders is None else (recorders,)),
                    *map(verbatim, prometheus),
                    *(verbatim(f"{one}: ALERTS") for one in fired),
                ),
                notices=tuple(
                    dict.fromkeys((*material.notices, *damage, *endings_of(own, span), *notices))
                ),
            )
        )
