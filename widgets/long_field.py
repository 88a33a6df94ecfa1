"""Fields of a document's form: one line, many lines, or one of a closed list; and their row.

A row is light, as a document has forty of them: its caption stands at the left, and what is wrong
takes a widget of its own only once something is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.strip import Strip
from textual.widgets import Input, TextArea

from widgets.form import Edited, Entered, FieldInput, Said
from widgets.line_view import LineView
from widgets.paint import Span
from widgets.theme import Ink

MOST_CHARS: Final = 32_768
"""In one field. Wrapping that many costs 20 ms a key; what is longer belongs beside a document."""
MOST_IN_LINE: Final = 4_096
MOST_LINES: Final = 8
"""So tall a field grows before it scrolls."""


class OneLine(FieldInput):
    """One line. What is pasted into it in several lines becomes one."""

    cut = 0
    """How many characters of the last paste found no room."""

    def _on_paste(self, event: events.Paste) -> None:
        room = max(0, MOST_IN_LINE - len(self.value) + len(self.selected_text))
        self.cut = max(0, len(event.text) - room)
        # Textual's own handler, which is called next, takes the first line alone.
        event.text = " ".join(event.text[:room].split())
        if self.cut:
            self.post_message(Edited())

    async def _on_key(self, event: events.Key) -> None:
        self.cut = 0  # the handlers that it derives from are called by themselves


class LongText(TextArea, inherit_bindings=True):
    """Text of several lines, plain and wrapped. Tab leaves it, up and down leave it at its ends.

    What is no printable character is not shown and not typed; where nothing was typed, `exact`
    is still the text that was given, byte for byte.
    """

    DEFAULT_CSS: ClassVar[str] = """
    LongText, LongText:focus {
        height: auto;
        min-height: 1;
        max-height: 8;
        padding: 0;
        border: none;
        background: $panel;
        background-tint: $panel 0%;
        scrollbar-size: 0 0;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "up_or_out", show=False),
        Binding("down", "down_or_out", show=False),
        Binding("ctrl+c", "screen.copy_text", show=False),
    ]
    takes_text: ClassVar[bool] = True
    """A burst of keys is what somebody types, or pastes, into it."""

    def __init__(self, text: str = "", *, hint: str = "") -> None:
        self._given = text
        self._shown = printable(text[:MOST_CHARS])
        self.cut = 0
        """How many characters of the last paste found no room."""
        self._lines = 1
        super().__init__(
            self._shown,
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
            placeholder=hint,
            max_checkpoints=20,
        )
        self.cursor_blink = False
        self.read_only = self.is_too_long

    @property
    def is_too_long(self) -> bool:
        """Whether only its beginning is shown, and no key changes it."""
        return len(self._given) > MOST_CHARS

    @property
    def whole(self) -> str:
        """What stands in it."""
        return self._given if self.text == self._shown else self.text

    @whole.setter
    def whole(self, text: str) -> None:
        self._given, self._shown = text, printable(text[:MOST_CHARS])
        self.load_text(self._shown)
        self.read_only = self.is_too_long
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        full = len(self.text) >= MOST_CHARS and not self.selected_text
        if full and (event.is_printable or event.key == "enter"):
            event.stop()
            event.prevent_default()
            self._over(1)
        else:
            self.cut = 0

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if self.read_only:
            return
        room = max(0, MOST_CHARS - len(self.text) + len(self.selected_text))
        text = printable(event.text[:room])
        self.cut = max(0, len(event.text) - room)
        if text:
            result = self._replace_via_keyboard(text, *self.selection)
            if result is not None:
                self.move_cursor(result.end_location)
        if self.cut:
            self._over(self.cut)

    def _over(self, count: int) -> None:
        self.cut = count
        self.post_message(Edited())

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        lines = min(self.wrapped_document.height, MOST_LINES)
        if lines != self._lines:
            self._lines = lines
            self.refresh(layout=True)
            if self.has_focus:
                self.call_after_refresh(self.scroll_visible, animate=False)
        self.post_message(Edited())

    def action_up_or_out(self) -> None:
        """One line up; from the first one to the field before."""
        if self.wrapped_document.location_to_offset(self.cursor_location).y == 0:
            self.screen.focus_previous()
        else:
            self.action_cursor_up()

    def action_down_or_out(self) -> None:
        """One line down; from the last one to the next field."""
        last = self.wrapped_document.height - 1
        if self.wrapped_document.location_to_offset(self.cursor_location).y >= last:
            self.screen.focus_next()
        else:
            self.action_cursor_down()


