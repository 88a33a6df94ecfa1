"""Seven days that a real Prometheus holds, told by it alone: against what was written down."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from config.history import ObjectiveEntry
from config.load import USUAL_WATCHDOG
from config.schema import PrometheusSource
from console.cli.main import oncall
from console.engine.week.memory_read import FromPrometheus, Span, look_at
from console.engine.week.prometheus import plan
from console.engine.week.prometheus.past import PrometheusPast
from console.history.reader import Reader, open_reader
from console.history.writer import Writer, open_writer
from console.model.history import Bout, Observed, Origin, Sample, Sight
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.registry import PAGES, Registry, Service, ServiceType
from console.model.saying import text_of
from console.model.state import Priority
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.prometheus import past as pieces
from console.sources.prometheus.poll import Prometheus
from console.triage.identity import identity_of
from tests.servers import Program
from tests.tsdb import Written, start_with_past

pytestmark = pytest.mark.real("prometheus", "promtool")

EVERY_S: Final = 300
HOUR_S: Final = 3600
WEEK_S: Final = 7 * 24 * HOUR_S
END_S: Final = int(time.time()) // HOUR_S * HOUR_S - 3 * HOUR_S
START_S: Final = END_S - WEEK_S
START, END = (datetime.fromtimestamp(at, UTC) for at in (START_S, END_S))

WEB: Final = {"job": "blackbox", "instance": "https://web.test/"}
API: Final = {"job": "blackbox", "instance": "https://api.test/"}
FIRST, SECOND = ({"job": "worker", "instance": f"worker-{n}:9100"} for n in (1, 2))
LONE: Final = {"job": "lone", "instance": "box:9999"}


def hour(number: float) -> int:
    return START_S + round(number * HOUR_S)


ASLEEP: Final = (140.0, 142.0)
"""When the server itself was away."""


def within(at: int, *spans: tuple[float, float]) -> bool:
    return any(hour(first) <= at < hour(last) for first, last in spans)


def web(at: int) -> float | None:
    """Down as the week begins, twice within it, and as it ends."""
    return 0 if within(at, (0, 2), (50, 50.5), (99, 103), (166, 168)) else 1


def api(at: int) -> float | None:
    """Nobody looked for two hours, and for one hour nobody knows what was seen."""
    if within(at, (30, 32)):
        return None
    return math.nan if within(at, (40, 41)) else 0 if within(at, (60, 61)) else 1


def first_worker(at: int) -> float | None:
    return 0 if within(at, (24, 48)) else 1


def second_worker(at: int) -> float | None:
    return 0 if within(at, (47, 49)) else 1


def points(value: object, first: int = START_S - HOUR_S) -> list[tuple[int, float]]:
    assert callable(value)
    awake = (at for at in range(first, END_S, EVERY_S) if not within(at, ASLEEP))
    found = ((at, value(at)) for at in awake)
    return [(at, each) for at, each in found if each is not None]


def took(at: int) -> float:
    """Probes that fail took their whole timeout, and slow ones 6 s."""
    return 9.0 if web(at) == 0 else 6.0 if within(at, (120, 121)) else 0.2


def firing(labels: dict[str, str], *spans: tuple[float, float]) -> Written:
    moments = (at for first, last in spans for at in range(hour(first), hour(last), EVERY_S))
    return Written("ALERTS", {**labels, "alertstate": "firing"}, [(at, 1) for at in moments])


DOWN: Final = {"alertname": "SiteDown", "instance": "https://web.test/", "severity": "critical"}
DISK: Final = {"alertname": "DiskFull", "instance": "box:9999", "severity": "warning"}
LONG: Final = {"alertname": "QueueLong", "service": "worker", "severity": "warning"}
GONE: Final = {"alertname": "Gone", "service": "api", "severity": "info"}
WATCHDOG: Final = {"alertname": "Watchdog", "severity": "none"}
PAST: Final = (
    Written("probe_success", WEB, points(web)),
    Written("probe_duration_seconds", WEB, points(took)),
    Written("up", WEB, points(lambda at: 1)),
    Written("probe_success", API, points(api)),
    Written("up", FIRST, points(first_worker)),
    Written("up", SECOND, points(second_worker)),
    Written("up", LONE, points(lambda at: 1, hour(84))),
    Written("requests", {"service": "web"}, points(lambda at: 3)),
    Written("requests", {"service": "webby"}, points(lambda at: 4)),
    # Before the week and into it; a pause of one evaluation, and one of half an hour.
    firing(DOWN, (-3, 2), (99, 101), (101 + 1 / 12, 103), (103.5, 104)),
    # Goes on as the week ends.
    firing(DISK, (160, 168)),
    # Over the time in which nobody could have said that it ended.
    firing(LONG, (138, 140), (142, 144)),
    # Still there when everybody fell asleep, and no more when they woke.
    firing(GONE, (139, 140)),
    firing(WATCHDOG, (0, 168)),
)

SERVICES: Final = (
    Service("web", ServiceType.PAGE, PAGES, instances=(WEB["instance"],)),
    Service("api", ServiceType.PAGE, PAGES, instances=(API["instance"],)),
    Service("worker", ServiceType.DOCKER, "worker-1", instances=("worker-1:9100",)),
)
POLICY: Final = Policy(watchdogs=(("prom", USUAL_WATCHDOG),))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = start_with_past(tmp_path_factory.mktemp("prometheus"), PAST)
    yield program
    program.end()


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


def past_of(
    http: HttpClient, server: Program, *names: str, policy: Policy = POLICY
) -> PrometheusPast:
    """What is asked of one server, by each of `names` as if it were one of its own."""
    clock = SystemClock()
    servers = tuple(
        Prometheus(PrometheusSource(name=name, url=server.url), http, clock)
        for name in names or ("prom",)
    )
    return PrometheusPast(lambda: servers, clock, Registry((), SERVICES), policy)


def seconds(observed: Observed) -> tuple[float, float]:
    """How long it was known, and how long it was down."""
    known = down = 0.0
    for one in observed.stretches:
        lasted = (one.end_ms - one.start_ms) / 1000
        known += lasted * (one.sight is not Sight.UNKNOWN)
        down += lasted * (one.sight is Sight.DOWN)
    return known, down


def counted(*values: object) -> tuple[float, float]:
    """The same, a moment at a time, of what was written down of one service's instances."""
    known = down = 0
    for at in range(START_S, END_S, EVERY_S):
        if within(at, ASLEEP):
            continue
        assert all(map(callable, values))
        seen = [value(at) for value in values if callable(value)]
        seen = [one for one in seen if one is not None and not math.isnan(one)]
        known += EVERY_S * bool(seen)
        down += EVERY_S * (bool(seen) and not any(seen))
    return known, down


