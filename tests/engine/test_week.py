"""Reports of what is remembered, as screens and commands ask the engine for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.load import Loaded, load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.engine.week.last import FILE, last_kept
from console.history.database import history_file
from console.history.intake import take_in
from console.model.daily import Daily, Kpi
from console.model.history import Bout, Origin, Recording, Sample, Sight
from console.model.state import Priority
from console.model.summary import Verdict, Week
from console.safety.clock import ManualClock
from console.safety.text import Raw
from tests.engine.test_prometheus_past import Hourly
from tests.safety.loopback import answer, serving
from tests.watching import hands_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STEP_MS = 600_000
SETTINGS = """\
environment: past
rota: {zone: Asia/Taipei}
summary:
  coverage: 90
  objectives:
    - {name: crash rate, value: 0.2, by: kai, on: 2026-11-21, below: 0.5}
"""
SERVICES = """\
services:
  - {name: api, type: external, owner: web}
  - {name: db, type: external, owner: data}
"""


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def samples() -> Iterator[Sample]:
    """Eight days, one each ten minutes; `db` was down from 01:00 to 02:00 UTC on the 20th."""
    down = (ms(datetime(2026, 11, 20, 1, tzinfo=UTC)), ms(datetime(2026, 11, 20, 2, tzinfo=UTC)))
    for at_ms in range(ms(NOW - timedelta(days=8)), ms(NOW), STEP_MS):
        yield Sample("api", at_ms, Sight.UP, 20.0)
        is_down = down[0] <= at_ms < down[1]
        yield Sample("db", at_ms, Sight.DOWN if is_down else Sight.UP)


BOUT = Bout(
    "k1",
    Raw("DbDown"),
    Raw("db@data"),
    "db",
    Priority.P1,
    datetime(2026, 11, 20, 1, 1, tzinfo=UTC),
    acked_at=datetime(2026, 11, 20, 1, 5, tzinfo=UTC),
    acked_by="kai",
    resolved_at=datetime(2026, 11, 20, 2, 1, tzinfo=UTC),
    source="history",
)


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("week")
    folder.chmod(0o700)
    (folder / "oncall.yaml").write_text(SETTINGS)
    (folder / "services.yaml").write_text(SERVICES)
    began = ms(NOW - timedelta(days=8))
    take_in(
        folder,
        Recording(Origin.RECORDER, "ops-1", began, STEP_MS),
        (),
        (BOUT,),
        start_ms=began,
        end_ms=ms(NOW),
        samples=samples(),
    )
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder that only its owner can look into."""
    tmp_path.chmod(0o700)
    return tmp_path


def engine_of(folder: Path | None, loaded: Loaded) -> Engine:
    return Engine(
        loaded,
        clock=ManualClock(NOW),
        publish=lambda _: None,
        state=None if folder is None else StateFolder(folder),
        hands=hands_of("kai"),
    )


async def week_in(folder: Path, end: date | None = None) -> Week:
    made = await engine_of(folder, load(folder)).week.week(end)
    assert isinstance(made, Week), made
    return made


async def test_the_week_is_of_local_days_and_sums_the_seconds_of_an_outage(
    remembered: Path,
) -> None:
    week = await week_in(remembered)
    assert (week.first, week.last) == (date(2026, 11, 16), date(2026, 11, 22))
    assert week.start == datetime(2026, 11, 15, 16, tzinfo=UTC)
    api, db = week.services
    assert api.total.ratio == 1.0
    assert db.total.down_s == 3600
    assert [slot.availability.down_s for slot in db.days] == [0, 0, 0, 0, 3600, 0, 0]
    assert db.verdict is Verdict.MISSED
    assert week.responses[0].mtta_s == 240
    assert week.sources == ("history: ops-1 (recorder)",)


async def test_a_figure_by_hand_is_told_with_who_measured_it(remembered: Path) -> None:
    week = await week_in(remembered)
    crash = next(one for one in week.objectives if one.name == "crash rate")
    assert crash.value == 0.2
    assert crash.verdict is Verdict.MET
    assert "kai" in crash.source
    assert "2026-11-21" in crash.source


async def test_why_a_recording_ended_is_told_of_the_day_on_which_it_did(empty: Path) -> None:
    (empty / "oncall.yaml").write_text("environment: past\n")
    began, slept = NOW - timedelta(days=3), NOW - timedelta(days=1)
    why = "the machine slept"
    recording = Recording(Origin.RECORDER, "ops-1", ms(began), STEP_MS, ms(slept) - STEP_MS, why)
    moments = range(ms(began), ms(slept), STEP_MS)
    samples = [Sample("api", at_ms, Sight.UP) for at_ms in moments]
    take_in(empty, recording, (), start_ms=ms(began), end_ms=ms(slept), samples=samples)
    told = {}
    for day in (20, 21, 22):
        daily = await engine_of(empty, load(empty)).week.daily(date(2026, 11, day))
        assert isinstance(daily, Daily)
        told[day] = daily.notices
    assert told == {20: (), 21: (f"ops-1: {why}",), 22: ()}


async def test_a_week_of_long_ago_says_that_there_is_not_enough_data(remembered: Path) -> None:
    week = await week_in(remembered, date(2026, 10, 1))
    assert {one.verdict for one in week.services} == {Verdict.NOT_ENOUGH_DATA}
    assert week.total.ratio is None


@pytest.mark.parametrize(
    ("end", "days", "said"),
    [
        (date(2026, 11, 24), 7, "has not begun"),
        (None, 0, "1 to 92 days"),
        (None, 93, "1 to 92 days"),
        (date(1, 1, 3), 7, "no 7 days before"),
    ],
)
async def test_what_no_report_can_be_about_is_said(
    remembered: Path, end: date | None, days: int, said: str
) -> None:
    told = await engine_of(remembered, load(remembered)).week.week(end, days)
    assert isinstance(told, str)
    assert said in told


