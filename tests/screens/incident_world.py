"""A journal with incidents in it, their files, and drafts that are on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
import pytest
from textual.pilot import Pilot

from config.schema import Settings
from console.journal.change import Logged
from console.journal.change_text import CHANGES
from console.journal.drafts import Drafts
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.timeline import Entry
from console.model.event import Event, EventKind
from console.model.incident import Incident
from console.model.nags import nags
from console.model.papers import (
    ChangePaper,
    Draft,
    IncidentPaper,
    JournalState,
    JournalStatus,
    Papers,
    Sheet,
)
from console.model.snapshot import Snapshot
from console.safety.clock import ManualClock
from console.safety.files import FileError
from console.safety.text import Raw
from screens.paper_form import PaperForm
from tests.build import MONO0, T0
from tests.screens.console import Console, console_on, until, update_of
from tests.screens.journal_world import ScriptedPapers, incident
from widgets.dialog import DEAD_TIME_S, Dialog

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk

F = TypeVar("F", bound=PaperForm)
ID = "INC-20261122-001"


class Desk(ScriptedPapers):
    """Has the files of what it shows, and keeps drafts as the engine does."""

    def __init__(self, papers: Papers, folder: Path | None = None) -> None:
        super().__init__()
        self.sheets = {one.path: sheet_of(one) for one in papers.incidents}
        self.sheets |= {one.path: change_sheet(one) for one in papers.changes}
        self.drafts = None if folder is None else Drafts(folder, ManualClock(T0, MONO0))
        self.saved: list[Draft] = []
        self.left: list[str] = []

    async def log(self, path: str) -> tuple[Logged, ...]:
        return (Logged("3f2a91c0aa", "kai", "kai@test", T0, f"{ID} opened"),)

    async def save_draft(self, draft: Draft) -> str:
        self.saved.append(draft)
        if self.drafts is None:
            return "there is no folder to keep it in"
        try:
            self.drafts.save(draft)
        except FileError as error:
            return str(error)
        return ""

    async def take_draft(self, key: str) -> Draft | None:
        return None if self.drafts is None else self.drafts.take(key)

    async def leave_draft(self, key: str) -> None:
        self.left.append(key)
        if self.drafts is not None:
            self.drafts.leave(key)

    async def drop_draft(self, key: str) -> None:
        self.dropped.append(key)
        if self.drafts is not None:
            self.drafts.drop(key)


def sheet_of(paper: IncidentPaper, incident: Incident | None = None) -> Sheet:
    """The file that it would stand in."""
    event = Event(T0, EventKind.NOTE, "redis", "restarted it", "kai")
    document = INCIDENTS.new(incident or paper.incident, Language.ENGLISH, (Entry(event),))
    return Sheet(paper.path, document.text.encode("utf-8", "surrogateescape"), paper.blob)


def change_sheet(paper: ChangePaper) -> Sheet:
    """The file that a change would stand in."""
    document = CHANGES.new(paper.change, Language.ENGLISH, ())
    return Sheet(paper.path, document.text.encode("utf-8", "surrogateescape"), paper.blob)


def papers_of(*papers: IncidentPaper, **more: Any) -> Papers:
    """A journal that is kept, and has these."""
    owed = nags([one.incident for one in papers])
    return Papers(JournalStatus(JournalState.KEPT, "/srv/journal"), papers, nags=owed, **more)


@asynccontextmanager
async def incidents_on(
    shown: Snapshot,
    *papers: IncidentPaper,
    drafts: Path | None = None,
    size: tuple[int, int] = (80, 24),
    **opened: Any,
) -> AsyncIterator[tuple[Console, Pilot[int], Desk]]:
    """A console on a world whose journal has these incidents."""
    opened.setdefault("settings", Settings(environment="test"))
    async with console_on(shown, size=size, **opened) as (console, pilot):
        assert console.engine is not None
        desk = Desk(papers_of(*papers), drafts)
        console.engine.papers = cast("PapersDesk", desk)  # type: ignore[attr-defined]
        publish(console, papers_of(*papers))
        await until(pilot, lambda: console.app.fresh is not None and console.app.fresh.number > 0)
        yield console, pilot, desk


def publish(console: Console, papers: Papers, shown: Snapshot | None = None) -> None:
    """Another journal, and where given another world."""
    assert console.engine is not None and console.engine.first is not None
    update = update_of(shown or console.engine.first.snapshot, number=console.number)
    console.number += 1
    console.engine.publish(msgspec.structs.replace(update, papers=papers))


def redis(**changes: Any) -> IncidentPaper:
    """The one that is open, of redis."""
    return incident(1, "redis is down", **changes)


def wishes_of(console: Console) -> list[Any]:
    """What was asked of the engine."""
    assert console.engine is not None
    return list(console.engine.acting.wishes)


def copies_of(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is sent to the clipboard from now on, with what it is called."""
    sent: list[tuple[str, str]] = []

    def copy(_: object, text: Raw | str, what: str, *, lines: bool = False) -> None:
        sent.append((text.exact if isinstance(text, Raw) else text, what))

    monkeypatch.setattr("screens.copying.copy", copy)
    return sent


async def form_on_top(console: Console, pilot: Pilot[int], kind: type[F]) -> F:
    """The form, once it has been drawn and could be read."""
    await until(pilot, lambda: isinstance(console.app.screen, kind))
    form = console.app.screen
    assert isinstance(form, kind)
    await until(pilot, lambda: form.is_drawn)
    console.clock.advance(DEAD_TIME_S + 0.1)
    return form


async def answered(console: Console, pilot: Pilot[int], *keys: str) -> None:
    """Keys on a question that has been read."""
    await until(pilot, lambda: isinstance(console.app.screen, Dialog))
    await pilot.pause()
    console.clock.advance(DEAD_TIME_S + 0.1)
    await pilot.press(*keys)
    await pilot.pause()
