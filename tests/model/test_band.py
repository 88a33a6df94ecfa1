"""A heat strip's bands: what is not known never looks well, and what is well needs proof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.band import WORST_FIRST, Band, band_of
from console.model.summary import Availability

DAY_S = 86_400.0
shares = st.floats(0, 1)


def day(down_s: float, known_s: float = DAY_S, excluded_s: float = 0.0) -> Availability:
    return Availability(DAY_S, excluded_s, known_s, down_s, 0.0, known_s, down_s)


@pytest.mark.parametrize(
    ("of", "target", "band"),
    [
        (day(0), 0.999, Band.UP),
        (day(0), None, Band.UP),
        (day(60), 0.999, Band.DOWN),
        (day(86.4), 0.999, Band.DOWN),  # exactly as good as wanted
        (day(120), 0.999, Band.MISSED),
        (day(900), 0.999, Band.FAR),
        (day(600), None, Band.DOWN),
        (day(9_000), None, Band.FAR),
        (day(1), 1.0, Band.MISSED),
        (day(4_000), 0.9, Band.DOWN),
        (day(0, 40_000), 0.999, Band.UNKNOWN),
        (day(0, 0), 0.999, Band.UNKNOWN),
        (day(0, 0, DAY_S), 0.999, Band.NOTHING),
        (Availability(), 0.999, Band.NOTHING),
    ],
)
def test_a_day_is_in_its_band(of: Availability, target: float | None, band: Band) -> None:
    assert band_of(of, target, 0.95) is band


@given(shares, shares, shares, st.none() | shares)
def test_green_needs_enough_of_the_time_and_no_downtime(
    excluded: float, known: float, down: float, target: float | None
) -> None:
    wanted = DAY_S * (1 - excluded)
    of = day(wanted * known * down, wanted * known, DAY_S * excluded)
    if band_of(of, target, 0.95) is Band.UP:
        assert of.down_s == 0 and (of.coverage or 0) >= 0.95


def test_of_several_hours_in_one_place_what_went_wrong_is_seen() -> None:
    assert set(WORST_FIRST) == set(Band)
    assert min((Band.UP, Band.UNKNOWN), key=WORST_FIRST.index) is Band.UNKNOWN
    assert min((Band.UNKNOWN, Band.MISSED), key=WORST_FIRST.index) is Band.MISSED
