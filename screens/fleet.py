"""The fleet: services by the host or namespace where they live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Vertical
from textual.widget import Widget

from console.model.action import Action
from console.model.snapshot import Cell, Snapshot
from console.model.state import State
from console.model.update import Update
from screens.cell import CellScreen
from screens.frame import Frame
from screens.places import places_of
from screens.row_facts import cell_facts, section
from widgets.detail import Detail
from widgets.matrix import Matrix
from widgets.paint import Spans
from widgets.theme import Ink


class FleetScreen(Frame):
    """The matrix, and the service under the cursor below it."""

    word: ClassVar[str] = "fleet"

    def __init__(self) -> None:
        super().__init__()
        self._only_wrong = False

    def body(self) -> Iterable[Widget]:
        self.matrix = Matrix(id="cells", named=True)
        self.preview = Detail(id="preview")
        self.preview.can_focus = False
        with Vertical():
            yield self.matrix
            yield self.preview

    def on_mount(self) -> None:
        self.matrix.focus()

    @property
    def cell(self) -> Cell | None:
        """The cell under the cursor, as last known."""
        update, key = self.console_app.fresh, self.matrix.cursor_key
        if update is None or key is None:
            return None
        return next((c for c in update.snapshot.cells if c.service.name == key), None)

    def show_body(self, update: Update) -> None:
        cells = tuple(cell for cell in update.snapshot.cells if self._is_shown(cell))
        self.matrix.set_empty(self._nothing(update.snapshot))
        self.matrix.set_places(places_of(cells))
        self.show_filter(len(cells), len(update.snapshot.cells))
        self._show_preview()

    def _is_shown(self, cell: Cell) -> bool:
        if self._only_wrong and cell.state is State.OK:
            return False
        return self.filter.matches_cell(cell)

    def _nothing(self, snapshot: Snapshot) -> tuple[Spans, ...]:
        if self._only_wrong and snapshot.cells and not self.filter:
            return ((("  every service is OK; w shows all", Ink.OK),),)
        if snapshot.cells:
            return ((("  no service matches; esc clears the filter", Ink.MUTED),),)
        return (
            (("  no service is known yet", Ink.UNKNOWN),),
            (("  they come from services.yaml, or from the scrape targets", Ink.MUTED),),
        )

    def on_matrix_highlighted(self) -> None:
        self._show_preview()

    def on_matrix_opened(self) -> None:
        self.do_row_open()

    def _show_preview(self) -> None:
        cell, update = self.cell, self.console_app.fresh
        if cell is None or update is None:
            self.preview.show(())
            return
        facts = tuple(cell_facts(cell, update.snapshot))
        self.preview.show(section(cell.service.name, facts[1:]), subject=cell.service.name)

    def why_not(self, action: Action) -> str:
        return "there is no service" if action.group == "row" and self.cell is None else ""

    def do_row_open(self) -> None:
        if self.cell is not None:
            self.app.push_screen(CellScreen(self.cell.service.name))

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        if self.cell is not None:
            self.copy_text(self.cell.service.name, "service name")

    def do_fleet_wrong(self) -> None:
        self._only_wrong = not self._only_wrong
        if self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)
        self.say("only what is not OK" if self._only_wrong else "all services")

    def go_to(self, name: str) -> bool:
        """Put the cursor on a service, or on the first service of a place."""
        update = self.console_app.fresh
        if update is None:
            return False
        wanted = name.casefold()
        for cell in update.snapshot.cells:
            if wanted in (cell.service.name.casefold(), cell.service.place.casefold()):
                return self.matrix.move_to(cell.service.name)
        return False
