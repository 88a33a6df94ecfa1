"""The one door from text to Textual: nothing is drawn that did not come through here.

Text of any origin, `Raw` or our own, passes `console.safety.text.visible()` on its way and is
never parsed as markup. What comes out is either `Content` for Textual's own widgets or a
`Strip` of an exact number of cells for ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.content import Content
from textual.strip import Strip

from console.model.state import Priority, State
from console.safety.text import ASCII_MARKS, MARKS, Marks, Raw, cell_width, visible
from widgets.theme import Ink, colour_variable, style_variable

Align = Literal["left", "right"]

Span = tuple[Raw | str, Ink]
"""A piece of text and what it is."""
Spans = Sequence[Span]


class Glyphs(NamedTuple):
    """The signs that are not text, in a form that the terminal can draw."""

    ascii_only: bool
    marks: Marks
    rule: str
    """Fills a line between rows."""
    cursor: str
    marked: str
    bar: str
    """Between things that stand side by side."""
    up: str
    down: str
    both: str
    """The cursor on what is marked."""


GLYPHS: Final = Glyphs(False, MARKS, "─", ">", "*", "│", "↑", "↓", "»")
ASCII_GLYPHS: Final = Glyphs(True, ASCII_MARKS, "-", ">", "*", "|", "^", "v", "#")

STATE_INKS: Final = {
    State.OK: Ink.OK,
    State.FIRING: Ink.FIRING,
    State.UNKNOWN: Ink.UNKNOWN,
    State.STALE: Ink.STALE,
    State.LOST: Ink.LOST,
}
PRIORITY_INKS: Final = {
    Priority.P0: Ink.P0,
    Priority.P1: Ink.P1,
    Priority.P2: Ink.P2,
    Priority.P3: Ink.P3,
}


class Palette:
    """The inks of one theme on the background of one widget."""

    def __init__(self, variables: dict[str, str], base: Style) -> None:
        """
        Args:
            variables: the theme's variables, `App.theme_variables`.
            base: the widget's own foreground and background.
        """
        self._variables = variables
        self._base = _without_defaults(base)
        self._styles: dict[tuple[Ink, bool, bool], Style] = {}

    @property
    def base(self) -> Style:
        """For what carries no meaning, such as the space between two columns."""
        return self.style(Ink.PLAIN)

    def style(self, ink: Ink, *, cursor: bool = False, dimmed: bool = False) -> Style:
        """How `ink` is drawn; on the cursor's line, or in a row that is shown as old."""
        key = (ink, cursor, dimmed)
        found = self._styles.get(key)
        if found is None:
            found = self._styles[key] = self._make(ink, cursor, dimmed)
        return found

    def _make(self, ink: Ink, cursor: bool, dimmed: bool) -> Style:
        style = self._base + self._text_style(ink)
        if dimmed:
            style += self._text_style(Ink.MUTED) + self._colour(Ink.MUTED)
        else:
            style += self._colour(ink)
        if cursor:
            background = self._colour(Ink.CURSOR).color
            style += self._text_style(Ink.CURSOR) + Style(bgcolor=background)
        return style

    def _colour(self, ink: Ink) -> Style:
        value = self._variables.get(colour_variable(ink))
        return Style() if value is None else _foreground(value)

    def _text_style(self, ink: Ink) -> Style:
        value = self._variables.get(style_variable(ink), "none")
        return Style() if value == "none" else Style.parse(value)


def _foreground(value: str) -> Style:
    colour = Color.parse(value).rich_color
    return Style() if colour.is_default else Style(color=colour)


def _without_defaults(style: Style) -> Style:
    """The terminal's own two colours need no escape sequence, which is a third of the bytes."""
    colour, background = style.color, style.bgcolor
    return Style(
        color=None if colour is None or colour.is_default else colour,
        bgcolor=None if background is None or background.is_default else background,
        bold=style.bold,
        reverse=style.reverse,
    )


