"""Questions about one row, asked when a person opens it and never polled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

import msgspec

from console.engine.questions import RuleOf, Trend, ValueNow
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels
from console.model.query import RangeAnswer
from console.safety.clock import Clock
from console.sources.prometheus.poll import Prometheus
from console.sources.prometheus.promql import comparison_of

WINDOW = timedelta(hours=1)
STEP = timedelta(seconds=30)
"""120 points over the window, about what a terminal can show."""


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
