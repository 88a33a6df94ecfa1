"""What can be taken back, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime

from console.actions.undo import UNDO_S, UndoShelf
from console.model.wish import RestoreWish, Wish
from console.safety.clock import ManualClock


def wish() -> Wish:
    """One that is told from every other by what it is, not by what is in it."""
    return RestoreWish(())


def shelf() -> tuple[UndoShelf, ManualClock]:
    clock = ManualClock(datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    return UndoShelf(clock), clock


def test_with_nothing_done_there_is_nothing_to_take_back() -> None:
    undo, _ = shelf()
    assert undo.latest() is None
    assert undo.take() is None


def test_an_effect_can_be_taken_back_for_thirty_seconds_and_no_longer() -> None:
    undo, clock = shelf()
    kept = undo.keep("ack of 3 alerts", wish())
    clock.advance(29.9)
    assert undo.latest() == kept
    assert kept.until_mono - clock.now().mono > 0
    clock.advance(0.1)
    assert undo.latest() is None
    assert undo.take() is None


def test_a_clock_that_is_set_back_gives_no_more_time() -> None:
    undo, clock = shelf()
    undo.keep("ack", wish())
    clock.advance(UNDO_S, wall_jump=-3600)
    assert undo.latest() is None


def test_several_are_taken_back_one_after_the_other_the_latest_first() -> None:
    undo, clock = shelf()
    first, second = wish(), wish()
    undo.keep("first", first)
    clock.advance(5)
    undo.keep("second", second)
    latest = undo.latest()
    assert latest is not None
    assert latest.text == "second"
    assert undo.take() is second
    assert undo.take() is first
    assert undo.take() is None


def test_each_has_its_own_thirty_seconds() -> None:
    undo, clock = shelf()
    undo.keep("first", wish())
    clock.advance(20)
    second = wish()
    undo.keep("second", second)
    clock.advance(15)
    assert undo.take() is second
    assert undo.take() is None


def test_looking_takes_nothing_back() -> None:
    undo, _ = shelf()
    kept = wish()
    undo.keep("ack", kept)
    for _ in range(3):
        assert undo.latest() is not None
    assert undo.take() is kept


def test_what_could_not_be_taken_back_stays_for_what_is_left_of_its_time() -> None:
    undo, clock = shelf()
    first = undo.keep("first", wish())
    clock.advance(10)
    taken = undo.take()
    assert taken is not None
    later = undo.keep("later", wish())
    undo.put_back(first, taken)
    assert undo.latest() == later
    assert undo.take() is not None
    assert undo.latest() == first and undo.take() is taken
    undo.put_back(first, taken)
    clock.advance(UNDO_S - 10)
    assert undo.latest() is None
