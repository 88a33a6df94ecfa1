"""History and Prometheus as one: gaps are filled, no second is counted twice, nobody waits long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.load import load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.engine.week.answers import OBJECTIVES_S, WAIT_S
from console.engine.week.filling import filled
from console.engine.week.prometheus.fold import Fold
from console.history.holding import pieces_of
from console.history.intake import take_in
from console.model.history import Observed, Origin, Recording, Sample, Sight, Stretch, together
from console.model.latency import counted
from console.model.summary import Week
from console.safety.clock import ManualClock
from tests.engine.test_prometheus_past import Hourly
from tests.engine.test_week import NOW, ms
from tests.history.making import by_seconds, second_by_second
from tests.safety.loopback import serving, silent
from tests.soak import trials
from tests.watching import hands_of

EVERY_MS = 60_000
END_MS = 1_800_000
HOUR_MS = 3_600_000
STEPS = st.lists(
    st.tuples(st.sampled_from([7, 60, 60, 61, 150, 151, 400]), st.sampled_from(Sight)), max_size=14
)


def moments(steps: list[tuple[int, Sight]], first_s: int) -> list[tuple[int, Sight]]:
    at_ms, found = first_s * 1000, []
    for seconds, sight in steps:
        at_ms += seconds * 1000
        found.append((at_ms, sight))
    return found


def within(start_ms: int, end_ms: int, stretches: list[Stretch]) -> list[Stretch]:
    cut = (Stretch(max(s.start_ms, start_ms), min(s.end_ms, end_ms), s.sight) for s in stretches)
    return [one for one in cut if one.start_ms < one.end_ms]


def by_history(*recordings: list[tuple[int, Sight]]) -> Observed:
    told = [
        [Stretch(start, end, Sight(seen)) for start, end, seen in pieces_of(one, EVERY_MS)]
        for one in recordings
    ]
    whole = together([within(0, END_MS, one) for one in told])
    return Observed("api", whole, source="history")


def by_prometheus(samples: list[tuple[int, Sight]]) -> Observed:
    fold = Fold(EVERY_MS)
    fold.take([at for at, _ in samples], [sight for _, sight in samples])
    return Observed("api", tuple(fold.stretches(0, END_MS)), source="prom: up")


@given(
    runs=st.lists(st.tuples(STEPS, st.integers(-300, 1500)), max_size=3),
    other=STEPS,
    first_s=st.integers(-300, 900),
)
@settings(max_examples=trials(usual=60, soak=5000), deadline=None)
def test_every_second_is_told_by_one_and_by_history_where_it_saw_the_service(
    runs: list[tuple[list[tuple[int, Sight]], int]], other: list[tuple[int, Sight]], first_s: int
) -> None:
    recordings = [moments(*run) for run in runs]
    samples = moments(other, first_s)
    mine = second_by_second([(EVERY_MS, one) for one in recordings], 0, END_MS)
    theirs = second_by_second([(EVERY_MS, samples)], 0, END_MS)
    wanted = [
        seen if seen not in (None, Sight.UNKNOWN) or told is None else told
        for seen, told in zip(mine, theirs, strict=True)
    ]
    made = filled(by_history(*recordings), by_prometheus(samples), 0, END_MS)
    told = by_seconds(made, 0, END_MS)
    known = [seen if seen is not Sight.UNKNOWN else None for seen in told]
    assert known == [seen if seen is not Sight.UNKNOWN else None for seen in wanted]
    assert sum(seen is not None for seen in known) * 1000 == made.known_ms
    assert not made.known_by or sum(one.known_ms for one in made.known_by) == made.known_ms


@given(
    sights=st.lists(st.sampled_from(Sight), min_size=30, max_size=30),
    holes=st.lists(st.tuples(st.integers(0, 29), st.integers(3, 12)), max_size=3),
)
@settings(max_examples=trials(usual=60, soak=5000), deadline=None)
def test_a_history_with_holes_and_the_same_samples_in_prometheus_tell_what_either_would_whole(
    sights: list[Sight], holes: list[tuple[int, int]]
) -> None:
    samples = [(place * EVERY_MS, sight) for place, sight in enumerate(sights)]
    lost = {place for first, count in holes for place in range(first, first + count)}
    kept = [one for place, one in enumerate(samples) if place not in lost]
    made = filled(by_history(kept), by_prometheus(samples), 0, END_MS)
    assert made.stretches == by_history(samples).stretches == by_prometheus(samples).stretches


def test_the_latencies_of_an_hour_are_of_whoever_saw_more_of_it() -> None:
    mine, theirs = counted([1.0] * 5), counted([2.0] * 9)
    own = Observed(
        "api",
        (Stretch(0, HOUR_MS * 5 // 4, Sight.UP), Stretch(2 * HOUR_MS, 3 * HOUR_MS, Sight.UP)),
        ((0, mine), (3600, mine)),
        samples=100,
    )
    other = Observed(
        "api",
        (Stretch(0, 3 * HOUR_MS, Sight.UP),),
        tuple((hour * 3600, theirs) for hour in range(3)),
        samples=180,
        source="prom: up",
        query="up[3h]",
    )
    made = filled(own, other, 0, 3 * HOUR_MS)
    # Nothing was filled in the third: that history timed nothing then is what it knows.
    assert made.hours == ((0, mine), (3600, theirs))
    assert (made.samples, made.query) == (100 + 45, "up[3h]")
    assert [(one.source, one.known_ms) for one in made.known_by] == [
        ("history", 9 * HOUR_MS // 4),
        ("prom: up", 3 * HOUR_MS // 4),
    ]


class Noted(Hourly):
    """Notes what it is asked, and hangs where a test wants it to, until the clock has moved on."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.hangs_on = "nothing"
        self.costs_s = WAIT_S + 1
        self._clock = clock

    async def talk(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query).get("query", [""])[0]
        self.asked.append(query)
        if not query.startswith(self.hangs_on):
            await super().talk(head, writer)
            return
        self._clock.advance(self.costs_s)
        await silent(head, writer)


