"""The values that a run's commands are given: a list by number, and one line to type into."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.model.registry import Registry
from console.model.run import Filled, Run
from console.model.runbook import Param, ParamType
from console.safety.secret import Secret
from console.safety.text import visible
from screens.run_following import NOT_UP
from screens.run_parts import value_text
from widgets.detail import Field, Paragraph, Part
from widgets.form import FieldInput, Said
from widgets.grown import GrownDetail
from widgets.paint import content_of
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from screens.app import OncallApp

DIGITS = "123456789"


class ValuesScreen(ModalScreen[None]):
    """A digit, or enter, types the value of a parameter; what is typed is judged as it grows.

    A secret is hidden while it is typed, kept by no widget and no history, and shown nowhere.
    """

    DEFAULT_CSS: ClassVar[str] = """
    ValuesScreen {
        align: center middle;
    }
    ValuesScreen > Vertical {
        width: 100;
        max-width: 96%;
        height: auto;
        max-height: 94%;
        border: round $ink-heading;
        background: $surface;
        padding: 0 1;
    }
    ValuesScreen Detail {
        background: $surface;
    }
    ValuesScreen Said {
        background: $surface;
    }
    ValuesScreen FieldInput {
        display: none;
    }
    """
    AUTO_FOCUS = "GrownDetail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("q", "leave", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("tab", "complete", show=False, priority=True),
        Binding("pagedown,ctrl+d,space", "scroll(1)", show=False),
        Binding("pageup,ctrl+u", "scroll(-1)", show=False),
        Binding("enter", "type", show=False),
    ]

    def __init__(self, run: Run, registry: Registry) -> None:
        super().__init__()
        self._run_shown = run
        self._registry = registry
        self._at = next((n for n, one in enumerate(run.params) if not one.is_ready), 0)
        self._typing: Param | None = None
        """The parameter whose value is typed; `None`: the list has the keys."""
        self._offered: tuple[str, int] = ("", -1)
        """What was typed before tab, and which way to go on stands there."""

    @property
    def _oncall(self) -> OncallApp:
        return cast("OncallApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = content_of(
                (("values", Ink.HEADING), ("  a digit types one, esc leaves", Ink.MUTED))
            )
            yield GrownDetail()
            yield Said(id="typing")
            yield FieldInput(compact=True, select_on_focus=False)
            yield Said(id="judged")

    def on_mount(self) -> None:
        self._draw()
        self._take_room()

    def on_resize(self, event: events.Resize) -> None:
        self._take_room()

    def _take_room(self) -> None:
        self.query_one(GrownDetail).styles.max_height = max(3, self.app.size.height - 8)

    def _draw(self) -> None:
        parts: list[Part] = []
        first = end = 0
        for number, one in enumerate(self._run_shown.params):
            here = number == self._at
            first = len(parts) if here else first
            parts += _listed(one, number, self._param(one), here=here)
            end = len(parts) if here else end
        if not parts:
            parts.append(Paragraph("it has no parameters", Ink.MUTED))
        listed = self.query_one(GrownDetail)
        listed.show(parts, subject="values")
        listed.refresh(layout=True)
        listed.reach(first, end)

    def _param(self, one: Filled) -> Param | None:
        return self._run_shown.runbook.param(one.name)

    # Which one

    def on_key(self, event: events.Key) -> None:
        if self._typing is None and event.character and event.character in DIGITS:
            event.stop()
            at = int(event.character) - 1
            if at < len(self._run_shown.params):
                self._at = at
                self._type()

    def action_move(self, by: int) -> None:
        """To the next one, from the first again after the last."""
        if self._run_shown.params:
            self._at = (self._at + by) % len(self._run_shown.params)
            self._draw()

    def action_scroll(self, pages: int) -> None:
        """Scroll where the list is longer than the screen."""
        listed = self.query_one(GrownDetail)
        (listed.action_page_down if pages > 0 else listed.action_page_up)()

    def action_type(self) -> None:
        """Type the value of the one under the cursor."""
        if self._typing is None and self._run_shown.params:
            self._type()

    def action_leave(self) -> None:
        """Leave the line, then the list; what was not sent stays as it was."""
        if self._typing is None:
            self.dismiss(None)
        else:
            self._end_typing()

    # Typing

    def _type(self) -> None:
        one = self._run_shown.params[self._at]
        param = self._typing = self._param(one)
        if param is None:
            return
        self._draw()
        field = self.query_one(FieldInput)
        field.password = param.type is ParamType.SECRET
        # A secret is never put back: it is typed anew.
        known = "" if field.password or one.value is None else visible(one.value)
        field.value = known
        field.cursor_position = len(field.value)
        field.display = True
        self._offered = ("", -1)
        self.query_one("#typing", Said).say(((f"{one.name}: ", Ink.KEY), (_kind(param), Ink.MUTED)))
        self._judge(known)
        self.set_focus(field)

    def _end_typing(self) -> None:
        self._typing = None
        field = self.query_one(FieldInput)
        field.value = ""
        field.display = False
        self.query_one("#typing", Said).say(())
        self.query_one("#judged", Said).say(())
        self.set_focus(self.query_one(GrownDetail))
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._judge(event.value)

    def _judge(self, text: str) -> None:
        """Say whether the text can be used, as it is typed."""
        from console.runbook.filling import judged  # late: few give values by hand

        said = self.query_one("#judged", Said)
        if self._typing is None or not text:
            said.say((("enter gives it, esc leaves it as it was", Ink.MUTED),))
            return
        if self._typing.type is ParamType.SECRET:
            said.say((("hidden; it is kept in memory only, and goes in by stdin", Ink.MUTED),))
            return
        resolved, fault = judged(self._typing, text, self._registry)
        if fault:
            said.say(((fault, Ink.WARNING),))
        elif resolved and resolved != text:
            said.say(((f"that is {visible(resolved, cells=60)}", Ink.OK),))
        else:
            said.say((("enter gives it", Ink.OK),))

    def action_complete(self) -> None:
        """The next name of the registry, or the next choice, that begins with what was typed."""
        field = self.query_one(FieldInput)
        if self._typing is None:
            self.action_move(1)
            return
        typed, at = self._offered
        ways = _ways(self._typing, self._registry)
        if at < 0 or field.value not in ways:
            typed, at = field.value, -1
        found = [one for one in ways if one.casefold().startswith(typed.casefold())]
        if found:
            at = (at + 1) % len(found)
            self._offered = (typed, at)
            field.value = found[at]
            field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        param = self._typing
        if param is None:
            return
        text: str | Secret = event.value
        if param.type is ParamType.SECRET:
            text = Secret(event.value)
        self._end_typing()
        self.run_worker(self._give(param.name, text), exit_on_error=False)

    async def _give(self, name: str, text: str | Secret) -> None:
        run_id = self._run_shown.id

        async def give(engine: Engine) -> tuple[str, Run | None]:
            fault = await engine.runs.set_value(run_id, name, text)
            return fault, engine.runs.runs.run(run_id)

        future = self._oncall.engine.ask(give)
        if future is None:
            self._oncall.say(NOT_UP, warning=True)
            return
        fault, run = await asyncio.wrap_future(future)
        if not self.is_attached:
            return
        if run is not None:
            self._run_shown = run
        ink = Ink.WARNING if fault else Ink.OK
        said = f"{name}: {fault}" if fault else f"{name} is given"
        if self._typing is None:
            self.query_one("#judged", Said).say(((said, ink),))
        self._draw()


def _listed(one: Filled, number: int, param: Param | None, *, here: bool) -> list[Part]:
    digit = str(number + 1) if number < len(DIGITS) else " "
    name = f"{'>' if here else ' '}{digit} {one.name}"
    ink = Ink.WARNING if not one.is_ready else Ink.STRONG if here else Ink.PLAIN
    kind = one.type.value if param is None else _kind(param)
    note = f"{kind}, {one.source}" if one.source else kind
    parts: list[Part] = [Field(name, value_text(one), ink, note=note)]
    if one.fault:
        parts.append(Field("", one.fault, Ink.WARNING))
    if one.help:
        parts.append(Field("", one.help, Ink.MUTED))
    return parts


def _kind(param: Param) -> str:
    """What it takes: `host of the registry`, `one of a, b`."""
    if param.type is ParamType.CHOICE:
        return "one of " + ", ".join(visible(one, cells=30) for one in param.choices)
    return _KINDS.get(param.type, param.type.value)


_KINDS = {
    ParamType.HOST: "a host of the registry, tab completes",
    ParamType.SERVICE: "a service of the registry, tab completes",
    ParamType.URL: "a URL",
    ParamType.INT: "a whole number",
    ParamType.DURATION: "a duration, such as 30s or 5m",
    ParamType.NAME: "one word",
    ParamType.TEXT: "text on one line",
    ParamType.SECRET: "a secret, hidden",
}


def _ways(param: Param, registry: Registry) -> list[str]:
    if param.type is ParamType.HOST:
        return sorted(one.name for one in registry.hosts)
    if param.type is ParamType.SERVICE:
        return sorted(one.name for one in registry.services)
    return [visible(one) for one in param.choices]
