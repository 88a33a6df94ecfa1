"""Who is told of an alert and when, by a configuration that a test wrote."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from console.engine.routing import Routing, routed
from console.engine.routing_read import read_routing
from console.engine.why_route import (
    route_lines,
)
from console.engine.why_times import Members, members_of, times_of, times_text
from console.engine.why_words import WhyLine
from console.model.alert import (
    Alert,
    AlertGroup,
    AlertState,
    ClusterStatus,
)
from console.model.labels import Labels
from console.model.snapshot import ClusterGroups, Snapshot
from console.safety.text import Raw, visible
from tests.build import (
    T0,
    ago,
    alert,
    at,
    known,
    snapshot,
)

CONFIG = """
route:
  receiver: root
  group_by: [alertname]
  routes:
    - matchers: [team="shop"]
      receiver: shop
      continue: true
      routes:
        - matchers: [severity="critical"]
          receiver: pager
          group_wait: 1m
    - match: {team: night}
      mute_time_intervals: [nights]
      active_time_intervals: [days]
    - matchers: [team=~".+", team!~"shop|night"]
      receiver: root
      routes: [{match_re: {team: "(?i)ops"}, receiver: ops}]
receivers:
  - name: root
  - name: shop
    slack_configs: [{api_url: 'https://hooks.test/T0/s3cret'}]
  - name: pager
    pagerduty_configs: [{routing_key: k3y}]
  - name: ops
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [instance]
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]
  - name: days
    time_intervals: [{weekdays: ['sunday:saturday']}]
"""
STATUS = ClusterStatus("ready", (), Raw("0.25.0"), ago(86_400), Raw(CONFIG))


def routing() -> Routing:
    return read_routing(Raw(CONFIG))


def fired(minutes: float = 10, receivers: tuple[str, ...] = (), **labels: str) -> Alert:
    """An alert that began `minutes` ago and that its server gave to `receivers`."""
    made = alert(starts_at=ago(60 * minutes), labels=labels)
    return msgspec.structs.replace(made, receivers=tuple(map(Raw, receivers)))


def told(of: Alert, shown: Snapshot | None = None) -> dict[str, list[str]]:
    """What the route says of an alert, by label."""
    one = known(of)
    world = shown or snapshot(one)
    return by_label(route_lines(one, world, routing(), STATUS))


def by_label(lines: Iterable[WhyLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line.label, []).append(visible(line.text))
    return found


# The route


def test_every_way_is_told_with_the_matchers_that_decided_and_its_receiver() -> None:
    lines = told(fired(receivers=("pager",), team="shop", severity="critical"))
    assert lines["route"] == [
        'root > team="shop" > severity="critical" (goes on to its siblings)',
    ]
    assert lines["receiver"] == ["pager: pagerduty"]
    assert lines["timers"] == ["wait 1m, interval 5m (default), repeat 4h (default)"]
    assert "receivers" not in lines


def test_no_option_of_a_receiver_is_ever_told() -> None:
    whole = str(told(fired(receivers=("pager",), team="shop", severity="critical")))
    assert "k3y" not in whole and "s3cret" not in whole and "hooks" not in whole


def test_where_the_server_says_otherwise_its_word_counts_and_the_difference_is_said() -> None:
    lines = told(fired(receivers=("old-team",), team="shop"))
    assert lines["receivers"] == [
        "old-team, says the server, and its word counts; the tree as it is now leads to shop: it"
        " may have been reloaded since"
    ]


def test_a_regular_expression_that_cannot_be_judged_is_named_and_nothing_is_estimated() -> None:
    lines = told(fired(receivers=("gone",), team="OPS"))
    assert lines["receivers"] == [
        "gone, says the server; which way depends on a regular expression that cannot be judged"
        ' here: team=~"(?i)ops"'
    ]
    assert "notified" not in lines
    assert lines["maybe"] == [
        'root > team=~".+", team!~"shop|night" > team=~"(?i)ops"',
        'root > team=~".+", team!~"shop|night"',
    ]


def test_what_cannot_be_judged_is_settled_by_whom_the_server_tells() -> None:
    lines = told(fired(receivers=("root",), team="OPS"))
    assert lines["route"] == ['root > team=~".+", team!~"shop|night"']
    assert lines["settled"] == [
        'cannot be judged here: team=~"(?i)ops"; that the server tells root settles it'
    ]
    assert told(fired(receivers=("ops",), team="OPS"))["route"] == [
        'root > team=~".+", team!~"shop|night" > team=~"(?i)ops"'
    ]


def test_what_two_readings_lead_to_alike_is_not_settled() -> None:
    config = """