@asynccontextmanager
async def console(folder: Path, services: str = "") -> AsyncIterator[tuple[Engine, Noted]]:
    clock = ManualClock(NOW)
    server = Noted(clock)
    async with serving(server.talk) as listening:
        source = f"{{name: prom, url: '{listening.url('')}'}}"
        objective = "{name: it, query: answer}"
        (folder / "oncall.yaml").write_text(
            f"sources: {{prometheus: [{source}]}}\nsummary: {{objectives: [{objective}]}}\n"
        )
        (folder / "services.yaml").write_text(services or "services: []\n")
        yield (
            Engine(
                load(folder),
                clock=clock,
                publish=lambda _: None,
                state=StateFolder(folder),
                hands=hands_of("kai"),
            ),
            server,
        )


@pytest.fixture(autouse=True)
def private(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)


def recorded(folder: Path, start_h: float, end_h: float, sight: Sight = Sight.UP) -> None:
    """What history has from so many hours ago until so many hours ago."""
    start, end = (ms(NOW - timedelta(hours=hours)) for hours in (start_h, end_h))
    every_ms = HOUR_MS // 2
    samples = [Sample("web/web:80", at_ms, sight) for at_ms in range(start, end, every_ms)]
    recording = Recording(Origin.RECORDER, "ops-1", start, every_ms)
    take_in(folder, recording, (), start_ms=start, end_ms=end, samples=samples)


async def week_of(engine: Engine) -> Week:
    made = await engine.week.week()
    assert isinstance(made, Week), made
    return made


async def test_a_machine_that_recorded_since_yesterday_knows_the_week(tmp_path: Path) -> None:
    recorded(tmp_path, 24, 12, Sight.DOWN)
    async with console(tmp_path) as (engine, _):
        week = await week_of(engine)
    (service,) = week.services
    assert service.total.down_s == 12 * 3600
    assert service.total.coverage == 1.0
    assert service.source == "history; prom: up"
    known = {one.source: one.known_ms // HOUR_MS for one in service.known_by}
    assert known == {"history": 12, "prom: up": 6 * 24 + 12 - 12}
    assert week.gaps == ()
    assert week.sources[:2] == ("history: ops-1 (recorder)", "prom: up")


async def test_where_history_covers_both_weeks_nobody_else_is_asked_about_them(
    tmp_path: Path,
) -> None:
    recorded(tmp_path, 15 * 24, 0)
    async with console(tmp_path) as (engine, server):
        week = await week_of(engine)
        assert week.services[0].source == "history"
        assert set(server.asked) <= {"answer", ""}
        recorded(tmp_path, 20, 19.8)
        server.asked.clear()
        await week_of(engine)
        assert set(server.asked) <= {"answer", ""}, "a restart of twelve minutes is nothing"


async def test_only_services_that_history_lacks_are_drawn(tmp_path: Path) -> None:
    recorded(tmp_path, 15 * 24, 0)
    services = "services:\n  - {name: new, type: external}\n"
    async with console(tmp_path, services) as (engine, server):
        week = await week_of(engine)
    assert {one.service: one.source for one in week.services} == {
        "new": "",
        "web/web:80": "history",
    }
    assert any(one.startswith("count_over_time(up") for one in server.asked)
    assert not any(one.startswith("up") for one in server.asked)


@pytest.mark.parametrize(
    ("hangs_on", "is_told", "asked_never"),
    [
        ("up", {"history"}, "count_over_time(ALERTS"),
        ("count_over_time(ALERTS", {"history; prom: up"}, "ALERTS"),
        ("count_over_time(probe", {"history"}, "count_over_time(up"),
    ],
)
async def test_a_server_that_hangs_costs_one_deadline_and_what_it_told_is_used(
    tmp_path: Path, hangs_on: str, is_told: set[str], asked_never: str
) -> None:
    recorded(tmp_path, 24, 12)
    async with console(tmp_path) as (engine, server):
        server.hangs_on = hangs_on
        began_s = engine.week._clock.now().mono
        week = await week_of(engine)
        waited_s = engine.week._clock.now().mono - began_s
    assert {one.source for one in week.services} == is_told
    assert any("prom " in one and "missing" in one for one in week.notices), week.notices
    assert not any(one.startswith(asked_never) for one in server.asked)
    assert waited_s == WAIT_S + 1, "it was waited for again"


async def test_an_objective_that_hangs_does_not_cost_the_days(tmp_path: Path) -> None:
    async with console(tmp_path) as (engine, server):
        server.hangs_on, server.costs_s = "answer", OBJECTIVES_S + 1
        week = await week_of(engine)
    assert [one.source for one in week.services] == ["prom: up"]
    assert server.asked.count("answer") == 1, "it was asked of the days before as well"
    assert next(one for one in week.objectives if one.name == "it").value is None


async def test_that_a_report_could_not_be_made_is_told_with_where_it_broke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(material: object) -> Week:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("console.reports.week.week_of", broken)
    async with console(tmp_path) as (engine, _):
        told = await engine.week.week(source="history")
    assert isinstance(told, str)
    assert "could not be made" in told
    assert "ZeroDivisionError" in told
    assert "secret" not in told
