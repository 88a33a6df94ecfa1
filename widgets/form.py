"""Fields to type into, one a line: a name, what is typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from widgets.command_line import LineInput
from widgets.line_view import LineView
from widgets.paint import Span, Spans
from widgets.theme import Ink

NAME_CELLS: Final = 10


class Edited(Message):
    """What stands in a form has changed. Only the newest one is delivered."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Edited)


class Entered(Message):
    """Enter was pressed in a field.

    `meant` is whether a hand can have pressed it: a packet brings it together with letters.
    """

    def __init__(self, field: Widget, *, meant: bool = True) -> None:
        super().__init__()
        self.field = field
        self.meant = meant


class Said(LineView):
    """One line of text beside or below a field."""

    DEFAULT_CSS: ClassVar[str] = """
    Said {
        height: 1;
    }
    """

    def __init__(
        self,
        spans: Spans = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._spans: Spans = spans

    def say(self, spans: Spans) -> None:
        """Say `spans` from now on."""
        if spans != self._spans:
            self._spans = spans
            self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        return self.strip(self._spans, width)


class FieldInput(LineInput):
    """What is typed. A paste of several lines counts as its first."""

    DEFAULT_CSS: ClassVar[str] = """
    FieldInput, FieldInput:focus {
        width: 1fr;
        background: $panel;
        background-tint: $panel 0%;
    }
    """


class FormField(Vertical):
    """A name, an input, and below them what is wrong, which takes no room while nothing is."""

    DEFAULT_CSS: ClassVar[str] = """
    FormField {
        height: auto;
        background: $background;
    }
    FormField > Horizontal {
        height: 1;
    }
    FormField .-name {
        width: 10;
    }
    FormField .-beside {
        width: 0;
        margin: 0 0 0 1;
        display: none;
    }
    FormField.-noted FieldInput, FormField.-noted FieldInput:focus {
        width: 23;
    }
    FormField.-noted .-beside {
        width: 1fr;
        display: block;
    }
    FormField .-wrong {
        display: none;
        padding: 0 0 0 10;
    }
    FormField.-faulty .-wrong {
        display: block;
    }
    """

    def __init__(
        self,
        name: str,
        text: str = "",
        *,
        hint: str = "",
        noted: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
    ) -> None:
        """
        Args:
            name: 9 cells at most.
            text: what stands in it.
            hint: shown faintly while nothing does.
            noted: what is said of it stands beside a short input, and not below.
        """
        super().__init__(id=id, classes="-noted" if noted else None)
        self._noted = noted
        self.caption = Said(((name, Ink.NAME),), classes="-name")
        self.input = FieldInput(text, placeholder=hint, compact=True, select_on_focus=False)
        self.beside = Said(classes="-beside")
        self.wrong = Said(classes="-wrong")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self.caption
            yield self.input
            yield self.beside
        yield self.wrong

    @property
    def text(self) -> str:
        """What is typed."""
        return self.input.value

    @text.setter
    def text(self, text: str) -> None:
        self.input.value = text
        self.input.cursor_position = len(self.input.value)

    def note(self, text: str, ink: Ink = Ink.MUTED) -> None:
        """Say something that is not wrong; only where there is room beside it."""
        if self._noted:
            self.beside.say(((text, ink),) if text else ())

    def fault(self, text: str, ink: Ink = Ink.WARNING) -> None:
        """Say what is wrong; nothing takes it away."""
        if self._noted:
            self.note(text, ink)
            return
        self.wrong.say(((text, ink),) if text else ())
        self.set_class(bool(text), "-faulty")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Edited())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(Entered(self, meant=self.input.enter_was_meant))


