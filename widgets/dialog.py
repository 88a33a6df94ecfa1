"""A question in front of a screen. The focus is on Cancel, and haste answers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip

from console.safety.clock import Clock
from widgets.detail import Blank, Detail, Field, Part, Title
from widgets.line_view import LineView
from widgets.paint import Span, Spans, content_of
from widgets.theme import Ink

DEAD_TIME_S: Final = 0.3
"""For so long after a dialog is drawn no answer but Cancel is taken."""


class Choice(msgspec.Struct, frozen=True):
    """One answer."""

    id: str
    label: str
    danger: bool = False


CANCEL: Final = Choice("cancel", "Cancel")


class ChoiceBar(LineView, can_focus=True):
    """Answers side by side; one of them is under the cursor."""

    DEFAULT_CSS: ClassVar[str] = """
    ChoiceBar {
        height: 1;
        margin-top: 1;
        background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,shift+tab", "move(-1)", show=False),
        Binding("right,tab", "move(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Chosen(Message):
        """An answer was given."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, choices: Sequence[Choice]) -> None:
        """
        Args:
            choices: the first one has the cursor.
        """
        super().__init__()
        self._choices = tuple(choices)
        self._at = 0

    def line(self, y: int, width: int) -> Strip:
        parts: list[Span] = []
        for number, choice in enumerate(self._choices):
            here = number == self._at
            ink = Ink.BREACHED if here and choice.danger else Ink.STRONG if here else Ink.PLAIN
            open_, close = ("> ", " <") if here else ("  ", "  ")
            parts += [(f"{open_}{choice.label}{close}", ink), ("  ", Ink.PLAIN)]
        return self.strip(parts, width)

    def action_move(self, by: int) -> None:
        """To the next answer, from the first again after the last."""
        self._at = (self._at + by) % len(self._choices)
        self.repaint_changed()

    def action_choose(self) -> None:
        """Give the answer under the cursor."""
        self.post_message(self.Chosen(self._choices[self._at]))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        edge = 0
        for number, choice in enumerate(self._choices):
            edge += len(choice.label) + 6
            if offset is not None and offset.x < edge:
                self._at = number
                self.repaint_changed()
                self.action_choose()
                return


class Dialog(ModalScreen[str]):
    """Asks, and is dismissed with the id of the answer; `cancel` on Escape.

    Keys that were typed before it could be read give no answer: the cursor is on Cancel, and
    any other answer is refused for `DEAD_TIME_S` after it was drawn. A paste is no answer.
    """

    DEFAULT_CSS: ClassVar[str] = """
    Dialog {
        align: center middle;
    }
    Dialog > Vertical {
        width: 72;
        max-width: 94%;
        height: auto;
        max-height: 90%;
        border: round $ink-heading;
        background: $surface;
        padding: 0 1;
    }
    Dialog Detail {
        height: auto;
        max-height: 16;
        background: $surface;
    }
    Dialog.-danger > Vertical {
        border: round $ink-breached;
    }
    """
    AUTO_FOCUS = "ChoiceBar"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(
        self,
        title: Spans,
        parts: Sequence[Part],
        choices: Sequence[Choice],
        *,
        clock: Clock,
    ) -> None:
        """
        Args:
            title: one line, in the border.
            parts: what it is about; for an effect the exact command.
            choices: the answers beside Cancel, which is always there and first.
            clock: for the dead time.
        """
        super().__init__()
        self._dialog_title = title
        self._parts = tuple(parts)
        self._choices = (CANCEL, *choices)
        self._clock = clock
        self._drawn_at: float | None = None

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = content_of(self._dialog_title)
            yield FittedDetail(self._parts)
            yield ChoiceBar(self._choices)

    def on_mount(self) -> None:
        self.set_class(any(choice.danger for choice in self._choices), "-danger")
        self.call_after_refresh(self._note_drawn)

    def _note_drawn(self) -> None:
        self._drawn_at = self._clock.now().mono

    def on_choice_bar_chosen(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        if event.choice is not CANCEL and not self._could_be_read():
            return
        self.dismiss(event.choice.id)

    def _could_be_read(self) -> bool:
        drawn = self._drawn_at
        return drawn is not None and self._clock.now().mono - drawn >= DEAD_TIME_S

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(CANCEL.id)

    def action_scroll(self, lines: int) -> None:
        """Scroll what it is about."""
        detail = self.query_one(FittedDetail)
        (detail.action_down if lines > 0 else detail.action_up)()


class FittedDetail(Detail, can_focus=False):
    """A document as tall as it is, for a dialog."""

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self.show(parts)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self.height_at(width)


class HelpLine(msgspec.Struct, frozen=True):
    """One key in the help."""

    keys: str
    """As a person calls them: `j, down`."""
    text: str
    """One sentence."""
    why_not: str = ""
    """Why it does nothing now."""


class HelpGroup(msgspec.Struct, frozen=True):
    """Keys that belong together."""

    title: str
    lines: tuple[HelpLine, ...]


def help_parts(groups: Sequence[HelpGroup]) -> list[Part]:
    """The body of the help, from what the registry of actions says."""
    parts: list[Part] = []
    for group in groups:
        if parts:
            parts.append(Blank())
        parts.append(Title(((group.title, Ink.HEADING),)))
        for line in group.lines:
            ink = Ink.MUTED if line.why_not else Ink.PLAIN
            parts.append(Field(line.keys, line.text, ink, note=line.why_not))
    return parts


class Scrolled(ModalScreen[ScreenResultType]):
    """A dialog to derive from, whose own keys scroll a document in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move('down')", show=False),
        Binding("k,up", "move('up')", show=False),
        Binding("ctrl+d", "move('half_down')", show=False),
        Binding("ctrl+u", "move('half_up')", show=False),
        Binding("pagedown,space", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("g,home", "move('first')", show=False),
        Binding("G,end", "move('last')", show=False),
    ]

    @property
    def scrolled(self) -> Detail:
        """The document."""
        return self.query_one(Detail)

    def action_move(self, where: str) -> None:
        """Scroll: `down`, `half_up`, `first` and so on."""
        detail = self.scrolled
        moves = {
            "down": detail.action_down,
            "up": detail.action_up,
            "half_down": detail.action_half_down,
            "half_up": detail.action_half_up,
            "page_down": detail.action_page_down,
            "page_up": detail.action_page_up,
            "first": detail.action_first,
            "last": detail.action_last,
        }
        moves[where]()


class Overlay(Scrolled[None]):
    """A document in front of a screen, left by Escape, `q` or `?`; the body of the help."""

    DEFAULT_CSS: ClassVar[str] = """
    Overlay {
        align: center middle;
    }
    Overlay Detail {
        width: 90%;
        max-width: 100;
        height: 90%;
        border: round $ink-heading;
        background: $surface;
        padding: 0 1;
    }
    """
    AUTO_FOCUS = "Detail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,ctrl+c", "close", show=False)
    ]

    def __init__(self, title: Spans, parts: Sequence[Part]) -> None:
        super().__init__()
        self._overlay_title = title
        self._parts = tuple(parts)

    def compose(self) -> ComposeResult:
        detail = Detail()
        detail.border_title = content_of(self._overlay_title)
        yield detail

    def on_mount(self) -> None:
        self.scrolled.show(self._parts)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)
