"""An engine from its first picture to its last: what it says, finds, and keeps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from console.engine.saved import StateFolder
from console.model.event import EventKind
from console.model.state import State
from tests.engine.peers import alertmanager, hanging, listed, prometheus, up
from tests.watching import alert_called, names_in, on_urls, running, source_called, state_of

HOUR = timedelta(hours=1)


async def test_the_first_picture_is_the_saved_one_and_needs_no_network(tmp_path: Path) -> None:
    am = alertmanager("DiskFull")
    folder = StateFolder(tmp_path / "state")
    async with up(am), running(on_urls([], [am.url]), state=folder) as (_, seen):
        await seen.until(lambda update: update.snapshot.complete)
    asked = am.asked.total()
    async with running(on_urls([], [am.url]), state=folder) as (_, seen):
        first = await seen.until(lambda _: True)
        assert am.asked.total() == asked
        assert first.number == 0
        assert first.snapshot.restored and not first.snapshot.complete
        known = alert_called(first, "DiskFull")
        assert known is not None and known.state is State.STALE
        assert first.worklist.rows[0].clocks is not None


async def test_without_a_saved_state_the_first_picture_claims_nothing() -> None:
    async with hanging() as url, running(on_urls([url])) as (_, seen):
        first = await seen.until(lambda _: True)
        assert not first.snapshot.complete and not first.snapshot.restored
        assert first.snapshot.alerts == ()
        assert first.snapshot.score.value is None


async def test_alertmanagers_are_found_through_prometheus_and_watched() -> None:
    one, other = alertmanager("DiskFull"), alertmanager("DiskFull", "OnlyThere")
    prom = prometheus(one.url, other.url)
    async with up(one, other, prom), running(on_urls([prom.url])) as (_, seen):
        update = await seen.until(lambda update: len(update.snapshot.alerts) == 2)
        assert names_in(update) == ["DiskFull", "OnlyThere"]
        names = {source.name for source in update.snapshot.sources}
        assert names >= {
            "prometheus",
            "alertmanager",
            f"alertmanager/{one.address}",
            f"alertmanager/{other.address}",
        }


async def test_a_source_that_fails_is_named_and_what_it_said_stays() -> None:
    am = alertmanager("DiskFull")
    async with up(am), running(on_urls([], [am.url])) as (_, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        await am.shut()
        update = await seen.until(lambda update: state_of(update, "alertmanager") is State.UNKNOWN)
        assert names_in(update) == ["DiskFull"]
        source = source_called(update, "alertmanager")
        assert source is not None and source.failures and source.next_try is not None
        assert any(
            event.kind is EventKind.SOURCE and event.subject == "alertmanager"
            for event in update.events
        )
        await am.open()
        update = await seen.until(lambda update: state_of(update, "alertmanager") is State.OK)
        assert names_in(update) == ["DiskFull"]


async def test_a_new_alert_is_an_event_and_those_found_at_the_start_are_not() -> None:
    am = alertmanager("DiskFull")
    async with up(am), running(on_urls([], [am.url])) as (_, seen):
        await seen.until(lambda update: update.snapshot.complete)
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        update = await seen.until(lambda update: len(update.snapshot.alerts) == 2)
        fired = [event.subject for event in update.events if event.kind is EventKind.FIRED]
        assert fired == ["HighLoad"]


async def test_a_refresh_asks_every_source_at_once() -> None:
    am = alertmanager("DiskFull")
    prom = prometheus()
    loaded = on_urls([prom.url], [am.url], interval=HOUR)
    async with up(am, prom), running(loaded) as (engine, seen):
        await seen.until(lambda update: update.snapshot.complete)
        assert (am.asked["/api/v2/alerts"], prom.asked["/api/v1/alerts"]) == (1, 1)
        am.answers["/api/v2/alerts"] = [listed("HighLoad")]
        prom.answers["/api/v1/alerts"] = {"status": "error"}
        engine.refresh()
        await seen.until(lambda update: "HighLoad" in names_in(update))
        await seen.until(lambda update: state_of(update, "prometheus") is State.UNKNOWN)


async def test_a_console_that_is_opened_on_a_dead_prometheus_still_asks_its_alertmanager(
    tmp_path: Path,
) -> None:
    state = StateFolder(tmp_path / "state")
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    async with up(am, prom):
        async with running(on_urls([prom.url]), state=state) as (_, seen):
            await seen.until(lambda update: names_in(update) == ["DiskFull"])
        await prom.shut()
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        async with running(on_urls([prom.url]), state=state) as (_, seen):
            update = await seen.until(lambda update: len(names_in(update)) == 2)
            assert state_of(update, "prometheus") is State.UNKNOWN
            assert state_of(update, "alertmanager") is State.OK
