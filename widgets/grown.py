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
