"""A bug of ours costs what it touches, is said, and is never taken for health."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.load import load
from config.schema import Settings
from console.fleet.fleet import Fleet
from console.journal.bench import Bench
from console.model.event import EventKind
from console.model.failure import FailureKind
from console.model.reading import AlertmanagerReading, PrometheusReading, Reading
from console.model.snapshot import BadgeKind, Snapshot
from console.model.state import State
from console.model.update import Update
from console.model.worklist import RowKind, Worklist
from console.safety.clock import Clock, Instant
from console.safety.http import HttpClient
from console.sources.open import Opened, open_sources
from console.sources.prometheus.poll import Prometheus
from console.triage.triage import Triage
from tests.engine.peers import alertmanager, listed, prometheus, up
from tests.watching import badges_of, names_in, on_urls, running, source_called, state_of

SECRET = "hunter2"
"""Stands in the text of every bug: that text may come from outside, and is never shown."""


def said(update: Update) -> str:
    """Everything that the console says of itself."""
    events = [event.text for event in update.events if event.kind is EventKind.CONSOLE]
    return " / ".join([*badges_of(update, BadgeKind.CONSOLE), *events])


async def test_a_poll_that_breaks_is_a_failure_of_its_source_and_of_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    am, prom = alertmanager("DiskFull"), prometheus()
    whole = Prometheus.poll
    broken = True

    async def poll(self: Prometheus, round: int) -> PrometheusReading:  # noqa: A002
        if broken:
            raise KeyError(SECRET)
        return await whole(self, round)

    monkeypatch.setattr(Prometheus, "poll", poll)
    async with up(am, prom), running(on_urls([prom.url], [am.url])) as (_, seen):
        update = await seen.until(lambda update: update.snapshot.complete)
        source = source_called(update, "prometheus")
        assert source is not None and source.state is State.UNKNOWN
        assert {failure.kind for failure in source.failures} == {FailureKind.INTERNAL}
        assert "KeyError" in source.failures[0].cause and SECRET not in source.failures[0].cause
        assert state_of(update, "alertmanager") is State.OK
        assert names_in(update) == ["DiskFull"]
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        await seen.until(lambda update: len(update.snapshot.alerts) == 2)
        broken = False
        await seen.until(lambda update: state_of(update, "prometheus") is State.OK)


async def test_an_answer_that_cannot_be_taken_in_is_a_failure_of_its_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    am, prom = alertmanager("DiskFull"), prometheus()
    whole = Fleet.take
    broken = True

    def take(self: Fleet, reading: Reading) -> None:
        if (
            broken
            and isinstance(reading, AlertmanagerReading)
            and isinstance(reading.alerts, tuple)
        ):
            raise KeyError(SECRET)
        whole(self, reading)

    monkeypatch.setattr(Fleet, "take", take)
    async with up(am, prom), running(on_urls([prom.url], [am.url])) as (_, seen):
        update = await seen.until(lambda update: update.snapshot.complete)
        source = source_called(update, "alertmanager")
        assert source is not None and source.state is State.UNKNOWN
        assert source.failures[0].kind is FailureKind.INTERNAL
        assert "cannot be taken in" in said(update) and SECRET not in said(update)
        assert state_of(update, "prometheus") is State.OK
        broken = False
        update = await seen.until(lambda update: names_in(update) == ["DiskFull"])
        assert badges_of(update, BadgeKind.CONSOLE) == []


async def test_a_worklist_that_cannot_be_made_leaves_no_count_of_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    am = alertmanager("DiskFull")
    whole = Triage.worklist
    broken = False

    def worklist(self: Triage, snapshot: Snapshot) -> Worklist:
        if broken:
            raise KeyError(SECRET)
        return whole(self, snapshot)

    monkeypatch.setattr(Triage, "worklist", worklist)
    async with up(am), running(on_urls([], [am.url])) as (_, seen):
        update = await seen.until(lambda update: names_in(update) == ["DiskFull"])
        assert update.worklist.counts.known
        broken = True
        update = await seen.until(lambda update: not update.worklist.counts.known)
        assert sum(one.total for one in update.worklist.counts.by_priority) == 1
        broken = False
        await seen.until(lambda update: update.worklist.counts.known)


async def test_a_picture_that_cannot_be_made_leaves_the_last_one_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    am = alertmanager("DiskFull")
    whole = Fleet.snapshot
    broken = False

    def snapshot(self: Fleet, now: Instant) -> Snapshot:
        if broken:
            raise KeyError(SECRET)
        return whole(self, now)

    monkeypatch.setattr(Fleet, "snapshot", snapshot)
    async with up(am), running(on_urls([], [am.url])) as (_, seen):
        await seen.until(lambda update: names_in(update) == ["DiskFull"])
        broken = True
        update = await seen.until(lambda update: bool(badges_of(update, BadgeKind.CONSOLE)))
        assert names_in(update) == ["DiskFull"]
        assert "KeyError" in said(update) and SECRET not in said(update)
        rows = {row.kind for row in update.worklist.rows}
        assert rows == {RowKind.ALERT, RowKind.SOURCE}
        asked = am.asked["/api/v2/alerts"]
        update = await seen.more(2)
        assert am.asked["/api/v2/alerts"] > asked
        assert [event.kind for event in update.events].count(EventKind.CONSOLE) == 1
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        broken = False
        update = await seen.until(lambda update: len(update.snapshot.alerts) == 2)
        assert badges_of(update, BadgeKind.CONSOLE) == []
        assert "well again" in said(update)


async def test_rows_that_cannot_be_made_leave_the_last_ones_and_the_clocks_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    am = alertmanager("DiskFull")
    whole = Triage.worklist
    broken = False

    def worklist(self: Triage, snapshot: Snapshot) -> Worklist:
        if broken:
            raise KeyError(SECRET)
        return whole(self, snapshot)

    monkeypatch.setattr(Triage, "worklist", worklist)
    async with up(am), running(on_urls([], [am.url])) as (_, seen):
        before = await seen.until(lambda update: len(update.worklist.rows) == 1)
        broken = True
        am.answers["/api/v2/alerts"] = [listed("DiskFull"), listed("HighLoad")]
        update = await seen.until(lambda update: len(update.snapshot.alerts) == 2)
        assert update.worklist.rows == before.worklist.rows
        assert len(badges_of(update, BadgeKind.CONSOLE)) == 1
        broken = False
        update = await seen.until(
            lambda update: (
                len(update.worklist.rows) == 2 and not badges_of(update, BadgeKind.CONSOLE)
            )
        )
        since = {row.title.exact: row.since for row in update.worklist.rows}
        assert since["DiskFull"] == before.worklist.rows[0].since


async def test_a_watch_that_ends_is_said_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    am = alertmanager("DiskFull")
    broken = True

    async def opened(settings: Settings, http: HttpClient, clock: Clock) -> Opened:
        if broken:
            raise KeyError(SECRET)
        return await open_sources(settings, http, clock)

    monkeypatch.setattr("console.engine.watch.open_sources", opened)
    loaded = on_urls([], [am.url], interval=timedelta(seconds=0.2))
    async with up(am), running(loaded) as (engine, seen):
        update = await seen.until(lambda update: bool(badges_of(update, BadgeKind.CONSOLE)))
        assert "not asked" in said(update) and SECRET not in said(update)
        assert not update.snapshot.complete
        broken = False
        engine.refresh()
        update = await seen.until(lambda update: names_in(update) == ["DiskFull"])


@pytest.mark.real("git")
async def test_a_bug_in_the_journal_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise TypeError(SECRET)

    monkeypatch.setattr("console.journal.library.Library.read", broken)
    folder = tmp_path / "settings"
    folder.mkdir(0o700)
    (folder / "oncall.yaml").write_text(f"journal:\n  folder: {tmp_path / 'journal'}\n")
    async with running(load(folder)) as (engine, seen):
        assert isinstance(await engine.papers.bench(), Bench)
        update = await seen.until(lambda update: "the journal is not read" in said(update))
        assert "TypeError at console.engine.papers:" in said(update)
        assert SECRET not in said(update)
