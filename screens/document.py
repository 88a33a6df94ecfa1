"""Screens that show one thing whole, as a document that scrolls."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from screens.frame import Frame
from widgets.detail import Detail, SpanLine
from widgets.theme import Ink


class DocumentFrame(Frame):
    """A frame whose body is one document with the keys."""

    def body(self) -> Iterable[Widget]:
        self.detail = Detail()
        yield self.detail

    def on_mount(self) -> None:
        self.detail.focus()

    def show_gone(self, why: str, subject: str) -> None:
        """Say that the thing is no longer there."""
        self.detail.show((SpanLine(((why, Ink.WARNING),)),), subject=subject)
