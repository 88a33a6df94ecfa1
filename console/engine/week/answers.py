"""What Prometheus tells of the past, asked when a report needs it and kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from config.history import ObjectiveEntry
from config.load import Loaded
from console.engine.pause import within
from console.engine.week.memory_read import SILENCE, FromPrometheus
from console.engine.week.servers import Servers
from console.model.saying import Saying, saying
from console.reports.days import moments
from console.reports.material import Measured, Window
from console.safety.clock import Clock

if TYPE_CHECKING:
    from console.engine.week.prometheus.past import PrometheusPast
    from console.sources.prometheus.poll import Prometheus

DEADLINE_S: Final = 120.0
"""For everything that is asked of all servers about one window."""
FRESH_S: Final = 900.0
"""An answer is used again for so long."""
MOST_KEPT: Final = 6

Said = tuple[FromPrometheus, tuple[Saying, ...]]


class Answers:
    """Those of one engine. All of it on its loop."""

    def __init__(self, servers: Servers, loaded: Callable[[], Loaded], clock: Clock) -> None:
        self._servers = servers
        self._loaded = loaded
        self._clock = clock
        self._kept: dict[tuple[datetime, date], tuple[float, Said]] = {}

    @property
    def can_be_had(self) -> bool:
        """Whether there is a server to ask."""
        return self._servers.are_there

    def forget(self) -> None:
        """The settings are other ones now."""
        self._kept.clear()

    async def about(self, window: Window) -> Said:
        """How services were and what fired within it, and what has to be said of that."""
        now = self._clock.now()
        start, end = moments(window, now.wall)
        key = start, window.last
        kept = self._kept.get(key)
        if kept is not None and now.mono - kept[0] < FRESH_S:
            return kept[1]
        try:
            async with self._servers.opened() as servers:
                past = self._past(servers)
                asked = await within(past.observed(start, end), self._clock, DEADLINE_S)
                if asked.is_silent:
                    # Not kept: it may be back by the next question.
                    return SILENCE, asked.notices
                fired = await within(past.bouts(start, end), self._clock, DEADLINE_S)
        except TimeoutError:
            return SILENCE, (saying("Prometheus did not tell of it within {s} s", s=DEADLINE_S),)
        said = (
            FromPrometheus({one.service: one for one in asked.observed}, fired.bouts),
            (*asked.notices, *fired.notices),
        )
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = now.mono, said
        return said

    async def measured(
        self, entries: Sequence[ObjectiveEntry], window: Window
    ) -> tuple[Measured, ...]:
        """What the queries of `entries` give at the end of `window`."""
        asked = [one for one in entries if one.query is not None]
        if not asked:
            return ()
        start, end = moments(window, self._clock.now().wall)
        try:
            async with self._servers.opened() as servers:
                telling = self._past(servers).measured(
                    asked, self._loaded().registry.services, start, end
                )
                return await within(telling, self._clock, DEADLINE_S)
        except TimeoutError:
            why = saying("Prometheus did not answer within {s} s", s=DEADLINE_S)
            return tuple(
                Measured(one.name, service, None, None, one.query or "", why)
                for one in asked
                for service in one.services or ("",)
            )

    def _past(self, servers: Sequence[Prometheus]) -> PrometheusPast:
        from console.engine.week.prometheus.past import PrometheusPast

        loaded = self._loaded()
        return PrometheusPast(lambda: servers, self._clock, loaded.registry, loaded.policy)
