"""How the sources are doing, and what the header says about the monitoring itself."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.fleet.fleet import Fleet
from console.model.alert import AlertState, RuleHealth
from console.model.failure import FailureKind
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.probe import Verdict
from console.model.reading import ProbeReading
from console.model.snapshot import Badge, BadgeKind, Snapshot, SourceHealth
from console.model.state import State
from console.safety.text import Raw
from tests.fleet.world import (
    AM,
    HEALTH,
    PAIR,
    PROM,
    START,
    alert,
    am_down,
    am_reading,
    at,
    failure,
    fleet,
    probe_reading,
    prom_down,
    prom_reading,
    rule,
    series,
)

WATCHED = Policy(watchdogs=(("prom", (Matcher("alertname", Raw("Watchdog")),)),))
DOG = alert("Watchdog", generator="http://prom:9090/graph?g0.expr=vector(1)")
DOG_SERIES = series("Watchdog")


def source(snapshot: Snapshot, name: str) -> SourceHealth:
    (found,) = [one for one in snapshot.sources if one.name == name]
    return found


def badges(snapshot: Snapshot, kind: BadgeKind) -> list[Badge]:
    return [one for one in snapshot.badges if one.kind is kind]


def test_a_source_that_was_never_asked_is_unknown_and_the_snapshot_incomplete() -> None:
    world = fleet(AM, PROM, HEALTH)
    snapshot = world.snapshot(at(0))
    assert {one.state for one in snapshot.sources} == {State.UNKNOWN}
    assert not snapshot.complete
    world.take(am_down(1))
    assert not world.snapshot(at(1)).complete
    world.take(prom_reading(1))
    assert world.snapshot(at(1)).complete


def test_a_failing_source_tells_since_when_and_why() -> None:
    world = fleet(AM, PROM)
    world.take(am_reading(0))
    world.take(am_reading(15))
    am = source(world.snapshot(at(16)), "am")
    assert (am.state, am.last_ok, am.healthy_since) == (State.OK, at(15), at(0))
    for seconds in (30, 45):
        world.take(am_down(seconds))
    am = source(world.snapshot(at(46)), "am")
    assert am.state is State.UNKNOWN
    assert am.failing_since == START + timedelta(seconds=30)
    assert am.healthy_since is None
    assert am.last_ok == at(15)
    assert {one.part for one in am.failures} == {"alerts", "silences", "status"}
    world.take(am_reading(60))
    am = source(world.snapshot(at(61)), "am")
    assert (am.state, am.failing_since, am.failures) == (State.OK, None, ())


def test_a_source_that_says_nothing_for_a_minute_is_stale() -> None:
    world = fleet(PROM)
    world.take(prom_reading(0))
    assert source(world.snapshot(at(60)), "prom").state is State.OK
    assert source(world.snapshot(at(61)), "prom").state is State.STALE


def test_one_broken_part_weakens_a_source_and_its_alerts_are_believed() -> None:
    world = fleet(AM)
    broken = msgspec.structs.replace(am_reading(0, alert()), silences=failure("am", "silences", 0))
    world.take(broken)
    snapshot = world.snapshot(at(0))
    am = source(snapshot, "am")
    assert (am.state, am.degraded) == (State.OK, "silences: refused the connection")
    assert len(am.failures) == 1
    assert len(snapshot.alerts) == 1


def test_a_cluster_is_weakened_by_a_member_that_is_down() -> None:
    world = fleet(PAIR)
    world.take(am_reading(0, member="a"))
    world.take(am_down(0, member="b"))
    snapshot = world.snapshot(at(0))
    assert [one.name for one in snapshot.sources] == ["am", "am/a", "am/b"]
    assert source(snapshot, "am").state is State.OK
    assert source(snapshot, "am").degraded == "1 of 2 members answers"
    assert source(snapshot, "am/b").state is State.UNKNOWN


def test_only_the_cluster_counts_as_a_source_and_its_members_say_whose_they_are() -> None:
    world = fleet(PAIR)
    world.take(am_reading(0, member="a"))
    snapshot = world.snapshot(at(0))
    assert [one.name for one in snapshot.whole_sources] == ["am"]
    assert [one.member_of for one in snapshot.sources] == ["", "am", "am"]


def test_a_cluster_says_where_its_pages_are_before_and_after_it_answers() -> None:
    world = fleet(msgspec.structs.replace(AM, page="https://am/prefix"))
    assert source(world.snapshot(at(0)), "am").page == "https://am/prefix"
    world.take(am_reading(0, member="a"))
    assert source(world.snapshot(at(0)), "am").page == "https://am/prefix"


def test_the_version_of_a_prometheus_is_known_from_when_it_was_told() -> None:
    world = fleet(PROM)
    world.take(msgspec.structs.replace(prom_reading(0), version=Raw("2.55.1")))
    world.take(prom_down(15))
    world.take(prom_reading(30))
    assert source(world.snapshot(at(30)), "prom").version == Raw("2.55.1")


def test_one_check_that_is_never_answered_makes_no_source_that_is_well() -> None:
    world = fleet(HEALTH)
    world.take(probe_reading(0, "a", Verdict.NO_ANSWER))
    assert source(world.snapshot(at(0)), "health").state is State.UNKNOWN
    world.take(probe_reading(30, "a", Verdict.UNHEALTHY))
    assert source(world.snapshot(at(30)), "health").state is State.OK
    world.take(probe_reading(60, "a", Verdict.NO_ANSWER))
    assert source(world.snapshot(at(60)), "health").state is State.UNKNOWN


def test_probing_is_one_source_that_counts_who_does_not_answer() -> None:
    world = fleet(HEALTH)
    for name in ("a", "b", "c"):
        world.take(probe_reading(0, name))
    world.take(probe_reading(30, "a", Verdict.NO_ANSWER))
    world.take(probe_reading(30, "b", Verdict.UNHEALTHY))
    health = source(world.snapshot(at(30)), "health")
    assert (health.state, health.degraded) == (State.OK, "1 of 3 do not answer")
    for name in ("a", "b", "c"):
        world.take(probe_reading(60, name, Verdict.NO_ANSWER))
    health = source(world.snapshot(at(60)), "health")
    assert (health.state, health.failing_since) == (State.UNKNOWN, at(60).wall)


def test_a_watchdog_that_fires_is_no_alert_and_no_badge() -> None:
    world = fleet(policy=WATCHED)
    for seconds in (0, 15, 30, 45):
        world.take(am_reading(seconds, DOG))
        world.take(prom_reading(seconds, DOG_SERIES))
    snapshot = world.snapshot(at(45))
    assert snapshot.alerts == ()
    assert snapshot.badges == ()


def test_a_missing_watchdog_is_a_badge_after_two_intervals_and_a_row() -> None:
    world = fleet(policy=WATCHED)
    world.take(am_reading(0, DOG))
    world.take(prom_reading(0, DOG_SERIES))
    world.snapshot(at(0))
    said = []
    for seconds in (15, 30, 45, 60):
        world.take(prom_down(seconds))
        world.take(am_reading(seconds))
        said.append([one.text for one in badges(world.snapshot(at(seconds)), BadgeKind.WATCHDOG)])
    assert said == [[], [], [], ["watchdog missing: prom"]]
    (badge,) = badges(world.snapshot(at(60)), BadgeKind.WATCHDOG)
    assert (badge.is_row, badge.since) == (True, at(15).wall)
    world.take(am_reading(75, DOG))
    assert badges(world.snapshot(at(75)), BadgeKind.WATCHDOG) == []


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ((DOG_SERIES,), "watchdog of prom does not reach Alertmanager"),
        ((), "watchdog missing: prom has no such rule"),
    ],
)
def test_a_missing_watchdog_says_where_it_ends(told: tuple[object, ...], text: str) -> None:
    world = fleet(policy=WATCHED)
    for seconds in (0, 15, 30, 45):
        world.take(am_reading(seconds))
        world.take(prom_reading(seconds, *told))  # type: ignore[arg-type]
        snapshot = world.snapshot(at(seconds))
    assert [one.text for one in badges(snapshot, BadgeKind.WATCHDOG)] == [text]
    assert snapshot.alerts == ()


def test_without_settings_a_watchdog_is_expected_only_where_a_rule_makes_one() -> None:
    world = fleet(policy=msgspec.structs.replace(WATCHED, watchdogs_by_rule=True))
    for seconds in (0, 15, 30, 45):
        world.take(am_reading(seconds))
        world.take(prom_reading(seconds))
    assert badges(world.snapshot(at(45)), BadgeKind.WATCHDOG) == []
    for seconds in (60, 75, 90, 105):
        world.take(am_reading(seconds))
        world.take(prom_reading(seconds, rules=(rule("Watchdog", evaluated_s=seconds),)))
        world.snapshot(at(seconds))
    (badge,) = badges(world.snapshot(at(105)), BadgeKind.WATCHDOG)
    assert badge.text == "watchdog missing: prom"


def test_nothing_is_said_of_a_watchdog_while_nobody_answers() -> None:
    world = fleet(policy=WATCHED)
    for seconds in range(0, 200, 15):
        world.take(am_down(seconds))
        world.take(prom_down(seconds))
        assert badges(world.snapshot(at(seconds)), BadgeKind.WATCHDOG) == []


def test_a_silenced_watchdog_is_as_bad_as_a_missing_one() -> None:
    world = fleet(policy=WATCHED)
    muted = msgspec.structs.replace(DOG, state=AlertState.SUPPRESSED, silenced_by=("s1",))
    world.take(am_reading(0, muted))
    (badge,) = badges(world.snapshot(at(0)), BadgeKind.WATCHDOG)
    assert (badge.text, badge.is_row) == ("watchdog silenced: prom", True)


@pytest.mark.parametrize(
    ("skew_s", "text"), [(5.0, "clock of prom is 5 s ahead"), (-90, "clock of prom is 90 s behind")]
)
def test_a_clock_that_is_off_is_a_badge(skew_s: float, text: str) -> None:
    world = fleet(PROM)
    world.take(prom_reading(0, skew=timedelta(seconds=skew_s)))
    assert [one.text for one in badges(world.snapshot(at(0)), BadgeKind.SKEW)] == [text]


def test_the_time_that_a_request_takes_is_no_skew() -> None:
    world = fleet(PROM)
    slow = msgspec.structs.replace(
        prom_reading(0, skew=timedelta(seconds=-4)), took=timedelta(seconds=3)
    )
    world.take(slow)
    assert badges(world.snapshot(at(0)), BadgeKind.SKEW) == []


def test_a_settling_member_and_a_partial_result_are_badges() -> None:
    world = fleet(PAIR, PROM)
    world.take(am_reading(0, member="a"))
    world.take(am_reading(0, member="b", gossip="settling"))
    world.take(prom_reading(0, warnings=(Raw("store down"),)))
    snapshot = world.snapshot(at(0))
    assert [one.text for one in badges(snapshot, BadgeKind.SETTLING)] == ["am/b is settling"]
    assert [one.text for one in badges(snapshot, BadgeKind.PARTIAL)] == ["partial result: prom"]
    assert source(snapshot, "prom").degraded == "partial result"


def test_rules_that_cannot_fire_are_named() -> None:
    world = fleet(PROM)
    rules = (
        rule("Broken", evaluated_s=0, health=RuleHealth.ERR),
        rule("Late", evaluated_s=-60),
        rule("Well", evaluated_s=0),
    )
    world.take(prom_reading(0, rules=rules))
    found = badges(world.snapshot(at(0)), BadgeKind.RULES)
    assert [one.text for one in found] == [
        "1 rule of prom cannot be evaluated: Broken",
        "1 rule of prom not evaluated lately: Late",
    ]
    assert all(one.is_row for one in found)


def cut_off(world: Fleet, seconds: float) -> list[str]:
    return [one.text for one in badges(world.snapshot(at(seconds)), BadgeKind.CUT_OFF)]


def test_all_sources_failing_at_once_is_this_host() -> None:
    world = fleet(AM, PROM, HEALTH)
    for name in ("a", "b", "c"):
        world.take(probe_reading(0, name))
    world.take(am_down(15))
    world.take(prom_down(16))
    assert cut_off(world, 16) == []
    for name in ("a", "b", "c"):
        world.take(probe_reading(30, name, Verdict.NO_ANSWER))
    assert cut_off(world, 30) == ["this host is cut off"]
    world.take(am_reading(45))
    assert cut_off(world, 45) == []


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.STATUS, FailureKind.SCHEMA])
def test_sources_that_refuse_us_all_at_once_can_be_reached(kind: FailureKind) -> None:
    world = fleet(AM, PROM)
    down = prom_down(0)
    refused = failure("prom", "alerts", 0)
    world.take(am_down(0))
    world.take(msgspec.structs.replace(down, alerts=msgspec.structs.replace(refused, kind=kind)))
    assert cut_off(world, 0) == []


def test_sources_that_fail_one_after_the_other_are_not_this_host() -> None:
    world = fleet(AM, PROM)
    for seconds in range(0, 600, 15):
        world.take(am_down(seconds))
        world.take(prom_down(seconds) if seconds > 300 else prom_reading(seconds))
    assert cut_off(world, 600) == []


def test_a_silent_prometheus_is_told_before_its_alerts_end_by_themselves() -> None:
    world = fleet()
    fresh = alert(instance="w", updated_s=0, ends_s=240)
    world.take(prom_reading(0, series(instance="w")))
    world.take(am_reading(0, fresh))
    assert badges(world.snapshot(at(1)), BadgeKind.ABANDONED) == []
    for seconds in (60, 120, 135):
        world.take(prom_down(seconds))
        world.take(am_reading(seconds, fresh))
    (badge,) = badges(world.snapshot(at(135)), BadgeKind.ABANDONED)
    assert badge.text == "prom silent: its alerts resolve by themselves at 03:04 UTC"


def test_an_empty_list_of_a_young_alertmanager_that_stands_alone_proves_nothing() -> None:
    world = fleet(AM)
    world.take(am_reading(0, up_since_s=-60))
    (badge,) = badges(world.snapshot(at(0)), BadgeKind.SETTLING)
    assert badge.is_row
    assert "its empty list proves nothing" in badge.text
    world.take(am_reading(15, alert("Disk"), up_since_s=-60))
    assert badges(world.snapshot(at(15)), BadgeKind.SETTLING) == []
    world.take(am_reading(300, up_since_s=-60))
    assert badges(world.snapshot(at(300)), BadgeKind.SETTLING) == []


def test_checks_that_cannot_be_asked_as_written_say_nothing_of_this_host() -> None:
    def silent(kind: FailureKind) -> ProbeReading:
        told = probe_reading(0, f"s-{kind}", Verdict.NO_ANSWER, said="none")
        cause = msgspec.structs.replace(failure("health", kind, 0), kind=kind, cause=str(kind))
        return msgspec.structs.replace(
            told, result=msgspec.structs.replace(told.result, failure=cause)
        )

    world = fleet(HEALTH)
    world.take(silent(FailureKind.SETTINGS))
    world.take(probe_reading(0, "well"))
    for service in ("a", "b", "c"):
        world.take(probe_reading(0, service, Verdict.NO_ANSWER))
    assert source(world.snapshot(at(0)), "health").degraded == "3 of 4 do not answer"
    world = fleet(HEALTH)
    kinds = (FailureKind.SETTINGS, FailureKind.DNS, FailureKind.TIMEOUT, FailureKind.REFUSED)
    for kind in kinds:
        world.take(silent(kind))
    assert source(world.snapshot(at(0)), "health").state is State.UNKNOWN
    assert FailureKind.SETTINGS not in {
        one.kind for one in source(world.snapshot(at(0)), "health").failures
    }
