"""Every source under watch: opened from settings, found through others, polled for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from config.load import Loaded
from config.registry import probes_of, unasked
from console.engine.connections import Connections
from console.engine.discovery import Discovery
from console.engine.loops import FIRST_ROUND, Server, poll_forever, probe_forever
from console.engine.pause import Pause
from console.engine.runners import open_runners
from console.engine.trouble import Trouble
from console.engine.unanswered import (
    HEALTH_PART,
    by_deadline,
    by_fault,
    no_probe_reading,
)
from console.fleet.fleet import Fleet
from console.model.probe import Probe, Verdict
from console.model.reading import AlertmanagerReading, ProbeReading, PrometheusReading, Reading
from console.model.snapshot import SentTo, SourceKind
from console.safety.clock import Clock, Instant
from console.safety.http import HttpClient
from console.safety.whereabouts import whereabouts
from console.sources.alertmanager.cluster import AlertmanagerCluster
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.hosts.poll import HostPoller
from console.sources.open import open_sources
from console.sources.pace import offset_of
from console.sources.probes.poll import Prober
from console.sources.probes.settings import SOURCE
from console.sources.prometheus.poll import Prometheus
from console.sources.reach import Reach

GOSSIP_ROUNDS: Final = 6
GOSSIP_S: Final = 0.25
"""Alertmanagers tell each other of a silence within 200 ms."""


class Watch:
    """Asks what one set of settings names, and tells the fleet what came."""

    def __init__(
        self,
        loaded: Loaded,
        fleet: Fleet,
        *,
        clock: Clock,
        pause: Pause,
        jitter: random.Random,
        trouble: Trouble,
        connections: Connections,
        news: Callable[[], None],
        sent_to: Iterable[SentTo] = (),
    ) -> None:
        """
        Args:
            fleet: takes every reading.
            connections: SSH, which outlives this watch.
            pause: between two polls; waking it asks everything now.
            news: called when there is something new to look at.
            sent_to: what an earlier watch, or an earlier console, found.
        """
        self._loaded = loaded
        self._fleet = fleet
        self._clock = clock
        self._pause = pause
        self._jitter = jitter
        self._trouble = trouble
        self._connections = connections
        self._news = news
        self._discovery: Discovery | None = None
        self._servers: dict[str, Server] = {}
        self._probes: dict[str, Probe] = {}
        self._awaited: set[str] | None = None
        self._verdicts: dict[str, Verdict] = {}
        self._not_taken: set[str] = set()
        """Keys of health checks whose last answer could not be taken in."""
        self._sent_to = tuple(sent_to)
        self._failing: set[str] = set()
        """Keys of Alertmanager members whose last answer was none."""
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._clusters: dict[str, AlertmanagerCluster] = {}
        self._acted_at: dict[str, float] = {}
        """By member, when it was last read again after an effect; monotonic seconds."""
        self.prometheuses: tuple[Prometheus, ...] = ()
        self.reach: Reach | None = None
        """The hosts as places where commands run; `None` before the watch has begun."""
        self.next_try: dict[str, Instant] = {}
        """When each source is asked again, by its name or its member's."""

    @property
    def has_asked_everything(self) -> bool:
        """Whether every source and probe has answered, or failed to, once."""
        return self._awaited is not None and not self._awaited

    @property
    def sent_to(self) -> tuple[SentTo, ...]:
        """The newest word of each Prometheus on the Alertmanagers that it sends to."""
        return self._sent_to if self._discovery is None else self._discovery.sent_to

    async def run(self, *, first_round: timedelta = FIRST_ROUND) -> None:
        """Ask for ever; ends by being cancelled.

        Args:
            first_round: over how long the first health checks are spread.
        """
        reach = await self._connections.reach(self._loaded.registry, self._loaded.settings.ssh)
        self.reach = reach
        http = HttpClient(self._clock, tunnel=reach.tunnel, login=reach.login)
        try:
            await self._run(http, reach, first_round)
        finally:
            await http.aclose()

    @property
    def clusters(self) -> dict[str, AlertmanagerCluster]:
        """The Alertmanager clusters as what can be acted on, by name."""
        found: dict[str, list[AlertmanagerMember]] = {}
        for server in self._servers.values():
            if isinstance(server, AlertmanagerMember):
                found.setdefault(server.name, []).append(server)
        kept: dict[str, AlertmanagerCluster] = {}
        for name, members in found.items():
            writers = [one.writer for one in members]
            known = self._clusters.get(name)
            same = known is not None and known.members == tuple(one.key for one in members)
            kept[name] = (
                known if known and same else AlertmanagerCluster(name, writers, self._clock)
            )
        self._clusters = kept
        return kept

    async def read_again(
        self, clusters: Sequence[str], silences: Sequence[tuple[str, str]], *, there: bool
    ) -> tuple[str, ...]:
        """Ask these clusters out of turn, until every member has heard of what was done.

        Args:
            silences: cluster and id of what was made or ended.
            there: whether the members then list them, or no longer do.

        Returns:
            Those of the clusters of which no member said what silences it has.
        """
        read: set[str] = set()
        members = [
            server
            for server in self._servers.values()
            if isinstance(server, AlertmanagerMember) and server.name in clusters
        ]
        for member in members:
            self._acted_at[member.key] = self._clock.now().mono
        wanted = {one for name, one in silences if name in clusters}
        for _ in range(GOSSIP_ROUNDS):
            readings = await asyncio.gather(*(member.poll(1) for member in members))
            for member, reading in zip(members, readings, strict=True):
                self._take_all(member.key, (reading,))
                if isinstance(reading.silences, tuple):
                    read.add(member.name)
            if all(_has_heard(reading, wanted, there=there) for reading in readings):
                break
            await self._clock.sleep(GOSSIP_S)
        self._news()
        return tuple(sorted(set(clusters) - read))

    def give_up(self, deadline_s: float) -> None:
        """Take what has not answered in `deadline_s` seconds as failed."""
        at = self._clock.now()
        for key in sorted(self._awaited or ()):
            if key in self._servers:
                failure = by_deadline(key, "", deadline_s, at)
                self._take_all(key, self._servers[key].unread(failure, at))
            else:
                failure = by_deadline(key, HEALTH_PART, deadline_s, at)
                self._take(no_probe_reading(self._probes[key], failure, at))

    async def _run(self, http: HttpClient, reach: Reach, first_round: timedelta) -> None:
        loaded = self._loaded
        health = loaded.settings.sources.health
        opened = await open_sources(loaded.settings, http, self._clock)
        runners = open_runners(loaded, opened.prometheuses, reach, self._clock)
        self._probes = {probe.key: probe for probe in probes_of(loaded.registry, health)}
        self.prometheuses = opened.prometheuses
        # Where nothing is probed, nobody has to vouch for the probes.
        watched = tuple(
            one for one in opened.watched if self._probes or one.kind is not SourceKind.HEALTH
        )
        found = Discovery(
            loaded.settings, http, self._clock, (*watched, *runners.watched), self._sent_to
        )
        self._discovery = found
        servers: tuple[Server, ...] = (
            *opened.prometheuses, *opened.alertmanagers, *found.members.values(),
            *runners.pollers,
        )  # fmt: skip
        self._servers = {server.key: server for server in servers}
        lacking = unasked(
            loaded.registry,
            looks_at_hosts=loaded.settings.sources.hosts.enabled,
            looks_at_clusters=bool(runners.kubernetes),
        )
        self._fleet.reload(loaded.registry, found.watched, loaded.policy, lacking)
        self._awaited = {*self._servers, *self._probes}
        self._news()
        async with asyncio.TaskGroup() as group:
            for server in servers:
                spread = min(server.interval, first_round)
                is_host = isinstance(server, HostPoller)
                self._begin(server, group, offset_of(server.key, spread) if is_host else 0.0)
            group.create_task(
                probe_forever(
                    Prober(http, self._clock, health, reach),
                    self._probes.values(),
                    unread=self._unread_probe,
                    take=self._take,
                    pause=self._pause,
                    clock=self._clock,
                    first_round=first_round,
                ),
                name="probes",
            )
            await asyncio.Event().wait()

    def _begin(self, server: Server, group: asyncio.TaskGroup, first_s: float = 0.0) -> None:
        poll = self._poll(server, group, first_s)
        self._polls[server.key] = group.create_task(poll, name=server.key)

    async def _poll(self, server: Server, group: asyncio.TaskGroup, first_s: float) -> None:
        def take(readings: tuple[Reading, ...]) -> None:
            # It was asked before an effect of ours, and read again since: this is the older news.
            acted_at = self._acted_at.get(server.key, float("-inf"))
            readings = tuple(
                reading
                for reading in readings
                if not isinstance(reading, AlertmanagerReading)
                or reading.failed
                or reading.at.mono - reading.took.total_seconds() >= acted_at
            )
            self._take_all(server.key, readings)
            for reading in readings:
                if isinstance(reading, PrometheusReading):
                    self._look_for_alertmanagers(reading, group)
                elif isinstance(reading, AlertmanagerReading):
                    (self._failing.add if reading.failed else self._failing.discard)(server.key)

        def unread(error: Exception) -> tuple[Reading, ...]:
            at = self._clock.now()
            return server.unread(by_fault(server.key, "", error, at), at)

        await poll_forever(
            server,
            unread=unread,
            take=take,
            next_try=self.next_try.__setitem__,
            pause=self._pause,
            clock=self._clock,
            jitter=self._jitter,
            first_s=first_s,
        )

    # Alertmanagers that are found through a Prometheus.

    def _look_for_alertmanagers(self, reading: PrometheusReading, group: asyncio.TaskGroup) -> None:
        if not isinstance(reading.alertmanagers, tuple) or self._discovery is None:
            return
        place = f"Alertmanagers of {reading.source}"
        urls = tuple(url.exact for url in reading.alertmanagers)
        try:
            new = self._discovery.take(SentTo(reading.source, urls))
            gone = self._discovery.forget(self._failing) if urls else ()
        except Exception as error:  # costs what would be found, and not what is watched
            text = f"the {place} cannot be taken in: {whereabouts(error)}"
            self._trouble.begin(place, text)
            return
        self._trouble.end(place)
        if not (new or gone) or self._awaited is None:
            return
        for key in gone:
            self._polls.pop(key).cancel()
            del self._servers[key]
            self._awaited.discard(key)
            self._failing.discard(key)
            self.next_try.pop(key, None)
        self._fleet.watch(self._discovery.watched)
        for member in new:
            self._servers[member.key] = member
            self._awaited.add(member.key)
            self._begin(member, group)

    # Readings in.

    def _take_all(self, key: str, readings: tuple[Reading, ...]) -> None:
        """Take what one poll of `key` gave, which may be nothing."""
        for reading in readings:
            self._take(reading)
        if self._awaited is not None and key in self._awaited:
            self._awaited.discard(key)
            self._news()

    def _take(self, reading: Reading) -> None:
        """Hand a reading to the fleet. Raises nothing: what cannot be taken in is a failure."""
        key = reading.key
        place = SOURCE if isinstance(reading, ProbeReading) else key
        try:
            self._fleet.take(reading)
        except Exception as error:
            self._take_failure(key, place, error)
        else:
            self._was_taken(key, place)
        is_first = self._awaited is not None and key in self._awaited
        if self._awaited is not None:
            self._awaited.discard(key)
        if is_first or self._says_something_new(key, reading):
            self._news()

    def _was_taken(self, key: str, place: str) -> None:
        self._not_taken.discard(key)
        if place != SOURCE or not self._not_taken:
            self._trouble.end(place)

    def _take_failure(self, key: str, place: str, error: Exception) -> None:
        at = self._clock.now()
        if place == SOURCE:
            self._not_taken.add(key)
        text = f"the answer of {place} cannot be taken in: {whereabouts(error)}"
        self._trouble.begin(place, text)
        failure = by_fault(key, HEALTH_PART, error, at)
        try:
            if key in self._servers:
                for none in self._servers[key].unread(failure, at):
                    self._fleet.take(none)
            elif key in self._probes:
                self._fleet.take(no_probe_reading(self._probes[key], failure, at))
        except Exception as again:  # then it grows old, and is shown as that
            self._trouble.begin(place, f"{text}, nor its failure: {whereabouts(again)}")

    def _says_something_new(self, key: str, reading: Reading) -> bool:
        """A health check that says what it said before changes nothing but its age."""
        if not isinstance(reading, ProbeReading):
            return True
        verdict = reading.result.verdict
        before = self._verdicts.get(key)
        self._verdicts[key] = verdict
        return verdict is not before

    def _unread_probe(self, probe: Probe, error: Exception) -> ProbeReading:
        at = self._clock.now()
        return no_probe_reading(probe, by_fault(probe.key, HEALTH_PART, error, at), at)


def _has_heard(reading: AlertmanagerReading, wanted: set[str], *, there: bool) -> bool:
    """Whether a member lists what was made, or lists no longer what was ended.

    One that gives no answer is not waited for.
    """
    if not isinstance(reading.silences, tuple):
        return True
    listed = wanted & {one.id for one in reading.silences}
    return listed == wanted if there else not listed
