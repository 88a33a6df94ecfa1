"""Fields that are typed into, and the question that is answered in writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot

from console.safety.text import Raw
from tests.frames import text_of
from tests.widgets.stage import Stage
from widgets.confirm import TypedConfirm
from widgets.detail import Field, Paragraph, Part
from widgets.form import Edited, Entered, FormField, LineFields, Toggles
from widgets.long_field import MOST_CHARS, MOST_LINES, LongField
from widgets.theme import Ink


class FormStage(Stage):
    """Three kinds of field below each other; remembers what they said."""

    AUTO_FOCUS = "FormField FieldInput"

    def __init__(self, lines: Sequence[str] = ("a", "b")) -> None:
        super().__init__()
        self._given = lines
        self.entered: list[bool] = []
        self.edits = 0

    def compose(self) -> ComposeResult:
        # An input that has a value can be made in a running app only.
        self.lines = LineFields("lines", self._given, hint="more")
        self.single = FormField("single", "one", hint="why", noted=True)
        self.names = Toggles("names", ("am-eu", "am-us"), ("am-us",))
        yield from (self.lines, self.single, self.names)

    def on_edited(self, event: Edited) -> None:
        self.edits += 1

    def on_entered(self, event: Entered) -> None:
        self.entered.append(event.meant)


async def settled(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    await pilot.pause()


async def test_each_line_has_a_field_and_there_is_an_empty_one_to_go_on_with() -> None:
    app = FormStage()
    async with app.run_test(size=(60, 12)) as pilot:
        assert text_of(app).splitlines()[:4] == [
            "lines     a",
            "          b",
            "          more",
            "single    one",
        ]
        app.lines.fields[-1].input.focus()
        await pilot.press("c")
        await settled(pilot)
        assert app.lines.lines == ("a", "b", "c") and len(app.lines.fields) == 4


async def test_an_emptied_line_goes_when_it_is_left_and_the_first_stays() -> None:
    app = FormStage(("a", "b", "c"))
    async with app.run_test(size=(60, 12)) as pilot:
        app.lines.fields[1].input.focus()
        await pilot.press("end", "backspace", "tab")
        await settled(pilot)
        assert app.lines.lines == ("a", "c")
        app.lines.fields[0].input.focus()
        await pilot.press("end", "backspace", "tab")
        await settled(pilot)
        assert app.lines.lines == ("", "c")


async def test_other_lines_take_the_place_of_those_that_stood_there() -> None:
    app = FormStage()
    async with app.run_test(size=(60, 12)) as pilot:
        for lines in (("x",), ("x", "y", "z"), ()):
            await app.lines.set_lines(lines)
            await settled(pilot)
            assert app.lines.lines == lines and len(app.lines.fields) == len(lines) + 1


async def test_where_not_all_lines_are_in_sight_their_number_is() -> None:
    app = FormStage(tuple("abcdefgh"))
    async with app.run_test(size=(60, 12)) as pilot:
        app.lines.styles.max_height = 4
        await settled(pilot)
        assert "8 lines" in text_of(app)
        app.lines.styles.max_height = 10
        await settled(pilot)
        assert "8 lines" not in text_of(app)


async def test_what_is_wrong_is_said_and_takes_nothing_away() -> None:
    app = FormStage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.lines.fields[0].fault("column 1: expected a name")
        app.single.fault("expected 90m")
        await settled(pilot)
        assert text_of(app).splitlines()[:2] == [
            "lines     a",
            " " * 10 + "column 1: expected a name",
        ]
        assert "expected 90m" in text_of(app)
        app.lines.fields[0].fault("")
        await settled(pilot)
        assert text_of(app).splitlines()[1] == "          b"
        assert (app.lines.lines, app.single.text) == (("a", "b"), "one")


async def test_names_are_chosen_by_space_and_nothing_else() -> None:
    app = FormStage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.names.focus()
        await pilot.press("space", "right", "x", "q", "space")
        assert app.names.chosen == ("am-eu",)
        assert "[x] am-eu" in text_of(app) and "[ ] am-us" in text_of(app)


async def test_enter_tells_whether_a_hand_can_have_meant_it() -> None:
    app = FormStage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.single.input.focus()
        await pilot.pause()
        letter, enter = events.Key("x", "x"), events.Key("enter", "\r")
        enter.time = letter.time
        app.post_message(letter)
        app.post_message(enter)
        await settled(pilot)
        later = events.Key("enter", "\r")
        later.time = enter.time + 1.0
        app.post_message(later)
        await settled(pilot)
        assert app.entered == [False, True]


async def test_a_paste_is_one_line_without_what_cannot_be_seen() -> None:
    app = FormStage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.single.input.focus()
        app.single.text = ""
        await pilot.pause()
        app.post_message(events.Paste("pat\x1b[2Jching\u202e\nrm -rf ~\n"))
        await settled(pilot)
        assert app.single.text == "pat[2Jching" and app.entered == []


# The question in writing


class Asking(Stage):
    """Asks for a word, and remembers the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[bool | None] = []

    def ask(self) -> None:
        parts: list[Part] = [Paragraph("It covers 2 of P0."), Field("matches", Raw('a="\x1b[2J"'))]
        question = TypedConfirm(
            (("silence this?", Ink.WARNING),), parts, "silence 2", clock=self.clock
        )
        self.push_screen(question, self.answers.append)