route:
  receiver: root
  routes:
    - {receiver: ops, matchers: ['team=~"(?i)ops"']}
    - {receiver: ops, matchers: ['team=~"(?i)o.s"'], group_wait: 1h}
"""
    one = known(fired(receivers=("ops",), team="OPS"))
    lines = by_label(route_lines(one, snapshot(one), read_routing(Raw(config)), STATUS))
    assert "route" not in lines and "settled" not in lines
    assert len(lines["maybe"]) == 3


def test_a_muted_route_says_until_when() -> None:
    lines = told(fired(receivers=("root",), team="night"))
    assert lines["intervals"] == ["mute nights, active days: muted now, until 06:00:00"]
    assert lines["notified"] == ["nobody is notified while this way is muted"]


def test_the_group_is_told_with_its_labels_and_who_is_in_it() -> None:
    one, other = fired(receivers=("root",), instance="a"), fired(5, instance="b")
    quiet = msgspec.structs.replace(other, state=AlertState.SUPPRESSED, silenced_by=("s",))
    both = (known(one), known(quiet))
    group = AlertGroup(
        Labels({"alertname": "ServiceDown"}), Raw("root"), tuple(each.key for each in both)
    )
    shown = msgspec.structs.replace(snapshot(*both), groups=(ClusterGroups("am", (group,), at()),))
    assert told(one, shown)["group"] == [
        "by alertname: alertname=ServiceDown; 2 alerts in it, 1 of them kept quiet"
    ]
    members = members_of(both[0], routing().root, shown)
    assert members == Members(2, (one.starts_at, other.starts_at), (one.starts_at,))


# Timers


def test_a_young_group_is_told_of_after_its_wait() -> None:
    of = fired(0.25)
    times = times_of(of, routing().root, None, T0, None)
    assert times_text(times, T0) == "by its timers: first about 03:16:57"


def test_it_is_told_of_again_once_the_repeat_interval_has_passed() -> None:
    of = fired(10)
    times = times_of(of, routing().root, None, T0, None)
    assert times_text(times, T0) == (
        "by its timers: first about 03:07:12, again about 07:07:12 or 07:12:12, sooner when"
        " another alert joins the group"
    )


def test_an_alert_that_joins_a_group_waits_for_the_groups_next_turn() -> None:
    # The group began at 03:06:42, is told of at 03:07:12, and looked at every five minutes.
    old, new = ago(600), ago(120)
    of = alert(starts_at=new)
    times = times_of(of, routing().root, Members(2, (old, new), (old, new)), T0, None)
    assert times.first == ago(570) + timedelta(minutes=10)
    assert times.last is None


def test_after_a_day_the_last_and_the_next_are_whole_repeats_apart() -> None:
    times = times_of(fired(60 * 24), routing().root, None, T0, None)
    assert times.last is not None
    assert times.following - times.last == timedelta(hours=4)
    assert times.last <= T0 < times.following


@given(
    began_s=st.integers(0, 10**7),
    joined_s=st.integers(0, 10**7),
    wait_s=st.integers(0, 10**5),
    interval_s=st.integers(0, 10**5),
    repeat_s=st.integers(0, 10**14),
)
def test_whatever_the_timers_the_next_notification_is_not_in_the_past(
    began_s: int, joined_s: int, wait_s: int, interval_s: int, repeat_s: int
) -> None:
    repeat_s = min(repeat_s, 8 * 10**13)
    config = f"route: {{receiver: a, group_wait: {wait_s}s, group_interval: {interval_s}s}}"
    route = read_routing(Raw(config)).root
    route = msgspec.structs.replace(
        route, repeat=msgspec.structs.replace(route.repeat, value=timedelta(seconds=repeat_s))
    )
    began, joined = sorted((ago(began_s), ago(joined_s)))
    of = alert(starts_at=joined)
    times = times_of(of, route, Members(2, (began, joined), (began, joined)), T0, ago(3600))
    assert times.following >= T0
    assert times.first >= joined or times.first >= began
    assert times.last is None or times.first <= times.last <= T0


def test_the_tree_that_the_tests_use_is_the_one_they_mean() -> None:
    found = routed(routing().root, Labels({"team": "shop", "severity": "critical"}))
    assert [one.exact for one in found.receivers] == ["pager"]
