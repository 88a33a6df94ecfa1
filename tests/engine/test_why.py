"""Why an alert is seen: what keeps it quiet, whether it still fires, its rule, its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import msgspec
import pytest

from console.engine.evidence_words import Tone
from console.engine.questions import RuleValue
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
    inhibition_lines,
    route_lines,
)
from console.engine.why_words import Question, WhyLearned, WhyLine, questions_on
from console.model.alert import (
    AlertState,
    ClusterStatus,
    RuleHealth,
    Silence,
    SilenceState,
    TargetHealth,
)
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, SourceRules, Standing
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
from tests.engine.test_why_route import STATUS, by_label, fired, routing
from tests.hostile import hostile_strings
from tests.screens.console import ScriptedInquiry
from tests.screens.worlds import RULE, storm, usual

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
