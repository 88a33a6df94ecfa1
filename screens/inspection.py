"""The daily inspection: what is looked at every morning, ticked off where the console runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta, tzinfo
from typing import TYPE_CHECKING, ClassVar, Final

from textual.widget import Widget

from console.model.action import Action
from console.model.daily import Daily, Inspection, InspectionItem
from console.model.paper_wish import TickInspection
from console.model.papers import Papers
from console.model.summary import Figure, Means
from console.model.update import Update
from console.model.worklist import Row
from console.safety.clock import Instant
from console.safety.text import visible
from screens.frame import Frame
from screens.inspection_rows import (
    ItemRow,
    about,
    figure_text,
    head_spans,
    is_measured,
    item_columns,
    read_typed,
    rows_of,
    sending_key,
)
from screens.summary_words import day_called, local_zone, unit_hint
from widgets.detail import Detail, Paragraph, SpanLine
from widgets.dialog import Choice, Dialog
from widgets.live_list import LiveList
from widgets.paint import Span
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

TICK: Final = "tick"
WRONG: Final = "not ok"
LOOK_S: Final = 20.0
"""Between two looks at what others have ticked, and at what the console measures itself."""
TRY_AGAIN_S: Final = 0.1
NOT_KNOWN: Final = "the inspection is not known yet"


class InspectionScreen(Frame):
    """The items of one day; who else ticks one is seen as soon as the journal tells."""

    word: ClassVar[str] = "inspection"

    def __init__(self, day: date | None = None) -> None:
        """
        Args:
            day: today where it is `None`, also after midnight.
        """
        super().__init__()
        self.day = day
        self._inspection: Inspection | None = None
        self._refused = ""
        self._papers: Papers | None = None
        """Of the journal as it was when the ticks were read."""
        self._asked_at = float("-inf")
        self._number = 0
        self._asked_for: tuple[date, InspectionItem, bool] | None = None
        """What the line that is open is about, as it was painted."""
        self._unkept = ""
        self._figures: dict[str, Figure] = {}
        """What the console knows of the day that is looked at, by objective."""
        self._figures_of: date | None = None
        self._columns_of = (False, False)

    def body(self) -> Iterable[Widget]:
        self.head = Detail(id="head")
        self.head.can_focus = False
        self.list = LiveList[ItemRow](
            item_columns(measured=False, ticked=False),
            key=lambda row: row.key,
            clock=self.console_app.clock,
            id="items",
        )
        self.about = Detail(id="about")
        self.about.can_focus = False
        yield self.head
        yield self.list
        yield self.about

    def on_mount(self) -> None:
        self.list.focus()
        self._again()

    # Asking

    def _again(self) -> None:
        self._number += 1
        self._asked_at = self.console_app.clock.now().mono
        work = self._ask(self._number)
        self.run_worker(work, exit_on_error=False, group="inspection")

    async def _ask(self, number: int) -> None:
        day = self.day

        async def asked(engine: Engine) -> Inspection | str:
            return await engine.week.inspection(day)

        future = self.console_app.engine.ask(asked)
        if future is None:
            self.set_timer(TRY_AGAIN_S, self._again)
            return
        answer = await asyncio.wrap_future(future)
        if number != self._number:
            return
        if isinstance(answer, str):
            self._refused = answer
        else:
            self._take(answer)
        self._draw()

    def _take(self, inspection: Inspection) -> None:
        self._refused = ""
        self._inspection = inspection
        if self._figures_of != inspection.day and any(one.objective for one in inspection.items):
            self._figures, self._figures_of = {}, inspection.day
            self.run_worker(self._ask_figures(inspection.day), exit_on_error=False)

    async def _ask_figures(self, day: date) -> None:
        """What the report of the day that is looked at has for the items' objectives; a value that
        the console knows is offered, and nobody has to read it off elsewhere."""
        looked_at = day - timedelta(days=1)
        future = self.console_app.engine.ask(lambda engine: engine.week.daily(looked_at))
        if future is None:
            return
        daily = await asyncio.wrap_future(future)
        if isinstance(daily, Daily) and self._figures_of == day:
            self._figures = {
                one.name: one
                for one in daily.figures
                if not one.service and one.means is not Means.HAND and one.value is not None
            }
            self._draw()

    def show_day(self, day: date | None) -> None:
        """Show the inspection of another day."""
        self.day = day
        self._inspection = None
        self._again()
        self._draw()
        self.list.release()  # what was asked for does not wait until the keys rest

    def show_body(self, update: Update) -> None:
        if self._papers is not update.papers:
            self._papers = update.papers
            self._again()
        self._draw()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        if now.mono - self._asked_at >= LOOK_S:
            self._again()
        self._show_head()
        self.list.tick(now)

    # Drawing

    def repaint_rows(self) -> None:
        if self.is_made:
            self._draw()

    def _draw(self) -> None:
        inspection = self._inspection
        if inspection is None:
            said = self._refused or "the inspection is being looked for"
            ink = Ink.WARNING if self._refused else Ink.MUTED
            self.list.set_empty([((f"  {said}", ink),)])
            self.list.set_rows(())
        else:
            nothing = (
                "  nothing is asked for: `summary: inspection: items:` of oncall.yaml is empty"
            )
            self.list.set_empty([((nothing, Ink.MUTED),)])
            sending = self.console_app.wishes.sending
            rows = rows_of(inspection, sending, self._zone, self._figures)
            measured = any(is_measured(one) for one in rows)
            ticked = any(one.item.tick is not None for one in rows)
            if (measured, ticked) != self._columns_of:
                self._columns_of = measured, ticked
                self.list.set_columns(item_columns(measured=measured, ticked=ticked))
            self.list.set_rows(rows)
        self._show_head()
        self._show_about()
        self.show_hints()

    @property
    def _zone(self) -> tzinfo:
        return local_zone(self.console_app.opened.loaded.settings.rota.zone)

    def _show_head(self) -> None:
        inspection = self._inspection
        if inspection is None:
            self.head.show((SpanLine((("daily inspection", Ink.HEADING),)),))
            return
        first, second = head_spans(inspection, self.console_app.clock.now().wall, self._zone)
        more: list[Span] = [*second]
        if self._refused:
            more.append((f"; not read again: {self._refused}", Ink.WARNING))
        self.head.show((SpanLine(first), SpanLine(tuple(more))))

    def _show_about(self) -> None:
        row = self.list.cursor_row
        self.about.show(() if row is None else about(row), subject="" if row is None else row.key)

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_opened(self) -> None:
        self.do_inspection_note()

    def on_live_list_highlighted(self) -> None:
        self._show_about()
        self.show_hints()

    # Actions

    def footer_of(self, action: Action) -> int:
        hidden = ("row.incident", "row.change", "row.runbook", "app.note")
        return 0 if action.id in hidden else action.footer

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def why_not(self, action: Action) -> str:
        wants_row = ("row.copy", "inspection.tick", "inspection.note", "inspection.wrong")
        if action.id in wants_row and self.list.cursor_row is None:
            return NOT_KNOWN if self._inspection is None else "there is no item"
        return ""

    def do_app_inspection(self, day: str = "") -> None:
        """Go to another day's; without one to today's."""
        found = day_called(day)
        if isinstance(found, str):
            self.say(found, warning=True)
        else:
            self.show_day(found)

    def do_app_refresh(self) -> None:
        """Read the ticks anew, and ask every source."""
        self._figures_of = None
        self._again()
        self.console_app.do_app_refresh()

    def do_inspection_tick(self) -> None:
        """Tick the item, or take its tick back; its figure is asked for where it has one."""
        row, inspection = self.list.cursor_row, self._inspection
        if row is None or inspection is None:
            return
        item = row.item
        if row.sending:
            self.say("it is being written", warning=True)
        elif item.tick is not None:
            self._run(self._take_back(inspection.day, item))
        elif item.objective:
            self._ask_line(row, ok=True)
        else:
            self._run(
                self._send(inspection.day, item, TickInspection(inspection.day, item.name, True))
            )

    def do_inspection_wrong(self) -> None:
        """Say that the item is not as it ought to be, and why."""
        row = self.list.cursor_row
        if row is not None:
            self._ask_line(row, ok=False)

    def do_inspection_note(self) -> None:
        """Tick it with a note."""
        row = self.list.cursor_row
        if row is not None:
            self._ask_line(row, ok=True)

    def do_row_copy(self) -> None:
        row = self.list.cursor_row
        if row is not None:
            self.copy_text(row.item.text or row.item.name, "item")

    def _ask_line(self, row: ItemRow, *, ok: bool) -> None:
        inspection, item = self._inspection, row.item
        if inspection is None:
            return
        self._asked_for = (inspection.day, item, ok)
        word, ink = ("ok", Ink.KEY) if ok else ("NOT ok", Ink.WARNING)
        what = "note: "
        text = ""
        if item.objective:
            figure = item.measured
            unit = "" if figure is None else unit_hint(figure.unit)
            what = f"value{f' in {unit}' if unit else ''}, then a note: "
            if figure is not None and figure.value is not None and ok:
                text = figure_text(figure).split(" ")[0].replace(",", "")
        sign = ((f"{visible(item.name, cells=24)} {word}", ink), (f"  {what}", Ink.MUTED))
        self.ask_line(TICK if ok else WRONG, sign, self._unkept or text)
        self._unkept = ""

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt not in (TICK, WRONG):
            return super().deed_sent(prompt, text)
        asked, self._asked_for = self._asked_for, None
        if asked is None:
            return True
        day, item, ok = asked
        value, note = read_typed(text, wants_value=bool(item.objective))
        if not ok and not note and value is None:
            self.say("not ticked: say what is wrong with it", warning=True)
            return True
        self._run(self._send(day, item, TickInspection(day, item.name, ok, value, note), text))
        return True

    async def _send(
        self, day: date, item: InspectionItem, wish: TickInspection, typed: str = ""
    ) -> None:
        keys = (sending_key(day, item.name),)
        outcome = await self.console_app.wishes.submit(wish, keys)
        self._unkept = "" if outcome.well else typed
        self._again()

    async def _take_back(self, day: date, item: InspectionItem) -> None:
        tick = item.tick
        if tick is None:
            return
        me = self.console_app.opened.who.name
        if tick.by != me:
            who = visible(tick.by, cells=30)
            question = Dialog(
                ((f"take back the tick of {who}?", Ink.WARNING),),
                [Paragraph(item.text or item.name), Paragraph(tick.note or "no note", Ink.MUTED)],
                (Choice("back", "Take it back", danger=True),),
                clock=self.console_app.clock,
            )
            if await self.app.push_screen_wait(question) != "back":
                return
        await self._send(day, item, TickInspection(day, item.name, None))
