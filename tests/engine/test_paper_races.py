"""Two consoles of one person on one incident at once: a merge, or a clash with both texts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from console.engine.engine import Engine
from console.model.acting import Ended, Outcome
from console.model.incident import Incident, IncidentProse
from console.model.paper_wish import Note, WriteIncident
from console.model.papers import Sheet
from tests.engine.test_papers import console, opened, settings
from tests.journal.folder import git, is_sound
from tests.soak import trials

pytestmark = pytest.mark.real("git")


async def form_on(engine: Engine, document_id: str) -> tuple[Sheet, Incident]:
    """What a form is opened on: the file, and what stands in it."""
    papers = await engine.papers.look()
    paper = papers.incident(document_id)
    assert paper is not None
    sheet = await engine.papers.sheet(paper.path)
    assert isinstance(sheet, Sheet) and sheet.blob == paper.blob
    return sheet, paper.incident


async def saved(engine: Engine, form: tuple[Sheet, Incident], **typed: str) -> Outcome:
    sheet, before = form
    prose: IncidentProse = msgspec.structs.replace(before.prose, **typed)
    wish = WriteIncident(sheet, before, msgspec.structs.replace(before, prose=prose))
    return await engine.acting.submit(wish)


async def test_whatever_two_forms_of_one_incident_save_at_once_no_text_is_lost(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "journal"
    loaded = settings(tmp_path, folder)
    async with console("kai", loaded) as (one, _), console("kai", loaded) as (other, _):
        document_id = (await opened(one)).document
        path = folder / (await form_on(one, document_id))[0].path
        for run in range(trials(usual=3, soak=200)):
            forms = [await form_on(engine, document_id) for engine in (one, other)]
            # Whether they typed into one field or into two: one is written, and the other is
            # shown together with what it clashes with.
            field = "how" if run % 2 else "why"
            noted = asyncio.create_task(one.acting.submit(Note(f"noted {run}", document_id)))
            outcomes = await asyncio.gather(
                saved(one, forms[0], how=f"of one {run}."),
                saved(other, forms[1], **{field: f"of other {run}."}),
            )
            assert (await noted).ended is Ended.DONE
            (lost,) = (each for each in outcomes if each.clash is not None)
            assert lost.ended is Ended.FAILED and lost.clash is not None
            texts = {f"of one {run}.", f"of other {run}."}
            (written,) = (each for each in texts if each in path.read_text())
            (mine,) = texts - {written}
            assert mine in lost.clash.mine.content.decode()
            assert written in lost.clash.theirs.content.decode()
            assert f"noted {run}" in path.read_text()
            # A form that was opened before all that: nothing is written over.
            stale = await saved(one, forms[0], how=f"stale {run}")
            assert stale.clash is not None and written in path.read_text()
    assert is_sound(folder)
    assert git(folder, "status", "--porcelain") == ""
