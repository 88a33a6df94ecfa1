"""What alerts tell of the incident that is opened from them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.actions.papers.seed import LONGEST_HELD, seed_of
from console.model.alert import Rule, RuleHealth
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import Snapshot, SourceRules
from console.safety.text import Raw
from console.triage.triage import Triage
from tests.build import T0, ack, ago, alert, at, cell, known, service, snapshot

DOWN = alert("ServiceDown", starts_at=ago(600), severity="critical", summary="no PING reply")
MINUTE = timedelta(minutes=1)


def world(held: timedelta | None = None) -> Snapshot:
    one = known(DOWN, cell="redis", acked=ack("kai"))
    found = snapshot(one, cells=[cell(service("redis", "data-1"))])
    if held is None:
        return found
    nothing = Labels({})
    rule = Rule(
        Raw("ServiceDown"), Raw("redis"), Raw("redis_up == 0"), held, nothing, nothing,
        RuleHealth.OK, Raw(""), T0, MINUTE,
    )  # fmt: skip
    return msgspec.structs.replace(found, rules=(SourceRules("prom", (rule,), at()),))


@pytest.mark.parametrize(
    ("held", "before"),
    [
        (None, timedelta()),
        (2 * MINUTE, 2 * MINUTE),
        (timedelta(hours=6), LONGEST_HELD),
    ],
)
def test_it_broke_before_it_fired_for_as_long_as_its_rule_waited(
    held: timedelta | None, before: timedelta
) -> None:
    shown = world(held)
    rows = Triage(Policy()).worklist(shown).rows
    seed = seed_of(rows, shown.alerts, shown, "prod", T0)
    one = seed.incident
    assert (one.detected, one.started) == (DOWN.starts_at, DOWN.starts_at - before)
    assert (one.title, one.environment) == ("ServiceDown redis", "prod")
    assert (seed.what, seed.where) == ("ServiceDown: no PING reply", "redis@data-1")
    assert one.alerts == (DOWN.fingerprint,) and one.acknowledged is not None


def test_from_nothing_nothing_is_told() -> None:
    seed = seed_of((), (), world(), "prod", T0)
    assert (seed.what, seed.where, seed.incident.title) == ("", "", "")
    assert (seed.incident.started, seed.incident.detected) == (None, None)
