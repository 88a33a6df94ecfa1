"""The worklist as a person wants it: grouped, sorted, in columns, and under a name."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from console.model.labels import Labels
from console.model.snapshot import FiredCount, Snapshot
from console.model.view import View
from console.model.worklist import Lane, Row
from console.triage.grouping import HOST
from screens.arranging import Sort, columns_of, grouping_of, sort_of
from screens.rows import names_of_columns, short_age
from tests.build import ack, ago, alert, cell, known, service, snapshot, source
from tests.screens.console import Console, console_on, typed, until, update_of
from tests.screens.worlds import storm
from widgets.live_list import LiveList


def world() -> Snapshot:
    """Three services on two hosts; one of them is taken, with a note."""
    note = "looking at redis"
    return snapshot(
        known(
            alert("ServiceDown", starts_at=ago(600), severity="critical", zone="a", summary="dead"),
            cell="redis",
        ),
        known(
            alert("DiskFull", starts_at=ago(7200), severity="warning", zone="b", summary="97 %"),
            cell="kafka",
            acked=ack("mei", since=ago(720), minutes=60, note=note),
        ),
        known(
            alert("SlowResponse", starts_at=ago(60), severity="warning", zone="a", summary="2 s"),
            cell="api",
        ),
        cells=(
            cell(service("redis", "data-1")),
            cell(service("kafka", "data-1")),
            cell(service("api", "web-1")),
        ),
        sources=(source("am"),),
    )


def rows_on(console: Console) -> tuple[Row, ...]:
    return tuple(console.app.screen.query_one("#rows", LiveList).rows)


def names(console: Console) -> list[str]:
    return [row.title.exact for row in rows_on(console)]


def headings(console: Console) -> str:
    return next(line for line in console.lines if "ALERT" in line or "OWNER" in line)


def wishes(console: Console) -> list[str]:
    assert console.engine is not None
    return console.engine.wishes


# Grouping


async def test_b_goes_through_the_ways_and_says_which_is_in_force() -> None:
    async with console_on(world(), size=(120, 36)) as (console, pilot):
        await pilot.press("b")
        await until(pilot, lambda: "by @cell" in console.text)
        await pilot.press("b")
        await until(pilot, lambda: 'host="data-1"' in console.text)
        assert "by @host" in console.text


async def test_the_cursor_goes_with_its_alert_into_the_other_row() -> None:
    async with console_on(world(), size=(120, 36)) as (console, pilot):
        view = console.app.screen.query_one("#rows", LiveList)
        under = next(row for row in view.rows if row.title.exact == "SlowResponse")
        view.move_to(under.key)
        await typed(pilot, "colon", "by @host")
        await until(pilot, lambda: 'host="data-1"' in console.text)
        assert view.cursor_row is not None
        assert view.cursor_row.key != under.key
        assert "SlowResponse" in {one.alert.name.exact for one in view.cursor_row.alerts}


async def test_marks_do_not_outlive_the_rows_that_they_were_set_on() -> None:
    async with console_on(world(), size=(120, 36)) as (console, pilot):
        await pilot.press("asterisk")
        await typed(pilot, "colon", "by @host")
        await until(pilot, lambda: 'host="data-1"' in console.text)
        await until(pilot, lambda: "nothing is marked any more" in console.text)
        frame = console.app.frame
        assert frame is not None
        assert len(frame.wanted_rows()) == 1


async def test_default_goes_back_to_what_the_settings_say() -> None:
    async with console_on(world()) as (console, pilot):
        await typed(pilot, "colon", "by zone")
        await typed(pilot, "colon", "by default")
        assert wishes(console)[-1] == "regroup None"
        await until(pilot, lambda: len(rows_on(console)) == 3)
        assert not any(line.startswith("by ") for line in console.lines)


async def test_a_label_that_no_alert_has_is_refused_with_those_that_there_are() -> None:
    async with console_on(world(), size=(120, 24)) as (console, pilot):
        await typed(pilot, "colon", "by rack")
        assert "no alert has the label rack" in console.text
        assert "zone" in console.text
        assert wishes(console) == []


@pytest.mark.parametrize(
    ("typed_text", "expected"),
    [
        ("", None),
        ("default", None),
        ("none", ("@alert",)),
        ("zone, @host", ("zone", "@host")),
        ("zone,zone", ("zone",)),
    ],
)
def test_what_by_takes(typed_text: str, expected: tuple[str, ...] | None) -> None:
    assert grouping_of(typed_text, ["zone", "alertname"]) == expected


# Order


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("for", ["DiskFull", "ServiceDown", "SlowResponse"]),
        ("-for", ["SlowResponse", "ServiceDown", "DiskFull"]),
        ("alert", ["DiskFull", "ServiceDown", "SlowResponse"]),
        ("owner", ["DiskFull", "ServiceDown", "SlowResponse"]),
        ("-owner", ["DiskFull", "ServiceDown", "SlowResponse"]),
        ("on", ["SlowResponse", "DiskFull", "ServiceDown"]),
        ("p", ["ServiceDown", "SlowResponse", "DiskFull"]),
        ("label:zone", ["ServiceDown", "SlowResponse", "DiskFull"]),
    ],
)
def test_rows_are_sorted_by_a_column_and_what_lacks_it_stays_last(
    word: str, expected: list[str]
) -> None:
    sort = sort_of(word)
    assert isinstance(sort, Sort)
    assert sort.word == word
    rows = sort.sorted(update_of(world()).worklist.rows)
    assert [row.title.exact for row in rows] == expected


async def test_the_screen_says_by_what_it_is_sorted_and_how_to_go_back() -> None:
    async with console_on(world()) as (console, pilot):
        await typed(pilot, "colon", "sort -for")
        assert names(console) == ["SlowResponse", "ServiceDown", "DiskFull"]
        assert "sorted by FOR, the other way round; :sort for the usual order" in console.text
        await typed(pilot, "colon", "sort")
        assert names(console)[0] == "ServiceDown"
        assert "sorted by" not in console.text


async def test_a_sort_holds_for_what_comes_later() -> None:
    async with console_on(world()) as (console, pilot):
        await typed(pilot, "colon", "sort alert")
        console.clock.advance(5)
        more = world()
        first = known(alert("Aa", severity="warning"))
        console.publish(msgspec.structs.replace(more, alerts=(*more.alerts, first)))
        await until(pilot, lambda: len(names(console)) == 4)
        assert names(console)[0] == "Aa"


async def test_in_a_storm_rows_are_sorted_within_their_lanes() -> None:
    async with console_on(storm(), size=(120, 36)) as (console, pilot):
        lanes = [row.lane for row in rows_on(console)]
        assert Lane.STORM in lanes
        await typed(pilot, "colon", "sort n")
        assert [row.lane for row in rows_on(console)] == lanes
        assert "NOT part of the storm" in console.text


def test_a_word_that_is_no_column_is_told_with_those_that_are() -> None:
    told = sort_of("weight")
    assert isinstance(told, str)
    assert "weight" in told and "owner" in told
    assert isinstance(sort_of("summary"), str)
    assert sort_of(" ") is None


# Columns


async def test_other_columns_are_shown_in_the_order_that_was_asked_for() -> None:
    async with console_on(world(), size=(120, 24)) as (console, pilot):
        await typed(pilot, "colon", "columns OWNER,label:zone,alert,note")
        shown = headings(console).split()
        assert shown[:4] == ["OWNER", "ZONE", "ALERT", "NOTE"]
        row = next(line for line in console.lines if "DiskFull" in line)
        assert "mei 12m" in row and "looking at redis" in row and " b " in row
        await typed(pilot, "colon", "columns")
        assert "SUMMARY" in headings(console)


def test_a_column_that_there_is_not_is_told_with_those_that_there_are() -> None:
    told = columns_of("FOR,WEIGHT")
    assert isinstance(told, str)
    assert "WEIGHT" in told
    assert all(name in told for name in names_of_columns())
    assert columns_of("next,fix-in,For, label:zone") == ("NEXT STEP", "FIX IN", "FOR", "label:zone")
    assert isinstance(columns_of("label:"), str)
    assert columns_of("") == ()


async def test_an_owner_stands_with_the_age_and_the_note_of_the_ack() -> None:
    async with console_on(world(), size=(160, 24)) as (console, _):
        row = next(line for line in console.lines if "DiskFull" in line)
        assert "mei 12m" in row
        assert '"looking at redis" · 97 %' in row
    async with console_on(world(), size=(160, 24), ascii=True) as (console, _):
        row = next(line for line in console.lines if "DiskFull" in line)
        assert '"looking at redis" - 97 %' in row


async def test_a_row_about_which_something_is_sent_says_so() -> None:
    async with console_on(world(), size=(120, 24)) as (console, pilot):
        down = next(row for row in rows_on(console) if row.title.exact == "ServiceDown")
        console.app.wishes.sending = frozenset({down.alerts[0].key})
        frame = console.app.frame
        assert frame is not None
        frame.repaint_rows()
        await pilot.pause()
        assert "sending" in next(line for line in console.lines if "ServiceDown" in line)
        assert "sending" not in next(line for line in console.lines if "DiskFull" in line)


async def test_what_flaps_has_a_badge_and_a_count() -> None:
    down = Labels({"alertname": "ServiceDown", "zone": "a", "severity": "critical"})
    shown = msgspec.structs.replace(world(), fired=(FiredCount(down, 9, "prom"),))
    for ascii_only, badge in ((False, "~9x dead"), (True, "9x/d dead")):
        async with console_on(shown, size=(120, 24), ascii=ascii_only) as (console, pilot):
            assert badge in next(one for one in console.lines if "ServiceDown" in one)
            assert badge[:3] not in next(one for one in console.lines if "DiskFull" in one)
            await typed(pilot, "colon", "columns alert,fired")
            assert "9x" in next(one for one in console.lines if "ServiceDown" in one)


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "<1m"), (725, "12m"), (3600, "1h"), (47 * 3600, "47h"), (1e6, "11d")]
)
def test_how_long_somebody_has_it_is_told_in_few_cells(seconds: float, text: str) -> None:
    assert short_age(timedelta(seconds=seconds)) == text


# Views


async def test_a_view_brings_filter_grouping_sort_and_columns_back() -> None:
    async with console_on(world(), size=(120, 36)) as (console, pilot):
        await typed(pilot, "colon", "by @host")
        await typed(pilot, "slash", "data-1")
        await typed(pilot, "colon", "sort for")
        await typed(pilot, "colon", "columns FOR,ALERT,ON")
        await typed(pilot, "colon", "save-view storage")
        await until(pilot, lambda: "view storage saved" in console.text)
        for line in ("by default", "sort", "columns"):
            await typed(pilot, "colon", line)
        await pilot.press("escape")
        await typed(pilot, "colon", "view storage")
        await until(pilot, lambda: "/data-1" in console.text and "sorted by FOR" in console.text)
        assert wishes(console)[-1] == f"regroup {(HOST,)}"
        assert "OWNER" not in headings(console)


async def test_v_offers_the_saved_views_and_tab_completes_their_names() -> None:
    async with console_on(world(), size=(120, 24)) as (console, pilot):
        await pilot.press("v")
        assert "no view is saved yet" in console.text
        await typed(pilot, "colon", "save-view storage")
        await until(pilot, lambda: "view storage saved" in console.text)
        await pilot.press("v")
        await until(pilot, lambda: "view storage" in console.text)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "view storage: as usual" in console.text)


async def test_a_view_that_is_forgotten_or_never_was_is_told() -> None:
    async with console_on(world(), size=(120, 24)) as (console, pilot):
        await typed(pilot, "colon", "save-view storage")
        await until(pilot, lambda: "saved" in console.text)
        await typed(pilot, "colon", "view web")
        await until(pilot, lambda: "no view is called web; there are: storage" in console.text)
        await typed(pilot, "colon", "forget-view storage")
        await until(pilot, lambda: "view storage forgotten" in console.text)
        await typed(pilot, "colon", "save-view")
        assert "expected a name for the view" in console.text


async def test_columns_and_sort_are_as_they_were_left_and_the_filter_is_not() -> None:
    async with console_on(None) as (console, pilot):
        engine = console.engine
        assert engine is not None
        await engine.views.keep(View("x", "redis"))
        await engine.views.keep_last(("ALERT", "ON"), "-for")
        console.publish(world())
        await until(pilot, lambda: "sorted by FOR" in console.text)
        assert "OWNER" not in headings(console)
        assert len(names(console)) == 3
        assert not any(line.startswith("/redis") for line in console.lines)


async def test_what_was_typed_is_kept_for_the_next_start() -> None:
    async with console_on(world()) as (console, pilot):
        await typed(pilot, "colon", "sort -for")
        engine = console.engine
        assert engine is not None
        for _ in range(400):
            if (await engine.views.load()).last.sort == "-for":
                break
            await asyncio.sleep(0.01)
        await pilot.pause()
        assert (await engine.views.load()).last == View(sort="-for")


async def test_a_view_that_names_what_is_not_there_any_more_shows_the_rest() -> None:
    async with console_on(None, size=(120, 24)) as (console, pilot):
        engine = console.engine
        assert engine is not None
        await engine.views.keep(View("odd", "/(/", None, "weight", ("GONE",)))
        console.publish(world())
        await until(pilot, lambda: "ServiceDown" in console.text)
        await until(pilot, lambda: bool(console.app.frame) and console.app.fresh is not None)
        await typed(pilot, "colon", "view odd")
        assert len(names(console)) == 3
        assert "SUMMARY" in headings(console)


async def test_a_view_that_another_console_saved_is_found() -> None:
    async with console_on(world(), size=(120, 24)) as (console, pilot):
        await typed(pilot, "colon", "sort -for")
        engine = console.engine
        assert engine is not None
        await engine.views.keep(View("theirs", "kafka"))
        await typed(pilot, "colon", "view theirs")
        await until(pilot, lambda: "/kafka" in console.text)
