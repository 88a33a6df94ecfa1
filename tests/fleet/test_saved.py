"""The first frame of the next start, before anybody has been asked."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.fleet.fleet import Fleet
from console.model.alert import AlertState
from console.model.policy import Policy
from console.model.registry import Registry, Service, ServiceType
from console.model.state import State
from console.safety.clock import Instant
from console.safety.text import Raw
from tests.fleet.world import (
    AM,
    PROM,
    START,
    alert,
    am_down,
    am_reading,
    at,
    fleet,
    prom_down,
    prom_reading,
    series,
    silence,
    target,
    the_alert,
    the_cell,
)

REDIS = Registry((), (Service("redis", ServiceType.HTTP, "data-1", instances=("w:1",)),))
LOAD = alert(instance="web:9100", weird="\x1b[31m\u202e")


def before() -> Fleet:
    world = fleet(registry=REDIS)
    world.take(am_reading(0, LOAD, alert("Other", service="redis")))
    world.take(
        prom_reading(
            0,
            series(instance="web:9100"),
            series("Other", service="redis"),
            targets=(target("w:1"),),
        )
    )
    world.snapshot(at(1))
    return world


def later(seconds: float) -> Instant:
    """A moment of another process, whose monotonic clock began anew."""
    return Instant(START + timedelta(seconds=seconds), 7.0 + seconds)


def test_the_first_frame_is_the_last_known_state_with_its_age_and_nothing_ok() -> None:
    world = fleet(registry=REDIS)
    assert world.restore(before().saved()) is None
    snapshot = world.snapshot(later(3600))
    assert snapshot.restored
    assert not snapshot.complete
    known = the_alert(snapshot)
    assert known.alert == LOAD
    assert known.state is State.STALE
    assert later(3600).mono - known.as_of.mono == 3600
    cell = the_cell(snapshot, "redis")
    assert cell.state is State.STALE
    assert cell.because == "was FIRING when last asked: Other fires"
    assert all(one.state is not State.OK for one in snapshot.cells)


def test_once_a_source_answers_what_is_gone_needs_a_proof() -> None:
    world = fleet(registry=REDIS)
    world.restore(before().saved())
    world.snapshot(later(300))

    def moved(seconds: float, *, dead: bool) -> None:
        reading = prom_down(seconds) if dead else prom_reading(seconds)
        world.take(msgspec.structs.replace(reading, at=later(seconds)))
        world.take(msgspec.structs.replace(am_reading(seconds), at=later(seconds)))

    moved(301, dead=True)
    snapshot = world.snapshot(later(301))
    assert not snapshot.restored
    assert the_alert(snapshot).state is State.LOST
    for seconds in (315, 330, 345):
        moved(seconds, dead=False)
        snapshot = world.snapshot(later(seconds))
    assert snapshot.alerts == ()
    assert len(snapshot.resolved) == 2


def test_whose_an_alert_is_outlives_the_console_though_its_alertmanager_is_dead() -> None:
    first = fleet(AM)
    held = alert(silenced_by=("s1",), state=AlertState.SUPPRESSED)
    mine = silence("s1", "ACK! mei: on it", ("alertname", "HighLoad"), ends_s=900)
    first.take(am_reading(0, held, silences=(mine,)))
    assert the_alert(first.snapshot(at(1))).ack is not None
    world = fleet(AM)
    world.restore(first.saved())
    assert the_alert(world.snapshot(later(300))).ack is not None
    world.take(msgspec.structs.replace(am_down(301), at=later(301)))
    known = the_alert(world.snapshot(later(301)))
    assert known.state is State.STALE
    assert known.ack is not None and known.ack.owner.exact == "mei"
    # Past its end nobody knows, and nobody is said to have it.
    world.take(msgspec.structs.replace(am_down(901), at=later(901)))
    assert the_alert(world.snapshot(later(901))).ack is None
    # What the server tells counts from then on.
    world.take(msgspec.structs.replace(am_reading(902, alert()), at=later(902)))
    assert the_alert(world.snapshot(later(902))).ack is None


def test_alerts_of_a_cluster_that_has_yet_to_be_found_do_not_blink() -> None:
    world = fleet(PROM)
    world.restore(before().saved())
    world.snapshot(later(300))
    world.take(
        msgspec.structs.replace(
            prom_reading(301, series(instance="web:9100"), alertmanagers=(Raw("http://am"),)),
            at=later(301),
        )
    )
    assert the_alert(world.snapshot(later(301))).state is State.STALE
    world.watch((PROM, AM))
    world.take(msgspec.structs.replace(am_reading(302, LOAD), at=later(302)))
    assert the_alert(world.snapshot(later(302))).state is State.FIRING


def test_what_an_unknown_sender_told_an_earlier_console_is_not_claimed_to_be_lost() -> None:
    first = fleet(AM)
    first.take(am_reading(0, alert(generator="", instance="x")))
    first.snapshot(at(0))
    world = fleet(AM)
    world.restore(first.saved())
    assert len(world.snapshot(later(300)).alerts) == 1
    world.take(msgspec.structs.replace(am_reading(301), at=later(301)))
    snapshot = world.snapshot(later(301))
    assert (snapshot.alerts, snapshot.resolved) == ((), ())


def test_what_is_older_than_lost_for_is_not_carried_over() -> None:
    world = fleet(policy=Policy(lost_for=timedelta(hours=1)))
    world.restore(before().saved())
    world.take(msgspec.structs.replace(prom_down(7200), at=later(7200)))
    assert world.snapshot(later(7200)).alerts == ()


def test_text_that_no_utf8_can_carry_does_not_stop_the_saving() -> None:
    first = fleet(AM)
    first.take(am_reading(0, alert(instance="half \ud83d a smile")))
    first.snapshot(at(0))
    world = fleet(AM)
    assert world.restore(first.saved()) is None
    assert the_alert(world.snapshot(later(1))).alert.labels.exact("instance") == "half ? a smile"


def test_a_clock_set_back_makes_nothing_younger_than_now() -> None:
    world = fleet()
    world.restore(before().saved())
    now = later(-3600)
    assert all(one.as_of.mono <= now.mono for one in world.snapshot(now).alerts)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 99}',
        b'{"version": 1}',
        b'{"version": 1, "environment": "test", "at": 5}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        before().saved()[:-40],
        before().saved().replace(b'"test"', b'"other"'),
        before().saved().replace(b'"weird"', b"7"),
        before().saved().replace(b"+00:00", b"").replace(b'Z"', b'"'),
    ],
    ids=range(13),
)
def test_a_saved_state_that_is_of_no_use_is_ignored_and_says_why(content: bytes) -> None:
    world = fleet()
    said = world.restore(content)
    assert said is not None
    assert said.endswith("it is ignored")
    snapshot = world.snapshot(at(0))
    assert not snapshot.restored
    assert snapshot.alerts == ()


def test_a_console_that_learned_nothing_does_not_lose_what_was_saved() -> None:
    content = before().saved()
    world = fleet()
    world.restore(content)
    world.snapshot(later(1))
    assert world.saved() == content
    assert fleet().saved() == b""