async def test_the_week_is_told_as_it_was(http: HttpClient, server: Program) -> None:
    told = await past_of(http, server).observed(START, END)
    services = {one.service: one for one in told.observed}
    assert told.notices == ()
    assert seconds(services["web"]) == counted(web)
    assert seconds(services["api"]) == counted(api)
    assert seconds(services["worker"]) == counted(first_worker, second_worker)
    assert services["lone/box:9999"].stretches[0].start_ms == hour(84) * 1000
    assert "prometheus" not in services


async def test_what_a_probe_says_is_believed_before_that_its_exporter_answers(
    http: HttpClient, server: Program
) -> None:
    told = await past_of(http, server).observed(START, END)
    (site,) = (one for one in told.observed if one.service == "web")
    assert site.source == "prom: probe_success"
    assert site.query == ('probe_success{job="blackbox",instance="https://web.test/"}[604800s]')


async def test_latencies_are_of_answers_and_slow_ones_are_told_apart(
    http: HttpClient, server: Program
) -> None:
    told = await past_of(http, server).observed(START, END)
    (site,) = (one for one in told.observed if one.service == "web")
    slow = [one for one in site.stretches if one.sight is Sight.SLOW]
    assert [(one.start_ms, one.end_ms) for one in slow] == [(hour(120) * 1000, hour(121) * 1000)]
    hours = dict(site.hours)
    assert hour(0) not in hours and hour(100) not in hours, "a timeout is no answer"
    assert hours[hour(10)].total == HOUR_S // EVERY_S
    assert hours[hour(120)].percentile_ms(50) == pytest.approx(6000, rel=0.01)


