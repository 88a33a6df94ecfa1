"""One look at one host."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from config.schema import HostsSource
from console.model.failure import Failure
from console.model.host import HostFacts, Means
from console.model.reading import HostReading
from console.model.registry import Host, Service
from console.safety.clock import Clock, Instant
from console.sources.answer import Unusable
from console.sources.fault import failure_of
from console.sources.hosts import errors
from console.sources.hosts.client import HostClient
from console.sources.hosts.decode import Asked, Counters, facts_in, is_empty
from console.sources.hosts.settings import SOURCE, wanted_of
from console.sources.reach import Reach

MAX_GAP: Final = timedelta(minutes=10)
"""A rate over a longer time says nothing of now: the processors are measured anew."""


class HostPoller:
    """A host that is looked at round by round, and what the last look left for the next."""

    def __init__(
        self,
        host: Host,
        services: tuple[Service, ...],
        reach: Reach,
        settings: HostsSource,
        clock: Clock,
    ) -> None:
        """`services`: those of the registry; the ones of other hosts are passed over."""
        self.name = SOURCE
        self.host = host
        self.interval: timedelta = settings.interval
        self._wanted = wanted_of(host, services)
        self._reach = reach
        self._clock = clock
        self._client = HostClient(host, self._wanted, reach, settings)
        self._means = Means.LOCAL if reach.is_local(host.name) else Means.SSH
        self._before: Counters | None = None

    @property
    def key(self) -> str:
        """Unique among all that is polled: `hosts/web-1`."""
        return f"{SOURCE}/{self.host.name}"

    async def poll(self, round: int) -> HostReading:  # noqa: A002 - all sources agree on it
        """Look at it now. Raises nothing."""
        sent = self._clock.now()
        facts: HostFacts | Failure
        try:
            facts = await self._looked(sent)
        except Exception as error:  # a bug of ours must cost one host, not the polling
            facts = self._failure(errors.FACTS, error)
        at = self._clock.now()
        return HostReading(
            source=SOURCE, host=self.host.name, at=at, took=at.since(sent), facts=facts
        )

    def unread(self, failure: Failure, at: Instant) -> tuple[HostReading, ...]:
        """What a poll gives of which nothing is known but `failure`."""
        name = self.host.name
        facts = msgspec.structs.replace(failure, part=name)
        return (HostReading(source=SOURCE, host=name, at=at, took=timedelta(0), facts=facts),)

    async def _looked(self, sent: Instant) -> HostFacts:
        before = self._before
        if before is not None and sent.since(before.at) > MAX_GAP:
            before = None
        look = self._client.look(twice=before is None)
        parts, result = await self._client.send(look)
        asked = Asked(self._wanted, self._means, look.part_s, sent, self._clock.now())
        told = facts_in(parts, asked, before, self._failure)
        if is_empty(told.facts):
            raise errors.nothing_usable(result)
        self._before = told.counters
        return told.facts

    def _failure(self, part: str, error: Exception | Unusable) -> Failure:
        asked = errors.asked(self._reach, self.host.name, part, sudo=self.host.sudo)
        return failure_of(error, asked, self._clock.now().wall)