class LineFields(VerticalScroll, can_focus=False):
    """As many fields as there are lines, and an empty one to go on with."""

    DEFAULT_CSS: ClassVar[str] = """
    LineFields {
        height: auto;
        scrollbar-size: 0 0;
    }
    """

    def __init__(
        self,
        name: str,
        lines: Sequence[str],
        *,
        hint: str = "",
        id: str | None = None,  # noqa: A002 - Textual's own word for it
    ) -> None:
        super().__init__(id=id)
        self._caption = name
        self._hint = hint
        self._fields = [self._field(text, first=not n) for n, text in enumerate((*lines, ""))]

    def _field(self, text: str, *, first: bool = False) -> FormField:
        return FormField(self._caption if first else "", text, hint=self._hint)

    def compose(self) -> ComposeResult:
        yield from self._fields

    @property
    def fields(self) -> Sequence[FormField]:
        """One a line, from the top; the last one is empty."""
        return self._fields

    @property
    def lines(self) -> tuple[str, ...]:
        """What is typed, without the empty line at the end."""
        texts = [field.text for field in self._fields]
        while texts and not texts[-1].strip():
            texts.pop()
        return tuple(texts)

    async def set_lines(self, lines: Sequence[str]) -> None:
        """Have other lines in place of what was typed."""
        wanted = (*lines, "")
        for field in self._fields[len(wanted) :]:
            await field.remove()
        del self._fields[len(wanted) :]
        for field, text in zip(self._fields, wanted, strict=False):
            field.text = text
        for text in wanted[len(self._fields) :]:
            await self._append(text)
        self.post_message(Edited())

    async def _append(self, text: str = "") -> None:
        field = self._field(text)
        self._fields.append(field)
        await self.mount(field)

    async def on_edited(self) -> None:
        if self._fields[-1].text.strip():
            await self._append()
        self._count()

    def on_resize(self) -> None:
        self._count()

    def _count(self) -> None:
        """Where not all lines are in sight, say below the name how many there are."""
        hidden = len(self._fields) > self.size.height > 0
        if len(self._fields) > 1:
            said = f"{len(self.lines)} lines" if hidden else ""
            self._fields[1].caption.say(((said, Ink.MUTED),))

    async def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        left = next((one for one in self._fields if one.input is event.widget), None)
        if left is None or left.text.strip() or left in (self._fields[0], self._fields[-1]):
            return
        self._fields.remove(left)
        await left.remove()
        self.post_message(Edited())


class Toggles(LineView, can_focus=True):
    """Names side by side, each chosen or not. Left and right move, space chooses."""

    DEFAULT_CSS: ClassVar[str] = """
    Toggles {
        height: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("space", "pick", show=False),
        Binding("enter", "enter", show=False),
    ]

    def __init__(
        self,
        name: str,
        choices: Sequence[str],
        chosen: Iterable[str],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own word for it
    ) -> None:
        super().__init__(id=id)
        self._caption = name
        self._choices = tuple(choices)
        self._chosen = frozenset(chosen)
        self._at = 0
        self._fault = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The chosen names, in the order in which they stand."""
        return tuple(name for name in self._choices if name in self._chosen)

    def choose(self, names: Iterable[str]) -> None:
        """Have exactly these chosen."""
        self._chosen = frozenset(names)
        self.repaint_changed()
        self.post_message(Edited())

    def fault(self, text: str) -> None:
        """Say what is wrong; nothing takes it away."""
        self._fault = text
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        spans: list[Span] = [(f"{self._caption:<{NAME_CELLS}}", Ink.NAME)]
        for number, name in enumerate(self._choices):
            here = self.has_focus and number == self._at
            box = "[x]" if name in self._chosen else "[ ]"
            sign = self.glyphs.cursor if here else " "
            spans += [(f"{sign}{box} ", Ink.STRONG if here else Ink.PLAIN), (name, Ink.PLAIN)]
            spans.append(("  ", Ink.PLAIN))
        if self._fault:
            spans.append((self._fault, Ink.WARNING))
        elif self.has_focus:
            spans.append(("space chooses", Ink.MUTED))
        return self.strip(spans, width)

    def on_focus(self) -> None:
        self.repaint_changed()

    def on_blur(self) -> None:
        self.repaint_changed()

    def action_move(self, by: int) -> None:
        """To the next name."""
        self._at = (self._at + by) % len(self._choices)
        self.repaint_changed()

    def action_pick(self) -> None:
        """Choose the name under the cursor, or not."""
        self.choose(self._chosen ^ {self._choices[self._at]})

    def action_enter(self) -> None:
        """Go on to the next field."""
        self.post_message(Entered(self))
