"""The daily inspections that the journal has, and what the worklist says of today's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

from config.load import Loaded
from console.journal.bench import Bench
from console.journal.errors import JournalFault, unreadable
from console.model.daily import Tick
from console.model.nag import Nag
from console.model.papers import BrokenPaper
from console.safety.clock import Clock


class Inspections:
    """Those of one journal. All of it on the engine's loop."""

    def __init__(
        self,
        loaded: Callable[[], Loaded],
        clock: Clock,
        is_there: Callable[[], bool],
        bench: Callable[[], Awaitable[Bench | JournalFault]],
    ) -> None:
        """
        Args:
            is_there: whether there is a journal already; to ask for its `bench` makes one.
        """
        self._loaded = loaded
        self._clock = clock
        self._is_there = is_there
        self._bench = bench
        self._reminder: Nag | None = None

    @property
    def reminder(self) -> Nag | None:
        """What the worklist says of today's; `None`: nothing is left of it, or nobody wants to be
        reminded."""
        return self._reminder

    async def look(self) -> bool:
        """Read today's again; whether the reminder is another one now."""
        settings = self._loaded().settings
        reminder: Nag | None = None
        if settings.summary.inspection.remind:
            # Late: few are reminded.
            from console.engine.week.inspecting import day_of, inspection_of, reminder_of

            day = day_of(settings, self._clock.now().wall)
            ticks = await self.of_day(day)
            unread = ticks.cause if isinstance(ticks, JournalFault) else ""
            known = () if isinstance(ticks, JournalFault) else ticks
            reminder = reminder_of(settings, inspection_of(settings, day, known), unread)
        changed, self._reminder = reminder != self._reminder, reminder
        return changed

    async def of_day(self, day: date) -> tuple[Tick, ...] | JournalFault:
        """Every tick of the inspection of `day`; none where nobody has begun."""
        told = await self.of_days(day, day)
        return told if isinstance(told, JournalFault) else told[0][1]

    async def of_days(
        self, first: date, last: date
    ) -> tuple[tuple[date, tuple[Tick, ...]], ...] | JournalFault:
        """The same of all days from `first` to `last`, each with its day, in order.

        A fault where the file of one of them cannot be read.
        """
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        if not self._is_there():
            return tuple((day, ()) for day in days)
        bench = await self._bench()
        if isinstance(bench, JournalFault):
            return bench
        found: dict[date, tuple[Tick, ...]] = {}
        for one in await bench.library.inspections(days):
            if isinstance(one, BrokenPaper):
                return unreadable(one)
            found[one.day] = one.ticks
        return tuple((day, found.get(day, ())) for day in days)
