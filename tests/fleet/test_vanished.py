"""No false all-clear: an alert leaves the list only with a proof that it is over."""

from __future__ import annotations

from datetime import timedelta

from console.fleet.fleet import Fleet
from console.model.alert import AlertState, RuleHealth, TargetHealth
from console.model.policy import Policy
from console.model.snapshot import Snapshot, Standing
from console.model.state import State
from console.safety.text import Raw
from tests.fleet.world import (
    AM,
    PAIR,
    PROM,
    alert,
    am_down,
    am_reading,
    at,
    fleet,
    prom_down,
    prom_reading,
    rule,
    series,
    target,
    the_alert,
)

LOAD = alert(instance="web:9100")
LOAD_SERIES = series(instance="web:9100")


def seen_firing(world: Fleet, until_s: int = 30) -> None:
    for seconds in range(0, until_s + 1, 15):
        world.take(am_reading(seconds, LOAD))
        world.take(prom_reading(seconds, LOAD_SERIES))
        world.snapshot(at(seconds))


def names(snapshot: Snapshot) -> list[str]:
    return [one.alert.name.exact for one in snapshot.alerts]


def test_an_alert_that_both_let_go_is_resolved_and_says_why() -> None:
    world = fleet()
    seen_firing(world)
    world.take(prom_reading(44))
    world.take(am_reading(45))
    snapshot = world.snapshot(at(45))
    assert names(snapshot) == []
    (resolved,) = snapshot.resolved
    assert resolved.alert == LOAD
    assert "am is healthy without it" in resolved.proof
    assert "prom evaluates it" in resolved.proof


def test_a_resolved_alert_is_listed_for_an_hour() -> None:
    world = fleet()
    seen_firing(world)
    world.take(prom_reading(44))
    world.take(am_reading(45))
    assert world.snapshot(at(45)).resolved
    assert world.snapshot(at(45 + 3590)).resolved
    assert not world.snapshot(at(45 + 3610)).resolved


def test_while_the_owner_has_not_been_asked_since_it_keeps_firing() -> None:
    world = fleet()
    seen_firing(world)
    world.take(am_reading(45))
    (known,) = world.snapshot(at(45)).alerts
    assert (known.state, known.as_of) == (State.FIRING, at(30))
    assert known.why == "prom has not been asked since"


def test_a_dead_prometheus_makes_vanishing_alerts_lost_for_as_long_as_it_is_dead() -> None:
    world = fleet()
    seen_firing(world)
    for seconds in range(45, 600, 15):
        world.take(prom_down(seconds))
        world.take(am_reading(seconds, *([LOAD] if seconds < 240 else [])))
        known = the_alert(world.snapshot(at(seconds)))
        assert known.state is (State.FIRING if seconds < 240 else State.LOST)
    assert known.why == "prom does not answer"
    assert known.as_of == at(225)


def test_a_lost_alert_is_resolved_when_the_proof_comes_later() -> None:
    world = fleet()
    seen_firing(world)
    for seconds in range(45, 300, 15):
        world.take(prom_down(seconds))
        world.take(am_reading(seconds, *([LOAD] if seconds < 240 else [])))
        world.snapshot(at(seconds))
    states = []
    for seconds in range(300, 346, 15):
        world.take(prom_reading(seconds))
        world.take(am_reading(seconds))
        snapshot = world.snapshot(at(seconds))
        states.append(the_alert(snapshot).state if snapshot.alerts else None)
    assert states == [State.LOST, State.LOST, None, None]
    assert snapshot.resolved


def test_a_lost_alert_fires_again_when_it_is_seen_again() -> None:
    world = fleet()
    seen_firing(world)
    world.take(prom_down(45))
    world.take(am_reading(45))
    assert the_alert(world.snapshot(at(45))).state is State.LOST
    world.take(am_reading(60, LOAD))
    known = the_alert(world.snapshot(at(60)))
    assert (known.state, known.why) == (State.FIRING, "")


def test_a_lost_alert_is_given_up_after_a_day() -> None:
    world = fleet(policy=Policy(lost_for=timedelta(hours=24)))
    seen_firing(world)
    world.take(prom_down(45))
    world.take(am_reading(45))
    assert world.snapshot(at(45 + 86390)).alerts
    assert not world.snapshot(at(45 + 86410)).alerts
    assert not world.snapshot(at(45 + 86410)).resolved


def test_an_alertmanager_that_restarted_empty_proves_nothing_for_five_minutes() -> None:
    world = fleet()
    seen_firing(world)
    states = []
    for seconds in range(45, 391, 15):
        world.take(prom_reading(seconds))
        world.take(am_reading(seconds, up_since_s=40))
        snapshot = world.snapshot(at(seconds))
        states.append(the_alert(snapshot).state if snapshot.alerts else None)
        if snapshot.alerts:
            assert the_alert(snapshot).why == "am restarted less than 5 min before"
    assert set(states[:20]) == {State.LOST}  # up to 340 s, when it is up for 300 s
    assert states[-1] is None