def record(folder: Path, *lost: tuple[float, float]) -> None:
    """The same samples in a file of ours, without those of some hours."""
    writer = open_writer(folder, Origin.CONSOLE, "kai@laptop")
    assert isinstance(writer, Writer)
    writer.begin(START_S * 1000, EVERY_S * 1000)
    sights = {0.0: Sight.DOWN, 1.0: Sight.UP}
    for day in range(7):
        written = []
        for at in range(hour(24 * day), hour(24 * day + 24), EVERY_S):
            if within(at, ASLEEP, *lost):
                continue
            for name, value in (("web", web(at)), ("api", api(at))):
                if value is not None:
                    written.append(Sample(name, at * 1000, sights.get(value, Sight.UNKNOWN)))
        writer.write(written)
    writer.close()


async def test_the_same_samples_in_our_history_come_to_the_same(
    http: HttpClient, server: Program, tmp_path: Path
) -> None:
    record(tmp_path)
    ours = {one.service: one for one in observed_in(tmp_path)}
    told = await past_of(http, server).observed(START, END)
    theirs = {one.service: one for one in told.observed}
    for name in ("web", "api"):
        (known, down), (known_there, down_there) = seconds(ours[name]), seconds(theirs[name])
        assert known == pytest.approx(known_there, rel=1e-4)
        assert 1 - down / known == pytest.approx(1 - down_there / known_there, abs=1e-4)


async def test_a_history_with_holes_that_prometheus_fills_comes_to_the_same(
    http: HttpClient, server: Program, tmp_path: Path
) -> None:
    # Two nights, one of them into an outage, and the end of the week.
    record(tmp_path, (20, 31), (90, 100), (160, 168))
    told = await past_of(http, server).observed(START, END)
    theirs = {one.service: one for one in told.observed}
    reader = reader_of(tmp_path)
    made = look_at(reader, FromPrometheus(theirs), Span(START, END))
    both = {one.service: one for one in made()}
    reader.close()
    for name in ("web", "api"):
        (known, down), (known_there, down_there) = seconds(both[name]), seconds(theirs[name])
        assert known == pytest.approx(known_there, rel=1e-4)
        assert 1 - down / known == pytest.approx(1 - down_there / known_there, abs=1e-4)
        assert both[name].source == "history; prom: probe_success"
        assert sum(one.known_ms for one in both[name].known_by) == round(known * 1000)


async def test_the_week_is_taken_in_once_however_often(
    http: HttpClient, server: Program, tmp_path: Path
) -> None:
    past = past_of(http, server)
    told = await past.observed(START, END)
    days: list[str] = []
    for _ in range(2):
        taken = await past.take_in(tmp_path, START, END, days.append)
        assert (taken.services, taken.notices) == (4, ())
        kept = {one.service: one for one in observed_in(tmp_path)}
        for one in told.observed:
            assert seconds(kept[one.service]) == seconds(one)
            assert sum(some.total for _, some in kept[one.service].hours) == sum(
                some.total for _, some in one.hours
            )
        bouts = reader_of(tmp_path).bouts(START, END)
        assert [(one.key, one.start) for one in bouts] == [
            (one.key, one.start) for one in (await past.bouts(START, END)).bouts
        ]
    assert len(set(days)) == taken.days == len(days) / 2


def reader_of(folder: Path) -> Reader:
    reader = open_reader(folder)
    assert isinstance(reader, Reader)
    return reader


