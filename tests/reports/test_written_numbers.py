"""No figure reads better than it is, and none that is missing reads as nought."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.journal.language import Language
from console.model.saying import verbatim
from console.model.summary import Availability, Figure, Unit, Verdict
from console.reports.telling import Telling
from tests.reports.made import ASKED, figure, seen, week

ENGLISH = Telling(week(), Language.ENGLISH)
TRADITIONAL = Telling(week(), Language.TRADITIONAL_CHINESE)
WEEK_S = 604_800.0


@pytest.mark.parametrize(
    ("down_s", "target", "shown"),
    [
        (0.0, 0.999, "100 %"),
        (0.001, 0.999, "99.99 %"),
        (24.2, 0.999, "99.99 %"),
        (60.5, 0.999, "99.98 %"),
        (604.8, 0.999, "99.90 %"),
        (604.9, 0.999, "99.89 %"),
        (24.2, 0.99995, "99.995 %"),
        (30.3, 0.99995, "99.994 %"),
        (WEEK_S, 0.999, "0.00 %"),
    ],
)
def test_availability_is_rounded_down_and_100_means_no_downtime(
    down_s: float, target: float, shown: str
) -> None:
    week_long = Availability(WEEK_S, 0.0, WEEK_S, down_s, 0.0, WEEK_S, down_s)
    assert ENGLISH.availability(week_long, target) == shown
    assert ENGLISH.raw(week_long, target) == shown


@pytest.mark.parametrize(
    ("seconds", "shown", "shown_down"),
    [
        (0.0, "0 s", "0 s"),
        (0.0001, "0.1 ms", "0.1 ms"),
        (0.4, "400 ms", "400 ms"),
        (0.9999, "1 s", "999 ms"),
        (12.31, "12.4 s", "12.3 s"),
        (59.99, "1 min", "59.9 s"),
        (60.2, "1 min 1 s", "1 min"),
        (3_599.5, "1 h", "59 min 59 s"),
        (4_353.0, "1 h 13 min", "1 h 12 min"),
        (86_399.0, "1 d", "23 h 59 min"),
        (172_801.0, "2 d 1 h", "2 d"),
        (-61.2, "-1 min 1 s", "-1 min 2 s"),
    ],
)
def test_downtime_is_rounded_up_and_what_is_left_of_a_budget_down(
    seconds: float, shown: str, shown_down: str
) -> None:
    assert ENGLISH.lasting(seconds) == shown
    assert ENGLISH.lasting(seconds, up=False) == shown_down


def test_times_read_naturally_in_chinese() -> None:
    assert TRADITIONAL.lasting(4_353.0) == "1 小時 13 分"
    assert TRADITIONAL.lasting(0.4) == "400 毫秒"
    assert TRADITIONAL.percent(0.99996) == "99.99%"


@pytest.mark.parametrize(
    ("value", "above", "below", "shown"),
    [
        (0.42, None, 0.5, "0.42 %"),
        (0.4996, None, 0.5, "0.4996 %"),
        (0.5, None, 0.5, "0.50 %"),
        (0.50001, None, 0.5, "0.51 %"),
        (0.001, None, 0.5, "0.01 %"),
        (97.999, 98.0, None, "97.99 %"),
        (98.001, 98.0, None, "98.00 %"),
        (99.996, 98.0, None, "99.99 %"),
        (99.996, None, None, "99.996 %"),
        (99.9999999, None, None, "99.9999999 %"),
        (0.0001, None, None, "0.0001 %"),
        (5e-324, 1.0, None, "4.94e-324 %"),
        (100.0, None, None, "100 %"),
        (100.0, 99.9, None, "100 %"),
    ],
)
def test_a_figure_never_reads_as_on_the_other_side_of_its_objective(
    value: float, above: float | None, below: float | None, shown: str
) -> None:
    one = Figure("rate", Unit.PERCENT, value, above=above, below=below)
    assert ENGLISH.figure(one) == shown


def test_seconds_that_just_hold_their_objective_are_told_exactly() -> None:
    assert ENGLISH.figure(figure(value=1.9996)) == "1.9996 s"
    assert ENGLISH.figure(figure(value=2.0)) == "2 s"
    assert ENGLISH.figure(figure(value=2.0001)) == "2.1 s"


@given(st.floats(0, 1e6), st.floats(0.1, 100), st.sampled_from(list(Unit)), st.booleans())
def test_no_rounding_crosses_an_objective_or_reaches_zero(
    value: float, bound: float, unit: Unit, is_above: bool
) -> None:
    bounds = {"above": bound} if is_above else {"below": bound}
    one = msgspec.structs.replace(Figure("x", unit, value), **bounds)
    shown = ENGLISH.figure(one)
    number, _, word = shown.replace(",", "").partition(" ")
    worth = {"ms": 0.001, "s": 1.0}.get(word, None if unit is Unit.SECONDS else 1.0)
    if worth is None:
        return  # minutes and more, which the table above has
    read = float(number) * worth
    is_kept = value >= bound if is_above else value < bound
    assert (read >= bound - 1e-12 if is_above else read < bound) == is_kept, shown
    assert (read == 0) == (value == 0), shown


def test_what_is_missing_is_a_dash_with_the_reason_and_never_nought() -> None:
    unseen = seen(known_s=0.0)
    assert ENGLISH.availability(unseen) == "— (not observed)"
    assert ENGLISH.downtime(unseen) == "— (not observed)"
    assert ENGLISH.coverage(unseen) == "0.0 %"
    excluded = seen(known_s=0.0, excluded_s=86_400.0)
    assert ENGLISH.availability(excluded) == "— (all excluded)"
    assert ENGLISH.lasting_ms(None) == "— (no latencies)"
    missing = msgspec.structs.replace(ASKED, value=None, verdict=Verdict.NOT_ENOUGH_DATA)
    assert ENGLISH.figure(missing) == "— (nothing measures it)"
    said = msgspec.structs.replace(missing, lack=verbatim("prom: no answer within 10 s"))
    assert ENGLISH.figure(said) == "— (prom: no answer within 10 s)"
    assert TRADITIONAL.availability(unseen) == "—（無觀測資料）"
    nan = msgspec.structs.replace(missing, value=float("nan"))
    assert ENGLISH.figure(nan) == "— (nothing measures it)"


def test_coverage_is_rounded_down_so_that_it_agrees_with_the_verdict() -> None:
    assert ENGLISH.coverage(seen(known_s=86_399.9)) == "99.9 %"
    assert ENGLISH.coverage(seen(known_s=86_400 * 0.9499)) == "94.9 %"


def test_an_unknown_zone_is_told_as_utc() -> None:
    telling = Telling(msgspec.structs.replace(week(), zone="Mars/Olympus"), Language.ENGLISH)
    assert telling.zone_name == "UTC"
    assert telling.moment(week().start) == "2026-11-15 16:00"