def test_a_settling_alertmanager_proves_nothing() -> None:
    world = fleet()
    seen_firing(world)
    world.take(prom_reading(44))
    world.take(am_reading(45, gossip="settling"))
    known = the_alert(world.snapshot(at(45)))
    assert (known.state, known.why) == (State.LOST, "am is settling")


def test_what_prometheus_still_lists_keeps_firing_without_alertmanager() -> None:
    world = fleet()
    seen_firing(world)
    world.take(am_reading(45))
    world.take(prom_reading(46, LOAD_SERIES))
    (known,) = world.snapshot(at(46)).alerts
    assert known.alert == LOAD
    assert (known.state, known.as_of) == (State.FIRING, at(46))
    assert known.why == "Alertmanager am does not have it"


def test_a_prometheus_that_has_just_restarted_proves_nothing() -> None:
    fresh_rule = (rule("HighLoad", evaluated_s=None, health=RuleHealth.UNKNOWN),)
    unscraped = (target("web:9100", health=TargetHealth.UNKNOWN),)
    for reading, why in (
        (prom_reading(44, rules=fresh_rule), "prom has not evaluated its rule yet"),
        (prom_reading(44, rules=()), "prom has no rule of its name"),
        (prom_reading(44, targets=unscraped), "prom has not scraped web:9100 yet"),
        (
            prom_reading(44, series(instance="web:9100", state=AlertState.PENDING)),
            "prom still lists it",
        ),
        (
            prom_reading(44, rules=(rule("HighLoad", evaluated_s=44, health=RuleHealth.ERR),)),
            "prom cannot evaluate its rule",
        ),
        (
            prom_reading(44, rules=(rule("HighLoad", evaluated_s=-60),)),
            "prom no longer evaluates its rule",
        ),
        (prom_reading(44, warnings=(Raw("store down"),)), "prom gave a partial result"),
    ):
        world = fleet()
        seen_firing(world)
        world.take(reading)
        world.take(am_reading(45))
        known = the_alert(world.snapshot(at(45)))
        assert (known.state, known.why) == (State.LOST, why)


def test_an_alert_that_waits_for_the_next_evaluation_still_fires_and_is_then_over_or_lost() -> None:
    world = fleet()
    seen_firing(world)
    world.take(prom_reading(44, rules=(rule("HighLoad", evaluated_s=20),)))
    world.take(am_reading(45))
    known = the_alert(world.snapshot(at(45)))
    assert (known.state, known.why) == (State.FIRING, "prom has not evaluated its rule since")
    world.take(prom_reading(60, rules=(rule("HighLoad", evaluated_s=50),)))
    world.take(am_reading(60))
    assert world.snapshot(at(60)).alerts == ()
    stuck = fleet()
    seen_firing(stuck)
    for seconds in (44, 60, 75, 90, 105):
        stuck.take(prom_reading(seconds, rules=(rule("HighLoad", evaluated_s=20),)))
        stuck.take(am_reading(seconds + 1))
    assert the_alert(stuck.snapshot(at(106))).state is State.LOST


def test_an_unknown_sender_resolves_only_clearly_before_the_end_time() -> None:
    foreign = alert(instance="web:9100", generator="", ends_s=240)
    for vanished_s, expected in ((60, None), (180, None), (195, State.LOST), (300, State.LOST)):
        world = fleet(AM)
        for seconds in range(0, vanished_s, 15):
            world.take(am_reading(seconds, foreign))
        world.take(am_reading(vanished_s))
        snapshot = world.snapshot(at(vanished_s))
        state = the_alert(snapshot).state if snapshot.alerts else None
        assert state is expected, vanished_s
        assert bool(snapshot.resolved) == (expected is None)


def test_an_alert_of_another_ruler_with_the_same_labels_ends_by_an_explicit_resolve() -> None:
    for ends_s, expected in ((900, None), (50, State.LOST)):
        ruler = alert("FromLogs", site="eu", generator="http://loki/x?y", ends_s=ends_s)
        world = fleet()
        for seconds in (0, 15, 30):
            world.take(prom_reading(seconds, external=(("site", "eu"),)))
            world.take(am_reading(seconds, ruler))
            assert the_alert(world.snapshot(at(seconds)), "FromLogs").owner == "prom"
        world.take(prom_reading(45, external=(("site", "eu"),)))
        world.take(am_reading(45))
        snapshot = world.snapshot(at(45))
        state = the_alert(snapshot, "FromLogs").state if snapshot.alerts else None
        assert state is expected


def test_an_unknown_sender_is_not_resolved_by_a_restart() -> None:
    foreign = alert(instance="web:9100", generator="", ends_s=100_000)
    world = fleet(AM)
    world.take(am_reading(0, foreign))
    for seconds in range(15, 700, 15):
        world.take(am_reading(seconds, up_since_s=10))
        assert the_alert(world.snapshot(at(seconds))).state is State.LOST


