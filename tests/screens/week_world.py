"""Seven days that are made up: one service of each kind that the summary can show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec
from textual.pilot import Pilot
from textual.screen import Screen

from config.schema import Settings
from console.model.acting import Ended, Outcome
from console.model.change import ChangeState
from console.model.daily import Daily, Inspection, InspectionItem, Kpi, Tick
from console.model.history import Bout
from console.model.incident import IncidentState
from console.model.latency import Latencies
from console.model.remembering import Remembering
from console.model.saying import verbatim
from console.model.state import Priority
from console.model.summary import (
    Availability,
    Budget,
    ChangeLine,
    Exclusion,
    Figure,
    Gap,
    IncidentLine,
    Means,
    Noise,
    Observation,
    Outage,
    Response,
    ServiceWeek,
    Slot,
    Unit,
    Verdict,
    Week,
    summed,
)
from console.safety.text import Raw
from tests.build import T0, snapshot, source
from tests.screens.console import Console, console_on, until

DAY_S = 86_400.0
LAST = date(2026, 11, 22)
TARGET = 0.999
INCIDENT = "INC-20261119-7f3"
CHANGE = "CHG-20261121-9b1"


def midnight(day: date, zone: tzinfo = UTC) -> datetime:
    """When `day` begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def seen(down_s: float = 0.0, *, known_s: float = DAY_S, excluded_s: float = 0.0) -> Availability:
    """A day with some downtime."""
    known = min(known_s, DAY_S - excluded_s)
    return Availability(
        DAY_S,
        excluded_s,
        known,
        down_s,
        0.0,
        min(DAY_S, known + excluded_s),
        down_s + excluded_s / 2,
    )


def slots(
    days: Sequence[Availability], last: date = LAST, **marked: dict[int, tuple[str, ...]]
) -> tuple[Slot, ...]:
    """One a day, the last one `last`; `incidents` and `changes` by the number of their day."""
    incidents, changes = marked.get("incidents", {}), marked.get("changes", {})
    first = last - timedelta(days=len(days) - 1)
    return tuple(
        Slot(
            midnight(first + timedelta(days=number)),
            midnight(first + timedelta(days=number + 1)),
            of,
            incidents.get(number, ()),
            changes.get(number, ()),
        )
        for number, of in enumerate(days)
    )


