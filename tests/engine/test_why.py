"""Why an alert is seen: what is told of route, timers, quiet, refreshing, rule and place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.evidence_words import Tone
from console.engine.questions import RuleValue
from console.engine.routing import Routing, routed
from console.engine.routing_read import read_routing
from console.engine.why import DEADLINE_S, WhyDesk, value_line
from console.engine.why_known import ends_lines, quiet_lines, rule_lines, target_lines, what_lines
from console.engine.why_place import (
    cell_reason,
    order_reason,
    place_lines,
    priority_reason,
    row_reason,
)
from console.engine.why_route import (
    Members,
    inhibition_lines,
    members_of,
    route_lines,
    times_of,
    times_text,
)
from console.engine.why_words import Question, WhyLearned, WhyLine, questions_on
from console.model.alert import (
    Alert,
    AlertGroup,
    AlertState,
    ClusterStatus,
    RuleHealth,
    Silence,
    SilenceState,
    TargetHealth,
)
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.snapshot import ClusterGroups, KnownAlert, Snapshot, SourceRules, Standing
from console.model.state import Priority, State
from console.safety.clock import ManualClock
from console.safety.text import Raw, visible
from console.sources.alertmanager.cluster import EffectFailed, Sent
from console.triage.triage import Triage
from tests.build import (
    MONO0,
    T0,
    ack,
    ago,
    alert,
    at,
    cell,
    failure,
    known,
    service,
    snapshot,
    target,
)
from tests.hostile import hostile_strings
from tests.screens.console import ScriptedInquiry
from tests.screens.worlds import RULE, storm, usual

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


# What keeps it quiet


def test_a_silence_is_told_with_its_owner_words_end_and_matchers() -> None:
    matchers = (Matcher("alertname", Raw("ServiceDown")),)
    silence = Silence(
        "1a2b3c4d-5e6f", "am", SilenceState.ACTIVE, matchers, ago(60), T0 + timedelta(hours=1),
        Raw("mei"), Raw("planned work"),
    )  # fmt: skip
    of = msgspec.structs.replace(alert(), silenced_by=(silence.id,))
    one = known(of, standing=Standing.SILENCED)
    shown = msgspec.structs.replace(snapshot(one), silences=(silence,))
    assert by_label(quiet_lines(one, shown)) == {
        "silenced by": [
            'mei until 04:16:42: "planned work", silence 1a2b3c4d on alertname="ServiceDown"'
        ]
    }
    lines = by_label(route_lines(one, shown, routing(), STATUS))
    assert lines["notified"] == [
        "nobody is notified while silence 1a2b3c4d is on it, until 04:16:42"
    ]


def test_an_ack_is_told_as_an_ack_with_its_note() -> None:
    taken = ack("mei", note="on it")
    silence = Silence(
        taken.silence_id, "am", SilenceState.ACTIVE, (), T0, taken.until, Raw("mei"),
        Raw("ACK! on it"),
    )  # fmt: skip
    of = msgspec.structs.replace(alert(), silenced_by=(taken.silence_id,))
    one = known(of, acked=taken)
    shown = msgspec.structs.replace(snapshot(one), silences=(silence,))
    (line,) = by_label(quiet_lines(one, shown))["acked by"]
    assert line.startswith('mei until 03:31:42: "on it"')


def test_a_silence_that_the_server_does_not_list_is_not_left_out() -> None:
    of = msgspec.structs.replace(alert(), silenced_by=("0123456789",))
    (line,) = by_label(quiet_lines(known(of), snapshot(known(of))))["silenced"]
    assert line.startswith("silence 01234567, which its server does not list")


def test_the_inhibitor_is_named_with_the_rule_that_did_it() -> None:
    source = known(alert("HostDown", severity="critical", instance="a"), cell="data-1")
    of = alert("SlowResponse", severity="warning", instance="a")
    one = known(msgspec.structs.replace(of, inhibited_by=(source.key,)))
    shown = snapshot(one, source)
    assert by_label(quiet_lines(one, shown))["inhibited by"] == [
        f"HostDown data-1, FIRING, fingerprint {source.key}"
    ]
    assert by_label(inhibition_lines(one, shown, routing()))["by rule"] == [
        'source severity="critical"; target severity="warning"; equal instance=a'
    ]


def test_an_inhibitor_that_was_folded_into_its_replica_is_found() -> None:
    folded = msgspec.structs.replace(known(alert("HostDown")), duplicates=("feedfacefeedface",))
    one = known(msgspec.structs.replace(alert(), inhibited_by=("feedfacefeedface",)))
    assert by_label(quiet_lines(one, snapshot(one, folded)))["inhibited by"] == [
        "HostDown, FIRING, fingerprint feedfacefeedface"
    ]


def test_an_inhibitor_that_nobody_lists_is_said_to_be_unknown() -> None:
    one = known(msgspec.structs.replace(alert(), inhibited_by=("feedfacefeedface",)))
    (line,) = quiet_lines(one, snapshot(one))
    assert line.tone is Tone.UNKNOWN
    assert visible(line.text).endswith("fingerprint feedfacefeedface")


def test_nothing_is_said_to_be_quiet_only_where_the_source_answers() -> None:
    fresh, stale = known(), known(state=State.STALE)
    assert by_label(quiet_lines(fresh, snapshot(fresh))) == {
        "nothing": ["no silence, no ack, no inhibition"]
    }
    (line,) = quiet_lines(stale, snapshot(stale))
    assert visible(line.text).startswith("not known") and line.tone is Tone.UNKNOWN


# Does it still fire


def refreshed(seconds_ago: float, name: str = "ServiceDown") -> KnownAlert:
    """An alert of `prom` that was last sent that long ago, and ends four minutes later."""
    updated = ago(seconds_ago)
    of = msgspec.structs.replace(
        alert(name), updated_at=updated, ends_at=updated + timedelta(minutes=4)
    )
    return msgspec.structs.replace(known(of), owner="prom")


@pytest.mark.parametrize(
    ("mine", "others", "label", "said"),
    [
        (12, 12, "refreshed", "would resolve by itself at 03:20:30 if prom goes silent"),
        (
            180,
            12,
            "resolving",
            "prom refreshes its other alerts and not this one: it is no longer sent, and ends at"
            " 03:17:42",
        ),
        (
            230,
            200,
            "abandoned",
            "prom has not refreshed any alert for 3m20s: they will resolve by themselves at"
            " 03:16:52 although nothing proves it",
        ),
    ],
)
def test_refreshed_resolving_and_abandoned_are_told_apart(
    mine: float, others: float, label: str, said: str
) -> None:
    one, other = refreshed(mine), refreshed(others, "Other")
    assert by_label(ends_lines(one, snapshot(one, other))) == {label: [said]}


def test_a_pending_alert_says_when_it_would_fire() -> None:
    of = alert(starts_at=ago(20), state=AlertState.PENDING, cluster="prom-core")
    one = msgspec.structs.replace(known(of, standing=Standing.PENDING), owner="prom-core")
    shown = msgspec.structs.replace(snapshot(one), rules=(SourceRules("prom-core", (RULE,), at()),))
    assert by_label(ends_lines(one, shown)) == {
        "pending": ["its expression is true; it fires about 03:17:22 if it stays so"]
    }
    assert Question.CONFIG not in questions_on(one, shown)


# The rule and its target


def test_a_rule_that_cannot_be_evaluated_says_its_error() -> None:
    rule = msgspec.structs.replace(
        RULE, health=RuleHealth.ERR, last_error=Raw("many-to-many"), last_evaluation=ago(600),
        keep_firing_for=timedelta(minutes=5),
    )  # fmt: skip
    one = known()
    shown = msgspec.structs.replace(snapshot(one), rules=(SourceRules("prom-core", (rule,), at()),))
    lines = by_label(rule_lines(one, shown))
    assert lines["expression"] == ["redis_up == 0"]
    assert lines["fires"] == ["once true for 1m00s, and for 5m00s after it is no longer true"]
    assert lines["health"] == ["err: many-to-many"]
    assert lines[""] == ["that is overdue: what it says may not be true now"]


def test_the_value_is_told_against_the_threshold_as_it_is_written() -> None:
    value = RuleValue("prom", "redis_up", "== 0", timedelta(minutes=1), value=0.0, holds=True)
    assert value_line(value).text == "0; fires while == 0"
    over = msgspec.structs.replace(value, value=1.0, holds=False)
    assert value_line(over).text == "1; fires while == 0; not true at this moment"
    lost = msgspec.structs.replace(value, failure=failure("prom", "refused the connection"))
    assert value_line(lost).text == "not known: refused the connection"
    assert value_line(msgspec.structs.replace(value, holds=None)).tone is Tone.UNKNOWN


def test_the_scrape_target_of_the_alert_is_told_with_its_error_and_without_its_address() -> None:
    down = msgspec.structs.replace(
        target(TargetHealth.DOWN, instance="data-1:9121", job="redis"),
        last_error=Raw("connection refused"),
        scrape_url=Raw("http://data-1:9121/scrape?token=s3cret"),
    )
    other = target(instance="data-1:9121", job="node")
    of = cell(service())
    one = known(alert(instance="data-1:9121", job="redis"))
    shown = snapshot(one, cells=(msgspec.structs.replace(of, targets=(down, other)),))
    lines = by_label(target_lines(one, shown))
    assert lines == {
        "target": ["DOWN data-1:9121 of job redis, scraped in 0.01 s"],
        "error": ["connection refused"],
    }


# Its place


def test_each_way_to_a_priority_is_told() -> None:
    policy = Policy(by_alert=(("Named", Priority.P3),))

    def reason(name: str = "Other", **labels: str) -> str:
        return priority_reason(known(alert(name, labels=labels)), policy)

    assert reason("Named", priority="p1", severity="critical") == "P1: its label priority says so"
    assert reason("Named", severity="critical") == (
        "P3: the settings name it under priorities, by_alert"
    )
    assert reason(severity="Critical") == "P0: severity=Critical"
    assert reason(severity="loud").startswith("P2: by default, since severity=loud means nothing")
    assert reason().startswith("P2: by default, since it has no severity")


def test_priorities_are_told_as_triage_judges_them() -> None:
    shown = usual()
    policy = Policy()
    for row in Triage(policy).worklist(shown).rows:
        if row.count == 1:
            assert priority_reason(row.alerts[0], policy).startswith(f"{row.priority.name}:")


def test_what_puts_a_row_behind_the_one_above_is_named() -> None:
    shown = usual()
    worklist = Triage(Policy()).worklist(shown)
    first, second = worklist.rows[:2]
    assert order_reason(first, worklist, shown).startswith(
        f"row 1 of {len(worklist.rows)}: firing, P0, nobody has it, ack "
    )
    assert order_reason(second, worklist, shown).endswith("behind the row above by its priority")


def test_a_cell_is_explained_by_the_label_that_leads_to_it() -> None:
    one = known(alert(service="redis"), cell="redis")
    assert cell_reason(one, cell(service())) == "redis: its label service names it"
    by_port = msgspec.structs.replace(service(), port=6379)
    there = known(alert(instance="data-1:6379"), cell="redis")
    assert cell_reason(there, cell(by_port)) == "redis: instance data-1:6379 is its host and port"
    assert cell_reason(known(), None).startswith("none: ")


def test_a_row_is_explained_by_what_all_its_alerts_agree_in() -> None:
    shown = usual()
    worklist = Triage(Policy()).worklist(shown)
    row = next(row for row in worklist.rows if row.count == 5)
    assert row_reason(row, shown, Policy().group_by) == (
        "5 alerts; one row for all with alertname=QueueBacklog, service=worker"
    )
    stormy = storm()
    rack = next(row for row in Triage(Policy()).worklist(stormy).rows if row.count > 100)
    assert 'rack="r12"' in row_reason(rack, stormy, Policy().group_by)


# Asking


class Told:
    """A cluster that says of itself what a test gave it, or raises it, or never answers."""

    def __init__(self, said: ClusterStatus | Exception | None) -> None:
        self.said = said
        self.asked = asyncio.Event()

    async def status(self) -> ClusterStatus:
        self.asked.set()
        if self.said is None:
            await asyncio.Event().wait()
        if isinstance(self.said, Exception):
            raise self.said
        assert self.said is not None
        return self.said


async def answers(clusters: Mapping[str, Told], clock: ManualClock | None = None) -> list[WhyLine]:
    one = known(fired(receivers=("root",)))
    desk = WhyDesk(
        clock or ManualClock(T0, MONO0), asker=lambda: ScriptedInquiry(), clusters=lambda: clusters
    )
    shown = msgspec.structs.replace(snapshot(one), rules=(SourceRules("prom-core", (RULE,), at()),))
    found: list[WhyLearned] = []
    await desk.gather(one, shown, found.append)
    assert {each.question for each in found} == {Question.CONFIG, Question.VALUE}
    return [line for each in found for line in each.lines]


async def test_both_answers_come_with_their_age_and_source() -> None:
    lines = await answers({"am": Told(STATUS)})
    route = next(line for line in lines if line.label == "route")
    value = next(line for line in lines if line.label == "value now")
    assert (route.text, route.by, route.at) == ("root", "am", at())
    assert (value.text, value.by) == ("0; fires while == 0", "prom-core")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (EffectFailed(failure("am", "refused the connection"), Sent.NO), "refused the connection"),
        (msgspec.structs.replace(STATUS, config=Raw("")), "does not tell its configuration"),
        (msgspec.structs.replace(STATUS, config=Raw("a: [")), "cannot be read here: line 2"),
        (RuntimeError("boom"), "a fault inside the console"),
    ],
)
async def test_a_configuration_that_does_not_come_is_said_and_the_value_comes(
    said: ClusterStatus | Exception, words: str
) -> None:
    lines = await answers({"am": Told(said)})
    (route,) = [line for line in lines if line.label == "route"]
    assert visible(route.text).startswith("not known: ") and words in visible(route.text)
    assert route.tone is Tone.UNKNOWN
    assert [line.text for line in lines if line.label == "value now"] == ["0; fires while == 0"]


async def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_the_deadline() -> None:
    clock = ManualClock(T0, MONO0)
    never = Told(None)
    waiting = asyncio.create_task(answers({"am": never}, clock))
    await never.asked.wait()
    clock.advance(DEADLINE_S)
    lines = await waiting
    assert "no answer within 5 s" in str(by_label(lines)["route"])


async def test_a_cluster_that_is_no_longer_there_is_said() -> None:
    assert by_label(await answers({}))["route"] == [
        "not known: am is not among the Alertmanagers any more"
    ]


# Hostile


def test_whatever_stands_in_labels_comes_out_as_one_safe_text() -> None:
    strings = list(hostile_strings(200))
    for one, other in zip(strings[::2], strings[1::2], strict=True):
        all_is_safe(one, other)


def all_is_safe(one: str, other: str) -> None:
    of = msgspec.structs.replace(
        alert(one, labels={"severity": other, "instance": one, "team": other}),
        receivers=(Raw(other),),
        silenced_by=(one,),
        inhibited_by=(other,),
        muted_by=(Raw(one),),
    )
    it = known(of, cell=one)
    shown = snapshot(it)
    worklist = Triage(Policy()).worklist(shown)
    lines = [
        *what_lines(it, shown),
        *quiet_lines(it, shown),
        *ends_lines(it, shown),
        *rule_lines(it, shown),
        *target_lines(it, shown),
        *place_lines(it, worklist.rows[0], worklist, shown, Policy()),
        *route_lines(it, shown, routing(), STATUS),
    ]
    for line in lines:
        if isinstance(line.text, str):
            assert visible(line.text) == line.text


def test_the_tree_that_the_tests_use_is_the_one_they_mean() -> None:
    found = routed(routing().root, Labels({"team": "shop", "severity": "critical"}))
    assert [one.exact for one in found.receivers] == ["pager"]
