"""What all our widgets have in common: they draw line by line, and send only what changed.

Textual sends a touched line from the widget's left edge to the last cell that is dirty, so a
widget keeps the strips that it painted, compares, and marks no cell beyond the last one that
differs. A change of one countdown costs some 40 bytes, a repaint of the widget thousands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import VisualType
from textual.widget import Widget

from widgets.paint import ASCII_GLYPHS, GLYPHS, Align, Glyphs, Palette, Spans, strip_of
from widgets.theme import Ink


class LineView(Widget):
    """A widget that draws itself by `line()` and repaints by comparing.

    The app decides with an attribute `ascii_only` (default no) which glyphs are drawn.
    """

    DEFAULT_CSS: ClassVar[str] = """
    LineView {
        width: 1fr;
        background: $background;
        color: $foreground;
    }
    """
    ALLOW_SELECT = False

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._painted: dict[int, Strip] = {}
        self._fresh: dict[int, Strip] = {}
        self._palette: Palette | None = None
        self._palette_key: tuple[str, Style] | None = None

    def line(self, y: int, width: int) -> Strip:
        """Line `y` of the content, exactly `width` cells; made by `self.strip()`."""
        raise NotImplementedError

    @property
    def glyphs(self) -> Glyphs:
        """The signs that this terminal can draw."""
        return ASCII_GLYPHS if getattr(self.app, "ascii_only", False) else GLYPHS

    @property
    def palette(self) -> Palette:
        """The inks of the present theme on this widget's background."""
        base = self.visual_style.rich_style
        key = (self.app.theme, base)
        if self._palette is None or key != self._palette_key:
            self._palette = Palette(self.app.theme_variables, base)
            self._palette_key = key
            self.palette_changed()
        return self._palette

    def palette_changed(self) -> None:
        """Called when strips that were made before have the wrong colours."""

    def strip(
        self,
        spans: Spans,
        width: int,
        *,
        cursor: bool = False,
        dimmed: bool = False,
        align: Align = "left",
    ) -> Strip:
        """A line of `spans` in exactly `width` cells."""
        palette = self.palette
        return strip_of(
            [(text, palette.style(ink, cursor=cursor, dimmed=dimmed)) for text, ink in spans],
            width,
            fill=palette.style(Ink.PLAIN, cursor=cursor),
            marks=self.glyphs.marks,
            align=align,
        )

    def render(self) -> VisualType:
        """Never used: `render_line` draws."""
        return ""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        strip = self._fresh.pop(y, None)
        if strip is None or strip.cell_length != width:
            strip = self.line(y, width)
        self._painted[y] = strip
        return strip

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> LineView:
        if not regions:
            self._fresh.clear()
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def repaint_changed(self, lines: Iterable[int] | None = None) -> int:
        """Send those of `lines` (all where `None`) that no longer look as they were painted.

        Returns:
            How many lines differ.
        """
        width, height = self.size
        if not width or not self.is_attached:
            return 0
        changed = 0
        for y in range(height) if lines is None else lines:
            if not 0 <= y < height:
                continue
            new, old = self.line(y, width), self._painted.get(y)
            if old is not None and old.cell_length == width:
                cells = changed_cells(old, new)
                if not cells:
                    self._fresh.pop(y, None)
                    continue
            else:
                cells = width
            self._fresh[y] = new
            self.refresh(Region(0, y, cells, 1))
            changed += 1
        return changed


def changed_cells(old: Strip, new: Strip) -> int:
    """How many cells, from the left edge, have to be sent to turn `old` into `new`.

    0 where they are equal. Both have the same length.
    """
    if old is new:
        return 0
    before, after = list(old), list(new)
    cells = new.cell_length
    while before and after:
        one, other = before.pop(), after.pop()
        if one == other:
            cells -= cell_len(one.text)
            continue
        return cells - _common_end(one, other)
    return cells if before or after else 0


def _common_end(one: Segment, other: Segment) -> int:
    if one.style != other.style or not (one.text.isascii() and other.text.isascii()):
        return 0
    common = 0
    for left, right in zip(reversed(one.text), reversed(other.text), strict=False):
        if left != right:
            break
        common += 1
    return common