class ChoiceLine(LineView, can_focus=True):
    """One of a closed list, or nothing. Left and right go round, backspace empties it."""

    DEFAULT_CSS: ClassVar[str] = """
    ChoiceLine {
        height: 1;
        background: $panel;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cycle(-1)", show=False),
        Binding("right,space", "cycle(1)", show=False),
        Binding("backspace,delete", "empty", show=False),
        Binding("enter", "enter", show=False),
        Binding("up", "screen.focus_previous", show=False),
        Binding("down", "screen.focus_next", show=False),
    ]

    def __init__(self, choices: Sequence[str], chosen: str = "", *, hint: str = "") -> None:
        """
        Args:
            chosen: what is none of `choices` stays as it is until it is changed.
        """
        super().__init__()
        self._choices = tuple(choices)
        self._chosen = chosen
        self._hint = hint

    @property
    def whole(self) -> str:
        """What is chosen; empty where nothing is."""
        return self._chosen

    @whole.setter
    def whole(self, text: str) -> None:
        if text != self._chosen:
            self._chosen = text
            self.repaint_changed()
            self.post_message(Edited())

    def line(self, y: int, width: int) -> Strip:
        spans: list[Span] = []
        every = self._choices
        if self._chosen and self._chosen not in every:
            every = (self._chosen, *every)
        for name in every:
            here = name == self._chosen
            ink = Ink.STRONG if here else Ink.MUTED
            spans.append((f"[{name}]" if here else f" {name} ", ink))
            spans.append((" ", Ink.PLAIN))
        if self.has_focus:
            spans.append(("left/right chooses", Ink.KEY))
        elif not self._chosen:
            spans.append((self._hint, Ink.MUTED))
        return self.strip(spans, width)

    def on_focus(self) -> None:
        self.repaint_changed()

    def on_blur(self) -> None:
        self.repaint_changed()

    def on_key(self, event: events.Key) -> None:
        """Its first letter chooses a name."""
        letter = (event.character or "").casefold()
        found = [name for name in self._choices if letter and name.casefold().startswith(letter)]
        if not found and event.character and event.character.isdigit():
            found = [name for name in self._choices if name.endswith(event.character)]
        if found:
            event.stop()
            at = found.index(self._chosen) + 1 if self._chosen in found else 0
            self.whole = found[at % len(found)]

    def action_cycle(self, by: int) -> None:
        """To the next name; past the last one nothing is chosen."""
        ring = ("", *self._choices)
        at = ring.index(self._chosen) if self._chosen in ring else 0
        self.whole = ring[(at + by) % len(ring)]

    def action_empty(self) -> None:
        """Choose nothing."""
        self.whole = ""

    def action_enter(self) -> None:
        """Go on to the next field."""
        self.post_message(Entered(self))


class LongField(Vertical):
    """One field of a document: its caption, what stands in it, and what is said of that.

    Posts `Edited` when it was changed, and `Entered` (with itself) on Enter in a field of one
    line.
    """

    DEFAULT_CSS: ClassVar[str] = """
    LongField {
        height: auto;
        background: $background;
    }
    LongField > .-name {
        dock: left;
        width: 10;
    }
    """

    def __init__(
        self,
        name: str,
        caption: str,
        text: str = "",
        *,
        hint: str = "",
        several: bool = False,
        choices: Sequence[str] = (),
    ) -> None:
        """
        Args:
            name: of the field; `#field-NAME` finds it.
            caption: 9 cells at most.
            text: what stands in it, raw.
            hint: shown faintly while nothing does.
            several: it may have several lines.
            choices: all that it may be, where that is a closed list.
        """
        super().__init__(id=f"field-{name}")
        self.field_name = name
        self.caption = caption
        self._text = text
        self._hint = hint
        self._several = several
        self._choices = tuple(choices)
        self._below: Said | None = None
        self._said: tuple[str, Ink] = ("", Ink.PLAIN)
        self.editor: OneLine | LongText | ChoiceLine

    def compose(self) -> ComposeResult:
        yield Said(((self.caption, Ink.NAME),), classes="-name")
        if self._choices:
            self.editor = ChoiceLine(self._choices, self._text, hint=self._hint)
        elif self._several or "\n" in self._text:
            self.editor = LongText(self._text, hint=self._hint)
        else:
            self.editor = OneLine(
                self._text, placeholder=self._hint, compact=True, select_on_focus=False
            )
        yield self.editor

    @property
    def text(self) -> str:
        """What stands in it, raw."""
        if not self.is_mounted:
            return self._text
        if not isinstance(self.editor, Input):
            return self.editor.whole
        value = self.editor.value
        # One line shows nothing that cannot be printed: unless it was typed into, that stays.
        return self._text if value == self.editor.validate_value(self._text) else value

    @text.setter
    def text(self, text: str) -> None:
        self._text = text
        if not self.is_mounted:
            return
        if isinstance(self.editor, Input):
            self.editor.value = text
            self.editor.cursor_position = len(self.editor.value)
        else:
            self.editor.whole = text

    @property
    def said(self) -> str:
        """What stands below it; empty where nothing does."""
        return self._said[0]

    def say(self, text: str, ink: Ink = Ink.WARNING) -> None:
        """Say something of it below; empty takes that away."""
        if (text, ink) == self._said:
            return
        self._said = (text, ink)
        if self._below is None:
            if not text:
                return
            self._below = Said()
            self.mount(self._below)
        self._below.say(((text, ink),))
        self._below.display = bool(text)

    @property
    def over(self) -> str:
        """That it, or what was pasted, is too long for it; empty where it is not."""
        if not self.is_mounted or isinstance(self.editor, ChoiceLine):
            return ""
        if isinstance(self.editor, LongText) and self.editor.is_too_long:
            return f"the first {MOST_CHARS:,} of {len(self.text):,} characters: ^e edits them all"
        most = MOST_CHARS if isinstance(self.editor, LongText) else MOST_IN_LINE
        cut = self.editor.cut
        said = f"{cut:,} characters found no room: {most:,} fit here; :attach keeps a long file"
        return said if cut else ""

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Edited())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        meant = event.input.enter_was_meant if isinstance(event.input, OneLine) else True
        self.post_message(Entered(self, meant=meant))

    def on_entered(self, event: Entered) -> None:
        if event.field is not self:  # a choice says it of itself
            event.stop()
            self.post_message(Entered(self, meant=event.meant))


def printable(text: str) -> str:
    """`text` with its line breaks and without anything else that is not printed."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(one for one in lines if one == "\n" or one.isprintable())
