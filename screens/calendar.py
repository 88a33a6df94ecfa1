"""The calendar: what may be changed when, for the next two weeks."""

from __future__ import annotations

from typing import ClassVar

from config.rota import zone_of
from console.model.action import Action
from console.model.update import Update
from console.safety.clock import Instant
from screens.calendar_lines import View, calendar_parts, calendar_text
from screens.document import DocumentFrame


class CalendarScreen(DocumentFrame):
    """A document of days in the zone of the rota; what holds now stands in front."""

    word: ClassVar[str] = "calendar"

    def __init__(self) -> None:
        super().__init__()
        self._minute: int | None = None

    def show_body(self, update: Update) -> None:
        self._minute = self._minute_of(self.console_app.clock.now())
        self.detail.show(calendar_parts(self._calendar(update)), subject="calendar")

    def _calendar(self, update: Update) -> View:
        settings = self.console_app.opened.loaded.settings
        now = self.console_app.clock.now().wall
        return View(update.papers, now, zone_of(settings.rota.zone), settings.environment)

    def _minute_of(self, now: Instant) -> int:
        return int(now.wall.timestamp() // 60)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        # Nothing in it is told by the second.
        if self.console_app.fresh is not None and self._minute_of(now) != self._minute:
            self.show_body(self.console_app.fresh)

    def why_not(self, action: Action) -> str:
        if action.id == "row.copy" and self.console_app.fresh is None:
            return "nothing is known yet"
        return ""

    def do_row_copy(self) -> None:
        update = self.console_app.fresh
        if update is not None:
            text = calendar_text(self._calendar(update))
            self.console_app.copy(text, "the calendar", lines=True)
