"""What is read and not worked through: a runbook's text, what lint says of it, a transcript."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from console.model.papers import Sheet
from console.model.run import Shelved
from console.model.runbook import Runbook, Section, Step, StepKind
from console.model.words import count_text, many
from console.runbook.health_words import whole_text
from console.safety.text import Raw, visible
from screens.acting import NOT_UP
from screens.journal import text_of
from screens.run_text import plain_parts
from widgets.detail import Blank, Field, Paragraph, Part, SpanLine, Title
from widgets.dialog import Overlay
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from console.runbook.parse import Read
    from screens.app import OncallApp

_KINDS: Final = {StepKind.MANUAL: "by hand"}


async def show_book(app: OncallApp, book: Shelved) -> None:
    """The text of a runbook and how it has done, without a run of it."""
    name = book.key

    async def read(engine: Engine) -> Read | str:
        from console.runbook.library import open_book
        from console.safety.files import FileError

        found = (await engine.runs.library()).book(name)
        if found is None:
            return "it is not in the library any more"
        try:
            return await asyncio.to_thread(open_book, found)
        except FileError as error:
            return visible(str(error))

    future = app.engine.ask(read)
    if future is None:
        app.say(NOT_UP, warning=True)
        return
    told = await asyncio.wrap_future(future)
    if isinstance(told, str):
        app.say(f"{visible(name, cells=40)}: {told}", warning=True)
    elif app.is_looked_at:
        parts = book_parts(told.runbook, book, app.clock.now().wall)
        app.push_screen(Overlay(((visible(book.title, cells=70), Ink.HEADING),), parts))


def book_parts(runbook: Runbook, book: Shelved, now: datetime) -> list[Part]:
    """A runbook as it is read: what it is for, how it has done, then its text."""
    parts: list[Part] = [
        Field("name", book.name, Ink.STRONG),
        Field("from", book.source),
        Field("health", whole_text(book.health, now)),
    ]
    if runbook.owner:
        parts.append(Field("owner", runbook.owner))
    if runbook.reviewed is not None:
        stale = Ink.WARNING if book.is_stale else Ink.PLAIN
        parts.append(Field("reviewed", f"{runbook.reviewed}", stale))
    if runbook.alerts:
        parts.append(Field("alerts", Raw(", ".join(runbook.alerts))))
    if runbook.services:
        parts.append(Field("services", Raw(", ".join(runbook.services))))
    if book.findings:
        parts.append(Field("lint", f"{many(book.findings, 'finding')}: l lists them", Ink.WARNING))
    for section in runbook.sections:
        parts += _section(section)
    return parts


def _section(section: Section) -> Iterator[Part]:
    if not section.parts and section.level == 1:
        return  # its title stands in the border
    yield Blank()
    if section.title:
        yield Title(((section.title, Ink.HEADING),))
    for part in section.parts:
        yield from plain_parts(part.text)
        if not isinstance(part, Step):
            continue
        effect = _KINDS.get(part.kind) or (str(part.effect) if part.effect else "by hand")
        number = f"{count_text(part.number)} "
        yield SpanLine(((number, Ink.MUTED), (part.name, Ink.STRONG), (f"  {effect}", Ink.MUTED)))
        for line in part.command.lines:
            yield SpanLine((("    ", Ink.PLAIN), (line, Ink.KEY)))


async def show_findings(app: OncallApp, book: Shelved) -> None:
    """What lint has to say about a runbook, line by line."""
    future = app.engine.ask(lambda engine: engine.runs.findings(book.key))
    if future is None:
        app.say(NOT_UP, warning=True)
        return
    found = await asyncio.wrap_future(future)
    shown = visible(book.name, cells=60)
    if isinstance(found, str):
        app.say(f"{shown}: {found}", warning=True)
    elif not found:
        app.say(f"{shown}: lint finds nothing wrong with it")
    elif app.is_looked_at:
        lines = [Paragraph(str(one), Ink.WARNING) for one in found]
        title = f"{shown}: {many(len(found), 'finding')}"
        app.push_screen(Overlay(((title, Ink.WARNING),), lines))


async def show_transcript(app: OncallApp, path: str, run_id: str) -> None:
    """What a run came to, as the journal keeps it."""
    future = app.engine.ask(lambda engine: engine.papers.sheet(path))
    if future is None:
        app.say(NOT_UP, warning=True)
        return
    sheet = await asyncio.wrap_future(future)
    if isinstance(sheet, Sheet):
        sheet = msgspec.structs.replace(sheet, content=_without_front(sheet.content))
    if app.is_looked_at:
        title = visible(run_id, cells=40)
        app.push_screen(Overlay(((title, Ink.HEADING),), text_of(sheet)))


def _without_front(content: bytes) -> bytes:
    """What people read: the front matter is for machines, and stands in the list already."""
    if not content.startswith(b"---\n"):
        return content
    _, _, body = content.removeprefix(b"---\n").partition(b"\n---\n")
    return body.lstrip(b"\n") or content


def open_transcript(app: OncallApp, run_id: str) -> None:
    """The transcript of the run of that id; the run itself, where it is open still."""
    update = app.fresh
    if update is not None and update.runs.run(run_id) is not None:
        from screens.book_choice import show_run

        show_run(app, run_id)
    else:
        app.run_worker(_find_transcript(app, run_id), exit_on_error=False)


async def _find_transcript(app: OncallApp, run_id: str) -> None:
    future = app.engine.ask(lambda engine: engine.runs.past())
    past = () if future is None else await asyncio.wrap_future(future)
    found = next((one for one in past if one.id == run_id), None)
    if found is None:
        app.say(f"no transcript of {visible(run_id, cells=40)} is in the journal", warning=True)
    else:
        await show_transcript(app, found.path, found.id)
