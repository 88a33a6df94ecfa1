"""A document that is as tall as it is, up to what its screen allows, and then scrolls."""

from __future__ import annotations

from widgets.detail import Detail


class GrownDetail(Detail, can_focus=True):
    """`Detail` with `height: auto`; its screen sets `max-height`."""

    DEFAULT_CSS = """
    GrownDetail {
        height: auto;
    }
    """

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self.height_at(width)

    def reach(self, first: int, end: int) -> None:
        """Scroll no further than it takes to see the parts from `first` up to `end`."""
        height = self.size.height
        if not height:
            return
        start, stop = self._lines_before(first), self._lines_before(end)
        if stop > self._top + height:
            self._move(stop - height - self._top)
        if start < self._top:
            self._move(start - self._top)

    def _lines_before(self, number: int) -> int:
        whole = self._parts
        self._parts = whole[:number]
        try:
            return len(self._lay_out(self.size.width))
        finally:
            self._parts = whole
