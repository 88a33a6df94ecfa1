"""The last line: what can be pressed, or for a moment what has just been said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual.strip import Strip

from console.safety.clock import Instant
from console.safety.text import Raw
from widgets.chunks import Chunk, arrange
from widgets.line_view import LineView
from widgets.paint import Span
from widgets.theme import Ink

NOTICE_S: Final = 6.0
"""How long a notice stays; it is never the only record of anything."""


class Hint(msgspec.Struct, frozen=True):
    """One key that can be pressed."""

    key: str
    """As a person calls it: `enter`, `^d`, `a`."""
    text: str
    priority: int = 50
    """In a narrow footer the lowest go first."""
    why_not: str = ""
    """Why it does nothing now; such a hint is drawn faintly."""


class Footer(LineView):
    """Hints that fit, or a notice until it has been there for its time."""

    DEFAULT_CSS: ClassVar[str] = """
    Footer {
        height: 1;
        background: $panel;
    }
    """

    _hints: tuple[Hint, ...] = ()
    _notice: tuple[Span, ...] = ()
    _until = float("-inf")

    def show(self, hints: Sequence[Hint]) -> None:
        """Show these hints, in this order."""
        self._hints = tuple(hints)
        self.repaint_changed()

    def say(
        self, text: Raw | str, now: Instant, *, ink: Ink = Ink.PLAIN, seconds: float = NOTICE_S
    ) -> None:
        """Put a notice in the place of the hints; the newest one wins."""
        self._notice = ((text, ink),)
        self._until = now.mono + seconds
        self.repaint_changed()

    def refuse(self, hint: Hint, now: Instant) -> None:
        """Say why the key of `hint` does nothing now."""
        self._notice = (
            (hint.key, Ink.KEY),
            (f" {hint.text}: ", Ink.PLAIN),
            (hint.why_not, Ink.WARNING),
        )
        self._until = now.mono + NOTICE_S
        self.repaint_changed()

    def hush(self) -> None:
        """Take the notice away before its time."""
        self._notice = ()
        self.repaint_changed()

    def tick(self, now: Instant) -> None:
        """Take a notice away whose time has come; call it once a second."""
        if self._notice and now.mono >= self._until:
            self.hush()

    def line(self, y: int, width: int) -> Strip:
        if self._notice:
            return self.strip(self._notice, width)
        chunks = [Chunk(_spans(hint), hint.priority) for hint in self._hints]
        return self.strip(arrange(chunks, (), width, marks=self.glyphs.marks), width)


def _spans(hint: Hint) -> tuple[Span, ...]:
    if hint.why_not:
        return ((f"{hint.key} {hint.text}", Ink.MUTED),)
    return ((hint.key, Ink.KEY), (f" {hint.text}", Ink.PLAIN))