def test_a_failed_source_keeps_its_alerts_with_their_age() -> None:
    world = fleet(AM)
    world.take(am_reading(0, LOAD))
    states = []
    for seconds in (15, 30, 60, 75, 3600):
        world.take(am_down(seconds))
        known = the_alert(world.snapshot(at(seconds)))
        states.append(known.state)
        assert known.as_of == at(0)
    assert states == [State.FIRING] * 3 + [State.STALE] * 2
    assert known.why == "am does not answer"


def test_alerts_grow_stale_with_time_alone() -> None:
    world = fleet(AM)
    world.take(am_reading(0, LOAD))
    assert the_alert(world.snapshot(at(59))).state is State.FIRING
    assert the_alert(world.snapshot(at(61))).state is State.STALE


def test_with_a_dead_alertmanager_a_healthy_owner_keeps_them_firing() -> None:
    world = fleet()
    seen_firing(world)
    for seconds in range(45, 300, 15):
        world.take(am_down(seconds))
        world.take(prom_reading(seconds, LOAD_SERIES))
        (known,) = world.snapshot(at(seconds)).alerts
        assert (known.state, known.as_of) == (State.FIRING, at(seconds))
        assert known.why == "am does not answer, prom tells of it"


def test_with_a_dead_alertmanager_the_owner_proves_the_end_in_two_intervals() -> None:
    world = fleet()
    seen_firing(world)
    states = []
    for seconds in range(45, 121, 15):
        world.take(am_down(seconds))
        world.take(prom_reading(seconds))
        snapshot = world.snapshot(at(seconds))
        states.append(the_alert(snapshot).state if snapshot.alerts else None)
    assert states[:2] == [State.FIRING, State.FIRING]
    assert states[2:] == [None] * 4
    assert "has not told it for two intervals" in snapshot.resolved[0].proof


def test_a_member_that_is_down_keeps_what_only_it_had() -> None:
    world = fleet(PAIR)
    world.take(am_reading(0, LOAD, member="a"))
    world.take(am_reading(0, member="b"))
    assert the_alert(world.snapshot(at(1))).seen_by == (1, 2)
    for seconds in range(15, 91, 15):
        world.take(am_down(seconds, member="a"))
        world.take(am_reading(seconds, member="b"))
        known = the_alert(world.snapshot(at(seconds)))
        assert known.state is (State.FIRING if seconds <= 60 else State.STALE)
    assert known.why == "am/a does not answer"


def test_one_member_that_lets_go_is_a_disagreement_not_a_resolution() -> None:
    world = fleet(PAIR, PROM)
    for seconds in (0, 15, 30):
        world.take(am_reading(seconds, LOAD, member="a"))
        world.take(am_reading(seconds, LOAD, member="b"))
        world.take(prom_reading(seconds, LOAD_SERIES))
    assert the_alert(world.snapshot(at(30))).seen_by == (2, 2)
    world.take(am_reading(45, member="a"))
    world.take(am_reading(45, LOAD, member="b"))
    world.take(prom_reading(45))
    known = the_alert(world.snapshot(at(45)))
    assert (known.state, known.seen_by) == (State.FIRING, (1, 2))


def test_an_alert_on_the_word_of_prometheus_alone_ends_by_its_word() -> None:
    world = fleet(PROM)
    for seconds in (0, 15, 30):
        world.take(prom_reading(seconds, LOAD_SERIES))
    known = the_alert(world.snapshot(at(30)))
    assert (known.standing, known.owner) == (Standing.FIRING, "prom")
    world.take(prom_down(45))
    assert the_alert(world.snapshot(at(45))).state is State.FIRING
    assert the_alert(world.snapshot(at(95))).state is State.STALE
    states = []
    for seconds in (105, 120, 135):
        world.take(prom_reading(seconds))
        snapshot = world.snapshot(at(seconds))
        states.append(the_alert(snapshot).state if snapshot.alerts else None)
    assert states == [State.LOST, State.LOST, None]
    assert snapshot.resolved


def test_health_has_to_be_shown_anew_after_a_long_pause() -> None:
    world = fleet()
    seen_firing(world)
    # The console slept for an hour; nothing failed as far as it knows.
    world.take(prom_reading(3600))
    world.take(am_reading(3601))
    known = the_alert(world.snapshot(at(3601)))
    assert (known.state, known.why) == (
        State.LOST,
        "prom has not been healthy for two intervals yet",
    )


def test_a_late_reading_does_not_undo_a_newer_one() -> None:
    world = fleet(AM)
    world.take(am_reading(30, LOAD))
    world.take(am_reading(15))
    assert the_alert(world.snapshot(at(31))).state is State.FIRING
