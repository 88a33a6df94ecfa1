"""One poll of one Prometheus, and questions asked of it between polls."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec

from config.schema import PrometheusSource
from console.model.alert import Target
from console.model.failure import Failure, FailureKind
from console.model.query import InstantAnswer, RangeAnswer
from console.model.reading import PrometheusReading
from console.safety.clock import Clock, Instant
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.access import Access
from console.sources.answer import Unusable
from console.sources.fault import Asked, failure_of
from console.sources.prometheus import errors
from console.sources.prometheus.client import (
    ALERTMANAGERS,
    ALERTS,
    BUILDINFO,
    CONFIG,
    MAX_SAMPLES,
    QUERY,
    RULES,
    RULES_PARAMS,
    TARGETS,
    TARGETS_PARAMS,
    PrometheusClient,
    instant_params,
)
from console.sources.prometheus.decode_raw import RawAnswer
from console.sources.prometheus.probed import SUCCESS, is_probed, judged
from console.sources.prometheus.ranges import RANGE, Ranges, range_params
from console.sources.server import Params, Server, beside, not_asked

SELDOM_EVERY: Final = 20
"""Rounds between looks at what changes with a restart only: version, Alertmanagers, labels."""
MAX_POINTS: Final = 11_000
"""The server refuses more points a series."""


class Prometheus:
    """A Prometheus, or what speaks its API: Thanos, Mimir, VictoriaMetrics."""

    def __init__(
        self, settings: PrometheusSource, http: HttpClient, clock: Clock, *, discover: bool = True
    ) -> None:
        """`discover`: also ask to which Alertmanagers it sends."""
        self.name = settings.name
        self.interval: timedelta = settings.interval
        self.access = Access(settings)
        self._settings = settings
        self._discover = discover
        self._clock = clock
        self._server = Server(http, clock, settings.url, self.access)
        self._client = PrometheusClient(self._server)
        self._ranges = Ranges(http, self._server.base, self.access)
        self._labels = tuple(sorted(settings.external_labels.items()))
        self._version: Raw | None = None
        self._was_failing = False
        """Its last poll failed: a restart may have changed what is else asked seldom."""
        self._sends_nowhere = False
        """It knew no Alertmanager, as one that has just started does for some seconds."""

    @property
    def key(self) -> str:
        """Unique among all sources: its name."""
        return self.name

    @property
    def url(self) -> str:
        """Safe to show: without credentials."""
        return self._server.shown_url

    @property
    def external_labels(self) -> tuple[tuple[str, str], ...]:
        """The labels that it adds to what it sends, as far as it told."""
        return self._labels

    async def poll(self, round: int) -> PrometheusReading:  # noqa: A002 - all sources agree on it
        """Ask every part; each succeeds or fails for itself. Raises nothing."""
        server, client = self._server, self._client
        seldom = round % SELDOM_EVERY == 0 or self._was_failing
        before = self._clock.now()
        server.skew = None
        rules_of = server.part(self._asked("rules", RULES, RULES_PARAMS), client.rules())
        targets_of = server.part(
            self._asked("targets", TARGETS, TARGETS_PARAMS), self._judged_targets()
        )
        sends_to = (
            server.part(self._asked("alertmanagers", ALERTMANAGERS), client.alertmanagers())
            if self._discover and (seldom or self._sends_nowhere)
            else not_asked()
        )
        itself = self._look_at_itself() if seldom else not_asked()
        main = asyncio.create_task(server.part(self._asked("alerts", ALERTS), client.alerts()))
        alerts, rules, targets, alertmanagers, _ = await asyncio.gather(
            main,
            beside(main, "rules", rules_of),
            beside(main, "targets", targets_of),
            beside(main, "alertmanagers", sends_to),
            beside(main, "version", itself),
        )
        self._was_failing = isinstance(alerts, Failure)
        if alertmanagers is not None:
            self._sends_nowhere = alertmanagers == ()
        at = self._clock.now()
        warnings = (client.warnings.get(part, ()) for part in ("alerts", "rules", "targets"))
        return PrometheusReading(
            source=self.name,
            at=at,
            took=at.since(before),
            alerts=alerts,
            rules=rules,
            targets=targets,
            alertmanagers=alertmanagers,
            external_labels=self._labels,
            warnings=tuple(dict.fromkeys(each for some in warnings for each in some)),
            skew=server.skew,
            version=self._version,
        )

    def unread(self, failure: Failure, at: Instant) -> tuple[PrometheusReading, ...]:
        """What a poll gives of which nothing is known but `failure`."""

        def part(name: str) -> Failure:
            return msgspec.structs.replace(failure, part=name)

        reading = PrometheusReading(
            source=self.name,
            at=at,
            took=timedelta(0),
            alerts=part("alerts"),
            rules=part("rules"),
            targets=part("targets"),
        )
        return (reading,)

    async def _judged_targets(self) -> tuple[Target, ...]:
        targets = await self._client.targets()
        if not any(map(is_probed, targets)):
            return targets
        told = await self.instant(SUCCESS)
        return judged(targets, told if isinstance(told, InstantAnswer) else None)

    async def _look_at_itself(self) -> None:
        """Version and external labels. Both may be forbidden, and then stay as they were."""
        version, labels = await asyncio.gather(
            self._server.part(self._asked("version", BUILDINFO), self._client.version()),
            self._server.part(self._asked("config", CONFIG), self._client.external_labels()),
        )
        if isinstance(version, Raw):
            self._version = version
        if isinstance(labels, tuple):
            self._labels = tuple(sorted({**dict(labels), **self._settings.external_labels}.items()))

    async def targets(self) -> tuple[Target, ...] | Failure:
        """Its active targets, once. Raises nothing."""
        return await self._server.part(
            self._asked("targets", TARGETS, TARGETS_PARAMS), self._client.targets()
        )

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = MAX_SAMPLES
    ) -> InstantAnswer | Failure:
        """What `query` gives at `at`, or now, `limit` samples of it at most. Raises nothing."""
        timeout = self._settings.timeout
        params = instant_params(query, at, timeout)
        return await self._server.part(
            self._asked("query", QUERY, params), self._client.instant(query, at, timeout, limit)
        )

    async def range(
        self, query: str, start: datetime, end: datetime, step: timedelta
    ) -> RangeAnswer | Failure:
        """What `query` gave from `start` to `end`, a point every `step`. Raises nothing."""
        params = range_params(query, start, end, step)
        asked = self._asked("query", RANGE, params)
        if not timedelta(seconds=1) <= step or (end - start) / step > MAX_POINTS or end < start:
            error = Unusable(
                FailureKind.SETTINGS,
                f"would ask for a point every {step.total_seconds():g} s of "
                f"{(end - start).total_seconds():g} s",
                expected=f"steps of a second or more, and at most {MAX_POINTS:,} points",
                remedy="take a longer step or a shorter time",
            )
            return failure_of(error, asked, self._clock.now().wall)
        return await self._server.part(asked, self._ranges.ask(query, start, end, step))

    async def raw(self, query: str, at: datetime) -> RawAnswer | Failure:
        """The samples of `query`, a range selector that ends at `at`, each with the time of its
        own scrape: a range query would repeat the last one over a gap. Raises nothing."""
        timeout = self._settings.timeout
        asked = self._asked("query", QUERY, instant_params(query, at, timeout))
        return await self._server.part(asked, self._ranges.raw(query, at, timeout))

    async def look_at_itself(self) -> None:
        """Ask for its version and its external labels, where no poll has yet. Raises nothing."""
        if self._version is None:
            await self._look_at_itself()

    def _asked(self, part: str, path: str, params: Params = ()) -> Asked:
        return errors.asked(self.key, part, self._server.curl(path, params))
