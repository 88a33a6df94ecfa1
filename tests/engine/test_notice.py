"""Who is called for which rows, and how seldom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from console.engine.notice import CALL_CELLS, Newcomers, News, Turns
from console.model.alert import Ack
from console.model.event import Event, EventKind
from console.model.policy import Policy
from console.model.snapshot import KnownAlert
from console.model.update import Update
from console.safety.text import cell_width
from console.triage.filter import parse
from console.triage.triage import Triage
from tests.build import ack, ago, alert, at, known, snapshot

WANTED = '@priority="P0" @step="ack"'
EVERY = timedelta(seconds=30)


def p0(name: str, instance: str = "x", acked: Ack | None = None) -> KnownAlert:
    down = alert(name, starts_at=ago(60), severity="critical", instance=instance)
    return known(down, acked=acked)


class World:
    """Pictures in their order, and what is made of them."""

    def __init__(self, wanted: str = WANTED) -> None:
        self.newcomers = Newcomers(parse(wanted))
        self.turns = Turns(EVERY)
        self.triage = Triage(Policy())
        self.number = 0

    def look(
        self,
        *alerts: KnownAlert,
        s: float = 0.0,
        events: Sequence[Event] = (),
        complete: bool = True,
        restored: bool = False,
    ) -> News:
        shown = snapshot(*alerts, now=at(s), complete=complete, restored=restored)
        update = Update(self.number, shown, self.triage.worklist(shown), tuple(events))
        self.number += 1
        news = self.newcomers.look(update)
        self.turns.take(news)
        return news

    def call(self, s: float = 0.0) -> str:
        """What somebody is called with at that time; empty where nobody is."""
        due = self.turns.due(at(s))
        return "" if due is None else due.text


def test_what_is_there_at_the_start_calls_nobody() -> None:
    world = World()
    first = world.look(p0("Old"), restored=True, complete=False)
    assert first.already is None
    world.look(p0("Old"), p0("Slow"), s=1, complete=False)
    complete = world.look(p0("Old"), p0("Slow"), p0("Slower"), s=2)
    assert complete.already == 3
    assert world.look(p0("Old"), p0("Slow"), p0("Slower"), s=3).already is None
    assert world.call(4) == ""


def test_a_new_row_calls_once_with_priority_title_and_place() -> None:
    world = World()
    world.look()
    down = p0("ServiceDown", instance="data-1:6379")
    world.look(down, s=1)
    assert world.call(1) == "P0 ServiceDown data-1:6379"
    world.look(down, s=40)
    assert world.call(80) == ""


def test_an_alert_that_joins_a_row_calls_too() -> None:
    world = World()
    first, second = p0("Down", instance="a"), p0("Down", instance="b")
    world.look(first)
    world.look(first, second, s=1)
    assert world.call(1).startswith("P0 Down ")


def test_what_the_filter_does_not_match_calls_nobody() -> None:
    world = World()
    world.look()
    minor = known(alert("Minor", severity="warning"))
    mine = known(alert("Taken", severity="critical"), acked=ack())
    world.look(minor, mine, s=1)
    assert world.call(1) == ""


def test_without_a_filter_nobody_is_called() -> None:
    world = World("")
    assert world.look(p0("Down")).already == 0
    world.look(p0("Down"), p0("Other"), s=1)
    assert world.call(1) == ""


def test_within_the_time_what_comes_is_summed_up() -> None:
    world = World()
    world.look()
    world.look(p0("One"), s=1)
    assert world.call(1) == "P0 One x"
    world.look(p0("One"), p0("Two"), s=5)
    world.look(p0("One"), p0("Two"), p0("Three"), p0("Four"), s=9)
    assert world.call(9) == ""
    assert world.call(30.9) == ""
    said = world.call(31.1)
    assert said.startswith("3 more P0: ")
    assert {"Two", "Three", "Four"} <= set(said.replace(",", "").split())
    assert world.call(100) == ""


def test_what_is_gone_or_taken_meanwhile_is_not_told() -> None:
    world = World()
    world.look()
    world.look(p0("One"), s=1)
    world.call(1)
    world.look(p0("One"), p0("Two"), p0("Three"), s=5)
    taken = p0("Three", acked=ack())
    world.look(p0("One"), taken, s=9)
    assert world.call(40) == ""


def test_what_flickers_calls_once() -> None:
    world = World()
    world.look()
    for number in range(6):
        world.look(*([p0("Flap")] if number % 2 == 0 else []), s=60 * number)
        assert world.call(60 * number) == ("P0 Flap x" if number == 0 else "")


def test_an_ack_that_lapses_calls_again() -> None:
    world = World()
    world.look()
    world.look(p0("Down"), s=1)
    assert world.call(1)
    taken = p0("Down", acked=ack(minutes=60))
    for minute in range(1, 60):
        world.look(taken, s=60 * minute)
    world.look(p0("Down"), s=3600)
    assert world.call(3600) == ""  # its respond clock has stopped: it is `fix` now
    owned = World('@priority="P0" @owner=""')
    owned.look()
    owned.look(p0("Down"), s=1)
    assert owned.call(1)
    for minute in range(1, 60):
        owned.look(taken, s=60 * minute)
    owned.look(p0("Down"), s=3600)
    assert owned.call(3600) == "P0 Down x"


def test_a_console_that_was_stopped_for_long_does_not_call_for_what_it_knew() -> None:
    world = World()
    world.look(p0("Down"))
    world.look(p0("Down"), s=1)
    world.look(p0("Down"), p0("New"), s=7200)
    assert world.call(7200) == "P0 New x"


def rack(count: int, *, aged: float = 5) -> list[KnownAlert]:
    return [
        known(
            alert(
                f"Dark{n % 4}", starts_at=ago(aged), severity="critical", rack="r1", instance=str(n)
            )
        )
        for n in range(count)
    ]


def test_a_storm_calls_once_at_its_start() -> None:
    world = World()
    world.look()
    world.look(*rack(3), s=10)
    assert world.call(10)
    calls = []
    for second in range(11, 160):
        world.look(*rack(min(600, 3 + 20 * (second - 10))), s=second)
        calls.append(world.call(second))
    said = [call for call in calls if call]
    assert len(said) == 1
    assert said[0].startswith("storm: ")
    assert "P0" in said[0]


def test_a_storm_that_was_there_at_the_start_calls_nobody() -> None:
    world = World()
    for second in range(4):
        world.look(*rack(40 + 40 * second), s=second, complete=second == 3)
    world.look(*rack(300), s=5)
    assert world.call(60) == ""


def test_a_reminder_is_told_once_and_an_old_one_never() -> None:
    old = Event(ago(900), EventKind.REMINDER, "Down redis", "acked 4h ago")
    new = Event(ago(1), EventKind.REMINDER, "Slow api", "your ack lapses at 03:30")
    world = World("")
    world.look(events=[old])
    world.look(events=[old], s=1)
    assert world.call(1) == ""
    world.look(events=[new, old], s=2)
    assert world.call(2) == "Slow api: your ack lapses at 03:30"
    world.look(events=[new, old], s=60)
    assert world.call(90) == ""


def test_a_hostile_name_is_told_as_plain_text_and_cut() -> None:
    world = World()
    world.look()
    world.look(p0("\x1b]0;owned\x07" + "x" * 500, instance="\u202e;rm"), s=1)
    said = world.call(1)
    assert said.isprintable()
    assert cell_width(said) <= CALL_CELLS


@given(st.lists(st.tuples(st.integers(1, 50), st.sets(st.integers(0, 9))), max_size=40))
def test_no_two_calls_are_nearer_than_the_setting(steps: list[tuple[int, set[int]]]) -> None:
    world = World()
    world.look()
    second, called = 0, []
    for later, there in steps:
        second += later
        world.look(*(p0(f"A{n}") for n in sorted(there)), s=second)
        if world.call(second):
            called.append(second)
    gaps = [after - before for before, after in pairwise(called)]
    assert all(gap >= EVERY.total_seconds() for gap in gaps)


def test_rows_that_are_made_otherwise_call_nobody_and_what_is_new_then_still_does() -> None:
    world = World()
    lesser = known(alert("Slow", severity="warning", instance="x"), cell=None)
    world.look(p0("Down"), lesser)
    world.triage.regroup(("@host",))
    assert world.look(p0("Down"), lesser, s=15).rows == ()
    world.triage.regroup(("alertname",))
    news = world.look(p0("Down"), lesser, p0("Dark"), s=30)
    assert [item.text for item in news.rows] == ["Dark x"]
