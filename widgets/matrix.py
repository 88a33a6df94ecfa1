"""The fleet as a matrix: a row is a place, a cell is a service that lives there.

Where there is room each cell has its shape and its name, wrapped under its place; else a cell
is its shape alone, so that 40 of them fit a line. A place that is not all well is bright and
counts what is not; where rows are told, each has its state, its score and the facts of its
host. The cursor stands on a service, or at the head of a row: on the place itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip

from console.safety.clock import Instant
from widgets.line_view import LineView
from widgets.matrix_cursor import Spot, by_cells, by_lines, column_of, line_of, next_bad
from widgets.matrix_layout import Layout, lay_out
from widgets.matrix_rows import AGE, HEAD, Place, Service, age_of, line_parts, title_spans
from widgets.paint import Spans, strip_of
from widgets.theme import Ink

__all__ = ["HEAD", "Matrix", "Place", "Service"]

_KEPT_STRIPS: Final = 512


class Matrix(LineView, can_focus=True):
    """Places and their services with a cursor that moves in both directions."""

    DEFAULT_CSS: ClassVar[str] = """
    Matrix {
        height: 1fr;
    }
    """

    class Highlighted(Message):
        """The cursor came to another service or place. Only the newest one is delivered."""

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
        """A service was asked for; without a key, the place under the cursor."""

        def __init__(self, view: Matrix, key: str | None) -> None:
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> Matrix:
            return self.view

    class Resized(Message):
        """It has another size now, so that other places may fit."""

        def __init__(self, view: Matrix) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> Matrix:
            return self.view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Matrix.Resized) and message.view is self.view

    def __init__(
        self,
        *,
        named: bool | None = None,
        told: bool = False,
        columns: Sequence[tuple[str, int]] = (),
        empty: Sequence[Spans] = (),
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        """
        Args:
            named: whether cells have their names; `None` as the size allows.
            told: whether a row has the state and the score of its place.
            columns: titles and terminal cells of the facts of a place, the most wanted first;
                their age comes last by itself.
            empty: the lines to show where there is no place.
        """
        super().__init__(id=id, classes=classes)
        self._named = named
        self._told = told
        self._columns = (*columns, AGE) if columns else ()
        self._empty = tuple(empty)
        self._places: tuple[Place, ...] = ()
        self._now: Instant | None = None
        self._at: Spot = (0, 0)
        self._touched = False
        """Somebody has put the cursor where it is."""
        self._column: int | None = None
        """In which lines are moved along; `None`: that of the cursor."""
        self._top = 0
        self._layout_now: Layout | None = None
        self._layout_for = (0, 0)
        self._strips: dict[tuple[int, int], tuple[object, Strip]] = {}
        self._strips_for: Layout | None = None
        self._where: dict[str, tuple[int, int]] | None = None

    @property
    def cursor_key(self) -> str | None:
        """Key of the service under the cursor as painted; `None` at the head of a row."""
        service = self.cursor_service
        return None if service is None else service.key

    @property
    def cursor_service(self) -> Service | None:
        """The service under the cursor as painted."""
        place, index = self.cursor_place, self._at[1]
        if place is not None and 0 <= index < len(place.services):
            return place.services[index]
        return None

    @property
    def cursor_place(self) -> Place | None:
        """The place in whose row the cursor is."""
        return self._places[self._at[0]] if self._at[0] < len(self._places) else None

    def set_places(self, places: Sequence[Place], now: Instant | None = None) -> None:
        """Show these; the cursor stays on its service, or in its place when that is gone.

        As long as nobody has moved it, it is on the first service. A place that is the same
        object as before costs nothing.

        Args:
            now: by which the age of facts is told.
        """
        was, place = self.cursor_key, self.cursor_place
        before, self._places, self._now = self._places, tuple(places), now
        same_shape = len(before) == len(self._places) and all(
            old.same_shape(new) for old, new in zip(before, self._places, strict=True)
        )
        if not same_shape:
            self._layout_now = self._where = None
            found = self._again(was, place) if self._touched else (0, 0)
            self._at = self._nearest(*(found or self._at))
            self._column = None
        # Who looks at the top goes on looking there, wherever the cursor's row has gone.
        self._scroll(follow=not same_shape and self._top > 0)
        self.repaint_changed()
        now_at = self.cursor_place
        if self.cursor_key != was or (now_at and now_at.ident) != (place and place.ident):
            self.post_message(self.Highlighted(self, self.cursor_key))

    def tick(self, now: Instant) -> None:
        """Let the ages of facts go on."""
        if self._columns and self._places:
            self._now = now
            self.repaint_changed()

    def fits(self, places: Sequence[Place]) -> bool:
        """Whether all of these could be seen at once; true before there is a size."""
        if not self.size.height:
            return True
        layout = self._made(places, *self.size)
        return layout.starts[-1] + layout.top <= max(1, self.size.height)

    def set_named(self, named: bool | None) -> None:
        """Draw cells with their names, without, or (`None`) as the size allows."""
        if named is not self._named:
            self._named, self._layout_now = named, None
            self._scroll()
            self.repaint_changed()

    def set_empty(self, lines: Sequence[Spans]) -> None:
        """What to show where there is no place, and why there is none."""
        self._empty = tuple(lines)
        if not self._places:
            self.repaint_changed()

    def move_to(self, key: str) -> bool:
        """Put the cursor on the service `key`; `False` where there is none."""
        found = self._find(key)
        if found is not None:
            self._move(*found)
        return found is not None

    def move_to_place(self, name: str) -> bool:
        """Put the cursor at the head of the first row of that name; `False` without one."""
        for row, place in enumerate(self._places):
            if place.name == name:
                self._move(row, HEAD)
                return True
        return False

    def _find(self, key: str | None) -> tuple[int, int] | None:
        if self._where is None:
            self._where = {
                service.key: (row, index)
                for row, place in enumerate(self._places)
                for index, service in enumerate(place.services)
            }
        return None if key is None else self._where.get(key)

    def _again(self, key: str | None, place: Place | None) -> tuple[int, int] | None:
        """Where the cursor's service stands now, or else its place."""
        if place is None:
            return None
        found = self._find(key)
        if found is not None:
            return found
        for row, other in enumerate(self._places):
            if other.ident == place.ident:
                most = len(other.services) - 1
                return row, HEAD if key is None else min(self._at[1], most)
        return None

    def _nearest(self, row: int, index: int) -> tuple[int, int]:
        """The cell nearest to a place that may no longer be there."""
        row = max(0, min(row, len(self._places) - 1))
        if not self._places:
            return 0, 0
        return row, max(HEAD, min(index, len(self._places[row].services) - 1))

    # Layout

    def _layout_at(self, width: int) -> Layout:
        key = (width, self.size.height)
        if self._layout_now is None or key != self._layout_for:
            self._layout_for = key
            self._layout_now = self._made(self._places, *key)
            plan = msgspec.structs.replace(self._layout_now, starts=())
            if plan != self._strips_for:  # else a strip is as good in another line
                self._strips_for = plan
                self._strips.clear()
        return self._layout_now

    def _made(self, places: Sequence[Place], width: int, height: int) -> Layout:
        sizes = [place.size for place in places]
        columns = self._columns if any(place.facts for place in places) else ()
        cells = [cells for _, cells in columns]
        return lay_out(sizes, width, height, named=self._named, told=self._told, columns=cells)

    def _scroll(self, *, follow: bool = True) -> None:
        """Keep to the lines that there are, and the cursor in view where it is to `follow`."""
        if not self._places or not self.size.width:
            return
        layout = self._layout_at(self.size.width)
        row, index = self._at
        line, body = line_of(self._places, layout, self._at), max(1, self.size.height - layout.top)
        first = layout.starts[row] if index < layout.across else line  # with its heading
        if follow and (first < self._top or line >= self._top + body):
            self._top = line - body // 2
        self._top = max(0, min(self._top, layout.starts[-1] - body))

    def on_resize(self) -> None:
        self._scroll(follow=self._touched)
        self.repaint_changed()
        self.post_message(self.Resized(self))

    # Drawing

    def palette_changed(self) -> None:
        self._strips.clear()

    def line(self, y: int, width: int) -> Strip:
        if not self._places:
            return self.strip(self._empty[y] if y < len(self._empty) else (), width)
        layout = self._layout_at(width)
        if y < layout.top:
            return self.strip(title_spans(layout, self._columns), width)
        line = self._top + y - layout.top
        last = layout.starts[-1] - 1
        if line > last:
            return self.strip((), width)
        strip = self._line_at(line, layout, width)
        if y == self.size.height - 1 and line < last:
            return self._with_mark(strip, self.glyphs.down, width)
        if y == layout.top and line > 0:
            return self._with_mark(strip, self.glyphs.up, width)
        return strip

    def _line_at(self, line: int, layout: Layout, width: int) -> Strip:
        """One line of all; the strip that was made before where it would look the same."""
        row = bisect_right(layout.starts, line) - 1
        place = self._places[row]
        sub = line - layout.starts[row] - bool(place.above)
        at = self._at[1] if self._at[0] == row else None
        if at is not None and max(0, at) // layout.across != sub:
            at = None
        age = age_of(place, self._now) if layout.facts and sub == 0 else ("", False)
        palette = self.palette
        key = (place, at, age, width, self.glyphs.ascii_only)
        kept = self._strips.get((row, sub))
        if kept is not None and kept[0] == key:
            return kept[1]
        if sub < 0:
            above = ((self.glyphs.rule * 2 + " ", Ink.HEADING), *place.above)
            parts = [(text, palette.style(ink)) for text, ink in above]
        else:
            parts = line_parts(place, sub, layout, at, age, self._columns, self.glyphs, palette)
        strip = strip_of(parts, width, fill=palette.base, marks=self.glyphs.marks)
        if len(self._strips) > _KEPT_STRIPS:
            self._strips.clear()
        self._strips[(row, sub)] = (key, strip)
        return strip

    def _with_mark(self, strip: Strip, mark: str, width: int) -> Strip:
        """`strip` with a sign at its end that there is more in that direction."""
        return Strip.join([strip.crop(0, width - 1), self.strip(((mark, Ink.KEY),), 1)])

    # Keys and mouse

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not self._places:
            return
        layout = self._layout_at(self.size.width)
        line = self._top + offset.y - layout.top
        column = (offset.x - layout.left) // layout.pitch
        if not 0 <= line < layout.starts[-1] or column >= layout.across:
            return
        row = bisect_right(layout.starts, line) - 1
        sub = line - layout.starts[row] - bool(self._places[row].above)
        index = HEAD if column < 0 else sub * layout.across + column
        if sub >= 0 and index < len(self._places[row].services):
            if self._at == (row, index):
                self.action_open()
            else:
                self._move(row, index)

    def _move(self, row: int, index: int) -> None:
        was = self._at
        self._at = (row, index)
        self._column, self._touched = None, True
        if self._at != was:
            self._scroll()
            self.repaint_changed()
            self.post_message(self.Highlighted(self, self.cursor_key))

    def _by_lines(self, step: int) -> None:
        """Up or down by lines as drawn, in the column that was gone to last."""
        if self._places:
            layout = self._layout_at(self.size.width)
            column = self._column
            if column is None:
                column = column_of(layout, self._at)
            self._move(*by_lines(self._places, layout, self._at, column, step))
            self._column = column

    def _by_cells(self, step: int) -> None:
        """Along the services in reading order, and the heads of their rows."""
        if self._places:
            self._move(*by_cells(self._places, self._at, step))

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
        if self._places:
            self._move(*next_bad(self._places, self._at))

    def action_open(self) -> None:
        """Ask for the service under the cursor, or for the place."""
        if self._places:
            self.post_message(self.Opened(self, self.cursor_key))
