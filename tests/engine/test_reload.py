"""Settings that are read again: what is known is kept, and bad ones change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import Loaded, load
from console.model.event import EventKind
from console.model.state import State
from console.model.update import Update
from tests.engine.peers import Peer, alertmanager, hanging, listed, prometheus, up
from tests.watching import names_in, on_urls, running, source_called, state_of

SERVICES = """
services:
  - {name: db, type: host, host: db-1}
"""


def write(folder: Path, **clusters: tuple[str, ...]) -> None:
    """Settings with these Alertmanager clusters, asked every second."""
    lines = ["environment: test", "sources:", "  alertmanager:"]
    for name, urls in clusters.items():
        members = ", ".join(urls)
        lines.append(f"    - {{name: {name}, members: [{members}], interval: 1s}}")
    (folder / "oncall.yaml").write_text("\n".join(lines) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir(0o700)
    return folder


def always_has(updates: list[Update], name: str) -> bool:
    return all(name in names_in(update) for update in updates)


async def test_a_reload_asks_what_is_new_and_keeps_what_is_known(folder: Path) -> None:
    one, other = alertmanager("DiskFull"), alertmanager("HighLoad")
    write(folder, one=(one.url,))
    async with up(one, other), running(load(folder)) as (engine, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        since = seen.last.worklist.rows[0].since
        first = len(seen.updates)
        await one.shut()
        write(folder, one=(one.url,), other=(other.url,))
        assert isinstance(await engine.reload_settings(), Loaded)
        update = await seen.until(lambda update: len(names_in(update)) == 2)
        assert always_has(seen.updates[first:], "DiskFull")
        assert since in {row.since for row in update.worklist.rows}
        assert any(event.kind is EventKind.SETTINGS for event in update.events)
        await seen.until(lambda update: state_of(update, "one") is State.UNKNOWN)


async def test_a_source_that_is_taken_out_of_the_settings_is_gone(folder: Path) -> None:
    one, other = alertmanager("DiskFull"), alertmanager("HighLoad")
    write(folder, one=(one.url,), other=(other.url,))
    async with up(one, other), running(load(folder)) as (engine, seen):
        await seen.until(lambda update: len(names_in(update)) == 2)
        write(folder, one=(one.url,))
        await engine.reload_settings()
        update = await seen.until(lambda update: source_called(update, "other") is None)
        update = await seen.until(lambda update: names_in(update) == ["DiskFull"])
        asked = other.asked.total()
        await seen.until(lambda _: one.asked.total() > update.number)
        assert other.asked.total() == asked


@pytest.mark.parametrize(
    "content",
    ["environment: [", "environment: test\nnonsense: 1\n", "environment: elsewhere\n", ""],
    ids=["torn", "unknown key", "another environment", "empty"],
)
async def test_bad_settings_are_told_and_change_nothing(folder: Path, content: str) -> None:
    am = alertmanager("DiskFull")
    write(folder, one=(am.url,))
    async with up(am), running(load(folder)) as (engine, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        (folder / "oncall.yaml").write_text(content)
        faults = await engine.reload_settings()
        assert isinstance(faults, tuple) and faults
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        update = await seen.until(lambda update: len(names_in(update)) == 2)
        assert state_of(update, "one") is State.OK
        assert not any(event.kind is EventKind.SETTINGS for event in update.events)


async def test_settings_that_are_gone_are_told_and_change_nothing(folder: Path) -> None:
    am = alertmanager("DiskFull")
    write(folder, one=(am.url,))
    async with up(am), running(load(folder)) as (engine, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        (folder / "oncall.yaml").unlink()
        assert isinstance(await engine.reload_settings(), tuple)
        await seen.more(2)
        assert always_has(seen.updates[-2:], "DiskFull")


async def test_a_console_on_a_url_has_nothing_to_reload() -> None:
    am = alertmanager("DiskFull")
    async with up(am), running(on_urls([], [am.url])) as (engine, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        faults = await engine.reload_settings()
        assert isinstance(faults, tuple) and "opened on a URL" in faults[0]


async def test_a_reload_does_not_wait_for_polls_in_flight(folder: Path) -> None:
    am = alertmanager("DiskFull")
    async with hanging() as url, up(am):
        write(folder, one=(url,))
        async with running(load(folder)) as (engine, seen):
            await seen.until(lambda update: source_called(update, "one") is not None)
            write(folder, one=(url,), other=(am.url,))
            assert isinstance(await engine.reload_settings(), Loaded)
            update = await seen.until(lambda update: names_in(update) == ["DiskFull"])
            assert not update.snapshot.complete


async def test_one_reload_after_another_ends_in_the_last_settings(folder: Path) -> None:
    peers: list[Peer] = [alertmanager(f"Alert{number}") for number in range(4)]
    write(folder, am0=(peers[0].url,))
    async with up(*peers), running(load(folder)) as (engine, seen):
        await seen.until(lambda update: names_in(update) == ["Alert0"])
        for number, peer in enumerate(peers):
            write(folder, **{f"am{number}": (peer.url,)})
            await engine.reload_settings()
        update = await seen.until(lambda update: names_in(update) == ["Alert3"])
        assert source_called(update, "am0") is None


async def test_alertmanagers_that_were_found_are_watched_on_after_a_reload() -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    loaded = on_urls([prom.url])
    async with up(am, prom), running(loaded) as (engine, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        first = len(seen.updates)
        # From now on nobody tells where the Alertmanager is.
        await prom.shut()
        engine.reload(loaded)
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        await seen.until(lambda update: len(names_in(update)) == 2)
        assert always_has(seen.updates[first:], "DiskFull")
