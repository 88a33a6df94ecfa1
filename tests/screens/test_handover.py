"""The handover on screen: read by keys at 80x24, and accepted only after a question."""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

import msgspec

from config.people import Person, Rota, Rotation
from config.schema import Settings
from console.model.alert import Ack
from console.model.snapshot import Snapshot
from console.model.wish import HandOverWish
from console.safety.text import Raw, cell_width
from tests.build import T0, ago, alert, known, snapshot, source
from tests.screens.console import Console, console_on, until
from tests.screens.worlds import EVENTS, usual
from widgets.dialog import DEAD_TIME_S

SETTINGS = Settings(
    environment="test",
    people={
        "kai": Person(name="kai", phone="+1 202 555 0110"),
        "mei": Person(name="mei", phone="+1 202 555 0121"),
    },
    rota=Rota(
        "Asia/Taipei",
        (
            Rotation(
                name="day",
                days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
                start="09:00",
                end="09:00",
                people=("kai", "mei"),
                turn="day",
                first=date(2026, 11, 22),
                backup_phone="+1 202 555 0199",
            ),
        ),
    ),
)


def taken(*owners: str) -> Snapshot:
    """One P1 a name, acked by whoever bears it."""
    alerts = []
    for number, owner in enumerate(owners):
        ack = Ack(Raw(owner), ago(600), T0 + timedelta(hours=1), Raw("note"), f"s{number}", "am")
        alerts.append(
            known(
                alert(f"Slow{number}", starts_at=ago(900), severity="error", instance="a"),
                acked=ack,
            )
        )
    return snapshot(*alerts, sources=(source(),))


def asked_for(console: Console) -> list[HandOverWish]:
    assert console.engine is not None
    return cast("list[HandOverWish]", console.engine.acting.wishes)


async def test_6_shows_who_is_on_call_and_what_is_handed_over_at_80_columns() -> None:
    async with console_on(usual(), events=EVENTS, settings=SETTINGS) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "on call, Sun 22 Nov 11:16 (03:16 UTC)" in console.text)
        assert "now  kai (day) until Mon 09:00 (01:00 UTC), in 21h43m" in console.text
        assert "phone +1 202 555 0110, backup +1 202 555 0199" in console.text
        assert "next mei (day) from Mon 09:00 (01:00 UTC) to Tue 09:00 (01:00 UTC)" in console.text
        assert "P0 and P1 that are not taken: 2" in console.text
        assert all(cell_width(line) <= 80 for line in console.lines)
        await pilot.press("G")
        await until(pilot, lambda: "began to fire" in console.text)


async def test_an_update_changes_the_text_and_leaves_it_where_it_was_scrolled_to() -> None:
    world = taken(*(f"p{n}" for n in range(8)))
    async with console_on(world, settings=SETTINGS) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "on call" in console.text)
        await pilot.press("ctrl+d", "j", "j")
        await until(pilot, lambda: "on call, Sun" not in console.text)
        before = console.lines[5:20]
        console.publish(world)
        await until(pilot, lambda: console.app.fresh is not None and console.app.fresh.number > 0)
        assert console.lines[5:20] == before
        fewer = msgspec.structs.replace(world, alerts=world.alerts[:7])
        console.publish(fewer)
        await pilot.press("g", "g")
        await until(pilot, lambda: "acked and still firing: 7" in console.text)


async def test_a_asks_whose_acks_are_taken_over_and_yes_takes_exactly_those() -> None:
    world = taken("mei", "mei", "lin", "kai", "mei", "mei")
    async with console_on(world, settings=SETTINGS) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "on call" in console.text)
        await pilot.press("a")
        await until(pilot, lambda: "take over 5 acks from mei (4) and lin (1)" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: "take over 5 acks" not in console.text)
        assert asked_for(console) == []  # the cursor was on Cancel
        await pilot.press("a")
        await until(pilot, lambda: "take over 5 acks" in console.text)
        console.clock.advance(2 * DEAD_TIME_S)
        await pilot.press("right", "enter")
        await until(pilot, lambda: asked_for(console) != [])
        (wish,) = asked_for(console)
        assert wish.to == "kai"
        assert {ack.owner.exact for ack in wish.acks} == {"mei", "lin"}
        assert len(wish.acks) == 5


async def test_what_was_typed_before_the_question_could_be_read_takes_nothing() -> None:
    async with console_on(taken("mei"), settings=SETTINGS) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "on call" in console.text)
        await pilot.press("a", "right", "enter")
        await until(pilot, lambda: "take over 1 ack from mei" in console.text)
        assert asked_for(console) == []


async def test_where_there_is_nothing_to_take_over_the_key_says_why() -> None:
    async with console_on(taken("kai"), settings=SETTINGS) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "on call" in console.text)
        await pilot.press("a")
        await until(pilot, lambda: "all acks are yours already" in console.lines[-1])
        console.publish(taken())
        await until(pilot, lambda: "acked and still firing" in console.text)
        await until(pilot, lambda: "mei" not in console.text or "took it" not in console.text)
        await pilot.press("a")
        await until(pilot, lambda: "nobody has acked anything" in console.lines[-1])


async def test_hostile_owners_and_notes_are_drawn_as_text() -> None:
    evil = Ack(
        Raw("\x1b[2Jme\ni"), ago(600), T0 + timedelta(hours=1), Raw("[red]x[/] \u202e"), "s", "am"
    )
    world = snapshot(known(alert("A", severity="error", instance="a"), acked=evil))
    async with console_on(world, settings=SETTINGS) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "^[[2Jme⏎i took it" in console.text)
        assert "note: [red]x[/] <U+202E>" in console.text
        await pilot.press("a")
        await until(pilot, lambda: "take over 1 ack from ^[[2Jme⏎i" in console.text)


async def test_without_a_rota_it_says_that_it_is_not_known() -> None:
    async with console_on(taken("mei")) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "not known: the settings have no rota" in console.text)


async def test_read_only_takes_nothing_over_and_says_so() -> None:
    async with console_on(taken("mei"), settings=SETTINGS, read_only=True) as (console, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "mei took it" in console.text)
        await pilot.press("a")
        await until(pilot, lambda: "read-only" in console.lines[-1])
        assert asked_for(console) == []