def content(text: Raw | str, style: str = "", *, lines: bool = False) -> Content:
    """`text` for a widget, a border title or a toast of Textual's, without markup.

    Args:
        text: any text.
        style: a Textual style such as `bold $ink-p0`, ours and never from outside.
        lines: keep line breaks, else each is drawn as a mark.
    """
    return Content.styled(visible(text, lines=lines), style)


def content_of(spans: Spans, *, marks: Marks = MARKS) -> Content:
    """Several pieces of text, each in its ink, for a widget of Textual's."""
    return Content.assemble(
        *((visible(text, marks=marks), f"${colour_variable(ink)}") for text, ink in spans)
    )


def width_of(spans: Spans, marks: Marks = MARKS) -> int:
    """How many cells `spans` take when nothing is cut."""
    return sum(cell_width(visible(text, marks=marks)) for text, _ in spans)


def strip_of(
    parts: Iterable[tuple[Raw | str, Style]],
    width: int,
    *,
    fill: Style | None = None,
    marks: Marks = MARKS,
    align: Align = "left",
) -> Strip:
    """`parts` side by side in exactly `width` cells.

    Shorter than that, they are padded in the style `fill`; longer, they are cut and end in
    `marks.cut`. Neighbours of one style become one segment, since each costs an escape
    sequence on the wire.
    """
    segments = fitted(parts, width, fill=fill, marks=marks, align=align)
    return Strip(segments, max(0, width))


def fitted(
    parts: Iterable[tuple[Raw | str, Style]],
    width: int,
    *,
    fill: Style | None = None,
    marks: Marks = MARKS,
    align: Align = "left",
) -> list[Segment]:
    """What `strip_of()` makes its strip of: segments of `width` cells together."""
    if width <= 0:
        return []
    shown = [(visible(text, cells=width + 1, marks=marks), style) for text, style in parts]
    sizes = [cell_width(text) for text, _ in shown]
    total = sum(sizes)
    if total > width:
        shown, total = _cut_to(shown, sizes, width, marks)
    padding = (" " * (width - total), fill if fill is not None else Style())
    shown = [*shown, padding] if align == "left" else [padding, *shown]
    return _merged(shown)


def _cut_to(
    shown: list[tuple[str, Style]], sizes: list[int], width: int, marks: Marks
) -> tuple[list[tuple[str, Style]], int]:
    kept: list[tuple[str, Style]] = []
    room = width
    for (text, style), size in zip(shown, sizes, strict=True):
        if size < room:
            kept.append((text, style))
            room -= size
            continue
        # One character more than fits, so that the cut and its mark are visible()'s own.
        last = visible(text + marks.cut, cells=room, marks=marks)
        kept.append((last, style))
        room -= cell_width(last)
        break
    return kept, width - room


def _merged(parts: Iterable[tuple[str, Style]]) -> list[Segment]:
    """As few segments as possible: each costs some forty bytes on the wire.

    Blanks join what stands before them where nothing of their style can be seen.
    """
    segments: list[Segment] = []
    texts: list[str] = []
    current: Style | None = None
    blank = True
    for text, style in parts:
        if not text:
            continue
        space = text.isspace()
        unseen = (
            current is None or style == current or ((blank or space) and _alike(current, style))
        )
        if not unseen:
            segments.append(Segment("".join(texts), current))
            texts, current, blank = [], None, True
        if current is None or (blank and not space):
            current = style
        texts.append(text)
        blank = blank and space
    if texts:
        segments.append(Segment("".join(texts), current))
    return segments


def _alike(one: Style, other: Style) -> bool:
    """Whether a blank looks the same in both."""
    return one.bgcolor == other.bgcolor and not (_seen(one) or _seen(other))


def _seen(style: Style) -> bool:
    return bool(style.reverse or style.underline or style.strike)


def joined(segments: Iterable[Segment], width: int, fill: Style) -> Strip:
    """A strip of `width` cells from segments that `fitted()` made, `width` at most together."""
    parts = [(segment.text, segment.style or fill) for segment in segments]
    free = width - sum(cell_width(text) for text, _ in parts)
    return Strip(_merged([*parts, (" " * free, fill)]), width)
