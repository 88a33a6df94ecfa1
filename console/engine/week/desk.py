"""Reports of what is remembered: gathered from history, Prometheus and the journal, and made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.history import KPIS, OBJECTIVES, Form, KnownFrom, entries_of
from config.load import Loaded
from console.engine.week.answers import OBJECTIVES_S, Answers
from console.engine.week.inspecting import day_of, inspection_of
from console.engine.week.last import keep_last
from console.engine.week.making import Made, Making
from console.engine.week.servers import Servers
from console.engine.week.written import by_hand, observation_of, written_of
from console.journal.language import Language, language_of
from console.model.acting import Ended, Outcome
from console.model.daily import AnyReport, Daily, Inspection, Kpi
from console.model.history import Bout, Observed
from console.model.paper_wish import KeepReport
from console.model.remembering import Remembering
from console.model.summary import Slot, Week
from console.model.wish import SendReport
from console.reports.days import before, hour_edges, moments, window_of
from console.reports.exclusions import exclusions_of
from console.reports.material import Material, Window
from console.safety.clock import Clock
from console.safety.text import Raw
from console.safety.whereabouts import whereabouts

if TYPE_CHECKING:
    from console.engine.acting import ActingDesk
    from console.engine.papers import PapersDesk
    from console.engine.week.present import Present
    from console.engine.week.timely import Deadline


MOST_DAYS = 92
"""That one report is about."""


class WeekDesk:
    """The one place at which the past is asked about. All of it on the engine's loop."""

    def __init__(
        self,
        *,
        clock: Clock,
        folder: Callable[[], Path | None],
        loaded: Callable[[], Loaded],
        servers: Servers,
        papers: Callable[[], PapersDesk],
        acting: Callable[[], ActingDesk],
        standing: Callable[[], Remembering],
        present: Callable[[], Awaitable[Present]],
    ) -> None:
        """
        Args:
            folder: where the history file is; `None`: nothing is kept.
            standing: how the memory stands.
            present: what is known of the present alone; empty where nobody has looked.
        """
        self._clock = clock
        self._folder = folder
        self._loaded = loaded
        self._answers = Answers(servers, loaded, clock)
        self._making = Making(self._answers, folder)
        self._papers = papers
        self._acting = acting
        self._standing = standing
        self._present = present
        self._one_at_a_time = asyncio.Lock()

    @property
    def standing(self) -> Remembering:
        """How the memory stands now."""
        return self._standing()

    @property
    def today(self) -> date:
        """The local day that it is in the zone of `rota`."""
        return day_of(self._loaded().settings, self._clock.now().wall)

    def reload(self) -> None:
        """The settings are other ones now."""
        self._answers.forget()

    # Reports.

    async def week(
        self, end: date | None = None, days: int = 7, source: KnownFrom | None = None
    ) -> Week | str:
        """The summary of the `days` local days up to and with `end`, today where it is `None`.

        A text: why there is none, safe to show.
        """
        from console.reports.week import week_of

        made = await self._report(week_of, end, days, source)
        if isinstance(made, Week) and end in (None, self.today) and days == 7:
            folder = self._folder()
            if folder is not None:
                await asyncio.to_thread(keep_last, folder, made)
        return made

    async def daily(self, day: date | None = None, source: KnownFrom | None = None) -> Daily | str:
        """The report of one day, today where it is `None`."""
        from console.reports.daily import daily_of

        return await self._report(daily_of, day, 1, source)

    async def kpi(
        self, end: date | None = None, days: int = 7, source: KnownFrom | None = None
    ) -> Kpi | str:
        """The key figures of the `days` days up to and with `end`."""
        from console.reports.kpi import kpi_of

        return await self._report(kpi_of, end, days, source)

    async def hours(self, service: str, day: date) -> tuple[Slot, ...] | str:
        """One service by hours of a local day; those that have not begun are left out."""
        from console.reports.seen import slots_of

        def made(material: Material) -> tuple[Slot, ...]:
            edges = hour_edges(day, material.window.zone, material.now)
            found = (one for one in material.observed() if one.service == service)
            return slots_of(next(found, Observed(service, ())), edges, material)

        return await self._report(made, day, 1, None)

    async def bouts(
        self, first: date, last: date, service: str = "", alert: Raw | None = None
    ) -> tuple[Bout, ...] | str:
        """The episodes of some days, of one service or one alert where that is given."""

        from console.reports.bouts import merged

        def made(material: Material) -> tuple[Bout, ...]:
            return tuple(
                one
                for one in merged(material.bouts)
                if (not service or one.service == service) and (alert is None or one.alert == alert)
            )

        return await self._report(made, last, (last - first).days + 1, None)

    async def inspection(self, day: date | None = None) -> Inspection | str:
        """The inspection of a day with its ticks as the journal has them, today's for `None`."""
        from console.journal.errors import JournalFault

        wanted = day or self.today
        ticks = await self._papers().inspections.of_day(wanted)
        if isinstance(ticks, JournalFault):
            return str(ticks)
        return inspection_of(self._loaded().settings, wanted, ticks)

    # What becomes of them.

    @property
    def language(self) -> Language:
        """In which reports are written."""
        return language_of(self._loaded().settings.language) or Language.ENGLISH

    async def keep(self, report: AnyReport, language: Language | None = None) -> Outcome:
        """Archive it in the journal: Markdown, JSON and HTML, short and detailed in one."""
        from console.reports.files import files_of
        from console.reports.titles import title_of

        spoken = language or self.language
        files = await asyncio.to_thread(files_of, report, spoken)
        return await self._acting().submit(KeepReport(title_of(report, spoken), files))

    async def shown(self, report: AnyReport, form: Form, language: Language | None = None) -> str:
        """Its Markdown, as it is kept."""
        from console.reports.markdown import markdown_of

        return await asyncio.to_thread(markdown_of, report, form, language or self.language)

    async def sent_text(
        self, report: AnyReport, webhook: str, language: Language | None = None
    ) -> str | Outcome:
        """What `send` would send to the chat of that name; an outcome: why nothing."""
        from console.reports.chat import chat_text

        entry = next(
            (one for one in self._loaded().settings.summary.webhooks if one.name == webhook), None
        )
        if entry is None:
            return Outcome(
                Ended.DENIED,
                "the settings have no webhook of that name",
                ("name one under summary.webhooks",),
            )
        return await asyncio.to_thread(chat_text, report, entry.form, language or self.language)

    async def send(
        self, report: AnyReport, webhook: str, language: Language | None = None
    ) -> Outcome:
        """Send it to the chat of that name, in the form that its settings name."""
        from console.reports.titles import title_of

        text = await self.sent_text(report, webhook, language)
        if isinstance(text, Outcome):
            return text
        title = title_of(report, language or self.language)
        return await self._acting().submit(SendReport(webhook, title, text))

    # How they are made.

    async def _report(
        self,
        make: Callable[[Material], Made],
        end: date | None,
        days: int,
        source: KnownFrom | None,
    ) -> Made | str:
        today = self.today
        last = end or today
        if last > today:
            return f"{last} has not begun: there is nothing to tell of it"
        if not 1 <= days <= MOST_DAYS:
            return f"a report is about 1 to {MOST_DAYS} days, not {days}"
        settings = self._loaded().settings
        try:
            window = window_of(last - timedelta(days=days - 1), last, settings.rota.zone)
        except OverflowError:
            return f"there are no {days} days before {last}"
        async with self._one_at_a_time:
            try:
                deadline = self._answers.deadline()
                material = await self._material(window, deadline)
                wanted = source or settings.summary.source
                return await self._making.made(make, material, wanted, deadline)
            except Exception as error:  # a bug of ours costs this report, and says so
                return (
                    f"it could not be made: a fault inside the console ({whereabouts(error)}); "
                    "what was made before stands. Report it with this line"
                )

    async def _material(self, window: Window, deadline: Deadline) -> Material:
        """All but what history and Prometheus have of services and alerts."""
        loaded, now = self._loaded(), self._clock.now().wall
        settings = loaded.settings
        start, end = moments(window, now)
        earlier = before(window)
        written = await written_of(self._papers(), loaded, earlier.first, window.last, start, end)
        objectives = entries_of(settings.summary.objectives, OBJECTIVES)
        kpis = entries_of(settings.summary.kpis, KPIS)
        entries = (*objectives, *kpis)
        asked_until = deadline.part(OBJECTIVES_S)
        is_today = window.first == window.last == self.today
        return Material(
            environment=settings.environment,
            window=window,
            now=now,
            services=loaded.registry.services,
            observed=tuple,
            observed_before=tuple,
            least_coverage=settings.summary.coverage / 100,
            target=_share(settings.summary.availability),
            objectives=objectives,
            kpis=kpis,
            measured=(
                *await self._answers.measured(entries, window, asked_until),
                *by_hand(entries, written.inspections, window.first, window.last),
            ),
            measured_before=(
                *await self._answers.measured(entries, earlier, asked_until),
                *by_hand((), written.inspections, earlier.first, earlier.last),
            ),
            incidents=written.incidents,
            changes=written.changes,
            nags=written.nags,
            calendar=written.calendar,
            exclusions=exclusions_of(
                settings.summary.maintenance,
                (one for one in written.changes if one.id not in written.faulty),
                settings.environment,
                moments(earlier, now)[0],
                end,
            ),
            steps=written.steps,
            inspection=written.inspection(window.last),
            observation=observation_of(settings),
            present=await self._present() if is_today else (),
            notices=written.notices,
        )


def _share(percent: float | None) -> float | None:
    # Without what binary fractions add: 99.9 % is 0.999.
    return None if percent is None else round(percent / 100, 9)
