"""Text from outside at its worst, through everything that draws: no crash, no control, exact."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.strip import Strip

from console.model.snapshot import SourceHealth, SourceKind
from console.model.state import State
from console.safety.text import Raw
from tests.frames import strips_of
from tests.hostile import hostile_count, hostile_strings
from tests.widgets.stage import COLUMNS, NOON, Stage, Thing
from widgets.detail import Detail, Field, Figure, Paragraph, Part, SpanLine, Title
from widgets.dialog import Choice, Dialog, Overlay
from widgets.footer import Footer
from widgets.graph import Chart, Curve, plot
from widgets.header import Header, HeaderFacts
from widgets.live_list import LiveList
from widgets.matrix import Matrix, Place, Service
from widgets.ordered_rows import Heading
from widgets.paint import content, content_of, strip_of
from widgets.theme import Ink

SEEDS = 24
"""Screens that are drawn; each shows some dozen strings in every widget."""


def is_plain(text: str) -> bool:
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return all(unicodedata.category(character) not in hidden for character in text)


def assert_plain(strips: list[Strip], width: int) -> None:
    for strip in strips:
        assert strip.cell_length == width
        assert cell_len(strip.text) == width
        for segment in strip:
            assert segment.control is None
            assert segment.style is None or not segment.style.link
        assert is_plain(strip.text)


class EverySink(Stage):
    """Every widget that shows text, on one screen."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: LiveList[Thing] = LiveList(COLUMNS, key=lambda row: row.key, clock=self.clock)
        self.matrix, self.detail = Matrix(), Detail()
        self.footer, self.header = Footer(), Header()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.header
            yield self.rows
            yield self.matrix
            yield self.detail
            yield self.footer

    def fill(self, texts: list[Raw]) -> None:
        now = self.clock.now()
        first = texts[0]
        sick = SourceHealth("prom", SourceKind.PROMETHEUS, State.UNKNOWN, timedelta(seconds=15))
        self.header.show(HeaderFacts(first, sources=(sick,), user=texts[1]), now)
        rows = [Thing(f"row-{number}", text) for number, text in enumerate(texts)]
        self.rows.set_rows(rows, [Heading(1, ((first, Ink.HEADING),))])
        services = tuple(
            Service(f"s{number}", text, State.FIRING) for number, text in enumerate(texts)
        )
        self.matrix.set_places([Place(text, services) for text in texts])
        curves = tuple(Curve(text, ((NOON.timestamp(), 1.0),)) for text in texts)
        chart = Chart(curves, NOON - timedelta(hours=1), NOON)
        self.detail.show(
            [
                Figure(lambda width: plot(chart, width, 8)),
                Title(((first, Ink.HEADING),)),
                *(Field(text, text) for text in texts),
                *(Paragraph(text) for text in texts),
                SpanLine([(text, Ink.PLAIN) for text in texts]),
            ],
            subject=str(hash(first)),
        )
        self.footer.say(first, now)
        self.rows.border_title = content(first)
        self.rows.border_subtitle = content_of([(text, Ink.MUTED) for text in texts[:2]])


@pytest.mark.parametrize("width", [80, 120])
async def test_every_widget_draws_hostile_text_as_plain_cells(width: int) -> None:
    app = EverySink()
    async with app.run_test(size=(width, 40), notifications=True) as pilot:
        app.rows.styles.border = ("round", "red")
        texts = [Raw(text) for text in hostile_strings(12 * SEEDS, seed=width)]
        for start in range(0, len(texts), 12):
            app.fill(texts[start : start + 12])
            for move in range(3):
                app.rows.action_page_down()
                app.matrix.action_page_down()
                app.detail.action_page_down()
                await pilot.pause()
                assert_plain(strips_of(app), width)
                if move == 0:
                    app.detail.action_last()


async def test_dialogs_and_toasts_draw_hostile_text_as_plain_cells() -> None:
    app: App[Any] = Stage()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        for text in hostile_strings(60, seed=7):
            raw = Raw(text[:5000])
            parts: list[Part] = [Field(raw, raw), Paragraph(raw)]
            app.push_screen(
                Dialog(((raw, Ink.STRONG),), parts, [Choice("yes", "Yes")], clock=Stage().clock)
            )
            await pilot.pause()
            assert_plain(strips_of(app), 80)
            app.pop_screen()
            app.push_screen(Overlay(((raw, Ink.STRONG),), parts))
            await pilot.pause()
            assert_plain(strips_of(app), 80)
            app.pop_screen()


def test_a_strip_is_exact_for_any_text_and_any_width() -> None:
    plain, red = Style(), Style(color="red")
    texts = list(hostile_strings(hostile_count(), seed=3))
    for number, text in enumerate(texts):
        width = number % 37
        parts: list[tuple[Raw | str, Style]] = [
            (Raw(text), plain),
            (texts[number - 1], red),
            ("|", plain),
        ]
        strip = strip_of(parts, width)
        assert strip.cell_length == width == cell_len(strip.text)
        assert is_plain(strip.text)
