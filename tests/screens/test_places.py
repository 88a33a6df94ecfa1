"""Fleet, sources, groups and old rows: what stands there and where the keys lead."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.model.registry import Service, ServiceType
from console.model.snapshot import SourceHealth
from console.model.state import State
from console.safety.text import cell_width
from screens.places import places_of
from tests.build import ago, alert, at, cell, known, resolved, service, snapshot, source
from tests.screens.console import Console, console_on, typed, until
from tests.screens.worlds import EVENTS, cells, storm, usual
from widgets.live_list import LiveList


def cursors(console: Console) -> list[str]:
    """The lines on which a cursor is drawn."""
    return [line for line in console.lines if line.startswith(">")]


# Fleet


async def test_the_fleet_has_a_row_a_place_with_machines_first() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "pages" in console.text)
        places = [line.split()[1] for line in console.lines[2:12] if line[:1].strip()]
        assert places == ["data-1", "web-1", "web-2", "shop", "pages"]


async def test_a_place_tells_its_worst_state_by_shape_and_word_and_its_score() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "data-1" in console.text)
        at = next(n for n, line in enumerate(console.lines) if "data-1" in line)
        assert console.lines[at].split()[:2] == ["✖", "data-1"]
        # Redis fires and is critical, minio is lost: 2 of 6 by weight.
        assert console.lines[at + 1].split()[:2] == ["FIRING", "33%"]


async def test_the_service_under_the_cursor_is_told_below() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("2", "l")
        await until(pilot, lambda: "── postgres" in console.text)
        await pilot.press("h")
        await until(pilot, lambda: "── redis" in console.text)
        assert "needed by" in console.text
        assert "api" in console.text


async def test_a_service_opens_and_comes_back() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("2", "enter")
        await until(pilot, lambda: "as registered" in console.text)
        assert "tcp refused" in console.text
        assert "esc back" in console.lines[-1]
        await pilot.press("escape")
        await until(pilot, lambda: "only wrong" in console.text)


async def test_w_leaves_only_what_is_not_well() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("2", "w")
        await until(pilot, lambda: "postgres" not in console.text)
        for name in ("redis", "minio", "varnish-2", "api", "worker"):
            assert name in console.text
        await pilot.press("w")
        await until(pilot, lambda: "postgres" in console.text)


async def test_a_fleet_without_services_says_where_they_come_from() -> None:
    async with console_on(snapshot(sources=(source(last_ok=at()),))) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "no service is known yet" in console.text)
        assert "services.yaml" in console.text


async def test_more_places_than_fit_are_announced() -> None:
    many = snapshot(*(), cells=(cell(service(f"s{n}", f"host-{n:02}")) for n in range(40)))
    async with console_on(many) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "host-00" in console.text)
        assert "↓" in console.text
        await pilot.press("G")
        await until(pilot, lambda: "host-39" in console.text)
        assert "↑" in console.text


async def test_host_goes_to_a_place_or_a_service() -> None:
    async with console_on(usual()) as (console, pilot):
        await typed(pilot, "colon", "host web-2")
        await until(pilot, lambda: "── web-2" in console.text)
        await typed(pilot, "colon", "host 支付网关")
        await until(pilot, lambda: "── 支付网关" in console.text)
        await typed(pilot, "colon", "host nowhere")
        await until(pilot, lambda: "no host, namespace or service" in console.lines[-1])


def test_short_names_leave_out_the_place_that_the_row_tells() -> None:
    scraped = (
        Service(name, ServiceType.TARGET, "web-1")
        for name in ("node@web-1", "job@web-1:5432", "job@web-10:80", "user@web-1")
    )
    shown = snapshot(cells=(*cells(), *map(cell, scraped), cell(service("mail@web-1", "web-1"))))
    names = {place.name: [one.name for one in place.services] for place in places_of(shown)}
    assert list(names)[-1] == "pages"
    assert names["web-1"][-5:] == ["node", "job:5432", "job@web-10:80", "user", "mail@web-1"]


# Sources


async def test_sources_tell_state_age_and_cause() -> None:
    async with console_on(usual(sick=True), events=EVENTS, size=(100, 30)) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "EVENT" in console.text)
        sick = next(line for line in console.lines if "? UNKNOWN" in line)
        for part in ("prom-edge", "2m", "03:14:32", "refused the connection"):
            assert part in sick
        assert "SINCE" in console.text


async def test_the_column_since_is_there_only_when_a_source_fails() -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "EVENT" in console.text)
        assert "SINCE" not in console.text
        console.publish(usual(sick=True), EVENTS)
        await until(pilot, lambda: "SINCE" in console.text)


async def test_only_the_list_with_the_keys_shows_a_cursor() -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "EVENT" in console.text)
        assert "prom-core" in cursors(console)[0]
        assert len(cursors(console)) == 1
        await pilot.press("tab")
        await until(pilot, lambda: "source" in cursors(console)[0])
        assert len(cursors(console)) == 1
        await pilot.press("tab")
        await until(pilot, lambda: "CpuHigh" in cursors(console)[0])
        assert len(cursors(console)) == 1


async def test_a_source_opens_with_its_curl() -> None:
    async with console_on(usual(sick=True), size=(100, 30)) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "EVENT" in console.text)
        await pilot.press("j", "enter")
        await until(pilot, lambda: "expected" in console.text)
        assert "curl -q -sS http://10.0.0.7:9090/api/v1/rules" in console.text
        assert "failing since" in console.text


async def test_only_sources_can_be_opened_and_it_says_so() -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await pilot.press("7", "tab", "enter")
        await until(pilot, lambda: "only sources can be opened" in console.lines[-1])


async def test_the_log_tells_who_did_what_newest_first() -> None:
    async with console_on(usual(), events=EVENTS, size=(120, 36)) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "began to fire" in console.text)
        lines = [line for line in console.lines if line.startswith((" 0", ">0"))]
        assert [line.split()[1] for line in lines[:3]] == ["source", "fired", "acked"]
        assert "mei" in lines[2]


async def test_the_newest_event_stays_in_view() -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "began to fire" in console.text)
        more = [msgspec.structs.replace(EVENTS[0], at=ago(-n), text=f"news {n}") for n in range(40)]
        console.publish(usual(), [*reversed(more), *EVENTS])
        await until(pilot, lambda: "news 39" in console.text)


async def test_what_was_resolved_is_told_with_its_proof() -> None:
    async with console_on(usual(), size=(120, 36)) as (console, pilot):
        await typed(pilot, "colon", "resolved")
        await until(pilot, lambda: "CpuHigh" in console.text)
        line = next(line for line in console.lines if "CpuHigh" in line)
        assert "03:11:42" in line
        assert "prom evaluates it and it is not firing" in line


async def test_sources_take_the_lines_they_need_and_the_log_the_rest() -> None:
    async with console_on(usual(), events=EVENTS) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "EVENT" in console.text)
        heads = [n for n, line in enumerate(console.lines) if line.startswith((" STATE", " WHEN"))]
        assert heads[1] - heads[0] == 7
        assert heads[2] - heads[1] > 5


def many_sources() -> tuple[SourceHealth, ...]:
    """More than fit."""
    return tuple(source(f"prom-{n:02}", last_ok=at()) for n in range(30))


async def test_many_sources_leave_room_for_the_log() -> None:
    async with console_on(snapshot(sources=many_sources()), events=EVENTS) as (console, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "EVENT" in console.text)
        assert "began to fire" in console.text
        assert "1/30" in console.text


# Groups and old rows


async def test_a_group_lists_its_alerts_and_each_has_its_detail() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("j", "j", "j", "enter")
        await until(pilot, lambda: "worker-3" in console.text)
        assert sum("QueueBacklog" in line for line in console.lines) == 5
        await pilot.press("j", "enter")
        await until(pilot, lambda: "respond" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "STANDING" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "NEXT STEP" in console.text)


async def test_a_group_that_is_over_says_so() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("j", "j", "j", "enter")
        await until(pilot, lambda: "worker-3" in console.text)
        console.publish(snapshot(sources=(source(last_ok=at()),)))
        console.clock.advance(2.1)
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await until(pilot, lambda: "this row is not in the worklist any more" in console.text)


@pytest.mark.parametrize("way", ["command", "enter"])
async def test_old_rows_are_one_key_away(way: str) -> None:
    async with console_on(usual()) as (console, pilot):
        if way == "command":
            await typed(pilot, "colon", "old")
        else:
            await pilot.press("G", "enter")
        await until(pilot, lambda: "ImageTooOld1" in console.text)
        assert all(f"ImageTooOld{n}" in console.text for n in range(3))
        await pilot.press("enter")
        await until(pilot, lambda: "respond" in console.text)


async def test_a_row_that_has_gone_keeps_its_detail_and_says_so() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "respond" in console.text)
        console.publish(snapshot(sources=(source(last_ok=at()),)))
        await until(pilot, lambda: "it is not in the worklist any more" in console.text)
        assert "ServiceDown" in console.text


async def test_number_keys_close_what_lies_open() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "respond" in console.text)
        await pilot.press("1")
        await until(pilot, lambda: "NEXT STEP" in console.text)


# A storm


async def test_a_storm_counts_every_priority_and_keeps_the_rest_apart() -> None:
    async with console_on(storm()) as (console, _):
        assert console.lines[1].startswith("STORM")
        assert "NOT part of the storm" in console.text
        assert "P0s are counted, never hidden" in console.text
        row = next(line for line in console.lines if 'rack="r12"' in line)
        assert row.split()[-7:-3] == ["300", "100", "100", "100"]
        apart = next(n for n, line in enumerate(console.lines) if "NOT part" in line)
        assert "PaymentErrors" in console.lines[apart + 1]


async def test_a_held_order_is_sorted_on_request() -> None:
    async with console_on(storm()) as (console, pilot):
        await pilot.press("O")
        assert console.engine is not None
        engine = console.engine
        await until(pilot, lambda: engine.wishes == ["resort"])


async def test_resorting_outside_a_storm_is_refused_with_the_reason() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("O")
        await until(pilot, lambda: "the order is held only in a storm" in console.lines[-1])


async def test_the_columns_of_a_storm_go_with_it() -> None:
    async with console_on(storm()) as (console, pilot):
        assert "OWNER" not in console.lines[2]
        console.publish(usual())
        await until(pilot, lambda: "OWNER" in console.lines[2])


# Filters


@pytest.mark.parametrize(
    ("go", "text", "stays", "goes"),
    [
        ((), "支付", "支付回调延迟", "ServiceDown"),
        (("j", "j", "j", "enter"), "worker-3", "worker-3", "worker-1"),
        (("G", "enter"), "old-2", "ImageTooOld2", "ImageTooOld1"),
        (("2",), "支付", "支付网关", "kafka"),
        (("7",), "edge", "prom-edge", "prom-core"),
    ],
    ids=["triage", "group", "old", "fleet", "sources"],
)
async def test_every_list_is_filtered_and_says_how_much_is_hidden(
    go: tuple[str, ...], text: str, stays: str, goes: str
) -> None:
    async with console_on(usual()) as (console, pilot):
        for key in go:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: goes in body(console))
        await typed(pilot, "slash", text)
        await until(pilot, lambda: goes not in body(console))
        assert stays in body(console)
        assert f"/{text}  1 of " in console.text
        assert all(cell_width(line) <= 80 for line in console.lines)
        await pilot.press("escape")
        await until(pilot, lambda: goes in body(console))


def body(console: Console) -> str:
    """The screen without its header, which names every source."""
    return "\n".join(console.lines[1:])


async def test_each_screen_has_a_filter_of_its_own() -> None:
    async with console_on(usual()) as (console, pilot):
        await typed(pilot, "slash", "redis")
        await until(pilot, lambda: "/redis  1 of" in console.text)
        await pilot.press("2")
        await until(pilot, lambda: "kafka" in console.text)
        await pilot.press("1")
        await until(pilot, lambda: "/redis  1 of" in console.text)


async def test_a_row_that_stays_under_the_cursor_keeps_the_cursor_through_a_filter() -> None:
    async with console_on(usual()) as (console, pilot):
        await pilot.press("j", "j")
        key = console.app.screen.query_one("#rows", LiveList).cursor_key
        await typed(pilot, "slash", "Slow")
        await until(pilot, lambda: "1 of" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "ServiceDown" in console.text)
        assert console.app.screen.query_one("#rows", LiveList).cursor_key == key


async def test_a_resolved_alert_leaves_the_list_and_stands_among_the_resolved() -> None:
    gone = alert("DiskFull", instance="ops-1", severity="critical")
    first = snapshot(known(gone), sources=(source(last_ok=at()),))
    async with console_on(first) as (console, pilot):
        assert "DiskFull" in console.text
        later = snapshot(sources=(source(last_ok=at()),), resolved=(resolved(gone, ago(1)),))
        console.publish(later)
        console.clock.advance(timedelta(seconds=3).total_seconds())
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await until(pilot, lambda: "nothing fires" in console.text)
        await pilot.press("7")
        await until(pilot, lambda: "DiskFull" in console.text)


async def test_the_matrix_points_at_the_service_of_the_row() -> None:
    async with console_on(usual(), size=(120, 36)) as (console, pilot):
        matrix = console.app.screen.query_one("#matrix")
        assert getattr(matrix, "cursor_key", None) == "redis"
        await pilot.press("j")
        await until(pilot, lambda: getattr(matrix, "cursor_key", None) == "支付网关")


async def test_where_not_every_place_fits_the_troubled_ones_are_seen() -> None:
    well = [cell(service(f"s{n}", f"host-{n:02}")) for n in range(60)]
    bad = cell(service("redis", "zone-z"), State.FIRING, "down")
    async with console_on(snapshot(cells=(*well, bad)), size=(120, 36)) as (console, _):
        assert "zone-z" in console.text


def test_the_made_up_world_has_every_state() -> None:
    assert {one.state for one in cells()} == set(State)
