"""Green is a claim that needs proof from every source that feeds the cell."""

from __future__ import annotations

import pytest

from console.fleet.score import score_of
from console.model.alert import AlertState, RuleHealth, TargetHealth
from console.model.probe import ProbeKind, Verdict
from console.model.registry import Host, Registry, Service, ServiceType, Unasked
from console.model.snapshot import SourceKind, Watched
from console.model.state import State
from console.safety.text import Raw
from tests.fleet.world import (
    AM,
    HEALTH,
    INTERVAL,
    PROM,
    START,
    alert,
    am_down,
    am_reading,
    at,
    fleet,
    probe_reading,
    prom_down,
    prom_reading,
    rule,
    series,
    target,
    the_cell,
)


def service(name: str = "redis", **settings: object) -> Service:
    values: dict[str, object] = {"type": ServiceType.HTTP, "place": "data-1", "host": "data-1"}
    return Service(name=name, **{**values, **settings})  # type: ignore[arg-type]


REDIS = service(health="/health", port=6379)
LISTED = service(health="/health", alerts=("HighLoad",))
SCRAPED = service(instances=("data-1:9121",))


def registry(*services: Service) -> Registry:
    return Registry((Host("data-1", address="10.0.0.4"),), services)


def test_a_healthy_probe_is_proof_enough_where_nothing_else_feeds_the_cell() -> None:
    world = fleet(HEALTH, AM, registry=registry(REDIS))
    assert the_cell(world.snapshot(at(0)), "redis").state is State.UNKNOWN
    assert "not been asked yet" in the_cell(world.snapshot(at(0)), "redis").because
    world.take(probe_reading(1, "redis"))
    world.take(am_down(1))
    cell = the_cell(world.snapshot(at(2)), "redis")
    assert (cell.state, cell.because) == (State.OK, "http 200 in 12 ms")
    assert (cell.as_of, cell.probe_ages) == (at(1), (at(1),))


@pytest.mark.parametrize(
    ("verdict", "said", "state"),
    [
        (Verdict.UNHEALTHY, "503, expected 200", State.FIRING),
        (Verdict.NO_ANSWER, "timed out after 5 s", State.UNKNOWN),
    ],
)
def test_a_probe_that_fails_says_what_came(verdict: Verdict, said: str, state: State) -> None:
    world = fleet(HEALTH, registry=registry(REDIS))
    world.take(probe_reading(0, "redis"))
    world.snapshot(at(0))
    world.take(probe_reading(30, "redis", verdict, said=said))
    cell = the_cell(world.snapshot(at(30)), "redis")
    assert (cell.state, cell.because, cell.since) == (state, f"http {said}", at(30).wall)


def test_a_probe_grows_stale_after_two_intervals_with_no_reading_at_all() -> None:
    world = fleet(HEALTH, registry=registry(REDIS))
    world.take(probe_reading(0, "redis"))
    assert the_cell(world.snapshot(at(60)), "redis").state is State.OK
    assert the_cell(world.snapshot(at(61)), "redis").state is State.STALE


def test_readiness_is_needed_beside_liveness() -> None:
    world = fleet(HEALTH, registry=registry(service(health="/health", ready="/ready")))
    world.take(probe_reading(0, "redis"))
    assert the_cell(world.snapshot(at(0)), "redis").state is State.UNKNOWN
    world.take(probe_reading(1, "redis", kind=ProbeKind.READY))
    assert the_cell(world.snapshot(at(1)), "redis").state is State.OK


def test_an_alert_makes_its_cell_fire_silenced_or_not() -> None:
    world = fleet(AM, HEALTH, registry=registry(REDIS))
    world.take(probe_reading(0, "redis"))
    silenced = alert(service="redis", state=AlertState.SUPPRESSED, silenced_by=("s1",))
    world.take(am_reading(0, silenced))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (State.FIRING, "HighLoad fires (silenced)")
    assert cell.alerts == (silenced.fingerprint,)
    world.take(am_reading(15, silenced, alert("Other", service="redis")))
    cell = the_cell(world.snapshot(at(15)), "redis")
    assert cell.because == "Other fires, and 1 more"


def test_a_pending_alert_is_mentioned_and_the_cell_stays_ok() -> None:
    world = fleet(PROM, AM, HEALTH, registry=registry(REDIS))
    world.take(probe_reading(0, "redis"))
    world.take(am_reading(0))
    world.take(prom_reading(0, series(state=AlertState.PENDING, service="redis")))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert cell.state is State.OK
    assert cell.because.endswith("HighLoad is pending")


