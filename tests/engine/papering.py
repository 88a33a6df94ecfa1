"""A console without sources that types, writes and commits, and tells what is acknowledged.

Run by `tests.engine.test_paper_kills` in processes that are killed. Whatever comes through the
pipe was acknowledged before: an `Ack` for each.
"""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from config.load import load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.acting import Ended
from console.model.incident import Incident, IncidentProse, IncidentState
from console.model.paper_wish import (
    MoveIncident,
    Note,
    OpenIncident,
    PaperWish,
    WriteIncident,
)
from console.model.papers import Draft, IncidentPaper, PaperKind, Sheet
from console.safety.clock import SystemClock
from tests.watching import hands_of, running

ENDLESS: Final = 1_000_000
WORDS: Final = 300


class Ack(NamedTuple):
    """What a person was told is done."""

    kind: str
    """`draft`, `dropped`, `opened`, `why`, `state`, `note`, or `ready` before the first."""
    key: str = ""
    """The draft's key or the incident's id; empty for a note that belongs to none."""
    text: str = ""
    path: str = ""


def text_of(name: str, number: int) -> str:
    """What is typed: long, and different everywhere."""
    return f"{name} 停 {number:06d} " * WORDS + "end"


class Writer:
    """One console at work."""

    def __init__(self, engine: Engine, name: str, told: Connection, shared: str) -> None:
        """`shared` is an incident that others write to as well; empty for none."""
        self._engine = engine
        self._name = name
        self._told = told
        self._shared = shared
        self._own = ""

    async def act(self, number: int) -> None:
        """The next thing that a person does."""
        kind = number % 10
        if kind == 0 or not self._own:
            await self._open(number)
        elif kind in (4, 9) and self._shared:
            await self._note(number, self._shared)
        elif kind in (3, 7):
            await self._note(number, self._own)
        elif kind in (2, 8):
            await self._move()
        elif kind == 5:
            await self._note(number, "")
        else:
            await self._edit(number)

    def _tell(self, ack: Ack) -> None:
        self._told.send(tuple(ack))

    async def _done(self, wish: PaperWish) -> str:
        outcome = await self._engine.acting.submit(wish)
        assert outcome.ended is Ended.DONE, (self._name, outcome)
        return outcome.document

    async def _draft(self, key: str, text: str, sheet: Sheet | None = None) -> None:
        at = SystemClock().now().wall
        draft = Draft(key, PaperKind.INCIDENT, {"text": text}, at, sheet)
        assert await self._engine.papers.save_draft(draft) == ""
        self._tell(Ack("draft", key, text))

    async def _drop(self, key: str) -> None:
        await self._engine.papers.drop_draft(key)
        self._tell(Ack("dropped", key))

    def _paper(self, document_id: str) -> IncidentPaper:
        paper = self._engine.papers.papers.incident(document_id)
        assert paper is not None, document_id
        return paper

    async def _open(self, number: int) -> None:
        key, text = f"new-{self._name}-{number}", text_of(self._name, number)
        await self._draft(key, text)
        prose = IncidentProse(what=text, where="redis@data-1")
        asked = Incident("", f"of {self._name}", SystemClock().now().wall, prose=prose)
        self._own = await self._done(OpenIncident(asked))
        self._tell(Ack("opened", self._own, text, self._paper(self._own).path))
        await self._drop(key)

    async def _edit(self, number: int) -> None:
        paper = self._paper(self._own)
        sheet = await self._engine.papers.sheet(paper.path)
        assert isinstance(sheet, Sheet)
        text, replace = text_of(self._name, number), msgspec.structs.replace
        await self._draft(self._own, text, sheet)
        before = paper.incident
        after = replace(before, prose=replace(before.prose, why=text))
        await self._done(WriteIncident(sheet, before, after))
        self._tell(Ack("why", self._own, text, paper.path))
        await self._drop(self._own)

    async def _move(self) -> None:
        paper = self._paper(self._own)
        is_open = paper.incident.state is IncidentState.OPEN
        to = IncidentState.MITIGATED if is_open else IncidentState.OPEN
        await self._done(MoveIncident(paper, to))
        self._tell(Ack("state", self._own, str(to), paper.path))

    async def _note(self, number: int, document_id: str) -> None:
        text = f"{self._name} noted {number:06d}."
        await self._done(Note(text, document_id))
        path = self._paper(document_id).path if document_id else ""
        self._tell(Ack("note", document_id, text, path))


def console(
    settings: Path, state: Path, name: str, count: int, shared: str, told: Connection
) -> None:
    """Do `count` things as the console `name`, and end."""
    asyncio.run(_console(settings, state, name, count, shared, told))


async def _console(
    settings: Path, state: Path, name: str, count: int, shared: str, told: Connection
) -> None:
    async with running(load(settings), hands=hands_of("kai"), state=StateFolder(state)) as (
        engine,
        _,
    ):
        await engine.papers.look()
        writer = Writer(engine, name, told, shared)
        told.send(tuple(Ack("ready")))
        for number in range(count):
            await writer.act(number)
    told.close()
