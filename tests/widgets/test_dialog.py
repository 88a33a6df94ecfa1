"""Questions, the command line, and typing ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import Screen

from console.safety.clock import ManualClock
from console.safety.text import Raw
from tests.frames import frame_of, text_of
from tests.widgets.stage import COLUMNS, NOON, Stage, Thing, things
from widgets.command_line import CommandLine, Completion
from widgets.detail import Field, Paragraph
from widgets.dialog import Choice, Dialog, HelpGroup, HelpLine, Overlay, help_parts
from widgets.key_turns import KeyTurns
from widgets.live_list import LiveList
from widgets.theme import DARK, Ink, themes

ANSWERS = (Choice("ack", "Ack 1 alert"), Choice("all", "Silence all", danger=True))


class DialogStage(Stage):
    """Asks, and remembers the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str | None] = []

    def ask(self) -> None:
        dialog = Dialog(
            (("Ack", Ink.STRONG),),
            [Paragraph("One silence."), Field("matchers", Raw('a="[/b]\x1b[2J"'))],
            ANSWERS,
            clock=self.clock,
        )
        self.push_screen(dialog, self.answers.append)


async def test_the_focus_is_on_cancel_and_the_exact_text_is_shown() -> None:
    app = DialogStage()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.ask()
        await pilot.pause()
        assert "> Cancel <" in text_of(app)
        assert 'a="[/b]^[[2J"' in text_of(app)
        app.clock.advance(1)
        await pilot.press("enter")
        assert app.answers == ["cancel"]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["right", "enter"], "ack"),
        (["tab", "tab", "enter"], "all"),
        (["shift+tab", "enter"], "all"),
        (["right", "left", "enter"], "cancel"),
        (["right", "escape"], "cancel"),
    ],
)
async def test_an_answer_is_chosen_by_arrows_and_enter(keys: Sequence[str], answer: str) -> None:
    app = DialogStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask()
        await pilot.pause()
        app.clock.advance(1)
        await pilot.press(*keys)
        assert app.answers == [answer]


async def test_what_was_typed_before_it_could_be_read_answers_nothing() -> None:
    app = DialogStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask()
        await pilot.pause()
        await pilot.press("right", "enter", "enter")
        assert app.answers == []
        app.clock.advance(0.31)
        await pilot.press("enter")
        assert app.answers == ["ack"]


async def test_a_paste_is_no_answer() -> None:
    app = DialogStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask()
        await pilot.pause()
        app.clock.advance(1)
        await pilot.press("right")
        app.post_message(events.Paste("y\n\n"))
        await pilot.pause()
        assert app.answers == []


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 50)])
async def test_a_dialog_fits_the_screen(size: tuple[int, int]) -> None:
    app = DialogStage()
    async with app.run_test(size=size) as pilot:
        app.ask()
        await pilot.pause()
        assert "> Cancel <" in text_of(app)


async def test_the_help_names_keys_and_why_one_does_nothing() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        lines = (HelpLine("j, down", "One row down."), HelpLine("a", "Takes it.", "read-only"))
        app.push_screen(Overlay((("Keys", Ink.STRONG),), help_parts([HelpGroup("move", lines)])))
        await pilot.pause()
        text = text_of(app)
        assert "── move ──" in text
        assert "j, down One row down." in text
        assert "Takes it.  read-only" in text
        await pilot.press("escape")
        assert "move" not in text_of(app)


WORDS = ("alerts", "host data-1", "host web-1", "quit")


class LineStage(Stage):
    """A command line below a list."""

    def __init__(self) -> None:
        self.line = CommandLine()
        super().__init__(
            LiveList(COLUMNS, key=lambda row: row.key, clock=ManualClock(NOON)), self.line
        )

    def on_command_line_changed(self, event: CommandLine.Changed) -> None:
        self.hear(event)

    def on_command_line_sent(self, event: CommandLine.Sent) -> None:
        self.hear(event)

    def on_command_line_left(self, event: CommandLine.Left) -> None:
        self.hear(event)

    def complete(self, typed: str) -> list[Completion]:
        return [Completion(word, "what it does") for word in WORDS if word.startswith(typed)]

    def said(self) -> list[tuple[str, str]]:
        return [
            (type(event).__name__, getattr(event, "text", getattr(event, "before", "")))
            for event in self.heard
        ]


async def test_what_is_typed_is_told_and_sent() -> None:
    app = LineStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.line.begin("/")
        await pilot.press("d", "b", "enter")
        assert ("Changed", "db") in app.said()
        assert app.said()[-1] == ("Sent", "db")
        assert not app.line.is_open


async def test_escape_leaves_with_what_it_was_opened_with() -> None:
    app = LineStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.line.begin("/", "before")
        await pilot.press("x", "escape")
        assert app.said()[-1] == ("Left", "before")
        assert not app.line.is_open


