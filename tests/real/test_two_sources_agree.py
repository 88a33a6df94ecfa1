"""The same seven days in our history and in a real Prometheus come to the same summary.

Both are held against a third count, sample by sample, of what was written down for the two.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, NamedTuple

import pytest

from config.load import load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.history.writer import Writer, open_writer
from console.journal.change_text import CHANGES
from console.journal.language import Language
from console.journal.places import document_path
from console.model.change import Approval, Change, ChangeKind, ChangeState, Plan, plan_hash
from console.model.freeze import Period
from console.model.history import Bout, Origin, Sample, Sight
from console.model.state import Priority
from console.model.summary import Availability, Response, ServiceWeek, Week
from console.safety.clock import ManualClock
from console.safety.text import Raw
from tests.journal.folder import git, repository
from tests.servers import Program
from tests.tsdb import Written, start_with_past
from tests.watching import hands_of

pytestmark = pytest.mark.real("prometheus", "promtool")

EVERY_S: Final = 300
LAST: Final = date(2025, 10, 26)
"""In Berlin the clocks went back on it: the hour from 02:00 came twice."""


def at(text: str) -> int:
    """`26 01:30`: of October, in UTC."""
    return round(datetime.fromisoformat(f"2025-10-{text}").replace(tzinfo=UTC).timestamp())


START_S, END_S = at("19 22:00"), at("26 23:00")
FIRST_S: Final = at("18 22:00")
"""A day of the week before is known too."""
NOW: Final = datetime(2025, 10, 27, 9, tzinfo=UTC)
MIDNIGHTS: Final = (*(at(f"{day} 22:00") for day in range(19, 26)), END_S)
"""Berlin's: of six days of 24 hours, and one of 25."""

ASLEEP: Final = ("24 05:00", "24 07:00")
"""When nobody looked at anything."""
NIGHT: Final = (at("26 00:00"), at("26 03:00"))
"""Maintenance of api: from 02:00 to 04:00 by the clocks of that night, which is three hours."""
CHANGE: Final = (at("22 02:05"), at("22 02:55"))
"""db's, within its window."""


def within(moment: int, *spans: tuple[str, str]) -> bool:
    return any(at(first) <= moment < at(last) for first, last in spans)


def web(moment: int) -> float | None:
    """Down over midnight in Berlin, into the night of the clocks."""
    return 0 if within(moment, ("25 21:10", "26 00:35"), ("20 13:05", "20 13:15")) else 1


def api(moment: int) -> float | None:
    """Not looked at for two hours, not told for one, and down beyond its maintenance."""
    if within(moment, ("21 08:00", "21 10:00")):
        return None
    if within(moment, ("23 12:00", "23 13:00")):
        return math.nan
    return 0 if within(moment, ("26 00:20", "26 03:40")) else 1


def db(moment: int) -> float | None:
    """Down from before its change until after it; one look came to nothing while it was."""
    if within(moment, ("22 02:20", "22 02:25")):
        return None
    return 0 if within(moment, ("22 01:50", "22 03:10")) else 1


def first_worker(moment: int) -> float | None:
    return 0 if within(moment, ("20 10:00", "21 10:00")) else 1


def second_worker(moment: int) -> float | None:
    return 0 if within(moment, ("21 09:00", "21 11:30")) else 1


def worker(moment: int) -> float | None:
    """Up for as long as one of the two is."""
    return max(first_worker(moment) or 0, second_worker(moment) or 0)


VALUES: Final = {"web": web, "api": api, "db": db, "worker": worker}


def took_s(moment: int) -> float:
    """From 0.1 to 1.06 s, and for one hour later than it should be."""
    return 6.0 if within(moment, ("23 04:00", "23 05:00")) else 0.1 + moment // EVERY_S % 97 / 100


def moments() -> list[int]:
    return [one for one in range(FIRST_S, END_S, EVERY_S) if not within(one, ASLEEP)]


class Fired(NamedTuple):
    alert: str
    service: str
    start_s: int
    end_s: int


