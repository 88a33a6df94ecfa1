"""Which rows stand where, which one the cursor is on, and what waits for the keys to rest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple

from widgets.columns import RowT
from widgets.paint import Spans


class Heading(NamedTuple):
    """A line between rows that no cursor stands on."""

    before: int
    """Index of the row above which it stands; the number of rows for one at the end."""
    spans: Spans


class OrderedRows(Generic[RowT]):
    """Rows with headings between them, a cursor that keeps its key, and a window on the lines.

    No drawing, no clock: the widget says when rows may change place.
    """

    def __init__(self, key: Callable[[RowT], str]) -> None:
        self._key = key
        self.rows: Sequence[RowT] = ()
        self.keys: list[str] = []
        self.headings: tuple[Heading, ...] = ()
        self.cursor = 0
        """Index of the row under the cursor."""
        self.top = 0
        """The first line in the window."""
        self.deferred = 0
        """Rows that wait to come, to go or to move."""
        self.gone: frozenset[str] = frozenset()
        """Keys of rows that only stand here until the waiting ones take their place."""
        self.marks: set[str] = set()
        """Keys that are marked, whether a row of that key stands here now or not."""
        self._waiting: tuple[Sequence[RowT], list[str], tuple[Heading, ...]] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether newer rows wait to take their place."""
        return self._waiting is not None

    @property
    def cursor_key(self) -> str | None:
        """Key of the row under the cursor."""
        return self.keys[self.cursor] if self.keys else None

    @property
    def marked(self) -> frozenset[str]:
        """Keys of the rows here that are marked."""
        return frozenset(self.marks.intersection(self.keys)) if self.marks else frozenset()

    @property
    def lines(self) -> int:
        """Rows and headings together."""
        return len(self.rows) + len(self.headings)

    def take(
        self, rows: Sequence[RowT], headings: Iterable[Heading], *, body: int, hold: bool
    ) -> None:
        """Have `rows` in this order: at once, or with `hold` only their contents.

        `body` is the height of the window in lines.
        """
        keys = [self._key(row) for row in rows]
        if hold and self.keys and keys != self.keys:
            self._defer(rows, keys, tuple(headings))
        else:
            self._replace(rows, keys, tuple(headings), body)

    def release(self, body: int) -> None:
        """Let what waits take its place."""
        if self._waiting is not None:
            self._replace(*self._waiting, body)

    def move(self, to: int, body: int, scroll: int = 0) -> bool:
        """Put the cursor on row `to` or the last one there is; whether it moved."""
        was = self.cursor
        self.cursor = max(0, min(to, len(self.keys) - 1))
        if self.cursor == was:
            return False
        self.top += scroll
        self.scroll(body)
        return True

    def scroll(self, body: int) -> None:
        """Bring the cursor into a window of `body` lines.

        By half a page at the edge: there are no hardware scroll regions, so that every scroll
        sends every line.
        """
        line = self.line_of(self.cursor)
        if line < self.top or line >= self.top + body:
            self.top = line - body // 2
        elif line == self.top and isinstance(self.at(line - 1), Heading):
            self.top = line - 1
        self.top = max(0, min(self.top, self.lines - body))

    def line_of(self, row: int) -> int:
        """On which line the row of this index stands."""
        return row + bisect_right(self.headings, row, key=lambda heading: heading.before)

    def at(self, line: int) -> Heading | int | None:
        """What stands on `line`: a heading, the index of a row, or nothing."""
        for number, heading in enumerate(self.headings):
            place = heading.before + number
            if place == line:
                return heading
            if place > line:
                return line - number
        row = line - len(self.headings)
        return row if row < len(self.rows) else None

    def _defer(self, rows: Sequence[RowT], keys: list[str], headings: tuple[Heading, ...]) -> None:
        newer = dict(zip(keys, rows, strict=True))
        self._waiting = (rows, keys, headings)
        self.gone = frozenset(self.keys).difference(newer)
        self.rows = [newer.get(key, row) for key, row in zip(self.keys, self.rows, strict=True)]
        came = len(newer) - (len(self.keys) - len(self.gone))
        self.deferred = max(1, came + len(self.gone))

    def _replace(
        self, rows: Sequence[RowT], keys: list[str], headings: tuple[Heading, ...], body: int
    ) -> None:
        was, old_keys, line = self.cursor_key, self.keys, self.line_of(self.cursor)
        same = keys == old_keys and headings == self.headings
        self._waiting, self.deferred, self.gone = None, 0, frozenset()
        self.rows, self.keys, self.headings = rows, keys, headings
        if same:
            return
        self.cursor = self._place_cursor(was, old_keys)
        if self.top:
            # The cursor keeps its line on the screen; rows move around it.
            self.top = max(0, self.top + self.line_of(self.cursor) - line)
        self.scroll(body)

    def _place_cursor(self, was: str | None, old_keys: list[str]) -> int:
        """Where `was` is now; if it is gone, the nearest row that stood below it, or above."""
        if was is None or not self.keys:
            return 0
        if self.cursor < len(self.keys) and self.keys[self.cursor] == was:
            return self.cursor
        index = {key: place for place, key in enumerate(self.keys)}
        for key in (*old_keys[self.cursor :], *reversed(old_keys[: self.cursor])):
            if key in index:
                return index[key]
        return 0
