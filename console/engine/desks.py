"""The desks at which something is asked or done, each opened when somebody first comes to it.

What they import takes longer than the look of a command that only prints.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from config.changes import calendar_of, standards_of
from config.load import Loaded
from console.model.acting import Acting
from console.model.event import Event
from console.model.papers import NOT_READ, Papers
from console.model.run import Runs
from console.safety.clock import Clock

if TYPE_CHECKING:
    from console.actions.acks.local_acks import LocalAcks
    from console.engine.acting import ActingDesk
    from console.engine.engine import Engine
    from console.engine.evidence import EvidenceDesk
    from console.engine.hands import Hands
    from console.engine.papers import PapersDesk
    from console.engine.runs.desk import RunsDesk
    from console.engine.views import ViewShelf
    from console.engine.week.desk import WeekDesk
    from console.engine.week.present import Present
    from console.engine.why import WhyDesk
    from console.runbook.library import Book


class Desks:
    """Those of one engine."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        hands: Hands | None,
        folder: Path | None,
        loaded: Callable[[], Loaded],
        events: Callable[[], tuple[Event, ...]],
    ) -> None:
        """
        Args:
            hands: who acts; `None`: nobody.
            folder: of the state; `None` where nothing is kept.
            events: the event log, newest first.
        """
        self._engine = engine
        self._clock = clock
        self._hands = hands
        self._folder = folder
        self._loaded = loaded
        self._events = events
        self._local: LocalAcks | None = None
        self._local_at: Path | None = None

    @cached_property
    def evidence(self) -> EvidenceDesk:
        """What is known about one row, asked for when somebody looks at it."""
        from console.engine.evidence import EvidenceDesk

        engine = self._engine
        return EvidenceDesk(
            self._clock,
            asker=engine.inquiry,
            logs=lambda: engine.logs,
            events=self._events,
            past=lambda: self.papers,
            shelf=self._books,
            shelved=lambda: self.runs.shelf(),
            runs=lambda: self.runs_known,
        )

    @cached_property
    def why(self) -> WhyDesk:
        """Why one alert is seen, asked for when somebody wants to know."""
        from console.engine.why import WhyDesk

        engine = self._engine
        return WhyDesk(self._clock, asker=engine.inquiry, clusters=lambda: engine.clusters)

    @cached_property
    def views(self) -> ViewShelf:
        """The ways of looking at the worklist that the person has saved."""
        from console.engine.views import ViewShelf

        return ViewShelf(self._folder)

    @cached_property
    def acting(self) -> ActingDesk:
        """What changes something outside."""
        from console.engine.acting import ActingDesk

        return ActingDesk(
            self._engine,
            clock=self._clock,
            hands=self._hands,
            folder=self._folder,
            loaded=self._loaded,
        )

    @property
    def acting_if_open(self) -> ActingDesk | None:
        """The same, where somebody has come to it already."""
        found: ActingDesk | None = self.__dict__.get("acting")
        return found

    @cached_property
    def papers(self) -> PapersDesk:
        """The journal, and drafts of what is to go into it."""
        from console.engine.papers import PapersDesk

        return PapersDesk(
            clock=self._clock,
            folder=self._folder,
            loaded=self._loaded,
            hands=self._hands,
            events=self._events,
            news=self._engine.papers_changed,
        )

    @property
    def has_journal(self) -> bool:
        """Whether there is one to read."""
        from console.journal.places import home_of, is_there

        return is_there(home_of(self._loaded().settings.journal, self._folder))

    @property
    def papers_if_open(self) -> PapersDesk | None:
        """The same, where somebody has come to it already."""
        found: PapersDesk | None = self.__dict__.get("papers")
        return found

    @property
    def papers_read(self) -> Papers:
        """The journal as last read: part of every update."""
        desk = self.papers_if_open
        if desk is not None:
            return desk.papers
        settings = self._loaded().settings
        unread = NOT_READ if self.has_journal else ""
        return Papers(
            calendar=calendar_of(settings), standards=standards_of(settings), unread=unread
        )

    @property
    def state(self) -> Acting:
        """What is being done and can be taken back: part of every update."""
        acting = self.acting_if_open
        return Acting() if acting is None else acting.state

    @cached_property
    def runs(self) -> RunsDesk:
        """The library of runbooks, and those that are worked through."""
        from console.engine.runs.desk import RunsDesk

        return RunsDesk(
            self._engine,
            clock=self._clock,
            hands=self._hands,
            folder=self._folder,
            loaded=self._loaded,
        )

    @property
    def runs_if_open(self) -> RunsDesk | None:
        """The same, where somebody has come to it already."""
        found: RunsDesk | None = self.__dict__.get("runs")
        return found

    @property
    def has_runs(self) -> bool:
        """Whether there may be a run to look after: one was opened here, or by a console before."""
        if self.runs_if_open is not None:
            return True
        return self._folder is not None and (self._folder / "runs").is_dir()

    @property
    def runs_known(self) -> Runs:
        """The runs of this console: part of every update."""
        desk = self.runs_if_open
        return Runs() if desk is None else desk.runs

    @cached_property
    def week(self) -> WeekDesk:
        """The seven days, and reports of any."""
        from console.engine.week.desk import WeekDesk

        return WeekDesk(
            clock=self._clock,
            folder=self.history_folder,
            loaded=self._loaded,
            servers=self._engine.servers,
            papers=lambda: self.papers,
            acting=lambda: self.acting,
            standing=lambda: self._engine.remembering,
            present=self._present,
        )

    @property
    def week_if_open(self) -> WeekDesk | None:
        """The same, where somebody has come to it already."""
        found: WeekDesk | None = self.__dict__.get("week")
        return found

    def history_folder(self) -> Path | None:
        """Where the history file is; `None` where nothing is kept."""
        named = self._loaded().settings.history.folder
        return self._folder if named is None else Path(named)

    async def _present(self) -> Present:
        """What is known of the present alone; nothing where nobody has looked yet."""
        from console.engine.handover import handover_of
        from console.engine.handover_runs import told_runs
        from console.engine.week.present import present_of

        update = self._engine.last
        if update is None or not update.snapshot.complete:
            return ()
        loaded = self._loaded()
        me = "" if self._hands is None else self._hands.actor.who
        told = await told_runs(self._engine)
        handover = handover_of(update, loaded, self._clock.now().wall, me, told)
        books = await self.runs.shelf()
        return present_of(update.snapshot, handover, books, loaded.policy.ack_prefixes)

    def local_acks(self) -> LocalAcks | None:
        """Where acks are kept that no server has: the team's folder, else the person's own."""
        from console.actions.acks.local_acks import LocalAcks

        shared = self._loaded().settings.shared
        folder = Path(shared) if shared is not None else self._folder
        if folder != self._local_at:
            self._local_at = folder
            self._local = None if folder is None else LocalAcks(folder, self._clock)
        return self._local

    async def _books(self) -> tuple[Book, ...]:
        return (await self.runs.library()).books

    def reload(self) -> None:
        """The settings are other ones now."""
        if "evidence" in self.__dict__:
            self.evidence.forget()
        if (acting := self.acting_if_open) is not None:
            acting.reload()
        if (papers := self.papers_if_open) is not None:
            papers.reload()
        if (runs := self.runs_if_open) is not None:
            runs.reload()
        if (week := self.week_if_open) is not None:
            week.reload()