FIRED: Final = (
    Fired("WebDown", "web", at("25 21:15"), at("26 00:35")),
    Fired("ApiDown", "api", at("26 00:25"), at("26 03:40")),
    Fired("DbDown", "db", at("22 01:55"), at("22 03:10")),
    Fired("QueueLong", "worker", at("21 09:00"), at("21 09:10")),
    Fired("QueueLong", "worker", at("21 10:00"), at("21 10:25")),
    Fired("QueueLong", "worker", at("26 22:00"), at("26 22:15")),
    # From before the week on.
    Fired("DiskFull", "db", at("19 20:00"), at("20 01:00")),
)

SETTINGS: Final = """\
environment: two
rota: {zone: Europe/Berlin}
sources: {prometheus: [{name: prom, url: '%s'}]}
journal: {folder: '%s'}
summary:
  coverage: 90
  maintenance:
    - name: nightly
      services: [api]
      times:
        - {weekdays: [sunday], times: [{start_time: '02:00', end_time: '04:00'}],
           location: Europe/Berlin}
"""
SERVICES: Final = """\
services:
  - {name: web, type: external, owner: w, instances: ['https://web.test/'],
     thresholds: {response_time: 2s}}
  - {name: api, type: external, owner: w, instances: ['https://api.test/']}
  - {name: db, type: external, owner: d, instances: ['db-1:9187']}
  - {name: worker, type: external, owner: d, instances: ['worker-1:9100', 'worker-2:9100']}
"""


def series() -> Iterator[Written]:
    found = {
        ("probe_success", "blackbox", "https://web.test/"): web,
        ("probe_success", "blackbox", "https://api.test/"): api,
        ("up", "postgres", "db-1:9187"): db,
        ("up", "worker", "worker-1:9100"): first_worker,
        ("up", "worker", "worker-2:9100"): second_worker,
    }
    for (metric, job, instance), value in found.items():
        told = ((one, value(one)) for one in moments())
        points = [(one, each) for one, each in told if each is not None]
        yield Written(metric, {"job": job, "instance": instance}, points)
    labels = {"job": "blackbox", "instance": "https://web.test/"}
    yield Written("probe_duration_seconds", labels, [(one, took_s(one)) for one in moments()])
    points_of: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for one in FIRED:
        points = points_of.setdefault((one.alert, one.service), [])
        points += [(moment, 1.0) for moment in range(one.start_s, one.end_s, EVERY_S)]
    for (alert, service), points in points_of.items():
        named = {"alertname": alert, "service": service, "severity": "warning"}
        yield Written("ALERTS", {**named, "alertstate": "firing"}, sorted(points))


