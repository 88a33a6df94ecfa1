"""The engine: asks every source, keeps the world as last known, and publishes updates.

Everything in it runs on one event loop. What goes out is immutable, so that screens on
another thread can keep it; what comes in are wishes, called on this loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from config.fault import SettingsFaults
from config.load import Loaded, load
from console.actions.keys import key_faults
from console.engine.connections import Connections
from console.engine.desks import Desks
from console.engine.events import EventLog
from console.engine.inquiry import Inquiry
from console.engine.keeper import Keeper
from console.engine.noise import Noise
from console.engine.pause import Pause, within
from console.engine.picture import Picture
from console.engine.saved import Saved, StateFolder
from console.engine.trouble import Trouble
from console.engine.watch import Watch
from console.engine.week.recording import Memory
from console.engine.week.servers import Servers
from console.fleet.fleet import Fleet
from console.model.event import Event, EventKind
from console.model.history import Origin
from console.model.host import containers_called
from console.model.nag import Nag
from console.model.policy import Policy
from console.model.registry import Service
from console.model.remembering import Remembering
from console.model.snapshot import SentTo, Snapshot, SourceHealth
from console.model.update import Update
from console.safety.clock import Clock, Instant
from console.safety.whereabouts import whereabouts
from console.sources.logs.poll import Logs
from console.triage.filter import fault_in
from console.triage.triage import Triage

if TYPE_CHECKING:
    from console.actions.acks.local_acks import LocalAcks
    from console.engine.acting import ActingDesk
    from console.engine.evidence import EvidenceDesk
    from console.engine.hands import Hands
    from console.engine.papers import PapersDesk
    from console.engine.runs.desk import RunsDesk
    from console.engine.views import ViewShelf
    from console.engine.week.desk import WeekDesk
    from console.engine.why import WhyDesk
    from console.sources.alertmanager.cluster import AlertmanagerCluster
    from console.sources.reach import Reach

Publish = Callable[[Update], None]

SETTLE_S = 0.15
"""After a reading, how long the engine waits for more before it rebuilds."""
CALM_S = 1.0
"""Between two updates, once every source has been heard: nobody reads faster."""
REST_FACTOR = 8.0
"""A build that took t is followed by no other for 8 t: at most an eighth of a core."""
AT_LEAST_EVERY_S = 5.0
"""Without any reading: deadlines pass and answers grow old all the same."""
TRY_AGAIN_S = 15.0
"""After the whole watch ended in a fault of ours."""
WATCH = "the watch"
ACKS = "the acks"
JOURNAL = "the journal"
RUNS = "the runs"
LOOK_AFTER_S = 15.0
"""Between two looks at the acks: what is about to lapse is extended minutes before it does."""
FIRST_LOOK_S = 1.0
"""Until the first complete picture stands."""
SETTLE_EFFECTS_S = 3.0
"""On the way out, for what is being sent at that moment."""

Then = Callable[[Update], Awaitable[None]]


class Engine:
    """One environment, watched. `run()` is its whole life."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        clock: Clock,
        publish: Publish,
        state: StateFolder | None,
        jitter: random.Random | None = None,
        hands: Hands | None = None,
        origin: Origin = Origin.CONSOLE,
    ) -> None:
        """
        Args:
            publish: receives every update, on this loop; it must not wait.
            state: where clocks and the last known state are kept; `None` keeps nothing.
            hands: who acts; `None`: nobody, and every effect is denied.
            origin: as what it records what it sees.
        """
        self._loaded = loaded
        self._clock = clock
        self._publish = publish
        self._origin = origin
        self._jitter = jitter or random.Random()
        self._pause = Pause(clock)
        self._dirty = asyncio.Event()
        self._restart = asyncio.Event()
        self._wished = Pause(clock)
        self._acks_pause = Pause(clock)
        self._in_a_hurry = False
        self._number = 0
        self._last: Update | None = None
        saved = state.load() if state is not None else Saved()
        self.notices: list[str] = list(saved.notices)
        """What a person has to be told once, newest last."""
        self._log = EventLog(saved.events)
        self._trouble = Trouble(clock, self._log)
        self._connections = Connections(clock, self._trouble)
        fleet = Fleet(loaded.registry, (), loaded.policy, loaded.settings.environment)
        if state is not None and saved.snapshot is not None:
            fault = fleet.restore(saved.snapshot)
            if fault is not None:
                self.notices.append(state.set_snapshot_aside(fault))
        triage = Triage(loaded.policy, saved.episodes)
        self._noise = Noise(lambda: self._watch.prometheuses, clock, self._trouble, self._dirty.set)
        self._picture = Picture(fleet, triage, self._log, self._trouble, self._noise, self._nags)
        self._group_by: tuple[str, ...] | None = None
        """By what the person wants rows to be made; `None`: as the settings have it."""
        self._keeper = Keeper(state, fleet, clock, self._trouble)
        self._watch = self._new_watch(saved.sent_to)
        folder = None if state is None else state.folder
        self._memory = Memory(
            clock=clock,
            trouble=self._trouble,
            log=self._log,
            loaded=lambda: self._loaded,
            state=folder,
            origin=origin,
        )
        self._desks = Desks(
            self, clock, hands, folder, lambda: self._loaded, lambda: self._log.latest
        )
        self.acks_changed()

    def _new_watch(self, sent_to: tuple[SentTo, ...]) -> Watch:
        return Watch(
            self._loaded,
            self._picture.fleet,
            clock=self._clock,
            pause=self._pause,
            jitter=self._jitter,
            trouble=self._trouble,
            connections=self._connections,
            news=self._dirty.set,
            sent_to=sent_to,
        )

    @property
    def desk(self) -> EvidenceDesk:
        """What is known about one row."""
        return self._desks.evidence

    @property
    def why(self) -> WhyDesk:
        """Why one alert is seen."""
        return self._desks.why

    @property
    def views(self) -> ViewShelf:
        """The ways of looking at the worklist that the person has saved."""
        return self._desks.views

    @property
    def acting(self) -> ActingDesk:
        """What changes something outside."""
        return self._desks.acting

    @property
    def papers(self) -> PapersDesk:
        """The journal, and drafts of what is to go into it."""
        return self._desks.papers

    @property
    def runs(self) -> RunsDesk:
        """The library of runbooks, and those that are worked through."""
        return self._desks.runs

    @property
    def week(self) -> WeekDesk:
        """The seven days, and reports of any."""
        return self._desks.week

    @property
    def servers(self) -> Servers:
        """The Prometheus servers, also for a command that does not watch them."""
        return Servers(
            lambda: self._watch.prometheuses, lambda: self._loaded, self._connections, self._clock
        )

    @property
    def remembering(self) -> Remembering:
        """How the memory stands."""
        return self._memory.standing

    @property
    def last(self) -> Update | None:
        """What was last shown."""
        return self._last

    @property
    def reach(self) -> Reach | None:
        """The hosts as places where commands run; `None` before the watch has begun."""
        return self._watch.reach

    def runs_changed(self) -> None:
        """The runs are others than were shown."""
        self._show_soon()

    def papers_changed(self) -> None:
        """The journal is another one than was shown."""
        self._show_soon()

    def local_acks(self) -> LocalAcks | None:
        """Where acks are kept that no server has; `None` where there is no folder."""
        return self._desks.local_acks()

    # What a person may wish for. Each is called on the engine's loop.

    def refresh(self) -> None:
        """Ask every source now."""
        self._pause.wake()

    def resort(self) -> None:
        """In a storm, give up the held order once."""
        self._picture.resort()
        self._show_soon()

    def regroup(self, group_by: tuple[str, ...] | None) -> None:
        """Make rows by these labels, until told otherwise; `None`: as the settings have it."""
        self._group_by = group_by
        self._picture.regroup(self._policy.group_by)
        self._show_soon()

    def note(self, event: Event) -> None:
        """Put what a person did into the event log."""
        self._log.add([event])
        self._show_soon()

    def reload(self, loaded: Loaded) -> None:
        """Swap in settings that have been validated already; what is known is kept."""
        self._loaded = loaded
        self._picture.reload(self._policy)
        self._desks.reload()
        self._log.add([Event(self._wall, EventKind.SETTINGS, "settings", "reloaded")])
        self._restart.set()
        self._show_soon()

    async def reload_settings(self) -> Loaded | tuple[str, ...]:
        """Read the settings folder again; faults, one a line, leave everything as it was."""
        before = self._loaded
        if before.folder is None:
            return ("there is no settings folder: the console was opened on a URL",)
        try:
            loaded = await asyncio.to_thread(load, before.folder, key_faults, fault_in)
        except SettingsFaults as faults:
            return tuple(str(fault) for fault in faults.faults)
        was, now = before.settings.environment, loaded.settings.environment
        if was != now:
            # What is known and what is saved belong to the one that it was opened on.
            return (f"the environment was {was} and is now {now}: leave, and open it anew",)
        self.reload(loaded)
        return loaded

    def inquiry(self) -> Inquiry:
        """What can be asked of the Prometheus servers about one row."""
        return Inquiry(self._watch.prometheuses, self._clock)

    @property
    def clusters(self) -> dict[str, AlertmanagerCluster]:
        """The Alertmanager clusters that are watched, as what can be acted on."""
        return self._watch.clusters

    @property
    def snapshot(self) -> Snapshot | None:
        """The world as last shown."""
        return None if self._last is None else self._last.snapshot

    @property
    def parts(self) -> frozenset[str]:
        """Keys of all on the worklist that is acked and is no alert."""
        rows = () if self._last is None else self._last.worklist.rows
        return frozenset(part.key for row in rows for part in row.parts)

    async def read_again(
        self, clusters: Sequence[str], silences: Sequence[tuple[str, str]], *, there: bool
    ) -> tuple[str, ...]:
        """Ask these clusters out of turn, until each member has heard; then show it at once.

        Returns:
            Those that could not be read.
        """
        unread = await self._watch.read_again(clusters, silences, there=there)
        self._show()
        return unread

    def look_after_soon(self) -> None:
        """Find out anew who looks after which ack."""
        self._acks_pause.wake()

    def acks_changed(self) -> None:
        """Look again at the acks that the shared folder keeps."""
        local = self._desks.local_acks()
        if local is not None:
            self._picture.fleet.take_acks(local.load())
        self._show_soon()

    @property
    def logs(self) -> Logs | None:
        """Reads the logs of services; `None` before the watch has begun."""
        reach, loaded = self._watch.reach, self._loaded
        if reach is None:
            return None
        clusters = loaded.settings.sources.kubernetes
        return Logs(reach, loaded.registry, self._clock, clusters, self._container_of, self._seen)

    def _seen(self) -> Snapshot | None:
        return None if self._last is None else self._last.snapshot

    def _container_of(self, service: Service) -> str:
        """What the container of `service` is called, of replicas one that does not run."""
        state = None if self._last is None else self._last.snapshot.host_state(service.host or "")
        told = state.facts.containers if state is not None and state.facts is not None else None
        held = told if isinstance(told, tuple) else ()
        if any(one.name.exact == service.unit for one in held):
            return service.unit
        others = [
            one.unit
            for one in self._loaded.registry.services
            if one.host == service.host and one.name != service.name
        ]
        found = containers_called(service.unit, held, others)
        return min(found, key=lambda one: one.runs).name.exact if found else service.unit

    # Its life.

    async def run(self) -> None:
        """Watch until cancelled; the state is saved on the way out."""
        for notice in self.notices:
            self._log.add([Event(self._wall, EventKind.CONSOLE, "console", notice)])
        self._show()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish_forever(), name="publish")
                group.create_task(self._watch_forever(), name="watch")
                group.create_task(self._noise.run(), name="noise")
                if self._origin is not Origin.RECORDER:  # which only looks
                    group.create_task(self._look_after_acks(), name="acks")
                    group.create_task(self._keep_papers(), name="papers")
                    group.create_task(self._look_after_runs(), name="runs")
        finally:
            await self._close_runs()
            # Cancelled by now is the polling, and not what a person asked for.
            acting = self._desks.acting_if_open
            if acting is not None:
                await acting.settle(SETTLE_EFFECTS_S)
            await self._close_papers()
            if self._last is not None:
                self._keeper.keep_now(self._last, self._watch.sent_to)
            await self._memory.close()
            await self._connections.aclose()

    async def _close_papers(self) -> None:
        if self._desks.papers_if_open is not None:
            # What is not written in time stands in the event log of the state all the same.
            with contextlib.suppress(Exception):
                await within(self.papers.close(), self._clock, SETTLE_EFFECTS_S)

    async def _look_after_runs(self) -> None:
        """Learn what became of steps that were left running; a bug there costs that alone."""
        await self._clock.sleep(FIRST_LOOK_S)
        while True:
            try:
                if self._desks.has_runs:
                    await self.runs.watch(lambda: self._trouble.end(RUNS))
            except Exception as error:
                text = f"runs of runbooks are not looked after: {whereabouts(error)}"
                self._trouble.begin(RUNS, text)
                self._show_soon()
            await self._clock.sleep(TRY_AGAIN_S)

    async def _close_runs(self) -> None:
        if self._desks.runs_if_open is not None:
            with contextlib.suppress(Exception):
                await within(self.runs.close(), self._clock, SETTLE_EFFECTS_S)

    async def _keep_papers(self) -> None:
        """Read the journal and share it; a bug there costs that and nothing else."""
        await self._clock.sleep(FIRST_LOOK_S)
        while True:
            try:
                await self.papers.look()
                self._trouble.end(JOURNAL)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.papers.watch(), name="documents")
                    group.create_task(self.papers.share(), name="remote")
            except* Exception as errors:
                text = f"the journal is not read: {whereabouts(errors.exceptions[0])}"
                self._trouble.begin(JOURNAL, text)
                self._show_soon()
            await self._clock.sleep(TRY_AGAIN_S)

    async def _look_after_acks(self) -> None:
        """Have nothing lapse that is still needed; a bug there costs that and nothing else."""
        while True:
            settled = self._last is not None and self._last.snapshot.complete
            await self._acks_pause.sleep(LOOK_AFTER_S if settled else FIRST_LOOK_S)
            try:
                await self.acting.look_after()
            except Exception as error:
                text = f"acks are not looked after: {whereabouts(error)}"
                self._trouble.begin(ACKS, text)
            else:
                self._trouble.end(ACKS)

    async def look_once(self, deadline_s: float, then: Then | None = None) -> Update:
        """Ask every source once and return what came, for commands that end.

        What has not answered within `deadline_s` seconds is a failure like any other.

        Args:
            then: what is done once everything has been asked, while the sources are open.
        """
        # Nobody waits at a screen meanwhile, so that health checks need not be spread out.
        watching = asyncio.create_task(self._watch.run(first_round=timedelta(0)), name="watch")
        reading = asyncio.create_task(self._read_papers(), name="papers")
        give_up = asyncio.create_task(self._clock.sleep(deadline_s), name="deadline")
        try:
            while not (give_up.done() or watching.done() or self._watch.has_asked_everything):
                news = asyncio.create_task(self._dirty.wait())
                await asyncio.wait((watching, give_up, news), return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                self._dirty.clear()
            await reading
            if then is not None:
                self._watch.give_up(deadline_s)
                self._last = self._build()
                await then(self._last)
        finally:
            for task in (watching, give_up, reading):
                task.cancel()
            ended, *_ = await asyncio.gather(watching, give_up, reading, return_exceptions=True)
            await self._close_runs()
            await self._close_papers()
            await self._connections.aclose()
        if isinstance(ended, Exception):
            self._watch_failed(ended)
        self._watch.give_up(deadline_s)
        update = self._build()
        fault = self._keeper.keep_now(update, self._watch.sent_to)
        if fault:
            self.notices.append(fault)
        return update

    async def _read_papers(self) -> None:
        """The journal, where there is one, for a command that looks once."""
        if not self._desks.has_journal:
            return
        try:
            await self.papers.look()
        except Exception as error:
            self.notices.append(f"the journal is not read: {whereabouts(error)}")

    async def _watch_forever(self) -> None:
        while True:
            self._restart.clear()
            watching = asyncio.create_task(self._watch.run(), name="sources")
            restart = asyncio.create_task(self._restart.wait(), name="restart")
            try:
                await asyncio.wait((watching, restart), return_when=asyncio.FIRST_COMPLETED)
            finally:
                watching.cancel()
                restart.cancel()
                ended, _ = await asyncio.gather(watching, restart, return_exceptions=True)
            if isinstance(ended, Exception):
                self._watch_failed(ended)
                await self._pause.sleep(TRY_AGAIN_S)
            else:
                self._trouble.end(WATCH)
            self._watch = self._new_watch(self._watch.sent_to)

    def _watch_failed(self, error: Exception) -> None:
        text = f"the sources are not asked: a fault inside the console: {whereabouts(error)}"
        self._trouble.begin(WATCH, text)
        self._show_soon()

    # Publishing.

    async def _publish_forever(self) -> None:
        while True:
            await self._wait_for_news()
            update = self._show()
            self._keeper.keep(update, self._watch.sent_to)
            self._memory.take(update)
            calm_s = CALM_S if update.snapshot.complete else 0.0
            await self._wished.sleep(max(update.build_s * REST_FACTOR, calm_s))

    async def _wait_for_news(self) -> None:
        news = asyncio.create_task(self._dirty.wait())
        tick = asyncio.create_task(self._clock.sleep(AT_LEAST_EVERY_S))
        try:
            await asyncio.wait((news, tick), return_when=asyncio.FIRST_COMPLETED)
            if news.done() and not self._in_a_hurry:
                await self._clock.sleep(SETTLE_S)
        finally:
            news.cancel()
            tick.cancel()
            await asyncio.gather(news, tick, return_exceptions=True)

    def _show_soon(self) -> None:
        """A person wished for it, and does not wait until the next update is due."""
        self._in_a_hurry = True
        self._dirty.set()
        self._wished.wake()

    def _show(self) -> Update:
        self._last = self._build()
        self._publish(self._last)
        return self._last

    def _build(self) -> Update:
        self._dirty.clear()
        self._in_a_hurry = False
        begun = self._clock.now()
        snapshot, worklist = self._picture.make(begun, self._policy)
        snapshot = self._with_next_tries(snapshot)
        took_s = self._clock.now().mono - begun.mono
        update = Update(
            self._number,
            snapshot,
            worklist,
            self._log.latest,
            self._desks.state,
            self._desks.papers_read,
            self._desks.runs_known,
            took_s,
        )
        self._number += 1
        return update

    def _nags(self) -> tuple[Nag, ...]:
        desk = self._desks.papers_if_open
        reminder = None if desk is None else desk.inspections.reminder
        return (*self._desks.papers_read.nags, *((reminder,) if reminder is not None else ()))

    def _with_next_tries(self, snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(
            snapshot,
            sources=tuple(
                msgspec.structs.replace(source, next_try=self._next_try_of(source))
                for source in snapshot.sources
            ),
        )

    def _next_try_of(self, source: SourceHealth) -> Instant | None:
        """Its own, or for a cluster that of the member that is asked next."""
        tries = self._watch.next_try
        if source.name in tries:
            return tries[source.name]
        members = [at for name, at in tries.items() if name.startswith(f"{source.name}/")]
        return min(members, key=lambda at: at.mono, default=None)

    @property
    def _policy(self) -> Policy:
        policy = self._loaded.policy
        if self._group_by is None:
            return policy
        return msgspec.structs.replace(policy, group_by=self._group_by)

    @property
    def _wall(self) -> datetime:
        return self._clock.now().wall