async def test_only_the_word_itself_is_an_answer() -> None:
    app = Asking()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.ask()
        await pilot.pause()
        assert "type  silence 2  + enter" in text_of(app) and 'a="^[[2J"' in text_of(app)
        app.clock.advance(1)
        await pilot.press("enter")
        assert "nothing was typed" in text_of(app) and app.answers == []
        await pilot.press(*"silence", "enter")
        assert "that reads silence" in text_of(app) and app.answers == []
        await pilot.press("space", "2", "enter")
        assert app.answers == [True]


async def test_escape_leaves_it_undone() -> None:
    app = Asking()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.ask()
        await pilot.pause()
        await pilot.press(*"silence", "space", "2", "escape")
        assert app.answers == [False]


async def test_what_was_typed_before_it_could_be_read_answers_nothing() -> None:
    app = Asking()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.ask()
        await pilot.pause()
        await pilot.press(*"silence", "space", "2", "enter")
        assert app.answers == []
        app.clock.advance(1)
        await pilot.press("enter")
        assert app.answers == [True]


async def test_a_paste_of_the_word_is_no_answer() -> None:
    app = Asking()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.ask()
        await pilot.pause()
        app.clock.advance(1)
        app.post_message(events.Paste("silence 2\n"))
        await pilot.press("enter")
        assert app.answers == []


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (200, 50)])
async def test_the_question_fits_the_screen(size: tuple[int, int]) -> None:
    app = Asking()
    async with app.run_test(size=size, notifications=True) as pilot:
        app.ask()
        await pilot.pause()
        assert "type  silence 2" in text_of(app) and "esc cancels" in text_of(app)


# Fields of a document


class PaperStage(Stage):
    """A line, a text, and one of a list, below each other."""

    AUTO_FOCUS = "#field-note > LongText"

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._given = text
        self.edits = 0
        self.entered: list[tuple[str, bool]] = []

    def compose(self) -> ComposeResult:
        self.title_row = LongField("title", "title", "redis", hint="a few words")
        self.note = LongField("note", "note", self._given, hint="what", several=True)
        self.level = LongField("level", "level", "", hint="how bad", choices=("P0", "P1"))
        yield from (self.title_row, self.note, self.level)

    def on_edited(self, event: Edited) -> None:
        self.edits += 1

    def on_entered(self, event: Entered) -> None:
        assert isinstance(event.field, LongField)
        self.entered.append((event.field.field_name, event.meant))


async def test_a_text_grows_with_its_lines_until_it_scrolls_and_tab_leaves_it() -> None:
    app = PaperStage()
    async with app.run_test(size=(40, 20)) as pilot:
        assert text_of(app).splitlines()[:3] == [
            "title     redis",
            "note      what",
            "level      P0   P1  how bad",
        ]
        await pilot.press("a", "enter", "b")
        await settled(pilot)
        assert app.note.text == "a\nb" and app.note.editor.size.height == 2
        await pilot.press(*["enter"] * 12)
        await settled(pilot)
        assert app.note.editor.size.height == MOST_LINES
        await pilot.press("tab")
        assert app.focused is app.level.editor
        await pilot.press("shift+tab", "pageup", "pageup", "up")
        assert app.focused is app.title_row.editor


async def test_a_choice_goes_round_its_list_by_arrows_and_by_the_first_letter() -> None:
    app = PaperStage()
    async with app.run_test(size=(40, 20)) as pilot:
        app.level.editor.focus()
        seen = []
        for key in ("right", "right", "right", "left", "backspace", "1", "x"):
            await pilot.press(key)
            seen.append(app.level.text)
        assert seen == ["P0", "P1", "", "P1", "", "P1", "P1"]
        await settled(pilot)
        assert "[P1]" in text_of(app)
        await pilot.press("enter")
        assert app.entered == [("level", True)]


async def test_a_paste_of_a_megabyte_is_bounded_and_what_found_no_room_is_counted() -> None:
    app = PaperStage()
    async with app.run_test(size=(40, 20)) as pilot:
        app.note.editor.post_message(events.Paste("line\n" * 200_000))
        await settled(pilot)
        assert len(app.note.text) == MOST_CHARS
        assert f"{1_000_000 - MOST_CHARS:,} characters found no room" in app.note.over
        await pilot.press("x")
        assert len(app.note.text) == MOST_CHARS
        await pilot.press("backspace")
        await settled(pilot)
        assert not app.note.over
        app.title_row.editor.focus()
        app.title_row.editor.post_message(events.Paste("two\nlines " * 100_000))
        await settled(pilot)
        assert app.title_row.text.startswith("redistwo lines two lines")
        assert "found no room" in app.title_row.over


async def test_what_cannot_be_printed_is_not_shown_and_stays_where_nobody_typed() -> None:
    hostile = "a\x1b[31mred\u202e\r\nb\tc"
    app = PaperStage(hostile)
    async with app.run_test(size=(40, 20)) as pilot:
        assert app.note.text == hostile
        assert "\u202e" not in text_of(app) and "a[31mred" in text_of(app)
        await pilot.press("x")
        await settled(pilot)
        assert app.note.text == "xa[31mred\nb    c"


async def test_a_text_too_long_for_a_field_is_shown_in_part_and_stays_whole() -> None:
    text = "word " * 50_000
    app = PaperStage(text)
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.press("x", "backspace")
        assert app.note.text == text
        assert "of 250,000 characters" in app.note.over


async def test_what_is_wrong_stands_below_and_takes_no_room_while_nothing_is() -> None:
    app = PaperStage()
    async with app.run_test(size=(40, 20)) as pilot:
        app.note.say("expected words")
        await settled(pilot)
        assert text_of(app).splitlines()[2] == "          expected words"
        app.note.say("")
        await settled(pilot)
        assert text_of(app).splitlines()[2].startswith("level")
