"""The fourteen days behind a demo: one story, told by its history, its servers and its journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from config.history import OBJECTIVES, entries_of
from config.load import load
from console.demo.chat import ChatApi
from console.demo.journal import history
from console.demo.judged import API_ERRORS, PROCESSORS, THROUGHPUT
from console.demo.kept import keep_past
from console.demo.metrics import CORE, EDGE
from console.demo.recent import inspections, recent
from console.demo.remembered import Remembered, remembered
from console.demo.serve import start_demo
from console.demo.settings import STATE, write_settings
from console.demo.wire import request_of
from console.demo.world import World
from console.engine.week.prometheus.fold import Fold, sights_of
from console.history.database import history_file
from console.history.reader import Reader, open_reader
from console.journal.inspection import Inspected, read_inspection
from console.model.change import Change
from console.model.history import Sight, Stretch
from console.model.incident import Incident
from console.model.papers import Sheet
from console.model.summary import ServiceWeek, Verdict, Week
from console.reports.days import moments, window_of
from console.reports.exclusions import exclusions_of
from console.reports.material import Material
from console.reports.week import week_of
from console.safety.clock import ManualClock
from console.safety.secret import resolve

from .demo_world import START, Demo, read
from .test_settings_folder import ENDPOINTS

DAY_MS = 86_400_000
NOW_MS = round(START.timestamp() * 1000)


@pytest.fixture(scope="module")
def calm() -> Demo:
    return Demo("calm")


@pytest.fixture(scope="module")
def told(calm: Demo) -> tuple[Remembered, ...]:
    return remembered(calm.world)


@pytest.fixture(scope="module")
def week(calm: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """The summary of the seven days up to the start, from the history file alone."""
    folder = tmp_path_factory.mktemp("demo")
    write_settings(folder / "settings", calm.world, ENDPOINTS)
    loaded = load(folder / "settings")
    assert keep_past(folder / STATE, calm.world)
    reader = open_reader(folder / STATE)
    assert isinstance(reader, Reader)
    today = START.astimezone().date()
    window = window_of(today - timedelta(days=6), today, loaded.settings.rota.zone)
    start, end = moments(window, START)
    earlier = start - timedelta(days=7)
    papers = [one.paper for one in recent(START)]
    changes = [one for one in papers if isinstance(one, Change)]
    summary = loaded.settings.summary
    try:
        yield week_of(
            Material(
                environment="demo",
                window=window,
                now=START,
                services=loaded.registry.services,
                observed=lambda: tuple(reader.observed(_ms(start), _ms(end))),
                observed_before=lambda: tuple(reader.observed(_ms(earlier), _ms(start))),
                least_coverage=0.95,
                target=0.999,
                objectives=entries_of(summary.objectives, OBJECTIVES),
                bouts=reader.bouts(start, end),
                bouts_before=reader.bouts(earlier, start),
                incidents=tuple(one for one in papers if isinstance(one, Incident)),
                changes=tuple(changes),
                exclusions=exclusions_of(summary.maintenance, changes, "demo", earlier, end),
                gaps=reader.gaps(_ms(start), _ms(end)),
            )
        )
    finally:
        reader.close()


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def service(week: Week, name: str) -> ServiceWeek:
    (found,) = [one for one in week.services if one.service == name]
    return found


def ratio(week: Week, name: str) -> float:
    found = service(week, name).total.ratio
    assert found is not None
    return found


def test_the_past_is_the_same_in_every_run_and_another_one_for_another_seed(
    told: tuple[Remembered, ...],
) -> None:
    assert remembered(Demo("calm").world) == told
    assert remembered(World("calm", ManualClock(START), seed=7)) != told


def test_most_services_had_a_good_week_and_one_missed_its_objective(week: Week) -> None:
    verdicts = Counter(one.verdict for one in week.services if "host:" not in one.service)
    assert verdicts[Verdict.MET] > 60
    assert 1 <= verdicts[Verdict.MISSED] <= 4
    search = service(week, "search-api")
    assert search.verdict is Verdict.MISSED
    assert search.outage_count == 1
    assert any(slot.incidents for slot in search.days)
    assert sum(one.total.down_s == 0 for one in week.services) > len(week.services) / 2


def test_what_was_planned_is_not_counted_and_what_took_longer_is(week: Week) -> None:
    replica = service(week, "postgres-replica")
    assert replica.total.down_s == 0
    assert replica.total.raw_down_s == 24 * 60
    (outage,) = replica.outages
    assert outage.excluded_by.startswith("CHG-")
    registry = service(week, "registry")
    assert (registry.total.down_s, registry.total.raw_down_s) == (6 * 60, 38 * 60)
    assert registry.verdict is Verdict.MET


def test_the_recorder_slept_once_and_one_service_is_too_new_to_be_judged(week: Week) -> None:
    (gap,) = week.gaps
    assert timedelta(hours=1) < gap.end - gap.start < timedelta(hours=2)
    assert gap.why == "the machine slept"
    assert service(week, "vector-store").verdict is Verdict.NOT_ENOUGH_DATA
    coverage = service(week, "redis").total.coverage
    assert coverage is not None
    assert 0.99 < coverage < 1


def test_a_page_had_a_slow_day_and_was_up_all_the_same(week: Week) -> None:
    product = service(week, "product")
    assert product.total.slow_s > 8 * 3600
    assert product.total.down_s == 0
    slots = [slot.p95_ms or 0.0 for slot in product.days]
    assert sorted(slots)[-1] > 2000 > sorted(slots)[-2]


def test_the_week_before_was_worse(week: Week) -> None:
    assert week.before is not None
    before, now = week.before.ratio, week.total.ratio
    assert before is not None
    assert now is not None
    assert 0.0001 < now - before < 0.002


def test_one_alert_is_noise_and_the_others_were_answered_some_of_them_late(week: Week) -> None:
    worst = week.noise[0]
    assert (worst.alert.exact, worst.service) == ("QueueBacklog", "embedder")
    assert worst.count >= 40
    assert worst.untouched >= worst.count - 4
    assert worst.before is not None
    assert worst.before < worst.count
    everything = week.responses[0]
    assert everything.mtta_s is not None
    assert 0 < everything.late_acks < everything.acked < everything.count
    assert everything.late_ends > 0
    assert everything.silenced >= 2
    assert {one.priority for one in week.responses[1:]} >= {0, 1, 2}


def test_the_history_and_the_servers_agree(calm: Demo, told: tuple[Remembered, ...]) -> None:
    names = "search-api|websocket|registry|minio|postgres-replica|api"
    compared = 0
    for server, query in (
        (CORE, f'up{{job="services",service=~"{names}"}}[7d]'),
        (EDGE, 'probe_success{service=~"home|search|vector-store"}[7d]'),
        (CORE, "redis_up[7d]"),
    ):
        for one in calm.facts(server, "/query", ("query", query))["result"]:
            fold = Fold()
            at_ms = [round(at * 1000) for at, _ in one["values"]]
            fold.take(at_ms, sights_of([float(value) for _, value in one["values"]]))
            name = one["metric"]["service"]
            mine = [
                stretch
                for part in told
                for observed in part.observed
                if observed.service == name
                for stretch in observed.stretches
            ]
            theirs = _up(fold.stretches(NOW_MS - 7 * DAY_MS, NOW_MS))
            assert _up(mine) == pytest.approx(theirs, abs=0.001), name
            compared += 1
    assert compared == 10


def _up(stretches: list[Stretch]) -> float:
    known = down = 0
    for one in stretches:
        length_ms = max(0, one.end_ms - max(one.start_ms, NOW_MS - 7 * DAY_MS))
        known += length_ms
        down += length_ms if one.sight is Sight.DOWN else 0
    return 1 - down / known


def test_an_alert_fired_as_often_in_the_history_as_in_the_series(
    calm: Demo, told: tuple[Remembered, ...]
) -> None:
    query = 'ALERTS{alertname="QueueBacklog",alertstate="firing",service="embedder"}[13d]'
    (one,) = calm.facts(CORE, "/query", ("query", query))["result"]
    moments_s = [at for at, _ in one["values"]]
    began_s = [moments_s[0], *(b for a, b in pairwise(moments_s) if b - a > 60)]
    slept_s, woke_s = told[0].end_ms / 1000, told[1].start_ms / 1000
    mine = [
        bout
        for part in told
        for bout in part.bouts
        if (bout.alert.exact, bout.service) == ("QueueBacklog", "embedder")
        and bout.start.timestamp() > moments_s[0] - 15
    ]
    assert len(mine) > 60
    assert len(mine) == sum(not slept_s <= at < woke_s for at in began_s)


def test_samples_come_as_they_were_scraped_and_are_counted_alike(calm: Demo) -> None:
    (raw,) = calm.facts(CORE, "/query", ("query", "redis_up[1h]"))["result"]
    moments_s = [at for at, _ in raw["values"]]
    assert raw["metric"]["__name__"] == "redis_up"
    assert {b - a for a, b in pairwise(moments_s)} == {15}
    assert START.timestamp() - 3600 <= moments_s[0]
    assert START.timestamp() - 15 < moments_s[-1] <= START.timestamp()
    (count,) = calm.facts(CORE, "/query", ("query", "count_over_time(redis_up[1h])"))["result"]
    assert int(count["value"][1]) == len(moments_s)
    assert "__name__" not in count["metric"]
    query = "last_over_time(redis_up[60s])[1h:60s]"
    (each,) = calm.facts(CORE, "/query", ("query", query))["result"]
    assert len(each["values"]) == 60
    (awake,) = calm.facts(CORE, "/query", ("query", "count(up)[1h:60s]"))["result"]
    assert len({value for _, value in awake["values"]}) == 1


def test_a_service_has_no_samples_from_before_it_was_watched(calm: Demo) -> None:
    query = 'count_over_time(probe_success{service=~"vector-store|ai-service"}[7d])'
    found = calm.facts(EDGE, "/query", ("query", query))["result"]
    counts = {one["metric"]["service"]: int(one["value"][1]) for one in found}
    assert counts["vector-store"] < counts["ai-service"] / 2


@pytest.mark.parametrize(
    "query",
    [
        "rate(up[1d])", "count_over_time(nobody[1d])", "nobody[1d]", "up[1d] offset 1h",
        "sum_over_time(up[1d])", "sum(rate(other_total[7d]))", "up[1d:1m]",
    ],
)  # fmt: skip
def test_no_other_query_about_a_long_time_is_answered(calm: Demo, query: str) -> None:
    answer = calm.prometheus(CORE, "/query", ("query", query))
    assert answer.status == 422


def test_the_objectives_of_the_settings_have_an_answer(calm: Demo, tmp_path: Path) -> None:
    write_settings(tmp_path / "s", calm.world, ENDPOINTS)
    summary = load(tmp_path / "s").settings.summary
    asked = [one for one in (*summary.objectives, *summary.kpis) if one.query is not None]
    assert len(asked) >= 4
    for one in asked:
        assert one.query is not None
        query = one.query.replace("$service", "place-order").replace("$window", "7d")
        (found,) = calm.facts(CORE, "/query", ("query", query))["result"]
        assert float(found["value"][1]) > 0
        assert calm.facts(EDGE, "/query", ("query", query))["result"] == []


@pytest.mark.parametrize("query", [API_ERRORS, PROCESSORS, THROUGHPUT])
def test_nothing_was_measured_before_the_days_behind_it(calm: Demo, query: str) -> None:
    asked = query.replace("$window", "7d")
    assert calm.value_now(CORE, asked)
    long_ago = str(START.timestamp() - 400 * 86_400)
    told = calm.facts(CORE, "/query", ("query", asked), ("time", long_ago))
    assert told["result"] == []


def test_every_morning_was_inspected_but_for_today() -> None:
    past = inspections(START)
    found = [read_inspection(Sheet(one.path, one.content, "1")) for one in past]
    assert len(found) == 6
    assert all(isinstance(one, Inspected) for one in found)
    ticks = [len(one.ticks) for one in found if isinstance(one, Inspected)]
    assert Counter(ticks) == {8: 5, 4: 1}
    assert all(one.at < START for one in past)
    assert history(START).count(b"reports/inspection/") == 6


def test_the_chat_takes_what_slack_takes() -> None:
    chat = ChatApi()

    def posted(body: bytes, kind: str = "application/json") -> tuple[int, bytes]:
        from console.demo.chat import PATH

        answer = chat(request_of("POST", PATH, kind, body))
        return answer.status, answer.body

    assert posted(b'{"text": "hello"}') == (200, b"ok")
    assert posted(b"{}") == (400, b"no_text")
    assert posted(b"hello") == (400, b"invalid_payload")
    assert chat.texts == ["hello"]


async def test_a_started_demo_remembers_the_days_before_and_has_a_chat(tmp_path: Path) -> None:
    demo = start_demo("calm", settings_dir=tmp_path / "settings", history_after_s=0)
    try:
        settings = load(demo.settings_dir).settings
        (team,) = settings.summary.webhooks
        url = (await resolve(team.url)).reveal()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(url, json={"text": "the week"})).text == "ok"
        assert demo.messages == ("the week",)
        reader = open_reader(demo.settings_dir / STATE)
        assert isinstance(reader, Reader)
        span = reader.span_ms
        assert span is not None
        assert span[1] - span[0] > 13 * DAY_MS
        reader.close()
    finally:
        demo.stop()


def test_a_demo_that_is_ended_at_once_leaves_nothing_behind() -> None:
    demo = start_demo("calm", history_after_s=0.001)
    folder = demo.settings_dir
    demo.stop()
    assert not history_file(folder / STATE).exists()
    assert not folder.exists()


def test_a_quiet_scenario_is_quiet_at_its_start(calm: Demo) -> None:
    firing = {one["alertname"] for server in (CORE, EDGE) for one in calm.firing(server)}
    assert firing == {"Watchdog", "ImageTooOld"}
    assert read(calm.prometheus(CORE, "/alerts"))["status"] == "success"