def test_a_lost_alert_makes_its_cell_lost() -> None:
    world = fleet(PROM, AM, HEALTH, registry=registry(REDIS))
    world.take(probe_reading(0, "redis"))
    world.take(prom_reading(0, series(service="redis")))
    world.take(am_reading(0, alert(service="redis")))
    world.snapshot(at(0))
    world.take(prom_down(15))
    world.take(am_reading(15))
    cell = the_cell(world.snapshot(at(15)), "redis")
    assert (cell.state, cell.because) == (
        State.LOST,
        "HighLoad was firing, prom does not answer",
    )


@pytest.mark.parametrize("dead", ["prom", "am"])
def test_a_dead_source_of_alerts_takes_the_green_from_cells_that_list_alerts(dead: str) -> None:
    world = fleet(PROM, AM, HEALTH, registry=registry(LISTED))
    world.take(probe_reading(0, "redis"))
    world.take(prom_reading(0))
    world.take(am_reading(0))
    assert the_cell(world.snapshot(at(0)), "redis").state is State.OK
    world.take(prom_down(15) if dead == "prom" else prom_reading(15))
    world.take(am_down(15) if dead == "am" else am_reading(15))
    cell = the_cell(world.snapshot(at(15)), "redis")
    assert (cell.state, cell.because) == (State.UNKNOWN, f"{dead}: refused the connection")
    world.take(prom_reading(30))
    world.take(am_reading(30))
    assert the_cell(world.snapshot(at(30)), "redis").state is State.OK


def test_silence_from_a_source_turns_its_cells_stale() -> None:
    world = fleet(PROM, AM, registry=registry(SCRAPED))
    world.take(prom_reading(0, targets=(target("data-1:9121", "redis_exporter"),)))
    world.take(am_reading(50))
    assert the_cell(world.snapshot(at(50)), "redis").state is State.OK
    cell = the_cell(world.snapshot(at(61)), "redis")
    assert (cell.state, cell.because) == (State.STALE, "the last answer of prom is too old")


def test_a_target_that_is_down_makes_its_cell_fire_and_says_why() -> None:
    world = fleet(PROM, AM, registry=registry(SCRAPED))
    down = target(
        "data-1:9121",
        "redis_exporter",
        health=TargetHealth.DOWN,
        error="port \x1b[31mrefused",
    )
    world.take(prom_reading(0, targets=(down,)))
    world.take(am_reading(0))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert cell.state is State.FIRING
    assert cell.because == "scrape of data-1:9121 fails: port ^[[31mrefused"
    assert cell.targets == (down,)


def test_a_target_that_was_never_scraped_proves_nothing() -> None:
    world = fleet(PROM, AM, registry=registry(SCRAPED))
    unscraped = target("data-1:9121", "redis_exporter", health=TargetHealth.UNKNOWN)
    world.take(prom_reading(0, targets=(unscraped,)))
    world.take(am_reading(0))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (
        State.UNKNOWN,
        "data-1:9121 has not been scraped yet",
    )


def test_a_partial_result_proves_nothing_green() -> None:
    world = fleet(PROM, AM, registry=registry(SCRAPED))
    targets = (target("data-1:9121", "redis_exporter"),)
    world.take(prom_reading(0, targets=targets, warnings=(Raw("a store is down"),)))
    world.take(am_reading(0))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (State.UNKNOWN, "prom gave a partial result")


def test_a_rule_that_cannot_be_evaluated_takes_the_green_from_who_lists_it() -> None:
    world = fleet(PROM, AM, HEALTH, registry=registry(LISTED))
    world.take(probe_reading(0, "redis"))
    world.take(am_reading(0))
    world.take(prom_reading(0, rules=(rule("HighLoad", evaluated_s=0, health=RuleHealth.ERR),)))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (
        State.UNKNOWN,
        "prom cannot evaluate one of its rules",
    )


def test_an_alert_rule_alone_feeds_a_cell_and_without_any_rule_nothing_does() -> None:
    world = fleet(PROM, AM, registry=registry(service(alerts=("HighLoad",))))
    world.take(am_reading(0))
    world.take(prom_reading(0))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (State.OK, "no alert fires")
    world.take(prom_reading(15, rules=()))
    cell = the_cell(world.snapshot(at(15)), "redis")
    assert (cell.state, cell.because) == (State.UNKNOWN, "nothing is asked about it")


