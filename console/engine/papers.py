"""The journal as the engine keeps it: opened, read again, committed, shared, and its drafts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from config.changes import calendar_of, standards_of
from config.incidents import nag_policy_of
from config.load import Loaded
from console.engine.hands import Hands
from console.engine.journal_status import status_of, unfinished
from console.engine.pause import Pause
from console.engine.week.inspections import Inspections
from console.journal.author import Author, author_of
from console.journal.bench import Bench
from console.journal.change import Document, Keep, Logged
from console.journal.drafts import Drafts
from console.journal.errors import JournalFault, Problem
from console.journal.happenings import is_kept
from console.journal.language import Language, language_of
from console.journal.library import Library, Shelf
from console.journal.places import home_of, is_there
from console.journal.recorder import Recorder
from console.journal.remote import Synced, sync
from console.journal.repository import Journal, open_journal
from console.model.event import Event
from console.model.nags import nags
from console.model.papers import (
    NOT_READ,
    Draft,
    Found,
    JournalStatus,
    Papers,
    Sheet,
)
from console.model.words import many
from console.safety.clock import Clock
from console.safety.files import FileError
from console.safety.text import visible

LOOK_S: Final = 5.0
"""Between two looks at the folder: what other consoles and people wrote there."""
COMMIT_EVENTS_S: Final = 600.0
"""After so long, events that no document took along get a commit of their own."""
MOST_COMMITS: Final = 200
"""That are looked through for what changed before an alert."""
NO_FOLDER: Final = JournalFault(
    Problem.NOT_A_FOLDER,
    "there is no folder to keep it in",
    "a folder under `journal.folder`",
    "set it, or open the console where it can keep its state",
)


class PapersDesk:
    """The one place at which documents are read and kept. All of it on the engine's loop."""

    def __init__(
        self,
        *,
        clock: Clock,
        folder: Path | None,
        loaded: Callable[[], Loaded],
        hands: Hands | None,
        events: Callable[[], Sequence[Event]],
        news: Callable[[], None],
    ) -> None:
        """
        Args:
            folder: of the state; `None` where nothing is kept.
            events: the event log, newest first.
            news: called when there is something else to show.
        """
        self._clock = clock
        self._folder = folder
        self._loaded = loaded
        self._hands = hands
        self._events = events
        self._news = news
        self._bench: Bench | None = None
        self._fault: JournalFault | None = None
        self._opening = asyncio.Lock()
        self._syncing = asyncio.Lock()
        self._pause = Pause(clock)
        self._shelf = Shelf()
        self._shelf_of: Path | None = None
        """The folder that it was read from; `None`: none was read yet."""
        self._seen: Event | None = None
        """The newest event that was handed to the recorder."""
        self._since = clock.now().wall
        self._remote: Synced | JournalFault | None = None
        self._synced_at: datetime | None = None
        self._wants_sync = True
        self._is_sending = False
        """What `_wants_sync` asked for is on its way."""
        self._next_sync = self._events_due = 0.0
        self._notices: tuple[str, ...] = ()
        self._drafts = None if folder is None else Drafts(folder, clock)
        self._mine: tuple[Draft, ...] = ()
        self._typing: set[str] = set()
        """Keys of the drafts that forms of this console have open."""
        self.inspections = Inspections(loaded, clock, lambda: self.is_there, self.bench)
        self._papers = self._made()

    @property
    def papers(self) -> Papers:
        """Everything as last read."""
        return self._papers

    @property
    def home(self) -> Path | None:
        """Where the journal is, or will be made; `None` where nothing is kept."""
        return home_of(self._loaded().settings.journal, self._folder)

    @property
    def is_there(self) -> bool:
        """Whether there is a journal already: until something is written, none is made."""
        return self._bench is not None or is_there(self.home)

    # Its life

    async def watch(self) -> None:
        """Look at the folder again and again; ends when cancelled."""
        while True:
            await self.look()
            await self._pause.sleep(LOOK_S)

    async def share(self) -> None:
        """Fetch and push whenever it is time; ends when cancelled."""
        while True:
            if self._bench is not None:
                await self._share(self._bench)
            await self._pause.sleep(LOOK_S)

    async def look(self) -> Papers:
        """Read again what changed on disk."""
        if self.is_there:
            bench = await self.bench()
            if isinstance(bench, Bench):
                stands = is_there(self.home)
                if self._fault is not None or not stands:
                    self._fault = await bench.journal.obstacle()
                if self._fault is None and bench.journal.left:
                    await self._land_left(bench.journal)
                if stands:  # of a folder that is gone what it said last goes on to stand here
                    await self._read(bench)
        if self._folder is not None and await self.inspections.look():
            self._news()
        await self._look_at_drafts()
        self._show()
        return self._papers

    async def _read(self, bench: Bench) -> None:
        shelf = await bench.library.read()
        if bench is not self._bench:
            return  # the settings named another folder meanwhile
        changed, self._shelf = shelf is not self._shelf, shelf
        self._shelf_of = self.home
        # Another console on this folder may have written it, and not sent it yet.
        if changed and isinstance(self._remote, Synced):
            self._wants_sync |= await bench.journal.head() != self._remote.head

    async def _land_left(self, journal: Journal) -> None:
        """Commit what a fault of git left on disk."""
        for path, subject in tuple(journal.left.items()):
            there = await journal.read(path)
            if isinstance(there, Document) and not there.blob:
                del journal.left[path]  # a person took it away
                continue
            told = await journal.commit([Keep(path)], subject)
            if isinstance(told, JournalFault):
                self._fault = told
                return
            self._wants_sync = True

    async def bench(self) -> Bench | JournalFault:
        """The journal, opened, with all in it that has happened; made where there is none."""
        async with self._opening:
            if self._bench is None:
                opened = await self._open()
                if isinstance(opened, JournalFault):
                    self._fault = opened
                    self._show()
                    return opened
                self._bench, self._fault = opened, None
            bench = self._bench
        await self._record(bench)
        return bench

    async def _open(self) -> Bench | JournalFault:
        home, settings = self.home, self._loaded().settings
        if home is None:
            return NO_FOLDER
        is_new = not is_there(home)
        author, console = await self._author()
        journal = await open_journal(home, self._clock, author, os.environ)
        if isinstance(journal, JournalFault):
            return journal
        if is_new:  # what led to its first document happened before it was there
            self._since = datetime.min.replace(tzinfo=self._since.tzinfo)
        recorder = Recorder(journal, author.name, console)
        pending = await journal.pending()
        if isinstance(pending, JournalFault):
            self._notices = (*journal.notices, str(pending))
        else:
            recorder.adopt(pending)
            self._notices = (*journal.notices, *unfinished(pending))
        templates = settings.journal.templates
        return Bench(
            journal,
            Library(journal),
            recorder,
            language_of(settings.language) or Language.ENGLISH,
            None if templates is None else Path(templates),
            settings.environment,
        )

    async def _author(self) -> tuple[Author, str]:
        settings = self._loaded().settings
        if self._hands is None:
            return Author("oncall", "oncall@localhost"), "console"
        actor = self._hands.actor
        author = await author_of(settings, settings.journal, actor.login, actor.host, os.environ)
        return author, actor.host or "console"

    def reload(self) -> None:
        """Settings are other ones now, and may name another folder."""
        self._bench, self._fault, self._remote = None, None, None
        if self.home != self._shelf_of:
            self._shelf, self._shelf_of = Shelf(), None
        self._wants_sync = True
        self._pause.wake()

    async def close(self) -> None:
        """Let go of the drafts, and put what happened last into the journal."""
        for key in tuple(self._typing):
            await self.leave_draft(key)
        if self._bench is None:
            return
        await self._record(self._bench)
        await self._commit_events(self._bench)

    # Events

    async def _record(self, bench: Bench) -> None:
        fresh: list[Event] = []
        for event in self._events():
            if event is self._seen or event == self._seen:
                break
            if event.at >= self._since and is_kept(event):
                fresh.append(event)
        latest = next(iter(self._events()), None)
        self._seen = latest if latest is not None else self._seen
        bench.recorder.add(reversed(fresh))
        fault = await bench.recorder.flush()
        if fault is not None:
            self._fault = fault
        now = self._clock.now().mono
        if not bench.recorder.uncommitted():
            self._events_due = now + COMMIT_EVENTS_S
        elif now >= self._events_due:
            await self._commit_events(bench)

    async def _commit_events(self, bench: Bench) -> None:
        keeps = bench.recorder.uncommitted()
        if not keeps:
            return
        self._events_due = self._clock.now().mono + COMMIT_EVENTS_S
        told = await bench.journal.commit(keeps, "events")
        if isinstance(told, JournalFault):
            self._fault = told
        else:
            bench.recorder.committed(keeps)
            self._wants_sync = True

    # What is shared

    async def wrote(self, *, well: bool) -> None:
        """Something was written into the journal, or could not be: read it again, and share it
        soon."""
        if well:  # which says nothing about another folder of the journal
            self._wants_sync = True
        elif self._bench is not None:
            self._fault = await self._bench.journal.obstacle()
        await self.look()
        self._pause.wake()

    async def sync(self) -> JournalStatus:
        """Fetch, join both and push now, where there is a remote."""
        bench = await self.bench()
        if isinstance(bench, Bench):
            self._wants_sync = True
            await self._share(bench)
            await self.look()
        return self._papers.status

    async def _share(self, bench: Bench) -> None:
        remote = self._loaded().settings.journal.remote
        now = self._clock.now().mono
        if remote is None or not (self._wants_sync or now >= self._next_sync):
            return
        async with self._syncing:
            self._wants_sync, self._is_sending = False, self._wants_sync
            self._next_sync = now + remote.interval.total_seconds()
            self._remote = await sync(bench.journal, remote)
            self._is_sending = False
            if isinstance(self._remote, Synced):
                self._synced_at = self._clock.now().wall
        self._show()

    # Drafts

    async def _look_at_drafts(self) -> None:
        if self._drafts is not None:
            self._mine = await asyncio.to_thread(self._drafts.all)

    async def save_draft(self, draft: Draft) -> str:
        """Keep what is typed; why it is not kept, safe to show, or nothing."""
        if self._drafts is None:
            return "there is no folder to keep it in"
        self._typing.add(draft.key)
        try:
            await asyncio.to_thread(self._drafts.save, draft)
        except FileError as error:
            return visible(str(error), cells=200)
        return ""

    async def take_draft(self, key: str) -> Draft | None:
        """The draft of that key, open here from now on; `None`: it is gone, or open elsewhere."""
        if self._drafts is None:
            return None
        taken = await asyncio.to_thread(self._drafts.take, key)
        if taken is not None:
            self._typing.add(key)
        return taken

    async def leave_draft(self, key: str) -> None:
        """No form here has it open any more; it stays."""
        if self._drafts is not None:
            self._typing.discard(key)
            await asyncio.to_thread(self._drafts.leave, key)
            await self._look_at_drafts()
            self._show()

    async def drop_draft(self, key: str) -> None:
        """It was saved as a document, or is not wanted any more."""
        if self._drafts is not None:
            self._typing.discard(key)
            await asyncio.to_thread(self._drafts.drop, key)
            await self._look_at_drafts()
            self._show()

    # What is asked

    async def sheet(self, path: str) -> Sheet | JournalFault:
        """The file at `path` as it stands on disk."""
        bench = await self.bench()
        return bench if isinstance(bench, JournalFault) else await bench.library.sheet(path)

    async def search(self, text: str) -> tuple[Found, ...] | JournalFault:
        """Lines of documents, reports and events in which `text` stands."""
        if not self.is_there:
            return ()
        bench = await self.bench()
        return bench if isinstance(bench, JournalFault) else await bench.library.search(text)

    async def log(self, path: str) -> tuple[Logged, ...] | JournalFault:
        """The commits that changed `path`, newest first."""
        bench = await self.bench()
        return bench if isinstance(bench, JournalFault) else await bench.journal.log(path)

    async def happened(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        """Everybody's events of that time, the earliest first; without a journal those that
        this console remembers."""
        if self._bench is not None:
            return await self._bench.recorder.between(since, until)
        return tuple(event for event in reversed(self._events()) if since <= event.at <= until)

    async def commits(self, since: datetime, until: datetime) -> tuple[Logged, ...] | JournalFault:
        """The commits of that time, newest first; none where there is no journal."""
        if self._bench is None:
            return self._fault or ()
        told = await self._bench.journal.log(most=MOST_COMMITS)
        if isinstance(told, JournalFault):
            return told
        return tuple(one for one in told if since <= one.at <= until)

    # What is shown

    def _show(self) -> None:
        papers = self._made()
        if papers != self._papers:
            self._papers = papers
            self._news()

    def _made(self) -> Papers:
        settings = self._loaded().settings
        shelf = self._shelf
        incidents = [one.incident for one in shelf.incidents]
        changes = [one.change for one in shelf.changes]
        status = status_of(
            self.home,
            self._fault,
            self._remote,
            is_open=self._bench is not None,
            has_unsent=self._wants_sync or self._is_sending,
            synced_at=self._synced_at,
            notices=(*self._notices, *self._told()),
        )
        return Papers(
            status,
            shelf.incidents,
            shelf.changes,
            shelf.broken,
            self._mine,
            calendar_of(settings),
            standards_of(settings),
            nags(incidents, nag_policy_of(settings), changes),
            self._unread(),
        )

    def _unread(self) -> str:
        if self._shelf_of is not None:
            return ""
        if self._fault is not None:
            return self._fault.cause
        return NOT_READ if self.is_there else ""

    def _told(self) -> Iterator[str]:
        """What drafts and events have to say of themselves."""
        if self._drafts is not None:
            yield from self._drafts.notices
        if self._bench is not None:
            yield from self._bench.recorder.notices
            if lost := self._bench.recorder.lost:
                yield f"{many(lost, 'event')} could not be written and were given up"
