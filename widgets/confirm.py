"""A question that is answered in writing: the word on screen has to be typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input

from console.safety.clock import Clock
from console.safety.text import visible
from widgets.command_line import LineInput
from widgets.detail import Part
from widgets.dialog import DEAD_TIME_S, FittedDetail
from widgets.line_view import LineView
from widgets.paint import Spans, content_of
from widgets.theme import Ink


class _Asked(LineView):
    """Says what has to be typed, and after a wrong answer that it was wrong."""

    DEFAULT_CSS: ClassVar[str] = """
    _Asked {
        height: 2;
        background: $surface;
    }
    """

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word
        self._said: tuple[str, Ink] = ("esc cancels", Ink.MUTED)

    def say(self, text: str, ink: Ink) -> None:
        """Say `text` on the second line."""
        self._said = (text, ink)
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        if y == 0:
            return self.strip(
                (
                    ("to go on, type  ", Ink.PLAIN),
                    (self._word, Ink.BREACHED),
                    ("  + enter", Ink.PLAIN),
                ),
                width,
            )
        return self.strip((self._said,), width)


class WordInput(LineInput):
    """Takes what is typed; a paste was not typed."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()


class TypedConfirm(ModalScreen[bool]):
    """Dismissed with `True` once the word was typed and sent, with `False` by Escape.

    Enter is refused while another text stands there, and for `DEAD_TIME_S` after it was drawn:
    what was typed ahead was not meant for it. A paste types nothing.
    """

    DEFAULT_CSS: ClassVar[str] = """
    TypedConfirm {
        align: center middle;
    }
    TypedConfirm > Vertical {
        width: 76;
        max-width: 96%;
        height: auto;
        max-height: 94%;
        border: round $ink-breached;
        background: $surface;
        padding: 0 1;
    }
    TypedConfirm Detail {
        height: auto;
        max-height: 14;
        margin-bottom: 1;
        background: $surface;
    }
    TypedConfirm WordInput, TypedConfirm WordInput:focus {
        background: $panel;
        background-tint: $panel 0%;
    }
    """
    AUTO_FOCUS = "WordInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(self, title: Spans, parts: Sequence[Part], word: str, *, clock: Clock) -> None:
        """
        Args:
            title: one line, in the border.
            parts: what it is about; for an effect what exactly would be done.
            word: what has to be typed: `silence 214`. Safe to show, and typed on any keyboard.
            clock: for the dead time.
        """
        super().__init__()
        self._confirm_title = title
        self._parts = tuple(parts)
        self._word = word
        self._clock = clock
        self._drawn_at: float | None = None

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = content_of(self._confirm_title)
            yield FittedDetail(self._parts)
            yield _Asked(self._word)
            yield WordInput(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.call_after_refresh(self._note_drawn)

    def _note_drawn(self) -> None:
        self._drawn_at = self._clock.now().mono

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        drawn = self._drawn_at
        if drawn is None or self._clock.now().mono - drawn < DEAD_TIME_S:
            return
        typed = " ".join(event.value.split())
        if typed == self._word:
            self.dismiss(True)
            return
        said = f"that reads {visible(typed, cells=30)}" if typed else "nothing was typed"
        self.query_one(_Asked).say(f"{said}; esc cancels", Ink.WARNING)

    def action_cancel(self) -> None:
        """Leave it undone."""
        self.dismiss(False)

    def action_scroll(self, lines: int) -> None:
        """Scroll what it is about."""
        detail = self.query_one(FittedDetail)
        (detail.action_down if lines > 0 else detail.action_up)()
