"""The journal as the engine keeps it: read again, recorded, shared, and honest about faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.load import Loaded, load
from config.schema import JournalRemote
from console.engine.engine import Engine
from console.engine.papers import PapersDesk
from console.engine.saved import StateFolder
from console.journal.errors import JournalFault
from console.journal.remote import Synced, sync
from console.journal.repository import Journal
from console.model.acting import Ended, Outcome
from console.model.event import Event, EventKind
from console.model.incident import Incident, IncidentProse, IncidentState
from console.model.paper_wish import MoveIncident, Note, OpenIncident
from console.model.papers import Draft as Typed
from console.model.papers import JournalState, PaperKind, Papers
from console.model.state import Priority
from console.model.update import Update
from console.model.worklist import RowKind
from console.safety.clock import SystemClock
from tests.journal.folder import git, is_sound
from tests.watching import Seen, hands_of, running

pytestmark = pytest.mark.real("git")


def settings(tmp_path: Path, journal: Path, more: str = "") -> Loaded:
    folder = tmp_path / "settings"
    folder.mkdir(0o700, exist_ok=True)
    text = f"environment: test\njournal:\n  folder: {journal}\n{more}"
    (folder / "oncall.yaml").write_text(text)
    return load(folder)


@contextlib.asynccontextmanager
async def console(
    name: str, loaded: Loaded, state: Path | None = None
) -> AsyncIterator[tuple[Engine, Seen]]:
    folder = None if state is None else StateFolder(state)
    async with running(loaded, hands=hands_of(name), state=folder) as (engine, seen):
        yield engine, seen


async def opened(engine: Engine, title: str = "redis down") -> Outcome:
    prose = IncidentProse(what="no PING reply", where="redis on data-1")
    at = SystemClock().now().wall
    wish = OpenIncident(Incident("", title, at, severity=Priority.P0, prose=prose))
    outcome = await engine.acting.submit(wish)
    assert outcome.ended is Ended.DONE, outcome
    return outcome


def titles(update: Update) -> list[str]:
    return [one.incident.title for one in update.papers.incidents]


async def test_before_anything_is_written_there_is_no_journal_and_none_is_made(
    tmp_path: Path,
) -> None:
    loaded = settings(tmp_path, tmp_path / "journal")
    async with console("kai", loaded) as (engine, seen):
        papers = await engine.papers.look()
        assert papers.status.state is JournalState.NONE
        assert papers.status.words == ""
        await seen.more(1)
    assert not (tmp_path / "journal").exists()


async def test_what_one_console_writes_another_on_the_folder_sees(tmp_path: Path) -> None:
    loaded = settings(tmp_path, tmp_path / "journal")
    async with console("kai", loaded) as (kai, seen), console("mei", loaded) as (mei, hers):
        told = await opened(kai)
        await seen.until(lambda update: titles(update) == ["redis down"])
        update = await hers.until(lambda update: titles(update) == ["redis down"])
        assert update.papers.status.state is JournalState.KEPT
        paper = update.papers.incident(told.document)
        assert paper is not None
        moved = await mei.acting.submit(MoveIncident(paper, IncidentState.MITIGATED))
        assert moved.ended is Ended.DONE, moved
        state = IncidentState.MITIGATED
        await seen.until(lambda update: update.papers.incidents[0].incident.state is state)
    assert is_sound(tmp_path / "journal")
    authors = git(tmp_path / "journal", "log", "--format=%an", "--", "incidents").splitlines()
    assert authors == ["mei", "kai"]


async def test_what_happened_stands_in_the_journal_when_the_console_is_closed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "journal"
    async with console("kai", settings(tmp_path, folder)) as (engine, seen):
        await opened(engine)
        at = SystemClock().now().wall
        engine.note(Event(at, EventKind.SHELL, "data-1", "a shell was open for 4m", "kai"))
        await seen.more(1)
    assert git(folder, "status", "--porcelain") == ""
    assert "a shell was open" in git(folder, "grep", "shell", "HEAD", "--", "events")


async def test_what_led_to_the_first_incident_stands_in_its_timeline(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with console("kai", settings(tmp_path, folder)) as (engine, _):
        at = SystemClock().now().wall
        engine.note(Event(at, EventKind.STORM, "storm", "began: 40 alerts, 40 new a minute"))
        await opened(engine)
    (text,) = (path.read_text() for path in (folder / "incidents").rglob("*.md"))
    assert "began: 40 alerts" in text


async def test_a_note_outlives_the_console_though_no_incident_is_open(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with console("kai", settings(tmp_path, folder)) as (engine, _):
        outcome = await engine.acting.submit(Note("the cleaner pulled a plug"))
        assert outcome.ended is Ended.DONE, outcome
        assert "pulled a plug" in git(folder, "grep", "plug", "HEAD", "--", "events")


async def test_what_is_owed_counts_down_on_the_worklist(tmp_path: Path) -> None:
    loaded = settings(tmp_path, tmp_path / "journal", "incidents:\n  remind_before: 30d\n")
    async with console("kai", loaded) as (engine, seen):
        told = await opened(engine)
        paper = engine.papers.papers.incident(told.document)
        assert paper is not None
        await engine.acting.submit(MoveIncident(paper, IncidentState.RESOLVED))

        def owed(update: Update) -> bool:
            return any(row.kind is RowKind.OWED for row in update.worklist.rows)

        update = await seen.until(owed)
        assert "hold the post-mortem" in update.papers.nags[0].text


async def test_commits_go_to_the_remote_and_the_header_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
    folder = tmp_path / "journal"
    folder.mkdir(0o700)
    git(folder, "init", "-q", "--initial-branch=main")
    git(folder, "remote", "add", "origin", str(tmp_path / "shared.git"))
    loaded = settings(tmp_path, folder, "  remote:\n    name: origin\n")
    async with console("kai", loaded) as (engine, seen):
        await opened(engine)
        await seen.until(lambda update: update.papers.status.words == "journal pushed")
        assert "redis down" in git(tmp_path / "shared.git", "log", "--format=%s", "main")
        (tmp_path / "shared.git").rename(tmp_path / "gone.git")
        await engine.papers.sync()
        update = await seen.until(lambda update: not update.papers.status.is_well)
        assert update.papers.status.cause
        assert update.papers.status.remedy
        assert titles(update) == ["redis down"]


async def test_a_commit_that_is_on_its_way_is_not_called_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
    folder, begun, gate = tmp_path / "journal", asyncio.Event(), asyncio.Event()
    gate.set()

    async def slow(journal: Journal, remote: JournalRemote) -> Synced | JournalFault:
        begun.set()
        await gate.wait()
        return await sync(journal, remote)

    monkeypatch.setattr("console.engine.papers.sync", slow)
    folder.mkdir(0o700)
    git(folder, "init", "-q", "--initial-branch=main")
    git(folder, "remote", "add", "origin", str(tmp_path / "shared.git"))
    loaded = settings(tmp_path, folder, "  remote:\n    name: origin\n")
    async with console("kai", loaded) as (engine, seen), console("mei", loaded) as (other, _):
        await opened(engine)
        await seen.until(lambda update: update.papers.status.words == "journal pushed")
        gate.clear()
        begun.clear()
        await opened(engine, "api slow")
        await begun.wait()
        assert (await engine.papers.look()).status.words == "journal not pushed"
        gate.set()
        await seen.until(lambda update: update.papers.status.words == "journal pushed")
        gate.clear()
        await opened(other, "disk full")  # the same folder, and nobody told this console
        assert (await engine.papers.look()).status.words == "journal not pushed"
        gate.set()
        await seen.until(lambda update: update.papers.status.words == "journal pushed")


async def test_a_folder_that_is_gone_keeps_what_it_said_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with console("kai", settings(tmp_path, folder)) as (engine, seen):
        await opened(engine)
        await seen.until(lambda update: titles(update) == ["redis down"])
        folder.rename(tmp_path / "away")
        papers = await engine.papers.look()
        assert papers.status.state is JournalState.FAULT and papers.status.cause
        assert [one.incident.title for one in papers.incidents] == ["redis down"]
        settings(tmp_path, folder, "  email: kai@example.org\n")
        assert isinstance(await engine.reload_settings(), Loaded)
        (tmp_path / "away").rename(folder)
        await engine.papers.look()
        update = await seen.until(lambda update: update.papers.status.is_well)
        assert titles(update) == ["redis down"]


async def test_where_the_journal_cannot_be_opened_that_nothing_stands_there_is_no_proof(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "journal"
    folder.mkdir(0o700)
    (folder / ".git").write_text("gitdir: nowhere")
    async with console("kai", settings(tmp_path, folder)) as (engine, seen):
        update = await seen.until(lambda update: update.papers.status.state is JournalState.FAULT)
        assert update.papers.unread and not update.papers.incidents
        assert isinstance(await engine.papers.search("redis"), JournalFault)


async def test_a_bug_in_reading_is_said_and_is_over_once_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, bugs = PapersDesk.look, [ValueError("a bug")]

    async def once(desk: PapersDesk) -> Papers:
        if bugs:
            raise bugs.pop()
        return await look(desk)

    monkeypatch.setattr(PapersDesk, "look", once)
    monkeypatch.setattr("console.engine.engine.TRY_AGAIN_S", 0.01)
    async with console("kai", settings(tmp_path, tmp_path / "journal")) as (_, seen):
        said = "the journal: well again"
        update = await seen.until(lambda update: any(said in event.text for event in update.events))
        assert any("the journal is not read" in event.text for event in update.events)


async def test_freezes_are_known_though_there_is_no_journal(tmp_path: Path) -> None:
    more = "changes:\n  observation: 2026-11-22\n"
    loaded = settings(tmp_path, tmp_path / "journal", more)
    engine = Engine(loaded, clock=SystemClock(), publish=Seen().publish, state=None)
    update = await engine.look_once(1.0)
    assert [one.name for one in update.papers.calendar.freezes] == ["observation"]
    assert not update.papers.unread


async def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_claimed(
    tmp_path: Path,
) -> None:
    (tmp_path / "journal").write_text("a file")
    async with console("kai", settings(tmp_path, tmp_path / "journal")) as (engine, seen):
        prose = IncidentProse(what="x", where="y")
        wish = OpenIncident(Incident("", "x", SystemClock().now().wall, prose=prose))
        outcome = await engine.acting.submit(wish)
        assert outcome.ended is Ended.FAILED
        update = await seen.until(lambda update: update.papers.status.state is JournalState.FAULT)
        assert "no folder" in update.papers.status.cause
        (tmp_path / "journal").unlink()
        assert (await engine.acting.submit(wish)).ended is Ended.DONE
        await seen.until(lambda update: update.papers.status.state is JournalState.KEPT)


async def test_a_draft_is_there_for_the_next_console(tmp_path: Path) -> None:
    loaded = settings(tmp_path, tmp_path / "journal")
    draft = Typed("new-1", PaperKind.INCIDENT, {"what": "redis 停了"}, SystemClock().now().wall)
    async with console("kai", loaded, tmp_path / "state") as (engine, _):
        assert await engine.papers.save_draft(draft) == ""
    async with console("kai", loaded, tmp_path / "state") as (engine, seen):
        update = await seen.until(lambda update: bool(update.papers.drafts))
        assert update.papers.drafts[0].fields == {"what": "redis 停了"}
        assert await engine.papers.take_draft("new-1") is not None
        await engine.papers.drop_draft("new-1")
        await seen.until(lambda update: not update.papers.drafts)


async def test_another_folder_after_a_reload_is_another_journal(tmp_path: Path) -> None:
    loaded = settings(tmp_path, tmp_path / "one")
    async with console("kai", loaded) as (engine, seen):
        await opened(engine)
        await seen.until(lambda update: titles(update) == ["redis down"])
        settings(tmp_path, tmp_path / "other")
        assert isinstance(await engine.reload_settings(), Loaded)
        await seen.until(lambda update: titles(update) == [])
        await opened(engine, "api slow")
        await seen.until(lambda update: titles(update) == ["api slow"])


async def test_what_git_could_not_take_is_committed_once_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with console("kai", settings(tmp_path, folder)) as (engine, seen):
        await opened(engine)
        lock = folder / ".git" / "refs" / "heads" / "main.lock"
        lock.touch()
        prose = IncidentProse(what="5xx", where="api")
        wish = OpenIncident(Incident("", "api slow", SystemClock().now().wall, prose=prose))
        outcome = await engine.acting.submit(wish)
        assert outcome.ended is not Ended.DONE
        assert "main.lock" in "\n".join((outcome.text, *outcome.details))
        lock.unlink()
        await engine.papers.look()
        await seen.until(lambda update: update.papers.status.is_well)
        assert "api slow" in git(folder, "log", "-1", "--format=%s", "--", "incidents")
        assert not git(folder, "status", "--porcelain", "--", "incidents")
