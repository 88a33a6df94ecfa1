"""The calendar: what may be changed when, for the next two weeks."""

from __future__ import annotations

from typing import ClassVar

from config.rota import zone_of
from console.model.action import Action
from console.model.papers import Papers
from console.model.update import Update
from console.safety.clock import Instant
from screens.calendar_lines import View, calendar_parts, calendar_text
from screens.document import DocumentFrame


class CalendarScreen(DocumentFrame):
    """A document of days in the zone of the rota; what holds now stands in front."""

    word: ClassVar[str] = "calendar"

    def __init__(self) -> None:
        super().__init__()
        self._drawn: tuple[Papers, int] | None = None
        """What the document was made of, and in which minute: nothing in it is told by the
        second, and laying out two weeks of schedules takes its time."""

    def show_body(self, update: Update) -> None:
        now = self.console_app.clock.now()
        made_of = (update.papers, int(now.wall.timestamp() // 60))
        if made_of != self._drawn:
            self._drawn = made_of
            self.detail.show(calendar_parts(self._calendar(update, now)), subject="calendar")

    def _calendar(self, update: Update, now: Instant) -> View:
        settings = self.console_app.opened.loaded.settings
        zone = zone_of(settings.rota.zone)
        return View(update.papers, now.wall, zone, settings.environment)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        if self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)

    def why_not(self, action: Action) -> str:
        if action.id == "row.copy" and self.console_app.fresh is None:
            return "nothing is known yet"
        return ""

    def do_row_copy(self) -> None:
        update = self.console_app.fresh
        if update is not None:
            text = calendar_text(self._calendar(update, self.console_app.clock.now()))
            self.console_app.copy(text, "the calendar", lines=True)
