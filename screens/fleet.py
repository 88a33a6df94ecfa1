"""The fleet: services by the host or namespace where they live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.containers import Vertical
from textual.widget import Widget

from console.model.action import Action
from console.model.registry import ServiceType
from console.model.snapshot import Cell, HostState, Snapshot
from console.model.update import Update
from console.safety.clock import Instant
from screens.cell import CellScreen
from screens.frame import Frame
from screens.here import Subject, subject_of_cell, subject_of_place
from screens.host import HostScreen, score_field
from screens.host_facts import COLUMNS, host_brief
from screens.place_order import in_held_order, name_of, troubled_first
from screens.places import Chosen, PlaceBook
from screens.sections import section
from screens.service_facts import cell_brief, state_fields
from screens.whither import goal_of
from widgets.detail import Detail, Field, Part
from widgets.matrix import Matrix, Place
from widgets.paint import Spans
from widgets.theme import Ink

HELD_S = 2.0
"""After a key no row changes its place for so long."""


class FleetScreen(Frame):
    """The matrix, and the service or the place under the cursor below it."""

    word: ClassVar[str] = "fleet"

    def __init__(self) -> None:
        super().__init__()
        self._only_wrong = False
        self._label = ""
        self._book = PlaceBook()
        self._chosen = Chosen()
        self._order: tuple[str, ...] = ()
        self._pressed = float("-inf")

    def body(self) -> Iterable[Widget]:
        self.matrix = Matrix(id="cells", told=True, columns=COLUMNS)
        self.preview = Detail(id="preview")
        self.preview.can_focus = False
        with Vertical():
            yield self.matrix
            yield self.preview

    def on_mount(self) -> None:
        self.matrix.focus()

    @property
    def cell(self) -> Cell | None:
        """The service under the cursor, as last known."""
        return self._book.cell(self.matrix.cursor_key)

    @property
    def subject(self) -> Subject | None:
        if self.cell is not None:
            return subject_of_cell(self.cell)
        update = self.console_app.fresh
        return None if update is None else subject_of_place(self.place, update.snapshot)

    @property
    def place(self) -> str:
        """Name of the place in whose row the cursor is; empty where there is none."""
        place = self.matrix.cursor_place
        return name_of(place) if place is not None else ""

    def show_body(self, update: Update) -> None:
        snapshot = update.snapshot
        chosen = Chosen(self.filter, self._only_wrong, self._label)
        if chosen != self._chosen:
            self._chosen, self._order = chosen, ()
        self._book.take(snapshot, chosen)
        places = self._ordered(self._book.places())
        self.matrix.set_empty(self._nothing(snapshot))
        self.matrix.set_places(places, self.console_app.clock.now())
        self.show_filter(self._book.shown, len(snapshot.cells))
        self._show_preview()

    def _ordered(self, places: Sequence[Place]) -> tuple[Place, ...]:
        """As written down where all can be seen at once, else what is in trouble first."""
        held = self.console_app.clock.now().mono - self._pressed < HELD_S
        written = self._book.under_headings(places)
        if self.matrix.fits(written):
            self._order = ()
            return written
        ordered = (
            in_held_order(places, self._order) if held and self._order else troubled_first(places)
        )
        self._order = tuple(place.ident for place in ordered)
        return self._book.under_headings(ordered)

    def on_matrix_resized(self) -> None:
        self._order = ()
        self._again()

    def _again(self) -> None:
        update = self.console_app.fresh
        if update is not None and self.is_current:
            self.show_body(update)

    def key_pressed(self) -> None:
        self._pressed = self.console_app.clock.now().mono

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.matrix.tick(now)

    def _nothing(self, snapshot: Snapshot) -> tuple[Spans, ...]:
        if self._only_wrong and snapshot.cells and not self.filter:
            return ((("  every service is OK; w shows all", Ink.OK),),)
        if snapshot.cells or snapshot.hosts:
            return ((("  no service matches; esc clears the filter", Ink.MUTED),),)
        return (
            (("  no service is known yet", Ink.UNKNOWN),),
            (("  they come from services.yaml, or from the scrape targets", Ink.MUTED),),
        )

    def on_matrix_highlighted(self) -> None:
        self._show_preview()

    def on_matrix_opened(self) -> None:
        self.do_row_open()

    # Below the matrix

    def _move(self, name: str) -> None:
        super()._move(name)
        # With the cursor, not after its message: that would be a frame later.
        self._show_preview()

    def _show_preview(self) -> None:
        update, place = self.console_app.fresh, self.place
        if update is None or not place:
            self.preview.show(())
            return
        cell = self.cell
        if cell is None or cell.service.type is ServiceType.HOST:
            parts = self._place_parts(place, cell, update.snapshot.at)
        else:
            parts = self._cell_parts(cell, update.snapshot.at)
        self.preview.show(parts, subject=cell.service.name if cell is not None else place)

    def _cell_parts(self, cell: Cell, now: Instant) -> tuple[Part, ...]:
        needs = [self._book.cell(name) for name in cell.service.depends_on]
        users = self._book.users(cell.service.name)
        return section(cell.service.name, cell_brief(cell, needs, users, now))

    def _place_parts(self, place: str, cell: Cell | None, now: Instant) -> tuple[Part, ...]:
        cells = list(self._book.cells_at(place))
        own = cell or next((c for c in cells if c.service.type is ServiceType.HOST), None)
        fields: list[Field] = []
        if own is not None:
            fields += state_fields(own, now)
        state = self._book.host(place) or self._written_host(place)
        namespace = self._book.namespace(place)
        if state is not None:
            fields += host_brief(state, now)
        elif namespace is not None:
            note = self.matrix.cursor_place.note if self.matrix.cursor_place else ""
            fields.append(Field("told by", namespace.source, note=note))
        fields.append(score_field(cells))
        return section(place, fields)

    def _written_host(self, place: str) -> HostState | None:
        update = self.console_app.fresh
        hosts = update.snapshot.hosts if update is not None else ()
        return next((HostState(host) for host in hosts if host.name == place), None)

    # Actions

    def why_not(self, action: Action) -> str:
        if action.group == "row" and not self.place:
            return "there is no service"
        if action.id == "fleet.group" and not self._label and not self._book.labels:
            return "no host and no service has a label or an owner"
        return ""

    def do_row_open(self) -> None:
        cell = self.cell
        if cell is not None and cell.service.type is not ServiceType.HOST:
            self.app.push_screen(CellScreen(cell.service.name))
        elif self.place:
            self.app.push_screen(HostScreen(self.place))

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        cell = self.cell
        if cell is not None and cell.service.type is not ServiceType.HOST:
            self.copy_text(cell.service.name, "service name")
        elif self.place:
            self.copy_text(self.place, "name")

    def do_fleet_wrong(self) -> None:
        self._only_wrong = not self._only_wrong
        self._again()
        self.say("only what is not OK" if self._only_wrong else "all services")

    def do_fleet_group(self) -> None:
        """Group by the label after the present one, after the last by none."""
        ways = ("", *self._book.labels)
        at = ways.index(self._label) if self._label in ways else 0
        self.do_fleet_group_by(ways[(at + 1) % len(ways)])

    def do_fleet_group_by(self, label: str = "") -> None:
        """Group by `label`; not at all without one."""
        known = self._book.labels
        if label and label not in known:
            some = ", ".join(known[:8]) or "none"
            self.say(f"nothing has the label {label}; there are: {some}", warning=True)
            return
        self._label = label
        self._again()
        self.say(f"grouped by {label}" if label else "not grouped")

    def go_to(self, name: str) -> bool:
        """Put the cursor on a place, or on a service; `False` where there is neither."""
        update = self.console_app.fresh
        if update is None:
            return False
        goal = goal_of(name, update.snapshot.hosts, update.snapshot.cells)
        if goal is None:
            return False
        return self._to_service(goal.name) if goal.is_service else self._to_place(goal.name)

    def _to_place(self, name: str) -> bool:
        """To the head of a row; what hides it is cleared."""
        return self._to(lambda: self.matrix.move_to_place(name))

    def _to_service(self, name: str) -> bool:
        return self._to(lambda: self.matrix.move_to(name))

    def _to(self, move: Callable[[], bool]) -> bool:
        if move():
            return True
        if self._only_wrong or self.filter:
            self._only_wrong = False
            self.take_filter("")
            return move()
        return False
