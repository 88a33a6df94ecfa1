from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.demo.shape import COMPARE, Shape, Span, flat, pulse, ramp, step

SECONDS = st.integers(-1000, 1000)
VALUES = st.integers(-50, 50)
KNOTS = st.lists(st.tuples(SECONDS, VALUES), min_size=1, max_size=6).map(
    lambda knots: tuple(sorted(((float(s), float(v)) for s, v in knots), key=lambda k: k[0]))
)


def test_a_step_counts_from_its_own_second() -> None:
    assert step(10, 1, 0).spans("==", 0) == (Span(10, float("inf")),)
    assert step(10, 1, 0).at(10) == 0


def test_a_slope_crosses_its_threshold_where_the_line_does() -> None:
    assert ramp((0, 0), (100, 10)).spans(">", 5) == (Span(50, float("inf")),)


def test_a_pulse_is_true_once() -> None:
    assert pulse(5, 9, 0, 1).spans(">", 0) == (Span(5, 9),)


def test_what_heals_is_back_at_rest_and_keeps_its_past() -> None:
    shape = step(10, 1, 0).healed(50, 1, 20)
    assert [shape.at(second) for second in (9, 10, 49, 60, 70, 500)] == [1, 0, 0, 0.5, 1, 1]


def test_a_flat_line_is_always_or_never_true() -> None:
    assert flat(3).spans(">", 2)[0].holds(-1e9)
    assert flat(3).spans(">", 3) == ()


@given(KNOTS, st.sampled_from([">", "<", ">=", "<="]), st.integers(-50, 50), SECONDS)
def test_a_span_says_when_the_value_really_compares(
    knots: tuple[tuple[float, float], ...], op: str, threshold: int, second: int
) -> None:
    # Half a second and a half value off, so that no question falls onto an edge.
    shape, at_s, limit = Shape(knots), second + 0.5, threshold + 0.25
    value = shape.at(at_s)
    if abs(value - limit) < 1e-6:
        return
    spans = shape.spans(op, limit)
    assert any(span.holds(at_s) for span in spans) is COMPARE[op](value, limit)
