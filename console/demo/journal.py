"""The journal of a running demo: a repository with a past, its remote, and who else writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from config.schema import Acks, Silences
from console.actions.doing import Doing
from console.actions.papers.carry import carry_out_paper
from console.demo.papers import ENVIRONMENT, Past, incidents
from console.demo.past_runs import PastWork, runs
from console.demo.plans import changes
from console.demo.recent import Looked, inspections, recent
from console.demo.team import EMAIL, LOGINS, MEI, STANDARDS
from console.journal.author import Author
from console.journal.bench import Bench
from console.journal.change_text import CHANGES
from console.journal.errors import GitError, JournalFault
from console.journal.git import make_repository
from console.journal.happenings import change_entries, incident_entries, line_of
from console.journal.incident_text import INCIDENTS
from console.journal.judge import Ground, ground_of
from console.journal.language import Language
from console.journal.library import Library
from console.journal.places import document_path, events_path
from console.journal.recorder import Recorder
from console.journal.repository import Journal
from console.journal.transcript import summary_of, transcript_of
from console.model.change import ChangeState, wrote_plan
from console.model.incident import Incident
from console.model.paper_wish import ApproveChange, Note, PaperWish
from console.model.papers import ChangePaper, IncidentPaper
from console.model.policy import Policy
from console.model.snapshot import Snapshot
from console.runbook.telling import transcript_path
from console.safety.clock import Clock

ORIGIN: Final = "origin.git"
LOOK_S: Final = 2.0
"""How often Mei looks at the journal."""
MIND: Final = timedelta(seconds=6)
"""How long she thinks about what she sees."""
REMARK: Final = (
    "redis of data-1 grew by 900 MiB an hour since v2.14.0; the kernel killed it at 4 GiB"
)
_CONSOLE: Final = "jump-1"
"""The host that the team's consoles run on."""


def bench_of(ground: Ground, clock: Clock, name: str) -> Bench:
    """What the person of that name writes with."""
    journal = Journal(ground, clock, Author(name, _address(name)))
    recorder = Recorder(journal, LOGINS[name], _CONSOLE)
    return Bench(journal, Library(journal), recorder, Language.ENGLISH, None, ENVIRONMENT)


async def make_journal(folder: Path, now: datetime) -> Ground | None:
    """Make the repository in `folder`, with all that the team wrote down before `now`, and
    beside it the bare one that it is pushed to.

    `None`: there is no git, or no room. The demo goes on without, and the console says why.
    """
    ground = await ground_of(folder, os.environ)
    if isinstance(ground, JournalFault):
        return None
    origin = msgspec.structs.replace(ground.git, git_dir=folder.parent / ORIGIN)
    try:
        await make_repository(origin.git_dir, os.environ)
        # One process for the whole past: commit by commit they would be a hundred.
        past = history(now)
        await origin.ask("fast-import", "--quiet", stdin=past)
        pushed = past + b"reset refs/remotes/origin/main\nfrom refs/heads/main\n\n"
        await ground.git.ask("fast-import", "--quiet", stdin=pushed)
        await ground.git.ask("remote", "add", "origin", str(origin.git_dir))
        await ground.git.ask("read-tree", "--reset", "-u", "HEAD")
    except GitError:
        return None
    return ground


def history(now: datetime) -> bytes:
    """All that the team wrote down before `now`, as a stream for `git fast-import`: a commit a
    document, by whoever wrote it, at the time of then."""
    told: list[bytes] = []
    kept: dict[str, bytes] = {}
    worked = runs(now)
    everything: list[Past | PastWork | Looked] = [
        *incidents(now), *changes(now), *recent(now), *inspections(now), *worked,
    ]  # fmt: skip
    for past in sorted(everything, key=lambda one: one.at):
        files = _document(past, worked)
        for event in past.events:
            path = events_path(event.at, LOGINS[event.who or past.by], _CONSOLE)
            kept[path] = files[path] = kept.get(path, b"") + line_of(event)
        signed = f"{past.by} <{_address(past.by)}> {int(past.at.timestamp())} +0000"
        subject = f"{_subject(past)}\n"
        told.append(f"commit refs/heads/main\ncommitter {signed}\n".encode())
        told.append(_sized(subject.encode()))
        for path, content in files.items():
            told += [f"M 100644 inline {path}\n".encode(), _sized(content)]
    return b"".join(told)