async def test_the_last_week_is_there_at_once_for_the_next_console(remembered: Path) -> None:
    made = await week_in(remembered)
    assert last_kept(remembered) == made


async def test_a_kept_week_that_somebody_tampered_with_is_not_shown(
    remembered: Path, empty: Path
) -> None:
    await week_in(remembered)
    kept = (remembered / FILE).read_bytes()
    (empty / FILE).write_bytes(kept.replace(b'"db"', b'"d\\u001b[2Jb"'))
    assert last_kept(empty) is None
    (empty / FILE).write_bytes(kept[:-40])
    assert last_kept(empty) is None
    damaged, numbers = re.subn(rb'"known_s":[0-9.]+', b'"known_s":-1e308', kept)
    (empty / FILE).write_bytes(damaged)
    assert numbers
    assert last_kept(empty) is None  # the screen could not round it


async def test_a_day_and_the_key_figures_are_made_from_the_same(remembered: Path) -> None:
    desk = engine_of(remembered, load(remembered)).week
    day = await desk.daily(date(2026, 11, 20))
    assert isinstance(day, Daily)
    assert [one.availability.down_s for one in day.services] == [0, 3600]
    assert day.now == ()
    kpi = await desk.kpi()
    assert isinstance(kpi, Kpi)
    by_name = {one.name: one for one in kpi.figures}
    assert by_name["MTTA"].value == 240
    assert by_name["throughput"].verdict is Verdict.NOT_MEASURED


async def test_the_hours_of_a_day_add_up_to_the_day(remembered: Path) -> None:
    desk = engine_of(remembered, load(remembered)).week
    hours = await desk.hours("db", date(2026, 11, 20))
    assert not isinstance(hours, str)
    assert len(hours) == 24
    assert [n for n, slot in enumerate(hours) if slot.availability.down_s] == [9]
    today = await desk.hours("db", date(2026, 11, 22))
    assert len(today) == 20  # at 20:00 in Taipei the rest has not begun
    unseen = await desk.hours("db", date(2026, 10, 1))
    assert not isinstance(unseen, str)
    assert [slot.availability.known_s for slot in unseen] == [0.0] * 24


async def test_episodes_are_found_by_service_and_by_alert(remembered: Path) -> None:
    desk = engine_of(remembered, load(remembered)).week
    first, last = date(2026, 11, 16), date(2026, 11, 22)
    assert await desk.bouts(first, last, "api") == ()
    by_service = await desk.bouts(first, last, "db")
    by_alert = await desk.bouts(first, last, alert=Raw("DbDown"))
    assert not isinstance(by_service, str)
    assert [one.key for one in by_service] == ["k1"]
    assert by_alert == by_service


async def test_without_a_folder_and_without_a_server_nothing_is_known_and_nothing_fails(
    remembered: Path,
) -> None:
    week = await engine_of(None, load(remembered)).week.week()
    assert isinstance(week, Week)
    assert {one.verdict for one in week.services} == {Verdict.NOT_ENOUGH_DATA}


async def test_a_damaged_file_is_said_and_is_no_figure(remembered: Path, empty: Path) -> None:
    for name in ("oncall.yaml", "services.yaml"):
        (empty / name).write_bytes((remembered / name).read_bytes())
    file = history_file(empty)
    file.write_bytes(b"not a database at all" * 400)
    file.chmod(0o600)
    desk = engine_of(empty, load(empty)).week
    told = await desk.week(source="history")
    assert isinstance(told, str)
    assert "damaged" in told or "not a database" in told
    week = await desk.week()
    assert isinstance(week, Week)
    assert any("history is not read" in one for one in week.notices)


async def test_a_server_that_is_back_is_believed_at_the_next_question(empty: Path) -> None:
    server = Hourly()
    server.instead = answer(b"", "503 Service Unavailable")
    asked: list[str] = []

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(head.decode())
        await server.talk(head, writer)

    async with serving(talk) as listening:
        source = f"{{name: prom, url: '{listening.url('')}'}}"
        (empty / "oncall.yaml").write_text(f"sources: {{prometheus: [{source}]}}\n")
        desk = engine_of(empty, load(empty)).week
        week = await desk.week()
        assert isinstance(week, Week)
        assert "prom answered 503" in week.notices[0]
        assert not any("ALERTS" in one for one in asked), "it was asked on after it said nothing"
        server.instead = b""
        week = await desk.week()
    assert isinstance(week, Week)
    assert ([one.service for one in week.services], week.notices) == (["web/web:80"], ())
    assert week.gaps == ()


async def test_that_nobody_recorded_is_told_where_a_figure_is_from_the_history(empty: Path) -> None:
    began = NOW - timedelta(hours=1)
    recording = Recording(Origin.CONSOLE, "laptop", ms(began), STEP_MS)
    async with serving(Hourly().talk) as listening:
        source = f"{{name: prom, url: '{listening.url('')}'}}"
        (empty / "oncall.yaml").write_text(f"sources: {{prometheus: [{source}]}}\n")
        told = {}
        for service in ("web/web:80", "backup"):
            samples = [Sample(service, ms(began), Sight.UP)]
            take_in(empty, recording, (), start_ms=ms(began), end_ms=ms(NOW), samples=samples)
            week = await engine_of(empty, load(empty)).week.week()
            assert isinstance(week, Week)
            told[service] = (week.gaps != (), {one.service: one.source for one in week.services})
    by_prometheus = {"web/web:80": "prom: up"}
    assert told["web/web:80"] == (False, {"web/web:80": "history; prom: up"})
    assert told["backup"] == (True, {**by_prometheus, "backup": "history"})
