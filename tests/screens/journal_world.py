"""A journal that is made up, with one of each that its list can show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import msgspec
from textual.pilot import Pilot

from config.schema import Settings
from console.journal.errors import JournalFault
from console.model.change import Approval, Change, ChangeState, Plan, plan_hash
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Window
from console.model.incident import ActionItem, Incident, IncidentState
from console.model.nags import nags
from console.model.papers import (
    BrokenPaper,
    ChangePaper,
    Draft,
    Found,
    IncidentPaper,
    JournalState,
    JournalStatus,
    PaperKind,
    Papers,
    Sheet,
)
from console.model.state import Priority
from console.model.time_interval import Interval
from tests.build import T0, snapshot, source
from tests.screens.console import Console, console_on, until, update_of

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FOLDER = "/srv/journal"


class ScriptedPapers:
    """Answers what a test says, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.found: tuple[Found, ...] = ()
        self.searched: list[str] = []
        self.dropped: list[str] = []
        self.sheets: dict[str, Sheet | JournalFault] = {}
        self.status = JournalStatus()
        self.gate: asyncio.Event | None = None

    async def search(self, text: str) -> tuple[Found, ...]:
        self.searched.append(text)
        if self.gate is not None:
            await self.gate.wait()
        return self.found

    async def drop_draft(self, key: str) -> None:
        self.dropped.append(key)

    async def sheet(self, path: str) -> Sheet | JournalFault:
        return self.sheets[path]

    async def sync(self) -> JournalStatus:
        return self.status


def incident(number: int = 1, title: str = "redis is down", **changes: Any) -> IncidentPaper:
    """An open one that began five minutes ago and that nobody leads."""
    document_id = f"INC-20261122-{number:03x}"
    one = Incident(document_id, title, T0 - timedelta(minutes=5), services=("redis",))
    path = f"incidents/2026/{document_id}.md"
    return IncidentPaper(msgspec.structs.replace(one, **changes), path, "b1")


def change(number: int = 1, title: str = "upgrade redis", **changes: Any) -> ChangePaper:
    """A draft of kai's for a window of an hour that begins now."""
    document_id = f"CHG-20261122-{number:03x}"
    plan = Plan(services=("redis",), window=Period(T0, T0 + HOUR), executor="kai")
    one = Change(document_id, title, "kai", T0 - DAY, plan=changes.pop("plan", plan))
    path = f"changes/2026/{document_id}.md"
    return ChangePaper(msgspec.structs.replace(one, **changes), path, "b2")


def approved(number: int = 1, title: str = "upgrade redis", **changes: Any) -> ChangePaper:
    """One that mei has agreed to."""
    paper = change(number, title, state=ChangeState.APPROVED, **changes)
    agreed = Approval("mei", T0 - HOUR, plan_hash(paper.change.plan))
    return msgspec.structs.replace(
        paper, change=msgspec.structs.replace(paper.change, approvals=(agreed,))
    )


def draft(key: str = "INC-20261122-001", title: str = "redis is down", **changes: Any) -> Draft:
    """What was typed three minutes ago into an incident's form."""
    one = Draft(
        key,
        PaperKind.INCIDENT,
        {"what": "redis is down", "where": "redis", "who": ""},
        T0 - timedelta(minutes=3),
        document_id="" if key.startswith("new-") else key,
        title=title,
    )
    return msgspec.structs.replace(one, **changes)


def freeze(
    name: str = "observation", level: Level = Level.HARD, *periods: Period, **changes: Any
) -> Freeze:
    """One that began yesterday and goes on for six days more."""
    times = periods or (Period(T0 - DAY, T0 + 6 * DAY),)
    one = Freeze(name, level, Schedule(periods=times), owner="mei", reason="the launch")
    return msgspec.structs.replace(one, **changes)


def nightly(*minutes: tuple[int, int], zone: Any = UTC, name: str = "nightly") -> Window:
    """A window that is open at these minutes of every day."""
    return Window(name, Schedule((Interval(minutes=minutes, zone=zone),)))


def closed(number: int) -> IncidentPaper:
    """One of long ago."""
    at = T0 - number * DAY
    return incident(
        number, f"over {number}", opened=at, state=IncidentState.CLOSED, severity=Priority.P2,
        closed=at, lead="mei",
    )  # fmt: skip


def usual() -> Papers:
    """One of each."""
    item = ActionItem("Add an alert on memory", owner="mei", due=date(2026, 11, 20))
    late = incident(
        2, "checkout is slow", state=IncidentState.POST_MORTEM_DUE, severity=Priority.P1,
        lead="mei", resolved=T0 - DAY, opened=T0 - 2 * DAY, actions=(item,),
    )  # fmt: skip
    incidents = (
        incident(),
        incident(
            3, "支付网关 times out", severity=Priority.P0, lead="kai", state=IncidentState.MITIGATED
        ),
        late,
        closed(200),
    )
    wide = Period(T0 + HOUR, T0 + 3 * HOUR)
    changes = (
        change(1, "upgrade redis", state=ChangeState.SUBMITTED),
        approved(2, "rotate certificates"),
        change(3, "resize web-1", state=ChangeState.IN_PROGRESS, started=T0 - HOUR),
        approved(4, "move the queue", plan=Plan(services=("worker",), window=wide)),
        change(5, "old one", state=ChangeState.CLOSED, closed=T0 - 3 * DAY),
    )
    broken = BrokenPaper(
        "incidents/2026/INC-20261121-0aa.md", "b3", ("INC-20261121-0aa.md:3:7: expected a date",)
    )
    return Papers(
        JournalStatus(JournalState.KEPT, FOLDER),
        incidents,
        changes,
        (broken,),
        (draft(),),
        Calendar(),
        nags=nags([one.incident for one in incidents]),
    )


@asynccontextmanager
async def world_on(
    papers: Papers | None = None, *, size: tuple[int, int] = (80, 24), **opened: Any
) -> AsyncIterator[tuple[Console, Pilot[int], ScriptedPapers]]:
    """A console whose engine has read `papers`, on its first screen."""
    world = snapshot(sources=[source("prom"), source("am")])
    opened.setdefault("settings", Settings(environment="test"))
    async with console_on(world, size=size, **opened) as (console, pilot):
        desk = ScriptedPapers()
        assert console.engine is not None
        console.engine.papers = cast("PapersDesk", desk)  # type: ignore[attr-defined]
        show(console, usual() if papers is None else papers)
        await until(pilot, lambda: console.app.fresh is not None and bool(console.number))
        await pilot.pause()
        yield console, pilot, desk


def show(console: Console, papers: Papers) -> None:
    """Publish another journal; the world stays as it is."""
    assert console.engine is not None and console.engine.first is not None
    update = update_of(console.engine.first.snapshot, number=console.number)
    console.number += 1
    console.engine.publish(msgspec.structs.replace(update, papers=papers))


def moment(text: str, zone: Any = UTC) -> datetime:
    """`2026-11-22 03:00` in `zone`, as aware UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
