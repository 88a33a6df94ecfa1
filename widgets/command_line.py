"""The line in which a `/` filter or a `:` command is typed, with completions and history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input

from console.safety.text import Raw, cell_width, visible
from widgets.line_view import LineView
from widgets.paint import Spans
from widgets.theme import Ink

APART_S: Final = 0.01
"""No hand presses Enter this soon after a letter; a packet brings both at once."""
_SHOWN: Final = 6
_KEPT: Final = 50


class Completion(msgspec.Struct, frozen=True):
    """One way to go on."""

    text: str
    """The whole line as it will stand."""
    help: Raw | str = ""


Completer = Callable[[str], Sequence[Completion]]
"""From what is typed to the ways to go on, best first."""


class LineInput(Input):
    """Textual's input without its blink, and with nothing in it that cannot be printed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._key_at = float("-inf")
        self.drawn_at = float("-inf")
        """When it could first be read, by the clock of events; `drawn()` says that it can be."""
        self.enter_was_meant = True
        """The last key came after it could be read, and `APART_S` or more after the one before."""

    def drawn(self) -> None:
        """It stands on the screen from now on."""
        self.drawn_at = events.Event().time

    async def _on_key(self, event: events.Key) -> None:
        apart = event.time - self._key_at >= APART_S
        self.enter_was_meant = apart and event.time >= self.drawn_at
        self._key_at = event.time
        await super()._on_key(event)

    def validate_value(self, value: str) -> str:
        return "".join(character for character in value if character.isprintable())

    def on_mount(self) -> None:
        self.cursor_blink = False


