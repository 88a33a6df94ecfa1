"""The daily inspection: who looked at what, seen by everybody, and by when it is to be done."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from console.model.acting import Ended, Outcome
from console.model.daily import Tick
from console.model.nag import Nag, NagKind
from console.model.paper_wish import TickInspection
from console.model.papers import Papers
from console.model.saying import verbatim
from console.model.summary import Figure, Means, Unit
from screens.inspection import InspectionScreen
from screens.inspection_rows import figure_text, read_typed
from screens.triage import TriageScreen
from tests.build import T0
from tests.reports.made import daily
from tests.screens.console import Console, typed, until, update_of
from tests.screens.week_world import (
    LAST,
    ScriptedWeeks,
    busy,
    figure,
    inspection,
    weeks_on,
)
from widgets.command_line import LineInput
from widgets.dialog import Dialog

KAI = Tick("backups", T0 - timedelta(minutes=4), "kai", True)
MEI = Tick("rbac", T0 - timedelta(minutes=9), "mei", False, note="two accounts too many")


def desk_with(*ticks: Tick) -> ScriptedWeeks:
    desk = ScriptedWeeks()
    desk.looked = inspection(LAST, *ticks)
    return desk


def wishes(console: Console) -> list[TickInspection]:
    assert console.engine is not None
    return [one for one in console.engine.acting.wishes if isinstance(one, TickInspection)]


async def test_it_says_what_is_left_by_when_and_what_the_console_knows_itself() -> None:
    async with weeks_on(desk_with(KAI, MEI), key="I") as (console, pilot, _):
        lines = [" ".join(line.split()) for line in console.lines]
        assert "inspection of 2026-11-22, which looks at 2026-11-21" in lines
        assert "due 10:00, due in 6h43m; 1 of 3 items left" in lines
        assert ">[ ] Crash rate of yesterday - 0.3 % - -" in lines
        assert "[x] Daily snapshot is there - - kai 03:12 -" in lines
        assert any(line.startswith("[!] 權限審查 every week - - mei 03:07 two") for line in lines)
        assert "the console knows 0.3 % against < 0.5 %, met, from prom" in lines
        await pilot.press("G")
        await until(pilot, lambda: "mei at 03:07, NOT as it ought to be" in console.text)
        console.clock.advance(7 * 3600.0)
        console.app._tick()
        await until(pilot, lambda: "breached by 16m; 1 of 3 items left" in console.text)


async def test_a_figure_that_the_report_of_the_day_has_is_offered() -> None:
    desk = ScriptedWeeks()
    whole = inspection()
    bare = tuple(msgspec.structs.replace(one, measured=None) for one in whole.items)
    desk.looked = msgspec.structs.replace(whole, items=bare)
    desk.report = daily(
        figures=(
            figure("crash rate", 0.4, below=0.5, source="prom", means=Means.QUERY, service="api"),
            figure("crash rate", 0.3, below=0.5, source="prom", means=Means.QUERY),
        )
    )
    async with weeks_on(desk, key="I") as (console, pilot, _):
        await until(pilot, lambda: "KNOWN" in console.text)
        assert "the console knows 0.3 % against < 0.5 %, met, from prom" in console.text
        await pilot.press("space")
        await until(pilot, lambda: "then a note: 0.3" in console.text)


async def test_of_a_day_that_is_over_it_says_what_was_left_undone() -> None:
    desk = ScriptedWeeks()
    desk.looked = inspection(LAST - timedelta(days=2), KAI)
    async with weeks_on(desk, key="I") as (console, _, _):
        assert "was due 10:00; 2 of 3 items not ticked" in console.text


async def test_space_ticks_at_once_asks_for_a_figure_where_there_is_one_and_takes_back() -> None:
    async with weeks_on(desk_with(KAI, MEI), key="I") as (console, pilot, desk):
        desk.looked = inspection(LAST, MEI)
        await pilot.press("R")
        await until(pilot, lambda: "2 of 3 items left" in console.text)
        await pilot.press("j", "space")
        await until(pilot, lambda: len(wishes(console)) == 1)
        assert wishes(console)[0] == TickInspection(LAST, "backups", True)
        # The item with an objective is asked for its figure; what is known stands there already.
        await pilot.press("k", "space")
        line = console.app.screen.query_one(LineInput)
        await until(pilot, lambda: line.value == "0.3")
        assert "value in %, then a note" in console.text
        line.value = "0.42 % one device alone"
        await pilot.press("enter")
        await until(pilot, lambda: len(wishes(console)) == 2)
        assert wishes(console)[1] == TickInspection(
            LAST, "crash-rate", True, 0.42, "one device alone"
        )
        # Not ok wants a word on why, and what came to nothing is typed once.
        await typed(pilot, "x", "")
        assert "say what is wrong with it" in console.lines[-1]
        assert console.engine is not None
        console.engine.acting.outcome = Outcome(Ended.FAILED, "the journal is locked")
        await typed(pilot, "x", "1.2 above")
        await until(pilot, lambda: len(wishes(console)) == 3)
        assert wishes(console)[2] == TickInspection(LAST, "crash-rate", False, 1.2, "above")
        await until(pilot, lambda: "the journal is locked" in console.lines[-1])
        await pilot.press("x")
        await until(pilot, lambda: line.value == "1.2 above")
        await pilot.press("escape")
        # Somebody else's tick is taken back only after a yes.
        console.engine.acting.outcome = Outcome(Ended.DONE, "done")
        for keys, count in ((["enter"], 3), (["tab", "enter"], 4)):
            await until(pilot, lambda: not busy(console))
            await pilot.press("G", "space")
            await until(pilot, lambda: isinstance(console.app.screen, Dialog))
            await pilot.pause()
            assert "take back the tick of mei?" in console.text
            console.clock.advance(1.0)
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(console.app.screen, InspectionScreen))
            await until(pilot, lambda: not busy(console))
            assert len(wishes(console)) == count
        assert wishes(console)[3] == TickInspection(LAST, "rbac", None)


async def test_a_tick_of_somebody_else_appears_with_the_next_look_at_the_journal() -> None:
    async with weeks_on(desk_with(), key="I") as (console, pilot, desk):
        assert "3 of 3 items left" in console.text
        desk.looked = inspection(LAST, MEI, KAI, Tick("crash-rate", T0, "mei", True, 0.2))
        engine = console.engine
        assert engine is not None and engine.first is not None
        update = update_of(engine.first.snapshot, number=50)
        engine.publish(msgspec.structs.replace(update, papers=Papers()))
        await until(pilot, lambda: "done 03:16; due 10:00" in console.text)
        assert "[x]  Crash rate of yesterday" in console.text and "0.2 %" in console.text


async def test_a_day_is_named_and_a_reason_stands_where_there_is_no_inspection() -> None:
    async with weeks_on(desk_with(), key="I") as (console, pilot, desk):
        await typed(pilot, "colon", "inspection 2026-11-20")
        await until(pilot, lambda: desk.looks[-1] == date(2026, 11, 20))
        await typed(pilot, "colon", "inspection soon")
        assert "expected a day, such as 2026-11-22" in console.lines[-1]
        desk.looked = "the journal cannot be read"
        await typed(pilot, "colon", "inspection")
        await until(pilot, lambda: "the journal cannot be read" in console.text)
        await pilot.press("space", "x", "enter")
        assert "the inspection is not known yet" in console.lines[-1] and not wishes(console)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.app.screen, TriageScreen))


async def test_in_read_only_nothing_is_ticked() -> None:
    async with weeks_on(desk_with(), key="I", read_only=True) as (console, pilot, _):
        await pilot.press("j", "space")
        await pilot.pause()
        assert "read-only" in console.lines[-1] and not wishes(console)


async def test_the_reminder_in_the_worklist_opens_it() -> None:
    nag = Nag(
        NagKind.INSPECTION, "", verbatim("3 of 3 items are left"), T0, title="Daily inspection"
    )
    async with weeks_on(desk_with()) as (console, pilot, _):
        await pilot.press("1")
        engine = console.engine
        assert engine is not None and engine.first is not None
        console.publish(msgspec.structs.replace(engine.first.snapshot, nags=(nag,)))
        await until(pilot, lambda: "Daily inspection" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, InspectionScreen))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0.42 % one device", (0.42, "one device")),
        ("0.42% one device", (0.42, "one device")),
        ("1.8 s", (1.8, "")),
        ("-3", (-3.0, "")),
        ("3 devices", (3.0, "devices")),
        ("3rd device", (None, "3rd device")),
        ("all well", (None, "all well")),
        ("", (None, "")),
    ],
)
def test_a_figure_stands_in_front_of_the_note(text: str, read: tuple[float | None, str]) -> None:
    assert read_typed(text, wants_value=True) == read
    assert read_typed(text, wants_value=False) == (None, " ".join(text.split()))


@pytest.mark.parametrize(
    ("value", "shown"), [(0.499996, "0.499996 %"), (0.5, "0.5 %"), (0.41, "0.41 %"), (3.0, "3 %")]
)
def test_a_figure_never_reads_as_on_the_other_side_of_its_objective(
    value: float, shown: str
) -> None:
    assert figure_text(Figure("crash rate", Unit.PERCENT, value=value, below=0.5)) == shown
