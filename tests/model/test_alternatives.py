"""What is listed in a pattern is what is read out of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.alternatives import one_of, values_of

VALUES = st.lists(st.text(r"ab-/\^$*+?.()|[]{}支 \"", max_size=6), min_size=1, max_size=5)


@given(VALUES)
def test_every_list_of_values_is_read_back_as_it_was_written(values: list[str]) -> None:
    assert values_of(one_of(values)) == tuple(values)


@given(VALUES, st.text("ab-\\|支", max_size=6))
def test_a_list_matches_its_values_and_nothing_else(values: list[str], other: str) -> None:
    pattern = re.compile(one_of(values))
    assert all(pattern.fullmatch(value) for value in values)
    assert bool(pattern.fullmatch(other)) is (other in values)


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("a", ("a",)),
        ("a|b", ("a", "b")),
        ("(a|)", ("a", "")),
        (r"(a\\|b)", ("a\\", "b")),
        ("(支付|網關)", ("支付", "網關")),
    ],
)
def test_a_plain_list_is_read_without_a_regular_expression(
    pattern: str, values: tuple[str, ...]
) -> None:
    assert values_of(pattern) == values


@pytest.mark.parametrize("pattern", ["a.*", "(a|b", "a)", "[ab]", r"\d", "(a|b)+", "(?i)a", "a$"])
def test_whatever_else_a_pattern_is_nothing_is_judged_of_it(pattern: str) -> None:
    assert values_of(pattern) is None
