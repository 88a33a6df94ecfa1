"""A note is one line, from any screen; where it goes is said before it is typed."""

from __future__ import annotations

import pytest
from textual import events

from console.model.acting import Ended, Outcome
from console.model.incident import IncidentState
from console.model.paper_wish import Note
from screens.here import Subject
from screens.incident import open_incident
from screens.logs import LogsScreen
from tests.build import ago, alert, known, snapshot, source
from tests.screens.console import typed, until
from tests.screens.incident_world import ID, incidents_on, redis, wishes_of
from tests.screens.journal_world import incident
from widgets.command_line import LineInput

DOWN = alert("ServiceDown", starts_at=ago(60), severity="critical", instance="data-1:6379")
WORLD = snapshot(known(DOWN, cell="redis"), sources=[source("am")])
EMPTY = snapshot(sources=[source("am")])


async def test_a_note_goes_to_the_incident_of_the_row_and_is_about_the_row() -> None:
    there = redis(alerts=(DOWN.fingerprint,))
    async with incidents_on(WORLD, there, incident(2)) as (console, pilot, _):
        await pilot.press("n")
        await until(pilot, lambda: f"note for {ID}:" in console.text)
        pilot.app.screen.query_one(LineInput).value = " restarted it 支付 "
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        (wish,) = wishes_of(console)
        assert isinstance(wish, Note)
        assert (wish.text, wish.incident, wish.key) == ("restarted it 支付", ID, DOWN.fingerprint)
        assert wish.subject.startswith("ServiceDown")


@pytest.mark.parametrize(
    ("others", "said", "goes_to"),
    [
        ((redis(),), f"note for {ID}", ID),
        ((redis(), incident(2)), "note, in no incident", ""),
        ((redis(state=IncidentState.CLOSED),), "note, in no incident", ""),
        ((), "note, in no incident", ""),
    ],
)
async def test_without_one_of_its_own_a_note_goes_to_the_only_ongoing_incident(
    others: tuple[object, ...], said: str, goes_to: str
) -> None:
    async with incidents_on(EMPTY, *others) as (console, pilot, _):  # type: ignore[arg-type]
        await pilot.press("n")
        await until(pilot, lambda: said in console.text)
        pilot.app.screen.query_one(LineInput).value = "the link to Taipei is slow"
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        assert wishes_of(console)[0].incident == goes_to


async def test_on_the_screen_of_an_incident_a_note_is_for_that_one() -> None:
    async with incidents_on(WORLD, incident(2, "other"), redis()) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await typed(pilot, "n", "failed over")
        await until(pilot, lambda: bool(wishes_of(console)))
        assert wishes_of(console)[0].incident == ID


async def test_a_note_by_its_name_is_written_at_once_and_an_empty_one_is_none() -> None:
    async with incidents_on(EMPTY, redis()) as (console, pilot, _):
        await typed(pilot, ":", "note it is back")
        await until(pilot, lambda: bool(wishes_of(console)))
        assert wishes_of(console)[0] == Note("it is back", ID)
        await typed(pilot, "n", "  ")
        await until(pilot, lambda: "nothing was noted" in console.lines[-1])
        assert len(wishes_of(console)) == 1


async def test_a_note_that_came_to_nothing_is_typed_once() -> None:
    async with incidents_on(EMPTY, redis()) as (console, pilot, _):
        assert console.engine is not None
        console.engine.acting.outcome = Outcome(Ended.FAILED, "the folder is full")
        await typed(pilot, "n", "failed over")
        await until(pilot, lambda: "the folder is full" in console.text)
        await pilot.press("n")
        await until(pilot, lambda: "failed over" in console.text)


async def test_a_paste_without_brackets_sends_no_note() -> None:
    async with incidents_on(EMPTY, redis()) as (console, pilot, _):
        await pilot.press("n")
        await until(pilot, lambda: "note for" in console.text)
        for key in (events.Key("x", "x"), events.Key("enter", "\r")):  # one packet brings both
            console.app.post_message(key)
        await until(pilot, lambda: "like a paste" in console.lines[-1])
        assert not wishes_of(console)


async def test_in_logs_n_is_the_next_match_and_a_note_where_nothing_is_searched_for() -> None:
    async with incidents_on(EMPTY, redis()) as (console, pilot, _):
        await console.app.push_screen(LogsScreen(Subject("redis")))
        await until(
            pilot, lambda: console.app.frame is not None and console.app.frame.word == "logs"
        )
        await until(pilot, lambda: console.app.frame.command_line is not None)  # type: ignore[union-attr]
        await pilot.press("n")
        await until(pilot, lambda: f"note for {ID}" in console.text)