def _sized(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _document(past: Past | PastWork | Looked, worked: Sequence[PastWork]) -> dict[str, bytes]:
    """The document by its path, as the console writes it."""
    if isinstance(past, PastWork):
        return {transcript_path(past.run): transcript_of(past.run, Language.ENGLISH, ())}
    if isinstance(past, Looked):
        return {past.path: past.content}
    paper = past.paper
    path = document_path(paper.id, paper.title)
    if isinstance(paper, Incident):
        steps = (event for work in worked if work.run.incident == paper.id for event in work.events)
        events = sorted((*past.events, *steps), key=lambda event: event.at)
        entries = incident_entries(paper, events)
        return {path: INCIDENTS.new(paper, past.language, entries).content}
    entries = change_entries(paper, past.events)
    return {path: CHANGES.new(paper, past.language, entries).content}


def _subject(past: Past | PastWork | Looked) -> str:
    if isinstance(past, Looked):
        return past.subject
    if isinstance(past, PastWork):
        return f"{past.run.id} {past.run.runbook.name}: {summary_of(past.run)}"
    return f"{past.paper.id} {past.did}: {past.paper.title}"


def _address(name: str) -> str:
    return EMAIL.replace("{me}", LOGINS[name])


class Colleague:
    """Mei, at her own console: she approves what the demo's user submits, and once adds what
    she knows to an incident about redis.

    What stood in the journal when she came she leaves alone.
    """

    def __init__(self, ground: Ground, clock: Clock, *, knows_redis: bool) -> None:
        """`knows_redis`: she has something to say about an incident of it."""
        self._bench = bench_of(ground, clock, MEI)
        self._clock = clock
        self._knows_redis = knows_redis
        self._old: frozenset[str] | None = None
        self._seen: dict[str, datetime] = {}
        """When she saw first what she will do something about."""

    async def watch(self) -> None:
        """Look again and again; ends when cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Do what there is to be done, after having thought about it for a few seconds."""
        shelf = await self._bench.library.read()
        if self._old is None:
            found = (*(one.incident.id for one in shelf.incidents),
                     *(one.change.id for one in shelf.changes))  # fmt: skip
            self._old = frozenset(found)
        for change in shelf.changes:
            if self._is_asked(change) and self._thought(f"{change.change.id} {change.blob}"):
                await self._do(ApproveChange(change, "the rollback is clear"))
        for incident in shelf.incidents:
            if self._can_help(incident) and self._thought(incident.incident.id):
                self._knows_redis = False
                await self._do(Note(REMARK, incident.incident.id, subject="redis@data-1"))

    def _is_asked(self, paper: ChangePaper) -> bool:
        change = paper.change
        return (
            change.id not in (self._old or ())
            and change.state is ChangeState.SUBMITTED
            and not wrote_plan(change, MEI)
            and not paper.faults
        )

    def _can_help(self, paper: IncidentPaper) -> bool:
        incident = paper.incident
        about = (incident.title, incident.prose.what, incident.prose.where, *incident.services)
        return (
            self._knows_redis
            and incident.id not in (self._old or ())
            and incident.is_ongoing
            and not paper.faults
            and any("redis" in one.lower() for one in about)
        )

    def _thought(self, about: str) -> bool:
        now = self._clock.now().wall
        return now - self._seen.setdefault(about, now) >= MIND

    async def _do(self, wish: PaperWish) -> None:
        now = self._clock.now()
        await carry_out_paper(
            wish,
            Doing(
                clusters={},
                clock=self._clock,
                who=MEI,
                acks=Acks(),
                silences=Silences(),
                policy=Policy(),
                local=None,
                kthxbye=frozenset(),
                snapshot=Snapshot(now, ENVIRONMENT),
                intent="",
                bench=self._open_bench,
                standards=frozenset(STANDARDS),
            ),
        )

    async def _open_bench(self) -> Bench | JournalFault:
        return self._bench
