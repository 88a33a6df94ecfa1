"""A list that stays quick with 10,000 rows and keeps still under the hand.

Only rows on screen are ever drawn. The cursor stays on its row's key when rows change, and
for two seconds after a key nothing changes place: what arrives meanwhile is counted in the
title line and takes its place afterwards, while states and texts of rows stay current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final, Generic, NamedTuple

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from console.model.words import count_text
from console.safety.clock import Clock, Instant
from console.safety.text import with_port
from widgets.columns import GAP, Column, Placed, RowT, place
from widgets.line_view import LineView
from widgets.ordered_rows import Heading, OrderedRows
from widgets.paint import Spans, fitted, joined, width_of
from widgets.theme import Ink

HOLD_S: Final = 2.0
"""How long after a key nothing changes place."""
_GUTTER: Final = 1
_WHEEL_ROWS: Final = 3


class _Drawn(NamedTuple, Generic[RowT]):
    row: RowT
    look: tuple[bool, bool, bool]
    volatile: tuple[Spans, ...]
    strip: Strip


class LiveList(LineView, Generic[RowT], can_focus=True):
    """Rows in columns with a cursor, marks, headings between rows and a title line.

    It binds no keys: a screen binds `action_down`, `action_first` and the others.
    """

    DEFAULT_CSS: ClassVar[str] = """
    LiveList {
        height: 1fr;
    }
    """

    class Highlighted(Message):
        """The cursor came to another row. Only the newest one is delivered."""

        def __init__(self, view: LiveList[Any], key: str | None) -> None:
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> LiveList[Any]:
            return self.view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LiveList.Highlighted) and message.view is self.view

    class Opened(Message):
        """A row was asked for, by key or by a second click on it."""

        def __init__(self, view: LiveList[Any], key: str) -> None:
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> LiveList[Any]:
            return self.view

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        *,
        key: Callable[[RowT], str],
        clock: Clock,
        dimmed: Callable[[RowT], bool] = lambda row: False,
        hold_s: float = HOLD_S,
        titles: bool = True,
        tells_position: bool = True,
        empty: Sequence[Spans] = (),
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        """
        Args:
            columns: in the order in which they are drawn, volatile ones first.
            key: what stays the same for as long as a row lives; unique.
            clock: asked when a key was pressed and when rows arrive.
            dimmed: rows that are drawn as no longer certain.
            hold_s: for how long after a key nothing changes place.
            titles: whether the first line names the columns.
            tells_position: whether it ends in which row of how many; a screen whose columns leave
                no room for that shows `position` elsewhere.
            empty: the lines to show where there are no rows.
        """
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._clock = clock
        self._dimmed = dimmed
        self._hold_s = hold_s
        self._titles = titles
        self._tells_position = tells_position
        self._empty: tuple[Spans, ...] = tuple(empty)
        self._order: OrderedRows[RowT] = OrderedRows(key)
        self._held_until = float("-inf")
        self.is_touched = False
        """Whether anybody has pressed a key here, or was led to a row."""
        self._now = clock.now()
        self._placed: tuple[Placed, ...] = ()
        self._placed_for = -1
        self._drawn: dict[str, _Drawn[RowT]] = {}
        self._cursor_shown = True

    # What it shows

    @property
    def rows(self) -> Sequence[RowT]:
        """The rows as they are painted, which for a moment may be in an older order."""
        return self._order.rows

    @property
    def cursor_key(self) -> str | None:
        """Key of the row under the cursor as painted: what an action binds to."""
        return self._order.cursor_key

    @property
    def cursor_row(self) -> RowT | None:
        """The row under the cursor as painted."""
        order = self._order
        return order.rows[order.cursor] if order.keys else None

    @property
    def marked(self) -> frozenset[str]:
        """Keys of the rows that are painted and marked: what an action binds to."""
        return self._order.marked

    @property
    def marked_rows(self) -> tuple[RowT, ...]:
        """The marked rows as painted, in the order in which they stand."""
        order = self._order
        if not order.marks:
            return ()
        pairs = zip(order.keys, order.rows, strict=True)
        return tuple(row for key, row in pairs if key in order.marks)

    @property
    def marks(self) -> int:
        """How many marks there are, those among them whose row is not shown now."""
        return len(self._order.marks)

    @property
    def deferred(self) -> int:
        """How many rows wait to come, to go or to move until the keys rest."""
        return self._order.deferred

    def is_gone(self, key: str) -> bool:
        """Whether the row is only still painted because a key was pressed a moment ago."""
        return key in self._order.gone

    def set_rows(self, rows: Sequence[RowT], headings: Iterable[Heading] = ()) -> None:
        """Show `rows`, in this order; at once, or when the keys have rested for two seconds.

        Contents of rows that are already there are always taken at once. Draws no more than
        the rows on screen.
        """
        self._now = self._clock.now()
        with self._cursor_watched():
            hold = self._now.mono < self._held_until
            self._order.take(rows, headings, body=self._body, hold=hold)
        self.repaint_changed()

    def set_columns(self, columns: Sequence[Column[RowT]]) -> None:
        """Show other columns of the same rows."""
        self._columns = tuple(columns)
        self._placed_for = -1
        self.refresh()

    def set_empty(self, lines: Sequence[Spans]) -> None:
        """What to show where there are no rows, and why there are none."""
        self._empty = tuple(lines)
        self.repaint_changed()

    def repaint_rows(self) -> None:
        """Draw the rows on screen again: what a column tells of has changed, the rows not."""
        self._drawn.clear()
        self.repaint_changed()

    def show_cursor(self, shown: bool) -> None:
        """Draw the cursor or not: of several lists only that which has the keys shows one."""
        self._cursor_shown = shown
        self.repaint_changed()

    def toggle_mark(self) -> None:
        """Mark the row under the cursor or take its mark away, and go one row down."""
        key = self.cursor_key
        if key is not None:
            self._order.marks ^= {key}
            self.repaint_changed()
            self.action_down()

    def mark_all(self) -> None:
        """Mark every row that is shown; where all of them are marked, take all marks away."""
        order = self._order
        if order.marks.issuperset(order.keys):
            order.marks.clear()
        else:
            order.marks.update(order.keys)
        self.repaint_changed()

    def clear_marks(self) -> None:
        """Take every mark away, of rows that are not shown too."""
        self._order.marks.clear()
        self.repaint_changed()

    def keep_marks(self, there: Iterable[str]) -> int:
        """Take the marks away of what is not there any more; a row may only not be shown.

        Args:
            there: keys of all that there is, shown or not.

        Returns:
            How many marks that took away.
        """
        order = self._order
        gone = order.marks.difference(there) if order.marks else ()
        if gone:
            order.marks.difference_update(gone)
            self.repaint_changed()
        return len(gone)

    def hold(self) -> None:
        """A key was pressed: nothing changes place for the next two seconds."""
        self.is_touched = True
        self._held_until = self._clock.now().mono + self._hold_s

    def release(self) -> None:
        """Let what waits take its place now."""
        self._held_until = float("-inf")
        with self._cursor_watched():
            self._order.release(self._body)
        self.repaint_changed()

    def tick(self, now: Instant) -> int:
        """Redraw what time alone has changed, on screen only; call it once a second.

        Returns:
            How many lines differ.
        """
        self._now = now
        if self._order.is_waiting and now.mono >= self._held_until:
            with self._cursor_watched():
                self._order.release(self._body)
        return self.repaint_changed()

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row `key`; `False` where there is none."""
        self.is_touched = True
        if key not in self._order.keys:
            return False
        self._move(self._order.keys.index(key))
        return True

    # Drawing

    @property
    def _title_lines(self) -> int:
        return 1 if self._titles else 0

    @property
    def _body(self) -> int:
        return max(1, self.size.height - self._title_lines)

    def on_resize(self) -> None:
        self._order.scroll(self._body)
        self.repaint_changed()

    def palette_changed(self) -> None:
        self._drawn.clear()

    def line(self, y: int, width: int) -> Strip:
        if width != self._placed_for:
            self._drawn.clear()
            self._placed = place(self._columns, width - _GUTTER)
            self._placed_for = width
        if self._titles and y == 0:
            return self._title_strip(width)
        y -= self._title_lines
        if not self._order.lines:
            return self.strip(self._empty[y] if y < len(self._empty) else (), width)
        found = self._order.at(self._order.top + y)
        if found is None:
            return self.strip((), width)
        if isinstance(found, Heading):
            return self._heading_strip(found, width)
        return self._row_strip(found, width)

    def _title_strip(self, width: int) -> Strip:
        palette, where = self.palette, self._where()
        style = palette.style(Ink.COLUMN)
        room = width - (width_of(where) + 1 if where else 0)
        segments, left = [Segment(" " * _GUTTER, palette.base)], room - _GUTTER
        for place_in_line, (number, cells) in enumerate(self._placed):
            if place_in_line:
                segments.append(Segment(" " * GAP, palette.base))
                left -= GAP
            column = self._columns[number]
            # What the position leaves of a title ends in the mark; a mark alone tells nothing.
            seen = max(0, min(cells, left))
            segments += fitted(
                [(column.title if seen > 1 or seen == cells else "", style)],
                seen,
                fill=palette.base,
                marks=self.glyphs.marks,
                align=column.align,
            )
            left -= cells
        title = Strip(segments).adjust_cell_length(width, palette.base)
        if not where or room < 1:
            return title
        position = self.strip(where, width - room, align="right")
        return Strip.join([title.crop(0, room), position]).simplify()

    @property
    def position(self) -> str:
        """`3/80`: which row of how many, where not all fit; else empty."""
        order = self._order
        if order.lines <= self._body:
            return ""
        return f"{count_text(order.cursor + 1)}/{count_text(len(order.rows))}"

    def _where(self) -> Spans:
        """The position, and what waits for the keys to rest."""
        order, spans = self._order, list[tuple[str, Ink]]()
        if order.deferred:
            changes = "change" if order.deferred == 1 else "changes"
            spans.append((f"{count_text(order.deferred)} {changes} held", Ink.WARNING))
        text = self.position if self._tells_position else ""
        if text:
            spans.append((f"  {text}" if spans else text, Ink.MUTED))
        return spans

    def _heading_strip(self, heading: Heading, width: int) -> Strip:
        rule = self.glyphs.rule
        lead: Spans = ((rule * 2 + " ", Ink.HEADING), *heading.spans, (" ", Ink.HEADING))
        left = width - width_of(lead, self.glyphs.marks)
        return self.strip((*lead, (rule * max(0, left), Ink.HEADING)), width)

    def _row_strip(self, index: int, width: int) -> Strip:
        order = self._order
        row, key = order.rows[index], order.keys[index]
        dimmed = key in order.gone or self._dimmed(row)
        look = (index == order.cursor and self._cursor_shown, key in order.marks, dimmed)
        volatile = tuple(
            self._columns[placed.number].spans(row, self._now)
            for placed in self._placed
            if self._columns[placed.number].volatile
        )
        drawn = self._drawn.get(key)
        if drawn and drawn.row is row and drawn.look == look and drawn.volatile == volatile:
            return drawn.strip
        strip = self._draw_row(row, look, volatile, width)
        if len(self._drawn) > 8 * self._body:
            self._drawn.clear()
        self._drawn[key] = _Drawn(row, look, volatile, strip)
        return strip

    def _draw_row(
        self, row: RowT, look: tuple[bool, bool, bool], volatile: tuple[Spans, ...], width: int
    ) -> Strip:
        cursor, marked, dimmed = look
        palette, glyphs = self.palette, self.glyphs
        fill = palette.style(Ink.PLAIN, cursor=cursor, dimmed=dimmed)
        sign = glyphs.cursor if cursor else " "
        if marked:
            sign = glyphs.both if cursor else glyphs.marked
        ink = Ink.WARNING if marked else Ink.STRONG
        segments = [Segment(sign, palette.style(ink, cursor=cursor))]
        known = iter(volatile)
        for place_in_line, (number, cells) in enumerate(self._placed):
            if place_in_line:
                segments.append(Segment(" " * GAP, fill))
            column = self._columns[number]
            spans = next(known) if column.volatile else column.spans(row, self._now)
            styled = [
                (text, palette.style(ink, cursor=cursor, dimmed=dimmed)) for text, ink in spans
            ]
            if column.keeps_port and len(styled) == 1:
                styled = [(with_port(styled[0][0], cells, marks=glyphs.marks), styled[0][1])]
            segments += fitted(styled, cells, fill=fill, marks=glyphs.marks, align=column.align)
        return joined(segments, width, fill)

    # Keys and mouse

    def on_key(self) -> None:
        self.hold()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._title_lines:
            return
        found = self._order.at(self._order.top + offset.y - self._title_lines)
        if isinstance(found, int) and 0 <= found < len(self._order.keys):
            self.hold()
            if found == self._order.cursor:
                self.action_open()
            else:
                self._move(found)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._move(self._order.cursor + _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._move(self._order.cursor - _WHEEL_ROWS)

    def _move(self, to: int, scroll: int = 0) -> None:
        with self._cursor_watched():
            moved = self._order.move(to, self._body, scroll)
        if moved:
            self.repaint_changed()

    @contextmanager
    def _cursor_watched(self) -> Iterator[None]:
        was = self._order.cursor_key
        yield
        if self._order.cursor_key != was:
            self.post_message(self.Highlighted(self, self._order.cursor_key))

    def action_down(self) -> None:
        """One row down."""
        self._move(self._order.cursor + 1)

    def action_up(self) -> None:
        """One row up."""
        self._move(self._order.cursor - 1)

    def action_half_down(self) -> None:
        """Half a screen down."""
        self._move(self._order.cursor + max(1, self._body // 2))

    def action_half_up(self) -> None:
        """Half a screen up."""
        self._move(self._order.cursor - max(1, self._body // 2))

    def action_page_down(self) -> None:
        """A screen down."""
        self._move(self._order.cursor + self._body, scroll=self._body)

    def action_page_up(self) -> None:
        """A screen up."""
        self._move(self._order.cursor - self._body, scroll=-self._body)

    def action_first(self) -> None:
        """To the first row."""
        self._move(0)

    def action_last(self) -> None:
        """To the last row."""
        self._move(len(self._order.keys) - 1)

    def action_open(self) -> None:
        """Ask for the row under the cursor."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))
