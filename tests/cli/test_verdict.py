"""The exit code of `oncall status`: firing, not known, or proven well."""

from __future__ import annotations

import msgspec
import pytest

from console.cli.status import Verdict, verdict_of
from console.model.failure import FailureKind
from console.model.policy import Policy
from console.model.snapshot import (
    Badge,
    BadgeKind,
    Snapshot,
    SourceKind,
    SourceRules,
    Standing,
)
from console.model.state import State
from console.model.update import Update
from console.triage.filter import Filter, parse
from console.triage.triage import Triage
from tests import build
from tests.fleet.world import rule as a_rule

WELL = build.source(state=State.OK, healthy_since=build.at(), last_ok=build.at())
SICK = build.source(
    "prom", state=State.UNKNOWN, failing_since=build.ago(60), failures=[build.failure("prom")]
)


def judged(snapshot: Snapshot, kept: Filter | None = None) -> Verdict:
    worklist = Triage(Policy()).worklist(snapshot)
    return verdict_of(Update(0, snapshot, worklist), kept or Filter())


def test_all_well_and_proven_is_0() -> None:
    verdict = judged(build.snapshot(sources=[WELL], cells=[build.cell()]))
    assert verdict is Verdict.OK
    assert verdict.exit_code == 0


def test_a_firing_alert_is_1_also_when_somebody_has_acked_it() -> None:
    for ack in (None, build.ack()):
        verdict = judged(build.snapshot(build.known(acked=ack), sources=[WELL]))
        assert verdict.exit_code == 1


def test_a_failing_service_without_an_alert_is_1() -> None:
    cell = build.cell(state=State.FIRING, because="refused", probes=[build.probed()])
    assert judged(build.snapshot(sources=[WELL], cells=[cell])).exit_code == 1


def test_firing_wins_over_not_known() -> None:
    assert judged(build.snapshot(build.known(), sources=[WELL, SICK])).exit_code == 1


def test_an_alert_that_has_fired_for_a_month_is_1_although_it_is_folded() -> None:
    old = build.known(build.alert(starts_at=build.ago(30 * 86400)))
    assert judged(build.snapshot(old, sources=[WELL])).exit_code == 1


@pytest.mark.parametrize(
    "standing", [Standing.SILENCED, Standing.INHIBITED, Standing.MUTED, Standing.PENDING]
)
def test_a_suppressed_or_pending_alert_does_not_fire(standing: Standing) -> None:
    hushed = build.known(standing=standing, cell="redis")
    cell = msgspec.structs.replace(build.cell(state=State.FIRING), alerts=(hushed.key,))
    assert judged(build.snapshot(hushed, sources=[WELL], cells=[cell])).exit_code == 0


@pytest.mark.parametrize("state", [State.UNKNOWN, State.STALE, State.LOST])
def test_what_is_not_known_is_3(state: State) -> None:
    cell = build.cell(state=state)
    assert judged(build.snapshot(sources=[WELL], cells=[cell])).exit_code == 3
    lost = build.known(state=state, why="its Prometheus does not answer")
    assert judged(build.snapshot(lost, sources=[WELL])).exit_code == 3


def test_a_sick_source_a_missing_watchdog_and_an_early_end_are_3() -> None:
    assert judged(build.snapshot(sources=[WELL, SICK])).exit_code == 3
    badge = Badge(BadgeKind.WATCHDOG, "prom", "watchdog missing: prom", is_row=True)
    assert judged(build.snapshot(sources=[WELL], badges=[badge])).exit_code == 3
    assert judged(build.snapshot(sources=[WELL], complete=False)).exit_code == 3


def test_a_cluster_of_which_a_member_is_down_is_well_enough_to_prove_that_all_is_well() -> None:
    weak = msgspec.structs.replace(WELL, degraded="1 of 2 members answers")
    down = msgspec.structs.replace(SICK, name="am/b", member_of=WELL.name)
    assert judged(build.snapshot(sources=[weak, WELL, down], cells=[build.cell()])).exit_code == 0


PROM = build.source("prom", SourceKind.PROMETHEUS, healthy_since=build.at(), last_ok=build.at())


def test_a_prometheus_whose_rules_cannot_be_read_proves_nothing_and_one_without_any_does() -> None:
    fails = msgspec.structs.replace(build.failure("prom"), part="rules", kind=FailureKind.STATUS)
    lacks = msgspec.structs.replace(fails, part="targets", kind=FailureKind.NOT_SERVED)
    for failure, code in ((fails, 3), (lacks, 0)):
        half = msgspec.structs.replace(PROM, failures=(failure,))
        assert judged(build.snapshot(sources=[WELL, half])).exit_code == code


def test_an_empty_prometheus_without_alertmanager_rules_and_services_is_3() -> None:
    empty = build.snapshot(sources=[PROM])
    assert judged(empty).exit_code == 3
    assert judged(build.snapshot(sources=[PROM], cells=[build.cell()])).exit_code == 0
    rule = SourceRules("prom", (a_rule("Down", evaluated_s=0),), build.at())
    assert judged(msgspec.structs.replace(empty, rules=(rule,))).exit_code == 0


def test_a_filter_narrows_what_is_judged_but_no_filter_hides_a_sick_source() -> None:
    firing = build.known(build.alert(team="web"))
    both = build.snapshot(firing, sources=[WELL])
    assert judged(both, parse("team=web")).exit_code == 1
    assert judged(both, parse("team=db")).exit_code == 0
    assert judged(build.snapshot(firing, sources=[SICK]), parse("team=db")).exit_code == 3
