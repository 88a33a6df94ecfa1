"""Acking, giving up and handing over by keys: what is asked, what is wished for, what is said."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from config.people import Person
from config.schema import Settings
from console.model.acting import Acting, Ended, Extender, HeldAck, Outcome, Undoable
from console.model.wish import AckWish, HandOverWish, UnackWish
from screens.triage import TriageScreen
from tests.build import MONO0, T0, ack, ago, alert, known, snapshot
from tests.screens.console import Console, console_on, until, update_of
from tests.screens.worlds import usual
from widgets.dialog import Dialog

PEOPLE = {"kai": Person(name="kai"), "mei": Person(name="mei", logins=("m.lee",))}
SETTINGS = Settings(environment="test", people=PEOPLE)
FIRING = known(alert("DiskFull", starts_at=ago(60), severity="critical"))
MINE = known(alert("DiskFull", starts_at=ago(60)), acked=ack("kai"))
MEIS = known(alert("DiskFull", starts_at=ago(60)), acked=ack("mei"))


def wishes(console: Console) -> list[object]:
    assert console.engine is not None
    return list(console.engine.acting.wishes)


async def test_a_and_enter_take_the_row_under_the_cursor_with_a_note() -> None:
    async with console_on(snapshot(FIRING)) as (console, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "ack DiskFull" in console.text and "note:" in console.text)
        await pilot.press(*"looking", "enter")
        await until(pilot, lambda: bool(wishes(console)))
        (wish,) = wishes(console)
        assert isinstance(wish, AckWish)
        assert wish.alerts == (FIRING,) and wish.note == "looking"


async def test_esc_in_the_note_acks_nothing() -> None:
    async with console_on(snapshot(FIRING)) as (console, pilot):
        await pilot.press("a", *"loo", "escape")
        await pilot.pause()
        assert wishes(console) == []
        assert isinstance(console.app.screen, TriageScreen)


async def test_the_ack_is_of_the_row_that_was_painted_whatever_slides_under_the_cursor() -> None:
    async with console_on(snapshot(FIRING)) as (console, pilot):
        await pilot.press("a")
        worse = known(alert("Worse", starts_at=ago(9000), severity="critical"))
        console.publish(snapshot(worse))
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes(console)))
        (wish,) = wishes(console)
        assert isinstance(wish, AckWish) and wish.alerts == (FIRING,)


async def test_while_it_is_sent_the_row_says_so_and_a_failure_puts_it_back_and_says_why() -> None:
    async with console_on(snapshot(FIRING), size=(120, 36)) as (console, pilot):
        assert console.engine is not None
        desk, gate = console.engine.acting, asyncio.Event()
        desk.outcome = Outcome(Ended.FAILED, "am refused the connection", ("nothing was sent",))
        desk.gate = gate
        await pilot.press("a", "enter")
        await until(pilot, lambda: "sending" in console.text)
        console.app.engine.tell(lambda engine: gate.set())
        await until(pilot, lambda: "nothing was sent" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "sending" not in console.text)
        assert "am refused the connection" in " ".join(console.app.notices)


async def test_the_note_of_an_ack_that_came_to_nothing_is_not_typed_twice() -> None:
    async with console_on(snapshot(FIRING), size=(120, 36)) as (console, pilot):
        assert console.engine is not None
        console.engine.acting.outcome = Outcome(Ended.FAILED, "am refused it: bad matcher")
        await pilot.press("a", *"looking")
        console.clock.advance(1)
        await pilot.press("enter")
        await until(pilot, lambda: "bad matcher" in console.text)
        console.engine.acting.outcome = Outcome(Ended.DONE, "done")
        await pilot.press("a")
        await until(pilot, lambda: "note: looking" in console.text)
        console.clock.advance(1)
        await pilot.press("enter")
        await until(pilot, lambda: len(wishes(console)) == 2)
        assert [wish.note for wish in wishes(console)] == ["looking"] * 2  # type: ignore[attr-defined]
        await pilot.pause()
        await pilot.press("a")
        await until(pilot, lambda: "note:" in console.text)
        assert "note: looking" not in console.text


async def test_what_somebody_has_is_not_acked_twice_and_the_way_to_take_it_over_is_said() -> None:
    async with console_on(snapshot(MEIS), settings=SETTINGS) as (console, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "mei acked it" in console.text)
        assert "H takes it over" in console.text
        assert wishes(console) == []


async def test_my_ack_is_given_up_at_once_and_somebody_elses_is_asked_about() -> None:
    async with console_on(snapshot(MINE), settings=SETTINGS) as (console, pilot):
        await pilot.press("A")
        await until(pilot, lambda: bool(wishes(console)))
        (wish,) = wishes(console)
        assert isinstance(wish, UnackWish) and wish.acks == (MINE.ack,)
    async with console_on(snapshot(MEIS), settings=SETTINGS) as (console, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "un-ack what mei acked?" in console.text
        await pilot.press("escape")
        assert wishes(console) == []
        await pilot.press("A")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        console.clock.advance(1)
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(wishes(console)))


async def test_an_ack_of_mine_that_holds_other_rows_too_is_asked_about() -> None:
    here = msgspec.structs.replace(MINE, silences=("a-silence",))
    there = msgspec.structs.replace(
        known(alert("Other", starts_at=ago(60)), acked=ack("kai")), silences=("a-silence",)
    )
    async with console_on(snapshot(here, there), settings=SETTINGS) as (console, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "1 alert of other rows" in console.text
        assert wishes(console) == []


async def test_h_hands_mine_to_somebody_by_key_name_or_login() -> None:
    async with console_on(snapshot(MINE), settings=SETTINGS) as (console, pilot):
        await pilot.press("H")
        await until(pilot, lambda: "1 ack of kai" in console.text)
        await pilot.press(*"m.lee", "enter")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [HandOverWish((MINE.ack,), "mei")]  # type: ignore[arg-type]


async def test_h_takes_over_what_is_somebody_elses_with_one_enter() -> None:
    async with console_on(snapshot(MEIS), settings=SETTINGS) as (console, pilot):
        await pilot.press("H")
        await until(pilot, lambda: "to:" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [HandOverWish((MEIS.ack,), "kai")]  # type: ignore[arg-type]


async def test_nobody_is_made_owner_who_is_not_among_the_people() -> None:
    async with console_on(snapshot(MINE), settings=SETTINGS) as (console, pilot):
        await pilot.press("H", *"zoe", "enter")
        await until(pilot, lambda: "zoe is nobody of `people`" in console.text)
        assert wishes(console) == []


async def test_marked_rows_are_acked_together_and_counted_first() -> None:
    async with console_on(usual(), size=(120, 36), settings=SETTINGS) as (console, pilot):
        await pilot.press("space", "space", "a")
        await until(pilot, lambda: "in 2 rows" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes(console)))
        (wish,) = wishes(console)
        assert isinstance(wish, AckWish) and len(wish.alerts) >= 2


async def test_fifty_alerts_are_asked_about_with_their_plan_first() -> None:
    many = [known(alert("DiskFull", starts_at=ago(60), instance=f"db{n}")) for n in range(50)]
    async with console_on(snapshot(*many)) as (console, pilot):
        await pilot.press("a", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "ack 50 alerts" in console.text
        await pilot.press("escape")
        assert wishes(console) == []


async def test_what_came_of_an_ack_never_lies_in_front_of_what_somebody_types_into() -> None:
    async with console_on(snapshot(FIRING, MINE), size=(120, 36)) as (console, pilot):
        assert console.engine is not None
        desk, gate = console.engine.acting, asyncio.Event()
        desk.outcome = Outcome(Ended.FAILED, "am refused it", ("nothing was sent",))
        desk.gate = gate
        await pilot.press("a", *"on", "space", *"it")
        console.clock.advance(1)
        await pilot.press("enter")
        await until(pilot, lambda: "sending" in console.text)
        await pilot.press("slash", *"Di")
        console.app.engine.tell(lambda engine: gate.set())
        await until(pilot, lambda: "am refused it" in console.app.notices)
        await pilot.press(*"sk")
        await until(pilot, lambda: "/Disk" in console.text)
        assert isinstance(console.app.screen, TriageScreen)
        assert "nothing was sent" in console.app.notices


async def test_u_does_not_say_that_there_is_nothing_while_something_is_being_sent() -> None:
    async with console_on(snapshot(FIRING)) as (console, pilot):
        assert console.engine is not None
        console.engine.acting.gate = gate = asyncio.Event()
        await pilot.press("a")
        console.clock.advance(1)
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes(console)))
        await pilot.press("u")
        await until(pilot, lambda: "it is being sent still" in console.text)
        console.app.engine.tell(lambda engine: gate.set())


async def test_a_note_typed_behind_a_refused_a_commands_nothing() -> None:
    other = known(alert("Other", starts_at=ago(60)))
    async with console_on(snapshot(MINE, other), size=(120, 36)) as (console, pilot):
        await pilot.press("j", "a", "A", "k", "a", *"lso", "q", "exclamation_mark")
        await pilot.pause()
        assert wishes(console) == [] and isinstance(console.app.screen, TriageScreen)
        assert "note:" not in console.text and console.app.is_running
        console.clock.advance(1.1)
        await pilot.press("a")
        await until(pilot, lambda: "note:" in console.text)


@pytest.mark.parametrize("key", ["a", "A", "H", "s", "u"])
async def test_read_only_shuts_every_key_that_acts(key: str) -> None:
    async with console_on(snapshot(MINE, FIRING), read_only=True) as (console, pilot):
        await pilot.press(key)
        await until(pilot, lambda: "read-only" in console.lines[-1])
        assert wishes(console) == []
        assert isinstance(console.app.screen, TriageScreen)


async def test_u_takes_back_what_can_be_and_says_when_there_is_nothing() -> None:
    async with console_on(snapshot(FIRING)) as (console, pilot):
        await pilot.press("u")
        await until(pilot, lambda: "nothing to take back" in console.text)
        assert console.engine is not None
        update = update_of(snapshot(FIRING), number=2)
        undo = Undoable("ack of DiskFull", MONO0 + 30)
        console.engine.publish(msgspec.structs.replace(update, acting=Acting(undo=undo)))
        await pilot.pause()
        await pilot.press("u")
        await until(pilot, lambda: "taken back" in console.text)


async def test_q_says_which_acks_of_mine_lapse_and_when() -> None:
    assert MINE.ack is not None
    mine = msgspec.structs.replace(MINE.ack, until=T0 + timedelta(minutes=12))
    held = HeldAck(mine, Extender.CONSOLE, mine=True, covers=3)
    async with console_on(snapshot(MINE), settings=SETTINGS) as (console, pilot):
        assert console.engine is not None
        update = update_of(snapshot(MINE), number=2)
        console.engine.publish(msgspec.structs.replace(update, acting=Acting((held,))))
        await until(pilot, lambda: console.app.fresh is not None and bool(
            console.app.fresh.acting.held))  # fmt: skip
        await pilot.press("q")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "in 12m" in console.text and "3 alerts" in console.text
        await pilot.press("escape")
        assert console.app.is_running


async def test_what_is_typed_takes_the_place_of_the_person_that_was_guessed() -> None:
    other = known(alert("Other", starts_at=ago(60), severity="critical"))
    async with console_on(snapshot(other, MEIS), settings=SETTINGS) as (console, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "note:" in console.text)
        await pilot.press("escape", "j", "H")
        await until(pilot, lambda: "to:" in console.text and "note:" not in console.text)
        await pilot.press(*"mei", "enter")
        await until(pilot, lambda: "mei's already" in console.text)
        assert wishes(console) == []