class Completions(LineView):
    """The ways to go on, below each other; the chosen one is marked."""

    DEFAULT_CSS: ClassVar[str] = """
    Completions {
        height: auto;
        max-height: 6;
        background: $panel;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: tuple[Completion, ...] = ()
        self._chosen: int | None = None

    def show(self, found: Sequence[Completion], chosen: int | None) -> None:
        """Show `found`, with the cursor on number `chosen`."""
        taller = min(len(found), _SHOWN) != min(len(self._found), _SHOWN)
        self._found, self._chosen = tuple(found), chosen
        if taller:
            self.refresh(layout=True)
        self.repaint_changed()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(len(self._found), _SHOWN)

    def line(self, y: int, width: int) -> Strip:
        first = max(0, (self._chosen or 0) - _SHOWN + 1)
        at = first + y
        if at >= len(self._found):
            return self.strip((), width)
        found, here = self._found[at], at == self._chosen
        sign = self.glyphs.cursor if here else " "
        spans = ((f"{sign}{found.text}", Ink.STRONG), ("  ", Ink.PLAIN), (found.help, Ink.MUTED))
        return self.strip(spans, width, cursor=here)


class CommandLine(Vertical):
    """Hidden until it is opened; then it has the focus until it is sent or left.

    It is always mounted and takes the focus at once, so that what is typed right after `/` or
    `:` lands in it.
    """

    DEFAULT_CSS: ClassVar[str] = """
    CommandLine {
        height: auto;
        display: none;
        background: $panel;
    }
    CommandLine.-open {
        display: block;
    }
    CommandLine > Horizontal {
        height: 1;
    }
    CommandLine Prompt {
        width: auto;
        height: 1;
        background: $panel;
    }
    CommandLine LineInput, CommandLine LineInput:focus {
        width: 1fr;
        background: $panel;
        background-tint: $panel 0%;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("tab", "complete(1)", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", show=False, priority=True),
        Binding("up", "recall(-1)", show=False, priority=True),
        Binding("down", "recall(1)", show=False, priority=True),
    ]

    class Changed(Message):
        """What is typed has changed. Only the newest one is delivered."""

        def __init__(self, prompt: str, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, CommandLine.Changed) and message.prompt == self.prompt

    class Sent(Message):
        """Enter was pressed; the line is closed."""

        def __init__(self, prompt: str, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    class Refused(Message):
        """Enter came together with other keys, where it has to be meant; the line stays."""

    class Left(Message):
        """Escape was pressed; the line is closed. `before` is what it was opened with."""

        def __init__(self, prompt: str, before: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.before = before

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._prompt = ":"
        self._before = ""
        self._completer: Completer = lambda text: ()
        self._found: tuple[Completion, ...] = ()
        self._chosen: int | None = None
        self._typed = ""
        self._history: dict[str, list[str]] = {}
        self._recalled: int | None = None
        self._careful = False

    def compose(self) -> ComposeResult:
        yield Completions()
        with Horizontal():
            yield Prompt()
            yield LineInput(compact=True, select_on_focus=False)

    @property
    def is_open(self) -> bool:
        """Whether it is shown and has the focus."""
        return self.has_class("-open")

    def begin(
        self,
        prompt: str,
        text: str = "",
        *,
        completer: Completer | None = None,
        sign: Spans = (),
        careful: bool = False,
    ) -> None:
        """Show it with `prompt` (`/` or `:`) and `text`, and put the focus into it at once.

        Args:
            sign: what stands in front of the text in place of the prompt itself.
            careful: what is sent changes something outside. Enter is taken only when a hand
                can have meant it: after the line was drawn, and not in one packet with the
                letters before it, as a paste without brackets comes.
        """
        self._prompt, self._before, self._typed = prompt, text, text
        self._careful = careful
        self.query_one(LineInput).drawn_at = float("inf")
        self.call_after_refresh(self.query_one(LineInput).drawn)
        self._completer = completer or (lambda typed: ())
        self._recalled = None
        self.add_class("-open")
        self.query_one(Prompt).show(sign or ((prompt, Ink.KEY),))
        field = self.query_one(LineInput)
        self._set(text)
        self._complete_anew()
        # Not focus(), which only queues the change behind keys that are already there.
        self.screen.set_focus(field)
        if careful and text:
            field.select_all()  # it is a guess: what is typed takes its place

    def history(self, prompt: str) -> tuple[str, ...]:
        """What was sent with `prompt`, oldest first."""
        return tuple(self._history.get(prompt, ()))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.is_open:
            return
        if event.value != self._typed and not self._is_completion(event.value):
            self._typed = event.value
            self._recalled = None
            self._complete_anew()
        self.post_message(self.Changed(self._prompt, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._careful and not self.query_one(LineInput).enter_was_meant:
            self.post_message(self.Refused())
            return
        text = event.value
        kept = self._history.setdefault(self._prompt, [])
        if text and (not kept or kept[-1] != text):
            kept.append(text)
            del kept[:-_KEPT]
        self._close()
        self.post_message(self.Sent(self._prompt, text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.is_open

    def action_leave(self) -> None:
        """Close it without sending."""
        self._close()
        self.post_message(self.Left(self._prompt, self._before))

    def action_complete(self, by: int) -> None:
        """To the next way to go on."""
        if not self._found:
            return
        now = -1 if self._chosen is None and by > 0 else self._chosen or 0
        self._chosen = (now + by) % len(self._found)
        self._set(self._found[self._chosen].text)
        self.query_one(Completions).show(self._found, self._chosen)

    def action_recall(self, by: int) -> None:
        """To an earlier line, or (past the newest) back to what was typed."""
        kept = self._history.get(self._prompt, [])
        if not kept:
            return
        at = len(kept) if self._recalled is None else self._recalled
        at = max(0, min(at + by, len(kept)))
        self._recalled = None if at == len(kept) else at
        self._typed = self._before if at == len(kept) else kept[at]
        self._set(self._typed)
        self._complete_anew()

    def _set(self, text: str) -> None:
        field = self.query_one(LineInput)
        field.value = text
        field.cursor_position = len(field.value)

    def _is_completion(self, value: str) -> bool:
        return self._chosen is not None and value == self._found[self._chosen].text

    def _complete_anew(self) -> None:
        self._found, self._chosen = tuple(self._completer(self._typed)), None
        self.query_one(Completions).show(self._found, None)

    def _close(self) -> None:
        self.remove_class("-open")
        self._found, self._chosen = (), None


class Prompt(LineView):
    """The sign in front of the line."""

    _sign: Spans = ((":", Ink.KEY),)

    def show(self, sign: Spans) -> None:
        """Show `sign`."""
        self._sign = sign
        self.refresh(layout=True)

    def get_content_width(self, container: object, viewport: object) -> int:
        return _width(self._sign)

    def line(self, y: int, width: int) -> Strip:
        return self.strip(self._sign, width)


def _width(sign: Spans) -> int:
    return sum(cell_width(visible(text)) for text, _ in sign)
