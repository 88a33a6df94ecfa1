"""What is told of a row: at once from the snapshot, and by asking whoever may know more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from config.load import load
from config.schema import PrometheusSource
from console.demo.fleet import DemoFleet
from console.engine.evidence import DEADLINE_S, HEALTH_S, EvidenceDesk
from console.engine.evidence_asked import number_text
from console.engine.evidence_known import known_lines
from console.engine.evidence_words import EvidenceLine, Learned, Tone, Topic, asked_topics
from console.engine.inquiry import Inquiry
from console.engine.past import STEP, firing_query, firings_in, label_of, versions_in
from console.engine.questions import (
    Firing,
    NewVersion,
    PastFirings,
    Releases,
    RuleOf,
    RuleValue,
)
from console.model.event import Event, EventKind
from console.model.failure import Failure
from console.model.host import HostFacts, Means, Mount
from console.model.labels import Labels
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.policy import Policy
from console.model.probe import Verdict
from console.model.query import Series
from console.model.registry import Host, ServiceType, host_cell
from console.model.report import Report, Runner
from console.model.run import BookHealth, Shelved
from console.model.snapshot import HostState, Snapshot
from console.model.state import State
from console.model.update import Update
from console.model.worklist import Row, Worklist
from console.runbook.library import Book, book_of
from console.runbook.matching import candidates, slug_of
from console.safety.clock import ManualClock, SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw, visible
from console.sources.prometheus.poll import Prometheus
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
)
from tests.engine.peers import Peer
from tests.screens.worlds import RULE, storm, usual
from tests.servers import start_prometheus
from tests.waiting import until
from tests.watching import cell_called, running

DEAD = "redis:7.2.5 Exited(137) OOMKilled 03:12:51, restart policy: no"


def dead_container() -> Report:
    return Report(
        Runner.CONTAINER, Verdict.UNHEALTHY, DEAD, at(-5), timedelta(seconds=60), "data-1"
    )


def world(*, host: HostState | None = None) -> Snapshot:
    """`usual()` with the container of redis dead, and a host of which something is known."""
    shown = usual()
    cells = tuple(
        msgspec.structs.replace(one, reports=(dead_container(),))
        if one.service.name == "redis"
        else one
        for one in shown.cells
    )
    states = (host,) if host is not None else ()
    return msgspec.structs.replace(shown, cells=cells, host_states=states)


def row_of(shown: Snapshot, title: str = "ServiceDown") -> tuple[Row, Worklist]:
    worklist = Triage(Policy()).worklist(shown)
    found = next(row for row in worklist.rows if visible(row.title).startswith(title))
    return found, worklist


def told(shown: Snapshot, title: str = "ServiceDown") -> dict[str, list[str]]:
    """The lines of a row by label, as text."""
    row, worklist = row_of(shown, title)
    return texts(known_lines(row, worklist, shown))


def texts(lines: Sequence[EvidenceLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        text = "".join(visible(piece.text) for piece in line.pieces)
        found.setdefault(line.label or line.topic.value, []).append(text)
    return found


# At once


def test_an_alert_its_failed_probe_and_its_dead_container_are_three_proofs_of_one_row() -> None:
    shown = world()
    row, worklist = row_of(shown)
    lines = known_lines(row, worklist, shown)
    assert [line.proof for line in lines if line.proof] == ["probe", "container"]
    found = texts(lines)
    assert found["docker"] == [DEAD]
    assert found["probe"] == ["http tcp refused"]
    assert next(line.at for line in lines if line.label == "docker") == at(-5)


def test_who_depends_on_it_stands_worst_first_with_its_reason() -> None:
    hits = told(world())["hits"]
    assert hits == ["1 of 1: api FIRING ServiceDown fires  "]
    assert told(world(), "SlowResponse")["needs"] == [
        "redis FIRING ServiceDown fires  postgres OK  "
    ]


def test_what_a_service_needs_and_nobody_registered_is_not_passed_over() -> None:
    of = msgspec.structs.replace(service("api", "web-1"), depends_on=("ghost",))
    shown = snapshot(known(alert(severity="critical"), cell="api"), cells=(cell(of, State.FIRING),))
    assert told(shown)["needs"] == ["ghost not registered  "]


def test_a_host_says_which_value_is_over_its_limit() -> None:
    facts = HostFacts(
        Means.SSH, uptime=timedelta(days=41), cpus=4, load=(3.1, 2.0, 1.0), cpu_percent=12.0,
        memory_total_bytes=100, memory_available_bytes=59,
        mounts=(Mount(Raw("/"), 100, 5, 95.0), Mount(Raw("/var"), 100, 60, 40.0, 99.0)),
    )  # fmt: skip
    line = told(world(host=HostState(Host("data-1", "10.0.0.1"), facts, at(-5))))["host"]
    said = "up 41 d  load 3.1/4  cpu 12%  mem 41%  disk / 95% (over 90%)"
    assert line == [f"{said}  inodes /var 99% (over 90%)"]


def test_a_dark_host_says_why_and_how_it_was() -> None:
    facts = HostFacts(Means.SSH, uptime=timedelta(days=41))
    dark = HostState(
        Host("data-1", "10.0.0.1"), facts, at(-400), failure("hosts", "no answer within 5 s"),
        ago(300),
    )  # fmt: skip
    shown = world(host=dark)
    row, worklist = row_of(shown)
    lines = [line for line in known_lines(row, worklist, shown) if line.topic is Topic.HOST]
    assert "dark since" in texts(lines)["host"][0]
    assert "no answer within 5 s" in texts(lines)["host"][0]
    assert texts(lines)["host"][1] == "it was: up 41 d"
    assert lines[0].pieces[0].tone is Tone.UNKNOWN
    assert lines[1].at == at(-400)


def test_on_a_host_depends_what_lives_there_the_worst_first() -> None:
    machine = msgspec.structs.replace(service(host_cell("data-1"), "data-1"), type=ServiceType.HOST)
    lives = cell(service("kafka", "data-1"), State.FIRING, "ServiceDown fires")
    shown = snapshot(
        known(alert("InstanceDown"), cell=machine.name),
        cells=[cell(machine), cell(service("pg", "data-1")), lives, cell(service("x", "web-1"))],
    )
    assert told(shown, "InstanceDown")["hits"] == [
        "1 of 2: kafka FIRING ServiceDown fires  pg OK  "
    ]


def test_a_host_at_which_nobody_looks_claims_nothing() -> None:
    found = told(world(host=HostState(Host("data-1"))))
    assert found["host"] == ["data-1 has no SSH, nobody looks"]


def test_who_took_it_is_told_with_note_and_end() -> None:
    taken = known(alert(severity="critical"), acked=ack("mei", note="restarting it"))
    shown = snapshot(taken)
    assert told(shown)["acked"][0].startswith("mei until ")
    assert told(shown)["acked"][0].endswith(", restarting it")


def test_a_storm_row_tells_what_its_alerts_share_and_asks_nobody() -> None:
    shown = storm()
    worklist = Triage(Policy()).worklist(shown)
    row = max(worklist.rows, key=lambda one: one.count)
    found = texts(known_lines(row, worklist, shown))
    assert "rack=r12 on 300 of 300" in found["shared"]
    assert len(found["first"]) == 3
    assert asked_topics(row, shown) == ()


def test_a_saved_state_is_asked_about_only_once_it_is_live() -> None:
    row, _ = row_of(world())
    assert asked_topics(row, msgspec.structs.replace(world(), restored=True)) == ()
    assert set(asked_topics(row, world())) == {
        Topic.NOW, Topic.LOG, Topic.CHANGE, Topic.BEFORE, Topic.BOOK,
    }  # fmt: skip


# The desk


class Answers:
    """Answers as a test says; what it does not say is never answered."""

    def __init__(self) -> None:
        self.value: RuleValue | None = None
        self.past: PastFirings | None = None
        self.built: Releases | None = None
        self.asked: list[str] = []

    async def _or_never(self, name: str, answer: object) -> None:
        self.asked.append(name)
        if answer is None:
            await asyncio.Event().wait()

    async def rule_value(self, rule: RuleOf, labels: Labels) -> RuleValue:
        await self._or_never("now", self.value)
        assert self.value is not None
        return self.value

    async def past_firings(self, source: str, labels: Labels, before: datetime) -> PastFirings:
        await self._or_never("before", self.past)
        assert self.past is not None
        return self.past

    async def releases(self, label: str, services: Sequence[str]) -> Releases:
        await self._or_never("change", self.built)
        assert self.built is not None
        return self.built


class Kept:
    """A log that says what a test gave it."""

    def __init__(self, told: LogAnswer | Failure, why: str = "") -> None:
        self.told = told
        self.why = why
        self.requests: list[LogRequest] = []

    def why_not(self, service: str) -> str:
        return self.why if service == "redis" else "no such service"

    async def read(self, request: LogRequest) -> LogAnswer | Failure:
        self.requests.append(request)
        return self.told


GOOD = RuleValue("prom-core", "redis_up", "== 0", timedelta(minutes=1), value=0.0, holds=True)


class Desk:
    """A desk, its clock, and what came from it."""

    def __init__(
        self, answers: Answers, logs: Kept | None = None, events: Sequence[Event] = ()
    ) -> None:
        self.clock = ManualClock(T0, MONO0)
        self.came: list[Learned] = []
        self.desk = EvidenceDesk(
            self.clock, asker=lambda: answers, logs=lambda: logs, events=lambda: events,
            shelf=self._shelf,
            shelved=self.shelved,
        )  # fmt: skip
        self.books: tuple[Book, ...] = (Book(Raw("service-down")),)
        self.health: tuple[Shelved, ...] = ()
        self.is_slow = False

    async def _shelf(self) -> tuple[Book, ...]:
        return self.books

    async def shelved(self) -> tuple[Shelved, ...]:
        if self.is_slow:
            await asyncio.Event().wait()
        return self.health

    async def all_of(self, shown: Snapshot) -> dict[str, list[str]]:
        """Everything that comes before the deadline, and what is said of the rest."""
        self.came = []
        gathering = asyncio.create_task(self.desk.gather(row_of(shown)[0], shown, self.came.append))
        await settled()
        self.clock.advance(DEADLINE_S + 1)
        await gathering
        return texts([line for learned in self.came for line in learned.lines])


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)
    await asyncio.to_thread(lambda: None)
    for _ in range(50):
        await asyncio.sleep(0)


async def test_what_does_not_answer_is_named_and_hides_nothing_else() -> None:
    answers = Answers()
    answers.value = GOOD
    found = await Desk(answers).all_of(world())
    assert found["now"] == ["redis_up 0 (rule: == 0 for 1m)"]
    assert found["before"] == ["not known: no answer within 5 s"]
    assert found["change"] == ["not known: no answer within 5 s"]
    assert found["log"] == ["none: no logs are read here"]


async def test_an_answer_carries_the_time_at_which_it_was_learned() -> None:
    answers = Answers()
    answers.value = GOOD
    desk = Desk(answers)
    await desk.all_of(world())
    learned = next(one for one in desk.came if one.topic is Topic.NOW)
    assert learned.at == at()
    assert [line.at for line in learned.lines] == [at()]


async def test_who_looks_again_soon_asks_nobody() -> None:
    answers = Answers()
    answers.value, answers.past, answers.built = (
        GOOD, PastFirings("prom-core", timedelta(days=30)), Releases(timedelta(hours=6)),
    )  # fmt: skip
    desk = Desk(answers)
    await desk.all_of(world())
    desk.clock.advance(-DEADLINE_S - 1)
    first = list(answers.asked)
    again = await desk.all_of(world())
    assert answers.asked == first
    assert again["now"] == ["redis_up 0 (rule: == 0 for 1m)"]


async def test_a_value_is_asked_for_again_after_ten_seconds_and_the_past_is_not() -> None:
    answers = Answers()
    answers.value, answers.past, answers.built = (
        GOOD, PastFirings("prom-core", timedelta(days=30)), Releases(timedelta(hours=6)),
    )  # fmt: skip
    desk = Desk(answers)
    await desk.all_of(world())
    desk.clock.advance(11)
    await desk.all_of(world())
    assert sorted(answers.asked) == ["before", "change", "now", "now"]


async def test_another_row_ends_what_was_being_asked_about_the_one_before() -> None:
    answers = Answers()
    desk = Desk(answers)
    shown = world()
    first = asyncio.create_task(desk.desk.gather(row_of(shown)[0], shown, desk.came.append))
    await settled()
    other = row_of(shown, "SlowResponse")[0]
    second = asyncio.create_task(desk.desk.gather(other, shown, desk.came.append))
    await first
    assert not second.done()
    second.cancel()


async def test_a_fault_of_ours_costs_its_own_line_only() -> None:
    class Broken(Answers):
        async def rule_value(self, rule: RuleOf, labels: Labels) -> RuleValue:
            raise KeyError("secret")

    answers = Broken()
    answers.past = PastFirings("prom-core", timedelta(days=30))
    found = await Desk(answers).all_of(world())
    assert "a fault inside the console" in found["now"][0]
    assert "secret" not in found["now"][0]
    assert found["before"] == ["none in what prom-core keeps of 30 d"]


# Each topic


async def test_a_rule_that_is_not_true_any_more_says_so() -> None:
    answers = Answers()
    answers.value = msgspec.structs.replace(GOOD, value=1.0, holds=False)
    found = await Desk(answers).all_of(world())
    assert found["now"] == ["redis_up 1 (rule: == 0 for 1m)  not true at this moment"]


async def test_a_partial_answer_proves_nothing() -> None:
    answers = Answers()
    answers.value = msgspec.structs.replace(GOOD, value=None, holds=None, partial=True)
    answers.past = PastFirings("prom-core", timedelta(days=30), partial=True)
    answers.built = Releases(timedelta(hours=6), asked=("redis",), partial=True)
    found = await Desk(answers).all_of(world())
    assert "proves nothing" in found["now"][0]
    assert "lacks a part" in found["before"][0]
    assert found["change"] == ["redis: not known: the answer lacks a part"]


async def test_the_last_time_is_told_with_its_length_and_how_often() -> None:
    answers = Answers()
    firings = tuple(
        Firing(T0 - timedelta(days=days), T0 - timedelta(days=days) + timedelta(minutes=11))
        for days in (3, 5, 20)
    )
    answers.past = PastFirings("prom-core", timedelta(days=30), firings)
    found = await Desk(answers).all_of(world())
    assert found["before"][0].endswith(", 11m; 2 times in 7 d")


async def test_what_this_console_saw_end_is_the_last_time_where_no_server_tells() -> None:
    shown = world()
    key = row_of(shown)[0].alerts[0].key
    events = (
        Event(ago(3000), EventKind.RESOLVED, "ServiceDown redis", "resolved: …", key=key),
        Event(ago(3300), EventKind.ACKED, "ServiceDown redis", "acked", "mei", key=key),
        Event(ago(3600), EventKind.FIRED, "ServiceDown redis", "began to fire", key=key),
    )
    answers = Answers()
    answers.past = PastFirings("prom-core", timedelta(days=30), failure=failure("prom-core", "503"))
    found = await Desk(answers, events=events).all_of(shown)
    assert ", 10m, acked by mei; once in 7 d" in found["before"][0]
    assert found["before"][1] == "not known: 503"


async def test_none_is_said_only_of_releases_that_somebody_tells_of() -> None:
    answers = Answers()
    answers.built = Releases(timedelta(hours=6), asked=("redis",))
    assert (await Desk(answers).all_of(world()))["change"] == ["redis: none in 6 h"]
    answers.built = Releases(timedelta(hours=6))
    found = await Desk(answers).all_of(world())
    assert found["change"] == ["redis: not known: no source tells of releases"]


async def test_a_release_of_a_neighbour_is_told_with_its_versions() -> None:
    answers = Answers()
    new = NewVersion("api", Raw("app"), Raw("v2.15.0"), Raw("v2.14.0"), ago(1500))
    answers.built = Releases(timedelta(hours=6), ("redis", "api"), (new,))
    change = (await Desk(answers).all_of(world()))["change"]
    assert change[0].endswith(" api v2.14.0 > v2.15.0")
    assert change[1] == "redis: none in 6 h"


async def test_log_lines_that_look_like_faults_come_before_chatter() -> None:
    start = row_of(world())[0].since
    lines = [
        LogLine(start - timedelta(seconds=n), Raw(f"{n} clients connected"))
        for n in range(60, 0, -1)
    ]
    lines.insert(3, LogLine(start - timedelta(seconds=57), Raw("FATAL: out of shared memory")))
    logs = Kept(LogAnswer(tuple(lines), False, "docker logs redis", "docker redis on data-1"))
    desk = Desk(Answers(), logs)
    found = await desk.all_of(world())
    assert len(found["log"]) == 5
    assert found["log"][0].endswith("FATAL: out of shared memory")
    best = next(one for one in desk.came if one.topic is Topic.LOG).lines[0]
    assert best.rank == 0
    request = logs.requests[0]
    assert request.since is not None and request.since <= start - timedelta(minutes=3)
    assert request.until is not None and request.until > start


async def test_a_log_that_cannot_be_read_says_why() -> None:
    refused = Kept(failure("data-1", "permission denied (publickey) at data-1"))
    found = await Desk(Answers(), refused).all_of(world())
    assert found["log"] == ["not known: permission denied (publickey) at data-1"]
    nowhere = Kept(failure(), why="there is no SSH to data-1")
    assert (await Desk(Answers(), nowhere).all_of(world()))["log"] == [
        "none: there is no SSH to data-1"
    ]


async def test_runbooks_stand_in_the_order_of_their_reasons() -> None:
    found = await Desk(Answers()).all_of(world())
    assert found["book"] == [
        "1 cache-down (the alert names it, not here)   2 service-down (called as the alert)   "
    ]


async def test_the_likeliest_runbook_stands_there_with_how_it_has_done() -> None:
    desk = Desk(Answers())
    health = BookHealth(4, T0 - timedelta(days=3), T0 - timedelta(days=12))
    named = Raw("cache-down")
    desk.books = (*desk.books, Book(named))
    desk.health = (Shelved(named, named, Raw("shipped"), 9, 7, 0, is_stale=True, health=health),)
    (told,) = (await desk.all_of(world()))["book"]
    assert told.startswith("1 cache-down 9 steps, last passed 12 d ago, stale   2 service-down (")


async def test_a_journal_that_does_not_answer_costs_no_runbook_its_name() -> None:
    desk = Desk(Answers())
    desk.is_slow = True
    gathering = asyncio.create_task(desk.desk.gather(row_of(world())[0], world(), desk.came.append))
    await settled()
    desk.clock.advance(HEALTH_S)
    await settled()
    (book,) = (one for one in desk.came if one.topic is Topic.BOOK)
    assert texts(list(book.lines))["book"][0].startswith("1 cache-down (the alert names it")
    gathering.cancel()


def test_a_runbook_says_in_its_front_matter_what_it_is_for() -> None:
    text = "---\ntitle: x\noncall:\n  service: redis\nalerts: [ServiceDown, CacheDown]\n---\n# x\n"
    book = book_of("cache", text)
    assert book == Book(Raw("cache"), ("ServiceDown", "CacheDown"), ("redis",))
    assert book_of("cache", "---\n[[[") == Book(Raw("cache"))
    assert book_of("cache", "# no front matter") == Book(Raw("cache"))
    down = known(alert("ServiceDown"))
    assert [one.why for one in candidates(down, "redis", (book,))] == ["for this alert"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("ServiceDown", "service-down"),
        ("SSLCertExpiring", "ssl-cert-expiring"),
        ("cpu_5m", "cpu-5-m"),
    ],
)
def test_an_alert_is_called_as_its_file(name: str, slug: str) -> None:
    assert slug_of(name) == slug


# The past in series


def series(*moments: float, **labels: str) -> Series:
    return Series(Labels(labels), tuple((moment, 1.0) for moment in moments))


STEP_S = STEP.total_seconds()
BASE = T0.timestamp()


def test_points_in_a_row_are_one_firing_and_what_fires_now_is_none() -> None:
    early = [BASE - 100 * STEP_S + n * STEP_S for n in range(3)]
    late = [BASE - n * STEP_S for n in range(3, -1, -1)]
    found = firings_in([series(*early, *late)], T0 - timedelta(minutes=15), STEP)
    assert [(one.start.timestamp(), one.end.timestamp()) for one in found] == [(early[0], early[2])]


def test_a_failed_scrape_does_not_split_a_firing() -> None:
    moments = [BASE - 100 * STEP_S, BASE - 98 * STEP_S]
    assert len(firings_in([series(*moments)], T0, STEP)) == 1


def test_a_label_that_only_alertmanager_knows_does_not_hide_the_past() -> None:
    query = firing_query(Labels({"alertname": "A", "cluster": "eu.west|1", "pod": "api-7f"}))
    assert query == 'ALERTS{alertname="A",alertstate="firing",cluster=~"eu\\\\.west\\\\|1|"}'


def test_a_version_is_new_only_where_it_came_up_within_the_window() -> None:
    start = T0 - timedelta(hours=6)
    begun = start.timestamp()

    def built(of: str, version: str, *steps: int) -> Series:
        moments = (begun + n * STEP_S for n in range(*steps))
        return series(*moments, __name__="app_build_info", service=of, version=version)

    old, new = built("api", "1", 30), built("api", "2", 30, 70)
    still = built("redis", "7", 70)
    services, versions = versions_in([old, new, still], "service", start, STEP)
    assert services == ("api", "redis")
    assert [(one.service, one.before, one.version) for one in versions] == [
        ("api", Raw("1"), Raw("2"))
    ]


def test_the_label_that_names_the_service_is_the_one_that_its_alert_has() -> None:
    assert label_of(Labels({"job": "redis", "team": "data"}), "redis") == "job"
    assert label_of(Labels({"job": "redis", "service": "redis"}), "redis") == "service"
    assert label_of(Labels({}), "redis") == "service"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (4112.0, "4,112"), (0.95731, "0.9573"), (float("nan"), "nan"), (1e300, "1e+300")],
)
def test_a_value_is_read_at_a_glance(value: float, text: str) -> None:
    assert number_text(value) == text


# Real servers


@pytest.mark.real("prometheus")
async def test_a_real_prometheus_takes_every_question(tmp_path: Path) -> None:
    server = await asyncio.to_thread(start_prometheus, tmp_path)
    clock = SystemClock()
    http = HttpClient(clock)
    try:
        prom = Prometheus(PrometheusSource(name="prom", url=server.url), http, clock)
        asker = Inquiry((prom,), clock)
        labels = Labels(
            {"alertname": "Watchdog", "a": 'q"\\ uote|[(*+?', "b": "new\nline", "c": "中文 -.^$"}
        )
        past = await asker.past_firings("prom", labels, clock.now().wall)
        assert past.failure is None
        built = await until(
            lambda: asker.releases("job", ("prometheus", "a.b|c[")),
            lambda one: one.asked == ("prometheus",),
        )
        assert built.failures == ()
        rule = RuleOf("prom", msgspec.structs.replace(RULE, query=Raw("vector(3) > 2")))
        value = await asker.rule_value(rule, labels)
        assert (value.value, value.holds, value.left) == (3.0, True, "vector(3)")
        over = RuleOf("prom", msgspec.structs.replace(RULE, query=Raw("vector(1) > 2")))
        value = await asker.rule_value(over, labels)
        assert (value.value, value.holds) == (1.0, False)
    finally:
        await http.aclose()
        await asyncio.to_thread(server.end)


async def test_an_empty_answer_of_which_a_part_is_missing_does_not_end_an_alert() -> None:
    nothing = {"resultType": "vector", "result": []}
    peer = Peer({"/api/v1/query": {"status": "success", "data": nothing, "warnings": ["a part"]}})
    await peer.open()
    clock = SystemClock()
    http = HttpClient(clock)
    try:
        prom = Prometheus(PrometheusSource(name="prom-core", url=peer.url), http, clock)
        rule = RuleOf("prom-core", RULE)
        value = await Inquiry((prom,), clock).rule_value(rule, Labels({"alertname": "ServiceDown"}))
        assert (value.value, value.holds, value.partial) == (None, None, True)
        await peer.shut()
        value = await Inquiry((prom,), clock).rule_value(rule, Labels({}))
        assert value.holds is None
        assert value.failure is not None
    finally:
        await http.aclose()
        await peer.release()


# All of it together


async def test_a_dead_redis_is_one_row_whose_evidence_names_its_container_and_its_end() -> None:
    clock = SystemClock()
    fleet = DemoFleet("redis-down", clock=clock)
    await fleet.start()
    try:
        async with running(load(fleet.settings_dir)) as (engine, seen):
            update = await seen.until(_knows_the_container_of_redis)
            rows = [row for row in update.worklist.rows if row.cell == "redis" and row.clocks]
            assert [visible(row.title) for row in rows] == ["ServiceDown"]
            came: list[Learned] = []
            await engine.desk.gather(rows[0], update.snapshot, came.append)
            asked = [line for learned in came for line in learned.lines]
            lines = (*known_lines(rows[0], update.worklist, update.snapshot), *asked)
            proofs = {line.proof for line in lines if line.proof}
            found = texts(lines)
    finally:
        await fleet.stop()
    assert {"probe", "container"} <= proofs
    assert "Exited(137) OOMKilled" in found["docker"][0]
    assert found["now"] == ["redis_up 0 (rule: == 0 for 1m)"]
    assert found["host"][0].startswith("up ")
    assert any("Killed process" in text for text in found["log"])
    assert any("api" in text for text in found["hits"])
    assert found["before"][0].endswith("; not once in 7 d")


def _knows_the_container_of_redis(update: Update) -> bool:
    redis = cell_called(update, "redis")
    alerts = {known.alert.name.exact for known in update.snapshot.alerts}
    return (
        redis is not None
        and any(report.verdict is Verdict.UNHEALTHY for report in redis.reports)
        and any(result.verdict is Verdict.UNHEALTHY for result in redis.probes)
        and "ServiceDown" in alerts
        and update.snapshot.complete
    )