def observed_in(folder: Path) -> Sequence[Observed]:
    reader = reader_of(folder)
    try:
        return tuple(reader.observed(START_S * 1000, END_S * 1000))
    finally:
        reader.close()


async def test_two_halves_of_a_pair_are_one_service(http: HttpClient, server: Program) -> None:
    alone = await past_of(http, server).observed(START, END)
    pair = await past_of(http, server, "prom-a", "prom-b").observed(START, END)
    for one, both in zip(alone.observed, pair.observed, strict=True):
        assert both.stretches == one.stretches
    assert pair.observed[0].source == "prom-a: probe_success; prom-b: probe_success"


async def test_small_pieces_come_to_the_same(
    http: HttpClient, server: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await past_of(http, server).observed(START, END)
    monkeypatch.setattr(pieces, "PIECE", 1000)
    pieced = await past_of(http, server).observed(START, END)
    assert pieced.observed == whole.observed


async def test_too_many_samples_are_thinned_and_that_is_said(
    http: HttpClient, server: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "MOST", 4000)
    told = await past_of(http, server).observed(START, END)
    assert any("of no registered service are left out" in one.text for one in told.notices)
    assert any("the last one of every 15 minutes" in one.text for one in told.notices)
    (site,) = (one for one in told.observed if one.service == "web")
    known, down = seconds(site)
    assert known == pytest.approx(counted(web)[0], abs=4 * 900)
    assert down == pytest.approx(counted(web)[1], abs=8 * 900)
    assert "last_over_time" in site.query


async def test_what_is_taken_in_keeps_every_sample_of_however_many(
    http: HttpClient, server: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await past_of(http, server).observed(START, END)
    bouts = await past_of(http, server).bouts(START, END)
    monkeypatch.setattr(plan, "MOST", 20)
    taken = await past_of(http, server).take_in(tmp_path, START, END)
    assert taken.notices == ()
    assert (taken.samples, taken.bouts) == (
        sum(one.samples for one in told.observed),
        len(bouts.bouts),
    )
    kept = {one.service: seconds(one) for one in observed_in(tmp_path)}
    assert kept == {one.service: seconds(one) for one in told.observed}


async def test_episodes_are_told_from_their_first_point(http: HttpClient, server: Program) -> None:
    told = await past_of(http, server).bouts(START, END)
    assert told.notices == ()

    def shown(bout: Bout) -> tuple[str, float, float | None]:
        ended = None if bout.resolved_at is None else bout.resolved_at.timestamp()
        return bout.alert.exact, bout.start.timestamp(), ended

    assert [shown(one) for one in told.bouts] == [
        ("SiteDown", hour(-3), hour(2)),
        ("SiteDown", hour(99), hour(103)),
        ("SiteDown", hour(103.5), hour(104)),
        ("QueueLong", hour(138), hour(144)),
        ("Gone", hour(139), hour(142)),
        ("DiskFull", hour(160), None),
    ]


async def test_an_episode_has_its_place_its_priority_and_the_key_of_its_alert(
    http: HttpClient, server: Program
) -> None:
    told = await past_of(http, server).bouts(START, END)
    site, long = told.bouts[0], told.bouts[3]
    assert (site.service, site.where.exact, site.priority) == ("web", "web@pages", Priority.P0)
    assert (long.service, long.priority) == ("worker", Priority.P2)
    # As an Alertmanager has it: with the external labels of tests/servers.py.
    sent = {**DOWN, "cluster": "test", "prometheus_replica": "1"}
    assert site.key == identity_of(Labels(sent), POLICY.ignore_labels)
    assert site.respond_by is None, "no Prometheus knows who acked it"


async def test_a_pair_tells_each_episode_once(http: HttpClient, server: Program) -> None:
    alone = await past_of(http, server).bouts(START, END)
    pair = await past_of(http, server, "prom-a", "prom-b").bouts(START, END)
    assert [one.start for one in pair.bouts] == [one.start for one in alone.bouts]


def objective(query: str, *services: str, source: str | None = None) -> ObjectiveEntry:
    return ObjectiveEntry(name="it", query=query, services=services, source=source)


async def test_queries_are_asked_at_the_end_of_the_window_for_each_service(
    http: HttpClient, server: Program
) -> None:
    query = 'last_over_time(requests{service=~"$service"}[$window])'
    down = "sum(avg_over_time(probe_success{instance='https://web.test/'}[$window]))"
    past = past_of(http, server)
    (of_web, nobody, whole) = await past.measured(
        (objective(query, "web", "nobody"), objective(down), ObjectiveEntry(name="by hand")),
        SERVICES, START, END,
    )  # fmt: skip
    assert (of_web.service, of_web.value, text_of(of_web.source)) == ("web", 3.0, "prom")
    assert of_web.query == 'last_over_time(requests{service=~"web"}[7d])'
    assert (nobody.value, text_of(nobody.why_not)) == (None, "no service nobody is registered")
    assert whole.value == pytest.approx(1 - counted(web)[1] / counted(web)[0], abs=1e-3)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("last_over_time(requests[$window])", "2 series, expected one number"),
        ("requests{service='other'}", "no data"),
        ("vector(0) / vector(0)", "NaN"),
        ("vector(1) / vector(0)", "infinite"),
        ("requests[5m]", "matrix"),
        ("rate(", "parse error"),
    ],
)
async def test_what_is_not_one_number_is_not_measured(
    http: HttpClient, server: Program, query: str, why: str
) -> None:
    (told,) = await past_of(http, server).measured((objective(query),), SERVICES, START, END)
    assert told.value is None
    assert why in text_of(told.why_not)


