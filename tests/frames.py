"""What a screen shows, as plain text: cheaper to read in a diff than a picture."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.strip import Strip


def strips_of(app: App[Any]) -> list[Strip]:
    """The lines of the present screen as composited; the one use of Textual's private call."""
    return app.screen._compositor.render_strips()


def frame_of(app: App[Any]) -> list[str]:
    """The text of every line of the present screen, spaces at the end left out."""
    return [strip.text.rstrip() for strip in strips_of(app)]


def text_of(app: App[Any]) -> str:
    """`frame_of` in one string."""
    return "\n".join(frame_of(app))
