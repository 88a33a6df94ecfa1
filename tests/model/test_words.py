"""Durations in words: never more left than is left, never more past than is past."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.state import State
from console.model.words import (
    age_text,
    breach_text,
    count_text,
    countdown_text,
    state_shape,
)
from console.safety.text import cell_width

MILLISECONDS = st.integers(-40 * 86_400_000, 40 * 86_400_000)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (0, "00:00"),
        (7.9, "00:07"),
        (89, "01:29"),
        (119.99, "01:59"),
        (138, "02:10"),
        (599, "09:50"),
        (600, "10m"),
        (48 * 60 + 59, "48m"),
        (72 * 60, "1h12m"),
        (26 * 3600 + 100, "26h"),
        (3 * 86400, "3 d"),
        (-0.5, "-00:00"),
        (-42, "-00:42"),
        (-162, "-02:40"),
        (-12 * 60, "-12m"),
        (-41 * 86400, "-41 d"),
    ],
)
def test_a_countdown_reads_at_a_glance(left: float, text: str) -> None:
    assert countdown_text(seconds(left)) == text


@pytest.mark.parametrize(
    ("age", "text", "coarse"),
    [
        (0, "0s", "<10s"),
        (9.9, "9s", "<10s"),
        (42, "42s", "40s"),
        (79, "1m19s", "1m10s"),
        (162, "2m42s", "2m"),
        (599, "9m59s", "9m"),
        (48 * 60, "48m", "48m"),
        (3 * 3600 + 5 * 60, "3h05m", "3h05m"),
        (41 * 86400, "41 d", "41 d"),
        (-5, "0s", "<10s"),
    ],
)
def test_an_age_reads_at_a_glance(age: float, text: str, coarse: str) -> None:
    assert age_text(seconds(age)) == text
    assert age_text(seconds(age), coarse=True) == coarse


@given(MILLISECONDS)
def test_a_countdown_fits_its_column(milliseconds: int) -> None:
    assert len(countdown_text(timedelta(milliseconds=milliseconds))) <= 7


def test_a_deadline_says_whether_it_has_passed() -> None:
    assert breach_text(seconds(48 * 60)) == "due in 48m"
    assert breach_text(seconds(-162)) == "breached by 2m42s"


def test_counts_are_grouped_by_thousands() -> None:
    assert count_text(2014) == "2,014"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_state_has_a_shape_of_its_own_in_one_cell(ascii_only: bool) -> None:
    shapes = [state_shape(state, ascii_only) for state in State]
    assert len(set(shapes)) == len(State)
    assert all(cell_width(shape) == 1 for shape in shapes)
    assert not ascii_only or all(shape.isascii() for shape in shapes)
