"""How services were within some time, out of the samples of one server."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.engine.week.prometheus.fold import Fold, sights_of
from console.engine.week.prometheus.plan import PROBES, TOOK, UP, Plan, Share
from console.model.failure import Failure
from console.model.history import Observed, Sight, Stretch, together
from console.model.labels import Labels
from console.model.latency import Latencies, added, counted
from console.model.saying import Saying
from console.model.unix import lasting_ms, milliseconds
from console.safety.text import Raw
from console.sources.prometheus.decode_raw import RawAnswer
from console.sources.prometheus.past import (
    PIECE,
    PastServer,
    drawn,
    over,
    said_of,
    selector_of,
    warned_of,
)

LEAD: Final = timedelta(minutes=10)
"""So long before the time samples are asked for: the last of them holds into it."""
_METRIC: Final = frozenset({"__name__"})
_HOUR_MS: Final = 3_600_000
_AS_RECORDED: Final = {
    Sight.UP: Sight.DOWN,
    Sight.SLOW: Sight.SLOW,
    Sight.UNKNOWN: Sight.UP,
    Sight.DOWN: Sight.UNKNOWN,
}
_AS_SEEN: Final = {other: one for one, other in _AS_RECORDED.items()}


class OfServer(msgspec.Struct):
    """What one server tells of some time."""

    observed: dict[str, Observed]
    """By service."""
    every_ms: int
    """Between two samples of most series."""
    is_whole: bool
    """Everything that was asked for came."""
    notices: list[Saying]


class Drawing:
    """Draws the samples of one server over some time, and adds them up."""

    def __init__(self, server: PastServer, plan: Plan, start: datetime, end: datetime) -> None:
        self._server = server
        self._plan = plan
        self._share = plan.shares.get(server.name, Share({}, {}, {}, {}))
        self._start, self._end = start, end
        self._every_ms = None if plan.step is None else lasting_ms(plan.step)
        self._folds: dict[Labels, Fold] = {}
        self._samples: dict[Labels, int] = {}
        self._untimed_ms: dict[Labels, int] = {}
        """From when on no probe of a series has been counted by how long it took."""
        self._pairs: dict[tuple[int, int], tuple[int, int]] = {}
        self._counts: dict[str, dict[int, list[Latencies]]] = {}
        self._warnings: list[Raw] = []
        self._failures: list[Failure] = []
        self._untimed: list[Failure] = []

    async def told(self) -> OfServer:
        """Draw all of it. Raises nothing."""
        if PROBES in self._share.selectors:
            await self._draw(PROBES, self._share.probes)
        if UP in self._share.selectors:
            await self._draw(UP, self._share.ups)
        notices = warned_of(self._server.name, self._warnings)
        notices += dict.fromkeys(said_of(one) for one in (*self._failures, *self._untimed))
        everies = sorted(fold.every_ms for fold in self._folds.values())
        return OfServer(
            await asyncio.to_thread(self._observed, tuple(notices)),
            everies[len(everies) // 2] if everies else 0,
            not self._failures,
            notices,
        )

    async def _draw(self, metric: str, wanted: Mapping[Labels, str]) -> None:
        plan, selector = self._plan, self._share.selectors[metric]
        share = (self._end - self._start + LEAD) / (plan.end - plan.start)
        expected = self._share.expected[metric] * share
        pieces = drawn(self._server, selector, self._start - LEAD, self._end, expected, plan.step)
        async for piece in pieces:
            if isinstance(piece.answer, Failure):
                self._failures.append(piece.answer)
                return
            took = None
            if metric == PROBES and not self._untimed:
                took = await self._took(piece.start, piece.end)
            await asyncio.to_thread(self._take, piece.answer, took, wanted)
            self._warnings += piece.answer.warnings

    async def _took(self, start: datetime, end: datetime) -> RawAnswer | None:
        """How long those probes took. Without it they are probes all the same."""
        found: list[RawAnswer] = []
        selector = self._share.selectors[TOOK]
        async for piece in drawn(self._server, selector, start, end, PIECE, self._plan.step):
            if isinstance(piece.answer, Failure):
                self._untimed.append(piece.answer)
                break
            found.append(piece.answer)
            self._warnings += piece.answer.warnings
        return RawAnswer(tuple(series for one in found for series in one.series))

    def _take(
        self, answer: RawAnswer, took: RawAnswer | None, wanted: Mapping[Labels, str]
    ) -> None:
        lasted: dict[Labels, list[tuple[array[int], array[float]]]] = {}
        for series in () if took is None else took.series:
            pair = (series.at_ms, series.values)
            lasted.setdefault(series.labels.without(_METRIC), []).append(pair)
        for series in answer.series:
            labels = series.labels.without(_METRIC)
            service = wanted.get(labels)
            if service is None:
                continue
            fold = self._folds.get(labels)
            if fold is None:
                fold = self._folds[labels] = Fold(self._every_ms)
            after_ms = fold.last_ms
            sights = sights_of(series.values)
            for at_ms, took_s in lasted.get(labels, ()):
                self._time(labels, service, series.at_ms, sights, at_ms, took_s)
            self._count(labels, series.at_ms, after_ms)
            fold.take(series.at_ms, sights)

    def _count(self, labels: Labels, at_ms: array[int], after_ms: int | None) -> None:
        first_ms = max(milliseconds(self._start), (after_ms or 0) + 1)
        new = max(0, bisect_left(at_ms, milliseconds(self._end)) - bisect_left(at_ms, first_ms))
        self._samples[labels] = self._samples.get(labels, 0) + new

    def _time(
        self,
        labels: Labels,
        service: str,
        at_ms: array[int],
        sights: list[Sight],
        took_at_ms: array[int],
        took_s: array[float],
    ) -> None:
        """Count how long the probes took that were answered, and mark those that were slow."""
        found = self._plan.naming.services.get(service)
        slow = None if found is None else found.slo_latency or found.thresholds.response_time
        slow_s = float("inf") if slow is None else slow.total_seconds()
        first_ms = self._untimed_ms.get(labels, milliseconds(self._start))
        if took_at_ms:
            self._untimed_ms[labels] = max(first_ms, took_at_ms[-1] + 1)
        hours: dict[int, list[float]] = {}
        for at, seconds in zip(took_at_ms, took_s, strict=True):
            n = bisect_right(at_ms, at) - 1
            if n < 0 or sights[n] is Sight.DOWN or sights[n] is Sight.UNKNOWN:
                continue
            if seconds > slow_s and at_ms[n] == at:
                sights[n] = Sight.SLOW
            if at >= first_ms:
                hours.setdefault(at // _HOUR_MS, []).append(seconds * 1000)
        for hour, some in hours.items():
            several = self._counts.setdefault(service, {}).setdefault(hour, [])
            several.append(self._shared(counted(some)))

    def _shared(self, latencies: Latencies) -> Latencies:
        # A week of 62 services has half a million of these pairs, and few that differ: one
        # object for each saves 50 MiB.
        pairs = self._pairs
        return Latencies(tuple(pairs.setdefault(pair, pair) for pair in latencies.counts))

    def _observed(self, notices: tuple[Saying, ...]) -> dict[str, Observed]:
        start_ms = milliseconds(self._start)
        end_ms = milliseconds(self._end)
        found: dict[str, Observed] = {}
        for metric, wanted in ((PROBES, self._share.probes), (UP, self._share.ups)):
            series: dict[str, list[Labels]] = {}
            for labels, service in wanted.items():
                if labels in self._folds:
                    series.setdefault(service, []).append(labels)
            for service, several in series.items():
                instances = self._instances(several, start_ms, end_ms)
                samples = sum(self._samples[one] for one in several)
                found[service] = Observed(
                    service,
                    any_up(instances),
                    self._hours(service, end_ms),
                    samples,
                    f"{self._server.name}: {metric}",
                    over(selector_of(metric, several), self._end - self._start, self._plan.step),
                    notices,
                )
        return found

    def _instances(
        self, series: Iterable[Labels], start_ms: int, end_ms: int
    ) -> list[tuple[Stretch, ...]]:
        """Of every instance what its series tell, of which the worst counts."""
        spots: dict[tuple[str, str], list[list[Stretch]]] = {}
        for labels in series:
            spot = labels.exact("job"), labels.exact("instance")
            spots.setdefault(spot, []).append(self._folds[labels].stretches(start_ms, end_ms))
        return [together(several) for several in spots.values()]

    def _hours(self, service: str, end_ms: int) -> tuple[tuple[int, Latencies], ...]:
        counts = self._counts.get(service, {})
        return tuple(
            (hour * 3600, some[0] if len(some) == 1 else self._shared(added(some)))
            for hour, some in sorted(counts.items())
            if hour * _HOUR_MS < end_ms
        )


def any_up(instances: Sequence[tuple[Stretch, ...]]) -> tuple[Stretch, ...]:
    """A service of several instances: up where one is, and down only where all that were seen
    are, as `console.fleet.sight` has it for scrape targets."""
    if len(instances) == 1:
        return instances[0]
    # The same sweep that believes the worst of several recordings, with the order turned round.
    turned = [[_as(one, _AS_RECORDED) for one in several] for several in instances]
    return tuple(_as(one, _AS_SEEN) for one in together(turned))


def _as(stretch: Stretch, words: Mapping[Sight, Sight]) -> Stretch:
    return Stretch(stretch.start_ms, stretch.end_ms, words[stretch.sight])
