"""What a silence would keep quiet: counted by priority, and never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from config.schema import PrometheusSource
from console.actions.silences.matchers import matcher_of
from console.demo.serve import start_demo
from console.engine.blast import NO_PROMETHEUS, past_week, radius_of, week_query
from console.model.failure import Failure
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.query import InstantAnswer, Sample
from console.model.state import Priority
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.prometheus.poll import Prometheus
from tests.build import T0, ago, alert, failure
from tests.servers import ended, start_prometheus
from tests.waiting import until

JOB = matcher_of('job="api"')


class Told:
    """A Prometheus that answers what a test says."""

    def __init__(
        self,
        name: str,
        answer: InstantAnswer | Failure,
        external: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.name = name
        self.external_labels = external
        self.answer = answer
        self.asked: list[str] = []

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = 10_000
    ) -> InstantAnswer | Failure:
        self.asked.append(query)
        return self.answer


def answer(*counts: tuple[str, str, float], warnings: Sequence[str] = ()) -> InstantAnswer:
    """So many alerts of a name and a severity."""
    samples = tuple(
        Sample(Labels({"alertname": name, "severity": severity}), T0, count)
        for name, severity, count in counts
    )
    return InstantAnswer(samples, tuple(Raw(one) for one in warnings), len(samples))


def test_the_most_urgent_come_first_and_those_nobody_marked_are_told_apart() -> None:
    slow = alert("Slow", starts_at=ago(600), severity="warning")
    down = alert("Down", starts_at=ago(60), severity="critical")
    late = alert("Late", starts_at=ago(90), severity="critical")
    found = radius_of((slow, down, late), (), {slow.fingerprint}, Policy())
    assert [one.name.exact for one in found.alerts] == ["Late", "Down", "Slow"]
    assert [one.name.exact for one in found.beyond] == ["Late", "Down"]
    assert found.by_priority == {
        Priority.P0: 2, Priority.P1: 0, Priority.P2: 1, Priority.P3: 0,
    }  # fmt: skip
    assert found.count == 3


def test_where_nothing_was_marked_nothing_is_beyond_it() -> None:
    assert radius_of((alert(),), (), (), Policy()).beyond == ()


def test_with_a_cluster_gone_the_count_is_not_known() -> None:
    found = radius_of((alert(),), (failure(),), (), Policy())
    assert found.count is None and len(found.alerts) == 1


def test_the_labels_that_a_server_adds_are_compared_here_and_not_asked_for() -> None:
    external = {"cluster": "eu", "replica": "0"}
    wanted = [JOB, matcher_of('cluster=~"e.|us"'), matcher_of('team!~"a|b"')]
    assert week_query(wanted, external, Policy()) == (
        "count by (alertname, severity, priority) "
        '(last_over_time(ALERTS{alertstate="firing",job="api",team!~"a|b"}[7d]))'
    )
    assert week_query([JOB, matcher_of('cluster="us"')], external, Policy()) is None
    assert week_query([matcher_of('cluster!="eu"')], external, Policy()) is None


async def test_a_hostile_value_stays_inside_its_quotes() -> None:
    server = Told("prom", answer())
    await past_week([server], [matcher_of(r'job="\"} or vector(1) or x{y=\""')], Policy())
    assert r'job="\"} or vector(1) or x{y=\""' in server.asked[0]


async def test_replicas_are_counted_once_and_other_servers_are_added() -> None:
    one = Told("a", answer(("Down", "critical", 2), ("Slow", "warning", 5)),
               (("dc", "1"), ("replica", "a")))  # fmt: skip
    two = Told("b", answer(("Down", "critical", 3)), (("dc", "1"), ("replica", "b")))
    other = Told("c", answer(("Down", "critical", 4)), (("dc", "2"),))
    week = await past_week([one, two, other], [JOB], Policy())
    assert week.by_priority == (3 + 4, 0, 5, 0) and week.total == 12


async def test_servers_without_labels_of_their_own_are_different_ones() -> None:
    servers = [Told(name, answer(("Down", "critical", 2))) for name in ("a", "b")]
    assert (await past_week(servers, [JOB], Policy())).total == 4


async def test_what_no_server_tells_is_not_known_and_says_why() -> None:
    assert (await past_week([], [JOB], Policy())).unknown == NO_PROMETHEUS
    gone = await past_week([Told("prom", failure("prom", "refused"))], [JOB], Policy())
    assert gone.total is None and gone.unknown == "prom: refused"
    odd = await past_week([Told("prom", answer())], [matcher_of('"a b"="c"')], Policy())
    assert odd.total is None and '"a b"' in odd.unknown


async def test_one_server_of_two_tells_what_it_can() -> None:
    servers = [Told("a", answer(("Down", "critical", 2))), Told("b", failure("b"))]
    week = await past_week(servers, [JOB], Policy())
    assert week.total == 2 and [one.source for one in week.failures] == ["b"]


async def test_a_partial_answer_is_told_as_one() -> None:
    assert (await past_week([Told("a", answer(warnings=["store gone"]))], [JOB], Policy())).partial


RULES = """
groups:
  - name: test
    rules:
      - alert: Down
        expr: vector(1)
        labels: {severity: critical, job: api}
      - alert: Waiting
        expr: vector(1)
        for: 1h
        labels: {severity: critical, job: api}
      - alert: Slow
        expr: >-
          label_replace(vector(1), "n", "1", "", "") or
          label_replace(vector(1), "n", "2", "", "")
        labels: {severity: warning, job: api}
"""


@pytest.mark.real("prometheus")
async def test_a_real_prometheus_counts_each_alert_once(tmp_path: Path) -> None:
    http = HttpClient(SystemClock())
    with ended(start_prometheus(tmp_path, rules=RULES)) as (program,):
        settings = PrometheusSource(name="prom", url=program.url)
        server = Prometheus(settings, http, SystemClock())
        await server.poll(0)
        assert ("cluster", "test") in server.external_labels
        wanted = [JOB, matcher_of('cluster="test"')]
        week = await until(
            lambda: past_week([server], wanted, Policy()), lambda week: week.total == 3
        )
        assert week.by_priority == (1, 0, 2, 0)
        none = await past_week([server], [JOB, matcher_of('cluster="other"')], Policy())
        assert none.total == 0
    await http.aclose()


async def test_the_demo_tells_the_week_too() -> None:
    http = HttpClient(SystemClock())
    demo = start_demo("calm")
    servers = [
        Prometheus(PrometheusSource(name=name, url=url), http, SystemClock())
        for name, url in demo.endpoints.prometheus
    ]
    week = await past_week(servers, [matcher_of('severity=~".+"')], Policy())
    demo.stop()
    await http.aclose()
    assert not week.failures and week.total
