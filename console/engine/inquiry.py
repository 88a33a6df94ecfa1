"""Questions about one row, asked when a person opens it and never polled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from console.engine import past
from console.engine.blast import PastWeek, past_week
from console.engine.questions import (
    Firing,
    PastFirings,
    Releases,
    RuleOf,
    RuleValue,
    Trend,
    ValueNow,
)
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.query import InstantAnswer, RangeAnswer, Sample
from console.safety.clock import Clock
from console.sources.prometheus.poll import Prometheus
from console.sources.prometheus.promql import comparison_of

WINDOW = timedelta(hours=1)
STEP = timedelta(seconds=30)
"""120 points over the window, about what a terminal can show."""
FINE_STEPS = 400
"""Steps of the second look at one earlier episode, whose ends the first tells to 5 minutes."""
FINEST = timedelta(seconds=15)


class Inquiry:
    """Asks the Prometheus servers about one alert."""

    def __init__(self, servers: Sequence[Prometheus], clock: Clock) -> None:
        self._servers = {server.name: server for server in servers}
        self._clock = clock

    async def value_now(self, rule: RuleOf) -> ValueNow:
        """The value of the rule's own expression at this moment."""
        query = rule.rule.query.exact
        server = self._servers.get(rule.source)
        if server is None:
            return ValueNow(rule.source, query, self._no_server(rule.source))
        return ValueNow(rule.source, query, await server.instant(query))

    async def trend(self, rule: RuleOf, labels: Labels) -> Trend:
        """The rule's expression over the last hour, the alert's own series first."""
        query = rule.rule.query.exact
        comparison = comparison_of(query)
        asked = comparison.left if comparison else query
        end = self._clock.now().wall.astimezone(UTC)
        start = end - WINDOW
        server = self._servers.get(rule.source)
        if server is None:
            answer: RangeAnswer | Failure = self._no_server(rule.source)
        else:
            answer = await server.range(asked, start, end, STEP)
        mine = 0
        if isinstance(answer, RangeAnswer):
            own = [series for series in answer.series if labels.covers(_joinable(series.labels))]
            rest = [series for series in answer.series if series not in own]
            mine = len(own)
            answer = msgspec.structs.replace(answer, series=(*own, *rest))
        return Trend(
            source=rule.source,
            query=asked,
            start=start,
            end=end,
            step=STEP,
            answer=answer,
            mine=mine,
            operator=comparison.operator if comparison else "",
            threshold=comparison.threshold if comparison else None,
        )

    async def rule_value(self, rule: RuleOf, labels: Labels) -> RuleValue:
        """What the expression is now for the alert with `labels`, and whether it still holds.

        The whole expression is asked first, which is as cheap as one evaluation of the rule.
        What stands left of its comparison may be many series, and is asked for only when the
        expression is not true any more.
        """
        query = rule.rule.query.exact
        comparison = comparison_of(query)
        known = RuleValue(
            source=rule.source,
            left=comparison.left if comparison else query,
            condition=f"{comparison.operator} {comparison.threshold:g}" if comparison else "",
            duration=rule.rule.duration,
        )
        server = self._servers.get(rule.source)
        if server is None:
            return msgspec.structs.replace(known, failure=self._no_server(rule.source))
        answer = await server.instant(query)
        if isinstance(answer, Failure):
            return msgspec.structs.replace(known, failure=answer)
        own = own_sample(answer, labels)
        partial = bool(answer.warnings)
        if own is not None:
            return msgspec.structs.replace(known, value=own.value, holds=True, partial=partial)
        if answer.samples and len(answer.samples) < answer.total:
            return msgspec.structs.replace(known, partial=True)
        holds = None if partial else False
        if comparison is None:
            return msgspec.structs.replace(known, holds=holds, partial=partial)
        left = await server.instant(comparison.left)
        if isinstance(left, Failure):
            return msgspec.structs.replace(known, holds=holds, failure=left)
        sample = own_sample(left, labels)
        return msgspec.structs.replace(
            known,
            value=sample.value if sample is not None else None,
            holds=holds,
            partial=partial or bool(left.warnings),
        )

    async def past_firings(self, source: str, labels: Labels, before: datetime) -> PastFirings:
        """When the alert with `labels` fired in the last 30 days, up to `before`."""
        known = PastFirings(source, past.WINDOW)
        server = self._servers.get(source)
        if server is None:
            return msgspec.structs.replace(known, failure=self._no_server(source))
        query = past.firing_query(labels)
        end = self._clock.now().wall.astimezone(UTC)
        answer, finely = await asyncio.gather(
            server.range(query, end - past.WINDOW, end, past.STEP),
            server.range(query, end - past.DAY, end, past.DAY_STEP),
        )
        if isinstance(finely, RangeAnswer) and not finely.warnings:
            today = past.today_in(finely.series, end, past.DAY_STEP)
            known = msgspec.structs.replace(known, today=today)
        if isinstance(answer, Failure):
            return msgspec.structs.replace(known, failure=answer)
        firings = past.firings_in(answer.series, before, past.STEP)
        if firings:
            firings = (await self._looked_at(server, query, firings[0]), *firings[1:])
        partial = bool(answer.warnings) or len(answer.series) < answer.total
        return msgspec.structs.replace(known, firings=firings, partial=partial)

    async def _looked_at(self, server: Prometheus, query: str, firing: Firing) -> Firing:
        """One episode again in small steps; as it was known where that fails."""
        start, end = firing.start - past.STEP, firing.end + past.STEP
        step = max(FINEST, timedelta(seconds=round((end - start).total_seconds() / FINE_STEPS)))
        answer = await server.range(query, start, end, step)
        if isinstance(answer, Failure):
            return firing
        found = past.firings_in(answer.series, end + 2 * past.STEP, past.STEP)
        return found[0] if found else firing

    async def releases(self, label: str, services: Sequence[str]) -> Releases:
        """New versions of `services` in the last hours, by every server's build infos.

        Args:
            label: the one by which the series of a service are found.
        """
        query = past.builds_query(label, services[: past.MOST_SERVICES])
        end = self._clock.now().wall.astimezone(UTC)
        start = end - past.RELEASES_WINDOW
        answers = await asyncio.gather(
            *(
                server.range(query, start, end, past.RELEASES_STEP)
                for server in self._servers.values()
            )
        )
        told = [answer for answer in answers if isinstance(answer, RangeAnswer)]
        series = [one for answer in told for one in answer.series]
        asked, versions = past.versions_in(series, label, start, past.RELEASES_STEP)
        return Releases(
            window=past.RELEASES_WINDOW,
            asked=asked,
            versions=versions,
            partial=any(one.warnings or len(one.series) < one.total for one in told),
            failures=tuple(answer for answer in answers if isinstance(answer, Failure)),
        )

    async def past_week(self, matchers: Sequence[Matcher], policy: Policy) -> PastWeek:
        """What a silence with `matchers` would have kept quiet in the last 7 days."""
        return await past_week(tuple(self._servers.values()), matchers, policy)

    def _no_server(self, source: str) -> Failure:
        return Failure(
            source=source,
            part="query",
            kind=FailureKind.SETTINGS,
            cause=f"{source} is not among the sources any more",
            expected="a Prometheus of that name",
            remedy="look at the sources pane; the settings may have been reloaded",
            at=self._clock.now().wall,
        )


def _joinable(labels: Labels) -> Labels:
    """A series' labels without its metric name, which no alert carries."""
    return labels.without(frozenset({"__name__"}))


def own_sample(answer: InstantAnswer, labels: Labels) -> Sample | None:
    """The sample that is about the alert with `labels`."""
    return next(
        (sample for sample in answer.samples if labels.covers(_joinable(sample.labels))), None
    )
