"""How often alerts came in the last 24 hours: one question to each Prometheus, now and then."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from console.engine.trouble import Trouble
from console.model.event import Event, EventKind
from console.model.query import InstantAnswer
from console.model.snapshot import FiredCount
from console.safety.clock import Clock
from console.safety.whereabouts import whereabouts
from console.sources.prometheus.poll import Prometheus

DAY: Final = timedelta(hours=24)
MOST: Final = 2000
QUERY: Final = f"topk({MOST}, changes(ALERTS_FOR_STATE[24h]) > 0)"
"""`ALERTS_FOR_STATE` is the moment at which an alert became active, so that each change of it
is one more time. What became active and was over before its `for` counts too."""

FIRST_S: Final = 5.0
"""The first answers on screen come before it."""
EVERY_S: Final = 300.0
BELIEVED_S: Final = 3 * EVERY_S
"""An answer is not told of for longer than this, where newer ones fail."""
PLACE: Final = "how often alerts came"


class Noise:
    """Asks for the counts, and holds the newest. A server that cannot answer has none."""

    def __init__(
        self,
        servers: Callable[[], Sequence[Prometheus]],
        clock: Clock,
        trouble: Trouble,
        news: Callable[[], None],
    ) -> None:
        """
        Args:
            servers: those that are watched now; none yet before the watch has begun.
            news: called when the counts differ from those before.
        """
        self._servers = servers
        self._clock = clock
        self._trouble = trouble
        self._news = news
        self._told: dict[str, tuple[float, tuple[FiredCount, ...]]] = {}
        self._seen: tuple[tuple[str, int], ...] = ()
        self._looked_at: tuple[Event, ...] = ()
        self.counts: tuple[FiredCount, ...] = ()
        """Of every server; the same object for as long as nothing in it changes."""

    async def run(self) -> None:
        """Ask for ever; ends by being cancelled. A fault of ours costs the counts only."""
        await self._clock.sleep(FIRST_S)
        while True:
            servers = self._servers()
            try:
                await self.ask(servers)
            except Exception as error:
                self._trouble.begin(PLACE, f"{PLACE} is not known: {whereabouts(error)}")
            else:
                self._trouble.end(PLACE)
            await self._clock.sleep(EVERY_S if servers else FIRST_S)

    async def ask(self, servers: Sequence[Prometheus]) -> None:
        """Ask every one of `servers` once."""
        answers = await asyncio.gather(*(one.instant(QUERY, limit=MOST) for one in servers))
        now_s = self._clock.now().mono
        for server, answer in zip(servers, answers, strict=True):
            if isinstance(answer, InstantAnswer):
                self._told[server.name] = (now_s, counts_in(answer, server.name))
        names = {server.name for server in servers}
        self._told = {
            name: (at_s, counts)
            for name, (at_s, counts) in self._told.items()
            if name in names and now_s - at_s <= BELIEVED_S
        }
        found = tuple(one for name in sorted(self._told) for one in self._told[name][1])
        if found != self.counts:
            self.counts = found
            self._news()

    def seen(self, events: tuple[Event, ...], now: datetime) -> tuple[tuple[str, int], ...]:
        """By fingerprint, how often this console saw an alert begin to fire, of those it saw
        more than once; the same object for as long as nothing in it changes.

        Args:
            events: the newest first.
        """
        if events is not self._looked_at:
            self._looked_at = events
            found = seen_in(events, now)
            if found != self._seen:
                self._seen = found
        return self._seen


def counts_in(answer: InstantAnswer, source: str) -> tuple[FiredCount, ...]:
    """The counts of one answer: a first time, and one for every change. In a stable order."""
    found = [
        FiredCount(sample.labels.without(frozenset({"__name__"})), round(sample.value) + 1, source)
        for sample in answer.samples
        if 0 < sample.value < 1_000_000
    ]
    # `topk` orders by value, which differs between two looks at the same alerts.
    found.sort(key=lambda one: sorted(one.labels.exact_items()))
    return tuple(found)


def seen_in(events: Iterable[Event], now: datetime) -> tuple[tuple[str, int], ...]:
    """Of `events` of the last 24 hours: fingerprint and times it began to fire, from two on."""
    counts = Counter(
        event.key
        for event in events
        if event.kind is EventKind.FIRED and event.key and event.at >= now - DAY
    )
    return tuple(sorted((key, count) for key, count in counts.items() if count > 1))
