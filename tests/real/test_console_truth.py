"""What the console says of a real Prometheus and Alertmanager while parts of them die."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from config.load import Loaded
from config.policy import policy_of
from console.model.snapshot import BadgeKind, Standing
from console.model.state import State
from console.model.update import Update
from console.model.worklist import RowKind, Step
from tests.real.world import (
    ALWAYS_ON,
    BROKEN,
    ENDS_AFTER_S,
    TARGET_DOWN,
    WATCHDOG,
    is_all_clear,
    listed_by,
    world,
)
from tests.waiting import until
from tests.watching import (
    alert_called,
    badges_of,
    cell_called,
    names_in,
    running,
    source_called,
    state_of,
)

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(90),
]
AFTER_THE_END = 4
"""Polls beyond the moment in which Alertmanager itself has let go of an alert."""


@pytest.fixture
def grown_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An Alertmanager is trusted to know all after a second, not only after five minutes."""
    monkeypatch.setattr("console.fleet.cluster.MATURE_AFTER", timedelta(seconds=1))
    yield


def cell_state(update: Update, name: str) -> State | None:
    cell = cell_called(update, name)
    return None if cell is None else cell.state


def resolved(update: Update) -> list[str]:
    return [one.alert.name.exact for one in update.snapshot.resolved]


async def test_a_url_alone_shows_alerts_clocks_alertmanagers_and_services(tmp_path: Path) -> None:
    async with world(tmp_path, ALWAYS_ON) as real, running(real.loaded()) as (_, seen):
        update = await seen.until(
            lambda update: (
                (known := alert_called(update, "AlwaysOn")) is not None
                and known.alert.cluster == "alertmanager"
                and cell_state(update, "web") is State.OK
            )
        )
        known = alert_called(update, "AlwaysOn")
        assert known is not None
        assert (known.state, known.standing) == (State.FIRING, Standing.FIRING)
        assert known.owner == "prometheus"
        (row,) = (row for row in update.worklist.rows if row.kind is RowKind.ALERT)
        assert row.clocks is not None and row.step is Step.ACK
        assert row.clocks.respond_by > known.alert.starts_at
        assert {source.name for source in update.snapshot.sources} == {"prometheus", "alertmanager"}
        source = source_called(update, "alertmanager")
        assert source is not None and source.version is not None
        assert source.version.exact.startswith("0.")
        assert cell_state(update, "prometheus") is State.OK


@pytest.mark.usefixtures("grown_up")
async def test_a_target_that_dies_is_seen_and_is_well_when_it_is_back(tmp_path: Path) -> None:
    async with world(tmp_path, TARGET_DOWN) as real, running(real.loaded()) as (_, seen):
        await seen.until(lambda update: cell_state(update, "web") is State.OK)
        await real.target.kill()
        update = await seen.until(
            lambda update: (
                cell_state(update, "web") is State.FIRING and "TargetDown" in names_in(update)
            )
        )
        known = alert_called(update, "TargetDown")
        assert known is not None and known.cell is not None
        assert known.cell.startswith("web")
        await real.target.start()
        update = await seen.until(lambda update: cell_state(update, "web") is State.OK)
        assert names_in(update) == []
        assert resolved(update) == ["TargetDown"]


@pytest.mark.usefixtures("grown_up")
async def test_a_dead_prometheus_is_never_an_all_clear(tmp_path: Path) -> None:
    async with (
        world(tmp_path, TARGET_DOWN, scraped=False) as real,
        running(real.loaded()) as (_, seen),
    ):
        await seen.until(
            lambda update: (
                (known := alert_called(update, "TargetDown")) is not None
                and known.alert.cluster == "alertmanager"
                and cell_state(update, "web") is State.FIRING
            )
        )
        total = seen.last.worklist.counts.total
        dead_from = len(seen.updates)
        real.prom.kill()
        update = await seen.until(lambda update: state_of(update, "prometheus") is State.UNKNOWN)
        source = source_called(update, "prometheus")
        assert source is not None and "refused" in source.failures[0].cause

        # Alertmanager is well all the time, and lets go of what nobody sends any more.
        await until(lambda: listed_by(real.am), lambda names: names == [])
        dropped_at = seen.last.snapshot.at.mono
        await seen.until(lambda update: update.snapshot.at.mono > dropped_at + AFTER_THE_END)
        dead = seen.updates[dead_from:]
        assert dead[-1].snapshot.at.mono - dead[0].snapshot.at.mono > ENDS_AFTER_S
        for update in dead:
            assert "TargetDown" in names_in(update)
            assert resolved(update) == []
            assert update.worklist.counts.total >= total
            assert cell_state(update, "web") is not State.OK
            assert not is_all_clear(update)
        known = alert_called(dead[-1], "TargetDown")
        assert known is not None and known.state is State.LOST
        assert "prometheus does not answer" in known.why

        await real.start_prometheus()
        update = await seen.until(
            lambda update: (
                state_of(update, "prometheus") is State.OK
                and (known := alert_called(update, "TargetDown")) is not None
                and known.state is State.FIRING
            )
        )
        for update in seen.updates[dead_from:]:
            assert resolved(update) == []
            assert "TargetDown" in names_in(update)
        await real.target.start()
        update = await seen.until(is_all_clear)
        assert resolved(update) == ["TargetDown"]
        assert cell_state(update, "web") is State.OK


def with_watchdog(loaded: Loaded) -> Loaded:
    """As a team has it that named the alert which must always fire."""
    sources = loaded.settings.sources
    (prometheus,) = sources.prometheus
    prometheus = msgspec.structs.replace(prometheus, watchdog={"alertname": "Watchdog"})
    sources = msgspec.structs.replace(sources, prometheus=(prometheus,))
    settings = msgspec.structs.replace(loaded.settings, sources=sources)
    return msgspec.structs.replace(loaded, settings=settings, policy=policy_of(settings))


async def test_a_watchdog_is_no_alert_and_its_absence_is_one(tmp_path: Path) -> None:
    async with (
        world(tmp_path, WATCHDOG, ALWAYS_ON) as real,
        running(with_watchdog(real.loaded())) as (_, seen),
    ):
        await until(lambda: listed_by(real.am), lambda names: "Watchdog" in names)
        update = await seen.until(
            lambda update: (
                names_in(update) == ["AlwaysOn"] and not badges_of(update, BadgeKind.WATCHDOG)
            )
        )
        await real.change_rules(ALWAYS_ON)
        update = await seen.until(lambda update: bool(badges_of(update, BadgeKind.WATCHDOG)))
        assert "watchdog missing: prometheus" in badges_of(update, BadgeKind.WATCHDOG)[0]
        assert "WatchdogMissing" in [row.title.exact for row in update.worklist.rows]
        await real.change_rules(WATCHDOG, ALWAYS_ON)
        await seen.until(lambda update: not badges_of(update, BadgeKind.WATCHDOG))


async def test_a_rule_that_cannot_be_evaluated_is_said_and_keeps_the_light_off(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, BROKEN) as real, running(real.loaded()) as (_, seen):
        update = await seen.until(lambda update: bool(badges_of(update, BadgeKind.RULES)))
        assert badges_of(update, BadgeKind.RULES) == [
            "1 rule of prometheus cannot be evaluated: Broken"
        ]
        assert "RulesFailing" in [row.title.exact for row in update.worklist.rows]
        assert not is_all_clear(update)
        await real.change_rules(ALWAYS_ON)
        await seen.until(lambda update: not badges_of(update, BadgeKind.RULES))
