"""Documents and graphs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.safety.text import ASCII_MARKS, MARKS, Raw, cell_width, visible
from tests.frames import frame_of
from tests.widgets.stage import NOON, Stage
from widgets.detail import Blank, Detail, Field, Figure, Paragraph, SpanLine, Title
from widgets.graph import Chart, Curve, number_text, plot
from widgets.paint import ASCII_GLYPHS, Spans
from widgets.theme import Ink
from widgets.wrap import wrapped


@given(st.text(max_size=200), st.integers(2, 40))
def test_wrapping_loses_nothing_but_spaces_and_fits(text: str, cells: int) -> None:
    lines = wrapped(text, cells, marks=MARKS)
    assert lines
    assert all(cell_width(line) <= cells for line in lines)
    shown = visible(text, lines=True)
    assert "".join("".join(lines).split()) == "".join(shown.split())


def test_text_breaks_at_spaces_and_long_words_where_they_must() -> None:
    assert wrapped("one two three", 7, marks=MARKS) == ["one two", "three"]
    assert wrapped("abcdefghij kl", 4, marks=MARKS) == ["abcd", "efgh", "ij", "kl"]
    assert wrapped("服務已停止了", 5, marks=MARKS) == ["服務", "已停", "止了"]
    assert wrapped("a\nb", 5, marks=MARKS) == ["a", "b"]
    assert wrapped("", 5, marks=ASCII_MARKS) == [""]


def test_a_text_of_a_million_characters_wraps_in_one_pass() -> None:
    """Quadratic work on it would not end within the test's deadline."""
    assert len(wrapped("服" * 500_000, 80, marks=MARKS)) == 12_500
    assert len(wrapped("x" * 1_000_000, 80, marks=MARKS)) == 12_500


class DetailStage(Stage):
    """A stage with one document."""

    def __init__(self) -> None:
        self.view = Detail()
        super().__init__(self.view)


async def test_values_stand_beside_their_names_and_wrap_there() -> None:
    app = DetailStage()
    async with app.run_test(size=(30, 10), notifications=True) as pilot:
        app.view.show(
            [
                Title((("redis@data", Ink.HEADING),)),
                Field("now", Raw("redis_up 0 and some more of it"), note="3s ago"),
                Field(Raw("docker"), "Exited"),
                Blank(),
                Paragraph("no PING reply"),
                SpanLine((("a", Ink.KEY), (" ack", Ink.PLAIN))),
            ]
        )
        await pilot.pause()
        assert frame_of(app)[:8] == [
            "── redis@data ────────────────",
            "now    redis_up 0 and some",
            "       more of it  3s ago",
            "docker Exited",
            "",
            "no PING reply",
            "a ack",
            "",
        ]


async def test_what_does_not_fit_is_counted_and_reached_by_scrolling() -> None:
    app = DetailStage()
    async with app.run_test(size=(30, 5)) as pilot:
        app.view.show([Field(f"label{number}", str(number)) for number in range(20)])
        await pilot.pause()
        assert frame_of(app)[4].endswith("↓ 15 more")
        app.view.action_last()
        await pilot.pause()
        assert frame_of(app)[4] == "label19 19"
        app.view.action_page_up()
        app.view.action_half_up()
        app.view.action_up()
        app.view.action_down()
        app.view.action_first()
        await pilot.pause()
        assert frame_of(app)[0] == "label0  0"


async def test_it_stays_scrolled_while_the_subject_is_the_same() -> None:
    app = DetailStage()
    async with app.run_test(size=(30, 5)) as pilot:
        parts = [Field(f"label{number}", str(number)) for number in range(20)]
        app.view.show(parts, subject="a")
        app.view.action_page_down()
        app.view.show(parts, subject="a")
        await pilot.pause()
        assert frame_of(app)[0] == "label4  4"
        app.view.show(parts, subject="b")
        await pilot.pause()
        assert frame_of(app)[0] == "label0  0"