async def test_tab_goes_through_the_completions() -> None:
    app = LineStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.line.begin(":", completer=app.complete)
        await pilot.press("h")
        assert [line.strip() for line in frame_of(app)[-3:-1]] == [
            "host data-1  what it does",
            "host web-1  what it does",
        ]
        await pilot.press("tab", "tab")
        assert frame_of(app)[-1] == ":host web-1"
        assert frame_of(app)[-2].startswith(">host web-1")
        await pilot.press("tab", "enter")
        assert app.said()[-1] == ("Sent", "host data-1")


async def test_up_recalls_what_was_sent_with_the_same_prompt() -> None:
    app = LineStage()
    async with app.run_test(size=(80, 24)) as pilot:
        for prompt, text in ((":", "one"), (":", "two"), ("/", "three")):
            app.line.begin(prompt, text)
            await pilot.press("enter")
        app.line.begin(":", "ne")
        await pilot.press("up", "up")
        assert frame_of(app)[-1] == ":one"
        await pilot.press("down", "down")
        assert frame_of(app)[-1] == ":ne"
        assert app.line.history(":") == ("one", "two")


async def test_nothing_unprintable_gets_into_the_line() -> None:
    app = LineStage()
    async with app.run_test(size=(80, 24)) as pilot:
        app.line.begin("/")
        app.post_message(events.Paste("a\x1b]52;c;eA==\x07\u202eb[/]\nq"))
        await pilot.press("enter")
        assert app.said()[-1] == ("Sent", "a]52;c;eA==b[/]")


class TurnsStage(KeyTurns):
    """Keys as the console has them: `/` opens the line, `x` asks, `d` does something."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("slash", "filter"),
        Binding("x", "ask"),
        Binding("d", "note('d')"),
        Binding("b", "note('b')"),
        Binding("j", "note('j')"),
        Binding("r", "note('r')"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(NOON)
        self.noted: list[str] = []
        self.sent: list[str] = []
        self.answers: list[str | None] = []
        self.dropped = 0

    def compose(self) -> ComposeResult:
        yield LiveList[Thing](COLUMNS, key=lambda row: row.key, clock=self.clock)
        yield CommandLine()

    def on_mount(self) -> None:
        for theme in themes():
            self.register_theme(theme)
        self.theme = DARK
        view = self.query_one(LiveList)
        view.set_rows(things("abc"))
        view.focus()

    def action_filter(self) -> None:
        self.query_one(CommandLine).begin("/")

    def action_ask(self) -> None:
        self.push_screen(
            Dialog((("Sure?", Ink.STRONG),), [], ANSWERS, clock=self.clock), self.answers.append
        )

    def action_note(self, key: str) -> None:
        self.noted.append(key)

    def on_command_line_sent(self, event: CommandLine.Sent) -> None:
        self.sent.append(event.text)

    def on_keys_dropped(self, count: int) -> None:
        self.dropped += count

    def burst(self, keys: Sequence[str]) -> None:
        """Keys that arrive all at once, as after a stall of the link."""
        for key in keys:
            self.post_message(events.Key(key, key if len(key) == 1 else None))


async def all_keys_taken(app: TurnsStage, pilot: Pilot[Any]) -> None:
    await pilot.pause()
    while not app.keys_idle:
        await pilot.pause()
    await pilot.pause()


class NeverDrawn(Screen[None]):
    """Hidden before it is drawn: what waits for its first drawing waits for ever."""

    def call_after_refresh(self, callback: object, *args: object, **kwargs: object) -> bool:
        return True


async def test_a_screen_that_is_covered_before_it_is_drawn_takes_no_key_away() -> None:
    class Stage(TurnsStage):
        def action_ask(self) -> None:
            self.push_screen(NeverDrawn())
            self.set_timer(0.05, lambda: self.push_screen(Screen[None]()))

    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.burst(["x", "d"])
        await all_keys_taken(app, pilot)
        assert app.noted == ["d"]


async def test_keys_typed_after_a_slash_land_in_the_filter() -> None:
    app = TurnsStage()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.burst(["slash", "d", "b", "enter"])
        await all_keys_taken(app, pilot)
        assert app.sent == ["db"]
        assert app.noted == []


async def test_keys_typed_after_a_question_do_not_reach_the_screen_below_it() -> None:
    app = TurnsStage()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.burst(["x", "d", "right", "enter"])
        await all_keys_taken(app, pilot)
        assert app.noted == []
        assert app.answers == []
        assert "> Ack 1 alert <" in text_of(app)
        app.clock.advance(1)
        await pilot.press("enter")
        assert app.answers == ["ack"]


async def test_every_key_of_a_held_one_counts() -> None:
    app = TurnsStage()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.burst(["j"] * 40)
        await all_keys_taken(app, pilot)
        assert app.noted == ["j"] * 40


async def test_a_pasted_text_is_not_a_string_of_commands() -> None:
    app = TurnsStage()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.burst([*"rdbjxprod down", "enter"])
        await all_keys_taken(app, pilot)
        assert app.noted == []
        assert app.dropped == 15
