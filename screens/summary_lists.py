"""What the seven days are shown in: four lists, and the lines above and below them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, ClassVar, Final

from textual.widget import Widget

from console.actions.registry import action_by_id
from console.model.summary import Week
from console.model.update import Update
from console.model.words import many
from console.safety.clock import Instant
from screens.filter_line import FilterLine
from screens.summary_about import about_document, about_figure, about_noise, about_service
from screens.summary_asking import Weeks
from screens.summary_deeds import SummaryDeeds
from screens.summary_documents import DocumentRow, document_columns
from screens.summary_head import fault_line, faults_of, head
from screens.summary_kept import KeptRows
from screens.summary_noise import NoiseRow, noise_columns
from screens.summary_parts import FigureRow, Part, figure_columns, part_line, response_pieces
from screens.summary_rows import ServiceRow, Sort, service_columns
from widgets.detail import Detail, Figure, Paragraph
from widgets.detail import Part as Shown
from widgets.heat_strip import in_line, legend
from widgets.live_list import LiveList
from widgets.paint import Span, Spans
from widgets.theme import Ink

TALL: Final = 20
"""A screen of so many lines has room for what is said of the line under the cursor."""


class SummaryLists(SummaryDeeds):
    """Four lists in one place, of which one is shown, and what is said around them."""

    word: ClassVar[str] = "summary"

    def __init__(self) -> None:
        super().__init__()
        self._weeks = Weeks(self)
        self._weeks.listeners.append(self._draw_again)
        self.part = Part.SERVICES
        self.kept = KeptRows()
        self._columns_for: tuple[int, bool, tuple[date, ...]] | None = None
        self._made_of: Week | None = None
        """The week of which there are rows."""

    @property
    def weeks(self) -> Weeks:
        return self._weeks

    # Widgets

    def body(self) -> Iterable[Widget]:
        clock = self.console_app.clock
        self.head = Detail(id="head")
        self.head.can_focus = False
        self.fault = Detail(id="fault")
        self.fault.can_focus = False
        self.fault.display = False
        self.services = LiveList[ServiceRow](
            (), key=lambda row: row.key, clock=clock, dimmed=self._is_dimmed,
            tells_position=False, id="services",
        )  # fmt: skip
        self.figures = LiveList[FigureRow](
            figure_columns(), key=lambda row: row.key, clock=clock, dimmed=self._is_old,
            tells_position=False, id="objectives",
        )  # fmt: skip
        self.noise = LiveList[NoiseRow](
            (), key=lambda row: row.key, clock=clock, dimmed=self._is_old,
            tells_position=False, id="noise",
        )  # fmt: skip
        self.documents = LiveList[DocumentRow](
            document_columns(), key=lambda row: row.key, clock=clock, dimmed=self._is_old,
            tells_position=False, id="documents",
        )  # fmt: skip
        self.about = Detail(id="about")
        self.about.can_focus = False
        self.legend = Detail(id="legend")
        self.legend.can_focus = False
        yield self.head
        yield self.fault
        for part, view in self.lists.items():
            view.display = part is self.part
            yield view
        yield self.about
        yield self.legend

    @property
    def lists(self) -> dict[Part, LiveList[Any]]:
        """Each by what it shows."""
        return {
            Part.SERVICES: self.services,
            Part.OBJECTIVES: self.figures,
            Part.NOISE: self.noise,
            Part.DOCUMENTS: self.documents,
        }

    @property
    def list(self) -> LiveList[Any]:
        """The one that is shown."""
        return self.lists[self.part]

    def _is_old(self, _: object) -> bool:
        return not self._weeks.is_fresh

    def _is_dimmed(self, row: ServiceRow) -> bool:
        return not self._weeks.is_fresh

    def on_mount(self) -> None:
        self._show_list()
        self._weeks.begin()

    def on_resize(self) -> None:
        self.about.display = self.size.height >= TALL
        self._draw()

    # What is shown

    def show_body(self, update: Update) -> None:
        self._draw()

    def _draw_again(self) -> None:
        if self.is_made:
            self._draw()
            if self.is_current:
                self.show_hints()

    def _draw(self) -> None:
        week, before = self._weeks.week, self._made_of
        if week is not before:
            self._made_of = week
            self.kept.take(week)
        self._take_columns(week)
        # Other days were asked for: they do not wait until the keys rest.
        asked_for = week is not None and before is not None and week.last != before.last
        for part, view in self.lists.items():
            view.set_empty(self._nothing(part))
            view.set_rows(self.kept.of(part, self.filter))
            if asked_for:
                view.release()
        self._show_head()
        self._show_fault()
        self._show_about()
        self._show_legend()
        self._tell_shown()

    def _take_columns(self, week: Week | None) -> None:
        days = () if week is None else tuple(
            date.fromordinal(week.first.toordinal() + n) for n in range(week.days)
        )  # fmt: skip
        wanted = (self.size.width, self.console_app.ascii_only, days)
        if wanted == self._columns_for or not days:
            return
        self._columns_for = wanted
        glyphs = self.services.glyphs
        self.services.set_columns(service_columns(days, self.size.width, glyphs))
        self.noise.set_columns(noise_columns(len(days), glyphs))

    def _nothing(self, part: Part) -> Sequence[Spans]:
        """What stands in an empty list."""
        weeks = self._weeks
        if self.kept.all[part] and (self.filter or self.kept.only_missed):
            what = "the filter; esc clears it" if self.filter else "its objective; w shows all"
            verb = "matches" if self.filter else "missed"
            return [((f"  nothing {verb} {what}", Ink.MUTED),)]
        if weeks.week is None:
            said = "the days are being looked at"
            if not weeks.is_asking:
                why = "the line above says why" if weeks.refused else "nothing has come"
                said = f"these days could not be told: {why}"
            return [((f"  {said}", Ink.UNKNOWN),)]
        if not self.kept.is_made:
            return [(("  these days cannot be drawn: :messages says where", Ink.UNKNOWN),)]
        said = {
            Part.SERVICES: "no service is registered, and none was seen",
            Part.OBJECTIVES: "no objective is measured",
            Part.NOISE: "no alert fired on these days",
            Part.DOCUMENTS: "no incident and no change on these days",
        }[part]
        return [((f"  {said}", Ink.MUTED),)]

    def _show_head(self) -> None:
        week, now = self._weeks.week, self.console_app.clock.now()
        if week is None:
            last = self._weeks.last
            self.head.show((Paragraph(f"7 days up to {last.day} {last:%b %Y}", Ink.HEADING),))
            return
        age = self._weeks.age(now)
        if self._weeks.is_other:
            last = self._weeks.last
            age = f"asking for {last.day} {last:%b}" if self._weeks.is_asking else age
        self.head.show((head(week, age, self.head.glyphs),))

    def _show_fault(self) -> None:
        weeks = self._weeks
        faults = faults_of(weeks.week, weeks.standing, weeks.refused)
        self.fault.display = bool(faults)
        key, glyphs = self._key("summary.whole"), self.fault.glyphs
        self.fault.show((fault_line(faults, key, glyphs),) if faults else ())

    def _show_about(self) -> None:
        week, row = self._weeks.week, self.list.cursor_row
        parts: Sequence[Shown] = ()
        if week is None or row is None:
            parts = ()
        elif isinstance(row, ServiceRow):
            parts = about_service(row, week)
        elif isinstance(row, FigureRow):
            parts = about_figure(row)
        elif isinstance(row, NoiseRow):
            parts = about_noise(row)
        elif isinstance(row, DocumentRow):
            parts = about_document(row)
        self.about.show(parts, subject=f"{self.part} {self.list.cursor_key}")

    def _show_legend(self) -> None:
        week = self._weeks.week
        pieces: Sequence[Spans] = ()
        glyphs = self.legend.glyphs
        if self.part is Part.SERVICES:
            pieces = legend(ascii_only=glyphs.ascii_only)
        elif week is not None and self.part is Part.NOISE:
            pieces = response_pieces(week.responses, week.responses_before)
        elif self.part is Part.OBJECTIVES:
            unmeasured = self.kept.unmeasured
            pieces = (self._unmeasured_spans(unmeasured),) if unmeasured else ()
        elif week is not None:
            said = f"{many(len(week.incidents), 'incident')}, {many(len(week.changes), 'change')}"
            pieces = (((said, Ink.MUTED),),)
        self.legend.show((Figure(lambda width: [in_line(pieces, width, glyphs)]),))

    def _unmeasured_spans(self, unmeasured: int) -> Spans:
        key = self._key("summary.unmeasured")
        verb = "hides" if self.kept.with_unmeasured else "shows"
        return (
            (f"{unmeasured} not measured, ", Ink.MUTED),
            (key, Ink.KEY),
            (f" {verb} them", Ink.MUTED),
        )

    def _key(self, action_id: str) -> str:
        action = action_by_id(action_id)
        keys = self.console_app.keys.of(action)
        return keys[0] if keys else f":{action.command}"

    def _tell_shown(self) -> None:
        kept = self.kept
        rows: dict[Part, int] = {one: len(kept.all[one]) for one in Part}
        del rows[Part.SERVICES]
        rows[Part.OBJECTIVES] = kept.measured
        more: list[Span] = []  # what is not as usual stands in front: a narrow line is cut
        if kept.only_missed and self.part in (Part.SERVICES, Part.OBJECTIVES):
            more += [("missed only", Ink.WARNING), ("  ", Ink.PLAIN)]
        if self.part is Part.SERVICES and kept.sort != Sort():
            more += [(f"sorted by {kept.sort.typed}", Ink.STRONG), ("  ", Ink.PLAIN)]
        more += part_line(self.part, rows, self._key("summary.part-next"), self.list.position)
        shown = len(self.list.rows)
        self.query_one(FilterLine).show(
            self.filter.text, shown, len(kept.all[self.part]), more=tuple(more)
        )

    def show_top(self) -> None:
        """What another order puts first is looked at first."""
        self.list.action_first()

    def _show_list(self) -> None:
        for part, view in self.lists.items():
            view.display = part is self.part
        self.list.focus()
        self.list.release()
        self._draw()
        self.show_hints()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self._weeks.tick(now)
        self.list.tick(now)
        self._show_head()

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_highlighted(self) -> None:
        self._show_about()
        self._tell_shown()
        self.show_hints()
