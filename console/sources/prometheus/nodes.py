"""Facts of hosts through Prometheus, where that scrapes node_exporter."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from console.model.failure import Failure
from console.model.host import HostFacts
from console.model.query import InstantAnswer, Sample
from console.model.reading import HostReading
from console.model.registry import Host, Service
from console.safety.clock import Clock, Instant
from console.safety.text import visible
from console.sources.prometheus.nodes_decode import (
    AGE,
    BUSY,
    OFFSET,
    PROCESSORS,
    RECEIVED,
    SENT,
    SERIES,
    Derived,
    facts_of,
    nodes_in,
)
from console.sources.prometheus.nodes_hosts import HostFinder
from console.sources.prometheus.poll import Prometheus

ABSENT_EVERY: Final = timedelta(minutes=5)
"""How often a Prometheus without node_exporter is asked whether it has some by now."""
MAX_SAMPLES: Final = 100_000
NEW_FOR_S: Final = 60.0
"""A usual interval of scrapes: facts that were scraped no longer ago are as of now. Older ones,
as pushed series are for 5 minutes after their end, have the rest for their age."""
LOOKBACK_S: Final = 3600.0
"""No Prometheus answers with older series (its lookback is 5 minutes, where nobody changed it)."""
SCRAPE_ERROR: Final = timedelta(seconds=1)
"""A host's clock is read at some time within a scrape, which takes less than this."""


class NodeMetrics:
    """The hosts of the registry whose node_exporter one Prometheus scrapes."""

    def __init__(
        self,
        prometheus: Prometheus,
        hosts: Sequence[Host],
        clock: Clock,
        interval: timedelta,
        services: Iterable[Service] = (),
    ) -> None:
        """`services`: those whose `instances` tell a node_exporter's address from others."""
        self.name = f"{prometheus.name} node_exporter"
        self.interval = interval
        self._prometheus = prometheus
        self._clock = clock
        self._finder = HostFinder(hosts, services, os.uname().nodename)
        self._found = False
        """It had some once."""
        self._asked_in_vain: Instant | None = None

    @property
    def key(self) -> str:
        """Unique among all that is polled: its name."""
        return self.name

    async def poll(self, round: int) -> tuple[HostReading, ...]:  # noqa: A002 - all sources agree on it
        """One reading a host that is found. Raises nothing.

        A host whose series have gone has none, and no host has one where Prometheus fails:
        what was known grows old, and Prometheus has a row of its own.
        """
        before = self._clock.now()
        if self._asked_in_vain is not None and before.since(self._asked_in_vain) < ABSENT_EVERY:
            return ()
        series = await self._prometheus.instant(SERIES, limit=MAX_SAMPLES)
        if isinstance(series, Failure):
            return ()
        if not series.samples:
            # A partial answer may have left out just that: it is asked again at the usual time.
            self._asked_in_vain = None if self._found or series.warnings else before
            return ()
        self._found = True
        skew, error, offset = await self._clocks()
        busy, processors, received, sent, age = await asyncio.gather(
            self._prometheus.instant(BUSY, limit=MAX_SAMPLES),
            self._samples_of(PROCESSORS),
            self._samples_of(RECEIVED),
            self._samples_of(SENT),
            self._samples_of(AGE),
        )
        doubt = _doubt(series) or _doubt(busy, "cpu: ")
        derived = Derived(_samples(busy), processors, received, sent, age, offset)
        placed = self._finder.placed(nodes_in(series.samples, derived))
        return tuple(
            self._reading(
                host,
                before,
                _doubted(facts_of(node, clock_skew=skew, clock_error=error), doubt),
                node.values.get("age", 0.0),
            )
            for host, node in placed.items()
        )

    def unread(self, failure: Failure, at: Instant) -> tuple[HostReading, ...]:
        """None: its Prometheus speaks for itself, and what these metrics told grows old."""
        return ()

    async def _clocks(self) -> tuple[timedelta | None, timedelta, tuple[Sample, ...]]:
        """The clock of Prometheus less ours, its error, and the hosts' clocks less that one."""
        before = self._clock.now()
        offsets = await self._samples_of(OFFSET)
        after = self._clock.now()
        half = after.since(before) / 2
        if not offsets:
            return None, half, ()
        # Prometheus notes when it took up the question, which is between the two.
        return offsets[0].at - (before.wall + half), half + SCRAPE_ERROR, offsets

    async def _samples_of(self, query: str) -> tuple[Sample, ...]:
        """What `query` gives; nothing where it fails: then its fact is missing."""
        return _samples(await self._prometheus.instant(query, limit=MAX_SAMPLES))

    def _reading(self, host: str, before: Instant, facts: HostFacts, age_s: float) -> HostReading:
        now = self._clock.now()
        return HostReading(
            source=self._prometheus.name,
            host=host,
            at=now.plus(-min(max(0.0, age_s - NEW_FOR_S), LOOKBACK_S)),
            took=now.since(before),
            facts=facts,
        )


def _samples(answer: InstantAnswer | Failure) -> tuple[Sample, ...]:
    return answer.samples if isinstance(answer, InstantAnswer) else ()


def _doubt(answer: InstantAnswer | Failure, what: str = "") -> str:
    """Why `answer` may lack something that a host has; empty for a whole one."""
    if isinstance(answer, Failure):
        return f"{what}{answer.cause}"
    if answer.total > len(answer.samples):
        return f"{what}only {len(answer.samples):,} of {answer.total:,} series were read"
    if answer.warnings:
        return f"{what}a partial answer: {visible(answer.warnings[0], cells=120)}"
    return ""


def _doubted(facts: HostFacts, doubt: str) -> HostFacts:
    if not doubt:
        return facts
    return msgspec.structs.replace(facts, missing=(*facts.missing, doubt))
