"""A report made of what the history file and Prometheus know of its days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from config.history import KnownFrom
from console.engine.week.answers import Answers
from console.engine.week.memory_read import (
    NOTHING,
    FromPrometheus,
    Span,
    bouts_of,
    endings_of,
    gaps_of,
    look_at,
    reading,
    recorders_of,
    share_known,
)
from console.history.fault import HistoryError
from console.model.history import HISTORY
from console.model.saying import Saying, saying, verbatim
from console.reports.bouts import sources_of
from console.reports.days import before, moments
from console.reports.material import Material, Window

Made = TypeVar("Made")


class Making:
    """How those of one engine are made. All of it on its loop."""

    def __init__(self, answers: Answers, folder: Callable[[], Path | None]) -> None:
        """`folder`: where the history file is; `None`: nothing is kept."""
        self._answers = answers
        self._folder = folder

    async def made(
        self, make: Callable[[Material], Made], material: Material, source: KnownFrom
    ) -> Made | str:
        """What `make` makes of `material` with all that is known of its days.

        Args:
            source: from where alone; `auto`: of each service, from where more of it is known.

        A text: why there is none, safe to show.
        """
        window = material.window
        span, earlier = self._span(window, material.now), self._span(before(window), material.now)
        folder = None if source == "prometheus" else self._folder()
        told = told_before = NOTHING
        notices: tuple[Saying, ...] = ()
        try:
            if await self._needs_prometheus(source, folder, span, material):
                told, told_before, notices = await self._told(window)
            return await asyncio.to_thread(
                _made, make, material, folder, (span, told), (earlier, told_before), notices
            )
        except HistoryError as error:
            if source == "history":
                return str(error)
            # What the file cannot tell, Prometheus may.
            told, told_before, notices = await self._told(window)
            said = (saying("history is not read: {why}", why=str(error)), *notices)
            return await asyncio.to_thread(
                _made, make, material, None, (span, told), (earlier, told_before), said
            )

    async def _told(
        self, window: Window
    ) -> tuple[FromPrometheus, FromPrometheus, tuple[Saying, ...]]:
        """What Prometheus has of these days and of those before, and what is to be said of it."""
        told, notices = await self._answers.about(window)
        if told.is_silent:
            return told, NOTHING, notices
        told_before, more = await self._answers.about(before(window))
        return told, told_before, (*notices, *more)

    async def _needs_prometheus(
        self, source: KnownFrom, folder: Path | None, span: Span, material: Material
    ) -> bool:
        if source != "auto":
            return source == "prometheus"
        if not self._answers.can_be_had:
            return False
        services = tuple(one.name for one in material.services)
        share = await asyncio.to_thread(_share_known, folder, span, services)
        return share < material.least_coverage

    @staticmethod
    def _span(window: Window, now: datetime) -> Span:
        return Span(*moments(window, now))


def _share_known(folder: Path | None, span: Span, services: tuple[str, ...]) -> float:
    with reading(folder) as reader:
        return share_known(reader, span, services)


def _made(
    make: Callable[[Material], Made],
    material: Material,
    folder: Path | None,
    window: tuple[Span, FromPrometheus],
    earlier: tuple[Span, FromPrometheus],
    notices: tuple[Saying, ...],
) -> Made:
    """In a thread: the file is read service by service while the report is made.

    Raises:
        HistoryError: it cannot be read.
    """
    span, told = window
    span_before, told_before = earlier
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
