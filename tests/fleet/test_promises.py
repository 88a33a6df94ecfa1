"""Whatever sources say and however they fail: never OK without proof, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from console.fleet.fleet import Fleet
from console.model.alert import Alert, AlertState, RuleHealth, TargetHealth
from console.model.policy import Policy
from console.model.probe import Verdict
from console.model.reading import AlertmanagerReading, PrometheusReading
from console.model.registry import Registry, Service, ServiceType
from console.model.state import State
from tests.fleet import world as w

SERVICES = ("redis", "api", "pay")
REGISTRY = Registry(
    (),
    (
        Service("redis", ServiceType.HTTP, "d", health="/h", instances=("redis:1",)),
        Service("api", ServiceType.HTTP, "d", health="/h", alerts=("HighLoad",)),
        Service("pay", ServiceType.HTTP, "d", instances=("pay:1",), alerts=("HighLoad",)),
    ),
)
MEMBERS = ("a", "b")


@dataclass
class Truth:
    """What the test knows of its own world, apart from what the fleet makes of it."""

    now_s: float = 0.0
    firing: set[str] = field(default_factory=set)
    """Services about which Prometheus' rule is true now."""
    sent: dict[str, set[str]] = field(default_factory=lambda: {one: set() for one in MEMBERS})
    """What each member holds."""
    up_since_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MEMBERS, -9e5))
    last_ok_s: dict[str, float] = field(default_factory=dict)
    last_try_failed: dict[str, bool] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    """Fingerprints that some reading has told."""


def the_alert_of(service: str) -> Alert:
    return w.alert("HighLoad", service=service)


