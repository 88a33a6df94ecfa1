"""One service over the seven days: every hour, its outages, episodes, latencies and sources."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from console.model.action import Action
from console.model.history import Bout
from console.model.summary import ServiceWeek, Slot, Week
from console.model.update import Update
from console.model.worklist import Row
from console.safety.clock import Instant
from console.safety.text import visible
from screens.acting import NOT_UP
from screens.service_week_parts import Known, copied, service_parts
from screens.summary_asking import Weeks
from screens.summary_deeds import SummaryDeeds
from widgets.detail import Detail, SpanLine
from widgets.theme import Ink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from console.engine.engine import Engine


class ServiceWeekScreen(SummaryDeeds):
    """A document of one service; hours and episodes come as they are known."""

    word: ClassVar[str] = "service-week"

    def __init__(self, service: str, weeks: Weeks) -> None:
        super().__init__()
        self._service = service
        self._weeks = weeks
        self._asked_for: Week | None = None
        self._hours: Mapping[date, tuple[Slot, ...] | str] = {}
        self._bouts: tuple[Bout, ...] | str | None = None

    @property
    def weeks(self) -> Weeks:
        return self._weeks

    @property
    def service(self) -> ServiceWeek | None:
        """As the latest summary has it; `None`: it has it no more."""
        week = self._weeks.week
        found = () if week is None else week.services
        return next((one for one in found if one.service == self._service), None)

    def body(self) -> Iterable[Widget]:
        self.detail = Detail(id="service-week")
        yield self.detail

    def on_mount(self) -> None:
        self.detail.focus()
        self._weeks.listeners.append(self._changed)
        self._changed()

    def on_unmount(self) -> None:
        self._weeks.listeners.remove(self._changed)

    def _changed(self) -> None:
        week = self._weeks.week
        if week is not None and week is not self._asked_for:
            other = self._asked_for is None or self._asked_for.last != week.last
            self._asked_for = week
            if other:
                self._hours, self._bouts = {}, None
            self.run_worker(self._ask(week), exit_on_error=False, group="hours", exclusive=True)
        self._draw()

    async def _ask(self, week: Week) -> None:
        name = self._service

        async def bouts(engine: Engine) -> tuple[Bout, ...] | str:
            return await engine.week.bouts(week.first, week.last, name)

        days = [date.fromordinal(week.first.toordinal() + number) for number in range(week.days)]
        engine = self.console_app.engine
        future = engine.ask(bouts)
        self._bouts = NOT_UP if future is None else await asyncio.wrap_future(future)
        for day in reversed(days):
            hours = engine.ask(partial(_hours_of, name, day))
            answer = NOT_UP if hours is None else await asyncio.wrap_future(hours)
            self._hours = {**self._hours, day: answer}
            self._draw()

    def _draw(self) -> None:
        if not self.is_made:
            return
        week, service = self._weeks.week, self.service
        if week is None or service is None:
            shown = visible(self._service, cells=60)
            said = f"{shown} is not in the summary of these days"
            self.detail.show((SpanLine(((said, Ink.WARNING),)),), subject=self._service)
            return
        known = Known(self._hours, self._bouts, self._weeks.age(self.console_app.clock.now()))
        parts = service_parts(service, week, known, self.detail.glyphs)
        self.detail.show(tuple(parts), subject=f"{self._service} {week.last}")

    def show_body(self, update: Update) -> None:
        self._draw()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self._weeks.tick(now)

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def why_not(self, action: Action) -> str:
        if action.id == "row.copy" and self.service is None:
            return "nothing is known of it"
        return super().why_not(action)

    def do_row_copy(self) -> None:
        """Its figures and queries as plain text."""
        week, service = self._weeks.week, self.service
        if week is not None and service is not None:
            self.console_app.copy(copied(service, week), "figures and queries", lines=True)


async def _hours_of(service: str, day: date, engine: Engine) -> tuple[Slot, ...] | str:
    return await engine.week.hours(service, day)
