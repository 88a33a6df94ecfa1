"""Themes: which one, and that nothing is told by colour alone."""

from __future__ import annotations

from itertools import combinations

import pytest
from textual.color import Color

from tests.frames import strips_of
from tests.widgets.stage import COLUMNS, Stage, things
from widgets.live_list import LiveList
from widgets.theme import (
    ANSI_DARK,
    ANSI_LIGHT,
    DARK,
    LIGHT,
    Ink,
    colour_variable,
    ink_defaults,
    is_ansi,
    pick_theme,
    prefers_ascii,
    style_variable,
    themes,
)

TRUE_COLOUR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("setting", "environ", "expected"),
    [
        ("auto", TRUE_COLOUR, DARK),
        ("auto", {"TERM": "xterm-256color"}, DARK),
        ("auto", {"TERM": "tmux-256color"}, DARK),
        ("auto", TRUE_COLOUR | {"COLORFGBG": "0;15"}, LIGHT),
        ("light", TRUE_COLOUR, LIGHT),
        ("dark", TRUE_COLOUR | {"COLORFGBG": "0;15"}, DARK),
        ("ansi-light", TRUE_COLOUR, ANSI_LIGHT),
        ("auto", TRUE_COLOUR | {"NO_COLOR": ""}, ANSI_DARK),
        ("light", TRUE_COLOUR | {"NO_COLOR": "1"}, ANSI_LIGHT),
        ("auto", {"TERM": "linux"}, ANSI_DARK),
        ("auto", {"TERM": "vt100"}, ANSI_DARK),
        ("dark", {"TERM": "xterm"}, ANSI_DARK),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, DARK),
    ],
)
def test_the_theme_is_one_that_the_terminal_can_show(
    setting: str, environ: dict[str, str], expected: str
) -> None:
    assert pick_theme(setting, environ) == expected


@pytest.mark.parametrize(
    ("setting", "environ", "expected"),
    [
        (None, {"LANG": "en_US.UTF-8", "TERM": "xterm"}, False),
        (None, {"LANG": "C", "TERM": "xterm"}, True),
        (None, {"TERM": "xterm"}, True),
        (None, {"LANG": "zh_TW.UTF-8", "TERM": "xterm"}, True),
        (None, {"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
        (None, {"LANG": "C", "LC_ALL": "C.utf8", "TERM": "xterm"}, False),
        (True, {"LANG": "en_US.UTF-8", "TERM": "xterm"}, True),
        (False, {"LANG": "C"}, False),
    ],
)
def test_ascii_is_drawn_where_shapes_would_break_the_columns(
    setting: bool | None, environ: dict[str, str], expected: bool
) -> None:
    assert prefers_ascii(setting, environ) is expected


def test_every_theme_has_every_ink() -> None:
    for theme in themes():
        for ink in Ink:
            assert Color.parse(theme.variables[colour_variable(ink)])
            assert style_variable(ink) in theme.variables
    assert ink_defaults().keys() <= themes()[0].variables.keys()


@pytest.mark.parametrize("name", [DARK, LIGHT])
def test_every_ink_can_be_read_on_the_background_and_on_the_cursor(name: str) -> None:
    theme = next(theme for theme in themes() if theme.name == name)
    cursor = Color.parse(theme.variables[colour_variable(Ink.CURSOR)])
    for ink in Ink:
        if ink is Ink.CURSOR:
            continue
        colour = Color.parse(theme.variables[colour_variable(ink)])
        for back in (theme.background, theme.surface, theme.panel):
            assert back is not None
            assert contrast(colour, Color.parse(back)) >= 4.5, (ink, back)
        assert contrast(colour, cursor) >= 3, ink


def contrast(one: Color, other: Color) -> float:
    """WCAG 2 contrast ratio."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    parts = [channel / 255 for channel in (colour.r, colour.g, colour.b)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_two_inks_of_one_meaning_never_look_the_same() -> None:
    """States differ among themselves, and so do priorities, in every theme."""
    for theme in themes():
        states = [Ink.OK, Ink.FIRING, Ink.UNKNOWN, Ink.STALE]
        for one, other in combinations(states, 2):
            assert look(theme.variables, one) != look(theme.variables, other)
        for one, other in combinations([Ink.P0, Ink.P1, Ink.P2, Ink.P3], 2):
            assert look(theme.variables, one) != look(theme.variables, other)


def look(variables: dict[str, str], ink: Ink) -> tuple[str, str]:
    return variables[colour_variable(ink)], variables[style_variable(ink)]


@pytest.mark.parametrize("theme", [ANSI_DARK, ANSI_LIGHT])
async def test_no_color_leaves_no_colour_and_the_cursor_is_still_seen(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    view = LiveList(COLUMNS, key=lambda row: row.key, clock=Stage().clock)
    app = Stage(view, theme=theme, ansi_color=is_ansi(theme))
    async with app.run_test(size=(60, 6)) as pilot:
        view.set_rows(things("ab"))
        await pilot.pause()
        styles = [segment.style for strip in strips_of(app) for segment in strip if segment.style]
        assert styles
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        on_cursor = [segment.style for segment in strips_of(app)[1]]
        assert all(style is not None and style.reverse for style in on_cursor)


@pytest.mark.parametrize("theme", [DARK, LIGHT, ANSI_DARK, ANSI_LIGHT])
async def test_a_change_of_theme_repaints_what_is_on_screen(theme: str) -> None:
    view = LiveList(COLUMNS, key=lambda row: row.key, clock=Stage().clock)
    app = Stage(view, theme=LIGHT if theme == DARK else DARK)
    async with app.run_test(size=(60, 6)) as pilot:
        view.set_rows(things("ab"))
        await pilot.pause()
        before = [segment.style for segment in strips_of(app)[2]]
        app.theme = theme
        await pilot.pause()
        assert [segment.style for segment in strips_of(app)[2]] != before
