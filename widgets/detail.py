"""A document about one thing: names and values, paragraphs, pictures; it scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.strip import Strip

from console.model.words import count_text
from console.safety.text import Raw, cell_width, fit
from widgets.chunks import Chunk, arrange
from widgets.line_view import LineView
from widgets.paint import Span, Spans, width_of
from widgets.theme import Ink
from widgets.wrap import wrapped

_WHEEL_LINES: Final = 3


class Title(msgspec.Struct, frozen=True):
    """Heads what follows, with a rule up to the edge."""

    spans: Spans


class Field(msgspec.Struct, frozen=True):
    """A name and its value, which is wrapped beside it."""

    name: Raw | str
    value: Raw | str
    ink: Ink = Ink.PLAIN
    note: str = ""
    """Behind the value, faintly, below it where there is no room: `5s ago`."""


class Paragraph(msgspec.Struct, frozen=True):
    """Text over the whole width; its line breaks are kept."""

    text: Raw | str
    ink: Ink = Ink.PLAIN


class SpanLine(msgspec.Struct, frozen=True):
    """One line in several inks; cut at the edge, not wrapped."""

    spans: Spans


class Figure(msgspec.Struct, frozen=True):
    """Lines that depend on the width, such as a graph."""

    draw: Callable[[int], Sequence[Spans]]


class Blank(msgspec.Struct, frozen=True):
    """An empty line."""


Part = Title | Field | Paragraph | SpanLine | Figure | Blank


class Detail(LineView, can_focus=True):
    """Shows parts one below the other. It binds no keys."""

    DEFAULT_CSS: ClassVar[str] = """
    Detail {
        height: 1fr;
    }
    """

    _MOST_NAME_CELLS = 24

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._parts: tuple[Part, ...] = ()
        self._subject = ""
        self._laid: list[Spans] = []
        self._laid_for = -1
        self._top = 0

    def show(self, parts: Sequence[Part], *, subject: str = "") -> None:
        """Show `parts`. It stays scrolled where it is while `subject` is the same."""
        self._parts = tuple(parts)
        self._laid_for = -1
        if subject != self._subject:
            self._subject, self._top = subject, 0
        self._scroll(0)
        self.repaint_changed()

    def height_at(self, width: int) -> int:
        """How many lines it needs in `width` cells."""
        return len(self._lay_out(width))

    @property
    def lines_below(self) -> int:
        """How many lines do not fit below what is shown."""
        return max(0, len(self._lines()) - self._top - self.size.height)

    def line(self, y: int, width: int) -> Strip:
        lines = self._lines()
        at = self._top + y
        spans: Spans = lines[at] if at < len(lines) else ()
        below = self.lines_below
        if below and y == self.size.height - 1:
            more = ((f"{self.glyphs.down} {count_text(below)} more", Ink.MUTED),)
            marks = self.glyphs.marks
            room = width - width_of(more, marks) - 1
            if room > 0:
                head = self.strip(spans, room)
                return Strip.join([head, self.strip(more, width - room, align="right")])
        return self.strip(spans, width)

    def on_resize(self) -> None:
        self._scroll(0)
        self.repaint_changed()

    def _lines(self) -> list[Spans]:
        width = self.size.width
        if width != self._laid_for:
            self._laid_for = width
            self._laid = self._lay_out(width) if width else []
        return self._laid

    def _lay_out(self, width: int) -> list[Spans]:
        marks = self.glyphs.marks
        names = [cell_width_of(part.name) for part in self._parts if isinstance(part, Field)]
        name_cells = min(max(names, default=0), self._MOST_NAME_CELLS, max(4, width // 3))
        lines: list[Spans] = []
        for part in self._parts:
            match part:
                case Field():
                    lines += self._field(part, name_cells, width)
                case Paragraph():
                    lines += [
                        ((line, part.ink),) for line in wrapped(part.text, width, marks=marks)
                    ]
                case Title():
                    lines.append(self._title(part, width))
                case SpanLine():
                    lines.append(part.spans)
                case Figure():
                    lines += part.draw(width)
                case Blank():
                    lines.append(())
        return lines

    def _field(self, part: Field, name_cells: int, width: int) -> list[Spans]:
        marks = self.glyphs.marks
        values = wrapped(part.value, width - name_cells - 1, marks=marks)
        lines: list[Spans] = []
        for number, value in enumerate(values):
            name = fit(part.name, name_cells, marks=marks) if number == 0 else " " * name_cells
            spans: list[Span] = [(name + " ", Ink.NAME), (value, part.ink)]
            lines.append(spans)
        if part.note and lines:
            if width_of(lines[-1], marks) + 2 + cell_width(part.note) <= width:
                lines[-1] = [*lines[-1], (f"  {part.note}", Ink.MUTED)]
            else:
                lines.append([(" " * (name_cells + 1), Ink.NAME), (part.note, Ink.MUTED)])
        return lines

    def _title(self, part: Title, width: int) -> Spans:
        rule = self.glyphs.rule
        spans = [(rule * 2 + " ", Ink.HEADING), *part.spans, (" ", Ink.HEADING)]
        spans = arrange([Chunk(spans, 1)], (), width, marks=self.glyphs.marks)
        left = width - width_of(spans, self.glyphs.marks)
        return [*spans, (rule * max(0, left), Ink.HEADING)]

    # Keys and mouse

    def _scroll(self, lines: int) -> None:
        last = max(0, len(self._lines()) - max(1, self.size.height))
        self._top = max(0, min(self._top + lines, last))

    def _move(self, lines: int) -> None:
        was = self._top
        self._scroll(lines)
        if self._top != was:
            self.repaint_changed()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._move(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._move(-_WHEEL_LINES)

    def action_down(self) -> None:
        """One line down."""
        self._move(1)

    def action_up(self) -> None:
        """One line up."""
        self._move(-1)

    def action_half_down(self) -> None:
        """Half a screen down."""
        self._move(max(1, self.size.height // 2))

    def action_half_up(self) -> None:
        """Half a screen up."""
        self._move(-max(1, self.size.height // 2))

    def action_page_down(self) -> None:
        """A screen down."""
        self._move(max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        """A screen up."""
        self._move(-max(1, self.size.height - 1))

    def action_first(self) -> None:
        """To the top."""
        self._move(-len(self._lines()))

    def action_last(self) -> None:
        """To the end."""
        self._move(len(self._lines()))


def cell_width_of(text: Raw | str) -> int:
    """Cells that the first 100 of `text` take once it is shown."""
    return cell_width(fit(text, 100).rstrip())
