"""One thing chosen from a short list, by its number or with the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.safety.text import Raw
from widgets.detail import Detail, Field, Paragraph, Part
from widgets.paint import content_of
from widgets.theme import Ink

MOST: Final = 9
"""Choices: each has a digit."""


class Offer(msgspec.Struct, frozen=True):
    """One line of the list."""

    label: Raw | str
    text: Raw | str = ""
    """Beside the label; wrapped, never cut."""
    why_not: str = ""
    """Why it cannot be had now; empty where it can."""


class Chooser(ModalScreen[int | None]):
    """Dismissed with the index of what was chosen, or `None`. A paste chooses nothing."""

    DEFAULT_CSS: ClassVar[str] = """
    Chooser {
        align: center middle;
    }
    Chooser Detail {
        width: 76;
        max-width: 94%;
        height: auto;
        max-height: 80%;
        border: round $ink-heading;
        background: $surface;
        padding: 0 1;
    }
    """
    AUTO_FOCUS = "Detail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "leave", show=False),
        Binding("j,down,tab", "move(1)", show=False),
        Binding("k,up,shift+tab", "move(-1)", show=False),
        Binding("pagedown,space,ctrl+d", "scroll(1)", show=False),
        Binding("pageup,ctrl+u", "scroll(-1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    def __init__(self, title: str, offers: Sequence[Offer], *, note: str = "") -> None:
        """
        Args:
            title: one line, in the border.
            offers: `MOST` at most; what is more is left out, which `note` has to say.
            note: one line below them.
        """
        super().__init__()
        self._chooser_title = title
        self._offers = tuple(offers[:MOST])
        self._note = note
        self._at = 0

    def compose(self) -> ComposeResult:
        detail = _Fitted()
        detail.border_title = content_of(((self._chooser_title, Ink.HEADING),))
        yield detail

    def on_mount(self) -> None:
        self._draw()

    def _draw(self) -> None:
        parts: list[Part] = []
        for number, offer in enumerate(self._offers):
            here = number == self._at
            ink = Ink.MUTED if offer.why_not else Ink.STRONG if here else Ink.PLAIN
            mark = ">" if here else " "
            parts.append(Field(f"{mark}{number + 1}", offer.label, ink))
            below = offer.why_not or offer.text
            if below:
                parts.append(Field("", below, Ink.MUTED if offer.why_not else Ink.PLAIN))
        if self._note:
            parts.append(Paragraph(self._note, Ink.MUTED))
        self.query_one(_Fitted).show(parts, subject="chooser")

    def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.character in "123456789":
            event.stop()
            self._choose(int(event.character) - 1)

    def action_move(self, by: int) -> None:
        """To the next offer, from the first again after the last."""
        self._at = (self._at + by) % len(self._offers)
        self._draw()

    def action_scroll(self, pages: int) -> None:
        """Scroll where the list is longer than the screen."""
        detail = self.query_one(_Fitted)
        (detail.action_page_down if pages > 0 else detail.action_page_up)()

    def action_choose(self) -> None:
        """Take what is under the cursor."""
        self._choose(self._at)

    def action_leave(self) -> None:
        """Take nothing."""
        self.dismiss(None)

    def _choose(self, index: int) -> None:
        if index < len(self._offers):
            self._at = index
            self._draw()
            if not self._offers[index].why_not:
                self.dismiss(index)


class _Fitted(Detail):
    """As tall as what it shows."""

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self.height_at(width)