async def test_a_figure_is_drawn_for_the_width_there_is() -> None:
    app = DetailStage()
    async with app.run_test(size=(30, 5)) as pilot:
        app.view.show([Figure(lambda width: [((str(width), Ink.PLAIN),)])])
        await pilot.pause()
        assert frame_of(app)[0] == "30"
        await pilot.resize_terminal(22, 5)
        await pilot.pause()
        assert frame_of(app)[0] == "22"


def chart(values: Sequence[float | None], *, threshold: float | None = None) -> Chart:
    """One value a minute over the hour before noon; `None` for a minute that is missing."""
    start = NOON - timedelta(hours=1)
    points = tuple(
        (start.timestamp() + 60 * minute, value)
        for minute, value in enumerate(values)
        if value is not None
    )
    return Chart((Curve(Raw("redis_up"), points),), start, NOON, threshold=threshold)


def texts(lines: Sequence[Spans]) -> list[str]:
    return ["".join(visible(text) for text, _ in spans) for spans in lines]


def columns_drawn(lines: Sequence[str]) -> set[int]:
    """Columns in which a curve has a dot."""
    return {at for line in lines[1:-1] for at, sign in enumerate(line) if at > 7 and sign in ":'."}


def test_a_graph_has_its_axes_its_legend_and_its_threshold() -> None:
    lines = texts(plot(chart([*range(60)], threshold=45), 60, 10, zone=UTC))
    assert lines[0] == "redis_up 59  threshold 45"
    assert lines[1].startswith("     59│")
    assert lines[-2].startswith("      0│")
    assert any(line.startswith("     45│──") for line in lines)
    assert lines[-1].split() == ["11:00", "11:30", "12:00"]
    assert len(lines) == 10
    assert all(cell_width(line) <= 60 for line in lines)


def test_a_gap_in_the_data_is_a_gap_in_the_curve() -> None:
    whole = plot(chart([5.0] * 60), 68, 8, glyphs=ASCII_GLYPHS, zone=UTC)
    torn = plot(chart([5.0] * 20 + [None] * 20 + [5.0] * 20), 68, 8, glyphs=ASCII_GLYPHS, zone=UTC)
    whole_columns, torn_columns = columns_drawn(texts(whole)), columns_drawn(texts(torn))
    assert len(whole_columns) >= 58
    missing = sorted(whole_columns - torn_columns)
    assert 18 <= len(missing) <= 22
    assert missing == [*range(missing[0], missing[-1] + 1)]


def test_nan_is_a_gap_and_not_a_value() -> None:
    nan = plot(chart([5.0] * 20 + [math.nan] * 20 + [5.0] * 20), 68, 8, glyphs=ASCII_GLYPHS)
    assert len(columns_drawn(texts(nan))) <= 42


@pytest.mark.parametrize("values", [[], [math.nan, math.inf]])
def test_no_data_is_said_in_words(values: list[float]) -> None:
    assert texts(plot(chart(values), 60, 8, zone=UTC)) == ["no data 11:00 to 12:00"]


def test_a_partial_answer_and_hidden_series_are_said() -> None:
    one = chart([1.0, 2.0])
    many = Chart(one.curves * 6, one.start, one.end, partial=True)
    legend = texts(plot(many, 120, 8))[0]
    assert legend.startswith("partial  ")
    assert "4 of 6 series" in legend


def test_ascii_graphs_are_ascii() -> None:
    lines = texts(plot(chart([*range(60)], threshold=30), 60, 8, glyphs=ASCII_GLYPHS))
    assert all(line.isascii() for line in lines)


@example([0.0], math.nan, 1, 1)
@given(
    st.lists(st.floats(), max_size=20),
    st.none() | st.floats(),
    st.integers(1, 100),
    st.integers(1, 30),
)
def test_no_series_is_too_strange_to_draw(
    values: list[float], threshold: float | None, width: int, height: int
) -> None:
    for line in texts(plot(chart(values, threshold=threshold), width, height)):
        assert cell_width(line) <= max(width, 17) + 200


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_fit_their_axis(value: float) -> None:
    assert len(number_text(value)) <= 7