def record(folder: Path) -> None:
    """What a console would have written down of the same samples, a day at a time."""
    writer = open_writer(folder, Origin.CONSOLE, "kai@laptop")
    assert isinstance(writer, Writer)
    writer.begin(FIRST_S * 1000, EVERY_S * 1000)
    days: dict[int, list[Sample]] = {}
    for moment in moments():
        for name, value in VALUES.items():
            told = value(moment)
            if told is not None:
                days.setdefault(moment // 86_400, []).append(sample(name, moment, told))
    bouts = [bout(n, one) for n, one in enumerate(FIRED)]
    for day in days.values():
        writer.write(day, bouts)
        bouts = []
    writer.close()


def sample(name: str, moment: int, told: float) -> Sample:
    if name != "web" or told != 1:
        return Sample(
            name, moment * 1000, {0.0: Sight.DOWN, 1.0: Sight.UP}.get(told, Sight.UNKNOWN)
        )
    took = took_s(moment)
    return Sample(name, moment * 1000, Sight.SLOW if took > 2 else Sight.UP, took * 1000)


def bout(number: int, one: Fired) -> Bout:
    start, end = (datetime.fromtimestamp(each, UTC) for each in (one.start_s, one.end_s))
    return Bout(
        f"{number:024x}", Raw(one.alert), Raw(one.service), one.service, Priority.P2, start,
        resolved_at=end, seen_at=end, source="history",
    )  # fmt: skip


def change() -> Change:
    """It was approved by somebody else, begun and ended within its window."""
    plan = Plan(
        kind=ChangeKind.NORMAL,
        services=("db",),
        environment="two",
        window=Period(*(datetime.fromtimestamp(at(one), UTC) for one in ("22 02:00", "22 04:00"))),
    )
    begun, over = (datetime.fromtimestamp(one, UTC) for one in CHANGE)
    approved = Approval("mei", datetime(2025, 10, 21, tzinfo=UTC), plan_hash(plan))
    return Change(
        "CHG-20251021-7ab", "bigger disks", "kai", datetime(2025, 10, 21, tzinfo=UTC),
        ChangeState.CLOSED, plan, (approved,), started=begun, ended=over, closed=over,
    )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = start_with_past(tmp_path_factory.mktemp("prometheus"), series())
    yield program
    program.end()


@pytest.fixture(scope="module")
def weeks(server: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Week]:
    """The summary of the week from each of the two alone."""
    base = tmp_path_factory.mktemp("two")
    journal = repository(base / "journal")
    document = CHANGES.new(change(), Language.ENGLISH)
    path = journal / document_path(change().id, change().title)
    path.parent.mkdir(parents=True)
    path.write_bytes(document.content)
    git(journal, "add", ".")
    git(journal, "commit", "-qm", "a change")
    settings = base / "settings"
    settings.mkdir(0o700)
    (settings / "oncall.yaml").write_text(SETTINGS % (server.url, journal))
    (settings / "services.yaml").write_text(SERVICES)
    state = base / "state"
    state.mkdir(0o700)
    record(state)

    async def made(source: Literal["history", "prometheus"]) -> Week:
        engine = Engine(
            load(settings), clock=ManualClock(NOW), publish=lambda _: None,
            state=StateFolder(state), hands=hands_of("kai"),
        )  # fmt: skip
        told = await engine.week.week(LAST, source=source)
        await engine.papers.close()
        assert isinstance(told, Week), told
        return told

    return {one: asyncio.run(made(one)) for one in ("history", "prometheus")}


class Count(NamedTuple):
    """Seconds of some time, a sample at a time."""

    whole_s: int
    excluded_s: int
    known_s: int
    down_s: int
    raw_known_s: int
    raw_down_s: int


def counted(name: str, start_s: int, end_s: int) -> Count:
    sums = [0] * 6
    for moment in range(start_s, end_s, EVERY_S):
        seen = None if within(moment, ASLEEP) else VALUES[name](moment)
        if name == "db" and seen is None and not within(moment, ASLEEP):
            seen = VALUES[name](moment - EVERY_S)  # one look that is missing is bridged
        is_known = seen is not None and not math.isnan(seen)
        low, high = {"api": NIGHT, "db": CHANGE}.get(name, (0, 0))
        counts = not low <= moment < high
        row = (True, not counts, is_known and counts, seen == 0 and counts, is_known, seen == 0)
        sums = [one + EVERY_S * yes for one, yes in zip(sums, row, strict=True)]
    return Count(*sums)


def seconds(of: Availability) -> Count:
    return Count(
        round(of.whole_s), round(of.excluded_s), round(of.known_s), round(of.down_s),
        round(of.raw_known_s), round(of.raw_down_s),
    )  # fmt: skip


BOTH: Final = ("history", "prometheus")


@pytest.mark.parametrize("source", BOTH)
def test_every_day_of_every_service_is_what_was_written_down(
    weeks: dict[str, Week], source: str
) -> None:
    week = weeks[source]
    assert week.notices == ()
    assert [one.service for one in week.services] == list(VALUES)
    for one in week.services:
        days = [seconds(day.availability) for day in one.days]
        spans = list(pairwise(MIDNIGHTS))
        assert days == [counted(one.service, *span) for span in spans], one.service
        assert seconds(one.total) == counted(one.service, START_S, END_S)
        assert one.before is not None
        assert round(one.before.raw_known_s) == counted(one.service, FIRST_S, START_S).raw_known_s
    # What is excluded, and how long the last day was, in figures that a person can check.
    api, db = week.services[1], week.services[2]
    assert (api.days[-1].availability.excluded_s, api.days[-1].availability.whole_s) == (
        3 * 3600.0, 25 * 3600.0,
    )  # fmt: skip
    assert (api.total.down_s, api.total.raw_down_s) == (40 * 60.0, 200 * 60.0)
    assert (db.total.down_s, db.total.raw_down_s) == (30 * 60.0, 80 * 60.0)
    assert week.services[0].total.slow_s == 3600.0


@pytest.mark.parametrize("source", BOTH)
def test_outages_over_midnight_and_over_the_edges_of_a_change_are_told_as_they_were(
    weeks: dict[str, Week], source: str
) -> None:
    def shown(one: ServiceWeek) -> list[tuple[int, int, str]]:
        return [
            (round(each.start.timestamp()), round(each.end.timestamp()), each.excluded_by)
            for each in one.outages
        ]

    web, api, db, worker = weeks[source].services
    assert shown(web)[-1] == (at("25 21:10"), at("26 00:35"), "")
    assert shown(api) == [
        (at("26 00:20"), NIGHT[1], "maintenance nightly"),
        (NIGHT[1], at("26 03:40"), ""),
    ]
    assert shown(db) == [
        (at("22 01:50"), CHANGE[0], ""),
        (*CHANGE, "CHG-20251021-7ab"),
        (CHANGE[1], at("22 03:10"), ""),
    ]
    assert shown(worker) == [(at("21 09:00"), at("21 10:00"), "")]


def test_the_two_agree_within_a_hundredth_of_a_percent(weeks: dict[str, Week]) -> None:
    ours, theirs = (weeks[one] for one in BOTH)
    pairs = [(ours.total, theirs.total)]
    for one, other in zip(ours.services, theirs.services, strict=True):
        assert (one.source, other.source.split(":")[0]) == ("history", "prom")
        assert (one.verdict, one.outage_count) == (other.verdict, other.outage_count)
        pairs.append((one.total, other.total))
        pairs += [
            (day.availability, same.availability)
            for day, same in zip(one.days, other.days, strict=True)
        ]
    for mine, other_s in pairs:
        assert mine.ratio == pytest.approx(other_s.ratio, abs=1e-4)
        assert mine.raw_ratio == pytest.approx(other_s.raw_ratio, abs=1e-4)
        assert mine.coverage == pytest.approx(other_s.coverage, abs=1e-4)
        assert mine.down_s == pytest.approx(other_s.down_s, rel=1e-4)


@pytest.mark.parametrize("source", BOTH)
def test_percentiles_are_within_the_buckets_of_the_answers_themselves(
    weeks: dict[str, Week], source: str
) -> None:
    site = weeks[source].services[0]
    spans = [(START_S, END_S), *pairwise(MIDNIGHTS)]
    for told_ms, span in zip((site.p95_ms, *(day.p95_ms for day in site.days)), spans, strict=True):
        answers = sorted(
            took_s(one)
            for one in range(*span, EVERY_S)
            if web(one) == 1 and not within(one, ASLEEP)
        )
        exact = answers[math.ceil(0.95 * len(answers)) - 1] * 1000
        assert told_ms == pytest.approx(exact, rel=0.0101)
    assert site.latencies.total == sum(
        web(one) == 1 and not within(one, ASLEEP) for one in range(START_S, END_S, EVERY_S)
    )


@pytest.mark.parametrize("source", BOTH)
def test_episodes_are_counted_by_local_day_and_each_once(
    weeks: dict[str, Week], source: str
) -> None:
    week = weeks[source]
    begun = [one for one in FIRED if one.start_s >= START_S]
    lasted = [one.end_s - one.start_s for one in begun]
    whole: Response = week.responses[0]
    assert (whole.count, whole.resolved) == (len(begun), len(begun))
    assert whole.mttr_s == pytest.approx(sum(lasted) / len(lasted))
    assert whole.longest_s == max(lasted)
    assert whole.untold == (len(begun) if source == "prometheus" else 0)
    noise = {one.alert.exact: one for one in week.noise}
    queue, disk = noise["QueueLong"], noise["DiskFull"]
    assert (queue.count, queue.by_day) == (3, (0, 2, 0, 0, 0, 0, 1))
    assert (queue.total_s, queue.median_s) == (50 * 60, 15 * 60)
    assert (disk.count, disk.total_s, disk.before) == (0, at("20 01:00") - START_S, 1)
    assert noise["WebDown"].by_day == (0, 0, 0, 0, 0, 1, 0)


def test_every_source_is_named_and_every_query(weeks: dict[str, Week]) -> None:
    ours, theirs = (weeks[one] for one in BOTH)
    assert ours.sources == ("history: kai@laptop (console)",)
    assert theirs.sources == ("prom: probe_success", "prom: up", "prom: ALERTS")
    assert [one.source for one in theirs.services] == [
        "prom: probe_success",
        "prom: probe_success",
        "prom: up",
        "prom: up",
    ]
    assert all(one.query.endswith("[608400s]") for one in theirs.services)
