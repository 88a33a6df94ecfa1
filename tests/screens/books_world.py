"""A library that is made up, with runs that are open and runs of the past."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
from textual.pilot import Pilot

from config.fault import Fault
from console.journal.errors import JournalFault
from console.model.papers import Found, Sheet
from console.model.run import (
    Attempt,
    BookHealth,
    PastRun,
    Run,
    Runs,
    Shelved,
    StepRun,
    StepState,
)
from console.model.runbook import Runbook
from console.model.snapshot import KnownAlert, Snapshot
from console.runbook.library import Book, Library, library_of
from console.runbook.lint import Finding
from console.runbook.matching import Candidate
from console.safety.text import Raw
from tests.build import T0
from tests.screens.console import Console, console_on, until, update_of
from tests.screens.worlds import usual

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk
    from console.engine.runs.desk import RunsDesk

DAY = timedelta(days=1)


def shelved(name: str = "cache-down", **changes: Any) -> Shelved:
    """A runbook of nine steps that passed twelve days ago."""
    health = BookHealth(4, T0 - 3 * DAY, T0 - 12 * DAY, 9.4, ("warm-up",))
    one = Shelved(
        Raw(name), Raw(f"{name.capitalize()} now"), Raw("shipped"), 9, 7, 0, False, health=health
    )
    return msgspec.structs.replace(one, **changes)


def shelf() -> tuple[Shelved, ...]:
    """One that does well, one that is stale and has faults, a page of a team, the usual ones."""
    return (
        shelved(alerts=("ServiceDown",), services=("redis",)),
        shelved("disk-full", findings=3, is_stale=True, health=BookHealth(2, T0 - DAY)),
        shelved(
            "kube-page", source=Raw("/srv/books/team"), runnable=0, is_stale=None,
            health=BookHealth(),
        ),
        shelved("source-lost", services=("api",)),
    )  # fmt: skip


def run(
    number: int = 1, name: str = "cache-down", *states: StepState, host: str = "data-1", **more: Any
) -> Run:
    """Of three steps, begun five minutes ago by kai."""
    wanted = states or (StepState.PASSED, StepState.PENDING, StepState.PENDING)
    steps = tuple(
        StepRun(f"step-{at}", state, (_attempt(state, host),) if _was_tried(state) else ())
        for at, state in enumerate(wanted, 1)
    )
    began = T0 - timedelta(minutes=5)
    book = Runbook(name, Raw(name.capitalize()), "d1")
    made = Run(f"RUN-20261122-{number:03x}", book, "shipped", began, "kai", "ops-1", steps=steps)
    return msgspec.structs.replace(made, **more)


def _was_tried(state: StepState) -> bool:
    return state not in (StepState.PENDING, StepState.SKIPPED, StepState.MANUAL)


def _attempt(state: StepState, host: str) -> Attempt:
    where = f"kai@{host}" if host else "here"
    return Attempt(1, state, T0, "kai", where, "systemctl start", host=host, job="RUN-1.a.1")


def past(number: int = 1, name: str = "cache-down", **changes: Any) -> PastRun:
    """One that passed two days ago, within nine minutes."""
    run_id = f"RUN-20261120-{number:03x}"
    one = PastRun(
        run_id, f"runs/2026/{run_id}-{name}.md", name, Raw(name), T0 - 2 * DAY,
        T0 - 2 * DAY + timedelta(minutes=9), Raw("mei"), Raw("ServiceDown redis@data-1"),
        counts=(("passed", 7), ("skipped", 1)), passed=True,
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


class ScriptedRuns:
    """Answers what a test says, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.books = shelf()
        self.transcripts: tuple[PastRun, ...] = (
            past(),
            past(2, "disk-full", counts=(("failed", 1), ("passed", 2)), passed=False),
        )
        self.found: tuple[Candidate, ...] = ()
        self.begun: list[tuple[str, str, str]] = []
        """Names, fingerprints, services."""
        self.refusal = ""
        self.faults: tuple[Fault, ...] = ()
        self.linted: tuple[Finding, ...] | str = ()
        self.written: list[tuple[KnownAlert | None, Path]] = []
        self.scaffolded: Path | str = "/srv/books/new-alert.md exists already"
        self.reloads = 0
        self.gate: asyncio.Event | None = None

    async def library(self) -> Library:
        shipped = library_of(()).books
        names = {book.name.exact for book in shipped}
        more = tuple(Book(one.name) for one in self.books if one.name.exact not in names)
        return Library((*shipped, *more), self.faults)

    async def shelf(self) -> tuple[Shelved, ...]:
        if self.gate is not None:
            await self.gate.wait()
        return self.books

    async def past(self) -> tuple[PastRun, ...]:
        return self.transcripts

    async def standing(self) -> tuple[Run, ...]:
        return ()

    async def candidates(self, known: KnownAlert) -> tuple[Candidate, ...]:
        return self.found

    async def findings(self, name: str) -> tuple[Finding, ...] | str:
        return self.linted

    async def scaffold(self, known: KnownAlert | None, folder: Path) -> Path | str:
        self.written.append((known, folder))
        return self.scaffolded

    async def begin(
        self,
        name: str,
        known: KnownAlert | None = None,
        service: str = "",
        given: Mapping[str, str] | None = None,
        change: str = "",
        incident: str = "",
    ) -> Run | str:
        self.begun.append((name, "" if known is None else known.key, service))
        return self.refusal or run(9, name)

    def reload(self) -> None:
        self.reloads += 1


class ScriptedPapers:
    """A journal with transcripts."""

    def __init__(self) -> None:
        body = b"# RUN-20261120-001\n\nstart-redis passed\n\x1b[31mred\n"
        self.text = b"---\nschema: 1\n---\n\n" + body
        self.searched: list[str] = []

    async def sheet(self, path: str) -> Sheet | JournalFault:
        return Sheet(path, self.text, "b1")

    async def search(self, text: str) -> tuple[Found, ...]:
        self.searched.append(text)
        return (
            Found("runs/2026/a.md", "RUN-20261120-001", "cache-down", 7, "OOMKilled"),
            Found("incidents/2026/b.md", "INC-20261120-001", "redis", 9, "OOMKilled"),
        )


@asynccontextmanager
async def books_world(
    *runs: Run, world: Snapshot | None = None, found: tuple[str, ...] = (), **opened: Any
) -> AsyncIterator[tuple[Console, Pilot[int], ScriptedRuns]]:
    """A console on a usual shift, with a library and these open runs."""
    desk = ScriptedRuns()
    shown = world or usual()
    async with console_on(shown, **opened) as (console, pilot):
        assert console.engine is not None
        console.engine.runs = cast("RunsDesk", desk)
        console.engine.papers = cast("PapersDesk", ScriptedPapers())  # type: ignore[attr-defined]
        await publish(console, pilot, Runs(runs, found), shown)
        yield console, pilot, desk


async def publish(
    console: Console, pilot: Pilot[int], runs: Runs, world: Snapshot | None = None
) -> None:
    """Another picture of the world, with these runs."""
    assert console.engine is not None
    console.number += 1
    number = 100 + console.number
    update = update_of(world or usual(), number=number)
    console.engine.publish(msgspec.structs.replace(update, runs=runs))
    await until(pilot, lambda: console.app.fresh is not None and console.app.fresh.number == number)


def at(hours: float) -> datetime:
    """So many hours ago."""
    return T0 - timedelta(hours=hours)