async def test_a_server_that_is_away_is_a_notice_and_the_other_tells(
    http: HttpClient, server: Program, tmp_path: Path
) -> None:
    clock = SystemClock()
    away = Prometheus(PrometheusSource(name="away", url="http://127.0.0.1:1"), http, clock)
    there = Prometheus(PrometheusSource(name="prom", url=server.url), http, clock)
    past = PrometheusPast(lambda: (away, there), clock, Registry((), SERVICES), POLICY)
    told = await past.observed(START, END)
    assert any(one.text.startswith("away refused the connection") for one in told.notices)
    assert {one.service for one in told.observed} >= {"web", "api", "worker"}
    taken = await past.take_in(tmp_path, START, END)
    assert taken.days in (7, 8)
    (found,) = await past.measured((objective("vector(1)"),), SERVICES, START, END)
    assert (found.value, text_of(found.source)) == (1.0, "prom")
    (asked,) = await past.measured((objective("vector(1)", source="away"),), SERVICES, START, END)
    assert asked.value is None
    assert "refused" in text_of(asked.why_not)


async def test_cancelling_ends_the_asking(http: HttpClient, server: Program) -> None:
    asking = asyncio.ensure_future(past_of(http, server).observed(START, END))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_a_first_day_has_a_week_behind_it(server: Program) -> None:
    url = server.url
    ran = CliRunner().invoke(oncall, ["history", "import", "--prometheus", url, "--days", "8"])
    assert ran.exit_code == 0, ran.output
    assert " services taken in: " in ran.stdout
    assert "prometheus: " in ran.stderr
    shown = CliRunner().invoke(oncall, ["--prometheus", url, "history"])
    assert datetime.now(UTC).date().isoformat() in shown.stdout


def test_a_name_that_is_none_is_said_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "oncall.yaml").write_text(
        "environment: test\nsources: {prometheus: [{name: eu, url: 'http://127.0.0.1:1'}]}\n"
    )
    asked = ["--config", str(tmp_path), "history", "import", "--prometheus"]
    ran = CliRunner().invoke(oncall, [*asked, "us"])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "no Prometheus named us is among the sources (there are: eu" in ran.stderr
    ran = CliRunner().invoke(oncall, [*asked, "eu"])
    assert (ran.exit_code, ran.stdout) == (4, "")
    assert "eu refused the connection" in ran.stderr
    assert "nothing was taken in" in ran.stderr
