"""Every source under watch: opened from settings, found through others, polled for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from config.load import Loaded
from config.registry import probes_of, unasked
from console.engine.loops import FIRST_ROUND, poll_forever, probe_forever
from console.engine.pause import Pause
from console.fleet.fleet import Fleet
from console.model.reading import AlertmanagerReading, ProbeReading, PrometheusReading, Reading
from console.model.snapshot import Watched
from console.safety.clock import Clock, Instant
from console.safety.http import HttpClient
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.open import discovered_members, merge_watched, open_sources
from console.sources.probes.poll import Prober
from console.sources.prometheus.poll import Prometheus

PolledT = TypeVar("PolledT", AlertmanagerMember, Prometheus)


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
        news: Callable[[], None],
    ) -> None:
        """
        Args:
            fleet: takes every reading.
            pause: between two polls; waking it asks everything now.
            news: called when there is something new to look at.
        """
        self._loaded = loaded
        self._fleet = fleet
        self._clock = clock
        self._pause = pause
        self._jitter = jitter
        self._news = news
        self._watched: tuple[Watched, ...] = ()
        self._members: dict[str, AlertmanagerMember] = {}
        self._awaited: set[str] | None = None
        self.prometheuses: tuple[Prometheus, ...] = ()
        self.next_try: dict[str, Instant] = {}
        """When each source is asked again, by its name or its member's."""

    @property
    def has_asked_everything(self) -> bool:
        """Whether every source and probe has answered, or failed to, once."""
        return self._awaited is not None and not self._awaited

    async def run(self, *, first_round: timedelta = FIRST_ROUND) -> None:
        """Ask for ever; ends by being cancelled.

        Args:
            first_round: over how long the first health checks are spread.
        """
        http = HttpClient(self._clock)
        try:
            await self._run(http, first_round)
        finally:
            await http.aclose()

    async def _run(self, http: HttpClient, first_round: timedelta) -> None:
        loaded = self._loaded
        health = loaded.settings.sources.health
        opened = await open_sources(loaded.settings, http, self._clock)
        self.prometheuses = opened.prometheuses
        self._watched = opened.watched
        self._fleet.reload(loaded.registry, opened.watched, loaded.policy)
        for service in unasked(loaded.registry):
            self._fleet.mark_unasked(service.service, because=f"needs {service.needs}")
        probes = probes_of(loaded.registry, health)
        self._awaited = {source.key for source in opened.prometheuses}
        self._awaited |= {source.key for source in opened.alertmanagers}
        self._awaited |= {probe.key for probe in probes}
        self._news()
        async with asyncio.TaskGroup() as group:
            for prometheus in opened.prometheuses:
                group.create_task(self._poll(prometheus, group, http), name=prometheus.key)
            for member in opened.alertmanagers:
                self._members[member.key] = member
                group.create_task(self._poll(member, group, http), name=member.key)
            prober = Prober(http, self._clock, health)
            group.create_task(
                probe_forever(
                    prober,
                    probes,
                    take=self._take,
                    pause=self._pause,
                    clock=self._clock,
                    first_round=first_round,
                ),
                name="probes",
            )
            await asyncio.Event().wait()

    async def _poll(self, source: PolledT, group: asyncio.TaskGroup, http: HttpClient) -> None:
        def take(reading: Reading) -> None:
            if isinstance(reading, PrometheusReading):
                self._discover(reading, group, http)
            self._take(reading)

        await poll_forever(
            source,
            take=take,
            next_try=self.next_try.__setitem__,
            pause=self._pause,
            clock=self._clock,
            jitter=self._jitter,
        )

    def _discover(
        self, reading: PrometheusReading, group: asyncio.TaskGroup, http: HttpClient
    ) -> None:
        """Watch the Alertmanagers that a Prometheus sends to, where settings name none."""
        found = discovered_members(
            self._loaded.settings,
            reading,
            known=frozenset(self._members),
            http=http,
            clock=self._clock,
        )
        if not found.alertmanagers or self._awaited is None:
            return
        self._watched = merge_watched(self._watched, found.watched)
        self._fleet.watch(self._watched)
        for member in found.alertmanagers:
            self._members[member.key] = member
            self._awaited.add(member.key)
            group.create_task(self._poll(member, group, http), name=member.key)

    def _take(self, reading: Reading) -> None:
        self._fleet.take(reading)
        if self._awaited is not None:
            self._awaited.discard(_key_of(reading))
        self._news()


def _key_of(reading: Reading) -> str:
    if isinstance(reading, ProbeReading):
        return reading.result.probe.key
    if isinstance(reading, AlertmanagerReading):
        return f"{reading.source}/{reading.member}"
    return reading.source