class Outage(RuleBasedStateMachine):
    """A fleet whose alerts come and go, and whose sources die, restart and heal."""

    def __init__(self) -> None:
        super().__init__()
        self.truth = Truth()
        self.fleet = Fleet(REGISTRY, (w.PAIR, w.PROM, w.HEALTH), Policy(), "test")
        self.over: set[tuple[str, datetime]] = set()
        """What had been resolved at the last look, and when."""

    @initialize()
    def everything_is_well(self) -> None:
        for _ in range(3):
            self.poll_prometheus(works=True)
            for member in MEMBERS:
                self.poll_member(member, works=True)
            self.wait(15)

    @rule(seconds=st.sampled_from([1, 15, 40, 61, 400]))
    def wait(self, seconds: int) -> None:
        self.truth.now_s += seconds

    @rule(service=st.sampled_from(SERVICES))
    def an_alert_begins(self, service: str) -> None:
        self.truth.firing.add(service)
        for held in self.truth.sent.values():
            held.add(service)

    @rule(service=st.sampled_from(SERVICES))
    def an_alert_ends(self, service: str) -> None:
        self.truth.firing.discard(service)
        for held in self.truth.sent.values():
            held.discard(service)

    @rule(member=st.sampled_from(MEMBERS))
    def alerts_time_out_because_nobody_sends(self, member: str) -> None:
        self.truth.sent[member].clear()

    @rule(member=st.sampled_from(MEMBERS))
    def a_member_restarts(self, member: str) -> None:
        self.truth.sent[member].clear()
        self.truth.up_since_s[member] = self.truth.now_s

    @rule(member=st.sampled_from(MEMBERS), works=st.booleans())
    def poll_member(self, member: str, works: bool) -> None:
        now_s = self.truth.now_s
        self.truth.last_try_failed[member] = not works
        reading: AlertmanagerReading
        if works:
            alerts = [the_alert_of(one) for one in sorted(self.truth.sent[member])]
            self.truth.ever.update(one.fingerprint for one in alerts)
            self.truth.last_ok_s[member] = now_s
            up_since_s = self.truth.up_since_s[member]
            reading = w.am_reading(now_s, *alerts, member=member, up_since_s=up_since_s)
        else:
            reading = w.am_down(now_s, member=member)
        self.look(lambda: self.fleet.take(reading), failed=not works)

    @rule(works=st.booleans())
    def poll_prometheus(self, works: bool) -> None:
        now_s = self.truth.now_s
        self.truth.last_try_failed["prom"] = not works
        reading: PrometheusReading
        if works:
            self.truth.last_ok_s["prom"] = now_s
            told = [w.series("HighLoad", service=one) for one in sorted(self.truth.firing)]
            targets = (w.target("redis:1", "redis_exporter"), w.target("pay:1", "pay_exporter"))
            reading = w.prom_reading(now_s, *told, targets=targets)
        else:
            reading = w.prom_down(now_s)
        self.look(lambda: self.fleet.take(reading), failed=not works)

    @rule(unknown=st.booleans())
    def prometheus_has_just_restarted(self, unknown: bool) -> None:
        now_s = self.truth.now_s
        self.truth.last_ok_s["prom"] = now_s
        self.truth.last_try_failed["prom"] = False
        health = RuleHealth.UNKNOWN if unknown else RuleHealth.OK
        rules = (w.rule("HighLoad", evaluated_s=None, health=health),)
        targets = (w.target("redis:1", "redis_exporter", health=TargetHealth.UNKNOWN),)
        self.fleet.take(w.prom_reading(now_s, rules=rules, targets=targets))

    @rule(part=st.sampled_from(["alerts", "rules"]))
    def prometheus_answers_in_part(self, part: str) -> None:
        now_s = self.truth.now_s
        self.truth.last_try_failed["prom"] = True
        told = [w.series("HighLoad", service=one) for one in sorted(self.truth.firing)]
        targets = (w.target("redis:1", "redis_exporter"), w.target("pay:1", "pay_exporter"))
        whole = w.prom_reading(now_s, *told, targets=targets)
        self.fleet.take(msgspec.structs.replace(whole, **{part: w.failure("prom", part, now_s)}))

    @rule(service=st.sampled_from(("redis", "api")), verdict=st.sampled_from(Verdict))
    def probe(self, service: str, verdict: Verdict) -> None:
        self.truth.last_ok_s[f"probe {service}"] = self.truth.now_s
        self.truth.last_try_failed[f"probe {service}"] = verdict is not Verdict.HEALTHY
        self.fleet.take(w.probe_reading(self.truth.now_s, service, verdict))

    def look(self, act: object, *, failed: bool) -> None:
        """Counts never shrink because a fetch failed."""
        now = w.at(self.truth.now_s)
        before = self.fleet.snapshot(now)
        act()  # type: ignore[operator]
        after = self.fleet.snapshot(now)
        if failed:
            gone = {one.key for one in before.alerts} - {one.key for one in after.alerts}
            assert gone == set()

    def proven(self, source: str, limit_s: float = 60.0) -> bool:
        truth = self.truth
        recent = truth.now_s - truth.last_ok_s.get(source, -1e9) <= limit_s
        return recent and not truth.last_try_failed.get(source, True)

    @invariant()
    def ok_is_always_proven(self) -> None:
        snapshot = self.fleet.snapshot(w.at(self.truth.now_s))
        for cell in snapshot.cells:
            if cell.state is not State.OK:
                continue
            assert self.proven("prom")
            assert any(self.proven(member) for member in MEMBERS)
            if cell.service.health is not None:
                assert self.proven(f"probe {cell.service.name}")
            assert not [
                one
                for one in snapshot.alerts
                if one.cell == cell.service.name and one.alert.state is not AlertState.PENDING
            ]

    @invariant()
    def every_known_alert_is_firing_kept_or_proven_to_be_over(self) -> None:
        snapshot = self.fleet.snapshot(w.at(self.truth.now_s))
        listed = {one.key for one in snapshot.alerts}
        resolved = {one.alert.fingerprint for one in snapshot.resolved}
        if self.truth.now_s < 3000:
            assert self.truth.ever <= listed | resolved
        assert not listed & resolved

    @invariant()
    def what_fires_in_prometheus_is_never_resolved(self) -> None:
        """The rule is true at the last good poll of Prometheus, and ever since."""
        snapshot = self.fleet.snapshot(w.at(self.truth.now_s))
        prom = self.fleet._proms["prom"].alerts
        told = {one.labels.exact("service") for one in prom.value or ()}
        fresh = {
            one.alert.labels.exact("service")
            for one in snapshot.resolved
            if prom.as_of is not None and one.at >= prom.as_of.wall
        }
        assert not told & fresh

    @invariant()
    def a_resolution_had_every_proof(self) -> None:
        snapshot = self.fleet.snapshot(w.at(self.truth.now_s))
        over = {(one.alert.fingerprint, one.at) for one in snapshot.resolved}
        if over - self.over:
            assert self.proven("prom")
        self.over = over


Outage.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
TestOutage = Outage.TestCase


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(SERVICES), unique=True),
    st.lists(st.tuples(st.sampled_from(MEMBERS), st.integers(1, 200)), max_size=12),
)
def test_failures_alone_change_no_count(names: list[str], tries: list[tuple[str, int]]) -> None:
    world = Fleet(REGISTRY, (w.PAIR, w.PROM), Policy(), "test")
    for member in MEMBERS:
        world.take(w.am_reading(0, *map(the_alert_of, names), member=member))
    counted = len(world.snapshot(w.at(0)).alerts)
    now_s = 0
    for member, wait_s in tries:
        now_s += wait_s
        world.take(w.am_down(now_s, member=member))
        world.take(w.prom_down(now_s))
        assert len(world.snapshot(w.at(now_s)).alerts) == counted


def test_an_alert_that_alertmanager_tells_of_again_is_not_over_by_its_other_name() -> None:
    outage = Outage()
    outage.everything_is_well()
    outage.an_alert_begins("redis")
    outage.poll_prometheus(works=True)
    outage.wait(61)
    outage.prometheus_has_just_restarted(unknown=False)
    outage.wait(40)
    outage.poll_member("a", works=True)
    outage.poll_prometheus(works=True)
    snapshot = outage.fleet.snapshot(w.at(outage.truth.now_s))
    assert snapshot.resolved == ()
    assert [one.alert.labels.exact("service") for one in snapshot.alerts] == ["redis"]
