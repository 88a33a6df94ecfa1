"""A file that changed while somebody typed: both versions, and nothing lost by any answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from console.model.papers import Clash, Sheet
from screens.clash import BACK, EDITOR, MERGE, THEIRS, ClashScreen, open_clash
from screens.differences import MOST, Piece, differences, pieces, side_by_side
from tests.frames import text_of
from tests.hostile import ATTACKS
from tests.screens.console import Console, until
from tests.screens.journal_world import world_on
from widgets.paint import Spans
from widgets.theme import Ink

PATH = "incidents/2026/INC-20261122-001.md"
HEAD = "".join(f"line {number}\n" for number in range(40))
THEIR_TEXT = HEAD + "lead: mei\nend\n"
MY_TEXT = HEAD + "lead: kai\nwhy: memory\nend\n"


def clash(theirs: str = THEIR_TEXT, mine: str = MY_TEXT, *, blob: str = "b2") -> Clash:
    return Clash(
        Sheet(PATH, mine.encode(), "b1"), Sheet(PATH, theirs.encode("utf-8", "surrogatepass"), blob)
    )


def words(lines: Any) -> list[str]:
    return ["".join(str(text) for text, _ in spans).rstrip() for spans in lines]


@asynccontextmanager
async def asked(
    about: Clash, *, size: tuple[int, int] = (80, 24), **more: Any
) -> AsyncIterator[tuple[Console, Pilot[int], list[str]]]:
    """The question in front of a screen; what is answered comes into the list."""
    answers: list[str] = []

    async with world_on(size=size) as (console, pilot, _):

        async def ask() -> None:
            answers.append(await open_clash(console.app, about, **more))

        console.app.run_worker(ask(), exit_on_error=False)
        await until(pilot, lambda: isinstance(console.app.screen, ClashScreen))
        console.clock.advance(1.0)
        yield console, pilot, answers


async def test_both_versions_are_told_apart_without_colour_and_what_is_equal_is_left_out() -> None:
    async with asked(clash(), both=["lead"]) as (console, _, _):
        text = console.text
        for said in ("- lead: mei", "+ lead: kai", "+ why: memory", "... 38 equal lines", PATH):
            assert said in text
        assert "line 3\n" not in text
        assert "both touched lead: yours is kept" in text
        assert "Nothing was written" in text


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], BACK),
        (["escape"], BACK),
        (["tab", "enter"], MERGE),
        (["right", "right", "enter"], THEIRS),
        (["right", "right", "right", "enter"], EDITOR),
    ],
)
async def test_the_cursor_is_on_the_way_back_and_every_answer_has_its_place(
    keys: list[str], answer: str
) -> None:
    async with asked(clash()) as (_, pilot, answers):
        await pilot.press(*keys)
        await until(pilot, lambda: bool(answers))
        assert answers == [answer]


async def test_an_answer_typed_before_it_could_be_read_is_none() -> None:
    async with asked(clash()) as (console, pilot, answers):
        screen = console.app.screen
        assert isinstance(screen, ClashScreen)
        screen._drawn_at = console.clock.now().mono
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert answers == [] and console.app.screen is screen


async def test_what_cannot_be_merged_says_why_and_is_not_offered() -> None:
    why = "the front matter cannot be read"
    async with asked(clash(), why_not_merge=why) as (console, pilot, answers):
        assert f"no merge: {why}" in console.text
        await pilot.press("tab", "enter")
        await until(pilot, lambda: bool(answers))
        assert answers == [THEIRS]


async def test_a_removed_file_is_said_and_shows_what_i_typed() -> None:
    async with asked(clash("", blob="")) as (console, _, _):
        assert "was removed while you typed" in console.text
        assert "+ line 0" in console.text


async def test_a_copy_of_mine_leaves_the_question_open() -> None:
    async with asked(clash()) as (console, pilot, answers):
        await pilot.press("left", "enter")
        await pilot.pause()
        assert answers == [] and isinstance(console.app.screen, ClashScreen)
        assert any("clipboard" in one for one in console.app.notices)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_hostile_text_is_shown_and_never_obeyed(size: tuple[int, int]) -> None:
    theirs = "\n".join(ATTACKS)
    async with asked(clash(theirs, "mine\n"), size=size) as (console, pilot, _):
        await pilot.press("G")
        await pilot.pause()
        shown = text_of(console.app)
        assert "\x1b" not in shown and "\u202e" not in shown


async def test_what_scrolls_is_the_versions() -> None:
    long = "".join(f"new {number}\n" for number in range(200))
    async with asked(clash("old\n", long)) as (console, pilot, _):
        assert "new 199" not in console.text
        await pilot.press("G")
        await pilot.pause()
        assert "new 199" in console.text


def test_on_a_wide_screen_what_belongs_together_stands_on_one_line() -> None:
    lines = words(side_by_side(b"same\nlead: mei\n", "same\nlead: 支付网关\nmore\n".encode(), 120))
    assert [line.split() for line in lines] == [
        ["same", "same"],
        ["-", "lead:", "mei", "+", "lead:", "支付网关"],
        ["+", "more"],
    ]
    assert lines[1].index("+") == lines[2].index("+") == 60


def test_an_ink_goes_with_every_mark() -> None:
    inks: dict[str, Ink] = {}
    lines: list[Spans] = list(differences(b"a\nb\n", b"a\nc\n", 80))
    for spans in lines:
        inks[str(spans[0][0])[:1]] = spans[0][1]
    assert inks == {" ": Ink.MUTED, "-": Ink.FIRING, "+": Ink.OK}


def test_no_line_of_either_version_is_lost() -> None:
    big = "".join(f"{number % 7}\n" for number in range(3 * MOST))
    for theirs, mine in ((THEIR_TEXT, MY_TEXT), ("", MY_TEXT), (big, big[::-1]), ("a\r\n", "a\n")):
        found = pieces(theirs.encode(), mine.encode())
        assert "\n".join(line for one in found for line in one.theirs) == theirs.removesuffix("\n")
        assert "\n".join(line for one in found for line in one.mine) == mine.removesuffix("\n")
        assert all(one.theirs == one.mine for one in found if one.same)


def test_a_change_of_line_ends_alone_is_a_difference() -> None:
    found = pieces(b"a\r\nb\n", b"a\nb\n")
    assert found[0] == Piece(False, ["a\r"], ["a"])
    assert words(differences(b"a\r\nb\n", b"a\nb\n", 80))[0] == "- a^M"
