"""The fleet as a matrix: a row is a place, a cell is a service that lives there.

Where there is room each cell has its shape and its name, wrapped under its place; else a cell
is its shape alone, so that 40 of them fit a line. A place that is not all well is bright and
counts what is not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip

from console.model.state import State
from console.model.words import count_text, state_shape
from console.safety.text import Raw, fit
from widgets.line_view import LineView
from widgets.matrix_layout import Layout, lay_out
from widgets.paint import STATE_INKS, Span, Spans, strip_of
from widgets.theme import Ink


class Service(msgspec.Struct, frozen=True):
    """One cell."""

    key: str
    """Stable and unique."""
    name: Raw | str
    state: State
    critical: bool = False


class Place(msgspec.Struct, frozen=True):
    """One row: a host, a namespace, or where pages and endpoints stand."""

    name: Raw | str
    services: tuple[Service, ...]
    note: str = ""
    """A short fact in front of the services, such as `SSH 5s ago`; may be empty."""


class Matrix(LineView, can_focus=True):
    """Places and their services with a cursor that moves in both directions."""

    DEFAULT_CSS: ClassVar[str] = """
    Matrix {
        height: 1fr;
    }
    """

    class Highlighted(Message):
        """The cursor came to another service. Only the newest one is delivered."""

        def __init__(self, view: Matrix, key: str | None) -> None:
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> Matrix:
            return self.view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Matrix.Highlighted) and message.view is self.view

    class Opened(Message):
        """A service was asked for."""

        def __init__(self, view: Matrix, key: str) -> None:
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> Matrix:
            return self.view

    def __init__(
        self,
        *,
        named: bool | None = None,
        empty: Sequence[Spans] = (),
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        """
        Args:
            named: whether cells have their names; `None` as the size allows.
            empty: the lines to show where there is no place.
        """
        super().__init__(id=id, classes=classes)
        self._named = named
        self._empty = tuple(empty)
        self._places: tuple[Place, ...] = ()
        self._at = (0, 0)
        self._top = 0
        self._layout_now: Layout | None = None
        self._layout_for = (0, 0)

    @property
    def cursor_key(self) -> str | None:
        """Key of the service under the cursor as painted."""
        service = self.cursor_service
        return None if service is None else service.key

    @property
    def cursor_service(self) -> Service | None:
        """The service under the cursor as painted."""
        place, index = self._at
        if place < len(self._places) and index < len(self._places[place].services):
            return self._places[place].services[index]
        return None

    def set_places(self, places: Sequence[Place]) -> None:
        """Show these; the cursor stays on its service, or in its place when that is gone."""
        was = self.cursor_key
        same_shape = [_shape(place) for place in places] == [
            _shape(place) for place in self._places
        ]
        self._places = tuple(places)
        if not same_shape:
            self._layout_now = None
            self._at = self._find(was) or self._nearest(*self._at)
        self._scroll()
        self.repaint_changed()
        if self.cursor_key != was:
            self.post_message(self.Highlighted(self, self.cursor_key))

    def set_named(self, named: bool | None) -> None:
        """Draw cells with their names, without, or (`None`) as the size allows."""
        self._named, self._layout_now = named, None
        self._scroll()
        self.repaint_changed()

    def set_empty(self, lines: Sequence[Spans]) -> None:
        """What to show where there is no place, and why there is none."""
        self._empty = tuple(lines)
        self.repaint_changed()

    def move_to(self, key: str) -> bool:
        """Put the cursor on the service `key`; `False` where there is none."""
        found = self._find(key)
        if found is not None:
            self._move(*found)
        return found is not None

    def _find(self, key: str | None) -> tuple[int, int] | None:
        for row, place in enumerate(self._places):
            for index, service in enumerate(place.services):
                if service.key == key:
                    return row, index
        return None

    def _nearest(self, row: int, index: int) -> tuple[int, int]:
        """The cell nearest to a place that may no longer be there."""
        row = max(0, min(row, len(self._places) - 1))
        for near in sorted(range(len(self._places)), key=lambda other: abs(other - row)):
            services = self._places[near].services
            if services:
                return near, max(0, min(index, len(services) - 1))
        return 0, 0

    # Layout

    def _layout_at(self, width: int) -> Layout:
        key = (width, self.size.height)
        if self._layout_now is None or key != self._layout_for:
            self._layout_for = key
            counts = [len(place.services) for place in self._places]
            self._layout_now = lay_out(counts, *key, named=self._named)
        return self._layout_now

    def _line_of(self, row: int, index: int) -> int:
        layout = self._layout_at(self.size.width)
        return layout.starts[row] + index // layout.across

    def _scroll(self) -> None:
        if not self._places or not self.size.width:
            return
        line, body = self._line_of(*self._at), max(1, self.size.height)
        if line < self._top or line >= self._top + body:
            self._top = line - body // 2
        lines = self._layout_at(self.size.width).starts[-1]
        self._top = max(0, min(self._top, lines - body))

    def on_resize(self) -> None:
        self._scroll()
        self.repaint_changed()

    # Drawing

    def line(self, y: int, width: int) -> Strip:
        if not self._places:
            return self.strip(self._empty[y] if y < len(self._empty) else (), width)
        layout = self._layout_at(width)
        line = self._top + y
        if line >= layout.starts[-1]:
            return self.strip((), width)
        row = bisect_right(layout.starts, line) - 1
        first = (line - layout.starts[row]) * layout.across
        place = self._places[row]
        shown = place.services[first : first + layout.across]
        marks = self.glyphs.marks
        palette = self.palette
        parts = [
            (segment, palette.style(ink))
            for segment, ink in self._label(place, layout.label, continued=first > 0)
        ]
        for index, service in enumerate(shown, first):
            cursor = self._at == (row, index)
            parts += [
                (text, palette.style(ink, cursor=cursor))
                for text, ink in self._cell(service, layout)
            ]
            parts.append((" " * (layout.pitch - self._cell_width(layout)), palette.base))
        strip = strip_of(parts, width, fill=palette.base, marks=marks)
        if y == self.size.height - 1 and line + 1 < layout.starts[-1]:
            return self._with_mark(strip, self.glyphs.down, width)
        if y == 0 and line > 0:
            return self._with_mark(strip, self.glyphs.up, width)
        return strip

    def _with_mark(self, strip: Strip, mark: str, width: int) -> Strip:
        """`strip` with a sign at its end that there is more in that direction."""
        return Strip.join([strip.crop(0, width - 1), self.strip(((mark, Ink.KEY),), 1)])

    def _label(self, place: Place, cells: int, *, continued: bool) -> list[Span]:
        if continued:
            return [(" " * (cells + 1), Ink.PLAIN)]
        bad = sum(service.state is not State.OK for service in place.services)
        marks = self.glyphs.marks
        if not bad:
            return [(fit(place.name, cells, marks=marks), Ink.NAME), (" ", Ink.PLAIN)]
        worst = max((service.state for service in place.services), key=lambda state: state.badness)
        count = count_text(bad)
        room = max(1, cells - len(count) - 1)
        return [
            (fit(place.name, room, marks=marks), Ink.STRONG),
            (f" {count} ", STATE_INKS[worst]),
        ]

    def _cell(self, service: Service, layout: Layout) -> list[Span]:
        shape = state_shape(service.state, self.glyphs.ascii_only)
        ink = STATE_INKS[service.state]
        if not layout.named:
            return [(shape, ink)]
        marks = self.glyphs.marks
        name = fit(service.name, layout.pitch - 3, marks=marks)
        well = service.state is State.OK
        return [(f"{shape} ", ink), (name, Ink.PLAIN if well else ink)]

    @staticmethod
    def _cell_width(layout: Layout) -> int:
        return layout.pitch - 1 if layout.pitch > 1 else 1

    # Keys and mouse

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not self._places:
            return
        layout = self._layout_at(self.size.width)
        line = self._top + offset.y
        column = (offset.x - layout.label - 1) // layout.pitch
        if line >= layout.starts[-1] or not 0 <= column < layout.across:
            return
        row = bisect_right(layout.starts, line) - 1
        index = (line - layout.starts[row]) * layout.across + column
        if index < len(self._places[row].services):
            if self._at == (row, index):
                self.action_open()
            else:
                self._move(row, index)

    def _move(self, row: int, index: int) -> None:
        was = self._at
        self._at = (row, index)
        if self._at != was:
            self._scroll()
            self.repaint_changed()
            self.post_message(self.Highlighted(self, self.cursor_key))

    def _by_lines(self, step: int) -> None:
        """Up or down by lines as drawn, staying in the column where it has a cell."""
        if self.cursor_service is None:
            return
        layout = self._layout_at(self.size.width)
        line, column = self._line_of(*self._at), self._at[1] % layout.across
        last = layout.starts[-1] - 1
        target = max(0, min(line + step, last))
        direction = 1 if step > 0 else -1
        while 0 <= target <= last:
            row = bisect_right(layout.starts, target) - 1
            first = (target - layout.starts[row]) * layout.across
            count = len(self._places[row].services)
            if first < count:
                self._move(row, min(first + column, count - 1))
                return
            target += direction

    def _by_cells(self, step: int) -> None:
        """Along the services in reading order."""
        if self.cursor_service is None:
            return
        row, index = self._at
        index += step
        while not 0 <= index < len(self._places[row].services):
            row += step
            if not 0 <= row < len(self._places):
                return
            index = 0 if step > 0 else len(self._places[row].services) - 1
        self._move(row, index)

    def action_down(self) -> None:
        """One line down."""
        self._by_lines(1)

    def action_up(self) -> None:
        """One line up."""
        self._by_lines(-1)

    def action_right(self) -> None:
        """To the next service."""
        self._by_cells(1)

    def action_left(self) -> None:
        """To the service before."""
        self._by_cells(-1)

    def action_half_down(self) -> None:
        """Half a screen down."""
        self._by_lines(max(1, self.size.height // 2))

    def action_half_up(self) -> None:
        """Half a screen up."""
        self._by_lines(-max(1, self.size.height // 2))

    def action_page_down(self) -> None:
        """A screen down."""
        self._by_lines(max(1, self.size.height))

    def action_page_up(self) -> None:
        """A screen up."""
        self._by_lines(-max(1, self.size.height))

    def action_first(self) -> None:
        """To the first service."""
        if self._places:
            self._move(*self._nearest(0, 0))

    def action_last(self) -> None:
        """To the last service."""
        if self._places:
            self._move(*self._nearest(len(self._places) - 1, 1_000_000))

    def action_next_bad(self) -> None:
        """To the next service that is not OK, from the start again after the last."""
        cells = [
            (row, index)
            for row, place in enumerate(self._places)
            for index, service in enumerate(place.services)
            if service.state is not State.OK
        ]
        if cells:
            after = [cell for cell in cells if cell > self._at]
            self._move(*(after or cells)[0])

    def action_open(self) -> None:
        """Ask for the service under the cursor."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))


def _shape(place: Place) -> tuple[Raw | str, tuple[str, ...]]:
    return place.name, tuple(service.key for service in place.services)
