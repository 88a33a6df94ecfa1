"""The seven days: how every service was on each, objectives, noise, incidents and changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.model.action import Action
from console.model.worklist import Row
from console.safety.text import visible
from screens.papering import open_document
from screens.summary_about import about_figure, whole_parts
from screens.summary_documents import DocumentRow
from screens.summary_head import faults_of
from screens.summary_lists import SummaryLists
from screens.summary_noise import NoiseRow
from screens.summary_parts import FigureRow, Part
from screens.summary_rows import (
    SORTS,
    ServiceRow,
    sort_of,
)
from screens.summary_words import day_called
from widgets.command_line import Completion
from widgets.detail import Paragraph
from widgets.dialog import Overlay
from widgets.theme import Ink

_WHAT: Final = {
    Part.SERVICES: "service",
    Part.OBJECTIVES: "objective",
    Part.NOISE: "alert",
    Part.DOCUMENTS: "incident or change",
}

_PARTS: Final = {
    "noise.action": (Part.NOISE,),
    "summary.unmeasured": (Part.OBJECTIVES,),
    "summary.missed": (Part.SERVICES, Part.OBJECTIVES),
}
"""In whose footers these stand; they work from every part."""
_FIRST: Final = 58
"""In the footer of the noise its action item stands before what every part has."""


class SummaryScreen(SummaryLists):
    """The keys of the four lists; tab goes from one to the next."""

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    # Actions

    def footer_of(self, action: Action) -> int:
        parts = _PARTS.get(action.id)
        if parts is not None and self.part not in parts:
            return 0
        return _FIRST if action.id == "noise.action" else super().footer_of(action)

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def why_not(self, action: Action) -> str:
        row = self.list.cursor_row
        if action.id in ("row.open", "row.detail", "row.copy") and row is None:
            return f"there is no {_WHAT[self.part]}"
        if action.id == "noise.action" and not isinstance(row, NoiseRow):
            return "the cursor is on no alert; tab goes to the noisiest"
        return super().why_not(action)

    def do_app_summary(self, day: str = "") -> None:
        """The seven days up to and with `day`; without one up to today."""
        end = day_called(day)
        if isinstance(end, str):
            self.say(end, warning=True)
            return
        if end is not None and end > self._weeks.today:
            self.say(f"{end.isoformat()} is yet to come; these are the days up to today")
        self.show_days(None if end is not None and end >= self._weeks.today else end)

    def do_summary_part_next(self) -> None:
        """The next list."""
        self.show_part(self.part.following)

    def show_part(self, part: Part) -> None:
        """Show that list."""
        self.part = part
        self._show_list()

    def do_app_back(self) -> None:
        if self.filter:
            super().do_app_back()
        elif self.kept.only_missed:
            self.do_summary_missed()
        elif self.part is not Part.SERVICES:
            self.show_part(Part.SERVICES)
        elif self._weeks.end is not None:
            self.show_days(None)
        else:
            super().do_app_back()

    def do_summary_missed(self) -> None:
        """Only what missed its objective, or all again."""
        self.kept.only_missed = not self.kept.only_missed
        self._now()

    def do_summary_unmeasured(self) -> None:
        """Show objectives that nobody measures, or hide them again."""
        self.kept.with_unmeasured = not self.kept.with_unmeasured
        if self.part is not Part.OBJECTIVES:
            self.part = Part.OBJECTIVES
            self._show_list()
        self._now()

    def do_triage_sort(self, typed: str = "") -> None:
        """Sort the services by the word in `typed`; the worst first without one."""
        found = sort_of(typed)
        if isinstance(found, str):
            self.say(found, warning=True)
            return
        self.kept.sort = found
        if self.part is not Part.SERVICES:
            self.show_part(Part.SERVICES)
        self._now()
        self.show_top()

    def _now(self) -> None:
        """Draw what a key asked for: it does not wait until the keys rest."""
        self.list.release()
        self._draw()
        self.list.release()
        self.show_hints()

    def do_summary_whole(self) -> None:
        """What the figures are made from."""
        weeks, now = self._weeks, self.console_app.clock.now().wall
        if weeks.week is not None:
            parts = tuple(whole_parts(weeks.week, weeks.standing, now, weeks.refused))
        else:
            faults = faults_of(None, weeks.standing, weeks.refused)
            if not faults:
                self.say("the days are being looked at; nothing has come yet", warning=True)
                return
            parts = tuple(Paragraph(*one) for one in faults)
        self.app.push_screen(Overlay((("about these days", Ink.HEADING),), parts))

    def do_row_open(self) -> None:
        row = self.list.cursor_row
        if isinstance(row, ServiceRow):
            if row.service is None:
                self.show_part(Part.DOCUMENTS)
            else:
                from screens.service_week import ServiceWeekScreen

                self.app.push_screen(ServiceWeekScreen(row.service.service, self._weeks))
        elif isinstance(row, FigureRow):
            title = ((visible(row.figure.name, cells=60), Ink.HEADING),)
            self.app.push_screen(Overlay(title, about_figure(row)))
        elif isinstance(row, NoiseRow):
            from screens.episodes import EpisodesScreen

            self.app.push_screen(EpisodesScreen(row.noise, self._weeks))
        elif isinstance(row, DocumentRow):
            open_document(self.console_app, row.line.id)

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        row = self.list.cursor_row
        if isinstance(row, ServiceRow):
            query = "" if row.service is None else row.service.query
            self.copy_text(query or row.name, "query" if query else "name")
        elif isinstance(row, FigureRow):
            self.copy_text(row.figure.query or row.value, "query" if row.figure.query else "value")
        elif isinstance(row, NoiseRow):
            self.copy_text(row.noise.alert, "name of the alert")
        elif isinstance(row, DocumentRow):
            self.copy_text(row.line.id, "id")

    def do_noise_action(self) -> None:
        """Have something done about the alert under the cursor."""
        row = self.list.cursor_row
        if isinstance(row, NoiseRow):
            self.ask_item(row.noise)

    def _completions(self, typed: str) -> Sequence[Completion]:
        word, space, rest = typed.partition(" ")
        offers = {
            "sort": tuple(way for one in SORTS for way in (one, f"-{one}")),
            "archive": ("week", "daily", "kpi"),
            "send": ("week", "daily", "kpi"),
        }
        if not space or word not in offers:
            return super()._completions(typed)
        return [Completion(f"{word} {one}") for one in offers[word] if one.startswith(rest.strip())]
