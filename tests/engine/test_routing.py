"""A configuration of Alertmanager, read and matched as Alertmanager itself does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.durations import duration_text
from console.engine.routing import (
    InhibitRule,
    Routed,
    Routing,
    matches,
    routed,
    rule_that_inhibits,
)
from console.engine.routing_read import RoutingUnreadableError, read_routing
from console.engine.why_route import path_text, receiver_text
from console.model.labels import Labels, Matcher
from console.model.time_interval import Named, changes_at
from console.safety.text import Raw, visible

TREE = r"""
global: {slack_api_url: <secret>}
route:
  receiver: root
  group_by: [alertname]
  group_interval: 1m
  routes:
    - receiver: shop
      match: {team: shop}
      continue: true
      mute_time_intervals: [nights]
      routes:
        - matchers: [severity="critical", 'region=~"eu-.*|us"']
          receiver: shop-pager
          group_by: ['...']
          group_wait: 0s
          repeat_interval: 1d
    - matchers: ['{team=~"shop|data", tier!="lab"}']
      receiver: both
    - match_re: {team: "ops-.*"}
      receiver: ops
receivers:
  - name: root
  - name: shop
    slack_configs: [{api_url: 'https://hooks.test/T0/B0/s3cret', channel: '#shop'}, {channel: '#b'}]
  - name: shop-pager
    pagerduty_configs: [{routing_key: k3y}]
    made_up_configs: [{token: t0ken}]
  - name: both
    webhook_configs: [{url: 'https://u:pw@hooks.test/?token=abc'}]
  - name: ops
inhibit_rules:
  - source_match: {severity: critical}
    target_match_re: {severity: warning|info}
    equal: [instance]
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '06:00'}]
"""
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


def labels(**values: str) -> Labels:
    return Labels(values)


def tree() -> Routing:
    return read_routing(Raw(TREE))


def go(**values: str) -> Routed:
    return routed(tree().root, labels(**values))


def names(found: Routed) -> list[str]:
    return [one.exact for one in found.receivers]


def interval(text: str) -> Named:
    """One interval, written as under `time_intervals`."""
    config = f"route: {{receiver: a}}\ntime_intervals: [{{name: x, time_intervals: [{text}]}}]"
    return read_routing(Raw(config)).intervals[0]


# Routes


def test_an_alert_that_nothing_matches_is_for_the_root() -> None:
    assert names(go(team="web")) == ["root"]


def test_the_deepest_route_that_matches_takes_it_and_continue_lets_siblings_try() -> None:
    found = go(team="shop", severity="critical", region="eu-1")
    assert names(found) == ["shop-pager", "both"]
    assert [path_text(way) for way in found.ways] == [
        'root > team="shop" > severity="critical", region=~"eu-.*|us"',
        'root > team=~"shop|data", tier!="lab"',
    ]


def test_a_route_that_does_not_continue_ends_the_search() -> None:
    assert names(go(team="data")) == ["both"]
    assert names(go(team="data", tier="lab")) == ["root"]


def test_regular_expressions_match_whole_values_and_a_missing_label_is_empty() -> None:
    assert names(go(team="shop", severity="critical", region="xeu-1", tier="lab")) == ["shop"]
    none = Matcher("missing", Raw("a*"), is_regex=True)
    assert matches(none, labels()) is True
    assert matches(Matcher("missing", Raw("")), labels()) is True


def test_timers_and_group_by_are_inherited_and_time_intervals_are_not() -> None:
    way = go(team="shop", severity="critical", region="us").ways[0]
    inner, outer = way.last, way.routes[1]
    told = [
        (duration_text(one.value), one.by) for one in (inner.wait, inner.interval, inner.repeat)
    ]
    assert told == [("0s", ""), ("1m", "inherited"), ("1d", "")]
    assert (duration_text(outer.wait.value), outer.wait.by) == ("30s", "default")
    assert (duration_text(outer.repeat.value), outer.repeat.by) == ("4h", "default")
    assert inner.by_all and outer.group_by == ("alertname",) and not outer.by_all
    assert outer.muted_in == (Raw("nights"),) and inner.muted_in == ()


def test_what_cannot_be_judged_is_said_and_not_guessed() -> None:
    config = TREE.replace('"ops-.*"', '"(?i)ops"')
    found = routed(read_routing(Raw(config)).root, labels(team="ops"))
    assert [one.written.exact for one in found.unjudged] == ['team=~"(?i)ops"']
    assert names(found) == ["ops", "root"]
    assert go(team="ops").unjudged == ()


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("(?i)critical", "critical"),
        (r"\pL+", "x"),
        ("[[:alpha:]]+", "x"),
        ("a{,2}", "aa"),
        ("(a+)+", "aaaa"),
        (".*", "two\nlines"),
        (r"\w+", "é"),
        (".*a.*b.*", "x" * 2000),
        ("x" * 300 + ".", "x"),
        ("a++", "a"),
    ],
)
def test_a_pattern_that_python_may_read_otherwise_than_re2_is_not_judged(
    pattern: str, value: str
) -> None:
    assert matches(Matcher("a", Raw(pattern), is_regex=True), labels(a=value)) is None


def test_a_long_list_of_words_is_judged() -> None:
    words = "|".join(f"Alert{n}" for n in range(500))
    assert matches(Matcher("a", Raw(words), is_regex=True), labels(a="Alert499")) is True
    assert matches(Matcher("a", Raw(words), is_regex=True), labels(a="Alert500")) is False
    assert matches(Matcher("a", Raw(words), is_regex=True, is_equal=False), labels()) is True


def test_labels_that_were_cut_at_ingest_are_not_judged() -> None:
    cut = Labels({"team": "shop"}, over_cap=True)
    assert matches(Matcher("team", Raw("shop")), cut) is None
    assert routed(tree().root, cut).unjudged != ()


def test_an_escaped_value_is_its_plain_self() -> None:
    config = r"""
