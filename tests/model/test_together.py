"""What several recordings tell of one service, as one."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.history import Sight, Stretch, together
from tests.soak import trials

LENGTH = 60
BELIEVED = (Sight.DOWN, Sight.SLOW, Sight.UP, Sight.UNKNOWN)

stretches = st.builds(
    lambda start, length, sight: Stretch(start, start + length, sight),
    st.integers(0, LENGTH),
    st.integers(0, 20),
    st.sampled_from(Sight),
)
recordings = st.lists(st.lists(stretches, max_size=6), max_size=4)


@given(recordings)
@settings(max_examples=trials(usual=60, soak=3_000), deadline=None)
def test_of_several_recordings_the_worst_is_believed_at_every_moment(
    told: list[list[Stretch]],
) -> None:
    found = together(told)

    for at in range(LENGTH + 20):
        said = {one.sight for each in told for one in each if one.start_ms <= at < one.end_ms}
        expected = next((sight for sight in BELIEVED if sight in said), None)
        assert [one.sight for one in found if one.start_ms <= at < one.end_ms] == (
            [] if expected is None else [expected]
        )


@given(recordings)
@settings(max_examples=trials(usual=60, soak=3_000), deadline=None)
def test_what_comes_out_is_in_order_and_neighbours_differ_or_do_not_touch(
    told: list[list[Stretch]],
) -> None:
    found = together(told)

    assert all(one.start_ms < one.end_ms for one in found)
    for one, following in itertools.pairwise(found):
        assert one.end_ms <= following.start_ms
        assert one.end_ms < following.start_ms or one.sight != following.sight
    assert together([list(found)]) == found


def test_nothing_told_is_nothing_known() -> None:
    assert together([]) == ()
    assert together([[], [Stretch(5, 5, Sight.DOWN)]]) == ()


def test_a_clock_that_was_set_back_overlaps_itself() -> None:
    """One recording may tell of a moment twice; that it was down is not lost by that."""
    assert together([[Stretch(0, 10, Sight.DOWN), Stretch(5, 20, Sight.UP)]]) == (
        Stretch(0, 10, Sight.DOWN),
        Stretch(10, 20, Sight.UP),
    )
