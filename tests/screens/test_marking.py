"""Marked rows: what is done is done to exactly those, and how many is always said."""

from __future__ import annotations

from console.model.snapshot import KnownAlert, Snapshot
from console.model.worklist import Row
from screens.frame import Frame
from tests.build import ago, alert, cell, known, service, snapshot, source
from tests.screens.console import Console, console_on, typed
from tests.screens.worlds import group


def down(name: str, number: int = 0) -> KnownAlert:
    of = alert(name, starts_at=ago(60 + number), severity="critical", instance=f"h{number}:1")
    return known(of)


def world(*names: str) -> Snapshot:
    alerts = [down(name, number) for number, name in enumerate(names)]
    return snapshot(*alerts, sources=(source("am"),))


def wanted(console: Console) -> list[str]:
    frame = console.app.frame
    assert isinstance(frame, Frame)
    return sorted(row.title.exact for row in frame.wanted_rows())


def signs(console: Console) -> dict[str, str]:
    """The sign before each row, by the alert's name."""
    rows = [line for line in console.lines if "P0" in line and line[0] in " >*»#"]
    return {name: line[0] for line in rows for name in ("Aa", "Bb", "Cc", "Dd") if name in line}


async def test_without_a_mark_an_action_is_for_the_row_under_the_cursor() -> None:
    async with console_on(world("Aa", "Bb")) as (console, _):
        frame = console.app.frame
        assert frame is not None
        (row,) = frame.wanted_rows()
        assert row is frame.wanted_row


async def test_space_marks_a_row_and_goes_on_to_the_next() -> None:
    async with console_on(world("Aa", "Bb", "Cc")) as (console, pilot):
        first = wanted(console)
        await pilot.press("space", "space")
        assert len(wanted(console)) == 2
        assert first[0] in wanted(console)
        assert "2 marked" in console.text
        assert sorted(signs(console).values()) == ["*", "*", ">"]


async def test_the_cursor_is_seen_on_a_marked_row_and_space_takes_the_mark_away() -> None:
    async with console_on(world("Aa", "Bb")) as (console, pilot):
        await pilot.press("space", "k")
        assert "»" in signs(console).values()
        await pilot.press("space")
        assert "marked" not in console.text
    async with console_on(world("Aa", "Bb"), ascii=True) as (console, pilot):
        await pilot.press("space", "k")
        assert "#" in signs(console).values()


async def test_all_that_the_filter_shows_is_marked_and_nothing_that_it_hides() -> None:
    async with console_on(world("Aa", "Bb", "Cc")) as (console, pilot):
        await typed(pilot, "slash", "!Bb")
        await pilot.press("asterisk")
        assert wanted(console) == ["Aa", "Cc"]
        assert "2 marked" in console.text
        await pilot.press("asterisk")
        assert len(wanted(console)) == 1
        assert "marked" not in console.text


async def test_a_mark_that_the_filter_hides_is_counted_and_not_acted_on() -> None:
    async with console_on(world("Aa", "Bb", "Cc")) as (console, pilot):
        await pilot.press("asterisk")
        await typed(pilot, "slash", "Bb")
        assert wanted(console) == ["Bb"]
        assert "1 marked, 2 more not shown" in console.text


async def test_escape_clears_the_marks_first_and_then_the_filter() -> None:
    async with console_on(world("Aa", "Bb")) as (console, pilot):
        await typed(pilot, "slash", "Aa")
        await pilot.press("space", "escape")
        assert "marked" not in console.text
        assert "/Aa" in console.text
        await pilot.press("escape")
        assert "/Aa" not in console.text


async def test_a_marked_row_that_is_gone_drops_out_and_that_is_said() -> None:
    async with console_on(world("Aa", "Bb", "Cc")) as (console, pilot):
        await pilot.press("asterisk")
        console.clock.advance(5)
        console.publish(world("Aa", "Bb"))
        await pilot.pause()
        assert wanted(console) == ["Aa", "Bb"]
        assert "1 marked row is gone; 2 still marked" in console.text
        console.publish(world("Aa", "Bb", "Cc"))
        await pilot.pause()
        assert wanted(console) == ["Aa", "Bb"]


async def test_single_alerts_of_a_group_are_marked_by_themselves() -> None:
    shown = snapshot(*group(), cells=(cell(service("worker")),), sources=(source("am"),))
    async with console_on(shown) as (console, pilot):
        await pilot.press("enter")
        await pilot.press("space", "space")
        frame = console.app.frame
        assert frame is not None and frame.word == "group"
        rows: tuple[Row, ...] = frame.wanted_rows()
        assert [row.count for row in rows] == [1, 1]
        assert len({row.alerts[0].key for row in rows}) == 2
        assert "2 marked" in console.text
        await pilot.press("escape", "escape")
        assert console.app.frame is not None and console.app.frame.word == "triage"