route:
  receiver: a
  routes: [{receiver: b, matchers: ['x="sa\"i\\d\n"', 'y = bare', '"odd name"="z"']}]
"""
    (route,) = read_routing(Raw(config)).root.routes
    assert [(one.name, one.value.exact) for one in route.matchers] == [
        ("x", 'sa"i\\d\n'),
        ("y", "bare"),
        ("odd name", "z"),
    ]


# Receivers


def test_of_a_receiver_only_its_kinds_are_told() -> None:
    routing = tree()
    assert receiver_text(Raw("shop"), routing) == "shop: 2 slack"
    assert receiver_text(Raw("shop-pager"), routing) == "shop-pager: pagerduty, another kind"
    assert receiver_text(Raw("root"), routing) == "root: notifies nobody, it has no integration"
    kept = repr(routing) + repr([one.name.exact for one in routing.receivers])
    for secret in ("s3cret", "k3y", "t0ken", "abc", "pw", "#shop", "made_up"):
        assert secret not in kept


# Inhibition


def test_the_rule_that_inhibits_is_found_by_both_sides_and_what_is_equal() -> None:
    rules = tree().inhibit_rules
    source, target = (
        labels(severity="critical", instance="a"),
        labels(severity="info", instance="a"),
    )
    assert rule_that_inhibits(rules, source, target) == (rules[0], True)
    assert rule_that_inhibits(rules, source, labels(severity="info")) == (None, False)
    assert rule_that_inhibits(rules, target, source) == (None, False)


def test_alerts_that_both_sides_match_do_not_inhibit_each_other() -> None:
    both = (Matcher("a", Raw("1")),)
    rule = InhibitRule(both, both, ())
    assert rule_that_inhibits((rule,), labels(a="1"), labels(a="1", b="2")) == (None, False)


# Time intervals


@pytest.mark.parametrize(
    ("text", "holds", "until"),
    [
        ("{times: [{start_time: '11:00', end_time: '13:30'}]}", True, NOON + timedelta(hours=1.5)),
        ("{times: [{start_time: '12:01', end_time: '24:00'}]}", False, NOON + timedelta(minutes=1)),
        ("{weekdays: [saturday, 'sunday']}", True, NOON + timedelta(hours=12)),
        ("{weekdays: ['monday:friday']}", False, NOON + timedelta(hours=12)),
        ("{days_of_month: ['-9']}", True, NOON + timedelta(hours=12)),
        ("{days_of_month: ['-1'], months: [november]}", False, datetime(2026, 11, 30, tzinfo=UTC)),
        ("{months: ['1:11']}", True, datetime(2026, 12, 1, tzinfo=UTC)),
        ("{years: ['2026']}", True, datetime(2027, 1, 1, tzinfo=UTC)),
        ("{years: ['2020:2099']}", True, None),
        (
            "{times: [{start_time: '13:00', end_time: '14:00'}], location: Europe/Berlin}",
            True,
            NOON + timedelta(hours=1),
        ),
    ],
)
def test_an_interval_is_in_force_until_it_ends(
    text: str, holds: bool, until: datetime | None
) -> None:
    named = interval(text)
    assert named.holds(NOON) is holds
    assert changes_at((named,), named.holds, NOON) == until


@pytest.mark.parametrize(
    "text",
    ["{weekdays: [noday]}", "{times: [{start_time: '25:00', end_time: '26:00'}]}", "3",
     "{location: Nowhere/City}", "{location: ../../etc/passwd}", "{years: [99999999999]}"],
)  # fmt: skip
def test_an_interval_that_cannot_be_read_is_not_judged(text: str) -> None:
    named = interval(text)
    assert named.holds(NOON) is None
    assert named.unread


def test_an_interval_of_very_many_parts_is_not_looked_through() -> None:
    named = interval("{weekdays: [" + "monday," * 5000 + "]}")
    assert "5,000 parts" in named.unread


# Hostile configurations


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("", "under `route`"),
        ("- a", "expected keys"),
        ("route: [a]", "under `route`"),
        ("route: {group_by: [a]}", "expected a `receiver`"),
        ("route: &a {receiver: b, routes: [*a]}", "anchors"),
        ("route: {receiver: a, group_wait: soon}", "got soon"),
        ("route: {receiver: a, routes: [{matchers: ['\u202enot one']}]}", "got <U+202E>not one"),
        ("route: " + "[" * 10_000, "32 levels"),
        ("route: {receiver: a}\nroute: {receiver: b}", "stands here already"),
        ("\x1b[2Jroute:", "readable characters"),
        ("<html>502 Bad Gateway</html>", "expected keys"),
    ],
)
def test_a_configuration_that_cannot_be_read_says_why(config: str, said: str) -> None:
    with pytest.raises(RoutingUnreadableError) as told:
        read_routing(Raw(config))
    assert said in str(told.value)
    assert "\x1b" not in str(told.value)


@given(st.text(max_size=200), st.text(max_size=20))
def test_whatever_stands_there_it_is_read_or_refused_in_words(text: str, name: str) -> None:
    for config in (text, f"route: {{receiver: {text}}}", TREE.replace("shop", text)):
        try:
            routing = read_routing(Raw(config))
        except RoutingUnreadableError as error:
            assert visible(str(error)) == str(error)
        else:
            routed(routing.root, Labels({"team": name, "severity": text}))
