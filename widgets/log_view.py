"""Lines of a log with their times: thousands of them, in a window that can follow their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Final

from textual import events
from textual.strip import Strip

from console.model.logs import MAX_LINES, LogLine
from console.model.words import count_text
from console.safety.text import Raw, visible
from widgets.line_view import LineView
from widgets.paint import Span, Spans, width_of
from widgets.theme import Ink
from widgets.wrap import wrapped

Matcher = Callable[[Raw], bool]
"""Whether a line is one of those that are looked for."""

_WHEEL_LINES: Final = 3
_SIDEWAYS_CELLS: Final = 20
_FURTHEST: Final = 8_000


class LogView(LineView, can_focus=True):
    """Log lines with a cursor, a rule where an episode began, and found lines marked.

    It binds no keys: a screen binds `action_down`, `action_first` and the others. Of the lines
    it keeps the newest `MAX_LINES`. While the cursor is on the last line it stays on the last.
    """

    DEFAULT_CSS: ClassVar[str] = """
    LogView {
        height: 1fr;
    }
    """

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[LogLine] = []
        self._cursor = 0
        self._top = 0
        self._left = 0
        """Cells that are hidden at the left."""
        self._wraps = False
        self._rule_at: datetime | None = None
        self._rule_text = ""
        self._rule = -1
        """Index of the line above which it stands; their number: behind the last; -1: nowhere."""
        self._matcher: Matcher | None = None
        self._found: dict[int, bool] = {}
        """What the matcher said, by the line's identity; asked once a line."""
        self._empty: tuple[Spans, ...] = ()
        self._title: Spans = ()
        self._foot: Spans = ()
        self._with_date = False

    # What it shows

    @property
    def lines(self) -> Sequence[LogLine]:
        """All lines that it holds, oldest first."""
        return self._lines

    @property
    def cursor_line(self) -> LogLine | None:
        """The line under the cursor."""
        return self._lines[self._cursor] if self._lines else None

    @property
    def at_end(self) -> bool:
        """Whether the cursor is on the last line, so that new ones scroll."""
        return self._cursor >= len(self._lines) - 1

    @property
    def lines_below(self) -> int:
        """How many lines lie behind the cursor."""
        return max(0, len(self._lines) - 1 - self._cursor)

    @property
    def wraps(self) -> bool:
        """Whether long lines are broken, and not cut."""
        return self._wraps

    def set_lines(self, lines: Iterable[LogLine]) -> None:
        """Show these lines instead; the cursor stays on its line, else it goes to the last."""
        was = self.cursor_line
        self._lines = list(lines)[-MAX_LINES:]
        self._found.clear()
        self._with_date = _days(self._lines) > 1
        self._place_rule()
        here = self._lines.index(was) if was is not None and was in self._lines else None
        self._go(len(self._lines) - 1 if here is None else here)
        self.repaint_changed()

    def append(self, lines: Sequence[LogLine]) -> None:
        """Lines that came behind the others; the oldest go where there are too many."""
        follows = self.at_end
        self._lines += lines
        gone = max(0, len(self._lines) - MAX_LINES)
        if gone:
            for line in self._lines[:gone]:
                self._found.pop(id(line), None)
            del self._lines[:gone]
            self._cursor, self._top = max(0, self._cursor - gone), max(0, self._top - gone)
            self._rule = self._rule - gone if self._rule >= gone else -1
        if self._rule < 0 and not gone:
            self._place_rule()
        self._go(len(self._lines) - 1 if follows else self._cursor)
        self.repaint_changed()

    def set_rule(self, at: datetime | None, text: str) -> None:
        """Draw a rule at that moment; safe text."""
        self._rule_at, self._rule_text = at, text
        self._place_rule()
        self.repaint_changed()

    def set_words(
        self, *, title: Spans = (), foot: Spans = (), empty: Sequence[Spans] = ()
    ) -> None:
        """The first and the last line, and what stands between them where there is no line."""
        self._title, self._foot, self._empty = title, foot, tuple(empty)
        self.repaint_changed()

    def find(self, matcher: Matcher | None) -> int:
        """Mark the lines for which `matcher` says yes; how many there are now."""
        self._matcher = matcher
        self._found.clear()
        self.repaint_changed()
        return self.count_found()

    def count_found(self) -> int:
        """How many lines are marked."""
        return sum(map(self._is_found, self._lines)) if self._matcher else 0

    def go_to_found(self, step: int) -> bool:
        """To the next marked line in that direction, from the other end behind the last one."""
        size = len(self._lines)
        for far in range(1, size + 1):
            at = (self._cursor + far * step) % size
            if self._is_found(self._lines[at]):
                self._move_to(at)
                return True
        return False

    def go_to_rule(self) -> bool:
        """To the first line after the rule, or the last before it; `False` without a rule."""
        if self._rule < 0:
            return False
        self._cursor = min(self._rule, len(self._lines) - 1)
        self._top = max(0, self._cursor - self._body // 3)
        self._go(self._cursor)
        self.repaint_changed()
        return True

    def set_wraps(self, wraps: bool) -> None:
        """Break long lines, or cut them and let them be moved sideways."""
        self._wraps, self._left = wraps, 0
        self._go(self._cursor)
        self.repaint_changed()

    def _is_found(self, line: LogLine) -> bool:
        if self._matcher is None:
            return False
        known = self._found.get(id(line))
        if known is None:
            known = self._found[id(line)] = self._matcher(line.text)
        return known

    def _place_rule(self) -> None:
        at = self._rule_at
        self._rule = -1
        if at is None or not self._lines:
            return
        first = next((line.at for line in self._lines if line.at is not None), None)
        if first is None or first > at:
            return  # it began before everything that is here
        for number, line in enumerate(self._lines):
            if line.at is not None and line.at >= at:
                self._rule = number
                return
        self._rule = len(self._lines)  # whatever broke said nothing any more

    # Drawing

    @property
    def _body(self) -> int:
        return max(1, self.size.height - 2)

    def on_resize(self) -> None:
        self._go(self._cursor)
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        if y == 0:
            return self.strip(self._title, width)
        if y == self.size.height - 1:
            return self._foot_strip(width)
        if not self._lines:
            return self.strip(self._empty[y - 1] if y - 1 < len(self._empty) else (), width)
        wanted = y - 1
        number = self._top
        while number < len(self._lines):
            drawn = self._drawn(number, width)
            if wanted < len(drawn):
                here = number == self._cursor and drawn[wanted][0] != _RULE
                return self.strip(drawn[wanted], width, cursor=here)
            wanted -= len(drawn)
            number += 1
        return self.strip((), width)

    def _foot_strip(self, width: int) -> Strip:
        where = ((f"{count_text(self._cursor + 1)}/{count_text(len(self._lines))}", Ink.MUTED),)
        room = width - width_of(where) - 1
        if not self._lines or room < 10:
            return self.strip(self._foot, width)
        parts = [self.strip(self._foot, room), self.strip(where, width - room, align="right")]
        return Strip.join(parts)

    def _drawn(self, number: int, width: int) -> list[Spans]:
        """One line of the log as it stands on screen, with the rule above where it has one."""
        line = self._lines[number]
        sign = " "
        if number == self._cursor:
            sign = self.glyphs.cursor
        elif self._is_found(line):
            sign = self.glyphs.marked
        head: list[Span] = [(sign, Ink.STRONG), (self._time(line) + " ", Ink.MUTED)]
        ink = Ink.WARNING if self._is_found(line) else self._ink_of(line)
        spans: list[Spans] = []
        if number == self._rule:
            spans.append(self._rule_spans(width))
        marks = self.glyphs.marks
        taken = width_of(head, marks)
        if self._wraps:
            pieces = wrapped(line.text, max(10, width - taken), marks=marks)[: self._body]
            spans.append((*head, (pieces[0], ink)))
            spans += [((" " * taken, Ink.PLAIN), (piece, ink)) for piece in pieces[1:]]
        elif self._left:
            shown = visible(line.text, marks=marks)[self._left :]
            cut = marks.cut if shown else ""
            spans.append((*head, (cut + shown[len(cut) :], ink)))
        else:
            spans.append((*head, (line.text, ink)))
        if self._rule == number + 1 == len(self._lines):
            spans.append(self._rule_spans(width))
        return spans

    def _rule_spans(self, width: int) -> Spans:
        rule = self.glyphs.rule
        text = f"{rule * 2} {self._rule_text} "
        return (_RULE, (text, Ink.HEADING), (rule * max(0, width - len(text)), Ink.HEADING))

    def _ink_of(self, line: LogLine) -> Ink:
        return Ink.PLAIN

    def _time(self, line: LogLine) -> str:
        width = 14 if self._with_date else 8
        if line.at is None:
            return " " * width
        local = line.at.astimezone()
        return f"{local:%m-%d %H:%M:%S}" if self._with_date else f"{local:%H:%M:%S}"

    # Keys and mouse

    def _height(self, number: int) -> int:
        if not self._wraps:
            last = self._rule == number + 1 == len(self._lines)
            return 1 + (number == self._rule) + last
        return len(self._drawn(number, max(1, self.size.width)))

    def _go(self, to: int) -> None:
        """Put the cursor on line `to` or the nearest there is, and scroll to where it is."""
        self._cursor = max(0, min(to, len(self._lines) - 1))
        self._top = max(0, min(self._top, self._cursor))
        room, first = self._body, self._cursor
        while first >= 0 and (room := room - self._height_at(first)) >= 0:
            first -= 1
        self._top = max(self._top, min(first + 1, self._cursor))
        self._fill()

    def _fill(self) -> None:
        """Leave no room empty at the end that lines before could take."""
        room, first = self._body, len(self._lines)
        while first > 0 and (room := room - self._height_at(first - 1)) >= 0:
            first -= 1
        self._top = min(self._top, first)

    def _height_at(self, number: int) -> int:
        return self._height(number) if 0 <= number < len(self._lines) else 1

    def _move_to(self, to: int, scroll: int = 0) -> None:
        self._top = max(0, self._top + scroll)
        self._go(to)
        self.repaint_changed()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not 0 < offset.y < self.size.height - 1:
            return
        wanted, number = offset.y - 1, self._top
        while number < len(self._lines) and wanted >= self._height(number):
            wanted -= self._height(number)
            number += 1
        if number < len(self._lines):
            self._move_to(number)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._move_to(self._cursor + _WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._move_to(self._cursor - _WHEEL_LINES)

    def action_down(self) -> None:
        """One line down."""
        self._move_to(self._cursor + 1)

    def action_up(self) -> None:
        """One line up."""
        self._move_to(self._cursor - 1)

    def action_half_down(self) -> None:
        """Half a screen down."""
        self._move_to(self._cursor + max(1, self._body // 2))

    def action_half_up(self) -> None:
        """Half a screen up."""
        self._move_to(self._cursor - max(1, self._body // 2))

    def action_page_down(self) -> None:
        """A screen down."""
        self._move_to(self._cursor + self._body, scroll=self._body)

    def action_page_up(self) -> None:
        """A screen up."""
        self._move_to(self._cursor - self._body, scroll=-self._body)

    def action_first(self) -> None:
        """To the first line."""
        self._move_to(0)

    def action_last(self) -> None:
        """To the last line."""
        self._move_to(len(self._lines) - 1)

    def action_left(self) -> None:
        """The text to the right again."""
        self._shift(-_SIDEWAYS_CELLS)

    def action_right(self) -> None:
        """The text to the left, to read what is cut."""
        self._shift(_SIDEWAYS_CELLS)

    def _shift(self, cells: int) -> None:
        if not self._wraps:
            self._left = max(0, min(self._left + cells, _FURTHEST))
            self.repaint_changed()


_RULE: Final[Span] = ("", Ink.HEADING)
"""Leads the spans of the rule, on which no cursor stands."""


def _days(lines: list[LogLine]) -> int:
    days = {line.at.astimezone().date() for line in lines[:1] + lines[-1:] if line.at is not None}
    return len(days)
