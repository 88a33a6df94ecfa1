"""What the console says while real Alertmanagers die, start empty, and silence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from console.model.snapshot import Standing
from console.model.state import State
from console.model.update import Update
from console.model.worklist import Row, RowKind, Step
from tests.real.world import ALWAYS_ON, is_all_clear, listed_by, silence, world
from tests.servers import delete
from tests.waiting import until
from tests.watching import alert_called, names_in, running, source_called, state_of

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(90),
]


def is_told_by_alertmanager(update: Update) -> bool:
    known = alert_called(update, "AlwaysOn")
    return known is not None and known.alert.cluster == "alertmanager"


def never_lost(updates: list[Update]) -> bool:
    """Whether every picture had the alert, firing, and none called it over."""
    return all(
        (known := alert_called(update, "AlwaysOn")) is not None
        and known.state is State.FIRING
        and update.snapshot.resolved == ()
        and not is_all_clear(update)
        for update in updates
    )


async def test_a_dead_alertmanager_is_sick_and_its_alerts_stay(tmp_path: Path) -> None:
    async with world(tmp_path, ALWAYS_ON) as real, running(real.loaded()) as (_, seen):
        await seen.until(is_told_by_alertmanager)
        first = len(seen.updates)
        real.am.kill()
        update = await seen.until(lambda update: state_of(update, "alertmanager") is State.UNKNOWN)
        source = source_called(update, "alertmanager")
        assert source is not None and "refused" in source.failures[0].cause
        sick = [row.where.exact for row in update.worklist.rows if row.kind is RowKind.SOURCE]
        assert sick == ["alertmanager"]
        await seen.more(8)
        assert never_lost(seen.updates[first:])

        # It comes back with an empty memory, and lists nothing until it is told again.
        await real.start_alertmanager("am-new", port=real.am.port)
        update = await seen.until(lambda update: state_of(update, "alertmanager") is State.OK)
        await seen.more(4)
        assert never_lost(seen.updates[first:])


async def test_half_of_a_cluster_is_enough_and_its_loss_is_said(tmp_path: Path) -> None:
    async with (
        world(tmp_path, ALWAYS_ON, gossiping=True) as real,
        running(real.loaded()) as (_, seen),
    ):
        other = real.alertmanagers[1]
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None and known.seen_by == (2, 2)
            )
        )
        assert names_in(update) == ["AlwaysOn"]
        first = len(seen.updates)
        other.kill()
        update = await seen.until(
            lambda update: state_of(update, f"alertmanager/127.0.0.1:{other.port}") is State.UNKNOWN
        )
        source = source_called(update, "alertmanager")
        assert source is not None and source.state is State.OK
        assert "1 of 2" in source.degraded
        await seen.more(6)
        assert never_lost(seen.updates[first:])

        await real.start_alertmanager("other-new", port=other.port)
        await seen.until(
            lambda update: (
                (source := source_called(update, "alertmanager")) is not None
                and not source.degraded
            )
        )
        await seen.more(2)
        assert never_lost(seen.updates[first:])


def row_of(update: Update, name: str) -> Row:
    (row,) = (row for row in update.worklist.rows if row.title.exact == name)
    return row


async def test_an_empty_list_of_a_restarted_alertmanager_resolves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, ALWAYS_ON) as real, running(real.loaded()) as (_, seen):
        await seen.until(is_told_by_alertmanager)
        first = len(seen.updates)
        # Nobody is left who could tell it anything.
        real.prom.kill()
        real.am.kill()
        await real.start_alertmanager("am-new", port=real.am.port)
        assert await listed_by(real.am) == []
        await seen.until(
            lambda update: (
                state_of(update, "alertmanager") is State.OK
                and state_of(update, "prometheus") is State.UNKNOWN
            )
        )
        await seen.more(6)
        for update in seen.updates[first:]:
            assert "AlwaysOn" in names_in(update)
            assert update.snapshot.resolved == ()
            assert not is_all_clear(update)


async def test_acks_and_silences_come_and_go_with_the_servers_own(tmp_path: Path) -> None:
    async with world(tmp_path, ALWAYS_ON) as real, running(real.loaded()) as (_, seen):
        await seen.until(is_told_by_alertmanager)
        begun = row_of(seen.last, "AlwaysOn")
        assert begun.step is Step.ACK and begun.clocks is not None

        ack = await silence(real.am, "AlwaysOn", "ACK! on it", by="kai")
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None and known.ack is not None
            )
        )
        known = alert_called(update, "AlwaysOn")
        assert known is not None and known.ack is not None
        assert (known.ack.owner.exact, known.ack.note.exact) == ("kai", "on it")
        assert known.standing is Standing.FIRING
        row = row_of(update, "AlwaysOn")
        assert row.step is Step.FIX
        assert row.acked_by is not None and row.acked_by.exact == "kai"
        assert row.clocks is not None and row.clocks.due == begun.clocks.resolve_by

        await asyncio.to_thread(delete, f"{real.am.url}/api/v2/silence/{ack}")
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None and known.ack is None
            )
        )
        row = row_of(update, "AlwaysOn")
        assert row.acked_by is None
        assert row.step is Step.FIX, "it was answered once, and that clock is not started again"

        ordinary = await silence(real.am, "AlwaysOn", "planned work")
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None
                and known.standing is Standing.SILENCED
            )
        )
        assert update.worklist.counts.silenced == 1
        assert row_of(update, "AlwaysOn").clocks is None

        await asyncio.to_thread(delete, f"{real.am.url}/api/v2/silence/{ordinary}")
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None
                and known.standing is Standing.FIRING
            )
        )
        assert row_of(update, "AlwaysOn").clocks is not None
        await until(lambda: listed_by(real.am), lambda names: names == ["AlwaysOn"])