def test_a_cell_about_which_nothing_is_asked_is_unknown() -> None:
    world = fleet(PROM, AM, registry=registry(service()))
    world.take(am_reading(0))
    world.take(prom_reading(0))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (State.UNKNOWN, "nothing is asked about it")


def test_a_probe_that_cannot_be_asked_is_named_unless_targets_feed_the_cell() -> None:
    by_command = service(health="redis-cli ping", instances=("data-1:9121",))
    known = registry(by_command)
    world = fleet(PROM, AM, registry=known)
    world.reload(known, (PROM, AM), world.policy, [Unasked("redis", "SSH, which is off")])
    world.take(am_reading(0))
    world.take(prom_reading(0))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (State.UNKNOWN, "needs SSH, which is off")
    world.take(prom_reading(15, targets=(target("data-1:9121", "redis_exporter"),)))
    assert the_cell(world.snapshot(at(15)), "redis").state is State.OK


def test_version_drift_is_told_and_changes_no_state() -> None:
    world = fleet(HEALTH, registry=registry(service(health="/h", expected_version="2.0")))
    world.take(probe_reading(0, "redis", version="1.9"))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (
        State.OK,
        "http 200 in 12 ms; runs 1.9, 2.0 is expected",
    )


def test_half_of_an_ha_pair_is_enough_for_what_both_scrape() -> None:
    second = Watched("prom2", SourceKind.PROMETHEUS, INTERVAL)
    world = fleet(PROM, second, AM, registry=registry(SCRAPED))
    targets = (target("data-1:9121", "redis_exporter"),)
    world.take(am_reading(0))
    world.take(prom_reading(0, targets=targets))
    world.take(prom_reading(0, targets=targets, source="prom2"))
    world.take(prom_down(1))
    assert the_cell(world.snapshot(at(1)), "redis").state is State.OK
    world.take(prom_down(2, source="prom2"))
    assert the_cell(world.snapshot(at(2)), "redis").state is State.UNKNOWN


def test_the_alerts_start_is_the_start_of_a_firing_cell() -> None:
    world = fleet(AM, registry=registry(service()))
    world.take(am_reading(0, alert(service="redis", starts_s=-600)))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert cell.since is not None
    assert (START - cell.since).total_seconds() == 600


def test_the_score_counts_critical_cells_three_times_and_only_ok_as_good() -> None:
    critical = service("pay", health="/health", critical=True)
    world = fleet(HEALTH, registry=registry(REDIS, critical, service("dark", place="x")))
    world.take(probe_reading(0, "redis"))
    world.take(probe_reading(0, "pay"))
    snapshot = world.snapshot(at(0))
    assert snapshot.score.value == pytest.approx(100 * 4 / 5)
    assert (snapshot.score.ok, snapshot.score.total) == (2, 3)
    assert (snapshot.score.critical_ok, snapshot.score.critical_total) == (1, 1)
    assert score_of(cell for cell in snapshot.cells if cell.service.place == "data-1").value == 100
    assert score_of(cell for cell in snapshot.cells if cell.service.place == "x").value == 0
    assert score_of(()).value is None


def test_reload_keeps_what_stays_and_forgets_what_changed() -> None:
    pay = service("pay", health="/health")
    world = fleet(AM, HEALTH, registry=registry(REDIS, pay))
    world.take(am_reading(0, alert(service="redis")))
    world.take(probe_reading(0, "redis"))
    world.take(probe_reading(0, "pay"))
    moved = service("pay", health="/other")
    world.reload(registry(moved, REDIS), (AM, HEALTH), world.policy)
    snapshot = world.snapshot(at(1))
    assert [cell.service.name for cell in snapshot.cells] == ["pay", "redis"]
    assert the_cell(snapshot, "pay").state is State.UNKNOWN
    assert the_cell(snapshot, "redis").state is State.FIRING
    assert the_cell(snapshot, "redis").probes
    world.reload(registry(REDIS), (HEALTH,), world.policy)
    snapshot = world.snapshot(at(2))
    assert snapshot.alerts == ()
    assert [one.name for one in snapshot.sources] == ["health"]


def test_of_several_alerts_the_newest_says_why_the_cell_fires() -> None:
    world = fleet(AM, PROM, registry=registry(service()))
    old = alert("ImageTooOld", service="redis", starts_s=-40 * 86400)
    new = alert("ServiceDown", service="redis", starts_s=-60)
    world.take(prom_reading(0))
    world.take(am_reading(0, old, new))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert cell.because == "ServiceDown fires, and 1 more"