def service(name: str, place: str, down: Sequence[float] = (), **changes: Any) -> ServiceWeek:
    """One with so many seconds of downtime on its first days, and none after."""
    marked = {name: changes.pop(name) for name in ("incidents", "changes") if name in changes}
    known_s = changes.pop("known_s", DAY_S)
    days = changes.pop("days", None) or slots(
        [seen(one, known_s=known_s) for one in (*down, *[0.0] * (7 - len(down)))], **marked
    )
    total = summed(one.availability for one in days)
    target = changes.pop("target", TARGET)
    budget, verdict = None, Verdict.NOT_MEASURED
    if target is not None and total.ratio is not None:
        budget = Budget((1 - target) * total.known_s, total.down_s)
        verdict = Verdict.MET if total.ratio >= target else Verdict.MISSED
    if (total.coverage or 0.0) < 0.95:
        verdict = Verdict.NOT_ENOUGH_DATA
    outages = tuple(
        Outage(slot.start + timedelta(hours=3), slot.start + timedelta(hours=3, seconds=one))
        for slot, one in zip(days, down, strict=False)
        if one
    )
    one = ServiceWeek(
        name, place, "data", False, total, tuple(days), outages, len(outages), Latencies(),
        12.0, 88.0, 240.0, target, budget, verdict, before=seen(0.0), before_p95_ms=70.0,
        samples=10_080, source="history",
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def figure(name: str, value: float | None = None, **changes: Any) -> Figure:
    """An objective in percent that is to be below 1."""
    for said, field in (("source", "told_by"), ("why_not", "lack")):
        if said in changes:
            changes[field] = verbatim(changes.pop(said))
    verdict = Verdict.NOT_MEASURED
    if value is not None:
        verdict = Verdict.MET if value < 1 else Verdict.MISSED
    one = Figure(name, Unit.PERCENT, value, None, None, 1.0, verdict)
    return msgspec.structs.replace(one, **changes)


def noise(name: str, count: int, place: str = "redis@data-1", **changes: Any) -> Noise:
    """One that fired mostly on the last day."""
    one = Noise(
        Raw(name), place.partition("@")[0], Raw(place), count, (0, 1, 0, 2, 0, 3, count), 3600.0,
        90.0, 1, count // 2,
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def usual(last: date = LAST, **changes: Any) -> Week:
    """One of each."""
    first = last - timedelta(days=6)
    services = (
        service("redis", "data-1", (0, 0, 5_400), incidents={2: (INCIDENT,)}, critical=True),
        service("postgres", "data-1"),
        service("api", "shop", (0, 120, 0, 0, 0, 200), changes={5: (CHANGE,)}, p95_ms=1_840.0),
        service("worker", "shop", known_s=40_000.0),
        service("支付网关", "shop", (30,)),
        service(
            "backup", "data-1",
            days=slots([*[seen()] * 5, seen(0, excluded_s=DAY_S), seen()], last), target=None,
        ),
        service("silent", "web-1", known_s=0.0, p50_ms=None, p95_ms=None, p99_ms=None),
    )  # fmt: skip
    total = summed(one.total for one in services)
    wednesday, saturday = midnight(date(2026, 11, 18)), midnight(date(2026, 11, 21))
    line = IncidentLine(
        INCIDENT, "redis is down", IncidentState.POST_MORTEM_DUE, Priority.P0, ("redis",),
        wednesday + timedelta(hours=3), wednesday + timedelta(hours=5),
    )  # fmt: skip
    change = ChangeLine(
        CHANGE, "api v2.15", ChangeState.ACCEPTED, ("api",),
        saturday, saturday + timedelta(hours=1), "mei",
    )  # fmt: skip
    one = Week(
        environment="test", zone="UTC", first=first, last=last, start=midnight(first),
        end=midnight(last + timedelta(days=1)), made_at=T0 - timedelta(minutes=2),
        services=services, total=total,
        before=summed([seen(10.0)] * 7), least_coverage=0.95,
        responses=(
            Response(None, 61, 20, 60, 252.0, 2_280.0, 5_400.0, 3, 2, 4, 18, 56),
            Response(Priority.P0, 2, 2, 2, 130.0, 5_400.0, 5_400.0, mtta_of=2, mttr_of=2),
        ),
        responses_before=(Response(None, 40, 20, 40, 300.0, 2_000.0),),
        noise=(
            noise("HighCpuLoad", 42, before=12, untouched=39),
            noise("ServiceDown", 3, incidents=(INCIDENT,), acked=2, untouched=0, before=3),
        ),
        incidents=(line,), changes=(change,),
        exclusions=(
            Exclusion(verbatim("maintenance nightly"), saturday, midnight(LAST), ("backup",)),
        ),
        objectives=(
            figure("API error rate", 0.42, before=0.3, source="prom", means=Means.QUERY,
                   query='sum(rate(http_requests_total{code=~"5.."}[7d]))'),
            figure("page load", 2.4, unit=Unit.SECONDS, below=2.0, verdict=Verdict.MISSED,
                   source="history", means=Means.FIGURE),
            figure("crash rate", why_not="no query and no value is set"),
            figure("key-flow success", why_not="no query and no value is set"),
        ),
        gaps=(), observation=Observation(date(2026, 11, 20), 7),
        made_from=(verbatim("history"), verbatim("prom")),
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


GAP = Gap(midnight(date(2026, 11, 19)), midnight(date(2026, 11, 19)) + timedelta(hours=4))


def bout(number: int = 0, **changes: Any) -> Bout:
    """An episode of three minutes."""
    start = T0 - timedelta(hours=5 + number)
    one = Bout(
        f"k{number}", Raw("HighCpuLoad"), Raw("redis@data-1"), "redis", Priority.P2, start,
        resolved_at=start + timedelta(minutes=3), source="history",
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def inspection(day: date = LAST, *ticks: Tick) -> Inspection:
    """Three items, due at 10:00."""
    by_item = {one.item: one for one in ticks}
    items = (
        InspectionItem(
            "crash-rate", "Crash rate of yesterday", "crash rate",
            measured=figure("crash rate", 0.3, below=0.5, source="prom", means=Means.QUERY),
        ),
        InspectionItem("backups", "Daily snapshot is there"),
        InspectionItem("rbac", "權限審查 every week"),
    )  # fmt: skip
    ticked = tuple(msgspec.structs.replace(one, tick=by_item.get(one.name)) for one in items)
    return Inspection(day, midnight(day) + timedelta(hours=10), ticked)


class ScriptedWeeks:
    """Answers what a test says, and remembers what it was asked for."""

    def __init__(self, week: Week | str | None = None) -> None:
        self.answer: Week | str = usual() if week is None else week
        self.before: Week | None = None
        """What is remembered."""
        self.asked: list[date | None] = []
        self.gate: asyncio.Event | None = None
        """What an answer waits for."""
        self.standing = Remembering("/state/history.db", "this console")
        self.episodes: tuple[Bout, ...] | str = (bout(), bout(1))
        self.hour_slots: dict[date, tuple[Slot, ...] | str] = {}
        self.looked: Inspection | str = inspection()
        self.looks: list[date | None] = []
        self.kept: list[Week | Daily | Kpi] = []
        self.sent: list[tuple[Week | Daily | Kpi, str]] = []
        self.text = "7-day summary\nredis *missed*"
        self.report: Daily | str = "no daily report here"
        self.outcome = Outcome(Ended.DONE, "archived")

    async def week(self, end: date | None = None) -> Week | str:
        self.asked.append(end)
        if self.gate is not None:
            await self.gate.wait()
        if end is not None and isinstance(self.answer, Week):
            return usual(end)
        return self.answer

    async def daily(self, day: date | None = None) -> Daily | str:
        return self.report

    async def kpi(self, end: date | None = None) -> Kpi | str:
        return "no key figures here"

    async def hours(self, name: str, day: date) -> tuple[Slot, ...] | str:
        start = midnight(day)
        found = tuple(
            Slot(
                start + timedelta(hours=n), start + timedelta(hours=n + 1),
                Availability(3600.0, 0.0, 3600.0, 0.0, 0.0, 3600.0, 0.0),
            )
            for n in range(24)
        )  # fmt: skip
        return self.hour_slots.get(day, found)

    async def bouts(
        self, first: date, last: date, name: str = "", alert: Raw | None = None
    ) -> tuple[Bout, ...] | str:
        return self.episodes

    async def inspection(self, day: date | None = None) -> Inspection | str:
        self.looks.append(day)
        return self.looked

    async def keep(self, report: Week | Daily | Kpi) -> Outcome:
        self.kept.append(report)
        return self.outcome

    async def sent_text(self, report: Week | Daily | Kpi, webhook: str) -> str | Outcome:
        return self.text

    async def send(self, report: Week | Daily | Kpi, webhook: str) -> Outcome:
        self.sent.append((report, webhook))
        return Outcome(Ended.DONE, f"sent to {webhook}")


@asynccontextmanager
async def weeks_on(
    desk: ScriptedWeeks | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    key: str = "5",
    wait: bool = True,
    **opened: Any,
) -> AsyncIterator[tuple[Console, Pilot[int], ScriptedWeeks]]:
    """A console on the screen that `key` opens, its seven days from `desk`."""
    desk = desk or ScriptedWeeks()
    world = snapshot(sources=[source("prom"), source("am")])
    opened.setdefault("settings", Settings(environment="test"))
    opened.setdefault("last_week", lambda: desk.before)
    async with console_on(world, size=size, **opened) as (console, pilot):
        assert console.engine is not None
        console.engine.week = desk
        await pilot.press(key)
        await until(pilot, lambda: screen_word(console.app.screen) in ("summary", "inspection"))
        await until(pilot, lambda: not (wait and busy(console)))
        yield console, pilot, desk


def screen_word(screen: Screen[Any]) -> str:
    return getattr(screen, "word", "")


def busy(console: Console) -> bool:
    """Whether something is still being asked for."""
    return any(not worker.is_finished for worker in console.app.workers)
